//! The audit trail of key management: who made, destroyed or rewrapped sealing keys, and why.
//!
//! The data keys of the engine's own ring are records with audit chains. A vault of the host, such as MongoDB's, has
//! no chains, and no chain records who provided a new master key. So an administrator first enters a change of keys
//! and then enters its outcome ([`KeyChanges`]). An entry without an outcome shows that a process died during the
//! change.

use crate::access::Tiers;
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{Complete, Draft, FacetSpec, FieldSpec, Kind, KindTable};
use crate::labels;
use crate::name;
use crate::name::Name;
use crate::org::Stamp;
use crate::record::RecordId;
use crate::service::Session;
use crate::workflow::{Label, May, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: Name = Name::from_static("key_change");

labels! {
    /// The change of a key.
    pub enum KeyOperation {
        /// Make a new key, which seals from now on.
        Rotate = "rotate",
        /// Destroy a key, and with it all content that it has sealed. Only a person may do that.
        Destroy = "destroy",
        /// Wrap all keys under another master key.
        Rewrap = "rewrap",
    }
}

labels! {
    /// The place of the keys.
    pub enum KeyPlace {
        /// In the engine's own ring: records of the kind `data_key`.
        Ring = "ring",
        /// In a vault of the host.
        Vault = "vault",
    }
}

labels! {
    /// The states of an entry.
    pub enum State {
        /// Started, or interrupted.
        Begun = "begun",
        /// Done.
        Done = "done",
        /// Not done.
        Failed = "failed",
    }
}

labels! {
    /// The actions on an entry.
    pub enum Action {
        /// Enter the intended change.
        Begin = "begin",
        /// Enter that it was done.
        Finish = "finish",
        /// Enter that it was not done.
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
    let kind = Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        facets: vec![
            FacetSpec::choice(name!("change"), KeyOperation::ALL).required(),
            FacetSpec::choice(name!("place"), KeyPlace::ALL).required(),
            FacetSpec::text(name!("purpose")),
            FacetSpec::text(name!("key")),
            FacetSpec::text(name!("error")),
        ],
        fields: vec![FieldSpec::text(name!("reason"), 0..=500).required().original()],
        ..KindTable::new(KIND, Table::of::<ChangeWorkflow>()?)
    })?;
    Ok(kind.completed_by(ByPeople))
}

/// Only a person may destroy a key, because its content is lost for good.
#[derive(Debug)]
struct ByPeople;

impl Complete for ByPeople {
    fn complete(&self, draft: &mut Draft<'_>) -> Result<()> {
        let destroys = draft.facet("change").is_some_and(|change| *change == KeyOperation::Destroy.into());
        if draft.is_new() && destroys && !draft.actor().is_human() {
            return Err(Error::new(ErrorKind::Denied, "a machine cannot destroy keys")
                .with_help("let a person of tier 5 do it"));
        }
        Ok(())
    }
}

/// The intended change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The change.
    pub change: KeyOperation,
    /// The place of the key.
    pub place: KeyPlace,
    /// The purpose of the key, as the ring names it; `None` where it does not matter.
    pub purpose: Option<&'static str>,
    /// The id of the affected key; `None` where there is not exactly one.
    pub key: Option<RecordId>,
    /// The reason, and the administrator's name where the account does not show it. Sealed.
    pub reason: String,
}

/// The entries of key changes, through one actor's session.
#[derive(Clone, Debug)]
pub struct KeyChanges {
    session: Session,
}

impl KeyChanges {
    /// The entries, made with this session.
    pub fn of(session: &Session) -> Self {
        Self { session: session.clone() }
    }

    /// Enters the intended change. KeyOperation the key only after this has returned.
    ///
    /// # Errors
    /// `Denied` below tier 5, and for a machine that would destroy a key; `InvalidInput` without a reason; errors of
    /// the store.
    pub async fn begin(&self, intent: Intent) -> Result<RecordId> {
        let Intent { change, place, purpose, key, reason } = intent;
        let eovr = self.session.eovr();
        let command = Command::new(Action::Begin)
            .set("change", change)
            .set("place", place)
            .set_some("purpose", purpose)
            .set_some("key", key)
            .write("reason", reason);
        let id = eovr.new_id(eovr.now(), &mut eovr.entropy()?);
        let kind = eovr.catalog().kind(&KIND)?.clone();
        let decide = || self.session.decide_new(&kind, id, Stamp::national(), None, command.clone());
        eovr.commit_sealed(decide).await.map(|_| id)
    }

    /// Enters the outcome: done, with the id of a new key; or not done, with the kind of the error. After an
    /// `Uncertain` error the entry stays begun.
    ///
    /// # Errors
    /// Errors of the store; then the entry stays begun.
    pub async fn end<T>(&self, id: RecordId, came: &Result<T>, made: Option<RecordId>) -> Result<()> {
        let command = match came {
            Ok(_) => Command::new(Action::Finish).set_some("key", made),
            Err(error) if error.kind() == ErrorKind::Uncertain => return Ok(()),
            Err(error) => Command::new(Action::Fail).set("error", error.kind().name()),
        };
        self.session.act(&KIND, id, command).await.map(drop)
    }
}
