//! Writers who race for the same record. A store refuses the slower one with a `Conflict`, and its decision is made
//! again on the newer record.

use crate::error::Result;
use crate::ports::observe;
use crate::service::is_lost_race;

/// How often a decision is repeated after a lost race.
pub(crate) const TRIES: u32 = 16;

/// Runs `attempt` until it loses no race, and returns its result. `None` where it lost [`TRIES`] of them.
///
/// # Errors
/// Every error of `attempt` that is not a lost race.
pub(crate) async fn until_won<T, F>(mut attempt: impl FnMut() -> F) -> Result<Option<T>>
where
    F: Future<Output = Result<T>>,
{
    for _ in 0..TRIES {
        match attempt().await {
            Err(error) if is_lost_race(&error) => observe::repeated(&error),
            done => return done.map(Some),
        }
    }
    Ok(None)
}
