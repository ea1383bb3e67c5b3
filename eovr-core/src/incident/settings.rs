use std::sync::Arc;

use crate::risk::{Scheme, three_by_three};
use crate::triage::{EmbeddedRules, Scorer};

/// What a host may choose about incidents.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The risk schemes that may be used; the first is the default. At least one.
    pub schemes: Vec<Scheme>,
    /// What reads a new report and suggests how urgent it is; `None`: nothing does. Whoever reads, the embedded rules
    /// are the floor: a scorer may say more than they do, and never less.
    pub scorer: Option<Arc<dyn Scorer>>,
}

impl Default for Settings {
    /// The 3×3 matrix and the embedded rules.
    fn default() -> Self {
        Self { schemes: vec![three_by_three()], scorer: Some(Arc::new(EmbeddedRules)) }
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
