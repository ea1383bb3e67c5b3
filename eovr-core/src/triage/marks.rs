//! Two marks that say when a report is to be read.

use serde::{Deserialize, Serialize};

use super::Suggestion;

/// From which score a report is to be read today, and from which now. They belong to the host: how many reports a team can
/// read in a day decides as much as how many grave ones it must find. `docs::triage` states what the default finds, and at
/// what load, on each public set.
///
/// ```
/// use eovr_core::triage::{Case, EmbeddedRules, Mark, Marks, Scorer};
///
/// let say = |narrative| EmbeddedRules.score(&Case { narrative, ..Case::default() });
/// let marks = Marks::default();
/// assert_eq!(marks.mark(&say("The patient died.")), Some(Mark::Now));
/// assert_eq!(marks.mark(&say("The patient broke his hip.")), Some(Mark::Today));
/// assert_eq!(marks.mark(&say("The patient slept well.")), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    /// The lowest score that is to be read today, 0 to 100.
    pub today: u8,
    /// The lowest score that is to be read now, 0 to 100.
    pub now: u8,
}

/// When a report is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Before the day ends.
    Today,
    /// At once.
    Now,
}

impl Marks {
    /// Of the embedded rules: from one severe finding today, from one never event or death now.
    pub const DEFAULT: Self = Self { today: 26, now: 45 };

    /// The mark of a score; none below both.
    pub fn of_score(self, score: u8) -> Option<Mark> {
        if score >= self.now { Some(Mark::Now) } else { (score >= self.today).then_some(Mark::Today) }
    }

    /// The suggestion with its flag where these marks put it: raised from [`now`](Self::now) on.
    #[must_use]
    pub fn flagged(self, suggestion: Suggestion) -> Suggestion {
        let high_risk = !suggestion.abstained && suggestion.score >= self.now;
        Suggestion { high_risk, ..suggestion }
    }

    /// The mark of a suggestion: what its scorer calls high risk is to be read now, at any score. Where the scorer has
    /// nothing to say there is none.
    pub fn mark(self, suggestion: &Suggestion) -> Option<Mark> {
        if suggestion.abstained {
            return None;
        }
        if suggestion.high_risk { Some(Mark::Now) } else { self.of_score(suggestion.score) }
    }
}

impl Default for Marks {
    /// [`Marks::DEFAULT`].
    fn default() -> Self {
        Self::DEFAULT
    }
}
