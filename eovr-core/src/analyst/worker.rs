use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::analyst::gateway::{Gateway, Passed, Release, To};
use crate::analyst::pause::pause;
use crate::analyst::{Action, Breaker, Chosen, KIND, MOST_ATTEMPTS, State, Subject};
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::name;
use crate::name::Name;
use crate::org::OrgId;
use crate::ports::{Analyst, Answered, observe};
use crate::record::{Column, Query, Record, RecordId, Test};
use crate::risk::Band;
use crate::service::{Eovr, until_won};
use crate::time::Timestamp;
use crate::triage::analysis::{NoAnswer, NoAnswerReason, RetryAdvice};
use crate::workflow::Label as _;

/// An analysis older than this is parked, however often it was delayed, because the report has been reviewed by then.
const OLDEST_SECONDS: i64 = 72 * 3600;
/// A process without the provider's key tries again after this time, because another process may have the key.
const NOT_EQUIPPED_SECONDS: i64 = 300;
/// The upper bounds of the latency classes, in milliseconds. Each latency is stored as the upper bound of its class,
/// because figures count by class.
const CLASSES: &[i64] = &[50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000];

/// Limits on the number and the duration of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most requests of one facility on one day (UTC), whatever their outcome.
    pub questions_a_day: u32,
    /// The time limit of one request. An [`Analyst`] must keep to it. If a process dies during a request, the
    /// analysis is due again one minute after the limit.
    pub patience: Duration,
}

impl Default for Limits {
    /// 500 requests a day, 60 seconds for each.
    fn default() -> Self {
        Self { questions_a_day: 500, patience: Duration::from_secs(60) }
    }
}

/// The analysts of this process, by processor.
#[derive(Clone, Debug, Default)]
pub struct Equipment(BTreeMap<Name, Arc<dyn Analyst>>);

impl Equipment {
    /// Adds an analyst. It replaces an earlier analyst of the same processor.
    #[must_use]
    pub fn with(mut self, analyst: Arc<dyn Analyst>) -> Self {
        self.0.insert(analyst.processor().clone(), analyst);
        self
    }

    /// The processors.
    pub fn processors(&self) -> impl Iterator<Item = &Name> {
        self.0.keys()
    }

    pub(super) fn analyst(&self, processor: &Name) -> Option<Arc<dyn Analyst>> {
        self.0.get(processor).cloned()
    }
}

/// Processes the analyses that are due.
///
/// A host calls [`Worker::due`] at intervals and [`Worker::work`] for each id, with any concurrency. Only one node works
/// on an analysis at a time.
#[derive(Clone, Debug)]
pub struct Worker {
    gateway: Gateway,
    equipment: Equipment,
    limits: Limits,
    seen: Arc<Mutex<BTreeMap<Name, Seen>>>,
}

/// What this process knows about a provider.
#[derive(Clone, Debug, Default)]
struct Seen {
    breaker: Breaker,
    last: Option<NoAnswerReason>,
}

/// The health of a provider, as this process sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// The processor.
    pub processor: Name,
    /// Its breaker: `closed`, `open` or `half_open`.
    pub breaker: &'static str,
    /// Why the last request failed; `None` where it succeeded.
    pub last: Option<NoAnswerReason>,
}

/// The outcome of working on an analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer is stored.
    Answered,
    /// No answer yet; the analysis will be tried again.
    Later(NoAnswerReason),
    /// No answer, and no further try.
    Parked(NoAnswerReason),
    /// Nothing was sent, and nothing will be.
    Withheld(NoAnswerReason),
    /// Another process works on it, or it is not due.
    NotOurs,
}

impl Worker {
    /// A worker for one subject.
    ///
    /// # Errors
    /// `Config` where the host lacks what the subject names, or the kinds of [`super::kinds`].
    pub fn new(eovr: &Eovr, subject: Subject, equipment: Equipment, limits: Limits) -> Result<Self> {
        eovr.catalog().kind(&KIND)?;
        Ok(Self { gateway: Gateway::new(eovr, subject, limits)?, equipment, limits, seen: Arc::default() })
    }

