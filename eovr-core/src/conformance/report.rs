use std::fmt;

use crate::conformance::Case;
use crate::error::{Error, ErrorKind, Result};

/// How a store broke a promise.
#[derive(Clone, Debug)]
pub struct Failure(String);

impl Failure {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An error that the promise does not allow here.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(format!("unexpected error: {error:?}"))
    }
}

/// The result of running all cases against a store.
#[derive(Clone, Debug)]
pub struct Report {
    seed: u64,
    passed: Vec<&'static Case>,
    failed: Vec<(&'static Case, Failure)>,
}

impl Report {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, passed: Vec::new(), failed: Vec::new() }
    }

    pub(super) fn add(&mut self, case: &'static Case, outcome: Result<(), Failure>) {
        match outcome {
            Ok(()) => self.passed.push(case),
            Err(failure) => self.failed.push((case, failure)),
        }
    }

    /// The promises that the store keeps.
    pub fn passed(&self) -> &[&'static Case] {
        &self.passed
    }

    /// The promises that the store breaks, and how.
    pub fn failed(&self) -> &[(&'static Case, Failure)] {
        &self.failed
    }

    /// Whether the store keeps all promises.
    pub fn is_clean(&self) -> bool {
        self.failed.is_empty()
    }

    /// Panics with the list of broken promises, if there are any.
    #[track_caller]
    #[expect(clippy::panic, reason = "this is the assertion of a test, and runs in tests alone")]
    pub fn assert(&self) {
        if !self.is_clean() {
            panic!("{self}");
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kept, broken) = (self.passed.len(), self.failed.len());
        writeln!(f, "{kept} promises kept, {broken} broken (seed {:#x})", self.seed)?;
        for (case, failure) in &self.failed {
            writeln!(f, "\n  {}: {}", case.name, case.promise)?;
            writeln!(f, "    {failure} (seed {:#x})", self.seed)?;
        }
        Ok(())
    }
}

/// Ends a case with a failure where a condition is false.
macro_rules! check {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err($crate::conformance::Failure::new(format!($($why)+)));
        }
    };
}

pub(super) use check;

/// Ends a case with a failure unless the result is an error of this kind.
pub(super) fn check_kind<T>(result: Result<T>, kind: ErrorKind, what: &str) -> Result<(), Failure> {
    match result {
        Ok(_) => Err(Failure::new(format!("{what} was accepted and should be `{}`", kind.name()))),
        Err(error) if error.kind() == kind => Ok(()),
        Err(error) => Err(Failure::new(format!("{what} should be `{}`: {error:?}", kind.name()))),
    }
}
