//! Figures over time and over places. What each of them means stands in [`crate::docs::figures`].

use std::collections::BTreeMap;

use crate::analytics::Source;
use crate::error::{Error, Result};
use crate::incident::KIND;
use crate::incident::summary::{facet, standing};
use crate::name::Name;
use crate::org::{OrgId, Stamp};
use crate::record::{Cell, Column, Tally, Test, Value};
use crate::service::Session;

/// Which months of the years 2000 to 2099, first and last included, as `yyyymm` on the facilities' own calendars.
/// An end that is open is where the data ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Months {
    /// The first; open: the month of the first report in scope.
    pub from: Option<u32>,
    /// The last; open: this month.
    pub to: Option<u32>,
}

/// What is counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Apart {
    /// The state.
    State,
    /// The severity that a person has given.
    Severity,
    /// Whether of high risk.
    HighRisk,
}

/// Which places are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Governorates.
    Governorate,
    /// Administrations.
    Administration,
    /// Facilities.
    Facility,
}

/// How many were reported, month by month. Disposed reports are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trend {
    /// The month of the first report in scope, as `yyyymm`; none where nobody has reported yet. Of the months
    /// before it nothing is known.
    pub since: Option<u32>,
    /// Every month that was asked for, in order. Counted apart, one for each value that occurs in it.
    pub months: Vec<OfMonth>,
    /// Who counted.
    pub source: Source,
}

/// One count of a trend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfMonth {
    /// The month, as `yyyymm`.
    pub month: u32,
    /// The value that is counted apart; none where it is not set, or nothing is counted apart.
    pub value: Option<Value>,
    /// How many; none in a month before there was data or that is still to come, which is not the same as
    /// nothing having happened.
    pub count: Option<u64>,
}

/// How many were reported, place by place. Disposed reports are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Every place in scope, by its id; also one that is no longer in the organisation, where it has reports.
    /// Counted apart, one for each value that occurs in it.
    pub places: Vec<OfPlace>,
    /// Who counted.
    pub source: Source,
}

/// One count of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfPlace {
    /// The place's id.
    pub place: String,
    /// The value that is counted apart; none where it is not set, or nothing is counted apart.
    pub value: Option<Value>,
    /// How many.
    pub count: u64,
    /// Of how many: all of the place's reports in these months.
    pub of: u64,
}

impl Comparison {
    /// What stands beside every comparison, in English and Arabic.
    pub const NOTE: (&'static str, &'static str) = (
        "Counts of reports are not a ranking: where more is reported, more is seen, and care may well be safer.",
        "أعداد البلاغات ليست ترتيبًا للمنشآت: كثرة الإبلاغ تعني أن ما يقع يُرى، وقد تكون الرعاية أكثر أمانًا.",
    );
}

pub(super) async fn trend(session: &Session, asked: Months, apart: Option<Apart>) -> Result<Trend> {
    let asked = asked.checked()?;
    let figures = session.tally(&split(asked.of(Column::Month)?, apart)?).await?;
    // Whoever was disposed of was reported all the same: from then on there was somebody who reports.
    let all = session.tally(&Tally::of(Name::new(KIND)?).by(Column::Month)).await?;
    let since = all.cells.iter().filter_map(|cell| month(cell.key.first()?.as_ref())).min();
    let mut by_month: BTreeMap<u32, Vec<(Option<Value>, u64)>> = BTreeMap::new();
    for cell in figures.cells {
        if let (Some(Some(of)), value, count) = parts(cell, |first| month(first.as_ref())) {
            by_month.entry(of).or_default().push((value, count));
        }
    }
    let this = session.eovr().now().month(&jiff::tz::TimeZone::UTC);
    // East of Greenwich the next month may have begun.
    let this = by_month.keys().next_back().map_or(this, |last| this.max(*last));
    let last = asked.to.unwrap_or(this);
    let mut months = Vec::new();
    let mut at = asked.from.or(since).unwrap_or(u32::MAX);
    while at <= last {
        match by_month.remove(&at) {
            Some(cells) => months.extend(cells.into_iter().map(|(value, count)| OfMonth {
                month: at,
                value,
                count: Some(count),
            })),
            None => {
                let known = since.is_some_and(|since| (since..=this).contains(&at));
                months.push(OfMonth { month: at, value: None, count: known.then_some(0) });
            }
        }
        at = next(at);
    }
    Ok(Trend { since, months, source: figures.source })
}

