//! The server's own state of request handlers, beside the kit.

use std::ops::Deref;
use std::sync::Arc;

use eovr_core::analyst::Worker;
use eovr_core::triage::Marks;
use eovr_core::triage::local::LocalScorer;
use eovr_host::http::kit::{HostState, Kit, WAITING};
use eovr_host::http::places::{Places, processors};

use super::pages::Trial;
use crate::export::fonts::LoadedFonts;

/// The state of the server: the kit, and what belongs to incidents.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) kit: Kit,
    /// Sends reports to external models; none if no provider is set.
    pub(crate) worker: Option<Worker>,
    pub(crate) learner: Option<Arc<LocalScorer>>,
    /// The score thresholds that mark a report as to be read today or now.
    pub(crate) marks: Marks,
    /// The fonts for printed reports.
    pub(crate) fonts: LoadedFonts,
    /// The queue for checks of drafts.
    pub(crate) looks: Places,
    /// The accounts that `/try` offers; none outside of the demonstration.
    pub(crate) trial: Vec<Trial>,
}

/// The parts of an [`App`].
pub(crate) struct Setup {
    pub(crate) kit: Kit,
    pub(crate) worker: Option<Worker>,
    pub(crate) learner: Option<Arc<LocalScorer>>,
    /// The score thresholds that mark a report as to be read today or now.
    pub(crate) marks: Marks,
    pub(crate) fonts: LoadedFonts,
    /// The accounts that `/try` offers.
    pub(crate) trial: Vec<Trial>,
}

impl App {
    pub(crate) fn new(setup: Setup) -> Self {
        let Setup { kit, worker, learner, marks, fonts, trial } = setup;
        let looks = Places::new(processors(), WAITING, 1);
        Self(Arc::new(Parts { kit, worker, learner, marks, fonts, looks, trial }))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl HostState for App {
    fn kit(&self) -> &Kit {
        &self.kit
    }
}
