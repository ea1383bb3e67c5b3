//! Conversions between [`Timestamp`] and the time types of other libraries.
//!
//! A facet holds a time of the years -9999 to 9999, and `jiff` and `chrono` cover them; a time beyond them becomes the
//! nearest that the type has. A `SystemTime` covers what the operating system does (Windows: from 1601), and a time
//! beyond that becomes 1970. A conversion from another type drops what is finer than a microsecond.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Timestamp;

/// Before 1970 the microsecond is rounded towards the past.
///
/// ```
/// use std::time::{Duration, SystemTime, UNIX_EPOCH};
///
/// use eovr_core::Timestamp;
///
/// let noon = UNIX_EPOCH + Duration::from_secs(12 * 3600);
/// assert_eq!(Timestamp::from(noon).to_string(), "1970-01-01T12:00:00Z");
/// assert_eq!(SystemTime::from(Timestamp::from(noon)), noon);
/// ```
impl From<SystemTime> for Timestamp {
    fn from(at: SystemTime) -> Self {
        let micros = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        match at.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(micros(after)),
            Err(error) => {
                let before = error.duration();
                let rest = i64::from(!before.subsec_nanos().is_multiple_of(1000));
                Self(micros(before).saturating_neg().saturating_sub(rest))
            }
        }
    }
}

impl From<Timestamp> for SystemTime {
    fn from(at: Timestamp) -> Self {
        let span = Duration::from_micros(at.0.unsigned_abs());
        let moved = if at.0 < 0 { UNIX_EPOCH.checked_sub(span) } else { UNIX_EPOCH.checked_add(span) };
        moved.unwrap_or(UNIX_EPOCH)
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(at: jiff::Timestamp) -> Self {
        Self(at.as_nanosecond().div_euclid(1000).try_into().unwrap_or(i64::MAX))
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(at: Timestamp) -> Self {
        at.jiff()
    }
}

/// Needs the feature `chrono`.
///
/// ```
/// let at: chrono::DateTime<chrono::Utc> = "2026-11-22T08:30:00Z".parse()?;
/// assert_eq!(eovr_core::Timestamp::from(at).to_string(), "2026-11-22T08:30:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "chrono")]
impl<Z: chrono::TimeZone> From<chrono::DateTime<Z>> for Timestamp {
    fn from(at: chrono::DateTime<Z>) -> Self {
        Self(at.timestamp_micros())
    }
}

/// Needs the feature `chrono`.
#[cfg(feature = "chrono")]
impl From<Timestamp> for chrono::DateTime<chrono::Utc> {
    fn from(at: Timestamp) -> Self {
        Self::from_timestamp_micros(at.0).unwrap_or(if at.0 < 0 { Self::MIN_UTC } else { Self::MAX_UTC })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_time_survives_each_library(
            micros in Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros(),
            nanos in 0_i64..1000,
        ) {
            let at = Timestamp(micros);
            prop_assert_eq!(Timestamp::from(SystemTime::from(at)), at);
            prop_assert_eq!(Timestamp::from(jiff::Timestamp::from(at)), at);
            // The finer part is dropped towards the past.
            let finer = jiff::Timestamp::from_nanosecond(i128::from(micros) * 1000 + i128::from(nanos));
            prop_assert_eq!(Timestamp::from(finer.unwrap_or(jiff::Timestamp::from(at))), at);
            let finer = SystemTime::from(at) + Duration::from_nanos(nanos.unsigned_abs());
            prop_assert_eq!(Timestamp::from(finer), at);
            #[cfg(feature = "chrono")]
            {
                let chrono = chrono::DateTime::<chrono::Utc>::from(at);
                prop_assert_eq!(Timestamp::from(chrono), at);
                prop_assert_eq!(Timestamp::from(chrono + chrono::TimeDelta::nanoseconds(nanos)), at);
                let read: Timestamp = chrono.to_rfc3339().parse().unwrap_or(Timestamp::MIN);
                prop_assert!(read == at || chrono.to_rfc3339().starts_with(['+', '-']));
            }
        }

        #[test]
        fn an_extreme_time_does_not_panic(micros: i64) {
            let at = Timestamp(micros);
            let _ = (SystemTime::from(at), jiff::Timestamp::from(at));
            #[cfg(feature = "chrono")]
            let _ = chrono::DateTime::<chrono::Utc>::from(at);
        }
    }
}
