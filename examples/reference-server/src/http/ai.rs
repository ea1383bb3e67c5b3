//! The AI routes: the state of the scorer and the models, and reviews of their suggestions.

use axum::extract::State;
use eovr_core::Timestamp;
use eovr_core::access::{Seat, Standing};
use eovr_core::analyst::Trained;
use eovr_core::incident::{IncidentFacets, KIND, Settings};
use eovr_core::name;
use eovr_core::record::{Column, Query, Record, RecordId, Test};
use eovr_core::triage::analysis::NoAnswerReason;
use eovr_core::triage::local::Standing as Learned;
use eovr_host::http::body::Params;
use eovr_host::http::caller::Caller;
use eovr_host::http::page::{self, next};
use eovr_host::http::problem::Problem;
use eovr_host::http::reply::{self, Answered, json};
use eovr_host::http::routes::{Access, Endpoint, Routes};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::values;

/// What reads new reports.
#[derive(Serialize, ToSchema)]
pub(crate) struct Status {
    /// The scorer's name; none where none is set.
    scorer: Option<String>,
    /// Its version.
    version: Option<String>,
    /// Whether anything may leave this server: a model is switched on or on trial, and this server could ask it. Which
    /// facilities allow it stands with them.
    remote: bool,
    /// The provider of the model in use, `house` for one of our own that runs on this server; none: no model is in use.
    provider: Option<String>,
    /// That model.
    model: Option<String>,
    /// Whether it is on trial: it is asked, and its answers are not shown.
    on_trial: bool,
    /// How many questions the facility of who asks may still have asked today; none for those above one.
    budget_left: Option<u64>,
    /// The providers that this server could ask.
    providers: Vec<Provider>,
    /// What was learned from the reviews of the facility of who asks; none where nothing learns, and for those above one.
    learner: Option<Learner>,
}

/// How what was learned stands beside the rules.
#[derive(Serialize, ToSchema)]
#[schema(as = AiLearner)]
struct Learner {
    /// From how many reviews.
    reviews: u64,
    /// Over how many of the last ones it is compared with the rules.
    compared: usize,
    /// By how much it is less surprised than they are, on average (natural units); none before there are enough.
    lead: Option<f64>,
    /// Whether it is asked: the rules speak alone until it has earned that.
    in_charge: bool,
}

/// A provider, as this server has found it.
#[derive(Serialize, ToSchema)]
#[schema(as = AiProvider)]
struct Provider {
    provider: String,
    /// `closed`: it is asked; `open`: it failed too often and is left alone; `half_open`: one question sees whether
    /// it is back.
    breaker: &'static str,
    /// Why there was no answer when it was last asked; none where there was one.
    last_error: Option<&'static str>,
}

/// Which suggestions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// `accepted`, `overridden`, or `pending`: not reviewed yet.
    #[param(inline)]
    review: Option<Verdict>,
    /// Where the page before ended: its `next`.
    #[param(value_type = Option<values::Place>, inline)]
    after: Option<String>,
    /// How many, 1 to 100; 50 where nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Accepted,
    Overridden,
    Pending,
}

/// A page of suggestions and what people say, side by side.
#[derive(Serialize, ToSchema)]
pub(crate) struct Reviews<'a> {
    items: Vec<Reviewed<'a>>,
    /// Where the next page begins; none on the last.
    next: Option<String>,
}

/// A suggestion and a person's rating of the same report.
#[derive(Serialize, ToSchema)]
#[schema(as = Reviewed)]
struct Reviewed<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    number: Option<&'a str>,
    model: Option<&'a str>,
    version: Option<&'a str>,
    suggested_score: Option<i64>,
    suggested_band: Option<&'a str>,
    suggested_high_risk: Option<bool>,
    /// `accepted` or `overridden`; none before a person has reviewed it.
    review: Option<&'a str>,
    severity: Option<&'a str>,
    probability: Option<&'a str>,
    score: Option<i64>,
    band: Option<&'a str>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    let may = Access::Action { of: KIND, action: "review_ai" };
    routes
        .add(
            Endpoint::get("/api/ai/status", Access::Signed, "Says what reads new reports").gives::<Status>(),
            status,
        )
        .add(
            Endpoint::get("/api/ai/reviews", may, "Lists suggestions beside what people say")
                .asks::<Asked>()
                .gives::<Reviews<'_>>(),
            reviews,
        )
}

