//! A Python callable that decides a need of a workflow.

use std::fmt;

use eovr_core::access::Actor;
use eovr_core::ports::Check;
use eovr_core::record::Record;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBool;

use crate::call::{RAISED, unheard};
use crate::outward::{Outward as _, asker};

/// Answers the need `check`. If the callable raises, the engine refuses the action, and the exception is the cause of
/// the refusal.
pub(crate) struct Callable(pub(crate) Py<PyAny>);

impl Callable {
    fn ask(&self, py: Python<'_>, record: &Record, actor: &Actor) -> PyResult<bool> {
        let answer = self.0.bind(py).call1((record.clone().outward(py)?, asker(py, actor)?))?;
        match answer.cast::<PyBool>() {
            Ok(answer) => Ok(answer.is_true()),
            Err(_) => Err(PyTypeError::new_err("a check answers True or False")),
        }
    }
}

impl Check for Callable {
    fn passes(&self, record: &Record, actor: &Actor) -> bool {
        let answer = Python::try_attach(|py| self.ask(py, record, actor));
        match answer {
            Some(Ok(answer)) => answer,
            Some(Err(raised)) => {
                let mut raised = Some(raised);
                let _ = RAISED.try_with(|slot| {
                    let mut slot = slot.borrow_mut();
                    if slot.is_none() {
                        *slot = raised.take();
                    }
                });
                raised.into_iter().for_each(unheard);
                false
            }
            None => false,
        }
    }
}

impl fmt::Debug for Callable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callable")
    }
}
