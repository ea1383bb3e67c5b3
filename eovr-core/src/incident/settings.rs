use std::sync::Arc;

use crate::risk::{Scheme, three_by_three};
use crate::triage::{EmbeddedRules, Marks, Scorer};

/// What a host may choose about incidents.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The risk schemes that may be used; the first is the default. At least one.
    pub schemes: Vec<Scheme>,
    /// What reads a new report and suggests how urgent it is; `None`: nothing does. Whoever reads, the embedded rules
    /// are the floor: a scorer may say more than they do, and never less.
    pub scorer: Option<Arc<dyn Scorer>>,
    /// From which score of the rules a report is to be read today, and from which now: such a report is of high risk.
    pub marks: Marks,
}

impl Default for Settings {
    /// The 3×3 matrix, the embedded rules and their usual marks.
    fn default() -> Self {
        Self {
            schemes: vec![three_by_three()],
            scorer: Some(Arc::new(EmbeddedRules)),
            marks: Marks::default(),
        }
    }
}

/// What contributed: nine groups after WHO's ICPS (2009), by which causes are counted.
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
