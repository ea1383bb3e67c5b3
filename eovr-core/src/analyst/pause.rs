use crate::analyst::MOST_ATTEMPTS;

/// The longest pause before the first retry. Each later pause is four times as long.
const FIRST_SECONDS: i64 = 60;
/// The longest pause of our own.
const LONGEST_SECONDS: i64 = 6 * 3600;
/// The longest pause that a provider can ask for.
const MOST_PATIENCE_SECONDS: i64 = 24 * 3600;

/// The pause after the `attempts`-th request, in seconds. It is random between half and all of a growing time, so
/// that the reports of a provider's outage are not all retried in the same second. It is at least what the provider
/// asks for.
pub(super) fn pause(attempts: i64, wait_seconds: Option<u32>, chance: u64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(1, MOST_ATTEMPTS) - 1).unwrap_or(0) * 2;
    let whole = FIRST_SECONDS.saturating_mul(1 << doublings).min(LONGEST_SECONDS);
    let half = whole / 2;
    let jitter = i64::try_from(chance % half.unsigned_abs().max(1)).unwrap_or(0);
    let wait = i64::from(wait_seconds.unwrap_or(0)).min(MOST_PATIENCE_SECONDS);
    (half + jitter).max(wait)
}
