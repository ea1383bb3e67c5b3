//! A small hospital group for tests: two governorates, fixed time, actors of every role.

#![expect(clippy::expect_used, reason = "a fixture that panics has found a mistake in a test")]

pub mod chance;
pub mod servers;
pub mod spy;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use eovr_core::access::{Actor, Role, Seat};
use eovr_core::incident::{self, Report, Settings};
use eovr_core::org::{Administration, Facility, Governorate, Org, OrgId, Stamp, Title};
use eovr_core::ports::{Clock, EntropySource, Store};
use eovr_core::record::ActorId;
use eovr_core::seal::MasterKey;
use eovr_core::{Eovr, Result, Timestamp};
use eovr_store_mongo::MongoStore;
use eovr_store_sql::SqlStore;

/// A clock that a test moves.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// 22 November 2026, 10:00 in Cairo.
    pub fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_795_334_400_000_000)))
    }

    /// Moves on.
    pub fn pass_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Entropy that is the same in every run: a counter, so that no two seeds are equal.
#[derive(Debug, Default)]
pub struct TestEntropy(AtomicU64);

impl EntropySource for TestEntropy {
    fn seed(&self) -> Result<[u8; 32]> {
        let mut seed = [7; 32];
        let count = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        seed.iter_mut().zip(count).for_each(|(byte, count)| *byte = count);
        Ok(seed)
    }
}

/// Governorates CAI and ALX, two administrations each, two facilities each: `CAI-1-1` … `ALX-2-2`.
pub fn org() -> Org {
    let title = |text: &str| Title { en: text.to_owned(), ar: text.to_owned() };
    let governorates = ["CAI", "ALX"].map(|governorate| Governorate {
        id: id(governorate),
        title: title(governorate),
        administrations: (1..=2)
            .map(|a| Administration {
                id: id(&format!("{governorate}-{a}")),
                title: title(governorate),
                facilities: (1..=2)
                    .map(|f| Facility {
                        id: id(&format!("{governorate}-{a}-{f}")),
                        title: title(governorate),
                        time_zone: "Africa/Cairo".to_owned(),
                    })
                    .collect(),
            })
            .collect(),
    });
    Org::new(governorates.into()).expect("the fixture is sound")
}

/// An organisation id.
pub fn id(text: &str) -> OrgId {
    OrgId::new(text).expect("the fixture's ids are ids")
}

/// The stamp of one of the fixture's facilities.
pub fn stamp(facility: &str) -> Stamp {
    org().stamp(&id(facility)).expect("the fixture has it").clone()
}

/// An actor of this role in the part of the organisation that contains this facility.
pub fn actor(name: &str, role: Role, facility: &str) -> Actor {
    let stamp = stamp(facility);
    let seat = Seat::of(role, &stamp);
    Actor::new(ActorId::new(name).expect("an id"), role, seat).expect("role and seat fit")
}

/// The master key of the fixture.
pub fn master_key() -> MasterKey {
    MasterKey::from_bytes(&[42; 32])
}

/// Opens the store of a URL.
///
/// # Errors
/// The errors of that store.
pub async fn open_store(url: &str) -> Result<Arc<dyn Store>> {
    Ok(match url.split_once(':') {
        Some(("mongodb", _)) => Arc::new(MongoStore::open(url).await?),
        _ => Arc::new(SqlStore::open(url).await?),
    })
}

/// An engine with incidents on this store.
pub async fn hospital(store: Arc<dyn Store>) -> (Eovr, TestClock) {
    let clock = TestClock::new();
    let eovr = Eovr::builder()
        .shared_store(store)
        .org(org())
        .kinds(incident::kinds(Settings::default()).expect("incidents are sound"))
        .master_key(master_key())
        .clock(clock.clone())
        .entropy(TestEntropy::default())
        .open()
        .await
        .expect("the fixture opens");
    (eovr, clock)
}

/// A report that the engine accepts.
pub fn report(description: &str) -> Report {
    Report { category: "medication".to_owned(), description: description.to_owned(), ..Report::default() }
}
