use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use eovr_core::Timestamp;
use eovr_core::ports::Clock;
use eovr_core::service::SystemClock;

/// The system's clock, until it is told what time to pretend: a year of incidents is told in seconds.
#[derive(Clone, Debug)]
pub(crate) struct DemoClock(Arc<AtomicI64>);

const SYSTEM: i64 = i64::MIN;

impl Default for DemoClock {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(SYSTEM)))
    }
}

impl DemoClock {
    /// From now on it is this moment.
    pub(super) fn pretend(&self, at: Timestamp) {
        self.0.store(at.as_micros(), Ordering::SeqCst);
    }

    /// From now on it is what the system says.
    pub(super) fn follow_the_system(&self) {
        self.0.store(SYSTEM, Ordering::SeqCst);
    }

    /// What the system says, whatever is pretended.
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
