use std::sync::Arc;

use crate::access::danger;
use crate::analyst::budget::Budget;
use crate::analyst::worker::{Equipment, Limits};
use crate::analyst::{Action, Chosen, KIND, MOST_ATTEMPTS, Subject, registry};
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::facility;
use crate::name;
use crate::name::Name;
use crate::org::Stamp;
use crate::ports::{Analyst, observe};
use crate::record::{Column, Query, Record, RecordId, Tally, Test, Value};
use crate::seal::Entropy;
use crate::service::{Eovr, Session, is_lost_race};
use crate::triage::analysis::{Cleared, NoAnswerReason};

/// The only way by which text leaves the hospital. It checks the policy, removes names of persons, and records the
/// request before it is sent.
#[derive(Clone, Debug)]
pub(super) struct Gateway {
    session: Session,
    subject: Subject,
    limits: Limits,
}

/// The gateway's decision about an analysis.
pub(super) enum Release {
    /// The request may be sent, and the audit trail has recorded it.
    Open(Box<Passed>),
    /// The request may never be sent. Nothing was written.
    Shut(NoAnswerReason),
    /// Other requests have used up the day's budget meanwhile. Nothing was written.
    Spent,
    /// Another process has the analysis.
    Gone,
}

/// A narrative that may be sent.
pub(super) struct Passed {
    pub(super) sent: Cleared,
    pub(super) to: To,
    /// The version of the analysis that records the request.
    pub(super) version: u64,
    pub(super) attempts: i64,
}

/// The recipient.
pub(super) struct To {
    pub(super) analyst: Arc<dyn Analyst>,
    pub(super) model: String,
    pub(super) on_trial: bool,
}

/// Why no recipient is allowed, and the processor that would have been it.
pub(super) type Barred = (NoAnswerReason, Option<Name>);

impl Gateway {
    pub(super) fn new(eovr: &Eovr, subject: Subject, limits: Limits) -> Result<Self> {
        subject.check(eovr.catalog())?;
        eovr.catalog().kind(&facility::KIND)?;
        let all = danger::unrestricted("eovr.analyst", "have narratives analysed outside")?;
        Ok(Self { session: eovr.session(all), subject, limits })
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// The model that answers requests now.
    pub(super) async fn chosen(&self) -> Result<Option<Chosen>> {
        registry::chosen(&self.session).await
    }

    /// The recipient that the policy allows for this analysis, without sending anything. Otherwise the reason, and
    /// the processor that would have been it.
    pub(super) async fn may(&self, job: &Record, equipment: &Equipment) -> Result<Result<To, Barred>> {
        let Some(Chosen { processor, model, on_trial }) = self.chosen().await? else {
            return Ok(Err((NoAnswerReason::SwitchedOff, None)));
        };
        if !self.allowed(job).await?.contains(&processor) {
            return Ok(Err((NoAnswerReason::NotAllowed, Some(processor))));
        }
        let Some(analyst) = equipment.analyst(&processor).filter(|analyst| analyst.knows(&model)) else {
            return Ok(Err((NoAnswerReason::NotEquipped, Some(processor))));
        };
        if self.spent(&job.envelope().stamp).await? >= self.most() {
            return Ok(Err((NoAnswerReason::NoBudget, Some(processor))));
        }
        Ok(Ok(To { analyst, model, on_trial }))
    }

    /// Releases one request. When this returns [`Release::Open`], the audit chain has recorded the request.
    pub(super) async fn clear(&self, job: &Record, to: To) -> Result<Release> {
        let To { analyst, model, on_trial } = to;
        let processor = analyst.processor().clone();
        let text = |name: &str| job.text(name).unwrap_or_default();
        let about: RecordId = text("about").parse()?;
        let attempts = job.int("attempts").unwrap_or_default() + 1;
        let record = self.session.load(&self.subject.kind, about).await?;
        let narrative = match self.session.open(&record, self.subject.narrative.as_str()) {
            Err(error) if error.kind() == ErrorKind::Key => {
                return Ok(Release::Shut(NoAnswerReason::Unreadable));
            }
            opened => opened?.unwrap_or_default(),
        };
        let mut people = Vec::new();
        for field in &self.subject.people {
            // If no key opens a field any more, its words cannot be removed from the narrative.
            if let Ok(Some(words)) = self.session.open(&record, field.as_str()) {
                people.push(words);
            }
        }
        let facts = self.facts(&record);
        let beside = Value::codes(facts.iter().map(|(name, _)| name));
        let sent = Cleared::new(&narrative, &people);
        let now = self.session.eovr().now();
        let (canary, count) = (canary(&mut self.session.eovr().entropy()?), |count: usize| {
            i64::try_from(count).unwrap_or(i64::MAX)
        });
        let sent =
            sent.beside(facts, self.subject.factors, canary, u32::try_from(attempts).unwrap_or(u32::MAX));
        let held = i64::try_from(self.limits.patience.as_secs()).unwrap_or(i64::MAX).saturating_add(60);
        let command = Command::new(Action::Send)
            .set("processor", processor.as_str())
            .set("model", model.as_str())
            .set("prompt", analyst.prompt())
            .set("characters", count(sent.characters()))
            .set("taken_out", count(sent.replaced()))
            .set_some("beside", beside)
            .set("digest", sent.digest().to_vec())
            .set("sent_on", now.utc_day())
            .set("attempts", attempts)
            .set("on_trial", on_trial)
            // If the process dies during the request, the analysis is due again at this time.
            .set("due_at", now.plus_seconds(held))
            .expecting(job.version());
        let version = match self.let_out(job, command).await? {
            Sent::At(version) => version,
            Sent::Spent => return Ok(Release::Spent),
            Sent::Gone => return Ok(Release::Gone),
        };
        let to = To { analyst, model, on_trial };
        Ok(Release::Open(Box::new(Passed { sent, to, version, attempts })))
    }

    /// Records the request and counts it against the budget, in one commit.
    async fn let_out(&self, job: &Record, send: Command) -> Result<Sent> {
        let kind = self.session.eovr().catalog().kind(&KIND)?.clone();
        let stamp = &job.envelope().stamp;
        for _ in 0..TRIES {
            // The decision uses the latest version of the analysis. If another process has taken it meanwhile, that
            // process keeps it.
            let now = self.session.to_decide_on(kind.name(), job.id()).await?;
            let own = match self.session.decide_attested(&kind, &now, send.clone()).await {
                Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Refused) => {
                    return Ok(Sent::Gone);
                }
                decided => decided?,
            };
            let budget = Budget::of(&self.session, stamp);
            let counted = budget.counted().await?;
            let before = match &counted {
                Some(_) => 0,
                None => self.sent_today(stamp.facility.as_str()).await?,
            };
            let Some(one_more) = budget.one_more(counted, before, self.most()).await? else {
                return Ok(Sent::Spent);
            };
            match self.session.eovr().commit(own.and(one_more)).await {
                Err(error) if is_lost_race(&error) => observe::repeated(&error),
                done => {
                    let written = done?.written.into_iter().find(|written| written.id == job.id());
                    let written = written.ok_or_else(|| Error::bug("a commit writes its records"))?;
                    return Ok(Sent::At(written.version));
                }
            }
        }
        // Too many concurrent requests of the same facility; the analysis is due again.
        Ok(Sent::Gone)
    }

