//! Who made, destroyed or wrapped anew the keys that seal, and why.
//!
//! The data keys of the engine's own ring are records, whose chains say what became of each. A vault that the
//! host brings, such as MongoDB's, has no chains, and no chain says who gave a new master key. So whoever
//! changes keys enters it first and says afterwards what came of it ([`KeyChanges`]): an entry that was never
//! finished is the trace of a process that died in the middle.

use crate::access::Tiers;
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::{facet, field};
use crate::kind::{Complete, Draft, FacetSpec, FieldSpec, Kind, KindTable};
use crate::labels;
use crate::org::Stamp;
use crate::record::{RecordId, ValueType};
use crate::service::Session;
use crate::workflow::{Label, May, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: &str = "key_change";

labels! {
    /// What is done to keys.
    pub enum Change {
        /// A new one is made, and seals from now on.
        Rotate = "rotate",
        /// One is destroyed, with all that it has sealed. A person decides that.
        Destroy = "destroy",
        /// All are wrapped under another master key.
        Rewrap = "rewrap",
    }
}

labels! {
    /// Where the keys are.
    pub enum Place {
        /// In the engine's own ring: records of the kind `data_key`.
        Ring = "ring",
        /// In a vault that the host brought.
        Vault = "vault",
    }
}

labels! {
    /// The states of an entry.
    pub enum State {
        /// About to be done, or broken off in the middle.
        Begun = "begun",
        /// Done.
        Done = "done",
        /// Not done.
        Failed = "failed",
    }
}

labels! {
    /// What can be done with an entry.
    pub enum Action {
        /// Say what is about to be done.
        Begin = "begin",
        /// Say that it was done.
        Finish = "finish",
        /// Say that it was not.
        Fail = "fail",
    }
}

struct ChangeWorkflow;

impl Workflow for ChangeWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Begun;
    const ENDS: &'static [State] = &[State::Done, State::Failed];
    const CREATE: Action = Action::Begin;

    const MAY: &'static [May<Action>] = &[
        May::new(Action::Begin, (5, 5), &["change", "place", "purpose", "key", "reason"]).with_proof(),
        May::new(Action::Finish, (5, 5), &["key"]),
        May::new(Action::Fail, (5, 5), &["error"]),
    ];

    const RULES: &'static [Row<State, Action>] = &[
        Row::to(&[State::Begun], Action::Finish, State::Done, &[]),
        Row::to(&[State::Begun], Action::Fail, State::Failed, &[]),
    ];
}

pub(super) fn kind() -> Result<Kind> {
    let choice = |name: &str, names: Vec<&'static str>| {
        Ok::<_, Error>(FacetSpec { required: true, ..FacetSpec::choice(name, names)? })
    };
    let kind = Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        facets: vec![
            choice("change", Change::ALL.iter().map(|change| change.name()).collect())?,
            choice("place", Place::ALL.iter().map(|place| place.name()).collect())?,
            facet("purpose", ValueType::Text)?,
            facet("key", ValueType::Text)?,
            facet("error", ValueType::Text)?,
        ],
        fields: vec![FieldSpec { required: true, original: true, ..field("reason")? }],
        ..KindTable::new(KIND, Table::of::<ChangeWorkflow>()?)?
    })?;
    Ok(kind.completed_by(ByPeople))
}

/// What is gone for good a person has decided.
#[derive(Debug)]
struct ByPeople;

impl Complete for ByPeople {
    fn complete(&self, draft: &mut Draft<'_>) -> Result<()> {
        let destroys = draft.facet("change").is_some_and(|change| *change == Change::Destroy.name().into());
        if draft.is_new() && destroys && !draft.actor().is_human() {
            return Err(Error::new(ErrorKind::Denied, "a machine may not destroy keys")
                .with_help("a person of tier 5 may"));
        }
        Ok(())
    }
}

/// What is about to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// What.
    pub change: Change,
    /// Where.
    pub place: Place,
    /// What the key is for, as the ring calls it; none where that is not asked.
    pub purpose: Option<&'static str>,
    /// The key's id, where there is one key that it is about.
    pub key: Option<RecordId>,
    /// Why, and by whom where the account does not say. Sealed.
    pub reason: String,
}

/// The entries of those who change keys, made by one of them.
#[derive(Clone, Debug)]
pub struct KeyChanges {
    session: Session,
}

impl KeyChanges {
    /// For whoever has this session.
    pub fn of(session: &Session) -> Self {
        Self { session: session.clone() }
    }

    /// Says what is about to be done; nothing is done to a key before this returns.
    ///
    /// # Errors
    /// `Denied` below tier 5, and for a machine that would destroy a key; `InvalidInput` where no reason is given;
    /// what the store says.
    pub async fn begin(&self, intent: Intent) -> Result<RecordId> {
        let Intent { change, place, purpose, key, reason } = intent;
        let eovr = self.session.eovr();
        let command = Command::new(Action::Begin)
            .set("change", change.name())
            .set("place", place.name())
            .set_some("purpose", purpose)
            .set_some("key", key)
            .write("reason", reason);
        let id = eovr.new_id(eovr.now(), &mut eovr.entropy()?);
        let kind = eovr.catalog().kind(KIND)?.clone();
        let decide = || self.session.decide_new(&kind, id, Stamp::national(), None, command.clone());
        eovr.commit_sealed(decide).await.map(|_| id)
    }

    /// Says what came of it: done, with the key that was made where one was; or not, and by which kind of error.
    /// What is uncertain stays begun.
    ///
    /// # Errors
    /// What the store says; the entry stays begun then.
    pub async fn end<T>(&self, id: RecordId, came: &Result<T>, made: Option<RecordId>) -> Result<()> {
        let command = match came {
            Ok(_) => Command::new(Action::Finish).set_some("key", made),
            Err(error) if error.kind() == ErrorKind::Uncertain => return Ok(()),
            Err(error) => Command::new(Action::Fail).set("error", error.kind().name()),
        };
        self.session.act(KIND, id, command).await.map(drop)
    }
}
