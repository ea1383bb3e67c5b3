//! A hospital with an external analyst: real components, a store in memory, and a provider on this machine.

use std::sync::Arc;
use std::time::Duration;

use crate::fixture::{TestClock, TestEntropy, actor, id, master_key, org, report};
use crate::replay::{Heard, Play, Replay};
use eovr_ai::{Adapter, Dialect, Key, Settings};
use eovr_core::access::{Role, danger};
use eovr_core::analyst::{self, Equipment, Examined, Limits, Outcome, Registry, Worker};
use eovr_core::identity::{self, Site, facility};
use eovr_core::incident::{self, Report};
use eovr_core::memory::MemoryStore;
use eovr_core::notice::{self, Channel, Dispatcher};
use eovr_core::ports::Store;
use eovr_core::record::{Record, RecordId};
use eovr_core::{Eovr, Name, Session};

pub(crate) const FACILITY: &str = "CAI-1-1";
pub(crate) const KEY: &str = "sk-for-tests-only";
/// A well-formed answer of a model.
pub(crate) const ANSWER: &str = r#"{"score": 83, "level": "high", "confidence": 71, "factors":
    [{"code": "equipment", "quote": "pump"}], "findings": [{"code": "drug", "quote": "morphine"}]}"#;
pub(crate) const WORDS: &str = "Mr. Ahmed Hassan, MRN 4471-22, was given morphine from the wrong pump.";

pub(crate) struct House {
    pub(crate) eovr: Eovr,
    pub(crate) clock: TestClock,
    pub(crate) worker: Worker,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) replay: Replay,
    pub(crate) model: RecordId,
    pub(crate) limits: Limits,
    pub(crate) dialect: Dialect,
}

/// The deadline for a provider that answers, on a busy machine.
pub(crate) const PATIENT: Duration = Duration::from_secs(20);
/// The deadline for a provider that does not answer.
pub(crate) const IMPATIENT: Duration = Duration::from_millis(300);

impl House {
    /// A hospital whose external analyst is permitted and active.
    pub(crate) async fn open(dialect: Dialect, patience: Duration) -> Self {
        let house = Self::dark(dialect, patience).await;
        house.allow(&[dialect.name()]).await;
        house.switch_on(house.model).await;
        house
    }

    /// A hospital whose facilities permit no provider.
    pub(crate) async fn dark(dialect: Dialect, patience: Duration) -> Self {
        Self::on(Arc::new(MemoryStore::new()), dialect, Limits { patience, ..Limits::default() }).await
    }

    pub(crate) async fn on(store: Arc<dyn Store>, dialect: Dialect, limits: Limits) -> Self {
        let clock = TestClock::new();
        let (of, rows) = incident::notice_actions().unwrap();
        let eovr = Eovr::builder()
            .shared_store(store)
            .org(org())
            .kinds(incident::kinds(incident::Settings::default()).unwrap())
            .kinds(identity::kinds().unwrap())
            .kinds(analyst::kinds().unwrap())
            .kind(notice::kind().unwrap())
            .actions(of, rows)
            .master_key(master_key())
            .clock(clock.clone())
            .entropy(TestEntropy::default())
            .open()
            .await
            .unwrap();
        let all = all(&eovr);
        for site in Site::all(&org()) {
            site.register(&all).await.unwrap();
        }
        let replay = Replay::open(dialect).await;
        let rules = [incident::notice_rules(), vec![incident::analysis_rule()]].concat();
        let dispatcher = Dispatcher::new(&eovr, rules, &[Channel::InApp]).unwrap();
        let model = Registry::equip(&eovr, &Name::new(dialect.name()).unwrap(), "m-1").await.unwrap();
        let worker = worker(&eovr, dialect, &replay.address, limits);
        Self { eovr, clock, worker, dispatcher, replay, model, limits, dialect }
    }

    /// Another process on the same store.
    pub(crate) fn another_worker(&self) -> Worker {
        worker(&self.eovr, self.dialect, &self.replay.address, self.limits)
    }

