//! The external models: registration, evaluation, activation, and monthly figures.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use eovr_core::Name;
use eovr_core::analyst::{self, Examined, MODEL, Month, Registry, standing};
use eovr_core::incident;
use eovr_core::record::{Record, RecordId};
use eovr_host::http::body::Json;
use eovr_host::http::caller::Caller;
use eovr_host::http::problem::Problem;
use eovr_host::http::reply::{Answered, Changed, json};
use eovr_host::http::routes::{Access, Endpoint, Routes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::values;
use crate::http::path::{Incident, Model};
use crate::provider::Dialect;

/// A model.
#[derive(Serialize, ToSchema)]
#[schema(as = AiModel)]
struct Listed<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    /// `candidate`, `on_trial`, `active`, `retired` or `scrapped`.
    state: &'a str,
    provider: &'a str,
    model: &'a str,
    /// `better` or `not_better`, by its last examination.
    verdict: Option<&'a str>,
    /// On how many cases.
    cases: Option<i64>,
    /// By how much it agrees more with people, in thousandths of quadratic weighted kappa.
    gain: Option<i64>,
    /// The lower end of the 95 % interval around that.
    gain_low: Option<i64>,
    /// What it was compared with.
    against: Option<&'a str>,
    /// SHA-256 of the report of that comparison.
    report: Option<&'a str>,
}

/// Every model that is known.
#[derive(Serialize, ToSchema)]
#[schema(as = AiModels)]
pub(crate) struct Models<'a> {
    items: Vec<Listed<'a>>,
}

/// How a model did, month by month.
#[derive(Serialize, ToSchema)]
#[schema(as = AiStanding)]
pub(crate) struct Standing {
    months: Vec<Did>,
}

/// How a model did in one month.
#[derive(Serialize, ToSchema)]
#[schema(as = AiMonth)]
struct Did {
    /// Year and month, as `yyyymm`.
    month: i64,
    /// How many questions went out.
    asked: u64,
    /// How many were answered in the end.
    answered: u64,
    /// How many were given up, by reason.
    parked: BTreeMap<String, u64>,
    /// What half of the answers took at most, in milliseconds.
    median_took: Option<i64>,
    /// How often its level was that of the person who rated the report.
    agreed: u64,
    /// How often it was higher.
    higher: u64,
    /// How often it was lower.
    lower: u64,
    /// Where it said how sure it is, in tens of percent from 0 to 9: of how many, and how often it agreed.
    sure: Vec<Sure>,
}

/// Calibration: one class of how sure a model says it is.
#[derive(Serialize, ToSchema)]
#[schema(as = AiSure)]
struct Sure {
    tens: i64,
    rated: u64,
    agreed: u64,
}

/// What a model gained over the house's own scorer, on the reports that both have read and a person has rated.
#[derive(Serialize, ToSchema)]
#[schema(as = AiComparison)]
pub(crate) struct Comparison {
    cases: u32,
    /// In thousandths of quadratic weighted kappa.
    gain: i32,
    /// The lower end of the 95 % interval around that.
    gain_low: i32,
    /// The report, as JSON: keep it. Its digest stands in the model's record.
    report: String,
    /// SHA-256 of that text.
    digest: String,
}

/// A model to be made known.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAiModel)]
pub(crate) struct New {
    /// The provider.
    #[schema(value_type = values::Provider)]
    provider: String,
    /// Its name there.
    #[schema(value_type = values::ShortCode)]
    model: String,
}

/// The figures of a comparison, as `eovr-server evaluate --compare` writes them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AiExamination)]
pub(crate) struct Examination {
    #[schema(maximum = 1_000_000_000)]
    cases: u32,
    /// In thousandths of quadratic weighted kappa.
    #[schema(minimum = -2000, maximum = 2000)]
    gain: i32,
    /// The lower end of the 95 % interval around that.
    #[schema(minimum = -2000, maximum = 2000)]
    gain_low: i32,
    #[schema(value_type = values::ShortCode)]
    against: String,
    /// SHA-256 of the report, in hexadecimal.
    #[schema(value_type = values::Digest)]
    report: String,
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AiBecause)]
pub(crate) struct Because {
    #[schema(value_type = values::Reason)]
    reason: String,
}

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    let may = |action| Access::Action { of: MODEL, action };
    routes
        .add(
            Endpoint::get(
                "/api/ai/models",
                Access::Reads(MODEL),
                "Lists the models that could be asked outside",
            )
            .gives::<Models<'_>>(),
            list,
        )
        .add(
            Endpoint::get("/api/ai/models/{id}", may("examine"), "Says how a model did, month by month")
                .gives::<Standing>(),
            show,
        )
        .add(
            Endpoint::post(
                "/api/incidents/{id}/analysis/retry",
                Access::Action { of: analyst::KIND, action: "retry" },
                "Has a report read again outside, where that was given up",
            ),
            again,
        )
        .add(
            Endpoint::post("/api/ai/models", may("register"), "Makes a model known; it is not asked yet")
                .takes::<New>()
                .gives::<Changed>(),
            register,
        )
        .add(
            Endpoint::post(
                "/api/ai/models/{id}/examine",
                may("examine"),
                "Enters the figures of a comparison",
            )
            .takes::<Examination>(),
            examine,
        )
        .add(
            Endpoint::post(
                "/api/ai/models/{id}/try",
                may("try"),
                "Puts a model on trial: it is asked, and nobody sees what it says",
            )
            .takes::<Because>(),
            put_on_trial,
        )
        .add(
            Endpoint::post(
                "/api/ai/models/{id}/compare",
                may("examine"),
                "Compares a model with the house's own scorer, and enters the figures",
            )
            .gives::<Comparison>(),
            compare,
        )
        .add(
            Endpoint::post(
                "/api/ai/models/{id}/activate",
                may("activate"),
                "Switches a model on, in place of the one that is on",
            )
            .takes::<Because>(),
            activate,
        )
        .add(
            Endpoint::post("/api/ai/models/{id}/retire", may("retire"), "Switches a model off, at once")
                .takes::<Because>(),
            retire,
        )
        .add(
            Endpoint::post(
                "/api/ai/models/{id}/reconsider",
                may("reconsider"),
                "Makes a retired model a candidate again",
            ),
            reconsider,
        )
        .add(
            Endpoint::post("/api/ai/models/{id}/scrap", may("scrap"), "Rules a model out for good")
                .takes::<Because>(),
            scrap,
        )
}

