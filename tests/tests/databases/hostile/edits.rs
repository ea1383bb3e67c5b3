#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has done its work"
)]

use std::pin::Pin;
use std::sync::Arc;

use eovr_core::Session;
use eovr_core::audit::StoredEvent;
use eovr_core::incident::KIND;
use eovr_core::ports::Store;
use eovr_core::record::{Record, RecordId};
use sha2::{Digest as _, Sha256};

use super::hand::{At, Hand, Value};

/// The place of an edit: a record with four events, and another record.
pub(super) struct World<'w> {
    pub(super) system: &'w Session,
    pub(super) store: &'w Arc<dyn Store>,
    pub(super) target: RecordId,
    pub(super) other: RecordId,
}

/// Which check must name the edit.
pub(super) enum Named {
    /// The trail of the record, and the check of the whole store.
    ByTheTrail,
    /// The feed, because nothing of the record is left.
    ByTheFeed,
}

type Making<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

pub(super) struct Edit {
    pub(super) what: &'static str,
    pub(super) named: Named,
    /// Whether the edit changes the other record, too.
    pub(super) both: bool,
    pub(super) make: for<'a> fn(&'a World<'a>, &'a mut Hand) -> Making<'a>,
}

macro_rules! edits {
    ($($what:literal $(@ $mark:ident)?: |$world:ident, $hand:ident| $make:expr;)*) => {
        pub(super) const EDITS: &[Edit] = &[$(Edit {
            what: $what,
            named: edits!(@named $($mark)?),
            both: edits!(@both $($mark)?),
            make: |$world, $hand| Box::pin(async move { $make.await; }),
        }),*];
    };
    (@named feed) => { Named::ByTheFeed };
    (@named $($mark:ident)?) => { Named::ByTheTrail };
    (@both both) => { true };
    (@both $($mark:ident)?) => { false };
}

