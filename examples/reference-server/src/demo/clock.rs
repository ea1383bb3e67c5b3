use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use eovr_core::Timestamp;
use eovr_core::ports::Clock;
use eovr_core::service::SystemClock;

/// The system's clock, until it is set to another time; so a year of incidents takes seconds.
#[derive(Clone, Debug)]
pub(crate) struct DemoClock(Arc<AtomicI64>);

const SYSTEM: i64 = i64::MIN;

impl Default for DemoClock {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(SYSTEM)))
    }
}

impl DemoClock {
    /// Sets the clock to this time.
    pub(super) fn pretend(&self, at: Timestamp) {
        self.0.store(at.as_micros(), Ordering::SeqCst);
    }

    /// Follows the system's clock again.
    pub(super) fn follow_the_system(&self) {
        self.0.store(SYSTEM, Ordering::SeqCst);
    }

    /// The system's time, even while the clock is set to another.
    pub(super) fn system(&self) -> Timestamp {
        SystemClock.now()
    }
}

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        match self.0.load(Ordering::SeqCst) {
            SYSTEM => self.system(),
            pretended => Timestamp::from_micros(pretended),
        }
    }
}
