//! Clock, entropy and organisation under a test's control.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use eovr_core::access::{Actor, Role, Seat};
use eovr_core::incident::Report;
use eovr_core::org::{Org, OrgId};
use eovr_core::ports::{Clock, EntropySource};
use eovr_core::record::ActorId;
use eovr_core::seal::MasterKey;
use eovr_core::{Result, Timestamp};

/// A clock that a test moves.
#[derive(Clone, Debug)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// 22 November 2026, 08:00 UTC.
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_795_334_400_000_000)))
    }

    pub(crate) fn pass_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Entropy that is the same in every run.
#[derive(Debug, Default)]
pub(crate) struct TestEntropy(AtomicU64);

impl EntropySource for TestEntropy {
    fn seed(&self) -> Result<[u8; 32]> {
        let mut seed = [7; 32];
        let count = self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        seed.iter_mut().zip(count).for_each(|(byte, count)| *byte = count);
        Ok(seed)
    }
}

/// Two hospitals of one administration.
pub(crate) fn org() -> Org {
    let org = r#"[{"id": "CAI", "title": {"en": "Cairo", "ar": "القاهرة"}, "administrations": [
        {"id": "CAI-1", "title": {"en": "East", "ar": "الشرق"}, "facilities": [
            {"id": "CAI-1-1", "title": {"en": "Nile", "ar": "النيل"}, "time_zone": "Africa/Cairo"},
            {"id": "CAI-1-2", "title": {"en": "Delta", "ar": "الدلتا"}, "time_zone": "Africa/Cairo"}]}]}]"#;
    Org::new(serde_json::from_str(org).unwrap()).unwrap()
}

pub(crate) fn id(text: &str) -> OrgId {
    OrgId::new(text).unwrap()
}

/// An actor with this role in this facility.
pub(crate) fn actor(name: &str, role: Role, facility: &str) -> Actor {
    let stamp = org().stamp(&id(facility)).unwrap().clone();
    let seat = match role {
        Role::Staff | Role::QualityAdmin => Seat::Facility(stamp),
        _ => Seat::Country,
    };
    Actor::new(ActorId::new(name).unwrap(), role, seat).unwrap()
}

pub(crate) fn master_key() -> MasterKey {
    MasterKey::from_bytes(&[42; 32])
}

/// A valid report.
pub(crate) fn report(description: &str) -> Report {
    Report { category: "medication".to_owned(), description: description.to_owned(), ..Report::default() }
}
