//! Logging in and out.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use eovr_core::identity::authentication::{Attempt, CheckedAttempt, LoginStep, Opened, OwnerWords};
use eovr_core::identity::login;
use eovr_core::identity::password::{Owner, Password, PasswordFlaw, PasswordHash};
use eovr_core::identity::token::Purpose;
use eovr_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::alarm::Failed;
use super::client::{Trace, Whence};
use super::cookie::{self, Refresh};
use super::rates::Category;
use super::{Auth, Person};
use crate::http::body::Json;
use crate::http::kit::{HostState, Kit};
use crate::http::problem::Problem;
use crate::http::reply::{Answered, json};
use crate::http::routes::{Access, Endpoint, Routes};

/// Address and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    email: String,
    #[schema(value_type = String)]
    password: Zeroizing<String>,
}

/// The second step.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondStep {
    /// The token of the first step.
    #[schema(value_type = String)]
    token: Zeroizing<String>,
    /// Six digits of the app, or a recovery code.
    #[schema(value_type = String)]
    code: Zeroizing<String>,
}

/// Replaces a password that an administrator has set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// The token of the step before.
    #[schema(value_type = String)]
    token: Zeroizing<String>,
    /// At least 15 characters, 8 with a second factor.
    #[schema(value_type = String)]
    password: Zeroizing<String>,
}

/// The result of a step: a session, or the next step.
#[derive(Serialize, ToSchema)]
pub(crate) struct Entered<'a> {
    /// `in`, `enrol_factor`, `second_step` or `new_password`. With `enrol_factor` the account is logged in, and must
    /// set up a second factor before anything else.
    status: &'a str,
    /// With `in` and `enrol_factor`: opens the API, as `Authorization: Bearer …`. The refresh token comes as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<&'a str>,
    /// Otherwise: opens the next step, and nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    /// For so many seconds.
    expires_in: i64,
}

/// The header that tells the browser to delete what it stored for this site (W3C Clear Site Data).
const CLEAR: HeaderName = HeaderName::from_static("clear-site-data");

/// An account may end its own logins, under the proof that the `end` action requires.
pub(super) const END: Access = Access::Own { of: login::KIND, action: "end" };

pub(super) fn routes<S: HostState>(routes: Routes<S>) -> Routes<S> {
    let step = |path, says| {
        Endpoint::post(path, Access::Public, says).gives::<Entered<'_>>().secret().counted(Category::Login)
    };
    routes
        .add(
            step("/api/auth/login", "Lets somebody in by address and password").takes::<Credentials>(),
            log_in,
        )
        .add(step("/api/auth/mfa/verify", "Takes the second step").takes::<SecondStep>(), second_step)
        .add(
            step("/api/auth/new-password", "Replaces a password that others know").takes::<NewPassword>(),
            replace,
        )
        .add(step("/api/auth/refresh", "Gives new tokens for the cookie").counted(Category::Renewal), refresh)
        .add(
            Endpoint::post("/api/auth/logout", Access::Signed, "Ends this login").secret().before_factor(),
            log_out,
        )
        .add(
            Endpoint::post("/api/auth/logout-everywhere", END, "Ends every login of the account")
                .secret()
                .before_factor(),
            log_out_everywhere,
        )
}

async fn log_in(
    State(kit): State<Kit>,
    trace: Trace,
    Whence(origin): Whence,
    Json(given): Json<Credentials>,
) -> Answered {
    let auth = &kit.auth;
    let attempt = auth.authentication.begin(&given.email, origin).await?;
    let tried = auth.tried(attempt, &given.password).await?;
    let entry = auth.authentication.login(tried).await;
    enter(&kit, auth.watched(entry, Failed::Password(&given.email), &trace)?)
}

async fn second_step(
    State(kit): State<Kit>,
    trace: Trace,
    Whence(origin): Whence,
    Json(given): Json<SecondStep>,
) -> Answered {
    let auth = &kit.auth;
    let entry = auth.authentication.second_step(&given.token, &given.code, &origin).await;
    enter(&kit, auth.watched(entry, Failed::Step, &trace)?)
}

