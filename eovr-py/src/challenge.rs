//! Pairs of texts that test how a scorer reads.

use std::borrow::Cow;
use std::collections::HashMap;

use eovr_core::Error;
use eovr_core::triage::challenge::{Challenge, Said};
use pyo3::prelude::*;

use crate::failure::{Outcome, guarded};

/// The set that eovr ships, or the host's own.
fn opened(cases: Option<&[u8]>) -> Result<Cow<'static, Challenge>, Error> {
    cases.map_or_else(
        || Ok(Cow::Borrowed(Challenge::shipped())),
        |cases| Challenge::read(cases).map(Cow::Owned),
    )
}

fn no_json(error: serde_json::Error) -> Error {
    Error::bug("a challenge set is no JSON").because(error)
}

/// The texts of a set, as JSON.
#[pyfunction]
#[pyo3(signature = (cases))]
pub(crate) fn challenge_texts(cases: Option<&[u8]>) -> Outcome<String> {
    guarded(|| Ok(serde_json::to_string(opened(cases)?.texts()).map_err(no_json)?))
}

/// The counted results of a scorer on a set, as JSON: for each text that it answered, its score and whether it flagged
/// it.
#[pyfunction]
#[pyo3(signature = (cases, answers))]
pub(crate) fn challenge_outcome(
    cases: Option<&[u8]>,
    answers: HashMap<String, (f64, bool)>,
) -> Outcome<String> {
    guarded(|| {
        let said = |(score, flagged): &(f64, bool)| Said { score: *score, flagged: *flagged };
        let outcome = opened(cases)?.run(|text| answers.get(&text.id).map(said));
        Ok(serde_json::to_string(&outcome).map_err(no_json)?)
    })
}
