//! The native half of `import eovr`: every verb of the engine, for Python.
//!
//! This crate decides nothing. A verb converts its arguments ([`inward`]) and becomes a [`call::Call`], which Python
//! waits for or awaits. The result becomes an object of the classes of `eovr` ([`outward`]). An error becomes an
//! exception of `eovr.errors` ([`failure`]), and so does a panic.

mod call;
mod challenge;
mod check;
mod database;
mod engine;
mod export;
mod failure;
mod files;
mod frame;
mod imported;
mod incidents;
mod inward;
mod model;
mod outward;
mod receipts;
mod runtime;
mod scorer;
mod scoring;
mod session;

/// The module `eovr._native`. Only the package `eovr` imports it.
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python calls it so")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
    /// The lowest score of the rules that means "read today".
    #[pymodule_export]
    const READ_TODAY: u8 = eovr_core::triage::Marks::DEFAULT.today;
    #[pymodule_export]
    use crate::call::{Call, settle};
    #[pymodule_export]
    use crate::challenge::{challenge_outcome, challenge_texts};
    #[pymodule_export]
    use crate::engine::{Engine, open};
    #[pymodule_export]
    use crate::failure::panics;
    #[pymodule_export]
    use crate::frame::Frame;
    #[pymodule_export]
    use crate::incidents::Incidents;
    #[pymodule_export]
    use crate::model::{Model, train};
    #[pymodule_export]
    use crate::outward::Kept;
    #[pymodule_export]
    use crate::receipts::Receipts;
    #[pymodule_export]
    use crate::runtime::end;
    #[pymodule_export]
    use crate::scoring::{Evaluation, explain, findings, judge, redact, score, score_many};
    #[pymodule_export]
    use crate::session::Session;
}