async fn again(Caller(session): Caller, Incident(id): Incident) -> Answered {
    analyst::retry(&session, &incident::analysed().kind, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn list(Caller(session): Caller) -> Answered {
    let models = Registry::of(&session).models().await?;
    json(&Models { items: models.iter().map(listed).collect() })
}

fn listed(record: &Record) -> Listed<'_> {
    let text = |name: &str| record.text(name);
    let int = |name: &str| record.int(name);
    Listed {
        id: record.id(),
        state: record.state().as_str(),
        provider: text("processor").unwrap_or_default(),
        model: text("model").unwrap_or_default(),
        verdict: text("verdict"),
        cases: int("cases"),
        gain: int("gain"),
        gain_low: int("gain_low"),
        against: text("against"),
        report: text("report"),
    }
}

async fn show(Caller(session): Caller, Model(id): Model) -> Answered {
    let record = session.load(&MODEL, id).await?;
    let text = |name: &str| record.text(name).unwrap_or_default();
    let processor = Name::new(text("processor"))?;
    let months = standing(&session, &incident::analysed(), &processor, text("model")).await?;
    json(&Standing { months: months.into_iter().map(did).collect() })
}

fn did((number, month): (i64, Month)) -> Did {
    let (agreed, higher, lower) = month.agreement();
    let sure =
        month.sure.iter().map(|(tens, (agreed, rated))| Sure { tens: *tens, rated: *rated, agreed: *agreed });
    Did {
        month: number,
        asked: month.asked,
        answered: month.answered,
        median_took: month.median_took(),
        agreed,
        higher,
        lower,
        sure: sure.collect(),
        parked: month.parked,
    }
}

async fn register(Caller(session): Caller, Json(new): Json<New>) -> Answered {
    let dialect = new.provider.parse::<Dialect>().map_err(|_| {
        let accepted = format!("`{}`", Dialect::ALL.map(Dialect::name).join("`, `"));
        Problem::invalid("provider", "it is not one that is known", accepted)
    })?;
    let id = Registry::of(&session).register(&Name::new(dialect.name())?, &new.model).await?;
    json(&Changed::first(id))
}

async fn examine(
    Caller(session): Caller,
    Model(id): Model,
    Json(examination): Json<Examination>,
) -> Answered {
    let Examination { cases, gain, gain_low, against, report } = examination;
    Registry::of(&session).examine(id, Examined { cases, gain, gain_low, against, report }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn put_on_trial(Caller(session): Caller, Model(id): Model, Json(because): Json<Because>) -> Answered {
    Registry::of(&session).put_on_trial(id, &because.reason).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn compare(Caller(session): Caller, Model(id): Model) -> Answered {
    let compared = Registry::of(&session).examine_trial(id, &incident::analysed()).await?;
    let Examined { cases, gain, gain_low, report: digest, .. } = compared.examined;
    json(&Comparison { cases, gain, gain_low, report: compared.report, digest })
}

async fn activate(Caller(session): Caller, Model(id): Model, Json(because): Json<Because>) -> Answered {
    Registry::of(&session).activate(id, &because.reason).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn retire(Caller(session): Caller, Model(id): Model, Json(because): Json<Because>) -> Answered {
    Registry::of(&session).retire(id, &because.reason).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn reconsider(Caller(session): Caller, Model(id): Model) -> Answered {
    Registry::of(&session).reconsider(id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn scrap(Caller(session): Caller, Model(id): Model, Json(because): Json<Because>) -> Answered {
    Registry::of(&session).scrap(id, &because.reason).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
