use crate::time::Timestamp;
use crate::triage::analysis::NoAnswerReason;

/// The breaker opens after this many failures in a row.
const MOST_FAILURES: u32 = 5;
/// The first open time. It doubles after each further failure.
const FIRST_REST_SECONDS: i64 = 30;
/// The longest open time.
const LONGEST_REST_SECONDS: i64 = 3600;
/// The shortest open time where an administrator must correct the setup, because that takes minutes.
const SETUP_REST_SECONDS: i64 = 300;

/// A circuit breaker: it blocks requests to a provider that fails repeatedly, and then lets one trial request
/// through.
///
/// It reads no clock; the caller passes the time. Each process has its own breaker, so each node sends a few requests
/// to a provider that is down, and no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    rests: u32,
    open_until: Option<Timestamp>,
    trying: bool,
}

impl Breaker {
    /// Whether a request may be sent now. After the open time the breaker admits the first caller as a trial. The
    /// other callers wait for its result, for at most `patience_seconds`.
    ///
    /// # Errors
    /// The time at which to try again.
    pub fn admit(&mut self, now: Timestamp, patience_seconds: i64) -> Result<(), Timestamp> {
        match self.open_until {
            None => Ok(()),
            Some(until) if now < until => Err(until),
            Some(_) => {
                self.trying = true;
                self.open_until = Some(now.plus_seconds(patience_seconds));
                Ok(())
            }
        }
    }

    /// Reports success: the provider answered, whatever the content of the answer.
    pub fn well(&mut self) {
        *self = Self::default();
    }

    /// Reports a failure of the provider.
    pub fn failed(&mut self, now: Timestamp, reason: NoAnswerReason, wait_seconds: Option<u32>) {
        self.failures += 1;
        let trips = self.trying || self.failures >= MOST_FAILURES || reason.is_of_the_setup();
        let rest = trips.then(|| {
            let rest = FIRST_REST_SECONDS.saturating_mul(1 << self.rests.min(16)).min(LONGEST_REST_SECONDS);
            if reason.is_of_the_setup() { rest.max(SETUP_REST_SECONDS) } else { rest }
        });
        // A provider that names a wait time gets it, because it would reject other requests too.
        if let Some(rest) = rest.max(wait_seconds.map(i64::from)) {
            self.rests += u32::from(trips);
            self.trying = false;
            self.open_until = Some(now.plus_seconds(rest));
        }
    }

    /// `closed`, `open`, or `half_open`: a trial request is under way.
    pub fn state(&self) -> &'static str {
        match (self.open_until, self.trying) {
            (None, _) => "closed",
            (Some(_), true) => "half_open",
            (Some(_), false) => "open",
        }
    }
}
