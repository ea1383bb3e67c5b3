//! The log: JSON lines for events, on standard error.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How much the engine and its store log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OfEngine {
    /// Nothing.
    #[default]
    Off,
    /// Operations of the store that are slow or refused.
    Warn,
    /// Every operation.
    Debug,
}

/// Starts logging.
///
/// `host` is the crate of the host, whose lines are logged beside the kit's.
pub fn begin(host: &str, engine: OfEngine) {
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(io::stderr);
    // In a test that has a logger already, that one stays.
    drop(tracing_subscriber::registry().with(lines).with(logged(host, engine)).try_init());
}

/// The host and the kit, and the engine as far as asked. Other libraries are excluded, because a database driver logs slow
/// statements with their values.
fn logged(host: &str, engine: OfEngine) -> Targets {
    let engine = match engine {
        OfEngine::Off => LevelFilter::OFF,
        OfEngine::Warn => LevelFilter::WARN,
        OfEngine::Debug => LevelFilter::DEBUG,
    };
    let ours =
        Targets::new().with_target("eovr_host", LevelFilter::INFO).with_target(host, LevelFilter::INFO);
    ours.with_target("eovr_core", engine)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn the_engine_logs_only_what_is_asked_and_other_libraries_nothing() {
        for (engine, levels) in [
            (OfEngine::default(), &[][..]),
            (OfEngine::Warn, &[Level::ERROR, Level::WARN]),
            (OfEngine::Debug, &[Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG]),
        ] {
            let logged = logged("eovr_server", engine);
            for level in [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE] {
                assert_eq!(
                    logged.would_enable("eovr_core::store", &level),
                    levels.contains(&level),
                    "{level}"
                );
                assert!(!logged.would_enable("sqlx::query", &level));
            }
            for ours in ["eovr_server::serve", "eovr_host::http"] {
                assert!(logged.would_enable(ours, &Level::INFO), "{ours}");
            }
        }
    }
}
