//! A call that has not begun. Python waits for it, or awaits it on its event loop.
//!
//! Both run the same future. Waiting releases the GIL and checks for signals, so Ctrl-C works while a database is away.
//! Awaiting hands the future to the runtime, which reports the result to the loop. Cancelling drops the future; the
//! store has then either the whole commit or nothing of it.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::failure::{Outcome, guarded, panicked};
use crate::outward::Outward;
use crate::runtime::RuntimeAccess;

tokio::task_local! {
    /// The exception that a check raised during this call.
    pub(crate) static RAISED: RefCell<Option<PyErr>>;
}

type Answer = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;
type Work = Pin<Box<dyn Future<Output = Outcome<Answer>> + Send>>;

/// How often a waiting thread checks for signals.
const LOOK_UP: Duration = Duration::from_millis(100);

/// A pending call.
#[pyclass(frozen, module = "eovr._native")]
pub(crate) struct Call {
    runtime: RuntimeAccess,
    work: Mutex<Option<Work>>,
    /// Whether the call is allowed after the engine is closed.
    closing: bool,
}

impl Call {
    /// A call of the verb `operation`.
    pub(crate) fn new<T: Outward>(
        runtime: &RuntimeAccess,
        operation: &'static str,
        work: impl Future<Output = Outcome<T>> + Send + 'static,
    ) -> Self {
        let work = RAISED.scope(RefCell::new(None), async move {
            let answer = work.await.map_err(|failure| failure.during(operation));
            let raised = RAISED.try_with(|raised| raised.borrow_mut().take()).ok().flatten();
            match (answer, raised) {
                (Err(failure), Some(raised)) => Err(failure.because(raised)),
                (answer, raised) => {
                    // The commit succeeded, so no caller receives this exception.
                    raised.into_iter().for_each(unheard);
                    answer.map(|answer| -> Answer { Box::new(move |py| answer.outward(py)) })
                }
            }
        });
        Self { runtime: runtime.clone(), work: Mutex::new(Some(unbroken(Box::pin(work)))), closing: false }
    }

    /// The call that closes an engine; a second one does nothing.
    pub(crate) fn closing(
        runtime: &RuntimeAccess,
        work: impl Future<Output = Outcome<()>> + Send + 'static,
    ) -> Self {
        Self { closing: true, ..Self::new(runtime, "close", work) }
    }

    fn take(&self) -> Outcome<Work> {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        work.ok_or_else(|| PyRuntimeError::new_err("this call was made already").into())
    }
}

#[pymethods]
impl Call {
    /// Waits for the result.
    fn wait(&self, py: Python<'_>) -> Outcome<Py<PyAny>> {
        guarded(|| {
            let _waiting = self.runtime.enter(self.closing)?;
            let mut work = self.take()?;
            loop {
                let waited = async { timeout(LOOK_UP, &mut work).await };
                let answer = py.detach(|| self.runtime.handle().block_on(waited));
                match answer {
                    Ok(answer) => return Ok(answer?(py)?),
                    Err(_) => {
                        if let Err(signal) = py.check_signals() {
                            // Dropped inside the runtime, because drivers return their connections there.
                            let _inside = self.runtime.handle().enter();
                            drop(work);
                            return Err(signal.into());
                        }
                    }
                }
            }
        })
    }

    /// Starts the call, and lets the running event loop wait for the result.
    fn __await__<'py>(&self, py: Python<'py>) -> Outcome<Bound<'py, PyAny>> {
        guarded(|| {
            if !self.closing {
                self.runtime.check()?;
            }
            let event_loop = running_loop(py)?;
            let future = event_loop.call_method0("create_future")?;
            if self.closing && !self.runtime.is_usable() {
                // No task runs there any more that could be closed.
                future.call_method1("set_result", (py.None(),))?;
                return Ok(future.call_method0("__await__")?);
            }
            let promise = Promise { event_loop: event_loop.unbind(), future: future.clone().unbind() };
            let work = self.take()?;
            let task = self.runtime.handle().spawn(async move {
                let answer = work.await;
                // After the interpreter has ended there is no receiver.
                let _ = Python::try_attach(|py| promise.keep(py, answer));
            });
            future.call_method1("add_done_callback", (Abandoned(task.abort_handle()),))?;
            Ok(future.call_method0("__await__")?)
        })
    }
}

/// A future of an event loop that another thread will settle.
struct Promise {
    event_loop: Py<PyAny>,
    future: Py<PyAny>,
}

impl Promise {
    fn keep(&self, py: Python<'_>, answer: Outcome<Answer>) -> PyResult<()> {
        let answer = guarded(|| Ok(answer?(py)?));
        let (value, error) = match answer {
            Ok(value) => (value, None),
            Err(failure) => (py.None(), Some(PyErr::from(failure))),
        };
        let settle = wrap_pyfunction!(settle, py)?;
        // A loop that was closed meanwhile raises, and no caller can receive that error.
        self.event_loop.call_method1(py, "call_soon_threadsafe", (settle, &self.future, value, error))?;
        Ok(())
    }
}

/// Settles a future on its own loop, unless it was cancelled meanwhile.
#[pyfunction]
#[pyo3(name = "_settle")]
pub(crate) fn settle(
    future: &Bound<'_, PyAny>,
    value: Bound<'_, PyAny>,
    error: Option<Bound<'_, PyAny>>,
) -> PyResult<()> {
    if future.call_method0("done")?.is_truthy()? {
        return Ok(());
    }
    match error {
        Some(error) => future.call_method1("set_exception", (error,))?,
        None => future.call_method1("set_result", (value,))?,
    };
    Ok(())
}

/// Drops the work of a cancelled future.
#[pyclass(frozen, module = "eovr._native")]
struct Abandoned(AbortHandle);

#[pymethods]
impl Abandoned {
    fn __call__(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        if future.call_method0("cancelled")?.is_truthy()? {
            self.0.abort();
        }
        Ok(())
    }
}

fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static RUNNING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    RUNNING.import(py, "asyncio", "get_running_loop")?.call0()
}

/// The same work, with a panic turned into an error.
fn unbroken(mut work: Work) -> Work {
    Box::pin(poll_fn(move |context| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(panicked())))
    }))
}

/// Reports an exception that no caller can receive.
pub(crate) fn unheard(error: PyErr) {
    let _ = Python::try_attach(|py| error.write_unraisable(py, None));
}
