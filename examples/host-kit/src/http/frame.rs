//! The outermost layer of each request: request id, timeout, log line, security headers and problem bodies.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use eovr_core::identity::watch::Concern;

use super::auth::Trace;
use super::headers::{Nonce, secure};
use super::host;
use super::kit::Kit;
use super::meters;
use super::pages::Shown;
use super::problem::{Code, Problem};
use super::request_id::{HEADER, RequestId};

/// The timeout of a request. It is longer than the wait for the failover of a store.
const LONGEST: Duration = Duration::from_secs(60);

/// The metric label of requests without a route.
const NO_ROUTE: &str = "none";

pub(crate) async fn frame(State(kit): State<Kit>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers());
    let client = kit.auth.proxies.client(request.extensions(), request.headers());
    let trace = Trace::new(id.clone(), client);
    request.extensions_mut().insert(trace.clone());
    let method = method(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let shows = shows_something(request.headers(), route);
    let nonce = is_page(route).then(Nonce::drawn);
    if let Some(nonce) = &nonce {
        request.extensions_mut().insert(nonce.clone());
    }
    let mut response = match host::check(request.version(), request.headers()) {
        Ok(()) => match tokio::time::timeout(LONGEST, next.run(request)).await {
            Ok(response) => response,
            Err(_) => given_up().into_response(),
        },
        Err(problem) => problem.into_response(),
    };
    let problem = Problem::taken_from(&mut response);
    if let Some(problem) = &problem {
        if let Some(concern) = concern(problem, shows) {
            kit.auth.alarm.note(concern, &trace);
        }
        if let Some(record) = problem.tampered() {
            kit.auth.alarm.tampered(record, Some(&trace));
        }
        if response.extensions().get::<Shown>().is_none() {
            response = problem.written(id.as_str(), response);
        }
    }
    let headers = response.headers_mut();
    if let Some(id) = id.to_value() {
        headers.insert(HEADER, id);
    }
    secure(headers, nonce.as_ref(), kit.production);
    let took = started.elapsed();
    meters::answered(method, route, response.status(), took);
    log(method, route, response.status(), took, &id, problem.as_ref());
    response
}

/// The concern for the security log. A request without credentials is not counted.
fn concern(problem: &Problem, shows: bool) -> Option<Concern> {
    match problem.code() {
        Code::Unauthenticated if shows => Some(Concern::TokenRefused),
        Code::Denied | Code::FactorNeeded => Some(Concern::Denied),
        Code::TooMany => Some(Concern::TooMany),
        _ => None,
    }
}

/// Whether the request carries credentials.
fn shows_something(headers: &HeaderMap, route: &str) -> bool {
    headers.contains_key(header::AUTHORIZATION)
        || (route == "/api/auth/refresh" && headers.contains_key(header::COOKIE))
}

fn given_up() -> Problem {
    Problem::new(Code::Uncertain)
        .detail("it took too long; look before you send it again, or send it with the same `idempotency-key`")
        .retry_after(5)
}

/// Logs neither the caller nor the ids, because readers of the log may not be entitled to read reports.
fn log(
    method: &str,
    route: &str,
    status: StatusCode,
    took: Duration,
    id: &RequestId,
    problem: Option<&Problem>,
) {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let (status, request_id) = (status.as_u16(), id.as_str());
    if let Some(cause) = problem.and_then(Problem::cause) {
        tracing::error!(method, route, status, micros, request_id, cause, "failed");
    } else {
        tracing::info!(method, route, status, micros, request_id, "answered");
    }
}

/// Whether the route serves an HTML page.
fn is_page(route: &str) -> bool {
    let data = route.starts_with("/api") && !route.starts_with("/api/docs");
    !data && ![NO_ROUTE, "/health", "/ready", "/metrics", "/assets/{name}"].contains(&route)
}

/// The method as a metric label. Unknown methods share one label, because clients can invent any number.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
