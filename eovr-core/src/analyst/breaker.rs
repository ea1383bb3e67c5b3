use crate::time::Timestamp;
use crate::triage::analysis::Reason;

/// After so many failures in a row a provider is left alone.
const MOST_FAILURES: u32 = 5;
/// First for so long, then for twice as long each time.
const FIRST_REST_SECONDS: i64 = 30;
/// And never for longer.
const LONGEST_REST_SECONDS: i64 = 3600;
/// Where somebody has to put something right it makes no sense to ask sooner.
const SETUP_REST_SECONDS: i64 = 300;

/// Leaves a provider alone that failed too often of late, and then lets one question through to see.
///
/// It knows no clock: the moment is handed in. Each process has its own, so a provider that is away is asked
/// a few times by each node, and no more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    rests: u32,
    open_until: Option<Timestamp>,
    trying: bool,
}

impl Breaker {
    /// Whether a question may be asked now; where not, when it makes sense to come again. Where the rest is
    /// over, the one who asks first is let through, and the others wait for what comes of it, for at most
    /// `patience_seconds`.
    ///
    /// # Errors
    /// When it makes sense to come again.
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

    /// The provider is well: it answered, whatever it said.
    pub fn well(&mut self) {
        *self = Self::default();
    }

    /// The provider is not.
    pub fn failed(&mut self, now: Timestamp, reason: Reason, wait_seconds: Option<u32>) {
        self.failures += 1;
        let trips = self.trying || self.failures >= MOST_FAILURES || reason.is_of_the_setup();
        let rest = trips.then(|| {
            let rest = FIRST_REST_SECONDS.saturating_mul(1 << self.rests.min(16)).min(LONGEST_REST_SECONDS);
            if reason.is_of_the_setup() { rest.max(SETUP_REST_SECONDS) } else { rest }
        });
        // Who says how long is left alone for so long: others' questions would be turned away as well.
        if let Some(rest) = rest.max(wait_seconds.map(i64::from)) {
            self.rests += u32::from(trips);
            self.trying = false;
            self.open_until = Some(now.plus_seconds(rest));
        }
    }

    /// `closed`, `open`, or `half_open`: one question is on its way to see.
    pub fn state(&self) -> &'static str {
        match (self.open_until, self.trying) {
            (None, _) => "closed",
            (Some(_), true) => "half_open",
            (Some(_), false) => "open",
        }
    }
}
