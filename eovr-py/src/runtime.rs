//! The one runtime behind all engines of the process: started when the first engine is opened, ended when
//! the interpreter ends, left behind when the process is forked.

use std::process;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use eovr_core::{Error, ErrorKind};
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::failure::{Outcome, config};

/// Threads that answer databases and run what is awaited. What is waited for runs on its caller's thread.
const WORKERS: usize = 2;
/// How long the end of the interpreter waits for calls of other threads that are under way.
const PATIENCE: Duration = Duration::from_secs(20);

struct Started {
    pid: u32,
    runtime: Runtime,
}

/// Locked only while the interpreter is held, so that no fork ever copies it locked.
static STARTED: Mutex<Option<Started>> = Mutex::new(None);
static ENDING: AtomicBool = AtomicBool::new(false);
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// The way to the runtime for whoever belongs to one engine. It shuts when the engine is closed.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    handle: Handle,
    pid: u32,
    closed: Arc<AtomicBool>,
}

impl Door {
    /// A door to the runtime of this process, which is started where there is none.
    pub(crate) fn new(_held: Python<'_>) -> Outcome<Self> {
        let pid = process::id();
        let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
        if ENDING.load(Ordering::Acquire) {
            return Err(config("the interpreter is ending", "open the engine earlier"));
        }
        if let Some(before) = started.take_if(|started| started.pid != pid) {
            // The parent's: its threads are not here, and to wait for them would be for ever.
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

    /// Shuts it; says whether it was open.
    pub(crate) fn shut(&self) -> bool {
        !self.closed.swap(true, Ordering::AcqRel)
    }

    /// Whether anything can be asked through it.
    ///
    /// # Errors
    /// `Config` for an engine that was closed, one of the parent process, and at the interpreter's end.
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

    /// Whether the runtime behind it still runs.
    pub(crate) fn leads_somewhere(&self) -> bool {
        self.is_of_this_process() && !ENDING.load(Ordering::Acquire)
    }

    /// Enters for a call that this thread waits for; `anyway` also where the door is shut.
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

/// Somebody waits, and the interpreter's end waits for them.
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

/// What works for an engine on a thread of its own: the interpreter's end waits for it. None where that has come.
pub(crate) fn at_work() -> Option<Waiting> {
    let waiting = Waiting::new();
    (!ENDING.load(Ordering::Acquire)).then_some(waiting)
}

/// The interpreter ends: nothing new begins, what other threads wait for is let finish, what was awaited is
/// dropped, which leaves a store with either the old or the new world. `atexit` calls it.
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
