//! The guard of each handler: authentication, authorization, rate limits and idempotency.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use eovr_core::access::Actor;
use eovr_core::attachment::LARGEST as LARGEST_FILE;
use eovr_core::identity::authentication::Opened;
use eovr_core::identity::{Authentication, api_key};
use http_body_util::{BodyExt as _, Limited};
use tokio::time::timeout;

use super::auth::{Arrival, Attempt, Category, login_of};
use super::body::{LONGEST, read};
use super::kit::Kit;
use super::pages::{self, Form, Reader, shown};
use super::problem::{Code, Problem};
use super::repeat::{HEADER, Seed, Ticket, Turn};
use super::reply::HandedOut;
use super::routes::Access;
use super::transfers::Transfer;

/// The properties of a route that its guard needs.
#[derive(Clone)]
pub struct Rules {
    /// The access to the route.
    pub access: Access,
    /// The answers contain secrets, so the server does not keep them for repeated requests.
    pub secret: bool,
    /// The rate limit per address, if any.
    pub category: Option<Category>,
    /// The body is a file.
    pub uploads: bool,
    /// The route is open to accounts that must still set up a second factor.
    pub before_factor: bool,
    /// The answer is a page of a list.
    pub lists: bool,
    /// It is a page for browsers, with the session of a cookie.
    pub page: bool,
}

/// The number of records that a page counts as if its handler does not tell: a full page.
const LISTED: u32 = 100;

/// How long the server reads the body of a refused request. If it closed the connection earlier, the client would lose
/// the answer, because TCP resets a connection with unread data.
const LINGERING: Duration = Duration::from_secs(2);

/// What the checks produced; kept until the request is answered.
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

/// Passes a request to its handler, or answers it with a problem.
pub async fn guard(State((kit, rules)): State<(Kit, Rules)>, request: Request, next: Next) -> Response {
    if rules.page {
        return page(&kit, &rules, request, next).await;
    }
    let (mut parts, body) = request.into_parts();
    let passed = match passed(&kit, &rules, &mut parts, body.size_hint().exact()).await {
        Ok(passed) => passed,
        Err(problem) => {
            linger(&parts.headers, body).await;
            return problem.into_response();
        }
    };
    let who = passed.who.clone();
    let request = Request::from_parts(parts, body);
    match answered(&kit, &rules, passed, request, next).await {
        Ok(response) => {
            if let Some(who) = who {
                count(&kit, &rules, &who, &response);
            }
            response
        }
        Err(problem) => problem.into_response(),
    }
}

/// Passes a request of a browser to its page, or shows why not.
async fn page(kit: &Kit, rules: &Rules, request: Request, next: Next) -> Response {
    let (mut parts, mut body) = request.into_parts();
    let mut reader = Reader::stranger(&parts);
    let passed = passed(kit, rules, &mut parts, body.size_hint().exact()).await;
    let mut form = None;
    if !parts.method.is_safe() && Form::is_in(&parts.headers) {
        let whole = read(std::mem::take(&mut body), LONGEST);
        let read = match &passed {
            Ok(_) => whole.await,
            // The rest is read for a while only.
            Err(_) => timeout(LINGERING, whole).await.unwrap_or_else(|_| Err(Problem::new(Code::Timeout))),
        };
        form = match read {
            Ok(bytes) => Some(Form::new(&parts, bytes)),
            Err(problem) if passed.is_ok() => return shown(kit, &reader, &parts.method, None, problem),
            Err(_) => None,
        };
    }
    let passed = match passed {
        Ok(passed) => passed,
        Err(problem) => {
            linger(&parts.headers, body).await;
            return shown(kit, &reader, &parts.method, form.as_ref(), problem);
        }
    };
    if let Some(who) = &passed.who {
        let (name, seconds) = person(kit, &parts).await;
        reader = reader.named(who, &name, seconds);
    }
    parts.extensions.insert(reader.clone());
    if let Some(form) = &form {
        parts.extensions.insert(form.clone());
    }
    let (who, renewed) = (passed.who.clone(), parts.extensions.remove::<Arc<Opened>>());
    let method = parts.method.clone();
    let request = Request::from_parts(parts, body);
    let mut response = match answered(kit, rules, passed, request, next).await {
        Ok(mut response) => match response.extensions_mut().remove::<Problem>() {
            Some(problem) => shown(kit, &reader, &method, form.as_ref(), problem),
            None => response,
        },
        Err(problem) => shown(kit, &reader, &method, form.as_ref(), problem),
    };
    if let Some(who) = who {
        count(kit, rules, &who, &response);
    }
    if let Some(login) = renewed {
        pages::give(kit, &mut response, &login);
    }
    response
}

/// The name of the person who is signed in, and for how many seconds. A page without the name is better than none.
async fn person(kit: &Kit, parts: &Parts) -> (String, Option<i64>) {
    let person = parts.extensions.get::<Arrival>().and_then(|arrival| arrival.person.clone());
    let Some(person) = person else { return Default::default() };
    let profile = kit.auth.authentication.profile(&person).await;
    let name = profile.map(|profile| profile.name.as_str().to_owned()).unwrap_or_default();
    (name, Some(pages::seconds_left(kit, &person)))
}

