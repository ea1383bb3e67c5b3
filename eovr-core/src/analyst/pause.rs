use crate::analyst::MOST_ATTEMPTS;

/// The second time comes after so long at most, each later one after four times as long.
const FIRST_SECONDS: i64 = 60;
/// And none after longer.
const LONGEST_SECONDS: i64 = 6 * 3600;
/// However long a provider asks to be left alone.
const MOST_PATIENCE_SECONDS: i64 = 24 * 3600;

/// How long to wait after the `attempts`-th time, in seconds: by chance between half and all of a pause that
/// grows, so that the reports of an hour in which a provider was away do not all come back in the same second;
/// and no less than the provider asks for.
pub(super) fn pause(attempts: i64, wait_seconds: Option<u32>, chance: u64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(1, MOST_ATTEMPTS) - 1).unwrap_or(0) * 2;
    let whole = FIRST_SECONDS.saturating_mul(1 << doublings).min(LONGEST_SECONDS);
    let half = whole / 2;
    let jitter = i64::try_from(chance % half.unsigned_abs().max(1)).unwrap_or(0);
    let wait = i64::from(wait_seconds.unwrap_or(0)).min(MOST_PATIENCE_SECONDS);
    (half + jitter).max(wait)
}
