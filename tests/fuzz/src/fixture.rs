//! A hospital with one facility, in memory.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use eovr_core::access::{Actor, Role, Seat};
use eovr_core::kind::Kind;
use eovr_core::memory::MemoryStore;
use eovr_core::name;
use eovr_core::org::{Administration, Facility, Governorate, Org, OrgId, Stamp, Title};
use eovr_core::ports::{Clock, EntropySource};
use eovr_core::record::{ActorId, Envelope, Head, Record, RecordId};
use eovr_core::seal::MasterKey;
use eovr_core::service::EovrBuilder;
use eovr_core::{Command, Eovr, Name, Result, Session, Timestamp};

use crate::targets::kind::SAMPLES;

/// 22 November 2026, 10:00 in Cairo.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_795_334_400_000_000);

/// A clock that advances by a millisecond at each reading, so that two runs are equal.
#[derive(Debug)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(1_000, Ordering::Relaxed))
    }
}

/// A counter as entropy, so that seeds differ and two runs are equal.
#[derive(Debug, Default)]
struct Counted(AtomicU64);

impl EntropySource for Counted {
    fn seed(&self) -> Result<[u8; 32]> {
        let mut seed = [7; 32];
        let count = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        seed.iter_mut().zip(count).for_each(|(byte, count)| *byte = count);
        Ok(seed)
    }
}

pub(crate) fn id(text: &str) -> OrgId {
    OrgId::new(text).expect("an id")
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

pub(crate) fn org() -> Org {
    let title = || Title { en: "House".to_owned(), ar: "House".to_owned() };
    let facility = Facility { id: id("F"), title: title(), time_zone: "Africa/Cairo".to_owned() };
    let administration = Administration { id: id("A"), title: title(), facilities: vec![facility] };
    let governorate = Governorate { id: id("G"), title: title(), administrations: vec![administration] };
    Org::new(vec![governorate]).expect("one of each")
}

/// The stamp of the only facility.
pub(crate) fn stamp() -> Stamp {
    org().stamp(&id("F")).expect("the only one").clone()
}

/// An actor with this role in the only facility.
pub(crate) fn actor(name: &str, role: Role) -> Actor {
    let seat = Seat::of(role, &stamp());
    Actor::new(ActorId::new(name).expect("an id"), role, seat).expect("role and seat fit")
}

/// An engine in memory, without kinds.
pub(crate) fn engine() -> EovrBuilder {
    Eovr::builder()
        .store(MemoryStore::new())
        .org(org())
        .master_key(MasterKey::from_bytes(&[42; 32]))
        .clock(Ticking(AtomicI64::new(NOW.as_micros())))
        .entropy(Counted::default())
}

/// An engine with one record, the repair of a pump.
pub(crate) async fn bench() -> Result<(Eovr, Session, Record)> {
    let [table, ..] = SAMPLES;
    let table = serde_json::from_str(table).expect("a kind");
    let eovr = engine().kind(Kind::new(table)?).open().await?;
    let nurse = eovr.session(actor("nurse", Role::Staff));
    let reviewer = eovr.session(actor("reviewer", Role::TopManagement));
    let raise = Command::new("raise").set("asset", "pump-7").write("story", "it beeps");
    let id = nurse.create(&name!("bench"), &id("F"), raise).await?.id;
    reviewer.act(&name!("bench"), id, Command::new("test")).await?;
    reviewer.act(&name!("bench"), id, Command::new("release").note("works again")).await?;
    let record = reviewer.load(&name!("bench"), id).await?;
    Ok((eovr, reviewer, record))
}

/// Runs the future to its end; in memory it never blocks.
pub(crate) fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work)
}

/// An envelope of a record that no store holds.
pub(crate) fn envelope() -> Envelope {
    Envelope {
        kind: name("note"),
        id: RecordId::from_bytes([7; 16]),
        number: None,
        stamp: stamp(),
        author: ActorId::new("nurse").expect("an id"),
        parent: None,
        state: name("written"),
        version: 1,
        created_at: NOW,
        updated_at: NOW,
        month: 202_611,
        head: Head::EMPTY,
    }
}
