use std::collections::HashSet;
use std::sync::Arc;

use crate::access::danger;
use crate::error::{ErrorKind, Result};
use crate::incident::{Action, Harm, KIND};
use crate::ports::Posted;
use crate::record::RecordId;
use crate::risk::Band;
use crate::service::{Eovr, Follower, Session, Trail};
use crate::triage::Case;
use crate::triage::local::LocalScorer;
use crate::workflow::Label as _;

/// Trains a scorer with people's reviews of its suggestions, in the order of the feed.
///
/// Each report is used once: when a person has accepted or overridden the suggestion and the level is known. The level
/// is the rating or, without a rating, the accepted suggestion. The scorer learns from the original report and from the
/// level at the time of that message, not from later changes. Therefore every process that reads the feed learns the
/// same. Each facility has its own learner. The learner is not stored: a process reads the feed from the beginning at
/// each start.
#[derive(Debug)]
pub struct Lessons {
    session: Session,
    scorer: Arc<LocalScorer>,
    position: u64,
    learned: HashSet<RecordId>,
}

impl Lessons {
    /// Makes a trainer for the scorer of the engine's settings.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub fn new(eovr: &Eovr, scorer: Arc<LocalScorer>) -> Result<Self> {
        let all = danger::unrestricted("eovr.lessons", "learn from what people made of suggestions")?;
        Ok(Self { session: eovr.session(all), scorer, position: 0, learned: HashSet::new() })
    }

    /// Reads new messages and returns from how many reports the scorer learned.
    ///
    /// # Errors
    /// Errors of the store; the next call continues where this one stopped.
    pub async fn follow(&mut self) -> Result<usize> {
        let (mut lessons, mut feed) = (0, Follower::after(self.position));
        while !feed.at_end() {
            for posted in feed.next(&**self.session.eovr().store()).await? {
                lessons += usize::from(self.hear(&posted).await?);
                self.position = posted.position;
            }
        }
        Ok(lessons)
    }

    /// Whether the scorer learned from this message. An unreadable report is skipped, so it cannot block the ones after
    /// it.
    async fn hear(&mut self, posted: &Posted) -> Result<bool> {
        let Some(message) = posted.headline() else { return Ok(false) };
        let Ok(id) = message.record.parse::<RecordId>() else { return Ok(false) };
        let teaches = [Action::ReviewAi, Action::Assess];
        let teaches = teaches.iter().any(|action| message.is(KIND.as_str(), action.name()));
        if !teaches || self.learned.contains(&id) {
            return Ok(false);
        }
        match self.lesson(id, message.version).await {
            Err(error)
                if matches!(error.kind(), ErrorKind::Key | ErrorKind::NotFound | ErrorKind::Tampered) =>
            {
                Ok(false)
            }
            done => done,
        }
    }

    async fn lesson(&mut self, id: RecordId, version: u64) -> Result<bool> {
        let trail = self.session.trail(&KIND, id).await?;
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
    /// A facet's text at that event: the value before its first later change, or the current value.
    fn text(&self, name: &str) -> Option<String> {
        let later = self.trail.entries.iter().filter(|entry| entry.event.version > self.version);
        let mut changes =
            later.filter_map(|entry| entry.event.changes.iter().find(|(of, _)| of.as_str() == name));
        match changes.next() {
            Some((_, change)) => change.before.as_str().map(str::to_owned),
            None => self.trail.record.text(name).map(str::to_owned),
        }
    }

    fn harm(&self, name: &str) -> Option<u8> {
        self.text(name)?.parse::<Harm>().ok().map(|harm| harm as u8)
    }

    /// Whether people had flagged it as high risk. `None` where they had not decided yet.
    fn high(&self) -> Option<bool> {
        let review = self.text("ai_review")?;
        let accepted = || self.text("ai_band").filter(|_| review == "accepted");
        let band = self.text("risk_band").or_else(accepted)?;
        Some([Band::High, Band::Extreme].iter().any(|high| high.name() == band))
    }
}
