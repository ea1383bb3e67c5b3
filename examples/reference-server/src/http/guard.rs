//! What stands before every handler: who asks, whether they may, and whether they have asked before.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use eovr_core::access::Actor;
use eovr_core::attachment::LARGEST as LARGEST_FILE;
use eovr_core::identity::{Doors, api_key};
use http_body_util::{BodyExt as _, Limited};

use super::app::App;
use super::auth::{Attempt, Category, login_of};
use super::body::{LONGEST, read};
use super::poster;
use super::problem::{Code, Problem};
use super::repeat::{HEADER, Seed, Ticket, Turn};
use super::reply::HandedOut;
use super::routes::Access;
use super::transfers::Transfer;

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
    /// It answers with a page for people, whatever it has to say.
    pub(super) page: bool,
}

/// How many records a page counts for whose handler does not say: as many as fit.
const LISTED: u32 = 100;

/// A body that nobody will read is taken in for so long, so that its sender hears why: a connection that is closed
/// before that is torn down, answer and all.
const LINGERING: Duration = Duration::from_secs(2);

/// What a request has passed, and holds until it is answered.
struct Passed {
    who: Option<Actor>,
    attempt: Option<Attempt>,
    upload: Option<Transfer>,
}

impl Passed {
    /// The id of the actor; a stranger has none.
    fn caller(&self) -> Option<&str> {
        self.who.as_ref().map(|who| who.id().as_str())
    }
}

/// Lets a request through to its handler, or answers it.
pub(super) async fn guard(State((app, door)): State<(App, Door)>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let passed = match passed(&app, door, &mut parts, body.size_hint().exact()).await {
        Ok(passed) => passed,
        // Of a page that people fill in, what they have typed is read, and given back.
        Err(problem) if door.page => return poster::turned_away(&parts, body, &problem).await,
        Err(problem) => {
            linger(&parts.headers, body).await;
            return problem.into_response();
        }
    };
    let who = passed.who.clone();
    let request = Request::from_parts(parts, body);
    match answered(&app, door, passed, request, next).await {
        Ok(response) => {
            if let Some(who) = who {
                count(&app, door, &who, &response);
            }
            response
        }
        Err(problem) => problem.into_response(),
    }
}

async fn passed(app: &App, door: Door, parts: &mut Parts, bytes: Option<u64>) -> Result<Passed, Problem> {
    let mut passed = Passed { who: None, attempt: None, upload: None };
    if let Some(category) = door.category {
        let client = app.auth.proxies.client(&parts.extensions, &parts.headers);
        passed.attempt = app.auth.rates.by_address(category, client).await?;
        if category == Category::Renewal
            && let Some(login) = login_of(app, &parts.headers)
        {
            app.auth.rates.by_name(category, &login.to_string())?;
        }
    }
    if door.access != Access::Public {
        let arrival = app.gate.arrival(&parts.headers).await?;
        let actor = arrival.session.actor();
        let category = if door.uploads { Category::Upload } else { Category::Api };
        app.auth.rates.by_name(category, actor.id().as_str())?;
        if !door.before_factor && arrival.person.as_ref().is_some_and(|person| person.lacks_factor) {
            return Err(Doors::factor_needed().into());
        }
        door.access.check(actor, app.eovr.catalog())?;
        if arrival.key == Some(api_key::Access::Read) && parts.method != Method::GET {
            return Err(Problem::new(Code::Denied).detail("this key reads, and changes nothing"));
        }
        passed.who = Some(actor.clone());
        parts.extensions.insert(arrival);
    }
    if door.uploads {
        passed.upload = Some(app.uploads.begin(passed.caller().unwrap_or_default(), bytes)?);
    }
    Ok(passed)
}

async fn answered(
    app: &App,
    door: Door,
    passed: Passed,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    // A question may be given up at any time.
    if *request.method() == Method::GET {
        return Ok(next.run(request).await);
    }
    let remembered = *request.method() == Method::POST && !door.secret;
    let (request, ticket) = match remembered && request.headers().contains_key(HEADER) {
        false => (request, None),
        true => match first(app, door, passed.caller(), request).await? {
            First::Again(response) => return Ok(response),
            First::Yes(request, ticket) => (request, ticket),
        },
    };
    let Passed { attempt, upload, .. } = passed;
    // In a task of its own: where the client goes away, the work is done to its end. What stands in two places, such as
    // a file and its record, does not stand in one, and an answer is there when the client comes back.
    let answered = tokio::spawn(async move {
        let response = answer(next, request, ticket).await;
        let status = response.as_ref().map_or(StatusCode::INTERNAL_SERVER_ERROR, Response::status);
        // Of what failed on our side nobody knows whether it was right.
        if let Some(attempt) = attempt
            && (!status.is_client_error() || status == StatusCode::TOO_MANY_REQUESTS)
        {
            attempt.was_right();
        }
        drop(upload);
        response
    });
    answered.await.map_err(|error| Problem::internal(format!("a handler ended early: {error}")))?
}

/// Whether a request with a key is the first of its kind.
enum First {
    Again(Response),
    Yes(Request, Option<Ticket>),
}

async fn first(app: &App, door: Door, caller: Option<&str>, request: Request) -> Result<First, Problem> {
    let (mut parts, body) = request.into_parts();
    let body = read(body, if door.uploads { LARGEST_FILE } else { LONGEST }).await?;
    let path = parts.uri.path().to_owned();
    let template = parts.extensions.get::<MatchedPath>().map(|matched| matched.as_str().to_owned());
    let seed = match template.filter(|_| door.access == Access::Public) {
        // Of strangers, what the address names is a part of what they ask.
        Some(template) => app.repeats.seed(&parts.headers, caller, &template, &[&body, path.as_bytes()]),
        // The address, and not its template: the same key for another record is another request.
        None => app.repeats.seed(&parts.headers, caller, &path, &[&body]),
    };
    let Some(seed) = seed? else {
        return Ok(First::Yes(Request::from_parts(parts, Body::from(body)), None));
    };
    let ticket = match app.repeats.begin(&seed)? {
        Turn::Again(response) => return Ok(First::Again(response)),
        Turn::First(ticket) => ticket,
    };
    parts.extensions.insert::<Seed>(seed);
    Ok(First::Yes(Request::from_parts(parts, Body::from(body)), Some(ticket)))
}

/// Counts what was handed out, whatever the route: a list by its items, an export by its rows.
fn count(app: &App, door: Door, who: &Actor, response: &Response) {
    let unsaid = match door.access {
        Access::Reads(_) if door.lists => LISTED,
        Access::Reads(_) => 1,
        _ => 0,
    };
    let said = response.extensions().get::<HandedOut>().map(|HandedOut(records)| *records);
    let records = said.unwrap_or(unsaid);
    if records > 0 && response.status().is_success() {
        app.auth.alarm.read(who, records, &app.eovr, app.auth.doors.now());
    }
}

async fn answer(next: Next, request: Request, ticket: Option<Ticket>) -> Result<Response, Problem> {
    let response = next.run(request).await;
    let Some(ticket) = ticket else { return Ok(response) };
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .map_err(|error| Problem::internal(format!("an answer was cut off: {error}")))?;
    let response = Response::from_parts(parts, Body::from(body.clone()));
    ticket.keep(&response, body);
    Ok(response)
}

/// Takes in what is on its way already. Whoever asks before sending (`expect`) has sent nothing.
async fn linger(headers: &HeaderMap, body: Body) {
    if headers.contains_key(header::EXPECT) {
        return;
    }
    let mut body = Limited::new(body, LARGEST_FILE);
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    let _ = tokio::time::timeout(LINGERING, rest).await;
}
