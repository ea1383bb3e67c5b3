use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::audit::authenticator::{Authenticator, Code};
use crate::audit::event::{EventChange, Hashed, Hex};
use crate::audit::{StoredEvent, walk};
use crate::kind::{Kind, VOUCH};
use crate::record::{Head, Record};
use crate::time::Timestamp;

/// The result of verifying one chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// The chain is complete, and the record matches its last event.
    Intact {
        /// The number of events.
        events: u64,
        /// The number of events, from the first, that are covered by a code, which only a holder of the key can make.
        /// Fewer than `events` where an older release wrote the last ones; 0 where the verifier had no key.
        authenticated: u64,
    },
    /// The verifier found a fault; this is the first one.
    Broken {
        /// The place in the chain, from 1.
        seq: u64,
        /// The fault.
        finding: String,
    },
}

impl Verdict {
    /// Whether the verifier found no fault.
    pub fn is_intact(&self) -> bool {
        matches!(self, Self::Intact { .. })
    }

    pub(crate) fn broken(seq: u64, finding: &str) -> Self {
        Self::Broken { seq, finding: finding.to_owned() }
    }
}

/// Verifies the whole chain of a record, and the record against it, without a key.
///
/// Sealed values are covered as stored, without opening them. The verifier finds any event that was changed, removed,
/// added or moved, a record that was changed or set back without an event, a change that an event does not describe,
/// and a step that the workflow does not allow. An attacker who can rewrite both the whole chain and the record can
/// deceive it. [`Authenticator::verify`] uses a key that such an attacker does not have. Signed checkpoints that are
/// stored elsewhere show that a chain was removed (`audit::log`).
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
/// # let report = testing::report();
/// # let id = nurse.incidents().report(&nile, report).await?.written.id;
/// use eovr_core::audit;
///
/// let record = quality.incidents().load(id).await?;
/// let kind = eovr.catalog().kind(&KIND)?;
/// let mut events = eovr.store().events(&quality.scope(), &KIND, id).await?;
/// assert!(audit::verify(kind, &record, &events).is_intact());
/// events[0].body = events[0].body.replace("nurse-7", "nurse-8");
/// assert!(!audit::verify(kind, &record, &events).is_intact());
/// # Ok(()) });
/// ```
pub fn verify(kind: &Kind, record: &Record, events: &[StoredEvent]) -> Verdict {
    check(kind, record, events, None)
}

/// The members of an event that the verifier reads.
#[derive(Deserialize)]
pub(super) struct Seen<'e> {
    #[serde(borrow)]
    pub(super) kind: Cow<'e, str>,
    #[serde(borrow)]
    pub(super) record: Cow<'e, str>,
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    #[serde(borrow)]
    pub(super) actor: Cow<'e, str>,
    #[serde(borrow)]
    pub(super) action: Cow<'e, str>,
    #[serde(borrow, default)]
    pub(super) from: Option<Cow<'e, str>>,
    #[serde(borrow)]
    pub(super) to: Cow<'e, str>,
    pub(super) version: u64,
    #[serde(borrow)]
    rules: Cow<'e, str>,
    #[serde(borrow, default)]
    pub(super) changes: BTreeMap<Cow<'e, str>, EventChange>,
    #[serde(borrow)]
    pub(super) content: Cow<'e, str>,
    #[serde(borrow, default)]
    pub(super) by_digest: Option<Cow<'e, str>>,
    #[serde(borrow)]
    prev: Cow<'e, str>,
    #[serde(borrow, default)]
    pub(super) mac: Option<Cow<'e, str>>,
}

pub(super) fn check(
    kind: &Kind,
    record: &Record,
    events: &[StoredEvent],
    authenticator: Option<&Authenticator>,
) -> Verdict {
    let rules = Hex(kind.machine().digest()).to_string();
    let id = record.id().to_string();
    let mut head = Head::EMPTY;
    let mut authenticated = 0;
    let mut seen: Vec<Seen<'_>> = Vec::with_capacity(events.len());
    let mut told = Vec::with_capacity(events.len());
    for (stored, seq) in events.iter().zip(1..) {
        let broken = |finding: &str| Verdict::broken(seq, finding);
        let Hashed { hash, code } = Hashed::of(&stored.body);
        if hash != stored.hash {
            return broken("the event is not the one that was hashed");
        }
        let Ok(event) = serde_json::from_str::<Seen<'_>>(&stored.body) else {
            return broken("the event cannot be read");
        };
        if event.record != id || event.kind != record.envelope.kind.as_str() {
            return broken("the event belongs to another record");
        }
        if event.seq != seq || event.version != seq {
            return broken("an event is missing or stands twice before this one");
        }
        if !Hex(&head.hash).is(&event.prev) {
            return broken("the event does not follow from the one before it");
        }
        let last = seen.last();
        if event.from.as_deref() != last.map(|last| &*last.to) {
            return broken("the event begins in another state than the one before it ended in");
        }
        if last.is_some_and(|last| event.at < last.at) {
            return broken("the event is older than the one before it");
        }
        if event.rules == rules && !is_a_step(kind, &event) {
            return broken("the event leaves the workflow");
        }
        if event.mac.as_deref() != code.map(|(tag, _)| tag) {
            return broken("the code of the event does not stand at its end");
        }
        if let (Some(authenticator), Some((tag, covered))) = (authenticator, code) {
            match authenticator.check(&covered, tag) {
                Code::Good => authenticated = seq,
                Code::Forged => return broken("no holder of the key made the event"),
                Code::Unknown => return broken("this process does not have the key of the event's code"),
            }
        }
        let message = match &stored.beside {
            None => None,
            Some(beside) if !beside.fits(&event) => {
                return broken("the copies stored beside the event do not match the event");
            }
            Some(beside) => match beside.message() {
                Some(message) if message.tells(record, &event, &hash) => Some(message),
                _ => return broken(OTHERWISE),
            },
        };
        head = Head { seq, hash };
        told.push(message);
        seen.push(event);
    }
    let broken = |finding: &str| Verdict::broken(head.seq, finding);
    if head != record.envelope.head {
        return broken(
            "the record names another last event: events were cut off, or the record was set back",
        );
    }
    if authenticator.is_some_and(Authenticator::is_required) && authenticated < head.seq {
        return Verdict::broken(authenticated + 1, "the event has no code");
    }
    let Some(last) = seen.last() else { return broken("the record has no event") };
    if last.at != record.envelope.updated_at || last.to != record.state().as_str() {
        return broken(CHANGED);
    }
    match walk::back(kind, record, &seen, &told) {
        Some(verdict) => verdict,
        None => Verdict::Intact { events: head.seq, authenticated },
    }
}

pub(super) const OTHERWISE: &str = "the message in the feed does not match the event";
pub(super) const CHANGED: &str = "the record is not what its last event left";

/// Whether the kind's workflow allows this step. The caller has checked that the event was made under this workflow.
fn is_a_step(kind: &Kind, event: &Seen<'_>) -> bool {
    let machine = kind.machine();
    match event.from.as_deref() {
        None => event.action == machine.create().as_str() && event.to == machine.table().start.as_str(),
        Some(from) if VOUCH == *event.action => event.to == from,
        Some(from) => machine
            .step(from, &event.action)
            .is_some_and(|rule| event.to == rule.to.as_ref().map_or(from, |to| to.as_str())),
    }
}
