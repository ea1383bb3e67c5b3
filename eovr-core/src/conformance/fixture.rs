use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::access::{Actor, Role, Scope, Seat};
use crate::audit::{Attested, StoredEvent};
use crate::conformance::random::{Random, SeededEntropy};
use crate::conformance::twin::Twin;
use crate::conformance::{Failure, Subject};
use crate::decide::{Command, Commit, Parent};
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::name;
use crate::name::Name;
use crate::org::{Administration, Facility, Governorate, Org, OrgId, Stamp, Title};
use crate::ports::{Clock, Store};
use crate::record::{ActorId, Query, Record, RecordId, StoredRecord, Value};
use crate::seal::MasterKey;
use crate::service::{Eovr, Session};
use crate::time::Timestamp;

pub(super) const PARCEL: Name = Name::from_static("parcel");
pub(super) const LABEL: Name = Name::from_static("label");
pub(super) const SLIP: Name = Name::from_static("slip");

/// A kind with every feature: each type of facet, unique, indexed and tallied facets, a facet named like an SQL
/// keyword, both ways of sealing, a number, and children.
const PARCEL_TABLE: &str = r#"{
    "name": "parcel",
    "number": {"prefix": "PCL", "width": 4},
    "facets": [
        {"name": "tag", "type": "text", "unique": true},
        {"name": "shelf", "type": "text", "indexed": true, "one_of": ["a", "b", "c"]},
        {"name": "group", "type": "text"},
        {"name": "order", "type": "int", "indexed": true},
        {"name": "fragile", "type": "bool"},
        {"name": "sent_at", "type": "time", "indexed": true},
        {"name": "mark", "type": "bytes"},
        {"name": "claim", "type": "bytes", "unique": true, "silent": true}
    ],
    "fields": [
        {"name": "contents", "max_chars": 60000},
        {"name": "story", "original": true},
        {"name": "owner", "sealing": "deterministic", "max_chars": 200}
    ],
    "tallied": ["shelf", "fragile"],
    "workflow": {
        "start": "packed",
        "create": "pack",
        "states": [{"name": "packed"}, {"name": "sent"}, {"name": "delivered", "end": true}, {"name": "lost", "end": true}],
        "actions": [
            {"name": "pack", "tiers": [1, 5], "visitor": true, "sets": ["tag", "shelf", "group", "order", "fragile", "sent_at", "mark", "claim", "contents", "story", "owner"]},
            {"name": "change", "tiers": [1, 5], "holder": true, "sets": ["tag", "shelf", "group", "order", "fragile", "sent_at", "mark", "claim", "contents", "owner"]},
            {"name": "send", "tiers": [1, 5]},
            {"name": "deliver", "tiers": [1, 5]},
            {"name": "lose", "tiers": [1, 5]},
            {"name": "attach", "tiers": [1, 5]}
        ],
        "rules": [
            {"from": ["packed", "sent"], "action": "change"},
            {"from": ["packed"], "action": "send", "to": "sent"},
            {"from": ["sent"], "action": "deliver", "to": "delivered", "needs": [{"children_closed": "label"}]},
            {"from": ["packed", "sent"], "action": "lose", "to": "lost", "needs": ["note"]},
            {"from": ["packed", "sent"], "action": "attach"}
        ]
    }
}"#;

/// A child kind of the parcel.
const LABEL_TABLE: &str = r#"{
    "name": "label",
    "parent": {"kind": "parcel", "action": "attach"},
    "number": {"prefix": "LBL", "width": 2},
    "facets": [{"name": "tag", "type": "text", "unique": true}, {"name": "copies", "type": "int"}],
    "fields": [{"name": "words", "required": true}],
    "workflow": {
        "start": "stuck",
        "create": "stick",
        "states": [{"name": "stuck"}, {"name": "peeled", "end": true}],
        "actions": [{"name": "stick", "tiers": [1, 5], "sets": ["tag", "copies", "words"]}, {"name": "peel", "tiers": [1, 5]}],
        "rules": [{"from": ["stuck"], "action": "peel", "to": "peeled"}]
    }
}"#;

/// An internal kind: its changes are not in the outbox.
const SLIP_TABLE: &str = r#"{
    "name": "slip",
    "internal": true,
    "facets": [{"name": "shelf", "type": "text", "indexed": true}],
    "workflow": {
        "start": "written",
        "create": "write",
        "states": [{"name": "written"}, {"name": "torn", "end": true}],
        "actions": [{"name": "write", "tiers": [1, 5], "sets": ["shelf"]}, {"name": "tear", "tiers": [1, 5]}],
        "rules": [{"from": ["written"], "action": "tear", "to": "torn"}]
    }
}"#;

