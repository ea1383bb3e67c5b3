//! Limits on failed attempts, per address.
//!
//! An attempt takes a permit before the server checks the password, and returns it if the attempt succeeds. So a whole
//! building behind one address can log in, while guesses from there run out even if they arrive at once. A counter that
//! is read before and increased after the check would let all concurrent guesses through.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::rates::Key;
use crate::http::problem::Problem;

/// How long an attempt waits for concurrent attempts from the same address to return a permit.
const PATIENCE: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);

/// The attempts, by address.
pub(super) struct Failures {
    most: u32,
    tries: Mutex<HashMap<Key, Arc<Tries>>>,
}

struct Tries {
    places: Arc<Semaphore>,
    failed: Mutex<Failed>,
}

/// Permits that failures hold. One is released per `MINUTE / most`.
struct Failed {
    places: u32,
    since: Instant,
}

/// An attempt in progress. It counts as a failure unless [`Attempt::was_right`] is called.
pub struct Attempt {
    tries: Arc<Tries>,
    place: Option<OwnedSemaphorePermit>,
}

impl Failures {
    /// At most this many failures per minute and address.
    pub(super) fn new(most: u32) -> Self {
        Self { most, tries: Mutex::default() }
    }

    /// Takes a permit.
    ///
    /// # Errors
    /// `TooMany`, with the seconds until a permit is free.
    pub(super) async fn begin(&self, who: Key) -> Result<Attempt, Problem> {
        let tries = {
            let mut all = lock(&self.tries);
            all.entry(who).or_insert_with(|| Arc::new(Tries::new(self.most))).clone()
        };
        let wait = tries.forgive(self.most, Instant::now());
        if lock(&tries.failed).places >= self.most {
            return Err(too_many(wait));
        }
        let place = tokio::time::timeout(PATIENCE, tries.places.clone().acquire_owned()).await;
        let place = place.ok().and_then(Result::ok).ok_or_else(|| too_many(wait))?;
        Ok(Attempt { tries, place: Some(place) })
    }

    /// Drops addresses without recent failures.
    pub(super) fn tidy(&self) {
        let now = Instant::now();
        lock(&self.tries).retain(|_, tries| {
            tries.forgive(self.most, now);
            Arc::strong_count(tries) > 1 || lock(&tries.failed).places > 0
        });
    }
}

impl Tries {
    fn new(most: u32) -> Self {
        let failed = Mutex::new(Failed { places: 0, since: Instant::now() });
        Self { places: Arc::new(Semaphore::new(most as usize)), failed }
    }

    /// Releases the permits that are due. Returns the time until the next one.
    fn forgive(&self, most: u32, now: Instant) -> Duration {
        let each = MINUTE / most.max(1);
        let mut failed = lock(&self.failed);
        let passed = now.saturating_duration_since(failed.since);
        let earned = u32::try_from(passed.as_nanos() / each.as_nanos().max(1)).unwrap_or(u32::MAX);
        let back = earned.min(failed.places);
        failed.places -= back;
        failed.since += each * back;
        self.places.add_permits(back as usize);
        (failed.since + each).saturating_duration_since(now)
    }
}

impl Attempt {
    /// The attempt succeeded and returns its permit.
    pub fn was_right(mut self) {
        self.place = None;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else { return };
        place.forget();
        let mut failed = lock(&self.tries.failed);
        if failed.places == 0 {
            failed.since = Instant::now();
        }
        failed.places += 1;
    }
}

fn too_many(wait: Duration) -> Problem {
    Problem::too_many(u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A poisoned lock is safe to use, because no code under the lock panics between two writes.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const HERE: Key = [1; 32];

    #[tokio::test]
    async fn successful_attempts_return_their_permit_and_failures_do_not() {
        let failures = Failures::new(3);
        for _ in 0..100 {
            failures.begin(HERE).await.map_err(|_| "a successful attempt passes").unwrap().was_right();
        }
        for _ in 0..3 {
            drop(failures.begin(HERE).await.map_err(|_| "three attempts may fail").unwrap());
        }
        assert!(failures.begin(HERE).await.is_err());
        assert!(failures.begin([2; 32]).await.is_ok(), "another address has its own limit");
    }

    #[tokio::test]
    async fn concurrent_attempts_wait_for_permits_and_concurrent_guesses_fail() {
        let failures = Failures::new(2);
        let (first, second) = (failures.begin(HERE).await.ok(), failures.begin(HERE).await.ok());
        let mut third = Box::pin(failures.begin(HERE));
        assert!((&mut third).now_or_never().is_none(), "it waits for the two before");
        first.unwrap().was_right();
        let third = third.await.map_err(|_| "the first was right").unwrap();
        let mut fourth = Box::pin(failures.begin(HERE));
        assert!((&mut fourth).now_or_never().is_none(), "it waits for the two before");
        drop((second, third));
        assert!((&mut fourth).now_or_never().is_none(), "both have failed");
        drop(fourth);
        assert!(failures.begin(HERE).await.is_err());
    }

    #[test]
    fn permits_return_one_at_a_time() {
        let tries = Tries::new(6);
        let start = Instant::now();
        *lock(&tries.failed) = Failed { places: 6, since: start };
        let after = |seconds: u64| {
            let wait = tries.forgive(6, start + Duration::from_secs(seconds));
            (lock(&tries.failed).places, wait.as_secs())
        };
        assert_eq!(
            [after(0), after(9), after(10), after(25), after(500)],
            [(6, 10), (6, 1), (5, 10), (4, 5), (0, 0)]
        );
        assert_eq!(tries.places.available_permits(), 12, "all permits were returned");
    }
}
