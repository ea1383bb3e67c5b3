//! Two score thresholds that say when a reviewer should read a report.

use serde::{Deserialize, Serialize};

use super::Suggestion;

/// The scores from which a reviewer should read a report today, and now. The host chooses them, because they depend on
/// the number of reports that a team can read in a day and on the share of grave reports that it must find.
/// `docs::triage` lists the recall and the load of the default on each public data set.
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
    /// The lowest score of a report that should be read today, 0 to 100.
    pub today: u8,
    /// The lowest score of a report that should be read now, 0 to 100.
    pub now: u8,
}

/// When a reviewer should read a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Before the day ends.
    Today,
    /// At once.
    Now,
}

impl Marks {
    /// The thresholds for the embedded rules: one severe finding reaches `today`, one never event or death reaches
    /// `now`.
    pub const DEFAULT: Self = Self { today: 26, now: 45 };

    /// The mark of a score; `None` below both thresholds.
    pub fn of_score(self, score: u8) -> Option<Mark> {
        if score >= self.now { Some(Mark::Now) } else { (score >= self.today).then_some(Mark::Today) }
    }

    /// The suggestion with the flag that these marks give: `high_risk` from [`now`](Self::now) on.
    #[must_use]
    pub fn flagged(self, suggestion: Suggestion) -> Suggestion {
        let high_risk = !suggestion.abstained && suggestion.score >= self.now;
        Suggestion { high_risk, ..suggestion }
    }

    /// The mark of a suggestion. A suggestion with `high_risk` gets [`Mark::Now`] at any score. A suggestion with
    /// `abstained` gets `None`.
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