    /// The analyses that are due now.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn due(&self) -> Result<Vec<RecordId>> {
        let now = self.now();
        let query = Query::of(KIND)
            .filter(Column::State, Test::Is(State::Waiting.into()))
            .filter(Column::Facet(name!("of")), Test::Is(self.gateway.subject().kind.as_str().into()))
            .filter(Column::Facet(name!("due_at")), Test::Before(now.plus_seconds(1).into()))
            .limit(Query::LARGEST_PAGE);
        Ok(self.gateway.session().find(&query).await?.items.iter().map(Record::id).collect())
    }

    /// Works on one analysis: sends the request and stores the outcome.
    ///
    /// # Errors
    /// Errors of the store; the analysis stays due.
    pub async fn work(&self, id: RecordId) -> Result<Outcome> {
        let kind = self.gateway.session().eovr().catalog().kind(&KIND)?;
        observe::operation("work", Some(kind), "", self.work_on(id)).await
    }

    async fn work_on(&self, id: RecordId) -> Result<Outcome> {
        let job = self.gateway.job(id).await?;
        let now = self.now();
        let due = job.time("due_at").is_none_or(|due| due <= now);
        if *job.state() != State::Waiting.name() || !due {
            return Ok(Outcome::NotOurs);
        }
        let since = job.time("since").unwrap_or(job.envelope().created_at);
        if now > since.plus_seconds(OLDEST_SECONDS) {
            let on_trial = job.bool("on_trial") == Some(true);
            return self.park(&job, job.version(), NoAnswerReason::TooLate, None, on_trial).await;
        }
        let to = match self.gateway.may(&job, &self.equipment).await? {
            Ok(to) => to,
            Err((reason, processor)) => return self.shut(&job, reason, processor).await,
        };
        let (processor, on_trial) = (to.analyst.processor().clone(), to.on_trial);
        let patience = i64::try_from(self.limits.patience.as_secs()).unwrap_or(i64::MAX);
        // A statement of its own, so that the lock is released before the next `await`.
        let admitted = self.seen().entry(processor.clone()).or_default().breaker.admit(now, patience);
        if let Err(until) = admitted {
            return self.wait(&job, NoAnswerReason::BreakerOpen, until).await;
        }
        match self.gateway.clear(&job, to).await? {
            Release::Open(passed) => self.ask(&job, &processor, *passed).await,
            Release::Shut(reason) => self.park(&job, job.version(), reason, None, on_trial).await,
            Release::Spent => self.shut(&job, NoAnswerReason::NoBudget, Some(processor)).await,
            Release::Gone => Ok(Outcome::NotOurs),
        }
    }

    /// The health of each provider of this process.
    pub fn providers(&self) -> Vec<Provider> {
        let seen = self.seen();
        let one = |processor: &Name| {
            let seen = seen.get(processor).cloned().unwrap_or_default();
            Provider { processor: processor.clone(), breaker: seen.breaker.state(), last: seen.last }
        };
        self.equipment.processors().map(one).collect()
    }

    /// The model that answers requests now.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn chosen(&self) -> Result<Option<Chosen>> {
        self.gateway.chosen().await
    }

    /// The number of requests that a facility may still send today.
    ///
    /// # Errors
    /// Errors of the store.
    pub async fn budget_left(&self, facility: &str) -> Result<u64> {
        let most = u64::from(self.limits.questions_a_day);
        let Ok(facility) = OrgId::new(facility) else { return Ok(most) };
        let org = self.gateway.session().eovr().org();
        let Some(stamp) = org.stamp(&facility) else { return Ok(most) };
        Ok(most.saturating_sub(self.gateway.spent(stamp).await?))
    }

    async fn ask(&self, job: &Record, processor: &Name, passed: Passed) -> Result<Outcome> {
        let Passed { sent, to: To { analyst, model, on_trial }, version, attempts } = passed;
        let began = self.now();
        let said = analyst.analyse(&model, &sent).await;
        let now = self.now();
        let took = class(now.as_micros().saturating_sub(began.as_micros()) / 1000);
        {
            let mut seen = self.seen();
            let seen = seen.entry(processor.clone()).or_default();
            seen.last = said.as_ref().err().map(|no| no.reason);
            match &said {
                Err(no) if no.reason.is_of_the_provider() => {
                    seen.breaker.failed(now, no.reason, no.wait_seconds)
                }
                _ => seen.breaker.well(),
            }
        }
        match said {
            Ok(answered) => {
                let own = own(&answered, took);
                if on_trial {
                    return self.settle(job, version, own, Outcome::Answered).await;
                }
                let subject = self.suggested(&answered, &format!("{processor}/{model}"), analyst.prompt());
                self.both(job, own.expecting(version), subject, Outcome::Answered).await
            }
            Err(NoAnswer { reason, wait_seconds }) => {
                let again = match reason.again() {
                    RetryAdvice::Later => attempts < MOST_ATTEMPTS,
                    RetryAdvice::Once => attempts < 2,
                    RetryAdvice::Never => false,
                };
                if !again {
                    return self.park(job, version, reason, Some(took), on_trial).await;
                }
                let mut chance = [0; 8];
                self.gateway.session().eovr().entropy()?.fill(&mut chance);
                let due = now.plus_seconds(pause(attempts, wait_seconds, u64::from_be_bytes(chance)));
                let command = Command::new(Action::Fail)
                    .set("reason", reason.name())
                    .set("due_at", due)
                    .set("took", took);
                self.settle(job, version, command, Outcome::Later(reason)).await
            }
        }
    }

    /// The command that puts an answer onto the subject.
    fn suggested(&self, answered: &Answered, from: &str, prompt: &str) -> Command {
        let analysis = &answered.analysis;
        Command::new(&self.gateway.subject().action)
            .set("analyst_status", if analysis.abstained() { "abstained" } else { "answered" })
            .set("analyst_model", from)
            .set("analyst_version", prompt)
            .set_some("analyst_score", analysis.score().map(i64::from))
            .set_some("analyst_band", analysis.level().map(Band::name))
            .set_some("analyst_confidence", analysis.confidence().map(i64::from))
            .set("analyst_high_risk", analysis.high_risk())
            .write("analysis", analysis.to_json())
    }

    async fn shut(&self, job: &Record, reason: NoAnswerReason, processor: Option<Name>) -> Result<Outcome> {
        match reason {
            NoAnswerReason::NoBudget => self.wait(job, reason, next_day(self.now())).await,
            NoAnswerReason::NotEquipped => {
                self.wait(job, reason, self.now().plus_seconds(NOT_EQUIPPED_SECONDS)).await
            }
            _ => {
                let command = Command::new(Action::Withhold)
                    .set("reason", reason.name())
                    .set_some("processor", processor.as_ref().map(Name::as_str));
                self.settle(job, job.version(), command, Outcome::Withheld(reason)).await
            }
        }
    }

    async fn wait(&self, job: &Record, reason: NoAnswerReason, until: Timestamp) -> Result<Outcome> {
        let command = Command::new(Action::Wait).set("reason", reason.name()).set("due_at", until);
        self.settle(job, job.version(), command, Outcome::Later(reason)).await
    }

    async fn park(
        &self,
        job: &Record,
        version: u64,
        reason: NoAnswerReason,
        took: Option<i64>,
        on_trial: bool,
    ) -> Result<Outcome> {
        let own = Command::new(Action::Park).set("reason", reason.name()).set_some("took", took);
        if on_trial {
            return self.settle(job, version, own, Outcome::Parked(reason)).await;
        }
        let subject = Command::new(&self.gateway.subject().action).set("analyst_status", reason.name());
        self.both(job, own.expecting(version), subject, Outcome::Parked(reason)).await
    }

    async fn settle(
        &self,
        job: &Record,
        version: u64,
        command: Command,
        outcome: Outcome,
    ) -> Result<Outcome> {
        match self.gateway.session().act(&KIND, job.id(), command.expecting(version)).await {
            // Another process has the analysis now and reports its outcome.
            Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Refused) => {
                Ok(Outcome::NotOurs)
            }
            done => done.map(|_| outcome),
        }
    }

    /// Makes two changes in one commit: of the analysis, which must be unchanged, and of its subject in its latest
    /// version.
    async fn both(&self, job: &Record, own: Command, subject: Command, outcome: Outcome) -> Result<Outcome> {
        let session = self.gateway.session();
        let eovr = session.eovr();
        let kind = eovr.catalog().kind(&KIND)?.clone();
        let of = eovr.catalog().kind(&self.gateway.subject().kind)?.clone();
        let about: RecordId = job.text("about").unwrap_or_default().parse()?;
        let stored = until_won(|| async {
            let job = session.to_decide_on(kind.name(), job.id()).await?;
            let own = match session.decide_attested(&kind, &job, own.clone()).await {
                Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Refused) => {
                    return Ok(Outcome::NotOurs);
                }
                decided => decided?,
            };
            let record = session.to_decide_on(of.name(), about).await?;
            let commit = own.and(session.decide_attested(&of, &record, subject.clone()).await?);
            eovr.commit(commit).await?;
            Ok(outcome)
        });
        stored.await?.ok_or_else(|| {
            Error::new(ErrorKind::Conflict, "the record kept changing while its analysis was stored")
        })
    }

    fn now(&self) -> Timestamp {
        self.gateway.session().eovr().now()
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<Name, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The command that stores an answer on the analysis itself.
fn own(answered: &Answered, took: i64) -> Command {
    let analysis = &answered.analysis;
    Command::new(Action::Answer)
        .clear("reason")
        .set_some("level", analysis.level().map(Band::name))
        .set_some("confidence", analysis.confidence().map(i64::from))
        .set("took", took)
        .set_some("tokens_in", answered.tokens_in.map(i64::from))
        .set_some("tokens_out", answered.tokens_out.map(i64::from))
}

/// The upper bound of a latency's class.
fn class(millis: i64) -> i64 {
    *CLASSES.iter().find(|end| millis <= **end).or(CLASSES.last()).unwrap_or(&0)
}

/// The start of the next day, in UTC.
fn next_day(now: Timestamp) -> Timestamp {
    const DAY: i64 = 86_400_000_000;
    Timestamp::from_micros((now.as_micros().div_euclid(DAY) + 1).saturating_mul(DAY))
}
