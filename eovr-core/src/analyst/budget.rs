//! A facility's daily budget of requests. One record per day holds the count, and the commit that releases a request
//! increments it.
//!
//! A check before sending would overspend by all requests in flight, on every node. Here two concurrent increments
//! expect the same version of the record, so one of them decides again.

use crate::access::Tiers;
use crate::audit::Attested;
use crate::decide::{Command, Commit};
use crate::error::{ErrorKind, Result};
use crate::kind::{FacetSpec, Kind, KindTable};
use crate::labels;
use crate::name;
use crate::name::Name;
use crate::org::Stamp;
use crate::record::{Record, RecordId};
use crate::service::Session;
use crate::workflow::{May, Need, Row, Table, Workflow};

/// The name of the kind.
pub(super) const KIND: Name = Name::from_static("analysis_budget");

labels! {
    enum State {
        // The record of a day never leaves this state.
        Counting = "counting",
    }
}

labels! {
    enum Action {
        Begin = "begin",
        Count = "count",
    }
}

struct BudgetWorkflow;

impl Workflow for BudgetWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Counting;
    const ENDS: &'static [State] = &[State::Counting];
    const CREATE: Action = Action::Begin;

    const MAY: &'static [May<Action>] =
        &[May::new(Action::Begin, (5, 5), &["day", "asked"]), May::new(Action::Count, (5, 5), &["asked"])];

    const RULES: &'static [Row<State, Action>] =
        &[Row::stay(&[State::Counting], Action::Count, &[Need::Software])];
}

pub(super) fn kind() -> Result<Kind> {
    Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        internal: true,
        facets: vec![
            FacetSpec::text(name!("day")).required(),
            FacetSpec::int(name!("asked")).range(0..=i64::MAX).required(),
        ],
        ..KindTable::new(KIND, Table::of::<BudgetWorkflow>()?)
    })
}

/// The number of requests of one facility on one day.
pub(super) struct Budget<'a> {
    session: &'a Session,
    stamp: &'a Stamp,
    day: String,
}

impl<'a> Budget<'a> {
    /// The budget of today.
    pub(super) fn of(session: &'a Session, stamp: &'a Stamp) -> Self {
        Self { session, stamp, day: session.eovr().now().utc_day() }
    }

    /// The number of requests counted so far.
    pub(super) async fn asked(&self) -> Result<u64> {
        Ok(self.counted().await?.as_deref().map(asked).unwrap_or_default())
    }

    /// The commit that counts one more request, to be made together with it. `None`: the budget of `most` is used up.
    /// `counted` is the day's record. Where there is none yet, `before` is the known number of requests sent today.
    pub(super) async fn one_more(
        &self,
        counted: Option<Attested>,
        before: u64,
        most: u64,
    ) -> Result<Option<Commit>> {
        let now = counted.as_deref().map_or(before, asked);
        if now >= most {
            return Ok(None);
        }
        let next = i64::try_from(now.saturating_add(1)).unwrap_or(i64::MAX);
        let kind = self.session.eovr().catalog().kind(&KIND)?.clone();
        let commit = match counted {
            Some(record) => {
                let count = Command::new(Action::Count).set("asked", next).expecting(record.version());
                self.session.decide_attested(&kind, &record, count).await?
            }
            None => {
                let begin = Command::new(Action::Begin).set("day", self.day.as_str()).set("asked", next);
                self.session.decide_new(&kind, self.id(), self.stamp.clone(), None, begin)?
            }
        };
        Ok(Some(commit))
    }

    /// The day's record, or `None` before the first request.
    pub(super) async fn counted(&self) -> Result<Option<Attested>> {
        match self.session.attested(&KIND, self.id()).await {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            loaded => loaded.map(Some),
        }
    }

    fn id(&self) -> RecordId {
        let parts = [self.stamp.facility.as_str().as_bytes(), self.day.as_bytes()];
        RecordId::derived("eovr.analysis_budget.v1", &parts)
    }
}

fn asked(record: &Record) -> u64 {
    let asked = record.int("asked").unwrap_or_default();
    u64::try_from(asked).unwrap_or_default()
}
