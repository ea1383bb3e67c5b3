use serde::Serialize;

use crate::audit::event::{Hex, hash};
use crate::audit::{StoredEvent, content_digest};
use crate::record::{Head, Record};

/// What a verifier found in one chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// The chain is whole, and the record is what its last event left.
    Intact {
        /// How many events it has.
        events: u64,
    },
    /// Something is wrong; the first thing found.
    Broken {
        /// The place in the chain, from 1.
        seq: u64,
        /// What is wrong there.
        finding: String,
    },
}

impl Verdict {
    /// Whether nothing was found.
    pub fn is_intact(&self) -> bool {
        matches!(self, Self::Intact { .. })
    }
}

/// Checks the whole chain of a record, and the record against it.
///
/// Needs no key: what is sealed is covered as it stands. Finds any event that was changed, removed,
/// added or moved, and a record that was changed or set back without an event. Who can rewrite the
/// whole chain and the record can still deceive it; signed checkpoints kept elsewhere are for that
/// (`audit::log`).
pub fn verify(record: &Record, events: &[StoredEvent]) -> Verdict {
    let mut head = Head::EMPTY;
    let mut content = String::new();
    let mut last_at = None;
    for (stored, seq) in events.iter().zip(1..) {
        let broken = |finding: &str| Verdict::Broken { seq, finding: finding.to_owned() };
        if hash(&stored.body) != stored.hash {
            return broken("the event is not the one that was hashed");
        }
        let Ok(event) = stored.read() else {
            return broken("the event cannot be read");
        };
        if event.record != record.id().to_string() || event.kind != record.envelope.kind {
            return broken("the event belongs to another record");
        }
        if event.seq != seq {
            return broken("an event is missing or stands twice before this one");
        }
        if event.prev != Hex(&head.hash).to_string() {
            return broken("the event does not follow from the one before it");
        }
        head = Head { seq, hash: stored.hash };
        content = event.content;
        last_at = Some(event.at);
    }
    let broken = |finding: &str| Verdict::Broken { seq: head.seq, finding: finding.to_owned() };
    if head != record.envelope.head {
        return broken(
            "the record names another last event: events were cut off, or the record was set back",
        );
    }
    if last_at != Some(record.envelope.updated_at) || content != Hex(&content_digest(record)).to_string() {
        return broken("the record is not what its last event left");
    }
    Verdict::Intact { events: head.seq }
}
