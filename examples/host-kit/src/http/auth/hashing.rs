//! Password hashing that does not block other requests.

use crate::http::places::{Places, processors};
use crate::http::problem::Problem;

/// A queue for hashing; one hash takes a processor about 20 milliseconds.
pub(super) struct Hashing(Places);

/// The queue length: about four seconds of hashing. Beyond it the server answers 429.
const WAITING: usize = 200;

impl Default for Hashing {
    fn default() -> Self {
        Self(Places::new(processors(), WAITING, 5))
    }
}

impl Hashing {
    /// Runs the work in turn. The caller is not authenticated yet, so no limit per caller applies.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        Ok(self.0.turn("").await?.work(work).await?.0)
    }
}
