//! The reference server beside a Python service that does the same job over HTTP, in turns.
//!
//! The peer (`benches/python/service.py`) is what a good team writes today: FastAPI, Pydantic, SQLAlchemy and uvicorn
//! with uvloop and httptools. Both are on SQLite, and both write a report to the disk before they respond. Our server
//! authenticates and authorises the caller, scores the narrative, seals, links the audit chain, posts to the outbox,
//! assigns a number and a receipt, and writes a log line; the peer validates the request and inserts a row. Our server
//! is one process; the peer is measured as one process, and as one for each of two cores.
//!
//! The callers run in this process, on one thread, each with a keep-alive connection. The table does not count their
//! CPU time, but they need a core as well. So CPU time per request says more than the rate.
//!
//! ```text
//! . tests/tools; need_python
//! cargo bench -p eovr-benches -- http                      reports, lists, memory, logins
//! cargo bench -p eovr-benches -- http-soak --seconds 600   seven tenths of what it can do, for so long
//! ```

mod connection;
mod load;
mod logins;
mod meter;
mod ours;
mod peer;
mod process;
mod program;
mod request;
mod soak;
mod turns;

use tokio::runtime::Runtime;

use crate::Outcome;

pub(crate) use self::logins::rows as login_rows;
pub(crate) use self::process::rows as process_rows;
pub(crate) use self::soak::rows as soak_rows;
pub(crate) use self::turns::{list_rows, submit_rows};

/// The runtime of the callers: one thread, so that the servers have the rest of the machine.
fn runtime() -> Outcome<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// Milliseconds in readable form.
fn millis(micros: f64) -> String {
    format!("{:.2} ms", micros / 1e3)
}

fn megabytes(bytes: f64) -> String {
    format!("{:.1} MB", bytes / 1e6)
}
