//! What stands before every handler: who asks, whether they may, and whether they have asked before.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use eovr_core::attachment::LARGEST as LARGEST_FILE;
use eovr_core::identity::{Doors, api_key};

use super::app::App;
use super::auth::Category;
use super::body::{LONGEST, read};
use super::problem::{Code, Problem};
use super::repeat::{HEADER, Seed, Ticket, Turn};
use super::routes::Access;

/// What the guard of a route knows of it.
#[derive(Clone, Copy)]
pub(super) struct Door {
    pub(super) access: Access,
    /// Its answers hold secrets, and are not kept to be given again.
    pub(super) secret: bool,
    /// Requests from one address are counted under it.
    pub(super) category: Option<Category>,
    /// Its body is a file.
    pub(super) uploads: bool,
    /// It is open to people who have to set up a second factor first.
    pub(super) before_factor: bool,
    /// It answers with a page of a list.
    pub(super) lists: bool,
}

/// How many records a page of a list counts for.
const LISTED: u32 = 50;

/// Lets a request through to its handler, or answers it.
pub(super) async fn guard(State((app, door)): State<(App, Door)>, request: Request, next: Next) -> Response {
    match admitted(&app, door, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn admitted(app: &App, door: Door, mut request: Request, next: Next) -> Result<Response, Problem> {
    let mut caller = String::new();
    if let Some(category) = door.category {
        let client = app.auth.proxies.client(request.extensions(), request.headers());
        app.auth.rates.by_address(category, client)?;
    }
    if door.access != Access::Public {
        let arrival = app.gate.arrival(request.headers()).await?;
        let actor = arrival.session.actor();
        let category = if door.uploads { Category::Upload } else { Category::Api };
        app.auth.rates.by_caller(category, actor.id().as_str())?;
        if !door.before_factor && arrival.person.as_ref().is_some_and(|person| person.lacks_factor) {
            return Err(Doors::factor_needed().into());
        }
        door.access.check(actor, app.eovr.catalog())?;
        if arrival.key == Some(api_key::Access::Read) && *request.method() != Method::GET {
            return Err(Problem::new(Code::Denied).detail("this key reads, and changes nothing"));
        }
        if let Access::Reads(_) = door.access {
            let records = if door.lists { LISTED } else { 1 };
            app.auth.alarm.read(actor, records, &app.eovr, app.auth.doors.now());
        }
        caller.push_str(actor.id().as_str());
        request.extensions_mut().insert(arrival);
    }
    let remembered = *request.method() == Method::POST && !door.secret;
    if !remembered || !request.headers().contains_key(HEADER) {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let body = read(body, if door.uploads { LARGEST_FILE } else { LONGEST }).await?;
    // The address, and not its template: the same key for another record is another request.
    let route = parts.uri.path().to_owned();
    let Some(seed) = app.repeats.seed(&parts.headers, &caller, &route, &body)? else {
        return Ok(next.run(Request::from_parts(parts, Body::from(body))).await);
    };
    let ticket = match app.repeats.begin(&seed)? {
        Turn::Again(response) => return Ok(response),
        Turn::First(ticket) => ticket,
    };
    parts.extensions.insert::<Seed>(seed);
    let request = Request::from_parts(parts, Body::from(body));
    // In a task of its own: where the client goes away, the work is done to its end, and its answer is
    // there when the client comes back.
    let answered = tokio::spawn(answer(next, request, ticket)).await;
    answered.map_err(|error| Problem::internal(format!("a handler ended early: {error}")))?
}

async fn answer(next: Next, request: Request, ticket: Ticket) -> Result<Response, Problem> {
    let (parts, body) = next.run(request).await.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .map_err(|error| Problem::internal(format!("an answer was cut off: {error}")))?;
    let response = Response::from_parts(parts, Body::from(body.clone()));
    ticket.keep(&response, body);
    Ok(response)
}