async fn passed(kit: &Kit, rules: &Rules, parts: &mut Parts, bytes: Option<u64>) -> Result<Passed, Problem> {
    let mut passed = Passed { who: None, attempt: None, upload: None };
    if rules.page {
        pages::comes_from_our_pages(&parts.method, &parts.headers)?;
    }
    if let Some(category) = rules.category {
        let client = kit.auth.proxies.client(&parts.extensions, &parts.headers);
        passed.attempt = kit.auth.rates.by_address(category, client).await?;
        if category == Category::Renewal
            && let Some(login) = login_of(kit, &parts.headers)
        {
            kit.auth.rates.by_name(category, &login.to_string())?;
        }
    }
    if rules.access != Access::Public {
        let arrival = match rules.page {
            true => {
                let (arrival, renewed) = pages::arrival(kit, &parts.headers).await?;
                if let Some(renewed) = renewed {
                    parts.extensions.insert(Arc::new(renewed));
                }
                arrival
            }
            false => kit.callers.arrival(&parts.headers).await?,
        };
        let actor = arrival.session.actor();
        let category = if rules.uploads { Category::Upload } else { Category::Api };
        kit.auth.rates.by_name(category, actor.id().as_str())?;
        if !rules.before_factor && arrival.person.as_ref().is_some_and(|person| person.lacks_factor) {
            return Err(Authentication::factor_needed().into());
        }
        rules.access.check(actor, kit.eovr.catalog())?;
        if arrival.key == Some(api_key::Access::Read) && parts.method != Method::GET {
            return Err(Problem::new(Code::Denied).detail("this API key may only read"));
        }
        passed.who = Some(actor.clone());
        parts.extensions.insert(arrival);
    }
    if rules.uploads {
        passed.upload = Some(kit.uploads.begin(passed.caller().unwrap_or_default(), bytes)?);
    }
    Ok(passed)
}

async fn answered(
    kit: &Kit,
    rules: &Rules,
    passed: Passed,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    // A `GET` may be cancelled at any time, because it changes nothing.
    if *request.method() == Method::GET {
        return Ok(next.run(request).await);
    }
    let remembered = *request.method() == Method::POST && !rules.secret;
    let (request, ticket) = match remembered && request.headers().contains_key(HEADER) {
        false => (request, None),
        true => match first(kit, rules, passed.caller(), request).await? {
            First::Again(response) => return Ok(response),
            First::Yes(request, ticket) => (request, ticket),
        },
    };
    let Passed { attempt, upload, .. } = passed;
    // The handler runs in its own task, so it completes even if the client disconnects. Otherwise work in two places,
    // such as a file and its record, could stop halfway; and the client finds the answer when it retries.
    let answered = tokio::spawn(async move {
        let response = answer(next, request, ticket).await;
        let status = response.as_ref().map_or(StatusCode::INTERNAL_SERVER_ERROR, Response::status);
        // A server error does not tell whether the attempt was right, so it does not count as a failure.
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

/// Whether a request with an idempotency key is the first with this key.
enum First {
    Again(Response),
    Yes(Request, Option<Ticket>),
}

async fn first(kit: &Kit, rules: &Rules, caller: Option<&str>, request: Request) -> Result<First, Problem> {
    let (mut parts, body) = request.into_parts();
    let body = read(body, if rules.uploads { LARGEST_FILE } else { LONGEST }).await?;
    let template = parts.extensions.get::<MatchedPath>().map_or("", |matched| matched.as_str());
    let seed = kit.repeats.seed_at(&parts.headers, caller, template, parts.uri.path(), &body);
    let Some(seed) = seed? else {
        return Ok(First::Yes(Request::from_parts(parts, Body::from(body)), None));
    };
    let ticket = match kit.repeats.begin(&seed)? {
        Turn::Again(response) => return Ok(First::Again(response)),
        Turn::First(ticket) => ticket,
    };
    parts.extensions.insert::<Seed>(seed);
    Ok(First::Yes(Request::from_parts(parts, Body::from(body)), Some(ticket)))
}

/// Counts the records of the response: the items of a list, or the rows of an export.
fn count(kit: &Kit, rules: &Rules, who: &Actor, response: &Response) {
    let unsaid = match rules.access {
        Access::Reads(_) if rules.lists => LISTED,
        Access::Reads(_) => 1,
        _ => 0,
    };
    let said = response.extensions().get::<HandedOut>().map(|HandedOut(records)| *records);
    let records = said.unwrap_or(unsaid);
    if records > 0 && response.status().is_success() {
        kit.auth.alarm.read(who, records, &kit.eovr, kit.auth.authentication.now());
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

/// Reads the rest of the body. A client that sent `Expect` has not sent a body yet.
async fn linger(headers: &HeaderMap, body: Body) {
    if headers.contains_key(header::EXPECT) {
        return;
    }
    let mut body = Limited::new(body, LARGEST_FILE);
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    let _ = timeout(LINGERING, rest).await;
}
