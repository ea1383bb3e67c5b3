//! What stands before every handler: who asks, whether they may, and whether they have asked before.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::app::App;
use super::body::read;
use super::problem::Problem;
use super::repeat::{HEADER, Seed, Ticket, Turn};
use super::routes::Access;

/// Lets a request through to its handler, or answers it.
pub(super) async fn guard(
    State((app, access)): State<(App, Access)>,
    request: Request,
    next: Next,
) -> Response {
    match admitted(&app, access, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn admitted(app: &App, access: Access, mut request: Request, next: Next) -> Result<Response, Problem> {
    let mut caller = String::new();
    if access != Access::Public {
        let session = app.gate.session(request.headers()).await?;
        access.check(session.actor(), app.eovr.catalog())?;
        caller.push_str(session.actor().id().as_str());
        request.extensions_mut().insert(session);
    }
    if *request.method() != Method::POST || !request.headers().contains_key(HEADER) {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    let body = read(body).await?;
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
