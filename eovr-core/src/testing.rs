//! A small hospital group in memory, for the tests of a host and for the examples of this documentation.
//!
//! ```
//! use eovr_core::testing;
//!
//! testing::run(async {
//!     let eovr = testing::hospital().await?;
//!     let nurse = testing::session(&eovr, "nurse-7", eovr_core::access::Role::Staff, "NIL")?;
//!     assert!(nurse.incidents().newest(10).await?.items.is_empty());
//!     Ok(())
//! });
//! ```

use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll, Waker};

use crate::access::{Actor, Role};
use crate::error::{Error, Result};
use crate::incident::{self, Report, Settings};
use crate::memory::MemoryStore;
use crate::org::{Org, OrgId};
use crate::ports::Clock;
use crate::record::ActorId;
use crate::seal::MasterKey;
use crate::service::{Eovr, Session};
use crate::time::Timestamp;

/// The organisation: governorate `CAI`, administration `CAI-E`, facilities `NIL` and `DEL`.
const ORG: &str = r#"[{"id": "CAI", "title": {"en": "Cairo", "ar": "القاهرة"}, "administrations": [
    {"id": "CAI-E", "title": {"en": "East", "ar": "الشرق"}, "facilities": [
        {"id": "DEL", "title": {"en": "Delta", "ar": "الدلتا"}, "time_zone": "Africa/Cairo"},
        {"id": "NIL", "title": {"en": "Nile", "ar": "النيل"}, "time_zone": "Africa/Cairo"}]}]}]"#;

/// The organisation of [`hospital`]: governorate `CAI`, administration `CAI-E`, facilities `NIL` and `DEL`.
///
/// # Errors
/// None that a caller could cause.
pub fn org() -> Result<Org> {
    let tree = serde_json::from_str(ORG);
    Org::new(tree.map_err(|error| Error::bug("the organisation is valid JSON").because(error))?)
}

/// The master key of [`hospital`]. It is public, so it protects nothing.
pub fn master_key() -> MasterKey {
    MasterKey::from_bytes(&[7; 32])
}

/// An engine in memory with the kinds of the incident.
///
/// # Errors
/// None that a caller could cause.
pub async fn hospital() -> Result<Eovr> {
    let builder = Eovr::builder().store(MemoryStore::new()).org(org()?).master_key(master_key());
    builder.kinds(incident::kinds(Settings::default())?).open().await
}

/// An actor with this role in the facility, administration or governorate of this id.
///
/// # Errors
/// `Config` where the organisation has no such part; `InvalidInput` where the name is not an actor id.
pub fn actor(eovr: &Eovr, name: &str, role: Role, unit: &str) -> Result<Actor> {
    Actor::new(ActorId::new(name)?, role, eovr.org().seat(role, &OrgId::new(unit)?)?)
}

/// A session of [`actor`].
///
/// # Errors
/// As [`actor`].
pub fn session(eovr: &Eovr, name: &str, role: Role, unit: &str) -> Result<Session> {
    Ok(eovr.session(actor(eovr, name, role, unit)?))
}

/// A report that the engine accepts.
pub fn report() -> Report {
    let description = "The patient was given ten times the dose.".to_owned();
    Report { category: "medication".to_owned(), description, ..Report::default() }
}

/// A clock that a test moves. Share it with the engine by [`Arc`](std::sync::Arc).
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// A clock that shows this time.
    pub fn at(now: Timestamp) -> Self {
        Self(now.as_micros().into())
    }

    /// Moves on.
    pub fn pass_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds.saturating_mul(1_000_000), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Runs a future without a runtime, which is enough for the store in memory.
///
/// # Panics
/// Where the future fails, or waits for something else than the store in memory: a test then fails.
#[expect(clippy::panic, reason = "a test that panics has found a mistake")]
pub fn run<T>(future: impl Future<Output = Result<T, Box<dyn std::error::Error>>>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(done)) => done,
        Poll::Ready(Err(error)) => panic!("{error}"),
        Poll::Pending => panic!("the future waits, and there is no runtime"),
    }
}
