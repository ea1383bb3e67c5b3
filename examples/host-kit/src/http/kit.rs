//! The shared state of the request handlers.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::FromRef;
use eovr_core::Eovr;
use eovr_core::ports::Blobs;

use super::auth::Auth;
use super::caller::Authenticate;
use super::health::LastCheck;
use super::meters::Meters;
use super::pages::Pages;
use super::places::Places;
use super::repeat::Repeats;
use super::transfers::Transfers;
use crate::checkpoint::{Kept, LogState};
use crate::keyring::Keys;
use crate::secrets::Secrets;
use crate::signals::Signals;
use crate::writes::Writes;

/// One at a time, because a report of 60,000 characters takes 200 MB while it is rendered.
const EXPORTING: usize = 1;
/// The queue length; each job takes a few seconds.
pub const WAITING: usize = 16;
/// The most exports of one caller, until the caller has received them.
const EACH: usize = 2;
/// The `Retry-After` of a full queue, in seconds.
const PAUSE: u32 = 2;

/// The state of a host: the engine, authentication, and what the kit keeps between requests.
#[derive(Clone)]
pub struct Kit(Arc<Parts>);

/// A host's own state of request handlers, which has a kit beside what is its own.
pub trait HostState: Clone + Send + Sync + 'static {
    /// The kit.
    fn kit(&self) -> &Kit;
}

impl<S: HostState> FromRef<S> for Kit {
    fn from_ref(state: &S) -> Self {
        state.kit().clone()
    }
}

/// What a [`Kit`] holds.
pub struct Parts {
    /// The engine.
    pub eovr: Eovr,
    /// Authenticates callers.
    pub callers: Arc<dyn Authenticate>,
    /// The state of authentication.
    pub auth: Arc<Auth>,
    /// Production, behind HTTPS: no API documentation, and browsers are told to use HTTPS only (HSTS).
    pub production: bool,
    /// The public URL of the server; without it, the address that the client used.
    pub public_url: Option<String>,
    /// The store of attachments.
    pub files: Arc<dyn Blobs>,
    /// Signals that there are new notices.
    pub signals: Signals,
    /// The signed checkpoints of the audit log, if any are kept.
    pub kept: Kept,
    /// The data keys.
    pub keys: Keys,
    /// The state of the writes and of the audit log.
    pub watched: Watched,
    /// Requests that may be sent twice.
    pub repeats: Repeats,
    /// The queue for PDF reports and workbooks.
    pub exports: Places,
    /// Uploads in progress.
    pub uploads: Transfers,
    /// Downloads in progress.
    pub downloads: Transfers,
    /// The last check of the database.
    pub last_check: LastCheck,
    /// The meters of the process.
    pub meters: Meters,
    /// What stands on each page.
    pub pages: Pages,
    stopping: AtomicBool,
}

/// The state of the writes and of the audit log, shown by `/health`.
#[derive(Clone, Default)]
pub struct Watched {
    /// Whether the store accepts writes.
    pub writes: Arc<Writes>,
    /// Whether the audit log matches its checkpoints.
    pub log: Arc<LogState>,
}

/// The parts that a host gives its [`Kit`].
pub struct Setup {
    /// The engine.
    pub eovr: Eovr,
    /// Authenticates callers: `auth`, except in tests.
    pub callers: Arc<dyn Authenticate>,
    /// The state of authentication.
    pub auth: Arc<Auth>,
    /// The store of attachments.
    pub files: Arc<dyn Blobs>,
    /// Signals that there are new notices.
    pub signals: Signals,
    /// The signed checkpoints of the audit log.
    pub kept: Kept,
    /// Production, behind HTTPS.
    pub production: bool,
    /// The public URL of the server.
    pub public_url: Option<String>,
    /// The secrets derived from the master key.
    pub secrets: Arc<Secrets>,
    /// The data keys.
    pub keys: Keys,
    /// The state of the writes and of the audit log.
    pub watched: Watched,
    /// The meters of the process.
    pub meters: Meters,
    /// What stands on each page.
    pub pages: Pages,
}

impl Kit {
    /// The kit of a host.
    pub fn new(setup: Setup) -> Self {
        Self(Arc::new(Parts {
            eovr: setup.eovr,
            callers: setup.callers,
            auth: setup.auth,
            production: setup.production,
            public_url: setup.public_url,
            files: setup.files,
            signals: setup.signals,
            kept: setup.kept,
            keys: setup.keys,
            watched: setup.watched,
            repeats: Repeats::new(setup.secrets),
            exports: Places::new(EXPORTING, WAITING, PAUSE).each(EACH),
            uploads: Transfers::default(),
            downloads: Transfers::default(),
            last_check: LastCheck::default(),
            meters: setup.meters,
            pages: setup.pages,
            stopping: AtomicBool::new(false),
        }))
    }

    /// From now on `/ready` answers that the server takes no requests.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the server was asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

impl Deref for Kit {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
