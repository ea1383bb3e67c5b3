//! The reference server beside a Python service that does the same job over HTTP, in turns.
//!
//! The peer (`benches/python/service.py`) is what a good team writes today: FastAPI, Pydantic, SQLAlchemy and
//! uvicorn with uvloop and httptools. Both are on SQLite, and both have a report on the disk before they
//! answer. Ours asks who it is, whether they may, scores the narrative, seals, links the audit chain, posts to
//! the outbox, gives a number and a receipt, and writes a line of its log; the peer checks what it is sent and
//! inserts a row. Ours is one process; the peer is measured as one, and as one for each of two cores.
//!
//! Callers are in this process, on one thread, each with a connection that it keeps. What they cost is not
//! counted, but they want a core as well: the processor's time for each request is worth more than the rate.
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

/// What the callers run on: one thread, so that the servers have the rest of the machine.
fn runtime() -> Outcome<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// Milliseconds as a person reads them.
fn millis(micros: f64) -> String {
    format!("{:.2} ms", micros / 1e3)
}

fn megabytes(bytes: f64) -> String {
    format!("{:.1} MB", bytes / 1e6)
}
