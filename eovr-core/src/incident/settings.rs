use std::sync::Arc;

use crate::risk::{Scheme, three_by_three};
use crate::triage::{EmbeddedRules, Marks, Scorer};

/// A host's settings for incidents.
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
