use serde::Serialize;

use crate::error::Result;
use crate::incident::{KIND, State};
use crate::name;
use crate::record::{Column, Tally, TallyCell, Test};
use crate::service::Session;
use crate::workflow::Label;

/// The number of incidents in scope, by state and severity. Disposed reports are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// All incidents.
    pub total: u64,
    /// One entry for each combination that occurs.
    pub cells: Vec<StateBySeverity>,
    /// High risk, by a person's rating or the scorer's flag, and not yet completed.
    pub high_risk: u64,
    /// Reported, and not yet taken up.
    pub pending_review: u64,
    /// Not completed within [`Summary::DAYS_TO_COMPLETE`] days of the report.
    pub overdue: u64,
}

/// One cell of a summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StateBySeverity {
    /// The state.
    pub state: String,
    /// The severity's code. `None` where the incident is not rated.
    pub severity: Option<String>,
    /// The number of incidents.
    pub count: u64,
}

impl Summary {
    /// An incident that is not completed after this many days is overdue: the 45 calendar days that Joint Commission
    /// International allows for the analysis of a sentinel event.
    pub const DAYS_TO_COMPLETE: i64 = 45;
}

pub(super) async fn of(session: &Session) -> Result<Summary> {
    let open = |tally: Tally| tally.filter(Column::State, Test::Not(State::Completed.into()));
    let by_severity = standing().by(Column::State).by(Column::Facet(name!("severity")));
    let cells: Vec<_> = session.tally(&by_severity).await?.cells.into_iter().map(cell).collect();
    let count = |state: Option<State>| {
        let of = cells.iter().filter(|cell| state.is_none_or(|state| cell.state == state.name()));
        of.map(|cell| cell.count).sum::<u64>()
    };
    let limit = session.eovr().now().plus_seconds(-Summary::DAYS_TO_COMPLETE * 24 * 3600);
    let high_risk = open(standing().filter(Column::Facet(name!("high_risk")), Test::Is(true.into())));
    let overdue = open(standing().filter(Column::Created, Test::Before(limit.into())));
    Ok(Summary {
        total: count(None),
        high_risk: total(&session.tally(&high_risk).await?.cells),
        pending_review: count(Some(State::Created)),
        overdue: total(&session.tally(&overdue).await?.cells),
        cells,
    })
}

/// Counts of all incidents that are not disposed of.
pub(super) fn standing() -> Tally {
    Tally::of(KIND).filter(Column::Facet(name!("disposition")), Test::Absent)
}

fn total(cells: &[TallyCell]) -> u64 {
    cells.iter().map(|cell| cell.count).sum()
}

fn cell(cell: TallyCell) -> StateBySeverity {
    let mut key =
        cell.key.into_iter().map(|value| value.and_then(|value| value.as_text().map(str::to_owned)));
    StateBySeverity {
        state: key.next().flatten().unwrap_or_default(),
        severity: key.next().flatten(),
        count: cell.count,
    }
}
