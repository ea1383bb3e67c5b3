//! Administration of accounts.

use std::collections::HashSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use eovr_core::Session;
use eovr_core::access::Role;
use eovr_core::identity::password::{self, Password, PasswordHash};
use eovr_core::identity::{NewUser, throttle, user};
use eovr_core::org::OrgId;
use eovr_core::record::{Query, Record, RecordId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{Auth, Person};
use crate::http::body::{Account, Json, Params};
use crate::http::caller::Caller;
use crate::http::kit::{HostState, Kit};
use crate::http::page::{After, next};
use crate::http::problem::Problem;
use crate::http::reply::{self, Answered, json};
use crate::http::routes::{Access, Endpoint, Routes};
use crate::http::values;

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPerson {
    /// `staff`, `quality_admin`, `admin_manager`, `governorate_manager` or `top_management`.
    #[schema(value_type = values::Role)]
    role: Role,
    /// A facility of the person's seat.
    #[schema(value_type = values::PlaceId)]
    facility: String,
    #[schema(value_type = values::Address)]
    email: String,
    #[schema(value_type = values::Prose)]
    name: String,
}

/// A password that its owner must change at the first login. It is shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = FirstPassword)]
pub(crate) struct Given<'a> {
    /// The account.
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    /// Hand it over in person or by another way than the address.
    first_password: &'a str,
}

/// An account in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct Listed {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    state: String,
    role: String,
    facility: String,
    #[schema(value_type = String)]
    email: Zeroizing<String>,
    #[schema(value_type = String)]
    name: Zeroizing<String>,
    second_factor: bool,
    /// Whether failed attempts have closed a door to the account, for those who tried or for strangers.
    locked: bool,
}

/// A page of accounts.
#[derive(Serialize, ToSchema)]
pub(crate) struct People {
    items: Vec<Listed>,
    /// Where the next page begins; none on the last.
    next: Option<String>,
}

/// Why something is done to an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Why {
    #[schema(value_type = values::Reason)]
    why: String,
}

/// Another role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assigned {
    #[schema(value_type = values::Role)]
    role: Role,
}

const fn may(action: &'static str) -> Access {
    Access::Action { of: user::KIND, action }
}

pub(super) fn routes<S: HostState>(routes: Routes<S>) -> Routes<S> {
    let post = |path, action, says| Endpoint::post(path, may(action), says).secret();
    routes
        .add(
            Endpoint::get("/api/users", Access::Reads(user::KIND), "Lists accounts")
                .asks::<After>()
                .gives::<People>(),
            list,
        )
        .add(
            post("/api/users", "provision", "Makes an account").takes::<NewPerson>().creates::<Given<'_>>(),
            provision,
        )
        .add(
            post("/api/users/{id}/reset", "reset_password", "Gives a new first password")
                .gives::<Given<'_>>(),
            reset,
        )
        .add(post("/api/users/{id}/role", "assign", "Gives another role").takes::<Assigned>(), assign)
        .add(
            post("/api/users/{id}/disable", "disable", "Lets an account in no more, for now").takes::<Why>(),
            disable,
        )
        .add(
            post("/api/users/{id}/enable", "enable", "Lets a disabled account in again").takes::<Why>(),
            enable,
        )
        .add(
            post("/api/users/{id}/unlock", "unlock", "Opens the doors that failed attempts have closed")
                .takes::<Why>(),
            unlock,
        )
        .add(
            post("/api/users/{id}/end-logins", "end_logins", "Ends every login of somebody").takes::<Why>(),
            end_logins,
        )
        .add(post("/api/users/{id}/retire", "retire", "Ends an account").takes::<Why>(), retire)
        .add(
            post("/api/users/{id}/reset-factor", "remove_factor", "Removes a lost second factor")
                .takes::<Why>(),
            reset_factor,
        )
}

async fn list(State(kit): State<Kit>, Caller(session): Caller, Params(after): Params<After>) -> Answered {
    let query = Query::of(user::KIND).limit(after.limit()?).after(after.cursor()?);
    let page = session.find(&query).await?;
    let closed = throttle::closed(page.items.iter().map(Record::id), kit.auth.authentication.now());
    let closed = session.find(&closed).await?.items;
    let closed: HashSet<&str> = closed.iter().filter_map(|count| count.facet("user")?.as_text()).collect();
    let items = page.items.iter().map(|record| listed(&session, record, &closed));
    let items = items.collect::<Result<_, Problem>>()?;
    reply::page(page.items.len(), &People { items, next: next(page.next) })
}

