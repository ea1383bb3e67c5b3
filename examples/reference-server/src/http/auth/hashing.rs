//! Hashing of passwords, where it does not hold up everybody else.

use std::num::NonZero;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::http::problem::Problem;

/// A place for work that takes a processor some 20 milliseconds. One processor is left for everything
/// else, so that a crowd at the door does not keep those inside from working.
pub(super) struct Hashing {
    turns: Arc<Semaphore>,
    /// Places in the queue and at work.
    places: Arc<Semaphore>,
}

/// Whoever would wait behind more, some four seconds, is asked to come again.
const PLACES: usize = 200;

impl Default for Hashing {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let turns = processors.saturating_sub(1).max(1);
        Self { turns: Arc::new(Semaphore::new(turns)), places: Arc::new(Semaphore::new(PLACES)) }
    }
}

impl Hashing {
    /// Does the work when it is its turn.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let Ok(place) = self.places.clone().try_acquire_owned() else { return Err(Problem::too_many(5)) };
        let turn = self.turns.clone().acquire_owned().await;
        let turn = turn.map_err(|error| Problem::internal(format!("nobody closes the queue: {error}")))?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((turn, place));
            done
        });
        done.await.map_err(|error| Problem::internal(format!("hashing ended early: {error}")))
    }
}
