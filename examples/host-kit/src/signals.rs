//! What the delivery of notices tells the rest of a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::watch;

const OFF: u8 = 0;
const WELL: u8 = 1;
const FAILING: u8 = 2;

/// The signals of the delivery: the state of mail, and the arrival of new notices.
#[derive(Clone, Debug)]
pub struct Signals {
    state: Arc<AtomicU8>,
    arrived: watch::Sender<()>,
}

impl Signals {
    /// Signals of a delivery that sends mail, or does not.
    pub fn new(mail: bool) -> Self {
        let state = if mail { WELL } else { OFF };
        Self { state: Arc::new(AtomicU8::new(state)), arrived: watch::Sender::new(()) }
    }

    /// Signals that never come, for tests.
    pub fn silent() -> Self {
        Self::new(false)
    }

    /// The state of mail: `off`, `ok`, or `failing` if the last mail could not be sent.
    pub fn mail(&self) -> &'static str {
        match self.state.load(Ordering::Relaxed) {
            OFF => "off",
            FAILING => "failing",
            _ => "ok",
        }
    }

    /// A receiver that wakes when there are new notices.
    pub fn listen(&self) -> watch::Receiver<()> {
        self.arrived.subscribe()
    }

    /// Tells that there are new notices.
    pub fn arrived(&self) {
        self.arrived.send_replace(());
    }

    /// Tells whether the last mail could be sent.
    pub fn mailed(&self, well: bool) {
        self.state.store(if well { WELL } else { FAILING }, Ordering::Relaxed);
    }
}
