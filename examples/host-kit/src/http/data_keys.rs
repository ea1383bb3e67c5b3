//! The data keys: accounts of tier 5 with a fresh proof list, rotate and destroy them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use eovr_core::identity::key_change;
use eovr_core::name;
use eovr_core::record::RecordId;
use eovr_core::{Error, ErrorKind, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::Person;
use super::body::{DataKey, Json};
use super::caller::Caller;
use super::kit::{HostState, Kit};
use super::problem::{Code, Problem};
use super::reply::{Answered, json};
use super::routes::{Access, Endpoint, Routes};
use super::values;
use crate::keyring::{self, Key};

/// A key, without the key.
#[derive(Serialize, ToSchema)]
#[schema(as = DataKey)]
struct Listed {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    /// `fields`, or `search` for file numbers.
    purpose: &'static str,
    /// `sealing`, `opening` what it has sealed, or `destroyed`.
    state: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Every key that seals or has sealed.
#[derive(Serialize, ToSchema)]
pub struct DataKeys {
    items: Vec<Listed>,
}

/// A key that is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    #[schema(value_type = values::KeyPurpose)]
    purpose: String,
    #[schema(value_type = values::Reason)]
    reason: String,
}

/// The key that seals from now on.
#[derive(Serialize, ToSchema)]
pub struct Rotated {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
}

/// Why a key is destroyed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Destruction {
    #[schema(value_type = values::Reason)]
    reason: String,
}

/// Adds the routes of data keys.
pub fn routes<S: HostState>(routes: Routes<S>) -> Routes<S> {
    let change = || Access::Action { of: key_change::KIND, action: "begin" };
    routes
        .add(
            Endpoint::get("/api/data-keys", Access::Reads(name!("data_key")), "Lists the keys that seal")
                .gives::<DataKeys>(),
            list,
        )
        .add(
            Endpoint::post("/api/data-keys/rotate", change(), "Makes a new key, which seals from now on")
                .secret()
                .takes::<Rotation>()
                .gives::<Rotated>(),
            rotate,
        )
        .add(
            Endpoint::post(
                "/api/data-keys/{id}/destroy",
                change(),
                "Destroys a key that seals no more, with all that it has sealed",
            )
            .secret()
            .takes::<Destruction>(),
            destroy,
        )
}

async fn list(State(kit): State<Kit>, Caller(session): Caller) -> Answered {
    let one = |key: Key| Listed {
        id: key.id,
        purpose: key.purpose,
        state: key.state.name(),
        created_at: key.created_at,
    };
    json(&DataKeys { items: kit.keys.list(&session).await?.into_iter().map(one).collect() })
}

async fn rotate(State(kit): State<Kit>, Person(who): Person, Json(asked): Json<Rotation>) -> Answered {
    let purpose = keyring::purpose(&asked.purpose)?;
    let id = kit.keys.rotate(&who.session, purpose, asked.reason).await.map_err(refused)?;
    json(&Rotated { id })
}

async fn destroy(
    State(kit): State<Kit>,
    Person(who): Person,
    DataKey(id): DataKey,
    Json(asked): Json<Destruction>,
) -> Answered {
    kit.keys.destroy(&who.session, id, asked.reason).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A missing key, or one that still seals, is an error of the client, not of the server.
fn refused(error: Error) -> Problem {
    match error.kind() {
        ErrorKind::Key => Problem::new(Code::Conflict).detail(error.message().to_owned()),
        _ => error.into(),
    }
}
