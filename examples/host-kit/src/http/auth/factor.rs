//! The second factor of an account.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use eovr_core::identity::authentication::OwnerWords;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::Person;
use crate::http::body::Json;
use crate::http::kit::{HostState, Kit};
use crate::http::reply::{Answered, json};
use crate::http::routes::{Access, Endpoint, Routes};

/// A second factor that was begun, shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct Begun<'a> {
    /// The secret in base 32, for typing.
    secret: &'a str,
    /// The same for an app: `otpauth://…`.
    uri: &'a str,
    /// The same as a picture: an SVG element.
    qr: &'a str,
}

/// A code of the app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstCode {
    /// Six digits.
    #[schema(value_type = String)]
    code: Zeroizing<String>,
}

/// The password that the account is to have without a second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AloneAgain {
    /// At least 15 characters; the one of before, where it has as many.
    #[schema(value_type = String)]
    password: Zeroizing<String>,
}

/// What lets its owner in without the app, shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodes<'a> {
    /// Each is good once.
    recovery_codes: Vec<&'a str>,
}

/// The issuer that authenticator apps show.
const ISSUER: &str = "eovr";

pub(super) fn routes<S: HostState>(routes: Routes<S>) -> Routes<S> {
    let own = |path, says| Endpoint::post(path, Access::Signed, says).secret();
    routes
        .add(own("/api/auth/mfa/setup", "Begins a second factor").gives::<Begun<'_>>().before_factor(), begin)
        .add(
            own("/api/auth/mfa/enable", "Confirms the second factor with its first code")
                .takes::<FirstCode>()
                .gives::<RecoveryCodes<'_>>()
                .before_factor(),
            enable,
        )
        .add(
            own("/api/auth/mfa/disable", "Turns the second factor off, with a password that stands alone")
                .takes::<AloneAgain>(),
            disable,
        )
}

async fn begin(State(kit): State<Kit>, Person(who): Person) -> Answered {
    let begun = kit.auth.authentication.enrol_factor(&who, ISSUER).await?;
    json(&Begun { secret: &begun.secret, uri: &begun.uri, qr: &begun.qr })
}

async fn enable(State(kit): State<Kit>, Person(who): Person, Json(given): Json<FirstCode>) -> Answered {
    let codes = kit.auth.authentication.confirm_factor(&who, &given.code).await?;
    json(&RecoveryCodes { recovery_codes: codes.iter().map(|code| code.as_str()).collect() })
}

async fn disable(State(kit): State<Kit>, Person(who): Person, Json(given): Json<AloneAgain>) -> Answered {
    let auth = &kit.auth;
    auth.authentication.needs_proof(&who)?;
    let owner = auth.authentication.owner(who.user).await?;
    if !owner.second_factor {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let owner = OwnerWords { second_factor: false, ..owner };
    let hash = auth.hash(given.password, owner).await?;
    auth.authentication.remove_factor(&who, &hash).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
