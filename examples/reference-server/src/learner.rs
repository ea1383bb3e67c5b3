//! A scorer that learns from each facility's own reviews, if enabled.

use std::sync::Arc;
use std::time::Duration;

use eovr_core::incident::{Lessons, Settings};
use eovr_core::triage::local::LocalScorer;
use eovr_core::triage::{Marks, Scorer};
use tokio::time::MissedTickBehavior;

/// How often it reads new reviews.
const LOOK: Duration = Duration::from_secs(5);

/// The settings of incidents with this scorer instead of the rules, which it contains.
pub(crate) fn settings(scorer: Option<&Arc<LocalScorer>>, marks: Marks) -> Settings {
    let usual = Settings { marks, ..Settings::default() };
    match scorer {
        Some(scorer) => Settings { scorer: Some(scorer.clone() as Arc<dyn Scorer>), ..usual },
        None => usual,
    }
}

/// Follows the feed until it is dropped.
pub(crate) async fn work(mut lessons: Lessons) {
    let mut every = tokio::time::interval(LOOK);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        match lessons.follow().await {
            Ok(0) => {}
            Ok(learned) => tracing::info!(target: "eovr_server::learner", learned, "reviews learned"),
            Err(error) => {
                tracing::warn!(target: "eovr_server::learner", kind = error.kind().name(), "no lessons for now");
            }
        }
    }
}
