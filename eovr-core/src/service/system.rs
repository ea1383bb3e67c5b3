use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Error, ErrorKind, Result};
use crate::ports::{Clock, EntropySource};
use crate::time::Timestamp;

/// The clock of the operating system. With [`SystemEntropy`] it is the core's only access to the operating system;
/// neither exists without the feature `system`.
///
/// ```
/// use eovr_core::{Timestamp, ports::Clock, service::SystemClock};
///
/// let new_year: Timestamp = "2026-01-01T00:00:00Z".parse()?;
/// assert!(SystemClock.now() > new_year);
/// # Ok::<(), eovr_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the one adapter that reads the clock")]
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The random source of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl EntropySource for SystemEntropy {
    fn seed(&self) -> Result<[u8; 32]> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| {
            Error::new(ErrorKind::Unavailable, "the system gives no randomness").because(error)
        })?;
        Ok(seed)
    }
}
