//! What a store keeps beside the bytes of an event: copies for administrators who query the database, and the message
//! of the feed. The verifier checks these too, because figures, notices and logins follow the feed.

use std::fmt;

use serde_json::Value as Json;

use crate::audit::chain::Seen;
use crate::audit::content::{Known, Past};
use crate::audit::event::Hex;
use crate::audit::message::{Facets, Message};
use crate::name::Name;
use crate::record::{Record, Value};
use crate::time::Timestamp;

/// What a store keeps beside the bytes and the hash of an event.
#[derive(Clone, PartialEq, Eq)]
pub struct Beside {
    /// The kind.
    pub kind: String,
    /// The place in the chain.
    pub seq: u64,
    /// The time.
    pub at: Timestamp,
    /// The actor.
    pub actor: String,
    /// The action.
    pub action: String,
    /// The message of the feed: [`crate::decide::Message`] as JSON.
    pub message: String,
}

/// Prints kind, place and action, and no facet of the message.
impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Beside({} {} {}, {} bytes)", self.kind, self.seq, self.action, self.message.len())
    }
}

impl Beside {
    /// Whether the copies match the event.
    pub(super) fn fits(&self, event: &Seen<'_>) -> bool {
        self.kind == event.kind
            && self.seq == event.seq
            && self.at == event.at
            && self.actor == event.actor
            && self.action == event.action
    }

    pub(super) fn message(&self) -> Option<Message<'_>> {
        Message::read(&self.message)
    }
}

impl Message<'_> {
    /// Whether the message is about this event of this record. [`Message::tells_after`] and [`Message::tells_before`]
    /// compare its facets.
    pub(super) fn tells(&self, record: &Record, event: &Seen<'_>, hash: &[u8; 32]) -> bool {
        let (envelope, stamp) = (&record.envelope, &record.envelope.stamp);
        self.is(&event.kind, &event.action)
            && self.record == event.record
            && self.version == event.version
            && self.from == event.from
            && self.to == event.to
            && self.governorate == stamp.governorate.as_str()
            && self.administration == stamp.administration.as_str()
            && self.facility == stamp.facility.as_str()
            && self.month == envelope.month
            && self.before.is_some() == event.from.is_some()
            && match &self.event {
                Some(named) => Hex(hash).is(named),
                None => event.mac.is_none(),
            }
    }

    pub(super) fn tells_after(&self, past: &Past<'_>) -> bool {
        facets_fit(&self.after, past)
    }

    pub(super) fn tells_before(&self, past: &Past<'_>) -> bool {
        self.before.as_ref().is_none_or(|before| facets_fit(before, past))
    }
}

fn facets_fit(told: &Facets<'_>, past: &Past<'_>) -> bool {
    told.iter().all(|(name, json)| {
        let Ok(name) = Name::new(name) else { return false };
        match past.facets.get(&name) {
            None => json.is_null(),
            Some(Known::Value(value)) => is(json, value),
            // No event contains the value, so it cannot be compared.
            Some(Known::Digest(_)) => true,
        }
    })
}

fn is(json: &Json, value: &Value) -> bool {
    match (value, json) {
        (Value::Text(text), Json::String(json)) => **text == **json,
        (Value::Int(int), Json::Number(json)) => json.as_i64() == Some(*int),
        (Value::Bool(bool), Json::Bool(json)) => bool == json,
        (value, json) => serde_json::to_value(value).is_ok_and(|value| value == *json),
    }
}
