use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;

use crate::access::danger;
use crate::error::{Error, ErrorKind, Result};
use crate::incident::{Action, Harm, KIND};
use crate::record::{Record, RecordId, Value};
use crate::risk::Band;
use crate::service::{Eovr, Session};
use crate::triage::Case;
use crate::triage::local::LocalScorer;
use crate::workflow::Label as _;

/// How many messages of the feed are read at a time.
const PAGE: u32 = 500;

/// Teaches a scorer what people made of its suggestions, in the order of the feed.
///
/// A report is a lesson once: when somebody has accepted or overridden the suggestion, and the level is known: that
/// of the rating, or where nobody has rated it the suggestion that was accepted. Each facility has its own learner.
/// Nothing of it is stored: at a start the feed is read again, from its beginning.
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

    /// Whether something was learned from this message.
    async fn hear(&mut self, message: &str) -> Result<bool> {
        let message: Told = serde_json::from_str(message).map_err(|error| {
            Error::new(ErrorKind::Tampered, "the feed has what is no message").because(error)
        })?;
        let about = |action: Action| message.topic.strip_prefix(KIND) == Some(&format!(".{}", action.name()));
        if !about(Action::ReviewAi) && !about(Action::Assess) {
            return Ok(false);
        }
        let id: RecordId = message.record.parse()?;
        if self.learned.contains(&id) {
            return Ok(false);
        }
        let record = self.session.load(KIND, id).await?;
        let Some(high) = high(&record) else { return Ok(false) };
        let narrative = match self.session.open(&record, "description") {
            // Its key was destroyed, and with it the lesson.
            Err(error) if error.kind() == ErrorKind::Key => return Ok(false),
            opened => opened?.unwrap_or_default(),
        };
        let text = |name: &str| record.facet(name).and_then(Value::as_text);
        let level = |name: &str| text(name).and_then(|code| code.parse::<Harm>().ok()).map(|harm| harm as u8);
        let case = Case {
            narrative: &narrative,
            category: text("category"),
            actual_harm: level("actual_harm"),
            potential_harm: level("potential_harm"),
            house: Some(record.envelope().stamp.facility.as_str()),
        };
        self.scorer.review(&case, high);
        self.learned.insert(id);
        Ok(true)
    }
}

/// Whether people say that it is of high risk; none where they have not said so yet.
fn high(record: &Record) -> Option<bool> {
    let text = |name: &str| record.facet(name).and_then(Value::as_text);
    let review = text("ai_review")?;
    let accepted = || text("ai_band").filter(|_| review == "accepted");
    let band = text("risk_band").or_else(accepted)?;
    Some([Band::High, Band::Extreme].iter().any(|high| high.name() == band))
}

/// What is read of a message.
#[derive(Deserialize)]
struct Told {
    topic: String,
    record: String,
}
