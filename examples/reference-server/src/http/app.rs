//! What every request is answered with.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use eovr_core::Eovr;
use eovr_core::analyst::Desk;
use eovr_core::ports::Blobs;
use eovr_core::triage::Marks;
use eovr_core::triage::local::LocalScorer;

use super::auth::Auth;
use super::caller::Gate;
use super::health::Pulse;
use super::meters::Meters;
use super::places::{Places, processors};
use super::repeat::Repeats;
use super::transfers::Transfers;
use crate::checkpoint::{Kept, LogState};
use crate::export::fonts::Shelf;
use crate::keyring::Keys;
use crate::post::Bell;
use crate::secrets::Secrets;
use crate::writes::Writes;

/// A report of sixty thousand signs takes two hundred megabytes while it is made, and most take none: one after the other.
const EXPORTING: usize = 1;
/// So many wait behind those that are made: for a few seconds each.
const WAITING: usize = 16;
/// Those of one caller, until they are handed over.
const EACH: usize = 2;
/// After so many seconds there may be room again.
const PAUSE: u32 = 2;

/// The state of the server: the engine, who lets callers in, and what is remembered between requests.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) eovr: Eovr,
    pub(crate) gate: Arc<dyn Gate>,
    pub(crate) auth: Arc<Auth>,
    /// Behind HTTPS, for real: no documentation, and browsers are told to stay with HTTPS.
    pub(crate) production: bool,
    /// Where the server is found from outside; the address that a client used, where nothing is said.
    pub(crate) public_url: Option<String>,
    /// Where attachments lie.
    pub(crate) files: Arc<dyn Blobs>,
    /// Rings when people have been told something.
    pub(crate) bell: Bell,
    /// Has reports read outside; none where nobody is to be asked.
    pub(crate) desk: Option<Desk>,
    pub(crate) learner: Option<Arc<LocalScorer>>,
    /// When reports are to be read.
    pub(crate) marks: Marks,
    /// Where signed checkpoints of the audit log are kept, if anywhere.
    pub(crate) kept: Kept,
    /// What reports are printed with.
    pub(crate) shelf: Shelf,
    /// The keys that seal.
    pub(crate) keys: Keys,
    /// What is watched beside the requests.
    pub(crate) watched: Watched,
    pub(crate) repeats: Repeats,
    /// Where reports are printed and workbooks written.
    pub(crate) exports: Places,
    /// Where drafts are read.
    pub(crate) looks: Places,
    /// Files that come.
    pub(crate) uploads: Transfers,
    /// Files that are given.
    pub(crate) downloads: Transfers,
    pub(crate) pulse: Pulse,
    pub(crate) meters: Meters,
    stopping: AtomicBool,
}

/// What is watched beside the requests, and shown by `/health`.
#[derive(Clone, Default)]
pub(crate) struct Watched {
    /// Whether the store takes writes.
    pub(crate) writes: Arc<Writes>,
    /// Whether the log fits its checkpoints.
    pub(crate) log: Arc<LogState>,
}

/// What an [`App`] is made of.
pub(crate) struct Setup {
    pub(crate) eovr: Eovr,
    /// Who lets callers in: `auth`, but in tests.
    pub(crate) gate: Arc<dyn Gate>,
    pub(crate) auth: Arc<Auth>,
    pub(crate) files: Arc<dyn Blobs>,
    pub(crate) bell: Bell,
    pub(crate) desk: Option<Desk>,
    pub(crate) learner: Option<Arc<LocalScorer>>,
    /// When reports are to be read.
    pub(crate) marks: Marks,
    pub(crate) kept: Kept,
    pub(crate) shelf: Shelf,
    pub(crate) production: bool,
    pub(crate) public_url: Option<String>,
    /// What follows from the master key.
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) keys: Keys,
    pub(crate) watched: Watched,
    pub(crate) meters: Meters,
}

impl App {
    pub(crate) fn new(setup: Setup) -> Self {
        let Setup {
            eovr,
            gate,
            auth,
            files,
            bell,
            desk,
            learner,
            marks,
            kept,
            shelf,
            production,
            public_url,
            secrets,
            keys,
            watched,
            meters,
        } = setup;
        Self(Arc::new(Parts {
            eovr,
            gate,
            auth,
            production,
            public_url,
            files,
            bell,
            desk,
            learner,
            marks,
            kept,
            shelf,
            keys,
            watched,
            repeats: Repeats::new(secrets),
            exports: Places::new(EXPORTING, WAITING, PAUSE).each(EACH),
            looks: Places::new(processors(), WAITING, 1),
            uploads: Transfers::default(),
            downloads: Transfers::default(),
            pulse: Pulse::default(),
            meters,
            stopping: AtomicBool::new(false),
        }))
    }

    /// From now on the server says that it takes no more.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
