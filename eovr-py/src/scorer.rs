//! A Python callable that scores new reports.
//!
//! A report must not be delayed or lost by the host's code. So the callable runs on a thread of its own, and a report
//! waits for it for a limited time only. While the callable hangs, other reports do not wait at all.
//! a report waits for it so long and no longer; while it hangs, other reports do not wait at all.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use eovr_core::triage::{Case, Model, Scorer, Suggestion};
use pyo3::exceptions::{PyTimeoutError, PyValueError};
use pyo3::prelude::*;
use tokio::task::block_in_place;
use zeroize::Zeroizing;

use crate::call::unheard;
use crate::failure::Outcome;
use crate::runtime::at_work;

/// How long a report waits.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many reports wait at once; for further reports the rules decide alone.
const WAITING: usize = 64;

/// Asks a callable for the probability of high risk of a narrative. An exception or an invalid answer is reported
/// through `sys.unraisablehook`, and the rules decide.
pub(crate) struct Asked {
    model: Model,
    questions: SyncSender<Question>,
    turns: Arc<Turns>,
}

/// The numbers of the last question asked, of the last that timed out, and of the last that was answered.
#[derive(Default)]
struct Turns {
    asked: AtomicU64,
    late: AtomicU64,
    done: AtomicU64,
}

impl Turns {
    /// Whether the callable is still busy with a question that timed out.
    fn stuck(&self) -> bool {
        self.late.load(Ordering::Acquire) > self.done.load(Ordering::Acquire)
    }
}

struct Question {
    number: u64,
    narrative: Zeroizing<String>,
    since: Instant,
    answer: SyncSender<Judgement>,
}

/// The answer: the probability of high risk, from 0 to 1, and whether it raises a flag.
struct Judgement {
    high: f64,
    flagged: bool,
}

impl Asked {
    pub(crate) fn new(callable: &Bound<'_, PyAny>) -> Outcome<Self> {
        let said =
            |name: &str| callable.getattr(name).and_then(|value| value.str()?.extract::<String>()).ok();
        let class = || Some(callable.get_type().name().ok()?.to_string());
        let id = said("__name__").or_else(class).unwrap_or_else(|| "scorer".to_owned());
        let version = said("version").unwrap_or_else(|| "1".to_owned());
        let (questions, asked) = sync_channel(WAITING);
        let turns = Arc::<Turns>::default();
        let (callable, its) = (callable.clone().unbind(), turns.clone());
        std::thread::Builder::new()
            .name("eovr-scorer".to_owned())
            .spawn(move || answer_all(&callable, &asked, &its))
            .map_err(PyErr::from)?;
        Ok(Self { model: Model { id: id.into(), version: version.into() }, questions, turns })
    }

    fn ask(&self, narrative: &str) -> Option<Judgement> {
        if self.turns.stuck() {
            return None;
        }
        let (answer, answered) = sync_channel(1);
        let narrative = Zeroizing::new(narrative.to_owned());
        let number = self.turns.asked.fetch_add(1, Ordering::AcqRel) + 1;
        self.questions.try_send(Question { number, narrative, since: Instant::now(), answer }).ok()?;
        match block_in_place(|| answered.recv_timeout(PATIENCE)) {
            Ok(judgement) => Some(judgement),
            Err(RecvTimeoutError::Timeout) => {
                self.turns.late.fetch_max(number, Ordering::AcqRel);
                None
            }
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }
}

/// Answers until the engine is dropped.
fn answer_all(callable: &Py<PyAny>, questions: &Receiver<Question>, turns: &Turns) {
    for Question { number, narrative, since, answer } in questions {
        if since.elapsed() < PATIENCE {
            let Some(_working) = at_work() else { return };
            match Python::try_attach(|py| judged(callable.bind(py), &narrative)) {
                Some(Ok(judgement)) => drop(judgement.map(|judgement| answer.try_send(judgement))),
                Some(Err(raised)) => unheard(raised),
                // The interpreter ends.
                None => return,
            }
            if since.elapsed() >= PATIENCE {
                unheard(PyTimeoutError::new_err("a scorer took too long; the rules spoke alone"));
            }
        }
        turns.done.fetch_max(number, Ordering::AcqRel);
    }
}

fn judged(callable: &Bound<'_, PyAny>, narrative: &str) -> PyResult<Option<Judgement>> {
    let said = callable.call1((narrative,))?;
    let judgement = if let Ok(high) = said.extract::<f64>() {
        Judgement { high, flagged: false }
    } else if said.getattr("abstained")?.is_truthy()? {
        return Ok(None);
    } else {
        let Some(high) = said.getattr("high")?.extract()? else { return Ok(None) };
        Judgement { high, flagged: said.getattr("flagged")?.is_truthy()? }
    };
    match (0.0..=1.0).contains(&judgement.high) {
        true => Ok(Some(judgement)),
        false => {
            Err(PyValueError::new_err("a scorer of new reports says how likely high risk is, from 0 to 1"))
        }
    }
}

impl Scorer for Asked {
    fn model(&self) -> Model {
        self.model.clone()
    }

    fn score(&self, case: &Case<'_>) -> Suggestion {
        let said = self.ask(case.narrative);
        let flagged = said.as_ref().is_some_and(|said| said.flagged);
        Suggestion::of_chance(self.model(), said.map(|said| said.high), flagged)
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Asked").field(&self.model).finish()
    }
}
