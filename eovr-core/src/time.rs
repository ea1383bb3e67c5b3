//! Points in time, as values. The core never reads the system clock itself.

mod convert;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A point in time: microseconds since 1970-01-01T00:00:00Z, the finest unit that every store supports.
///
/// Shown and read as RFC 3339 in UTC.
///
/// ```
/// use eovr_core::Timestamp;
///
/// let at: Timestamp = "2026-11-22T10:30:00+02:00".parse()?;
/// assert_eq!(at.to_string(), "2026-11-22T08:30:00Z");
/// assert_eq!(at.as_micros(), 1_795_336_200_000_000);
/// # Ok::<(), eovr_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last time that RFC 3339 can express in every time zone, near the end of the year 9999. A facet holds no
    /// later time.
    pub const MAX: Self = Self(253_402_207_200_999_999);

    /// The first such time, in the year -9999.
    pub const MIN: Self = Self(-377_705_023_201_000_000);

    /// Makes a time from microseconds since 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The day in UTC, `2026-11-27`, so that nodes need no common time zone.
    pub(crate) fn utc_day(self) -> String {
        self.to_string().chars().take("2026-11-27".len()).collect()
    }

    /// This time plus `seconds` (minus, where negative); saturates at the ends of the range.
    ///
    /// ```
    /// use eovr_core::Timestamp;
    ///
    /// let dose: Timestamp = "2026-11-22T08:30:00Z".parse()?;
    /// assert_eq!(dose.plus_seconds(6 * 3600).to_string(), "2026-11-22T14:30:00Z");
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Year and month on a wall clock in `zone`: `(2026, 11)`.
    ///
    /// Monthly figures use the facility's own calendar: a report made at 01:00 in Cairo on the first belongs to the new
    /// month, although the old month has not ended in UTC.
    pub fn year_month(self, zone: &jiff::tz::TimeZone) -> (i16, i8) {
        let date = self.jiff().to_zoned(zone.clone()).date();
        (date.year(), date.month())
    }

    /// The same as one number, `yyyymm`.
    ///
    /// ```
    /// use eovr_core::Timestamp;
    ///
    /// let at: Timestamp = "2026-11-30T22:30:00Z".parse()?;
    /// assert_eq!(at.month(&jiff::tz::TimeZone::UTC), 202_611);
    /// assert_eq!(at.month(&jiff::tz::TimeZone::get("Africa/Cairo")?), 202_612);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn month(self, zone: &jiff::tz::TimeZone) -> u32 {
        let (year, month) = self.year_month(zone);
        u32::from(year.unsigned_abs()) * 100 + u32::from(month.unsigned_abs())
    }

    /// This time on a wall clock.
    #[cfg(feature = "export")]
    #[cfg(any(feature = "pdf", feature = "xlsx"))]
    pub(crate) fn on(self, zone: &jiff::tz::TimeZone) -> jiff::Zoned {
        self.jiff().to_zoned(zone.clone())
    }

    fn jiff(self) -> jiff::Timestamp {
        // A time outside jiff's range (years -9999 to 9999) is shown as the nearest end.
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.jiff().fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let not_one = |help| Error::invalid("not a point in time").with_help(help);
        let at = text.parse::<jiff::Timestamp>();
        let at = at.map_err(|_| not_one("write it like `2026-11-22T08:30:00Z`"))?;
        // A zone suffix (RFC 9557) must agree with the offset; otherwise the text is ambiguous.
        if text.contains('[') && text.parse::<jiff::Zoned>().is_err() {
            return Err(not_one(
                "offset and zone disagree; leave one out, or write it like `2026-11-22T10:30:00+02:00[Africa/Cairo]`",
            ));
        }
        Ok(Self(at.as_microsecond()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn a_zone_must_agree_with_the_offset() {
        let utc = "2026-11-22T08:30:00Z".parse::<Timestamp>().ok();
        for same in [
            "2026-11-22T10:30:00+02:00",
            "2026-11-22T10:30:00+02:00[Africa/Cairo]",
            "2026-11-22T08:30:00Z[Africa/Cairo]",
        ] {
            assert_eq!(same.parse().ok(), utc, "{same}");
        }
        for other in [
            "2026-11-22T10:30:00+05:00[Africa/Cairo]",
            "2026-11-22T10:30:00+02:00[Africa/Qairo]",
            "2026-11-22T10:30:00+02:00[",
            "2026-11-22T10:30:00[Africa/Cairo]",
        ] {
            assert!(other.parse::<Timestamp>().is_err(), "{other}");
        }
    }

    #[test]
    fn the_first_and_the_last_moment_can_be_written_and_read() {
        assert_eq!(Timestamp::MIN.as_micros(), jiff::Timestamp::MIN.as_microsecond());
        assert_eq!(Timestamp::MAX.as_micros(), jiff::Timestamp::MAX.as_microsecond());
        for moment in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(moment.to_string().parse::<Timestamp>().ok(), Some(moment));
        }
    }
}
