use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use crate::name::Name;
use crate::record::Value;

/// What the feed and the outbox say about a change: ids, names and codes, never text of the record.
///
/// `F` holds the tallied facets: [`Tallied`] in a commit, [`Facets`] in a message that was read, or nothing in a
/// [`Headline`]. A later release may add members. It never removes or changes one, and every reader ignores members
/// that it does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message<'m, F = Facets<'m>> {
    /// Kind and action: `incident.report`.
    #[serde(borrow)]
    pub topic: Cow<'m, str>,
    /// The record's id.
    #[serde(borrow)]
    pub record: Cow<'m, str>,
    /// The record's version after the change.
    pub version: u64,
    /// The state before the change; `None` at creation.
    #[serde(borrow, default, deserialize_with = "borrowed")]
    pub from: Option<Cow<'m, str>>,
    /// The state after the change.
    #[serde(borrow)]
    pub to: Cow<'m, str>,
    /// The governorate.
    #[serde(borrow)]
    pub governorate: Cow<'m, str>,
    /// The administration.
    #[serde(borrow)]
    pub administration: Cow<'m, str>,
    /// The facility.
    #[serde(borrow)]
    pub facility: Cow<'m, str>,
    /// Year and month of creation on the facility's wall clock, as `yyyymm`.
    pub month: u32,
    /// The tallied facets before the change; `None` at creation. A facet that is not set is `null`, which differs
    /// from a facet that this release does not tally.
    pub before: Option<F>,
    /// The tallied facets after the change. With state, place and month they say how every count changed.
    pub after: F,
    /// The hash of the event, in hex. A commitment to the feed is therefore a commitment to the events. `None` in
    /// messages of releases that made no codes.
    #[serde(borrow, default, deserialize_with = "borrowed")]
    pub event: Option<Cow<'m, str>>,
}

/// The tallied facets of a record.
pub type Tallied = BTreeMap<Name, Option<Value>>;

/// The tallied facets in a message that was read. Only the kind knows their types.
pub type Facets<'m> = BTreeMap<Cow<'m, str>, serde_json::Value>;

/// A message without its facets. Reading it allocates no memory, unless a text contains an escape.
pub type Headline<'m> = Message<'m, IgnoredAny>;

impl<'m, F: Deserialize<'m>> Message<'m, F> {
    /// Reads a message of the feed or the outbox; `None` where it is not one.
    pub fn read(json: &'m str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}

impl<F> Message<'_, F> {
    /// The kind of the record; `None` where the topic names no action.
    pub fn kind(&self) -> Option<&str> {
        self.topic.split_once('.').map(|(kind, _)| kind)
    }

    /// The action; `None` where the topic names none.
    pub fn action(&self) -> Option<&str> {
        self.topic.split_once('.').map(|(_, action)| action)
    }

    /// Whether the message is about this action on a record of this kind.
    pub fn is(&self, kind: &str, action: &str) -> bool {
        self.topic.split_once('.') == Some((kind, action))
    }
}

/// Serde borrows a `Cow` and copies an `Option<Cow>`.
fn borrowed<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    #[derive(Deserialize)]
    struct Text<'m>(#[serde(borrow)] Cow<'m, str>);
    Ok(Option::<Text<'de>>::deserialize(from)?.map(|Text(text)| text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Message<'static, Tallied> {
        Message {
            topic: "incident.start".into(),
            record: "r".into(),
            version: 2,
            from: Some("created".into()),
            to: "in_progress".into(),
            governorate: "CAI".into(),
            administration: "CAI-1".into(),
            facility: "CAI-1-1".into(),
            month: 202_611,
            before: Some(Tallied::from([(Name::new("severity").unwrap(), None)])),
            after: Tallied::from([(Name::new("severity").unwrap(), Some(Value::from("minor")))]),
            event: Some("ab".into()),
        }
    }

    const WRITTEN: &str = concat!(
        r#"{"topic":"incident.start","record":"r","version":2,"from":"created","to":"in_progress","#,
        r#""governorate":"CAI","administration":"CAI-1","facility":"CAI-1-1","month":202611,"#,
        r#""before":{"severity":null},"after":{"severity":"minor"},"event":"ab"}"#,
    );

    #[test]
    fn a_message_has_the_same_bytes_in_every_release_and_is_read_back() {
        assert_eq!(serde_json::to_string(&written()).unwrap(), WRITTEN);
        let read: Message<'_> = Message::read(WRITTEN).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), WRITTEN);
        assert_eq!((read.kind(), read.action()), (Some("incident"), Some("start")));
        assert!(read.is("incident", "start") && !read.is("incident", "star") && !read.is("inciden", "start"));
        let topicless = Message { topic: "incident".into(), ..read };
        assert_eq!((topicless.kind(), topicless.action()), (None, None));
    }

    #[test]
    fn a_headline_borrows_every_text() {
        let read = Headline::read(WRITTEN).unwrap();
        let texts = [read.topic, read.record, read.to, read.governorate, read.administration, read.facility];
        let optional = [read.from, read.event].map(Option::unwrap);
        assert!(texts.iter().chain(&optional).all(|text| matches!(text, Cow::Borrowed(_))));
        let escaped = WRITTEN.replace("created", "\\u0063reated");
        assert_eq!(Headline::read(&escaped).unwrap().from.as_deref(), Some("created"));
    }

    #[test]
    fn members_of_a_later_release_are_ignored_and_missing_ones_are_not() {
        let later = WRITTEN.replace("\"month\"", "\"week\":48,\"month\"");
        assert_eq!(Message::<Facets<'_>>::read(&later), Message::read(WRITTEN));
        let json: serde_json::Value = serde_json::from_str(WRITTEN).unwrap();
        for (name, _) in json.as_object().unwrap() {
            let mut without = json.clone();
            without.as_object_mut().unwrap().remove(name);
            let without = without.to_string();
            let optional = ["from", "before", "event"].contains(&name.as_str());
            assert_eq!(Headline::read(&without).is_some(), optional, "{name}");
        }
        for unreadable in ["", "{}", "null", "[1]", &WRITTEN[..WRITTEN.len() - 1]] {
            assert_eq!(Headline::read(unreadable), None, "{unreadable}");
        }
    }
}
