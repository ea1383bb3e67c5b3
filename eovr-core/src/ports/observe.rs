//! What the engine tells a subscriber of `tracing`. Without the feature of that name it tells nothing and costs nothing.
//!
//! A span or an event names an operation, a kind and an action that the host has declared, an outcome and a duration.
//! It never contains what an actor has typed: no text, note, id, name or key.

#[cfg(feature = "tracing")]
pub(crate) use self::told::{micros, operation, outcome, read_keys, repeated, timed};
#[cfg(not(feature = "tracing"))]
pub(crate) use self::untold::{operation, read_keys, repeated};

#[cfg(feature = "tracing")]
mod told {
    use std::time::{Duration, Instant};

    use tracing::{Instrument as _, debug, debug_span};

    use crate::error::{Error, Result};
    use crate::kind::Kind;

    const TARGET: &str = "eovr_core::engine";

    /// Runs an operation of the engine in a span, and tells its outcome and duration. It names only an action that the
    /// kind has, because the action of a command is any text.
    ///
    /// The work is boxed at once. A future that is passed on by value is kept once for each function that passes it, and
    /// operations contain each other, so a task would outgrow its stack.
    pub(crate) fn operation<T>(
        operation: &'static str,
        kind: Option<&Kind>,
        action: &str,
        work: impl Future<Output = Result<T>>,
    ) -> impl Future<Output = Result<T>> {
        let work = Box::pin(work);
        let action = kind.and_then(|kind| kind.machine().action(action)).map(|row| row.name.as_str());
        let kind = kind.map(|kind| kind.name().as_str());
        let span = debug_span!(target: TARGET, "operation", operation, kind, action);
        let work = async move {
            let (done, took) = timed(work).await;
            let ((outcome, error), micros) = (outcome(&done), micros(took));
            debug!(target: TARGET, operation, kind, action, outcome, error, micros, "operation done");
            done
        };
        work.instrument(span)
    }

    /// A decision is made again, because of this error.
    pub(crate) fn repeated(because: &Error) {
        debug!(target: TARGET, error = because.kind().name(), "lost a race; the decision is repeated");
    }

    /// The keys are read again.
    pub(crate) fn read_keys() {
        debug!(target: TARGET, "the keys are read again");
    }

    /// The result and the duration of some work.
    pub(crate) async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
        #[expect(clippy::disallowed_methods, reason = "a duration for a subscriber; no decision sees it")]
        let began = Instant::now();
        let done = work.await;
        (done, began.elapsed())
    }

    /// As a number that every subscriber can write.
    pub(crate) fn micros(took: Duration) -> u64 {
        u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
    }

    /// The outcome, and the kind of the error.
    pub(crate) fn outcome<T>(done: &Result<T>) -> (&'static str, Option<&'static str>) {
        match done {
            Ok(_) => ("ok", None),
            Err(error) => ("failed", Some(error.kind().name())),
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod untold {
    use crate::error::Error;
    use crate::kind::Kind;

    pub(crate) fn operation<F: Future>(_: &'static str, _: Option<&Kind>, _: &str, work: F) -> F {
        work
    }

    pub(crate) fn repeated(_: &Error) {}

    pub(crate) fn read_keys() {}
}
