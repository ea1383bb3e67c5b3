//! The shared state of the request handlers.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use eovr_core::Eovr;
use eovr_core::analyst::Worker;
use eovr_core::ports::Blobs;
use eovr_core::triage::Marks;
use eovr_core::triage::local::LocalScorer;

use super::auth::Auth;
use super::caller::Authenticate;
use super::health::LastCheck;
use super::meters::Meters;
use super::places::{Places, processors};
use super::repeat::Repeats;
use super::transfers::Transfers;
use crate::checkpoint::{Kept, LogState};
use crate::delivery::Signals;
use crate::export::fonts::LoadedFonts;
use crate::keyring::Keys;
use crate::secrets::Secrets;
use crate::writes::Writes;

/// One at a time, because a report of 60,000 characters takes 200 MB while it is rendered.
const EXPORTING: usize = 1;
/// The queue length; each job takes a few seconds.
const WAITING: usize = 16;
/// The most exports of one caller, until the caller has received them.
const EACH: usize = 2;
/// The `Retry-After` of a full queue, in seconds.
const PAUSE: u32 = 2;

/// The state of the server: the engine, authentication, and what the server keeps between requests.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) eovr: Eovr,
    pub(crate) callers: Arc<dyn Authenticate>,
    pub(crate) auth: Arc<Auth>,
    /// Production, behind HTTPS: no API documentation, and browsers are told to use HTTPS only (HSTS).
    pub(crate) production: bool,
    /// The public URL of the server; without it, the address that the client used.
    pub(crate) public_url: Option<String>,
    /// The store of attachments.
    pub(crate) files: Arc<dyn Blobs>,
    /// Signals that there are new notices.
    pub(crate) signals: Signals,
    /// Sends reports to external models; none if no provider is set.
    pub(crate) worker: Option<Worker>,
    pub(crate) learner: Option<Arc<LocalScorer>>,
    /// The score thresholds that mark a report as to be read today or now.
    pub(crate) marks: Marks,
    /// The signed checkpoints of the audit log, if any are kept.
    pub(crate) kept: Kept,
    /// The fonts for printed reports.
    pub(crate) fonts: LoadedFonts,
    /// The data keys.
    pub(crate) keys: Keys,
    /// The state of the writes and of the audit log.
    pub(crate) watched: Watched,
    pub(crate) repeats: Repeats,
    /// The queue for PDF reports and workbooks.
    pub(crate) exports: Places,
    /// The queue for checks of drafts.
    pub(crate) looks: Places,
    /// Uploads in progress.
    pub(crate) uploads: Transfers,
    /// Downloads in progress.
    pub(crate) downloads: Transfers,
    pub(crate) last_check: LastCheck,
    pub(crate) meters: Meters,
    stopping: AtomicBool,
}

/// The state of the writes and of the audit log, shown by `/health`.
#[derive(Clone, Default)]
pub(crate) struct Watched {
    /// Whether the store accepts writes.
    pub(crate) writes: Arc<Writes>,
    /// Whether the audit log matches its checkpoints.
    pub(crate) log: Arc<LogState>,
}

/// The parts of an [`App`].
pub(crate) struct Setup {
    pub(crate) eovr: Eovr,
    /// Authenticates callers: `auth`, except in tests.
    pub(crate) callers: Arc<dyn Authenticate>,
    pub(crate) auth: Arc<Auth>,
    pub(crate) files: Arc<dyn Blobs>,
    pub(crate) signals: Signals,
    pub(crate) worker: Option<Worker>,
    pub(crate) learner: Option<Arc<LocalScorer>>,
    /// The score thresholds that mark a report as to be read today or now.
    pub(crate) marks: Marks,
    pub(crate) kept: Kept,
    pub(crate) fonts: LoadedFonts,
    pub(crate) production: bool,
    pub(crate) public_url: Option<String>,
    /// The secrets derived from the master key.
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) keys: Keys,
    pub(crate) watched: Watched,
    pub(crate) meters: Meters,
}

impl App {
    pub(crate) fn new(setup: Setup) -> Self {
        let Setup {
            eovr,
            callers,
            auth,
            files,
            signals,
            worker,
            learner,
            marks,
            kept,
            fonts,
            production,
            public_url,
            secrets,
            keys,
            watched,
            meters,
        } = setup;
        Self(Arc::new(Parts {
            eovr,
            callers,
            auth,
            production,
            public_url,
            files,
            signals,
            worker,
            learner,
            marks,
            kept,
            fonts,
            keys,
            watched,
            repeats: Repeats::new(secrets),
            exports: Places::new(EXPORTING, WAITING, PAUSE).each(EACH),
            looks: Places::new(processors(), WAITING, 1),
            uploads: Transfers::default(),
            downloads: Transfers::default(),
            last_check: LastCheck::default(),
            meters,
            stopping: AtomicBool::new(false),
        }))
    }

    /// From now on `/ready` answers that the server takes no requests.
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
