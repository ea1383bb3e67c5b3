//! The one runtime behind all engines of the process: started with the first engine, stopped at the interpreter's end,
//! left behind in a forked child.

use std::process;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use eovr_core::{Error, ErrorKind};
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::failure::{Outcome, config};

/// Threads for database responses and awaited calls. A call that Python waits for runs on its caller's thread.
const WORKERS: usize = 2;
/// How long the interpreter's end waits for running calls of other threads.
const PATIENCE: Duration = Duration::from_secs(20);

struct Started {
    pid: u32,
    runtime: Runtime,
}

/// Locked only while the GIL is held, so that no fork copies it locked.
static STARTED: Mutex<Option<Started>> = Mutex::new(None);
static ENDING: AtomicBool = AtomicBool::new(false);
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// Access to the runtime for the parts of one engine. Closing the engine closes it.
#[derive(Clone, Debug)]
pub(crate) struct RuntimeAccess {
    handle: Handle,
    pid: u32,
    closed: Arc<AtomicBool>,
}

impl RuntimeAccess {
    /// Access to the runtime of this process, which is started if necessary.
    pub(crate) fn new(_held: Python<'_>) -> Outcome<Self> {
        let pid = process::id();
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        if ENDING.load(Ordering::Acquire) {
            return Err(config("the interpreter is ending", "open the engine earlier"));
        }
        if let Some(before) = started.take_if(|started| started.pid != pid) {
            // The parent's runtime: its threads do not exist here, so waiting for them would never end.
            std::mem::forget(before);
            WAITING.store(0, Ordering::Release);
        }
        let handle = match &*started {
            Some(started) => started.runtime.handle().clone(),
            None => {
                let mut builder = Builder::new_multi_thread();
                builder.worker_threads(WORKERS).thread_name("eovr").enable_all();
                let runtime = builder.build().map_err(|error| {
                    Error::new(ErrorKind::Unavailable, "no threads could be started").because(error)
                })?;
                started.insert(Started { pid, runtime }).runtime.handle().clone()
            }
        };
        Ok(Self { handle, pid, closed: Arc::new(AtomicBool::new(false)) })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Whether this is the process that the engine was opened in.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.pid == process::id()
    }

    /// Closes it; returns whether it was open.
    pub(crate) fn shut(&self) -> bool {
        !self.closed.swap(true, Ordering::AcqRel)
    }

    /// Whether a call can be made.
    ///
    /// # Errors
    /// `Config` for a closed engine, an engine of the parent process, and at the interpreter's end.
    pub(crate) fn check(&self) -> Outcome<()> {
        if !self.is_of_this_process() {
            let help = "open the engine in the child: each process has threads and connections of its own";
            return Err(config("the engine was opened before this process was forked", help));
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(config("the engine is closed", "call `Eovr.open` for another one"));
        }
        if ENDING.load(Ordering::Acquire) {
            return Err(config("the interpreter is ending", "make this call earlier"));
        }
        Ok(())
    }

    /// Whether its runtime still runs.
    pub(crate) fn is_usable(&self) -> bool {
        self.is_of_this_process() && !ENDING.load(Ordering::Acquire)
    }

    /// Enters for a call that this thread waits for; with `anyway` also after closing.
    pub(crate) fn enter(&self, anyway: bool) -> Outcome<Waiting> {
        if Handle::try_current().is_ok() {
            let help = "answer a check from what it is given, or from what the host keeps";
            return Err(config("eovr is called from within a check of its own", help));
        }
        let waiting = Waiting::new();
        if !anyway {
            self.check()?;
        }
        Ok(waiting)
    }
}

/// A running call, for which the interpreter's end waits.
pub(crate) struct Waiting(());

impl Waiting {
    fn new() -> Self {
        WAITING.fetch_add(1, Ordering::AcqRel);
        Self(())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The same for a thread that works for an engine; `None` after the interpreter's end has begun.
pub(crate) fn at_work() -> Option<Waiting> {
    let waiting = Waiting::new();
    (!ENDING.load(Ordering::Acquire)).then_some(waiting)
}

/// The interpreter's end, called by `atexit`: no new call begins, calls that other threads wait for may finish, and
/// awaited calls are dropped, so that the store has either the whole commit or nothing of it.
#[pyfunction]
#[pyo3(name = "_end")]
pub(crate) fn end(py: Python<'_>) {
    ENDING.store(true, Ordering::Release);
    let started = STARTED.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(started) = started else { return };
    if started.pid != process::id() {
        std::mem::forget(started);
        return;
    }
    py.detach(|| {
        let until = Instant::now() + PATIENCE;
        while WAITING.load(Ordering::Acquire) > 0 && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
        started.runtime.shutdown_timeout(Duration::from_secs(2));
    });
}
