//! How bad: a person's rating of an incident, read from a risk matrix.
//!
//! A rater answers two questions: how severe was it, or could it have been, and how likely is it to
//! happen again. A [`Scheme`] is the table that turns the two answers into a score and a [`Band`].
//! The library reads the table; nobody types a score in.
//!
//! Three things about matrices are easy to get wrong, and shape this module:
//!
//! - **A matrix is a table, not a product.** Severity times probability puts a death that is rare at
//!   the same 3 as a scratch that is frequent. Here each cell carries its own band, and a scheme whose
//!   worst severity could fall below its floor is refused.
//! - **The same number means opposite things in different countries.** A "SAC 1" is the mildest class
//!   of the United States Department of Veterans Affairs and the gravest of New South Wales. So a score
//!   never travels alone: an [`Assessment`] names its scheme, and the band compares across schemes.
//! - **A rating is a judgement.** Two raters agree fairly well on the harm that was done and poorly on
//!   the harm that might have been; rate the two apart and keep both.
//!
//! ```
//! # fn main() -> Result<(), eovr_core::error::Error> {
//! use eovr_core::risk::{self, Band};
//!
//! let scheme = risk::three_by_three();
//! let fall = scheme.assess("moderate", "frequent")?;
//! assert_eq!((fall.score, fall.band), (6, Band::High));
//!
//! // Levels may be counted from 1 instead of named.
//! assert_eq!(scheme.assess(2, 3)?, fall);
//!
//! let refused = scheme.assess("severe", "daily").map_err(|error| error.to_string());
//! assert_eq!(
//!     refused.err().as_deref(),
//!     Some(
//!         "invalid_input: probability is off the scale; \
//!          accepted: `rare`, `occasional`, `frequent`, or 1 to 3"
//!     ),
//! );
//! # Ok(())
//! # }
//! ```

mod builtin;
mod scheme;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use builtin::{builtin, npsa_5x5, nsw_sac, three_by_three, va_sac};
pub use scheme::{Assessment, Cell, Direction, Level, Scheme, SchemeTable, Step};

/// How much attention a rating calls for, mildest first.
///
/// Every scheme maps each of its cells to a band, so bands compare where scores do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Routine: local correction and a look at the trend.
    Low,
    /// The unit's management should act.
    Medium,
    /// Senior management should know and act.
    High,
    /// The gravest class, in schemes that have one above high.
    Extreme,
}

impl Band {
    /// Every band, mildest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Extreme];

    /// The band's stable name, as JSON and stores show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Extreme => "extreme",
        }
    }

    /// The band's title in English.
    pub const fn title_en(self) -> &'static str {
        match self {
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Extreme => "Extreme",
        }
    }

    /// The band's title in Arabic.
    pub const fn title_ar(self) -> &'static str {
        match self {
            Self::Low => "منخفض",
            Self::Medium => "متوسط",
            Self::High => "مرتفع",
            Self::Extreme => "شديد الخطورة",
        }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_ordered_and_named_as_json_names_them() {
        assert!(Band::ALL.is_sorted());
        for band in Band::ALL {
            let json = serde_json::to_string(&band).unwrap_or_default();
            assert_eq!(json, format!("\"{}\"", band.name()));
            assert_eq!(serde_json::from_str::<Band>(&json).ok(), Some(band));
        }
    }
}