pub(super) const FACILITIES: [&str; 8] =
    ["n-1-1", "n-1-2", "n-2-1", "n-2-2", "s-1-1", "s-1-2", "s-2-1", "s-2-2"];

/// A clock that a case moves.
#[derive(Clone, Debug)]
pub(super) struct CaseClock(Arc<AtomicI64>);

impl CaseClock {
    pub(super) fn pass_micros(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    pub(super) fn pass_days(&self, days: i64) {
        self.pass_micros(days * 24 * 3600 * 1_000_000);
    }
}

impl Clock for CaseClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// An engine on the store under test.
#[derive(Debug)]
pub(super) struct World {
    pub(super) store: Arc<dyn Store>,
    pub(super) eovr: Eovr,
    pub(super) clock: CaseClock,
    pub(super) random: Random,
}

impl World {
    /// An engine on the store itself.
    pub(super) async fn open(subject: Subject) -> Result<Self, Failure> {
        Self::on(subject.store, subject.seed).await
    }

    /// An engine on the store and the reference store together; the twin compares every answer.
    pub(super) async fn twin(subject: Subject) -> Result<Self, Failure> {
        Self::on(Arc::new(Twin::new(subject.store)), subject.seed).await
    }

    async fn on(store: Arc<dyn Store>, seed: u64) -> Result<Self, Failure> {
        // 30 December 2026, 08:00:00.123456 UTC, so that the year ends within two days.
        let clock = CaseClock(Arc::new(AtomicI64::new(1_798_617_600_123_456)));
        let eovr = Eovr::builder()
            .shared_store(store.clone())
            .org(org()?)
            .kinds([kind(PARCEL_TABLE)?, kind(LABEL_TABLE)?, kind(SLIP_TABLE)?])
            .master_key(MasterKey::from_bytes(&[42; 32]))
            .clock(clock.clone())
            .entropy(SeededEntropy::new(seed))
            .open()
            .await?;
        Ok(Self { store, eovr, clock, random: Random::new(seed) })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A person who may do everything everywhere.
    pub(super) fn top(&self) -> Result<Session> {
        Ok(self.eovr.session(member("top", Role::TopManagement, "n-1-1")?))
    }

    /// Staff of a facility.
    pub(super) fn staff(&self, name: &str, facility: &str) -> Result<Session> {
        Ok(self.eovr.session(member(name, Role::Staff, facility)?))
    }

    /// A new parcel, committed.
    pub(super) async fn pack(&self, facility: &str, command: Command) -> Result<Record> {
        let session = self.top()?;
        let written = session.create(&PARCEL, &OrgId::new(facility)?, command).await?;
        session.load(&PARCEL, written.id).await
    }

    /// A new parcel, decided and not committed.
    pub(super) fn decide_pack(&self, facility: &str, id: RecordId, command: Command) -> Result<Commit> {
        let kind = self.eovr.catalog().kind(&PARCEL)?;
        self.top()?.decide_new(kind, id, stamp(facility)?, None, command)
    }

    /// An action on a parcel, decided and not committed. The parcel may differ from the one in the store.
    pub(super) async fn decide_on(&self, record: &Record, command: Command) -> Result<Commit> {
        let kind = self.eovr.catalog().kind(&record.envelope().kind)?;
        self.top()?.decide_attested(kind, &Attested::decided(record.clone()), command).await
    }

    /// A new child and the change of its parent, decided and not committed.
    pub(super) fn decide_label(&self, parent: &Record, id: RecordId, command: Command) -> Result<Commit> {
        let kind = self.eovr.catalog().kind(&LABEL)?;
        self.top()?.decide_new(
            kind,
            id,
            parent.envelope().stamp.clone(),
            Some(Parent { record: &Attested::decided(parent.clone()), open: 0 }),
            command,
        )
    }

    /// An id of this moment that a case can make again.
    pub(super) fn now_id(&self, number: u8) -> RecordId {
        RecordId::from_parts(self.now(), [number; 10])
    }

    pub(super) fn new_id(&mut self) -> RecordId {
        RecordId::from_parts(self.now(), self.random.ten_bytes())
    }

    /// The whole content of the store, read through its own methods.
    pub(super) async fn dump(&self) -> Result<Dump> {
        let everything = Scope::everything();
        let mut dump = Dump::default();
        for kind in self.eovr.catalog().kinds() {
            let mut query = Query::of(kind.name().clone()).limit(Query::LARGEST_PAGE);
            loop {
                let page = self.store.find(&everything, &query).await?;
                for record in page.items {
                    let id = record.envelope.id;
                    dump.events.push(self.store.events(&everything, kind.name(), id).await?);
                    dump.records.push(record);
                }
                match page.next {
                    Some(next) => query = query.after(Some(next)),
                    None => break,
                }
            }
        }
        let now = self.now();
        let parcels = self.store.lease(100_000, now, now).await?;
        dump.messages = parcels.into_iter().map(|parcel| parcel.message).collect();
        Ok(dump)
    }
}

/// The whole content of a store.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Dump {
    pub(super) records: Vec<StoredRecord>,
    pub(super) events: Vec<Vec<StoredEvent>>,
    pub(super) messages: Vec<String>,
}

impl Dump {
    /// The numbers of records, events and messages, for a readable error message.
    pub(super) fn sizes(&self) -> String {
        let events: usize = self.events.iter().map(Vec::len).sum();
        format!("{} records, {events} events, {} messages", self.records.len(), self.messages.len())
    }
}

pub(super) fn name(text: &str) -> Result<Name> {
    Name::new(text)
}

pub(super) fn pack() -> Command {
    Command::new("pack")
}

pub(super) fn stamp(facility: &str) -> Result<Stamp> {
    let stamp = org()?.stamp(&OrgId::new(facility)?).cloned();
    stamp.ok_or_else(|| Error::bug("the fixture has this facility"))
}

/// A user with this role in the part of the organisation to which a facility belongs.
pub(super) fn member(name: &str, role: Role, facility: &str) -> Result<Actor> {
    let stamp = stamp(facility)?;
    let seat = Seat::of(role, &stamp);
    Actor::new(ActorId::new(name)?, role, seat)
}

pub(super) fn visitor(facility: &str) -> Result<Actor> {
    Ok(Actor::visitor(ActorId::new("door-7")?, stamp(facility)?))
}

/// Scopes of every reach, including actors and places that do not exist.
pub(super) fn scopes() -> Result<Vec<Scope>> {
    let mut actors = vec![visitor("n-1-1")?, member("top", Role::TopManagement, "n-1-1")?];
    for facility in FACILITIES {
        actors.push(member("ada", Role::Staff, facility)?);
        actors.push(member("ada", Role::Staff, facility)?.own_records_only());
        actors.push(member("ben", Role::QualityAdmin, facility)?.own_records_only());
        actors.push(member("stranger", Role::Staff, facility)?.own_records_only());
        actors.push(member("eve", Role::AdminManager, facility)?);
        actors.push(member("eve", Role::AdminManager, facility)?.own_records_only());
        actors.push(member("gus", Role::GovernorateManager, facility)?);
    }
    for number in 0..12 {
        actors.push(Actor::holder(ActorId::new("receipt")?, name!("claim"), claim(number)));
    }
    Ok(actors.iter().map(Scope::of).collect())
}

/// A digest such as the holder of a receipt code has.
pub(super) fn claim(number: u8) -> [u8; 32] {
    let mut digest = [number; 32];
    digest[0] = 0;
    digest
}

pub(super) fn claim_value(number: u8) -> Value {
    Value::Bytes(claim(number).to_vec())
}

pub(super) fn kind(table: &str) -> Result<Kind> {
    Kind::new(serde_json::from_str(table).map_err(|error| Error::bug("a kind is JSON").because(error))?)
}

fn org() -> Result<Org> {
    let title = |text: &str| Title { en: text.to_owned(), ar: text.to_owned() };
    let mut governorates = Vec::new();
    for governorate in ["n", "s"] {
        let mut administrations = Vec::new();
        for a in 1..=2 {
            let mut facilities = Vec::new();
            for f in 1..=2 {
                let id = format!("{governorate}-{a}-{f}");
                facilities.push(Facility {
                    id: OrgId::new(&id)?,
                    title: title(&id),
                    time_zone: if f == 1 { "Africa/Cairo" } else { "UTC" }.to_owned(),
                });
            }
            let id = format!("{governorate}-{a}");
            administrations.push(Administration { id: OrgId::new(&id)?, title: title(&id), facilities });
        }
        governorates.push(Governorate {
            id: OrgId::new(governorate)?,
            title: title(governorate),
            administrations,
        });
    }
    Org::new(governorates)
}
