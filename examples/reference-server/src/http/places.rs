//! Places for costly work: hashing, printing, reading a draft. So many are at work, so many wait, and of those no more
//! than a share for each caller; the rest is asked to come again.
//!
//! A limit for each request bounds what one costs, and not what all cost together. A turn is held by the work itself
//! and not by whoever asked for it: what was given up still counts until it ends.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// The places of one sort of work.
pub(crate) struct Places {
    /// Places at work.
    turns: Arc<Semaphore>,
    /// Places at work and in the queue.
    all: Arc<Semaphore>,
    shares: Shares,
    /// After so many seconds there may be room again.
    pause: u32,
}

/// Work that has its turn.
pub(crate) struct Turn {
    share: Option<Share>,
    _turn: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Places {
    /// Places for so many at work and so many behind them.
    pub(crate) fn new(turns: usize, waiting: usize, pause: u32) -> Self {
        let all = Arc::new(Semaphore::new(turns + waiting));
        Self { turns: Arc::new(Semaphore::new(turns)), all, shares: Shares::new(usize::MAX), pause }
    }

    /// Of which one caller has no more than so many.
    pub(crate) fn each(self, most: usize) -> Self {
        Self { shares: Shares::new(most), ..self }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// `TooMany` where nobody else may wait, or this caller may not.
    pub(crate) async fn turn(&self, caller: &str) -> Result<Turn, Problem> {
        let full = || Problem::too_many(self.pause);
        let share = self.shares.take(caller, 1).ok_or_else(full)?;
        let place = self.all.clone().try_acquire_owned().map_err(|_| full())?;
        let turn = self.turns.clone().acquire_owned().await;
        let turn = turn.map_err(|error| Problem::internal(format!("nobody closes the queue: {error}")))?;
        Ok(Turn { share: Some(share), _turn: turn, _place: place })
    }
}

impl Turn {
    /// Does the work beside the requests. The turn ends with it, also where whoever asked has gone. The caller's share
    /// is given back with the result: it lasts until that is handed over.
    pub(crate) async fn work<T: Send + 'static>(
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

/// One processor is left for everything else, so that a crowd does not keep those from working who ask for little.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).saturating_sub(1).max(1)
}

/// How much of something each caller holds.
#[derive(Clone)]
pub(crate) struct Shares {
    most: usize,
    held: Arc<Mutex<HashMap<String, usize>>>,
}

/// What a caller holds, until it is dropped.
#[derive(Default)]
pub(crate) struct Share(Option<(Shares, String, usize)>);

impl Shares {
    /// At most so much for each.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, held: Arc::default() }
    }

    /// Takes so much; none where the caller would hold too much.
    pub(crate) fn take(&self, caller: &str, much: usize) -> Option<Share> {
        let mut held = self.held();
        let now = held.get(caller).copied().unwrap_or_default().checked_add(much)?;
        if now > self.most {
            return None;
        }
        held.insert(caller.to_owned(), now);
        Some(Share(Some((self.clone(), caller.to_owned(), much))))
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        // Nothing that is done under the lock panics half-way.
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
    async fn so_many_work_so_many_wait_and_the_rest_is_asked_to_come_again() {
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
        assert_eq!(said, None, "somebody else has a place");
        assert_eq!(waits("fatima").1, too_many, "all places are taken");

        // Whoever asked has gone: the work holds its turn until it ends.
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let work = first.work(move || ended.recv().is_ok());
        let mut work = Box::pin(work);
        assert!(futures_util::FutureExt::now_or_never(&mut work).is_none());
        drop(work);
        assert_eq!(waits("fatima").1, too_many, "work that was given up still counts");
        drop(end);
        assert!(second.await.is_ok() && third.await.is_ok());
        assert!(places.turn("fatima").await.is_ok());
    }

    #[test]
    fn what_was_given_back_can_be_taken_again() {
        let shares = Shares::new(10);
        let most = shares.take("mona", 10);
        assert!(most.is_some() && shares.take("mona", 1).is_none() && shares.take("hassan", 1).is_some());
        drop(most);
        assert!(shares.take("mona", 10).is_some() && shares.held().is_empty());
    }
}
