//! Errors on their way to Python: an [`Error`] becomes an exception of `eovr.errors`, an exception stays as it is, and
//! a panic becomes a `BugError`.

use std::error::Error as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use eovr_core::error::{Refusal, Unmet};
use eovr_core::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};

/// The result of every function that Python calls.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Why a call has no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An error of the engine.
    Eovr(Error),
    /// An error of the engine whose cause is an exception of Python code.
    Because(Error, PyErr),
    /// An exception of Python: a wrong type, a signal.
    Python(PyErr),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Eovr(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Python(error) => error,
            Failure::Eovr(error) => Python::attach(|py| exception(py, &error, None)),
            Failure::Because(error, cause) => Python::attach(|py| exception(py, &error, Some(cause))),
        }
    }
}

impl Failure {
    /// Adds the verb during which the error happened.
    pub(crate) fn during(self, operation: &'static str) -> Self {
        match self {
            Self::Eovr(error) => Self::Eovr(error.during(operation)),
            Self::Because(error, cause) => Self::Because(error.during(operation), cause),
            Self::Python(error) => Self::Python(error),
        }
    }

    /// Adds the exception of a check, because a check that raises does not pass.
    pub(crate) fn because(self, raised: PyErr) -> Self {
        match self {
            Self::Eovr(error) => Self::Because(error, raised),
            other => other,
        }
    }
}

/// Runs code that must not let a panic out.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(panicked()))
}

/// The caller's error for a panic. The panic's message went to the standard error stream.
pub(crate) fn panicked() -> Failure {
    Error::bug("eovr met a mistake of its own; please report it, with what stands on the error stream").into()
}

/// Panics, so that tests can see the caller's exception.
#[pyfunction]
#[pyo3(name = "_panics")]
pub(crate) fn panics() -> Outcome<()> {
    guarded(|| {
        #[expect(clippy::panic, reason = "this is what it is for")]
        {
            panic!("a test asked for it")
        }
    })
}

fn exception(py: Python<'_>, error: &Error, cause: Option<PyErr>) -> PyErr {
    // If the exception itself cannot be made, the error that prevented it is the better message.
    made(py, error, cause).unwrap_or_else(|in_the_way| in_the_way)
}

fn made(py: Python<'_>, error: &Error, cause: Option<PyErr>) -> PyResult<PyErr> {
    let class = classes(py)?.bind(py).as_any().get_item(error.kind().name())?;
    let facts = PyDict::new(py);
    facts.set_item("help", error.help())?;
    facts.set_item("operation", error.operation())?;
    facts.set_item("field", error.field())?;
    let context = PyDict::new(py);
    error.context().iter().try_for_each(|(name, value)| context.set_item(name, value))?;
    facts.set_item("context", context)?;
    facts.set_item("refusal", error.refusal().map(|refusal| refused(py, refusal)).transpose()?)?;
    let raised = PyErr::from_value(class.call((error.message(),), Some(&facts))?);
    let cause = match cause {
        Some(cause) => Some(cause),
        None => beneath(py, error)?,
    };
    raised.set_cause(py, cause);
    Ok(raised)
}

/// The causes of the error, each below the one above it.
fn beneath(py: Python<'_>, error: &Error) -> PyResult<Option<PyErr>> {
    let mut words = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push(cause.to_string());
        source = cause.source();
    }
    let class = py.import("eovr.errors")?.getattr("Cause")?;
    let mut cause: Option<PyErr> = None;
    for said in words.into_iter().rev() {
        let above = PyErr::from_value(class.call1((said,))?);
        above.set_cause(py, cause);
        cause = Some(above);
    }
    Ok(cause)
}

fn refused<'py>(py: Python<'py>, refusal: &Refusal) -> PyResult<Bound<'py, PyAny>> {
    let legal = PyTuple::new(py, &refusal.legal)?;
    let class = py.import("eovr.errors")?.getattr("Refusal")?;
    class.call1((&refusal.kind, &refusal.state, &refusal.action, legal, unmet(py, &refusal.unmet)?))
}

/// The unmet needs, as `eovr.errors.Unmet`.
pub(crate) fn unmet<'py>(py: Python<'py>, unmet: &[Unmet]) -> PyResult<Bound<'py, PyTuple>> {
    let class = py.import("eovr.errors")?.getattr("Unmet")?;
    let all = unmet.iter().map(|unmet| class.call1((&unmet.need, &unmet.wants)));
    PyTuple::new(py, all.collect::<PyResult<Vec<_>>>()?)
}

/// `eovr.errors.BY_KIND`: the class of each kind.
fn classes(py: Python<'_>) -> PyResult<&Py<PyDict>> {
    static CLASSES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    CLASSES.get_or_try_init(py, || {
        let found = py.import("eovr.errors")?.getattr("BY_KIND")?;
        Ok(found.cast_into::<PyDict>().map_err(PyErr::from)?.unbind())
    })
}

/// A setting that does not fit.
pub(crate) fn config(message: impl Into<String>, help: impl Into<String>) -> Failure {
    Error::new(ErrorKind::Config, message).with_help(help).into()
}
