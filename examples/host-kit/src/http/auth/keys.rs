//! API keys for machines.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use eovr_core::Timestamp;
use eovr_core::access::Role;
use eovr_core::identity::api_key::{self, NewKey};
use eovr_core::org::OrgId;
use eovr_core::record::{Query, RecordId};
use eovr_core::workflow::Label as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::Person;
use crate::http::body::{Json, MachineKey, Params};
use crate::http::caller::Caller;
use crate::http::kit::{HostState, Kit};
use crate::http::page::{After, next};
use crate::http::problem::Problem;
use crate::http::reply::{self, Answered, json};
use crate::http::routes::{Access, Endpoint, Routes};
use crate::http::values;

/// A key that is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// What it is for, in words.
    #[schema(value_type = values::Prose)]
    label: String,
    /// What its bearer may do at most.
    #[schema(value_type = values::Role)]
    role: Role,
    /// A facility of its seat.
    #[schema(value_type = values::PlaceId)]
    facility: String,
    /// `read`, `write` or `admin`.
    #[schema(value_type = values::Opens)]
    access: String,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A key, shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct Issued<'a> {
    /// What stands before the secret: `eovr_…`, to be sent as `Authorization: Bearer …`.
    key: &'a str,
}

/// A key in a list, without what opens.
#[derive(Serialize, ToSchema)]
#[schema(as = Key)]
pub(crate) struct Listed {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    state: String,
    role: String,
    facility: String,
    access: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    #[schema(value_type = String)]
    label: Zeroizing<String>,
}

/// A page of keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct Keys {
    items: Vec<Listed>,
    /// Where the next page begins; none on the last.
    next: Option<String>,
}

/// Why a key ends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revocation {
    #[schema(value_type = values::Reason)]
    why: String,
}

pub(super) fn routes<S: HostState>(routes: Routes<S>) -> Routes<S> {
    let may = |action| Access::Action { of: api_key::KIND, action };
    routes
        .add(
            Endpoint::get("/api/keys", Access::Reads(api_key::KIND), "Lists keys for machines")
                .asks::<After>()
                .gives::<Keys>(),
            list,
        )
        .add(
            Endpoint::post("/api/keys", may("issue"), "Makes a key for a machine")
                .secret()
                .takes::<Wanted>()
                .creates::<Issued<'_>>(),
            issue,
        )
        .add(
            Endpoint::post("/api/keys/{id}/revoke", may("revoke"), "Ends a key")
                .secret()
                .takes::<Revocation>(),
            revoke,
        )
}

async fn list(Caller(session): Caller, Params(after): Params<After>) -> Answered {
    let query = Query::of(api_key::KIND).limit(after.limit()?).after(after.cursor()?);
    let page = session.find(&query).await?;
    let mut items = Vec::new();
    for record in &page.items {
        let facet =
            |name| record.facet(name).and_then(|value| value.as_text()).unwrap_or_default().to_owned();
        items.push(Listed {
            id: record.id(),
            state: record.state().to_string(),
            role: facet("role"),
            facility: record.envelope().stamp.facility.to_string(),
            access: facet("access"),
            expires_at: record.facet("expires_at").and_then(|value| value.as_time()),
            label: session.open(record, "label")?.unwrap_or_default(),
        });
    }
    reply::page(page.items.len(), &Keys { items, next: next(page.next) })
}

async fn issue(State(kit): State<Kit>, Person(who): Person, Json(wanted): Json<Wanted>) -> Answered {
    let access = api_key::Access::named(&wanted.access);
    let access = access.ok_or_else(|| {
        Problem::invalid("access", "it is not one of the words that are known", "`read`, `write` or `admin`")
    })?;
    let facility = OrgId::new(&wanted.facility).map_err(|error| error.with_field("facility"))?;
    let new = NewKey { role: wanted.role, access, label: wanted.label, expires_at: wanted.expires_at };
    let key = kit.auth.authentication.issue_key(&who, &facility, &new).await?;
    let mut response = json(&Issued { key: &key.reveal() })?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

async fn revoke(
    State(kit): State<Kit>,
    Person(who): Person,
    MachineKey(id): MachineKey,
    Json(given): Json<Revocation>,
) -> Answered {
    kit.auth.authentication.revoke_key(&who, id, &given.why).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
