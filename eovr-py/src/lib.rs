//! The native half of `import eovr`: every verb of the engine, as Python calls it.
//!
//! Nothing is decided here. A verb takes its arguments apart ([`inward`]), becomes a [`call::Call`], which
//! is waited for or awaited, and what comes out is put together as the classes of `eovr`
//! ([`outward`]). What goes wrong becomes an exception of `eovr.errors` ([`failure`]); a panic of ours does
//! too, so that no Python program ever meets one.

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

/// The module `eovr._native`. Its face is `eovr`; nothing else should import it.
#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python calls it so")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
    /// From this score of the rules on a report is to be read today.
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
