use std::sync::Arc;

use crate::risk::{Scheme, three_by_three};
use crate::triage::{EmbeddedRules, Marks, Scorer};

/// A host's settings for incidents.
///
/// ```
/// use eovr_core::incident::{self, Settings};
/// use eovr_core::risk::{npsa_5x5, three_by_three};
///
/// let settings = Settings { schemes: vec![npsa_5x5(), three_by_three()], scorer: None, ..Settings::default() };
/// assert_eq!(incident::kinds(settings)?[0].name(), "incident");
/// let without_a_scheme = Settings { schemes: Vec::new(), ..Settings::default() };
/// assert_eq!(incident::kinds(without_a_scheme).unwrap_err().help(), Some("give at least one"));
/// # Ok::<(), eovr_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    /// The risk schemes; the first is the default. At least one.
    pub schemes: Vec<Scheme>,
    /// The scorer, which reads a new report and suggests its urgency; `None`: no scorer. The embedded rules are the
    /// minimum: a scorer can raise their result, but not lower it.
    pub scorer: Option<Arc<dyn Scorer>>,
    /// The rule scores from which a report must be read today, and immediately; such a report is of high risk.
    pub marks: Marks,
}

impl Default for Settings {
    /// The 3×3 matrix, the embedded rules and their default marks.
    fn default() -> Self {
        Self {
            schemes: vec![three_by_three()],
            scorer: Some(Arc::new(EmbeddedRules)),
            marks: Marks::default(),
        }
    }
}

/// The contributing factors: nine groups according to WHO's ICPS (2009), for counts of causes.
pub const FACTORS: &[&str] = &[
    "staff",
    "patient",
    "communication",
    "work_environment",
    "organisation",
    "equipment",
    "training",
    "workload",
    "external",
];
