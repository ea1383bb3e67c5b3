//! The log: JSON lines for events, on standard error.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging for this program only. Its libraries are excluded, because a database driver logs slow statements
/// with their values.
pub(crate) fn begin() {
    let ours = Targets::new().with_target(env!("CARGO_CRATE_NAME"), LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(io::stderr);
    // In a test that has a logger already, that one stays.
    drop(tracing_subscriber::registry().with(lines).with(ours).try_init());
}
