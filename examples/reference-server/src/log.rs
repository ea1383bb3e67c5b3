//! The log: a line of JSON for each thing that happened, on standard error.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Begins to log what this program says. What its libraries say stays out: a database driver logs the
/// statements that were slow, and values stand in them.
pub(crate) fn begin() {
    let ours = Targets::new().with_target(env!("CARGO_CRATE_NAME"), LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(io::stderr);
    // Where somebody logs already, in a test, that one goes on.
    drop(tracing_subscriber::registry().with(lines).with(ours).try_init());
}
