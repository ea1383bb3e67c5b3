//! Walks a chain backwards: it undoes each change and compares the result with the state that the previous event
//! left.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use crate::audit::Verdict;
use crate::audit::chain::{CHANGED, OTHERWISE, Seen};
use crate::audit::content::{Known, Past};
use crate::audit::event::{DIGEST, Hex, unhex};
use crate::audit::message::Message;
use crate::kind::Kind;
use crate::name::Name;
use crate::record::{Record, Value, ValueType};

/// Compares every state of a record with its events and with the messages of the feed. `None`: all match.
pub(super) fn back(
    kind: &Kind,
    record: &Record,
    events: &[Seen<'_>],
    told: &[Option<Message<'_>>],
) -> Option<Verdict> {
    let mut past = Past::of(record);
    let last = events.len() as u64;
    for (index, event) in events.iter().enumerate().rev() {
        let seq = index as u64 + 1;
        if !fits(&past, event) {
            let finding = if seq == last {
                CHANGED
            } else {
                "the record was changed after this event without an event for the change"
            };
            return Some(Verdict::broken(seq, finding));
        }
        let tells = |index: usize| told.get(index).and_then(Option::as_ref);
        if tells(index).is_some_and(|told| !told.tells_after(&past)) {
            return Some(Verdict::broken(seq, OTHERWISE));
        }
        if tells(index + 1).is_some_and(|told| !told.tells_before(&past)) {
            return Some(Verdict::broken(seq + 1, OTHERWISE));
        }
        if index == 0 {
            break;
        }
        match undo(kind, &mut past, event) {
            Undone::Done => {}
            // There is nothing to compare, because an older release did not record the value, or the kind has lost a
            // facet since.
            Undone::Unknown => return None,
            Undone::Unfit => {
                return Some(Verdict::broken(seq, "the event does not describe the change that was made"));
            }
        }
    }
    None
}

fn fits(past: &Past<'_>, event: &Seen<'_>) -> bool {
    let content = past.content().is_none_or(|content| Hex(&content).is(&event.content));
    let by_digest = event.by_digest.as_ref();
    content && by_digest.is_none_or(|digest| Hex(&past.by_digest()).is(digest))
}

enum Undone {
    Done,
    Unknown,
    Unfit,
}

fn undo(kind: &Kind, past: &mut Past<'_>, event: &Seen<'_>) -> Undone {
    let Some(from) = event.from.as_deref().and_then(|from| Name::new(from).ok()) else {
        return Undone::Unfit;
    };
    past.state = from;
    past.version -= 1;
    for (name, change) in &event.changes {
        let Ok(name) = Name::new(name) else { return Undone::Unfit };
        // Includes a field that this node's kind does not have and another node's kind does.
        let is_field = kind.field(name.as_str()).is_some() || past.sealed.contains_key(&name);
        let undone = match is_field {
            true => undo_field(past, name, &change.before, &change.after),
            false => undo_facet(kind, past, name, &change.before, &change.after),
        };
        if !matches!(undone, Undone::Done) {
            return undone;
        }
    }
    Undone::Done
}

fn undo_field(past: &mut Past<'_>, name: Name, before: &Json, after: &Json) -> Undone {
    let bytes = |json: &Json| match json {
        Json::Null => Some(None),
        Json::String(text) => STANDARD.decode(text).ok().map(Some),
        _ => None,
    };
    let (Some(before), Some(after)) = (bytes(before), bytes(after)) else { return Undone::Unfit };
    if past.sealed.get(&name) != after.as_ref() {
        return Undone::Unfit;
    }
    match before {
        Some(before) => past.sealed.insert(name, before),
        None => past.sealed.remove(&name),
    };
    Undone::Done
}

fn undo_facet(kind: &Kind, past: &mut Past<'_>, name: Name, before: &Json, after: &Json) -> Undone {
    // An older release records only that a silent facet has a value.
    if [before, after].iter().any(|json| json.as_bool() == Some(true)) && is_silent(kind, &name) {
        return Undone::Unknown;
    }
    let value_type = kind.facet(name.as_str()).map(|spec| spec.value_type);
    let value_type = value_type.or_else(|| match past.facets.get(&name) {
        Some(Known::Value(value)) => Some(value.value_type()),
        _ => None,
    });
    let Some(value_type) = value_type else { return Undone::Unknown };
    let (Some(before), Some(after)) = (known(before, value_type), known(after, value_type)) else {
        return Undone::Unfit;
    };
    if !same(past.facets.get(&name), after.as_ref()) {
        return Undone::Unfit;
    }
    match before {
        Some(before) => past.facets.insert(name, before),
        None => past.facets.remove(&name),
    };
    Undone::Done
}

fn is_silent(kind: &Kind, name: &Name) -> bool {
    kind.facet(name.as_str()).is_some_and(|spec| spec.silent && spec.value_type != ValueType::Bool)
}

/// What an event says about a value: that there is none, the value, or its digest.
fn known(json: &Json, value_type: ValueType) -> Option<Option<Known>> {
    Some(match json {
        Json::Null => None,
        Json::Object(silent) => Some(Known::Digest(unhex(silent.get(DIGEST)?.as_str()?)?)),
        value => Some(Known::Value(match (value_type, value) {
            (ValueType::Text, Json::String(text)) => Value::from(text.as_str()),
            (ValueType::Int, Json::Number(int)) => Value::Int(int.as_i64()?),
            (ValueType::Bool, Json::Bool(bool)) => Value::Bool(*bool),
            (ValueType::Time, Json::String(at)) => Value::Time(at.parse().ok()?),
            (ValueType::Bytes, Json::String(bytes)) => Value::Bytes(STANDARD.decode(bytes).ok()?),
            _ => return None,
        })),
    })
}

fn same(there: Option<&Known>, told: Option<&Known>) -> bool {
    use crate::audit::content::value_digest;
    match (there, told) {
        (None, None) => true,
        (Some(Known::Value(there)), Some(Known::Value(told))) => there == told,
        (Some(Known::Digest(there)), Some(Known::Digest(told))) => there == told,
        (Some(Known::Value(value)), Some(Known::Digest(digest)))
        | (Some(Known::Digest(digest)), Some(Known::Value(value))) => value_digest(value) == *digest,
        _ => false,
    }
}