async fn replace(
    State(kit): State<Kit>,
    trace: Trace,
    Whence(origin): Whence,
    Json(given): Json<NewPassword>,
) -> Answered {
    let auth = &kit.auth;
    let owner = auth.authentication.owner_of_token(&given.token).await;
    let owner = auth.watched(owner, Failed::Step, &trace)?;
    let hash = auth.hash(given.password, owner).await?;
    let entry = auth.authentication.replace_password(&given.token, &hash, &origin).await;
    enter(&kit, auth.watched(entry, Failed::Step, &trace)?)
}

async fn refresh(State(kit): State<Kit>, Refresh(token): Refresh) -> Answered {
    let auth = &kit.auth;
    let token = token.ok_or_else(Problem::unauthenticated)?;
    opened(&kit, &auth.authentication.refresh(&token).await?)
}

async fn log_out(State(kit): State<Kit>, Person(who): Person) -> Answered {
    kit.auth.authentication.logout(&who).await?;
    left(&kit)
}

async fn log_out_everywhere(State(kit): State<Kit>, Person(who): Person) -> Answered {
    kit.auth.authentication.logout_everywhere(&who).await?;
    left(&kit)
}

fn left(kit: &Kit) -> Answered {
    let mut response = StatusCode::NO_CONTENT.into_response();
    cookie::take(kit, &mut response);
    // `"cookies"` is left out, because the device cookie identifies the browser later. It grants no access.
    response.headers_mut().insert(CLEAR, HeaderValue::from_static("\"cache\", \"storage\""));
    Ok(response)
}

fn enter(kit: &Kit, entry: LoginStep) -> Answered {
    let next = |status, token: &str, purpose: Purpose| {
        json(&Entered {
            status,
            access_token: None,
            token: Some(token),
            expires_in: purpose.lifetime_seconds(),
        })
    };
    match entry {
        LoginStep::Open(login) => opened(kit, &login),
        LoginStep::SecondStep(token) => next("second_step", &token, Purpose::SecondStep),
        LoginStep::NewPassword(token) => next("new_password", &token, Purpose::NewPassword),
    }
}

pub(super) fn opened(kit: &Kit, login: &Opened) -> Answered {
    let mut response: Response = json(&Entered {
        status: if login.lacks_factor { "enrol_factor" } else { "in" },
        access_token: Some(&login.access),
        token: None,
        expires_in: Purpose::Access.lifetime_seconds(),
    })?;
    cookie::give(kit, &mut response, &login.refresh);
    cookie::remember(kit, &mut response, &login.devices);
    Ok(response)
}

impl Auth {
    /// Checks a password, in the hashing queue.
    pub(in crate::http) async fn tried(
        &self,
        attempt: Attempt,
        password: &str,
    ) -> Result<CheckedAttempt, Problem> {
        // Text that cannot be a password is replaced by the empty one, which matches no account.
        let password = Password::typed(password).or_else(|_| Password::typed(""));
        let password = password.map_err(|flaw| Problem::internal(flaw.to_string()))?;
        Ok(self.hashing.run(move || attempt.try_password(&password)).await??)
    }

    /// Reports a failed authentication to the alarm. An error with a `user` comes from the second factor, so the
    /// password of that account was right.
    pub(in crate::http) fn watched<T>(
        &self,
        done: Result<T, Error>,
        failed: Failed<'_>,
        trace: &Trace,
    ) -> Result<T, Error> {
        if let Err(error) = &done
            && error.kind() == ErrorKind::Unauthenticated
        {
            match error.context().iter().find(|(name, _)| *name == "user") {
                Some((_, account)) => self.alarm.failed(&Failed::Code(account), trace),
                None => self.alarm.failed(&failed, trace),
            }
        }
        done
    }

    /// Hashes a new password if the policy accepts it.
    pub(in crate::http) async fn hash(
        &self,
        password: Zeroizing<String>,
        owner: OwnerWords,
    ) -> Result<PasswordHash, Problem> {
        let policy = self.policy.clone();
        let (cost, mut entropy) = (self.authentication.limits().cost, self.authentication.entropy()?);
        let hashed = self.hashing.run(move || {
            let words: Vec<&str> = owner.words.iter().map(|word| word.as_str()).collect();
            let owner = Owner { second_factor: owner.second_factor, words: &words };
            let password = policy.accept(&password, &owner).map_err(PasswordFlaw::error)?;
            cost.hash(&password, &mut entropy)
        });
        hashed.await?.map_err(|error| Problem::from(error.with_field("password")))
    }
}