    pub(crate) fn top(&self) -> Session {
        self.eovr.session(actor("top-1", Role::TopManagement, FACILITY))
    }

    pub(crate) fn quality(&self) -> Session {
        self.eovr.session(actor("quality-1", Role::QualityAdmin, FACILITY))
    }

    pub(crate) async fn allow(&self, processors: &[&str]) {
        let names: Vec<Name> = processors.iter().map(|name| Name::new(name).unwrap()).collect();
        let command = facility::allowance(&names).note("the data protection officer agrees");
        let page = self.top().find(&eovr_core::record::Query::of(facility::KIND)).await.unwrap();
        let here = page.items.iter().find(|record| record.envelope().stamp.facility == id(FACILITY)).unwrap();
        self.top().act(&facility::KIND, here.id(), command).await.unwrap();
    }

    pub(crate) async fn switch_on(&self, model: RecordId) {
        let registry = Registry::of(&self.top());
        registry.examine(model, better()).await.unwrap();
        registry.activate(model, "better on our reports of last year").await.unwrap();
    }

    /// Files a report. This must not ask the provider.
    pub(crate) async fn reports(&self, report: Report) -> RecordId {
        let before = self.replay.count();
        let nurse = self.eovr.session(actor("nurse-7", Role::Staff, FACILITY));
        let id = nurse.incidents().report(&id(FACILITY), report).await.unwrap().written.id;
        assert_eq!(self.replay.count(), before, "a report waited for the provider");
        while self.dispatcher.route().await.unwrap().messages > 0 {}
        id
    }

    pub(crate) async fn told(&self, words: &str) -> RecordId {
        self.reports(report(words)).await
    }

    /// Runs all due analyses.
    pub(crate) async fn works(&self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for id in self.worker.due().await.unwrap() {
            outcomes.push(self.worker.work(id).await.unwrap());
        }
        outcomes
    }

    pub(crate) fn says(&self, words: impl Fn(&Heard) -> String + Send + 'static) {
        self.replay.plays(Play::Says(Box::new(words)));
    }

    pub(crate) async fn incident(&self, id: RecordId) -> Record {
        all(&self.eovr).load(&incident::KIND, id).await.unwrap()
    }

    pub(crate) async fn analysis(&self, of: RecordId) -> Record {
        let id = analyst::analysis_of(&incident::KIND, &of.to_string());
        all(&self.eovr).load(&analyst::KIND, id).await.unwrap()
    }

    /// The trail of an analysis, as an auditor reads it.
    pub(crate) async fn trail(&self, of: RecordId) -> String {
        let trail = self.top().trail(&analyst::KIND, self.analysis(of).await.id()).await.unwrap();
        trail.entries.iter().map(|entry| serde_json::to_string(&entry.event).unwrap() + "\n").collect()
    }
}

pub(crate) fn better() -> Examined {
    Examined { cases: 400, gain: 80, gain_low: 31, against: "eovr-rules".to_owned(), report: "ab".repeat(32) }
}

pub(crate) fn all(eovr: &Eovr) -> Session {
    eovr.session(danger::unrestricted("test", "look").unwrap())
}

pub(crate) fn worker(eovr: &Eovr, dialect: Dialect, address: &str, limits: Limits) -> Worker {
    let settings = Settings::new(dialect, Key::new(KEY)).at(address).patience(limits.patience);
    let equipment = Equipment::default().with(Arc::new(Adapter::new(settings).unwrap()));
    Worker::new(eovr, incident::analysed(), equipment, limits).unwrap()
}

pub(crate) fn text<'a>(record: &'a Record, facet: &str) -> &'a str {
    record.text(facet).unwrap_or_default()
}

pub(crate) fn int(record: &Record, facet: &str) -> Option<i64> {
    record.int(facet)
}

pub(crate) const ANALYST: &[&str] = &[
    "analyst_model",
    "analyst_version",
    "analyst_score",
    "analyst_band",
    "analyst_confidence",
    "analyst_high_risk",
];
