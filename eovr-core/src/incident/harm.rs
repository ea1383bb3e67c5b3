//! The level of harm to the patient, and its codes in other systems.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::taxonomy::unknown;
use crate::error::{Error, Result};

/// The level of harm of an incident, mildest first.
///
/// The first two levels did not reach a patient. Rate an incident twice: the actual harm and the potential harm. The
/// two are separate because raters agree much better on the actual harm than on the potential harm.
///
/// The crosswalks are eovr's own proposal. They map one way only, because several levels of another scale may share one
/// of ours. They contain codes only, because the wording of the scales belongs to their publishers.
///
/// ```
/// # fn main() -> eovr_core::error::Result<()> {
/// use eovr_core::incident::harm::Harm;
///
/// let harm: Harm = "moderate".parse()?;
/// assert!(harm > Harm::NearMiss);
/// assert_eq!(harm.ahrq(), Some('c'));
/// assert_eq!(harm.title_ar(), "ضرر متوسط");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Harm {
    /// A hazard without an event so far: a wet floor, two vials that look alike on one shelf.
    UnsafeCondition,
    /// The error was caught before it reached the patient.
    NearMiss,
    /// The incident reached the patient and no harm is evident.
    NoHarm,
    /// Few or slight symptoms, or only additional observation or treatment.
    Mild,
    /// Harm that needed treatment or a longer stay, and is less than severe.
    Moderate,
    /// Permanent harm, danger to life, or a major loss of function or quality of life.
    Severe,
    /// The patient died, and the incident may have contributed.
    Death,
}

impl Harm {
    /// Every level, mildest first.
    pub const ALL: [Self; 7] = [
        Self::UnsafeCondition,
        Self::NearMiss,
        Self::NoHarm,
        Self::Mild,
        Self::Moderate,
        Self::Severe,
        Self::Death,
    ];