pub(super) async fn compare(
    session: &Session,
    level: Level,
    asked: Months,
    apart: Option<Apart>,
) -> Result<Comparison> {
    let figures = session.tally(&split(asked.checked()?.of(level.column())?, apart)?).await?;
    let scope = session.scope();
    let in_scope = session.eovr().org().stamps().filter(|stamp| scope.covers(stamp));
    let mut by_place: BTreeMap<String, Vec<(Option<Value>, u64)>> =
        in_scope.map(|stamp| (level.of(stamp).to_string(), Vec::new())).collect();
    for cell in figures.cells {
        let id = |first: Option<Value>| first.and_then(|id| id.as_text().map(str::to_owned));
        if let (Some(Some(place)), value, count) = parts(cell, id) {
            by_place.entry(place).or_default().push((value, count));
        }
    }
    let mut places = Vec::with_capacity(by_place.len());
    for (place, cells) in by_place {
        let of = cells.iter().map(|(_, count)| count).sum();
        if cells.is_empty() {
            places.push(OfPlace { place, value: None, count: 0, of });
            continue;
        }
        places.extend(cells.into_iter().map(|(value, count)| OfPlace {
            place: place.clone(),
            value,
            count,
            of,
        }));
    }
    Ok(Comparison { places, source: figures.source })
}

impl Months {
    /// The months that may be asked for: no report is older, and a trend has an end.
    const KNOWN: std::ops::RangeInclusive<u32> = 200_001..=209_912;

    fn checked(self) -> Result<Self> {
        let wrong = |month: &u32| !(1..=12).contains(&(month % 100)) || !Self::KNOWN.contains(month);
        match [self.from, self.to].iter().flatten().any(wrong) {
            true => Err(Error::invalid("that is not a month")
                .with_help("give year and month as 202601, in the years 2000 to 2099")),
            false => Ok(self),
        }
    }

    /// Counts of these months.
    fn of(self, column: Column) -> Result<Tally> {
        let mut tally = standing()?.by(column);
        if let Some(from) = self.from {
            tally = tally.filter(Column::Month, Test::From(i64::from(from).into()));
        }
        if let Some(to) = self.to {
            // No month has the number after December's, and none lies between.
            tally = tally.filter(Column::Month, Test::Before((i64::from(to) + 1).into()));
        }
        Ok(tally)
    }
}

impl Level {
    fn column(self) -> Column {
        match self {
            Self::Governorate => Column::Governorate,
            Self::Administration => Column::Administration,
            Self::Facility => Column::Facility,
        }
    }

    fn of(self, stamp: &Stamp) -> &OrgId {
        match self {
            Self::Governorate => &stamp.governorate,
            Self::Administration => &stamp.administration,
            Self::Facility => &stamp.facility,
        }
    }
}

fn split(tally: Tally, apart: Option<Apart>) -> Result<Tally> {
    Ok(match apart {
        None => tally,
        Some(Apart::State) => tally.by(Column::State),
        Some(Apart::Severity) => tally.by(facet("severity")?),
        Some(Apart::HighRisk) => tally.by(facet("high_risk")?),
    })
}

/// The first column's value, read; the second's; and the count.
fn parts<T>(cell: Cell, read: impl Fn(Option<Value>) -> T) -> (Option<T>, Option<Value>, u64) {
    let Cell { key, count } = cell;
    let mut key = key.into_iter();
    (key.next().map(read), key.next().flatten(), count)
}

fn month(value: Option<&Value>) -> Option<u32> {
    value.and_then(Value::as_int).and_then(|month| u32::try_from(month).ok())
}

fn next(month: u32) -> u32 {
    if month % 100 == 12 { month + 89 } else { month + 1 }
}
