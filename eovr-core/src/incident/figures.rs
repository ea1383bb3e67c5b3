//! Figures by month and by place. [`crate::docs::figures`] explains each of them.

use std::collections::BTreeMap;

use crate::analytics::Source;
use crate::error::{Error, Result};
use crate::incident::KIND;
use crate::incident::summary::standing;
use crate::name;
use crate::org::{OrgId, Stamp};
use crate::record::{Column, Tally, TallyCell, Test, Value};
use crate::service::Session;

/// A range of months in the years 2000 to 2099, first and last included, as `yyyymm` on the facilities' own calendars.
/// An open end is the end of the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Months {
    /// The first month. `None`: the month of the first report in scope.
    pub from: Option<u32>,
    /// The last month. `None`: the current month.
    pub to: Option<u32>,
}

/// The facet by which counts are split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Apart {
    /// The state.
    State,
    /// The severity of a person's rating.
    Severity,
    /// Whether the incident is of high risk.
    HighRisk,
}

/// The level of the compared places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Governorates.
    Governorate,
    /// Administrations.
    Administration,
    /// Facilities.
    Facility,
}

/// The number of reports per month. Disposed reports are left out.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let report = testing::report();
/// # let id = nurse.incidents().report(&nile, report).await?.written.id;
/// let manager = eovr.session(member("manager-1", Role::AdminManager, "CAI-E")?);
/// let early = Months { from: Some(202_001), to: Some(202_002) };
/// let trend = manager.incidents().trend(early, None).await?;
/// // `None` says that there were no data yet, which differs from no report.
/// let counts: Vec<_> = trend.months.iter().map(|of| (of.month, of.count)).collect();
/// assert_eq!(counts, [(202_001, None), (202_002, None)]);
/// # Ok(()) });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trend {
    /// The month of the first report in scope, as `yyyymm`. `None` where there is no report. Nothing is known about
    /// earlier months.
    pub since: Option<u32>,
    /// Every requested month, in order. With a split, one entry for each value that occurs in it.
    pub months: Vec<OfMonth>,
    /// Where the counts come from.
    pub source: Source,
}

/// One count of a trend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfMonth {
    /// The month, as `yyyymm`.
    pub month: u32,
    /// The value of the split. `None` where it is not set, or without a split.
    pub value: Option<Value>,
    /// The number of reports. `None` for a month before the first data or in the future, which differs from 0.
    pub count: Option<u64>,
}

/// The number of reports per place. Disposed reports are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Every place in scope, by its id. A place that has left the organisation is included if it has reports. With a
    /// split, one entry for each value that occurs in it.
    pub places: Vec<OfPlace>,
    /// Where the counts come from.
    pub source: Source,
}

/// One count of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfPlace {
    /// The place's id.
    pub place: String,
    /// The value of the split. `None` where it is not set, or without a split.
    pub value: Option<Value>,
    /// The number of reports.
    pub count: u64,
    /// The total: all reports of the place in these months.
    pub of: u64,
}

impl Comparison {
    /// The note that a host must show beside every comparison, in English and Arabic.
    pub const NOTE: (&'static str, &'static str) = (
        "Counts of reports are not a ranking: where more is reported, more is seen, and care may well be safer.",
        "أعداد البلاغات ليست ترتيبًا للمنشآت: كثرة الإبلاغ تعني أن ما يقع يُرى، وقد تكون الرعاية أكثر أمانًا.",
    );
}

pub(super) async fn trend(session: &Session, asked: Months, apart: Option<Apart>) -> Result<Trend> {
    let asked = asked.checked()?;
    let figures = session.tally(&split(asked.of(Column::Month)?, apart)?).await?;
    // Disposed reports count here, because they prove that reporting had begun.
    let all = session.tally(&Tally::of(KIND).by(Column::Month)).await?;
    let since = all.cells.iter().filter_map(|cell| month(cell.key.first()?.as_ref())).min();
    let mut by_month: BTreeMap<u32, Vec<(Option<Value>, u64)>> = BTreeMap::new();
    for cell in figures.cells {
        if let (Some(Some(of)), value, count) = parts(cell, |first| month(first.as_ref())) {
            by_month.entry(of).or_default().push((value, count));
        }
    }
    let this = session.eovr().now().month(&jiff::tz::TimeZone::UTC);
    // East of Greenwich the next month may have begun already.
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
    let org = session.eovr().org();
    let in_scope = org.stamps().filter(|stamp| scope.covers(stamp));
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
    /// The accepted months: no report is older, and a trend must end.
    const KNOWN: std::ops::RangeInclusive<u32> = 200_001..=209_912;

    fn checked(self) -> Result<Self> {
        let wrong = |month: &u32| !(1..=12).contains(&(month % 100)) || !Self::KNOWN.contains(month);
        match [self.from, self.to].iter().flatten().any(wrong) {
            true => Err(Error::invalid("that is not a month")
                .with_help("give year and month as 202601, in the years 2000 to 2099")),
            false => Ok(self),
        }
    }

    /// Counts by this column within these months.
    fn of(self, column: Column) -> Result<Tally> {
        let mut tally = standing().by(column);
        if let Some(from) = self.from {
            tally = tally.filter(Column::Month, Test::From(i64::from(from).into()));
        }
        if let Some(to) = self.to {
            // `to` + 1 may be no month (202613), but no month lies between.
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
        Some(Apart::Severity) => tally.by(Column::Facet(name!("severity"))),
        Some(Apart::HighRisk) => tally.by(Column::Facet(name!("high_risk"))),
    })
}

/// The first column's value, parsed; the second column's value; the count.
fn parts<T>(cell: TallyCell, read: impl Fn(Option<Value>) -> T) -> (Option<T>, Option<Value>, u64) {
    let TallyCell { key, count } = cell;
    let mut key = key.into_iter();
    (key.next().map(read), key.next().flatten(), count)
}

fn month(value: Option<&Value>) -> Option<u32> {
    value.and_then(Value::as_int).and_then(|month| u32::try_from(month).ok())
}

fn next(month: u32) -> u32 {
    if month % 100 == 12 { month + 89 } else { month + 1 }
}