edits! {
    "governorate": |world, hand| world.column(hand, "governorate", text("ALX"));
    "administration": |world, hand| world.column(hand, "administration", text("CAI-2"));
    "facility": |world, hand| world.column(hand, "facility", text("CAI-1-2"));
    "author": |world, hand| world.column(hand, "author", text("attacker"));
    "number": |world, hand| world.column(hand, "number", text("OVR-2026-999999"));
    "parent": |world, hand| world.column(hand, "parent", Value::Id(world.other));
    "state": |world, hand| world.column(hand, "state", text("completed"));
    "state, to none that there is": |world, hand| world.column(hand, "state", text("no_such_state"));
    "version up": |world, hand| world.column(hand, "version", Value::Int(5));
    "version down": |world, hand| world.column(hand, "version", Value::Int(3));
    "created_at": |world, hand| world.column(hand, "created_at", Value::Int(1_700_000_000_000_000));
    "updated_at": |world, hand| world.column(hand, "updated_at", Value::Int(1_900_000_000_000_000));
    "month": |world, hand| world.column(hand, "month", Value::Int(202_601));
    "seq": |world, hand| world.column(hand, "seq", Value::Int(3));
    "head": |world, hand| world.copy(hand, "head");
    "category": |world, hand| world.column(hand, "category", text("fall"));
    "severity": |world, hand| world.column(hand, "severity", text("minor"));
    "probability": |world, hand| world.column(hand, "probability", text("likely"));
    "risk_score": |world, hand| world.column(hand, "risk_score", Value::Int(1));
    "risk_band": |world, hand| world.column(hand, "risk_band", text("low"));
    "high_risk": |world, hand| { let no = hand.no(); world.column(hand, "high_risk", no) };
    "reporter_type": |world, hand| world.column(hand, "reporter_type", text("patient"));
    "location, where none was": |world, hand| world.column(hand, "location", text("elsewhere"));
    "occurred_at, where none was": |world, hand| world.column(hand, "occurred_at", Value::Int(1_700_000_000_000_000));
    "what is sealed, of another record": |world, hand| { let sealed = hand.sealed(); world.copy(hand, sealed) };
    "several columns at once": |world, hand| world.several(hand);
    "an event's body": |world, hand| world.rewrite(hand, 2, "\"human\":true", "\"human\":false");
    "an event's hash": |world, hand| world.event(hand, "hash", Value::Bytes(vec![9; 32]));
    "an event's actor": |world, hand| world.event(hand, "actor", text("attacker"));
    "an event's action": |world, hand| world.event(hand, "action", text("start"));
    "an event's kind": |world, hand| world.event(hand, "kind", text("follow_up"));
    "an event's moment": |world, hand| world.event(hand, "at", Value::Int(1_700_000_000_000_000));
    "an event's place": |world, hand| world.event(hand, "seq", Value::Int(40));
    "an event's record" @both: |world, hand| world.event_moved(hand);
    "an event's message": |world, hand| world.message(hand);
    "body and hash of the last event, and the row": |world, hand| world.forge_last(hand, "quality", "nurse");
    "the last event without its code": |world, hand| world.without_code(hand);
    "an event added in another's name, and the row": |world, hand| world.forge_next(hand);
    "two rows swapped" @both: |world, hand| world.swap_rows(hand);
    "two events swapped": |world, hand| world.swap_events(hand);
    "the last event removed": |world, hand| hand.remove(At::Event(world.target, 4));
    "the second event removed": |world, hand| hand.remove(At::Event(world.target, 2));
    "all events removed": |world, hand| world.remove_events(hand);
    "the record removed": |world, hand| hand.remove(At::Record(world.target));
    "the record set back": |world, hand| world.set_back(hand);
    "record and chain set back" @feed: |world, hand| world.set_all_back(hand);
    "record and chain removed" @feed: |world, hand| world.remove_all(hand);
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn hash(body: &str) -> [u8; 32] {
    Sha256::digest(format!("eovr.event.v1\n{body}")).into()
}

impl World<'_> {
    async fn column(&self, hand: &mut Hand, name: &str, value: Value) {
        hand.set(At::Record(self.target), &[(name, value)]).await;
    }

    async fn event(&self, hand: &mut Hand, name: &str, value: Value) {
        hand.set(At::Event(self.target, 2), &[(name, value)]).await;
    }

    async fn copy(&self, hand: &mut Hand, name: &str) {
        let value = hand.bytes(At::Record(self.other), name).await;
        self.column(hand, name, value).await;
    }

    async fn several(&self, hand: &mut Hand) {
        let columns =
            [("severity", text("minor")), ("risk_score", Value::Int(1)), ("risk_band", text("low"))];
        hand.set(At::Record(self.target), &columns).await;
    }

    async fn record(&self, id: RecordId) -> Record {
        self.system.load(&KIND, id).await.unwrap()
    }

    async fn chain(&self, id: RecordId) -> Vec<StoredEvent> {
        let record = self.record(id).await;
        self.store.events(&self.system.scope(), &record.envelope().kind, id).await.unwrap()
    }

    async fn rewrite(&self, hand: &mut Hand, seq: i64, from: &str, to: &str) {
        let chain = self.chain(self.target).await;
        let body = &chain[usize::try_from(seq).unwrap() - 1].body;
        assert!(body.contains(from), "{body}");
        hand.set(At::Event(self.target, seq), &[("body", Value::Text(body.replace(from, to)))]).await;
    }

    async fn event_moved(&self, hand: &mut Hand) {
        let columns = [("record", Value::Id(self.other)), ("seq", Value::Int(5))];
        hand.set(At::Event(self.target, 2), &columns).await;
    }

    async fn message(&self, hand: &mut Hand) {
        let message = self.chain(self.target).await[1].beside.clone().unwrap().message;
        assert!(message.contains("severe"), "{message}");
        self.event(hand, "message", Value::Text(message.replace("severe", "minor"))).await;
    }

    /// An attacker who knows the rule: the last event names another person, hash and row fit.
    async fn forge_last(&self, hand: &mut Hand, from: &str, to: &str) {
        let chain = self.chain(self.target).await;
        let last = chain.last().unwrap();
        let body = last.body.replace(&format!("\"actor\":\"{from}\""), &format!("\"actor\":\"{to}\""));
        assert_ne!(body, last.body);
        self.put_last(hand, body, Some(("actor", text(to)))).await;
    }

    async fn without_code(&self, hand: &mut Hand) {
        let chain = self.chain(self.target).await;
        let body = &chain.last().unwrap().body;
        let (body, _) = body.split_once(",\"mac\":").expect("an event has a code");
        self.put_last(hand, format!("{body}}}"), None).await;
    }

    async fn put_last(&self, hand: &mut Hand, body: String, also: Option<(&str, Value)>) {
        let chain = self.chain(self.target).await;
        let old = chain.last().unwrap();
        let new = hash(&body);
        let hex = |hash: &[u8; 32]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let message = old.beside.clone().unwrap().message.replace(&hex(&old.hash), &hex(&new));
        let mut columns = vec![
            ("body", Value::Text(body)),
            ("hash", Value::Bytes(new.to_vec())),
            ("message", Value::Text(message)),
        ];
        columns.extend(also);
        hand.set(At::Event(self.target, 4), &columns).await;
        hand.set(At::Record(self.target), &[("head", Value::Bytes(new.to_vec()))]).await;
    }

    /// One more event in the name of top management, with its row. Only the library can compute the digest of the
    /// content, so the event claims that nothing but the chain has changed and keeps its code.
    async fn forge_next(&self, hand: &mut Hand) {
        let chain = self.chain(self.target).await;
        let last = chain.last().unwrap();
        let hex = |hash: &[u8; 32]| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut event: serde_json::Value = serde_json::from_str(&last.body).unwrap();
        event["seq"] = 5.into();
        event["version"] = 5.into();
        event["actor"] = "top".into();
        event["capacity"] = "top_management".into();
        event["prev"] = hex(&last.hash).into();
        let body = event.to_string();
        let beside = last.beside.clone().unwrap();
        let new = hash(&body);
        let message =
            beside.message.replace(&hex(&last.hash), &hex(&new)).replace("\"version\":4", "\"version\":5");
        let columns = [
            ("seq", Value::Int(5)),
            ("kind", Value::Text(beside.kind)),
            ("at", Value::Int(beside.at.as_micros())),
            ("actor", text("top")),
            ("action", Value::Text(beside.action)),
            ("body", Value::Text(body)),
            ("hash", Value::Bytes(new.to_vec())),
            ("message", Value::Text(message)),
        ];
        hand.add_event(self.target, &columns).await;
        let row = [("version", Value::Int(5)), ("seq", Value::Int(5)), ("head", Value::Bytes(new.to_vec()))];
        hand.set(At::Record(self.target), &row).await;
    }

    async fn swap_rows(&self, hand: &mut Hand) {
        let sealed = hand.sealed();
        let mine = hand.bytes(At::Record(self.target), sealed).await;
        let theirs = hand.bytes(At::Record(self.other), sealed).await;
        hand.set(At::Record(self.target), &[(sealed, theirs)]).await;
        hand.set(At::Record(self.other), &[(sealed, mine)]).await;
    }

    async fn swap_events(&self, hand: &mut Hand) {
        hand.set(At::Event(self.target, 2), &[("seq", Value::Int(50))]).await;
        hand.set(At::Event(self.target, 3), &[("seq", Value::Int(2))]).await;
        hand.set(At::Event(self.target, 50), &[("seq", Value::Int(3))]).await;
    }

    async fn remove_events(&self, hand: &mut Hand) {
        for seq in 1..=4 {
            hand.remove(At::Event(self.target, seq)).await;
        }
    }

    /// Sets the row alone back to three events, which is one remark less.
    async fn set_back(&self, hand: &mut Hand) {
        let third = self.chain(self.target).await[2].clone();
        let row = [
            ("version", Value::Int(3)),
            ("seq", Value::Int(3)),
            ("head", Value::Bytes(third.hash.to_vec())),
            ("updated_at", Value::Int(third.beside.unwrap().at.as_micros())),
        ];
        hand.set(At::Record(self.target), &row).await;
    }

    async fn set_all_back(&self, hand: &mut Hand) {
        self.set_back(hand).await;
        hand.remove(At::Event(self.target, 4)).await;
    }

    async fn remove_all(&self, hand: &mut Hand) {
        self.remove_events(hand).await;
        hand.remove(At::Record(self.target)).await;
    }
}