    fn most(&self) -> u64 {
        u64::from(self.limits.questions_a_day)
    }

    /// The number of requests that this facility sent today, from all nodes.
    pub(super) async fn spent(&self, stamp: &Stamp) -> Result<u64> {
        // A node of an older release sends without counting, so the analyses are counted too.
        let counted = Budget::of(&self.session, stamp).asked().await?;
        Ok(counted.max(self.sent_today(stamp.facility.as_str()).await?))
    }

    /// The number of requests that the analyses themselves record.
    async fn sent_today(&self, facility: &str) -> Result<u64> {
        let tally = Tally::of(KIND)
            .filter(Column::Facility, Test::Is(facility.into()))
            .filter(Column::Facet(name!("sent_on")), Test::Is(self.session.eovr().now().utc_day().into()))
            .by(Column::Facet(name!("attempts")));
        let cells = self.session.tally(&tally).await?.cells;
        // For an analysis that was also sent on earlier days, those requests count as today's too. The budget errs on
        // the low side.
        let asked = cells.iter().map(|cell| {
            let attempts = cell.key.first().and_then(Option::as_ref).and_then(Value::as_int);
            u64::try_from(attempts.unwrap_or(1).clamp(0, MOST_ATTEMPTS))
                .unwrap_or(0)
                .saturating_mul(cell.count)
        });
        Ok(asked.sum())
    }

    /// The processors that the facility allows.
    async fn allowed(&self, job: &Record) -> Result<Vec<Name>> {
        let query = Query::of(facility::KIND)
            .filter(Column::Facet(name!("code")), Test::Is(job.envelope().stamp.facility.as_str().into()))
            .limit(1);
        let record = self.session.find(&query).await?.items.into_iter().next();
        Ok(record.map(|record| facility::processors(&record)).unwrap_or_default())
    }

    fn facts(&self, record: &Record) -> Vec<(String, String)> {
        let fact = |name: &Name| {
            let value = record.facet(name.as_str()).and_then(Value::as_text)?;
            Some((name.to_string(), value.to_owned()))
        };
        self.subject.facts.iter().filter_map(fact).collect()
    }

    pub(super) fn subject(&self) -> &Subject {
        &self.subject
    }

    pub(super) async fn job(&self, id: RecordId) -> Result<Record> {
        self.session.load(&KIND, id).await
    }
}

/// How often a release is repeated when another process changes the day's count first.
const TRIES: u32 = 64;

/// The outcome of a release.
enum Sent {
    /// The request may be sent; the analysis has this version.
    At(u64),
    /// The day's budget is used up.
    Spent,
    /// Another process has the analysis.
    Gone,
}

/// An unpredictable word that shows in an answer whether the model leaked its prompt.
fn canary(entropy: &mut Entropy) -> String {
    let mut random = [0; 16];
    entropy.fill(&mut random);
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}