fn listed(session: &Session, record: &Record, closed: &HashSet<&str>) -> Result<Listed, Problem> {
    let text = |field| session.open(record, field).map(Option::unwrap_or_default);
    let facet = |name| record.facet(name).and_then(|value| value.as_text()).unwrap_or_default();
    Ok(Listed {
        id: record.id(),
        state: record.state().to_string(),
        role: facet("role").to_owned(),
        facility: record.envelope().stamp.facility.to_string(),
        email: text("email")?,
        name: text("display_name")?,
        second_factor: facet("factor") == "confirmed",
        locked: closed.contains(record.id().to_string().as_str()),
    })
}

async fn provision(State(kit): State<Kit>, Person(who): Person, Json(given): Json<NewPerson>) -> Answered {
    let auth = &kit.auth;
    let facility = OrgId::new(&given.facility).map_err(|error| error.with_field("facility"))?;
    let first = password::drawn(&mut auth.authentication.entropy()?);
    let person = NewUser {
        role: given.role,
        email: given.email,
        display_name: given.name,
        password_hash: Some(auth.hash_first(&first).await?.to_string()),
        must_change: true,
    };
    let id = auth.authentication.provision(&who, &facility, person).await?.id;
    let mut response = json(&Given { id, first_password: &first })?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

async fn reset(State(kit): State<Kit>, Person(who): Person, Account(id): Account) -> Answered {
    let auth = &kit.auth;
    let first = password::drawn(&mut auth.authentication.entropy()?);
    let hash = auth.hash_first(&first).await?;
    auth.authentication.reset_password(&who, id, &hash).await?;
    json(&Given { id, first_password: &first })
}

async fn assign(
    State(kit): State<Kit>,
    Person(who): Person,
    Account(id): Account,
    Json(given): Json<Assigned>,
) -> Answered {
    kit.auth.authentication.assign(&who, id, given.role).await?;
    kit.auth.alarm.role_changed();
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn disable(kit: State<Kit>, who: Person, id: Account, why: Json<Why>) -> Answered {
    govern(kit, who, id, why, user::Action::Disable).await
}

async fn enable(kit: State<Kit>, who: Person, id: Account, why: Json<Why>) -> Answered {
    govern(kit, who, id, why, user::Action::Enable).await
}

async fn retire(kit: State<Kit>, who: Person, id: Account, why: Json<Why>) -> Answered {
    govern(kit, who, id, why, user::Action::Retire).await
}

async fn unlock(
    State(kit): State<Kit>,
    Person(who): Person,
    Account(id): Account,
    Json(given): Json<Why>,
) -> Answered {
    kit.auth.authentication.unlock(&who, id, &given.why).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn end_logins(
    State(kit): State<Kit>,
    Person(who): Person,
    Account(id): Account,
    Json(given): Json<Why>,
) -> Answered {
    kit.auth.authentication.end_logins(&who, id, &given.why).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn reset_factor(
    State(kit): State<Kit>,
    Person(who): Person,
    Account(id): Account,
    Json(given): Json<Why>,
) -> Answered {
    if given.why.trim().is_empty() {
        return Err(Problem::invalid("why", "it is empty", "a reason in words"));
    }
    kit.auth.authentication.reset_factor(&who, id, &given.why).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn govern(
    State(kit): State<Kit>,
    Person(who): Person,
    Account(id): Account,
    Json(given): Json<Why>,
    action: user::Action,
) -> Answered {
    kit.auth.authentication.govern(&who, id, action, &given.why).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl Auth {
    /// Hashes a password that the server generated.
    async fn hash_first(&self, password: &str) -> Result<PasswordHash, Problem> {
        let password = Password::typed(password).map_err(|flaw| Problem::internal(flaw.to_string()))?;
        let (cost, mut entropy) = (self.authentication.limits().cost, self.authentication.entropy()?);
        let hash = self.hashing.run(move || cost.hash(&password, &mut entropy)).await?;
        Ok(hash?)
    }
}
