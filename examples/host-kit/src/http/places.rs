//! Queues for costly work: hashing, rendering, checking a draft. A queue limits the jobs at work, the jobs that wait,
//! and the jobs of one caller; beyond that the server answers 429.
//!
//! A limit per request does not bound the cost of all requests together. The job itself holds its turn, not the
//! request, so a job whose client disconnected still counts until it ends.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// A queue for one sort of work.
pub struct Places {
    /// Permits for jobs at work.
    turns: Arc<Semaphore>,
    /// Permits for jobs at work and in the queue.
    all: Arc<Semaphore>,
    shares: Shares,
    /// The `Retry-After` of a full queue, in seconds.
    pause: u32,
}

/// A job whose turn has come.
pub struct Turn {
    share: Option<Share>,
    _turn: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Places {
    /// A queue with this many jobs at work and this many waiting.
    pub fn new(turns: usize, waiting: usize, pause: u32) -> Self {
        let all = Arc::new(Semaphore::new(turns + waiting));
        Self { turns: Arc::new(Semaphore::new(turns)), all, shares: Shares::new(usize::MAX), pause }
    }

    /// Limits the jobs of one caller.
    pub fn each(self, most: usize) -> Self {
        Self { shares: Shares::new(most), ..self }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// `TooMany` if the queue is full, or the caller's share is used up.
    pub async fn turn(&self, caller: &str) -> Result<Turn, Problem> {
        let full = || Problem::too_many(self.pause);
        let share = self.shares.take(caller, 1).ok_or_else(full)?;
        let place = self.all.clone().try_acquire_owned().map_err(|_| full())?;
        let turn = self.turns.clone().acquire_owned().await;
        let turn = turn.map_err(|error| Problem::internal(format!("the queue was closed: {error}")))?;
        Ok(Turn { share: Some(share), _turn: turn, _place: place })
    }
}

impl Turn {
    /// Runs the work on a blocking thread. The turn ends with the work, even if the client has disconnected. The
    /// caller's share is returned with the result, and lasts until the client has received it.
    pub async fn work<T: Send + 'static>(
        mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(T, Share), Problem> {
        let share = self.share.take().unwrap_or_default();
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(self);
            (done, share)
        });
        done.await.map_err(|error| Problem::internal(format!("costly work ended early: {error}")))
    }
}

/// The number of processors less one, which stays free for short requests.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).saturating_sub(1).max(1)
}

/// A limit on what each caller holds.
#[derive(Clone)]
pub struct Shares {
    most: usize,
    held: Arc<Mutex<HashMap<String, usize>>>,
}

/// What a caller holds; released on drop.
#[derive(Default)]
pub struct Share(Option<(Shares, String, usize)>);

impl Shares {
    /// At most this much per caller.
    pub fn new(most: usize) -> Self {
        Self { most, held: Arc::default() }
    }

    /// Takes an amount; none if the caller would exceed the limit.
    pub fn take(&self, caller: &str, much: usize) -> Option<Share> {
        let mut held = self.held();
        let now = held.get(caller).copied().unwrap_or_default().checked_add(much)?;
        if now > self.most {
            return None;
        }
        held.insert(caller.to_owned(), now);
        Some(Share(Some((self.clone(), caller.to_owned(), much))))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        // A poisoned lock is safe to use, because no code under the lock panics between two writes.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Some((shares, caller, much)) = self.0.take() else { return };
        if let Entry::Occupied(mut held) = shares.held().entry(caller) {
            *held.get_mut() = held.get().saturating_sub(much);
            if *held.get() == 0 {
                held.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_queue_limits_jobs_at_work_and_waiting_jobs_and_refuses_the_rest() {
        let places = Arc::new(Places::new(1, 2, 7).each(2));
        let first = places.turn("mona").await.map_err(|_| "the first has its turn").unwrap();
        let waits = |who: &'static str| {
            let places = places.clone();
            let mut waiting = Box::pin(async move { places.turn(who).await });
            let now = futures_util::FutureExt::now_or_never(&mut waiting);
            (waiting, now.map(|turned| turned.err().map(|problem| problem.code())))
        };
        let too_many = Some(Some(super::super::problem::Code::TooMany));
        let (second, said) = waits("mona");
        assert_eq!(said, None, "the second waits");
        assert_eq!(waits("mona").1, too_many, "one caller has no more than a share");
        let (third, said) = waits("hassan");
        assert_eq!(said, None, "another caller has a place");
        assert_eq!(waits("fatima").1, too_many, "all places are taken");

        // The client has disconnected; the job holds its turn until it ends.
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let work = first.work(move || ended.recv().is_ok());
        let mut work = Box::pin(work);
        assert!(futures_util::FutureExt::now_or_never(&mut work).is_none());
        drop(work);
        assert_eq!(waits("fatima").1, too_many, "work without a client still counts");
        drop(end);
        assert!(second.await.is_ok() && third.await.is_ok());
        assert!(places.turn("fatima").await.is_ok());
    }

    #[test]
    fn a_returned_share_can_be_taken_again() {
        let shares = Shares::new(10);
        let most = shares.take("mona", 10);
        assert!(most.is_some() && shares.take("mona", 1).is_none() && shares.take("hassan", 1).is_some());
        drop(most);
        assert!(shares.take("mona", 10).is_some() && shares.held().is_empty());
    }
}
