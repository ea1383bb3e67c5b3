//! Risk: a person's rating of an incident by a risk matrix.
//!
//! A rater answers two questions: how severe the event was or could have been, and how likely it is to happen again. A
//! [`Scheme`] is the table that maps the two answers to a score and a [`Band`]. A caller cannot enter a score.
//!
//! Three properties of matrices shape this module:
//!
//! - **A matrix is a table, not a product.** The product of severity and probability gives a rare death the same 3 as a
//!   frequent scratch. Here each cell has its own band, and a scheme whose worst severity could be below its floor is
//!   refused.
//! - **The same number means opposite things in different countries.** "SAC 1" is the mildest class of the United
//!   States Department of Veterans Affairs and the gravest of New South Wales. Therefore an [`Assessment`] always names
//!   its scheme, and bands can be compared across schemes.
//! - **A rating is a judgement.** Two raters agree fairly well on the actual harm and poorly on the potential harm.
//!   Rate the two separately and keep both.
//!
//! ```
//! # fn main() -> Result<(), eovr_core::error::Error> {
//! use eovr_core::risk::{self, Band};
//!
//! let scheme = risk::three_by_three();
//! let fall = scheme.assess("moderate", "frequent")?;
//! assert_eq!((fall.score, fall.band), (6, Band::High));
//!
//! // Levels can also be given as positions from 1.
//! assert_eq!(scheme.assess(2, 3)?, fall);
//!
//! let refused = scheme.assess("severe", "daily").unwrap_err();
//! assert_eq!((refused.message(), refused.field()), ("probability is off the scale", Some("probability")));
//! assert_eq!(refused.help(), Some("accepted: `rare`, `occasional`, `frequent`, or 1 to 3"));
//! # Ok(())
//! # }
//! ```

mod builtin;
mod scheme;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use builtin::{builtin, npsa_5x5, nsw_sac, three_by_three, va_sac};
pub use scheme::{Assessment, AxisStep, Direction, MatrixCell, Scheme, SchemeTable, Step};

/// The attention that a rating requires, mildest first.
///
/// Every scheme maps each of its cells to a band, so bands can be compared across schemes. Scores cannot.
///
/// ```
/// use eovr_core::risk::Band;
///
/// assert!(Band::High < Band::Extreme);
/// assert_eq!(Band::named("high").map(Band::title_ar), Some(Band::High.title_ar()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Routine: local correction, and monitoring of the trend.
    Low,
    /// The unit's management must act.
    Medium,
    /// Senior management must be informed and act.
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

    /// The band of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|band| band.name() == name)
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