    /// The level's stable code, as JSON and stores show it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnsafeCondition => "unsafe_condition",
            Self::NearMiss => "near_miss",
            Self::NoHarm => "no_harm",
            Self::Mild => "mild",
            Self::Moderate => "moderate",
            Self::Severe => "severe",
            Self::Death => "death",
        }
    }

    /// The level's title in English.
    pub const fn title_en(self) -> &'static str {
        match self {
            Self::UnsafeCondition => "Unsafe condition",
            Self::NearMiss => "Near miss",
            Self::NoHarm => "No harm",
            Self::Mild => "Mild harm",
            Self::Moderate => "Moderate harm",
            Self::Severe => "Severe harm",
            Self::Death => "Death",
        }
    }

    /// The level's title in Arabic.
    pub const fn title_ar(self) -> &'static str {
        match self {
            Self::UnsafeCondition => "وضع غير آمن",
            Self::NearMiss => "حدث وشيك",
            Self::NoHarm => "دون ضرر",
            Self::Mild => "ضرر بسيط",
            Self::Moderate => "ضرر متوسط",
            Self::Severe => "ضرر جسيم",
            Self::Death => "وفاة",
        }
    }

    /// Whether the incident reached a patient, harmed or not.
    ///
    /// HL7 FHIR calls the first kind `actual`, the second `potential`.
    pub const fn reached_patient(self) -> bool {
        !matches!(self, Self::UnsafeCondition | Self::NearMiss)
    }

    /// The letter of the AHRQ Harm Scale, Common Formats 1.2 (`a` death to `e` no harm).
    ///
    /// `None` for an unsafe condition and a near miss, because AHRQ treats these as kinds of report and not as grades
    /// of harm. AHRQ's `f` (unknown) has no counterpart; leave the harm unset instead.
    pub const fn ahrq(self) -> Option<char> {
        match self {
            Self::UnsafeCondition | Self::NearMiss => None,
            Self::NoHarm => Some('e'),
            Self::Mild => Some('d'),
            Self::Moderate => Some('c'),
            Self::Severe => Some('b'),
            Self::Death => Some('a'),
        }
    }

    /// The code of LFPSE's level of physical harm (`1` fatal to `5` none), taxonomy of January 2023.
    ///
    /// `None` for an unsafe condition, because LFPSE records it as an event of type Risk, which has no such level.
    pub const fn lfpse_physical(self) -> Option<u8> {
        match self {
            Self::UnsafeCondition => None,
            Self::NearMiss | Self::NoHarm => Some(5),
            Self::Mild => Some(4),
            Self::Moderate => Some(3),
            Self::Severe => Some(2),
            Self::Death => Some(1),
        }
    }

    /// The categories of the NCC MERP index for medication errors, `A` to `I`, that share this level.
    ///
    /// Where a level spans two categories, the harm alone does not determine which one applies.
    pub const fn ncc_merp(self) -> RangeInclusive<char> {
        match self {
            Self::UnsafeCondition => 'A'..='A',
            Self::NearMiss => 'B'..='B',
            Self::NoHarm => 'C'..='D',
            Self::Mild => 'E'..='E',
            Self::Moderate => 'F'..='F',
            Self::Severe => 'G'..='H',
            Self::Death => 'I'..='I',
        }
    }
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Harm {
    type Err = Error;

    fn from_str(code: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|harm| harm.code() == code);
        found.ok_or_else(|| unknown("harm", code, Self::ALL.map(Self::code)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::taxonomy::check_arabic;
    use super::*;

    #[test]
    fn codes_go_round_through_text_and_json() -> Result<(), Box<dyn std::error::Error>> {
        for harm in Harm::ALL {
            assert_eq!(harm.code().parse::<Harm>()?, harm);
            let json = serde_json::to_string(&harm)?;
            assert_eq!(json, format!("\"{harm}\""));
            assert_eq!(serde_json::from_str::<Harm>(&json)?, harm);
        }
        Ok(())
    }

    #[test]
    fn a_worse_level_is_greater() {
        assert!(Harm::ALL.is_sorted());
        assert!(Harm::NearMiss < Harm::NoHarm && Harm::Severe < Harm::Death);
    }

    #[test]
    fn an_unknown_code_lists_the_known_ones() {
        let error = "severee".parse::<Harm>().err().map(|error| error.to_string());
        assert_eq!(
            error.as_deref(),
            Some(
                "invalid_input: unknown harm; did you mean `severe`? accepted: `unsafe_condition`, \
                 `near_miss`, `no_harm`, `mild`, `moderate`, `severe`, `death`"
            )
        );
    }

    #[test]
    fn the_crosswalk_is_as_published_in_the_docs() {
        let rows = Harm::ALL.map(|harm| {
            let ahrq = harm.ahrq().unwrap_or('-');
            let lfpse = harm.lfpse_physical().map_or("-".to_owned(), |code| code.to_string());
            let merp: String = harm.ncc_merp().collect();
            format!("{harm} {ahrq} {lfpse} {merp}")
        });
        assert_eq!(
            rows,
            [
                "unsafe_condition - - A",
                "near_miss - 5 B",
                "no_harm e 5 CD",
                "mild d 4 E",
                "moderate c 3 F",
                "severe b 2 GH",
                "death a 1 I",
            ]
        );
    }

    #[test]
    fn every_category_of_the_index_has_one_level() {
        let merp: String = Harm::ALL.into_iter().flat_map(Harm::ncc_merp).collect();
        assert_eq!(merp, "ABCDEFGHI");
    }

    #[test]
    fn only_what_reached_the_patient_has_a_grade_of_harm() {
        for harm in Harm::ALL {
            assert_eq!(harm.reached_patient(), harm.ahrq().is_some(), "{harm}");
        }
    }

    #[test]
    fn arabic_titles_are_arabic() {
        for harm in Harm::ALL {
            check_arabic(harm.title_ar());
        }
    }
}
