//! Aggregate counts by state, month and place. Disposed reports are left out.

use eovr_core::analytics::Source;
use eovr_core::incident::{Apart, Comparison, Level, Months, OfPlace, Summary};
use eovr_core::record::Value;
use eovr_core::{Name, Result};
use eovr_host::http::body::Params;
use eovr_host::http::caller::Caller;
use eovr_host::http::reply::{Answered, json};
use eovr_host::http::routes::{Access, Endpoint, Routes};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::values;

pub(super) const OF: Name = Name::from_static("analytics");

/// What is counted, apart.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    State,
    Severity,
    HighRisk,
}

/// Which places are compared.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Places {
    Governorate,
    Administration,
    Facility,
}

/// Which months, and what is counted apart.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedTrend {
    /// What is counted apart: `state`, `severity` or `high_risk`; nothing where nothing is said.
    #[param(inline)]
    by: Option<By>,
    /// The first month, such as `2026-01`.
    #[param(value_type = Option<values::Month>, inline)]
    from: Option<Month>,
    /// The last month.
    #[param(value_type = Option<values::Month>, inline)]
    to: Option<Month>,
}

/// Which places, which months, and what is counted apart.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedComparison {
    /// `governorate`, `administration` or `facility`.
    #[param(inline)]
    level: Option<Places>,
    /// What is counted apart: `state`, `severity` or `high_risk`; nothing where nothing is said.
    #[param(inline)]
    by: Option<By>,
    /// The first month, such as `2026-01`.
    #[param(value_type = Option<values::Month>, inline)]
    from: Option<Month>,
    /// The last month.
    #[param(value_type = Option<values::Month>, inline)]
    to: Option<Month>,
}

/// A month in the facility's time zone, as the number `yyyymm`.
#[derive(Clone, Copy)]
struct Month(u32);

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let read = || {
            let (year, month) =
                text.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2)?;
            let (year, month) = (year.parse::<u16>().ok()?, month.parse::<u8>().ok()?);
            let known = (1..=12).contains(&month) && (2000..=2099).contains(&year);
            known.then_some(Self(u32::from(year) * 100 + u32::from(month)))
        };
        read().ok_or_else(|| {
            serde::de::Error::custom(
                "invalid_input: not a month; a month such as `2026-01`, from 2000 to 2099",
            )
        })
    }
}

/// Counts by month, and who counted.
#[derive(Serialize, ToSchema)]
pub(crate) struct Trend<'a> {
    /// `memory`, `store` or `both`.
    source: &'static str,
    /// The month of the first report in scope; none before the first report.
    since: Option<String>,
    cells: Vec<MonthCount<'a>>,
}

/// One count of a month.
#[derive(Serialize, ToSchema)]
struct MonthCount<'a> {
    /// The month, such as `2026-01`.
    month: String,
    /// The value that is counted apart; none where it is not set, or nothing is counted apart.
    #[schema(value_type = Option<Grouped>)]
    value: Option<&'a Value>,
    /// None in a month before there was data, or to come.
    count: Option<u64>,
}

/// Counts by place, and who counted.
#[derive(Serialize, ToSchema)]
pub(crate) struct Compared<'a> {
    /// `memory`, `store` or `both`.
    source: &'static str,
    /// What has to stand beside them.
    note: Note,
    cells: Vec<PlaceCount<'a>>,
}

/// Words in both languages.
#[derive(Serialize, ToSchema)]
struct Note {
    en: &'static str,
    ar: &'static str,
}

/// One count of a place.
#[derive(Serialize, ToSchema)]
struct PlaceCount<'a> {
    /// The place's id.
    place: &'a str,
    /// The value that is counted apart; none where it is not set, or nothing is counted apart.
    #[schema(value_type = Option<Grouped>)]
    value: Option<&'a Value>,
    count: u64,
    /// All of the place's reports in these months.
    of: u64,
}

/// A value by which figures are counted apart.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it says what a value is; the value itself is the engine's")]
enum Grouped {
    /// A state or a severity.
    Code(String),
    /// Whether of high risk.
    Flag(bool),
}

/// How many there are, by state and severity.
#[derive(Serialize, ToSchema)]
pub(crate) struct Overview<'a> {
    total: u64,
    /// Of high risk, and not yet completed.
    high_risk: u64,
    /// Reported, and not reviewed yet.
    pending_review: u64,
    /// Not completed in time.
    overdue: u64,
    /// After so many days an incident is overdue.
    days_to_complete: i64,
    cells: Vec<SummaryCell<'a>>,
}

#[derive(Serialize, ToSchema)]
struct SummaryCell<'a> {
    state: &'a str,
    severity: Option<&'a str>,
    count: u64,
}

pub(super) fn routes(routes: Routes<App>) -> Routes<App> {
    let may = |action| Access::Action { of: OF, action };
    routes
        .add(
            Endpoint::get("/api/analytics/summary", may("summary"), "Counts by state and severity")
                .gives::<Overview<'_>>(),
            summary,
        )
        .add(
            Endpoint::get("/api/analytics/trends", may("trends"), "Counts by month")
                .asks::<AskedTrend>()
                .gives::<Trend<'_>>(),
            trends,
        )
        .add(
            Endpoint::get("/api/analytics/compare", may("compare"), "Counts by place")
                .asks::<AskedComparison>()
                .gives::<Compared<'_>>(),
            compare,
        )
}

async fn summary(Caller(session): Caller) -> Answered {
    let Summary { total, cells, high_risk, pending_review, overdue } = session.incidents().summary().await?;
    let apart = cells.iter().map(|cell| SummaryCell {
        state: &cell.state,
        severity: cell.severity.as_deref(),
        count: cell.count,
    });
    json(&Overview {
        total,
        high_risk,
        pending_review,
        overdue,
        days_to_complete: Summary::DAYS_TO_COMPLETE,
        cells: apart.collect(),
    })
}

async fn trends(Caller(session): Caller, Params(asked): Params<AskedTrend>) -> Answered {
    let months = Months { from: asked.from.map(|month| month.0), to: asked.to.map(|month| month.0) };
    let trend = session.incidents().trend(months, asked.by.map(By::apart)).await?;
    let cells = trend.months.iter().map(|cell| MonthCount {
        month: written(cell.month),
        value: cell.value.as_ref(),
        count: cell.count,
    });
    json(&Trend { source: source(trend.source), since: trend.since.map(written), cells: cells.collect() })
}

async fn compare(Caller(session): Caller, Params(asked): Params<AskedComparison>) -> Answered {
    let months = Months { from: asked.from.map(|month| month.0), to: asked.to.map(|month| month.0) };
    let level = match asked.level {
        Some(Places::Governorate) => Level::Governorate,
        Some(Places::Administration) => Level::Administration,
        Some(Places::Facility) | None => Level::Facility,
    };
    let compared = session.incidents().compare(level, months, asked.by.map(By::apart)).await?;
    let cells = compared.places.iter().map(|OfPlace { place, value, count, of }| PlaceCount {
        place,
        value: value.as_ref(),
        count: *count,
        of: *of,
    });
    let (en, ar) = Comparison::NOTE;
    json(&Compared { source: source(compared.source), note: Note { en, ar }, cells: cells.collect() })
}

impl By {
    fn apart(self) -> Apart {
        match self {
            Self::State => Apart::State,
            Self::Severity => Apart::Severity,
            Self::HighRisk => Apart::HighRisk,
        }
    }
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Store => "store",
        Source::Memory => "memory",
        Source::Both => "both",
    }
}

fn written(month: u32) -> String {
    format!("{:04}-{:02}", month / 100, month % 100)
}
