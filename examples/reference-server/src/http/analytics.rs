//! Figures: how many, since when, and where. Disposed reports are left out.

use eovr_core::analytics::Source;
use eovr_core::incident::{KIND, Summary};
use eovr_core::record::{Cell, Column, Tally, Test, Value};
use eovr_core::{Error, Name, Result};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::body::Params;
use super::caller::Caller;
use super::problem::Problem;
use super::reply::{Answered, json};
use super::routes::{Access, Endpoint, Routes};
use super::values;

const OF: &str = "analytics";

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
pub(crate) enum Level {
    Governorate,
    Administration,
    Facility,
}

/// Which months, and what is counted apart.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trend {
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
pub(crate) struct Comparison {
    /// `governorate`, `administration` or `facility`.
    #[param(inline)]
    level: Option<Level>,
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

/// A month of the facility's own calendar, as the number `yyyymm`.
#[derive(Clone, Copy)]
struct Month(i64);

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let read = || {
            let (year, month) =
                text.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2)?;
            let (year, month) = (year.parse::<u16>().ok()?, month.parse::<u8>().ok()?);
            (1..=12).contains(&month).then_some(Self(i64::from(year) * 100 + i64::from(month)))
        };
        read()
            .ok_or_else(|| serde::de::Error::custom("invalid_input: not a month; a month such as `2026-01`"))
    }
}

/// Counts, and who counted.
#[derive(Serialize, ToSchema)]
pub(crate) struct Counts<'a> {
    /// `memory`, `store` or `both`.
    source: &'static str,
    cells: Vec<Count<'a>>,
}

/// One count.
#[derive(Serialize, ToSchema)]
struct Count<'a> {
    /// The month, such as `2026-01`.
    #[serde(skip_serializing_if = "Option::is_none")]
    month: Option<String>,
    /// The place's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a str>,
    /// The value that is counted apart; none where it is not set, or nothing is counted apart.
    #[schema(value_type = Option<Grouped>)]
    value: Option<&'a Value>,
    count: u64,
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
    /// Reported, and nobody has looked yet.
    pending_review: u64,
    /// Not completed in time.
    overdue: u64,
    /// After so many days an incident is overdue.
    days_to_complete: i64,
    cells: Vec<Apart<'a>>,
}

#[derive(Serialize, ToSchema)]
struct Apart<'a> {
    state: &'a str,
    severity: Option<&'a str>,
    count: u64,
}

pub(super) fn routes(routes: Routes) -> Routes {
    let may = |action| Access::Action { of: OF, action };
    routes
        .add(
            Endpoint::get("/api/analytics/summary", may("summary"), "Counts by state and severity")
                .gives::<Overview<'_>>(),
            summary,
        )
        .add(
            Endpoint::get("/api/analytics/trends", may("trends"), "Counts by month")
                .asks::<Trend>()
                .gives::<Counts<'_>>(),
            trends,
        )
        .add(
            Endpoint::get("/api/analytics/compare", may("compare"), "Counts by place")
                .asks::<Comparison>()
                .gives::<Counts<'_>>(),
            compare,
        )
}

async fn summary(Caller(session): Caller) -> Answered {
    let Summary { total, cells, high_risk, pending_review, overdue } = session.incidents().summary().await?;
    let apart = cells.iter().map(|cell| Apart {
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

async fn trends(Caller(session): Caller, Params(asked): Params<Trend>) -> Answered {
    let tally = apart(between(Column::Month, asked.from, asked.to)?, asked.by)?;
    let figures = session.tally(&tally).await?;
    let count = |cell| {
        let (month, value, count) = parts(cell)?;
        let month =
            month.and_then(Value::as_int).map(|month| format!("{:04}-{:02}", month / 100, month % 100));
        Ok(Count { month, place: None, value, count })
    };
    answer(figures.source, figures.cells.iter().map(count).collect())
}

async fn compare(Caller(session): Caller, Params(asked): Params<Comparison>) -> Answered {
    let column = match asked.level {
        Some(Level::Governorate) => Column::Governorate,
        Some(Level::Administration) => Column::Administration,
        Some(Level::Facility) | None => Column::Facility,
    };
    let tally = apart(between(column, asked.from, asked.to)?, asked.by)?;
    let figures = session.tally(&tally).await?;
    let count = |cell| {
        let (place, value, count) = parts(cell)?;
        Ok(Count { month: None, place: place.and_then(Value::as_text), value, count })
    };
    answer(figures.source, figures.cells.iter().map(count).collect())
}

fn answer(source: Source, cells: Result<Vec<Count<'_>>, Problem>) -> Answered {
    let source = match source {
        Source::Store => "store",
        Source::Memory => "memory",
        Source::Both => "both",
    };
    json(&Counts { source, cells: cells? })
}

/// Counts by a column, of these months.
fn between(column: Column, from: Option<Month>, to: Option<Month>) -> Result<Tally> {
    let disposed = Column::Facet(Name::new("disposition")?);
    let mut tally = Tally::of(Name::new(KIND)?).filter(disposed, Test::Absent).by(column);
    if let Some(Month(from)) = from {
        tally = tally.filter(Column::Month, Test::From(from.into()));
    }
    if let Some(Month(to)) = to {
        // No month has the number after December's, and none lies between.
        tally = tally.filter(Column::Month, Test::Before((to + 1).into()));
    }
    Ok(tally)
}

fn apart(tally: Tally, by: Option<By>) -> Result<Tally> {
    Ok(match by {
        None => tally,
        Some(By::State) => tally.by(Column::State),
        Some(By::Severity) => tally.by(Column::Facet(Name::new("severity")?)),
        Some(By::HighRisk) => tally.by(Column::Facet(Name::new("high_risk")?)),
    })
}

/// The first column's value, the second's, and the count.
fn parts(cell: &Cell) -> Result<(Option<&Value>, Option<&Value>, u64), Problem> {
    match cell.key.as_slice() {
        [first] => Ok((first.as_ref(), None, cell.count)),
        [first, second] => Ok((first.as_ref(), second.as_ref(), cell.count)),
        _ => Err(Error::bug("a cell has a value for each column").into()),
    }
}
