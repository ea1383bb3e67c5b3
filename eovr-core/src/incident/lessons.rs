use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;

use crate::access::danger;
use crate::error::{ErrorKind, Result};
use crate::incident::{Action, Harm, KIND};
use crate::record::{RecordId, Value};
use crate::risk::Band;
use crate::service::{Eovr, Session, Trail};
use crate::triage::Case;
use crate::triage::local::LocalScorer;
use crate::workflow::Label as _;

/// How many messages of the feed are read at a time.
const PAGE: u32 = 500;

/// Teaches a scorer what people made of its suggestions, in the order of the feed.
///
/// A report is a lesson once: when somebody has accepted or overridden the suggestion, and the level is known: that
/// of the rating, or where nobody has rated it the suggestion that was accepted. What is learned from is the report as
/// it was made, and the level as it was at that message, whatever became of both since: so every process that reads the
/// feed learns the same. Each facility has its own learner. Nothing of it is stored: at a start the feed is read again,
/// from its beginning.
#[derive(Debug)]
pub struct Lessons {
    session: Session,
    scorer: Arc<LocalScorer>,
    position: u64,
    learned: HashSet<RecordId>,
}

impl Lessons {
    /// Lessons for the scorer that the engine's settings have.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn new(eovr: &Eovr, scorer: Arc<LocalScorer>) -> Result<Self> {
        let all = danger::unrestricted("eovr.lessons", "learn from what people made of suggestions")?;
        Ok(Self { session: eovr.session(all), scorer, position: 0, learned: HashSet::new() })
    }

    /// Reads what was posted since the last time, and says from how many reports something was learned.
    ///
    /// # Errors
    /// What the store says; the next call goes on where this one stopped.
    pub async fn follow(&mut self) -> Result<usize> {
        let mut lessons = 0;
        loop {
            let page = self.session.eovr().store().feed(self.position, PAGE).await?;
            for posted in &page {
                lessons += usize::from(self.hear(&posted.message).await?);
                self.position = posted.position;
            }
            if page.is_empty() {
                return Ok(lessons);
            }
        }
    }

    /// Whether something was learned from this message. What cannot be read is no lesson, and holds no other up.
    async fn hear(&mut self, message: &str) -> Result<bool> {
        let Ok(told) = serde_json::from_str::<Told>(message) else { return Ok(false) };
        let about = |action: Action| told.topic.strip_prefix(KIND) == Some(&format!(".{}", action.name()));
        let Ok(id) = told.record.parse::<RecordId>() else { return Ok(false) };
        if !(about(Action::ReviewAi) || about(Action::Assess)) || self.learned.contains(&id) {
            return Ok(false);
        }
        match self.lesson(id, told.version).await {
            Err(error)
                if matches!(error.kind(), ErrorKind::Key | ErrorKind::NotFound | ErrorKind::Tampered) =>
            {
                Ok(false)
            }
            done => done,
        }
    }

    async fn lesson(&mut self, id: RecordId, version: u64) -> Result<bool> {
        let trail = self.session.trail(KIND, id).await?;
        if !trail.verdict.is_intact() {
            return Ok(false);
        }
        let then = |version: u64| At { trail: &trail, version };
        let Some(high) = then(version).high() else { return Ok(false) };
        let made = then(1);
        let narrative = self.session.open(&trail.record, "description")?.unwrap_or_default();
        let category = made.text("category");
        self.scorer.review(
            &Case {
                narrative: &narrative,
                category: category.as_deref(),
                actual_harm: made.harm("actual_harm"),
                potential_harm: made.harm("potential_harm"),
                house: Some(trail.record.envelope().stamp.facility.as_str()),
            },
            high,
        );
        self.learned.insert(id);
        Ok(true)
    }
}

/// A record's facets as they were after an event of its trail.
struct At<'a> {
    trail: &'a Trail,
    version: u64,
}

impl At<'_> {
    /// A facet's text: what stood there before the first change after that event, or what stands there.
    fn text(&self, name: &str) -> Option<String> {
        let later = self.trail.entries.iter().filter(|entry| entry.event.version > self.version);
        let mut changes =
            later.filter_map(|entry| entry.event.changes.iter().find(|(of, _)| of.as_str() == name));
        match changes.next() {
            Some((_, change)) => change.before.as_str().map(str::to_owned),
            None => self.trail.record.facet(name).and_then(Value::as_text).map(str::to_owned),
        }
    }

    fn harm(&self, name: &str) -> Option<u8> {
        self.text(name)?.parse::<Harm>().ok().map(|harm| harm as u8)
    }

    /// Whether people said that it is of high risk; none where they had not said so yet.
    fn high(&self) -> Option<bool> {
        let review = self.text("ai_review")?;
        let accepted = || self.text("ai_band").filter(|_| review == "accepted");
        let band = self.text("risk_band").or_else(accepted)?;
        Some([Band::High, Band::Extreme].iter().any(|high| high.name() == band))
    }
}

/// What is read of a message.
#[derive(Deserialize)]
struct Told {
    topic: String,
    record: String,
    version: u64,
}
