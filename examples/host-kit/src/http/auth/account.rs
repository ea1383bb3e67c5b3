//! Routes of the signed-in account about itself.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use eovr_core::Timestamp;
use eovr_core::identity::login::LoginInfo;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::Person;
use super::alarm::Failed;
use super::client::Trace;
use super::login::{END, Entered, opened};
use crate::http::body::{Json, Login};
use crate::http::caller::Caller;
use crate::http::kit::{HostState, Kit};
use crate::http::reply::{Answered, json};
use crate::http::routes::{Access, Endpoint, Routes};

/// The account of who asks.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me<'a> {
    /// The actor's id, as the audit trail names it.
    id: &'a str,
    /// The role.
    role: &'a str,
    /// The role's tier, 1 to 5.
    tier: Option<u8>,
    /// Whether a person asks, and not a machine.
    human: bool,
    /// The facilities in scope, at most 500.
    facilities: Vec<&'a str>,
    /// What the person is called; none for machines and outside accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    /// Whether the account has a second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    second_factor: Option<bool>,
    /// Whether a second factor has to be set up before anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    lacks_factor: Option<bool>,
    /// When the login ends if nothing more is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    idle_at: Option<Timestamp>,
}

/// What may be done, and where it begins to be allowed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Permission<'a> {
    /// The kind, or the part of the server.
    of: &'a str,
    /// The action.
    action: &'a str,
    /// Whether who asks may do it.
    allowed: bool,
    /// Whether it takes a proof of who asks that is not older than some minutes.
    proof: bool,
}

/// The logins of an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct Logins {
    #[schema(value_type = Vec<Object>)]
    items: Vec<LoginInfo>,
}

/// The old password and the new.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    #[schema(value_type = String)]
    old_password: Zeroizing<String>,
    /// At least 15 characters, 8 with a second factor.
    #[schema(value_type = String)]
    password: Zeroizing<String>,
}

/// The password once more, and a code where there is a second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proof {
    #[schema(value_type = String)]
    password: Zeroizing<String>,
    #[schema(value_type = Option<String>)]
    code: Option<Zeroizing<String>>,
}

pub(super) fn routes<S: HostState>(routes: Routes<S>) -> Routes<S> {
    let own = |path, says| Endpoint::post(path, Access::Signed, says).secret();
    routes
        .add(
            Endpoint::get("/api/auth/me", Access::Signed, "Says who asks").gives::<Me<'_>>().before_factor(),
            me,
        )
        .add(
            Endpoint::get("/api/permissions", Access::Signed, "Says what who asks may do")
                .gives::<Vec<Permission<'_>>>(),
            permissions,
        )
        .add(own("/api/auth/change-password", "Changes the own password").takes::<Change>(), change_password)
        .add(
            own("/api/auth/prove", "Proves once more who asks, and gives new tokens")
                .takes::<Proof>()
                .gives::<Entered<'_>>()
                .before_factor(),
            prove,
        )
        .add(
            Endpoint::get("/api/auth/sessions", Access::Signed, "Lists the own logins").gives::<Logins>(),
            logins,
        )
        .add(Endpoint::delete("/api/auth/sessions/{id}", END, "Ends an own login"), end_login)
}

async fn me(State(kit): State<Kit>, Caller(session): Caller, person: Option<Person>) -> Answered {
    let actor = session.actor();
    let scope = session.scope();
    let org = kit.eovr.org();
    let facilities = org.stamps().filter(|stamp| scope.covers(stamp)).take(500);
    let profile = match &person {
        Some(Person(who)) => Some(kit.auth.authentication.profile(who).await?),
        None => None,
    };
    json(&Me {
        id: actor.id().as_str(),
        role: actor.capacity(),
        tier: actor.tier().map(|tier| tier.number()),
        human: actor.is_human(),
        facilities: facilities.map(|stamp| stamp.facility.as_str()).collect(),
        name: profile.as_ref().map(|profile| profile.name.as_str()),
        email: profile.as_ref().map(|profile| profile.email.as_str()),
        second_factor: profile.as_ref().map(|profile| profile.second_factor),
        lacks_factor: person.as_ref().map(|Person(who)| who.lacks_factor),
        idle_at: person.map(|Person(who)| who.idle_at),
    })
}

async fn permissions(State(kit): State<Kit>, Caller(session): Caller) -> Answered {
    let rows = kit.eovr.catalog().actions().rows();
    let rows = rows.map(|(of, row)| Permission {
        of: of.as_str(),
        action: row.name.as_str(),
        allowed: row.allows(session.actor()),
        proof: row.proof,
    });
    json(&rows.collect::<Vec<_>>())
}

async fn change_password(
    State(kit): State<Kit>,
    Person(who): Person,
    trace: Trace,
    Json(given): Json<Change>,
) -> Answered {
    let auth = &kit.auth;
    let account = who.user.to_string();
    // The old password is checked first, because only the account's owner may learn what is wrong with the new one.
    let old = auth.tried(auth.authentication.begin_again(&who).await?, &given.old_password).await?;
    let old = auth.watched(old.checked(&who), Failed::Proof(&account), &trace)?;
    let owner = auth.authentication.owner(who.user).await?;
    let hash = auth.hash(given.password, owner).await?;
    auth.authentication.change_password(&who, old, &hash).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn prove(
    State(kit): State<Kit>,
    Person(who): Person,
    trace: Trace,
    Json(given): Json<Proof>,
) -> Answered {
    let auth = &kit.auth;
    let account = who.user.to_string();
    let tried = auth.tried(auth.authentication.begin_again(&who).await?, &given.password).await?;
    let proved = auth.authentication.prove(&who, tried, given.code.as_ref().map(|code| code.as_str())).await;
    opened(&kit, &auth.watched(proved, Failed::Proof(&account), &trace)?)
}

async fn logins(State(kit): State<Kit>, Person(who): Person) -> Answered {
    json(&Logins { items: kit.auth.authentication.logins(&who).await? })
}

async fn end_login(State(kit): State<Kit>, Person(who): Person, Login(id): Login) -> Answered {
    kit.auth.authentication.end_login(&who, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