async fn status(State(app): State<App>, Caller(session): Caller) -> Answered {
    let facility = match session.actor().standing() {
        Standing::Member { seat: Seat::Facility(stamp), .. } => Some(stamp.facility.as_str()),
        _ => None,
    };
    let learns = app.learner.as_ref().zip(facility);
    let model = match learns {
        Some((learner, facility)) => Some(learner.model_of(facility)),
        None => Settings::default().scorer.map(|scorer| scorer.model()),
    };
    let (scorer, version) = model.map(|model| (model.id.into_owned(), model.version.into_owned())).unzip();
    let learner = learns.map(|(learner, facility)| learner.standing(facility).into());
    let Some(worker) = &app.worker else {
        let (provider, model, budget_left) = (None, None, None);
        return json(&Status {
            scorer,
            version,
            remote: false,
            provider,
            model,
            on_trial: false,
            budget_left,
            providers: Vec::new(),
            learner,
        });
    };
    let chosen = worker.chosen().await?;
    let on_trial = chosen.as_ref().is_some_and(|chosen| chosen.on_trial);
    let (provider, model) = chosen.map(|chosen| (chosen.processor.to_string(), chosen.model)).unzip();
    let budget_left = match facility {
        Some(facility) => Some(worker.budget_left(facility).await?),
        None => None,
    };
    let providers: Vec<Provider> = worker.providers().into_iter().map(Provider::from).collect();
    let asked =
        |one: &Provider| Some(&one.provider) == provider.as_ref() && Trained::PROCESSOR != *one.provider;
    let remote = providers.iter().any(asked);
    json(&Status { scorer, version, remote, provider, model, on_trial, budget_left, providers, learner })
}

impl From<Learned> for Learner {
    fn from(learned: Learned) -> Self {
        let Learned { reviews, compared, lead, in_charge, .. } = learned;
        Self { reviews, compared, lead, in_charge }
    }
}

impl From<eovr_core::analyst::Provider> for Provider {
    fn from(seen: eovr_core::analyst::Provider) -> Self {
        Self {
            provider: seen.processor.to_string(),
            breaker: seen.breaker,
            last_error: seen.last.map(NoAnswerReason::name),
        }
    }
}

async fn reviews(Caller(session): Caller, Params(asked): Params<Asked>) -> Answered {
    let page = session.find(&asked.query()?).await?;
    let items = page.items.iter().map(reviewed).collect();
    reply::page(page.items.len(), &Reviews { items, next: next(page.next) })
}

impl Asked {
    fn query(self) -> Result<Query, Problem> {
        let reviewed = match self.review {
            Some(Verdict::Accepted) => Test::Is("accepted".into()),
            Some(Verdict::Overridden) => Test::Is("overridden".into()),
            Some(Verdict::Pending) => Test::Absent,
            None => Test::In(vec!["accepted".into(), "overridden".into()]),
        };
        let mut query = Query::of(KIND)
            .filter(Column::Facet(name!("ai_review")), reviewed)
            .limit(page::limit(self.limit)?)
            .after(self.after.as_deref().map(page::place).transpose()?);
        if matches!(self.review, Some(Verdict::Pending)) {
            // Without a suggestion there is nothing to review.
            query = query.filter(Column::Facet(name!("ai_score")), Test::From(0.into()));
        }
        Ok(query)
    }
}

fn reviewed(record: &Record) -> Reviewed<'_> {
    let (envelope, facets) = (record.envelope(), IncidentFacets::of(record));
    Reviewed {
        id: envelope.id,
        number: envelope.number.as_deref(),
        model: facets.ai_model(),
        version: facets.ai_version(),
        suggested_score: facets.ai_score(),
        suggested_band: facets.ai_band(),
        suggested_high_risk: facets.ai_high_risk(),
        review: facets.ai_review(),
        severity: facets.severity(),
        probability: facets.probability(),
        score: facets.risk_score(),
        band: facets.risk_band(),
        created_at: envelope.created_at,
    }
}
