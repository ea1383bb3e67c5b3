//! `GET /api/incidents`: a page of the incidents in the caller's scope.
//!
//! The page is serialized directly from the records, without opening sealed fields or copying values.

use axum::extract::State as Shared;
use eovr_core::Timestamp;
use eovr_core::incident::{IncidentFacets, KIND, State, taxonomy};
use eovr_core::name;
use eovr_core::org::OrgId;
use eovr_core::record::{Column, Listed, Query, RecordId, Test};
use eovr_core::risk::Band;
use eovr_core::workflow::Label;
use eovr_host::http::auth::Trace;
use eovr_host::http::body::Params;
use eovr_host::http::caller::Caller;
use eovr_host::http::page;
use eovr_host::http::problem::Problem;
use eovr_host::http::reply::{self, Answered};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};

use super::super::app::App;
use super::super::values;

/// Which incidents. All that is given must hold.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filters {
    /// A state.
    #[param(value_type = Option<values::State>, inline)]
    state: Option<String>,
    /// A facility.
    #[param(value_type = Option<values::PlaceId>, inline)]
    facility: Option<String>,
    /// A category of the taxonomy.
    #[param(value_type = Option<values::Category>, inline)]
    category: Option<String>,
    /// A severity, as a person rated it.
    #[param(value_type = Option<values::ShortCode>, inline)]
    severity: Option<String>,
    /// A band of risk, as a person rated it: `low`, `medium`, `high`, `extreme`.
    #[param(value_type = Option<values::Band>, inline)]
    band: Option<String>,
    /// Reported at this moment or later.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Reported before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// Where the page before ended: its `next`.
    #[param(value_type = Option<values::Place>, inline)]
    after: Option<String>,
    /// How many, 1 to 100; 50 where nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// A page of incidents.
#[derive(Serialize, ToSchema)]
pub(crate) struct Page<'a> {
    /// The incidents, newest first.
    #[schema(value_type = Vec<Item<'a>>)]
    items: Items<'a>,
    /// What to ask for `after` to get the next page; none on the last.
    #[schema(value_type = Option<String>)]
    next: Option<String>,
    /// Incidents of this page that cannot be read, as their rows in the database are damaged.
    #[schema(value_type = Vec<String>)]
    unreadable: Vec<RecordId>,
}

/// The facets of an incident that an [`Item`] shows.
const FACETS: &[&str] = &[
    "category",
    "subtype",
    "severity",
    "risk_score",
    "risk_band",
    "actual_harm",
    "ai_score",
    "ai_band",
    "high_risk",
    "disposition",
    "occurred_at",
];

/// The records of a page; each is serialized as an [`Item`].
struct Items<'a>(&'a [Listed]);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Item::of))
    }
}

/// An incident in a list: codes and times, and nothing that has to be opened.
#[derive(Serialize, ToSchema)]
pub(crate) struct Item<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: RecordId,
    number: Option<&'a str>,
    version: u64,
    state: &'a str,
    facility: &'a str,
    category: Option<&'a str>,
    subtype: Option<&'a str>,
    severity: Option<&'a str>,
    risk_score: Option<i64>,
    risk_band: Option<&'a str>,
    actual_harm: Option<&'a str>,
    ai_score: Option<i64>,
    ai_band: Option<&'a str>,
    high_risk: Option<bool>,
    disposition: Option<&'a str>,
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl<'a> Item<'a> {
    fn of(record: &'a Listed) -> Self {
        let (envelope, facets) = (record.envelope(), IncidentFacets::listed(record));
        Self {
            id: envelope.id,
            number: envelope.number.as_deref(),
            version: envelope.version,
            state: envelope.state.as_str(),
            facility: envelope.stamp.facility.as_str(),
            category: facets.category(),
            subtype: facets.subtype(),
            severity: facets.severity(),
            risk_score: facets.risk_score(),
            risk_band: facets.risk_band(),
            actual_harm: facets.actual_harm(),
            ai_score: facets.ai_score(),
            ai_band: facets.ai_band(),
            high_risk: facets.high_risk(),
            disposition: facets.disposition(),
            occurred_at: facets.occurred_at(),
            created_at: envelope.created_at,
            updated_at: envelope.updated_at,
        }
    }
}

pub(super) async fn list(
    Shared(app): Shared<App>,
    Caller(session): Caller,
    trace: Trace,
    Params(filters): Params<Filters>,
) -> Answered {
    let page = session.list(&filters.query()?, FACETS).await?;
    for id in &page.damaged {
        app.kit.auth.alarm.tampered(&id.to_string(), Some(&trace));
    }
    let (items, unreadable) = (Items(&page.items), page.damaged);
    reply::page(page.items.len(), &Page { items, next: page::next(page.next), unreadable })
}

impl Filters {
    fn query(self) -> Result<Query, Problem> {
        let limit = page::limit(self.limit)?;
        let mut query = Query::of(KIND).limit(limit);
        let mut is = |column: Column, value: Option<String>| {
            if let Some(value) = value {
                query = query.clone().filter(column, Test::Is(value.into()));
            }
        };
        is(Column::State, one_of("state", self.state, State::ALL.iter().map(|state| state.name()))?);
        let facility = self.facility.map(|facility| OrgId::new(&facility)).transpose();
        let facility = facility.map_err(|error| error.with_field("facility"))?;
        is(Column::Facility, facility.map(|facility| facility.to_string()));
        if let Some(category) = &self.category {
            taxonomy::find(category)?;
        }
        is(Column::Facet(name!("category")), self.category);
        is(Column::Facet(name!("severity")), code("severity", self.severity)?);
        is(
            Column::Facet(name!("risk_band")),
            one_of("band", self.band, Band::ALL.into_iter().map(Band::name))?,
        );
        if let Some(from) = self.from {
            query = query.filter(Column::Created, Test::From(from.into()));
        }
        if let Some(to) = self.to {
            query = query.filter(Column::Created, Test::Before(to.into()));
        }
        let after = self.after.map(|text| page::place(&text)).transpose()?;
        Ok(query.after(after))
    }
}

/// Accepts any text that a scheme could use as a code. It rejects control characters because some databases refuse them
/// in a query.
fn code(field: &'static str, value: Option<String>) -> Result<Option<String>, Problem> {
    let sane = |value: &String| value.len() <= 200 && !value.contains(char::is_control);
    match value {
        Some(value) if !sane(&value) => {
            Err(Problem::invalid(field, "it is not a code", "at most 200 bytes without control characters"))
        }
        value => Ok(value),
    }
}

/// A value that must be one of a fixed set of words.
fn one_of<'a>(
    field: &'static str,
    value: Option<String>,
    mut words: impl Iterator<Item = &'a str> + Clone,
) -> Result<Option<String>, Problem> {
    let known = |value: &String| words.clone().any(|word| word == value);
    if value.as_ref().is_none_or(known) {
        return Ok(value);
    }
    let first = words.next().unwrap_or_default().to_owned();
    let accepted = words.fold(format!("`{first}`"), |all, word| format!("{all}, `{word}`"));
    Err(Problem::invalid(field, "it is not one of the words that are known", accepted))
}
