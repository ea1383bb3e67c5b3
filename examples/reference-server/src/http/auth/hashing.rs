//! Hashing of passwords, where it does not hold up everybody else.

use crate::http::places::{Places, processors};
use crate::http::problem::Problem;

/// A place for work that takes a processor some 20 milliseconds.
pub(super) struct Hashing(Places);

/// Whoever would wait behind more, some four seconds, is asked to come again.
const WAITING: usize = 200;

impl Default for Hashing {
    fn default() -> Self {
        Self(Places::new(processors(), WAITING, 5))
    }
}

impl Hashing {
    /// Does the work when it is its turn. Who asks is not known yet: nobody has a share.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        Ok(self.0.turn("").await?.work(work).await?.0)
    }
}
