//! A small web service of a hospital: it embeds the engine in axum, on SQLite, with a record kind of its own.

mod problem;
mod reaction;
#[cfg(test)]
mod tests;

use std::env;

use axum::extract::{FromRequestParts, Path, Query as Parameters};
use axum::http::{StatusCode, header::CACHE_CONTROL, request::Parts};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use eovr_core::access::{Actor, Role};
use eovr_core::org::{Org, OrgId};
use eovr_core::ports::{Observed, Store, Written};
use eovr_core::record::{ActorId, Column, Cursor, Listed, Page, Query, RecordId, Test};
use eovr_core::seal::MasterKey;
use eovr_core::{Command, Eovr, Error, ErrorKind, Session, name};
use eovr_store_sql::SqlStore;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::signal::ctrl_c;
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};

use self::problem::Problem;
use self::reaction::{Action, Product, REACTION, State};

const ORG: &str = r#"[{"id": "CAI", "title": {"en": "Cairo", "ar": "القاهرة"}, "administrations": [
    {"id": "CAI-E", "title": {"en": "Cairo East", "ar": "شرق القاهرة"}, "facilities": [
        {"id": "DEL", "title": {"en": "Delta", "ar": "الدلتا"}, "time_zone": "Africa/Cairo"},
        {"id": "NIL", "title": {"en": "Nile", "ar": "النيل"}, "time_zone": "Africa/Cairo"}]}]}]"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The engine's events contain nothing that was typed. Other libraries stay silent, because a database driver logs
    // statements with their values.
    let ours =
        Targets::new().with_targets([("axum_host", LevelFilter::INFO), ("eovr_core", LevelFilter::DEBUG)]);
    tracing_subscriber::registry().with(tracing_subscriber::fmt::layer()).with(ours).init();
    let database = env::var("DATABASE").unwrap_or_else(|_| "sqlite://reactions.db".to_owned());
    let key = env::var("MASTER_KEY").map_err(|_| "set MASTER_KEY: `openssl rand -base64 32`")?;
    let store = SqlStore::open(&database).await?;
    let eovr = opened(Observed::new(store.clone()), MasterKey::from_base64(&key)?).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    axum::serve(listener, router(eovr)).with_graceful_shutdown(stop()).await?;
    // All requests are answered. SQLite now leaves one file, without a log beside it.
    store.close().await;
    Ok(())
}

/// Ready when a person or a supervisor stops the service.
async fn stop() {
    #[cfg(unix)]
    if let Ok(mut ended) = signal(SignalKind::terminate()) {
        tokio::select! { _ = ended.recv() => {} _ = ctrl_c() => {} }
        return;
    }
    drop(ctrl_c().await);
}

async fn opened(store: impl Store + 'static, key: MasterKey) -> Result<Eovr, Box<dyn std::error::Error>> {
    let org = Org::new(serde_json::from_str(ORG)?)?;
    Ok(Eovr::builder().store(store).org(org).kind(reaction::kind()?).master_key(key).open().await?)
}

fn router(eovr: Eovr) -> Router {
    Router::new()
        .route("/reactions", post(create).get(list))
        .route("/reactions/{id}", get(show))
        .route("/reactions/{id}/trail", get(trail))
        .route("/reactions/{id}/{action}", post(act))
        // No cache keeps a text of a patient.
        .layer(map_response(async |response: Response| ([(CACHE_CONTROL, "no-store")], response)))
        .with_state(eovr)
}

/// The session of a caller, and the place where the caller works. **A stand-in**: it believes the headers. A host reads
/// its own login here.
struct Caller(Session, OrgId);

impl FromRequestParts<Eovr> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, eovr: &Eovr) -> Result<Self, Problem> {
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(user), Some(role), Some(place)) = (header("x-user"), header("x-role"), header("x-place"))
        else {
            let help = "send the headers `x-user`, `x-role` and `x-place`";
            return Err(Error::new(ErrorKind::Unauthenticated, "who calls?").with_help(help).into());
        };
        let (role, place): (Role, _) = (role.parse()?, OrgId::new(place)?);
        let actor = Actor::new(ActorId::new(user)?, role, eovr.org().seat(role, &place)?)?;
        Ok(Self(eovr.session(actor), place))
    }
}

#[derive(Deserialize)]
struct Report {
    /// The client draws it, so a report that is sent again after a lost answer is a `Conflict` and no second one.
    id: RecordId,
    product: Product,
    story: String,
}

async fn create(
    Caller(session, place): Caller,
    Json(report): Json<Report>,
) -> Result<(StatusCode, Json<Written>), Problem> {
    let command = Command::new(Action::Report).set("product", report.product).write("story", report.story);
    Ok((StatusCode::CREATED, Json(session.create_as(&REACTION, &place, report.id, command).await?)))
}

#[derive(Deserialize)]
struct Filter {
    state: Option<State>,
    product: Option<Product>,
    after: Option<Cursor>,
}

async fn list(
    Caller(session, _): Caller,
    Parameters(filter): Parameters<Filter>,
) -> Result<Json<Page<Listed>>, Problem> {
    let mut query = Query::of(REACTION).limit(20).after(filter.after);
    if let Some(state) = filter.state {
        query = query.filter(Column::State, Test::Is(state.into()));
    }
    if let Some(product) = filter.product {
        query = query.filter(Column::Facet(name!("product")), Test::Is(product.into()));
    }
    Ok(Json(session.list(&query, &["product"]).await?))
}

/// A reaction as a screen shows it: the record, its texts, and the buttons.
async fn show(Caller(session, _): Caller, Path(id): Path<RecordId>) -> Result<Json<Value>, Problem> {
    let record = session.load(&REACTION, id).await?;
    let text = |field| Ok::<_, Error>(session.open(&record, field)?.map(|text| text.to_string()));
    let (story, finding) = (text("story")?, text("finding")?);
    let (envelope, facets, legal) = (record.envelope(), record.facets(), session.legal(&record).await?);
    Ok(Json(json!({
        "envelope": envelope, "facets": facets, "story": story, "finding": finding, "legal": legal,
    })))
}

/// The version that the caller has seen, and what the action needs.
#[derive(Deserialize)]
struct Act {
    version: u64,
    finding: Option<String>,
    note: Option<String>,
}

async fn act(
    Caller(session, _): Caller,
    Path((id, action)): Path<(RecordId, Action)>,
    Json(act): Json<Act>,
) -> Result<Json<Written>, Problem> {
    let command = Command::new(action).expecting(act.version).write_some("finding", act.finding);
    let command = act.note.into_iter().fold(command, Command::note);
    Ok(Json(session.act(&REACTION, id, command).await?))
}

async fn trail(Caller(session, _): Caller, Path(id): Path<RecordId>) -> Result<Json<Value>, Problem> {
    let trail = session.trail(&REACTION, id).await?;
    Ok(Json(json!({ "intact": trail.verdict.is_intact(), "events": trail.entries })))
}
