//! Figures from memory equal the store's own on every node, after every change, and under every fault of the feed.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use eovr_core::access::{Actor, Role, Scope};
use eovr_core::analytics::{Figures, Source};
use eovr_core::audit::StoredEvent;
use eovr_core::decide::Commit;
use eovr_core::incident::{self, Action, KIND, Settings};
use eovr_core::kind::{Catalog, Kind};
use eovr_core::memory::MemoryStore;
use eovr_core::name;
use eovr_core::org::Org;
use eovr_core::ports::{Census, Clock as _, Loaded, Parcel, Posted, Receipt, Store};
use eovr_core::record::{
    ActorId, Column, Page, Query, RecordId, StoredRecord, Tally, TallyCell, Test, Value,
};
use eovr_core::{Command, Eovr, ErrorKind, Name, Result, Timestamp};
use eovr_tests::chance::Chance;
use eovr_tests::{TestClock, actor, id, master_key, org, report, stamp};
use tokio::task::JoinSet;

const FACILITIES: [&str; 8] =
    ["CAI-1-1", "CAI-1-2", "CAI-2-1", "CAI-2-2", "ALX-1-1", "ALX-1-2", "ALX-2-1", "ALX-2-2"];
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A fault that the store injects, or a hook of a test.
#[derive(Debug, Default)]
enum Trick {
    #[default]
    None,
    /// The feed skips this position.
    Hide(u64),
    /// The feed returns another message at this position.
    Say(u64, fn(&str) -> String),
    /// The feed starts at the beginning for every request.
    Repeat,
    /// Reading the feed fails.
    Fail,
    /// The feed hides a position, and a census never ends.
    Stall(u64),
}

/// Chooses the trick for a position.
type Play = fn(u64) -> Trick;

/// One node's view of a store that several nodes share.
#[derive(Debug, Default)]
struct Between {
    inner: Arc<MemoryStore>,
    trick: Mutex<Trick>,
    censuses: AtomicU64,
    feeds: AtomicU64,
    tallied: Mutex<Vec<Tally>>,
}

impl Between {
    fn new(inner: &Arc<MemoryStore>) -> Arc<Self> {
        Arc::new(Self { inner: inner.clone(), ..Self::default() })
    }

    fn play(&self, trick: Trick) {
        *self.trick.lock().unwrap() = trick;
    }

    fn censuses(&self) -> u64 {
        self.censuses.load(Ordering::SeqCst)
    }

    fn reads(&self) -> (u64, usize) {
        (self.feeds.load(Ordering::SeqCst), self.tallied.lock().unwrap().len())
    }

    async fn newest(&self) -> u64 {
        self.inner.feed(0, u32::MAX).await.unwrap().len() as u64
    }
}

#[async_trait]
impl Store for Between {
    async fn prepare(&self, catalog: &Catalog) -> Result<()> {
        self.inner.prepare(catalog).await
    }

    async fn refresh(&self) -> Result<bool> {
        self.inner.refresh().await
    }

    async fn commit(&self, commit: Commit) -> Result<Receipt> {
        // As with a database, other tasks run between a read and a write.
        tokio::task::yield_now().await;
        self.inner.commit(commit).await
    }

    async fn load_for_decision(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<Loaded>> {
        self.inner.load_for_decision(scope, kind, id).await
    }

    async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Result<Option<StoredRecord>> {
        self.inner.load(scope, kind, id).await
    }

    async fn find(&self, scope: &Scope, query: &Query) -> Result<Page<StoredRecord>> {
        self.inner.find(scope, query).await
    }

    async fn tally(&self, scope: &Scope, tally: &Tally) -> Result<Vec<TallyCell>> {
        self.tallied.lock().unwrap().push(tally.clone());
        self.inner.tally(scope, tally).await
    }

    async fn events(&self, scope: &Scope, kind: &Name, record: RecordId) -> Result<Vec<StoredEvent>> {
        self.inner.events(scope, kind, record).await
    }

    async fn feed(&self, after: u64, limit: u32) -> Result<Vec<Posted>> {
        self.feeds.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let mut page = self.inner.feed(after, limit).await?;
        tokio::task::yield_now().await;
        match &*self.trick.lock().unwrap() {
            Trick::Hide(hidden) | Trick::Stall(hidden) => page.retain(|posted| posted.position != *hidden),
            Trick::Say(at, say) => {
                for posted in page.iter_mut().filter(|posted| posted.position == *at) {
                    posted.message = say(&posted.message);
                }
            }
            Trick::Repeat if !page.is_empty() => {
                page.iter_mut().zip(1..).for_each(|(posted, position)| posted.position = position);
            }
            Trick::Fail => return Err(eovr_core::Error::new(ErrorKind::Unavailable, "no feed today")),
            Trick::None | Trick::Repeat => {}
        }
        Ok(page)
    }

    async fn census(&self, kind: &Name, by: &[Column]) -> Result<Census> {
        self.censuses.fetch_add(1, Ordering::SeqCst);
        let stalled = matches!(*self.trick.lock().unwrap(), Trick::Stall(_));
        if stalled {
            std::future::pending::<()>().await;
        }
        let census = self.inner.census(kind, by).await;
        tokio::task::yield_now().await;
        census
    }

    async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Result<Vec<Parcel>> {
        self.inner.lease(limit, now, until).await
    }

    async fn acknowledge(&self, ids: &[u64]) -> Result<()> {
        self.inner.acknowledge(ids).await
    }
}

/// A kind that tallies one facet of each type.
const SAMPLE: &str = r#"{
    "name": "sample",
    "facets": [
        {"name": "ward", "type": "text"},
        {"name": "grade", "type": "int"},
        {"name": "urgent", "type": "bool"},
        {"name": "drawn_at", "type": "time"},
        {"name": "mark", "type": "bytes"},
        {"name": "remark", "type": "text"}
    ],
    "tallied": ["grade", "mark", "ward", "drawn_at", "urgent"],
    "workflow": {
        "start": "taken",
        "create": "take",
        "states": [{"name": "taken"}, {"name": "done", "end": true}],
        "actions": [
            {"name": "take", "tiers": [1, 5], "sets": ["ward", "grade", "urgent", "drawn_at", "mark", "remark"]},
            {"name": "change", "tiers": [1, 5], "sets": ["ward", "grade", "urgent", "drawn_at", "mark", "remark"]},
            {"name": "finish", "tiers": [1, 5]}
        ],
        "rules": [
            {"from": ["taken"], "action": "change"},
            {"from": ["taken"], "action": "finish", "to": "done"}
        ]
    }
}"#;

/// The fixture's organisation, with time zones as far apart as possible.
fn world() -> Org {
    let mut governorates = org().governorates().to_vec();
    let zones = ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Africa/Cairo"];
    let facilities = governorates
        .iter_mut()
        .flat_map(|governorate| &mut governorate.administrations)
        .flat_map(|administration| &mut administration.facilities);
    for (facility, zone) in facilities.zip(zones.into_iter().cycle()) {
        facility.time_zone = zone.to_owned();
    }
    Org::new(governorates).unwrap()
}

async fn engine(store: Arc<Between>, clock: &TestClock, in_memory: bool) -> Eovr {
    let builder = Eovr::builder()
        .shared_store(store)
        .org(world())
        .kinds(incident::kinds(Settings::default()).unwrap())
        .kind(Kind::new(serde_json::from_str(SAMPLE).unwrap()).unwrap())
        .master_key(master_key())
        .clock(clock.clone());
    let builder = if in_memory { builder.figures_in_memory() } else { builder };
    builder.open().await.unwrap()
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn facet(text: &str) -> Column {
    Column::Facet(name(text))
}

fn start() -> Timestamp {
    TestClock::new().now()
}

fn top(eovr: &Eovr) -> eovr_core::Session {
    eovr.session(actor("top", Role::TopManagement, "CAI-1-1"))
}

/// The largest tally of the fixture: the whole country.
fn national() -> Tally {
    Tally::of(KIND).filter(facet("disposition"), Test::Absent).by(Column::State).by(facet("severity"))
}

fn total(figures: &Figures) -> u64 {
    figures.cells.iter().map(|cell| cell.count).sum()
}

/// One random action of a user; a refusal is a valid outcome.
async fn step(eovr: &Eovr, chance: &mut Chance, known: &mut Vec<(&'static str, RecordId, &'static str)>) {
    let here = *chance.pick(&FACILITIES);
    let nurse = |facility| eovr.session(actor("nurse", Role::Staff, facility));
    let some = known.get(chance.below(known.len().max(1))).copied();
    match (chance.below(10), some) {
        (0..4, _) | (_, None) => {
            let reported = nurse(here).incidents().report(&id(here), report("a vial was dropped")).await;
            known.push(("incident", reported.unwrap().written.id, here));
        }
        (4..6, _) => {
            let command = sample(chance, "take");
            let written = nurse(here).create(&name!("sample"), &id(here), command).await.unwrap();
            known.push(("sample", written.id, here));
        }
        (_, Some(("sample", sampled, at))) => {
            let command = if chance.percent(70) { sample(chance, "change") } else { Command::new("finish") };
            drop(nurse(at).act(&name!("sample"), sampled, command).await);
        }
        (_, Some((_, incident, at))) => {
            let quality = eovr.session(actor("quality", Role::QualityAdmin, at));
            let command = match chance.below(9) {
                0 | 1 => Command::new(Action::Start),
                2 => Command::new(Action::Evaluate),
                3 => Command::new(Action::TakeAction),
                4 => Command::new(Action::Complete),
                5 => Command::new(Action::Dispose).set("disposition", "not_reportable").note("seen twice"),
                6 => Command::new(Action::Restore).note("it was one"),
                7 => Command::new(Action::AddRemark).note("nothing is counted otherwise"),
                _ => Command::new(Action::Assess)
                    .set("severity", *chance.pick(&["minor", "moderate", "severe"]))
                    .set("probability", *chance.pick(&["rare", "frequent"])),
            };
            drop(quality.act(&KIND, incident, command).await);
        }
    }
}

fn sample(chance: &mut Chance, action: &str) -> Command {
    let mut command = Command::new(action).set("remark", "of no account");
    for column in ["ward", "grade", "urgent", "drawn_at", "mark"] {
        if chance.percent(60) {
            command = command.set(column, value(chance, &facet(column)));
        }
    }
    command
}

/// A value that occurs in this column, or could occur.
fn value(chance: &mut Chance, column: &Column) -> Value {
    let mut text = |of: &[&str]| Value::from(*chance.pick(of));
    match column {
        Column::Governorate => text(&["CAI", "ALX", "C"]),
        Column::Administration => text(&["CAI-1", "CAI-2", "ALX-1", "ALX-2", "CAI"]),
        Column::Facility => text(&FACILITIES),
        Column::Author => text(&["nurse", "unknown"]),
        Column::Number => text(&["OVR-2026-000007", "OVR-2027-000001"]),
        Column::State => text(&["created", "in_progress", "evaluating", "action_taken", "taken", "done"]),
        Column::Month => Value::Int(*chance.pick(&[202_611, 202_612, 202_701, 202_702, 202_705])),
        Column::Created => {
            // Around the first of December, of January and so on, and in between.
            let days = *chance.pick(&[0, 8, 9, 20, 39, 40, 70, 71, 100, 180]);
            Value::Time(start().plus_seconds(days * DAY + chance.below(72) as i64 * HOUR / 2))
        }
        Column::Facet(name) => match name.as_str() {
            "disposition" => text(&["not_reportable", "duplicate"]),
            "severity" => text(&["minor", "moderate", "severe"]),
            "category" => text(&["medication", "nutrition"]),
            "ward" => text(&["a", "b", "\u{3b1} \"quoted\" \\"]),
            "remark" => text(&["of no account"]),
            "high_risk" | "urgent" => Value::Bool(chance.percent(50)),
            "grade" => Value::Int(*chance.pick(&[-1, 0, i64::MAX])),
            "drawn_at" => Value::Time(Timestamp::from_micros(*chance.pick(&[-1, 0, 1_795_334_400_000_001]))),
            "mark" => Value::Bytes(chance.pick(&[vec![0, 255], vec![1]]).clone()),
            other => panic!("no values for {other}"),
        },
        Column::Parent => panic!("no values for parents"),
    }
}

fn question(chance: &mut Chance) -> Tally {
    let kind = chance.pick(&[KIND, KIND, name!("sample")]).clone();
    let (facets, others): (&[&str], _) = match kind.as_str() {
        "incident" => (&["disposition", "severity", "high_risk"], "category"),
        _ => (&["grade", "mark", "ward", "drawn_at", "urgent"], "remark"),
    };
    let column = |chance: &mut Chance| match chance.below(100) {
        0..40 => facet(chance.pick::<&str>(facets)),
        40..96 => {
            let of =
                [Column::Governorate, Column::Administration, Column::Facility, Column::State, Column::Month];
            chance.pick(&of).clone()
        }
        96 => Column::Author,
        97 => Column::Created,
        98 => Column::Number,
        _ => facet(others),
    };
    let mut tally = Tally::of(kind.clone());
    for _ in 0..chance.below(5) {
        tally = tally.by(column(chance));
    }
    for _ in 0..chance.below(4) {
        let created = chance.percent(20);
        let of = if created { Column::Created } else { column(chance) };
        let mut some = || value(chance, &of);
        let tests = [
            Test::From(some()),
            Test::Before(some()),
            Test::Is(some()),
            Test::Not(some()),
            Test::In(vec![some(), some()]),
            Test::In(Vec::new()),
            Test::Absent,
        ];
        let reach = if created && chance.percent(90) { 2 } else { tests.len() };
        tally = tally.filter(of, chance.pick(tests.get(..reach).unwrap()).clone());
    }
    tally
}

fn random_actor(chance: &mut Chance) -> Actor {
    let home = *chance.pick(&FACILITIES);
    if chance.percent(4) {
        return Actor::visitor(ActorId::new("visitor").unwrap(), stamp(home));
    }
    let role = *chance.pick(&[
        Role::TopManagement,
        Role::GovernorateManager,
        Role::AdminManager,
        Role::QualityAdmin,
        Role::Staff,
    ]);
    let actor = actor("nurse", role, home);
    if chance.percent(10) { actor.own_records_only() } else { actor }
}

#[tokio::test]
async fn memory_says_what_the_store_says() {
    let mut sources = [0; 3];
    for seed in 1..=8 {
        let mut chance = Chance::new(seed);
        let (store, clock) = (Arc::new(MemoryStore::new()), TestClock::new());
        let mut known = Vec::new();
        let plain = engine(Between::new(&store), &clock, false).await;
        // Half of the runs begin with records in the store.
        for _ in 0..(seed % 2) * 60 {
            step(&plain, &mut chance, &mut known).await;
        }
        let between = Between::new(&store);
        let memory = engine(between.clone(), &clock, true).await;
        for round in 0..150 {
            for _ in 0..chance.below(4) {
                let eovr = if chance.percent(50) { &plain } else { &memory };
                step(eovr, &mut chance, &mut known).await;
            }
            clock.pass_seconds(chance.below(36) as i64 * HOUR);
            for _ in 0..6 {
                let (tally, who) = (question(&mut chance), random_actor(&mut chance));
                let place = || format!("seed {seed}, round {round}: {who:?} asks {tally:?}");
                let wanted = plain.session(who.clone()).tally(&tally).await;
                let got = memory.session(who.clone()).tally(&tally).await;
                match (got, wanted) {
                    (Ok(got), Ok(wanted)) => {
                        assert_eq!(got.cells, wanted.cells, "{}", place());
                        assert_eq!(wanted.source, Source::Store, "{}", place());
                        if let Some(count) = sources.get_mut(got.source as usize) {
                            *count += 1;
                        }
                    }
                    (Err(got), Err(wanted)) => assert_eq!(got.kind(), wanted.kind(), "{}", place()),
                    (got, wanted) => panic!("{}: {got:?} and not {wanted:?}", place()),
                }
            }
            let summaries = (top(&memory), top(&plain));
            let summaries =
                (summaries.0.incidents().summary().await, summaries.1.incidents().summary().await);
            assert_eq!(summaries.0.unwrap(), summaries.1.unwrap(), "seed {seed}, round {round}");
        }
        assert_eq!(between.censuses(), 2, "seed {seed}: a cube was counted anew without need");
    }
    let [store, memory, both] = sources;
    assert!(store > 200 && memory > 2000 && both > 200, "the questions are all of one sort: {sources:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_node_is_right_while_all_write() {
    const NODES: usize = 4;
    const WRITERS: u64 = 3;
    let (store, clock) = (Arc::new(MemoryStore::new()), TestClock::new());
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        let between = Between::new(&store);
        nodes.push((engine(between.clone(), &clock, true).await, between));
    }
    let all = Tally::of(KIND).by(Column::State);
    let (begun, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    for wave in 0..4 {
        let mut tasks = JoinSet::new();
        for (node, (eovr, _)) in nodes.iter().enumerate() {
            for writer in 0..WRITERS {
                let (eovr, begun, done) = (eovr.clone(), begun.clone(), done.clone());
                tasks.spawn(async move {
                    let mut chance = Chance::new(1000 * wave + 10 * node as u64 + writer);
                    for _ in 0..25 {
                        let here = *chance.pick(&FACILITIES);
                        let nurse = eovr.session(actor("nurse", Role::Staff, here));
                        begun.fetch_add(1, Ordering::SeqCst);
                        let told = nurse.incidents().report(&id(here), report("a vial was dropped")).await;
                        done.fetch_add(1, Ordering::SeqCst);
                        let incident = told.unwrap().written.id;
                        let quality = eovr.session(actor("quality", Role::QualityAdmin, here));
                        for action in [Action::Start, Action::Evaluate, Action::TakeAction] {
                            if chance.percent(60) {
                                drop(quality.incidents().act(incident, action, None).await);
                            }
                        }
                    }
                });
            }
            for _ in 0..2 {
                let (eovr, begun, done, all) = (eovr.clone(), begun.clone(), done.clone(), all.clone());
                tasks.spawn(async move {
                    let mut last = 0;
                    for _ in 0..60 {
                        let least = done.load(Ordering::SeqCst).max(last);
                        let figures = top(&eovr).tally(&all).await.unwrap();
                        let most = begun.load(Ordering::SeqCst);
                        assert_eq!(figures.source, Source::Memory);
                        last = total(&figures);
                        assert!((least..=most).contains(&last), "{last} is not from {least} to {most}");
                    }
                });
            }
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        for tally in [all.clone(), national(), national().by(Column::Facility).by(Column::Month)] {
            for (node, (eovr, between)) in nodes.iter().enumerate() {
                let top = top(eovr);
                let wanted = between.inner.tally(&top.scope(), &tally).await.unwrap();
                let got = top.tally(&tally).await.unwrap();
                assert_eq!((got.source, got.cells), (Source::Memory, wanted), "wave {wave}, node {node}");
            }
        }
    }
    for (node, (_, between)) in nodes.iter().enumerate() {
        assert_eq!(between.censuses(), 2, "node {node} counted anew without need");
    }
}

/// An engine with figures in memory, its store, and the ids of three reports.
async fn ward() -> (Eovr, Arc<Between>, Vec<RecordId>) {
    let between = Between::new(&Arc::new(MemoryStore::new()));
    let eovr = engine(between.clone(), &TestClock::new(), true).await;
    let ids = told(&eovr).await;
    (eovr, between, ids)
}

async fn told(eovr: &Eovr) -> Vec<RecordId> {
    let mut ids = Vec::new();
    for facility in ["CAI-1-1", "CAI-1-2", "ALX-1-1"] {
        let nurse = eovr.session(actor("nurse", Role::Staff, facility));
        let reported = nurse.incidents().report(&id(facility), report("a vial was dropped")).await;
        ids.push(reported.unwrap().written.id);
    }
    ids
}

async fn right(eovr: &Eovr, store: &Between, source: Source, what: &str) {
    for tally in [national(), national().by(Column::Facility).by(Column::Month)] {
        let top = top(eovr);
        let wanted = store.inner.tally(&top.scope(), &tally).await.unwrap();
        let got = top.tally(&tally).await.unwrap();
        assert_eq!((got.cells, got.source), (wanted, source), "{what}");
    }
}

#[tokio::test]
async fn a_feed_that_is_wrong_makes_the_cube_count_anew() {
    let tricks: [(&str, Play); 8] = [
        ("a gap", Trick::Hide),
        ("from the beginning", |_| Trick::Repeat),
        ("nothing", |at| Trick::Say(at, |_| String::new())),
        ("half of it", |at| Trick::Say(at, |text| text.split_at(text.len() / 2).0.to_owned())),
        ("no such state before", |at| {
            Trick::Say(at, |text| text.replace(r#""from":"created""#, r#""from":"done""#))
        }),
        ("another month", |at| Trick::Say(at, |text| text.replace(r#""month":2026"#, r#""month":1926"#))),
        ("another facility", |at| Trick::Say(at, |text| text.replace("CAI-1-1", "CAI-2-1"))),
        ("an unknown facet", |at| {
            Trick::Say(at, |text| text.replace(r#""after":{"#, r#""after":{"colour":"red","#))
        }),
    ];
    for (what, trick) in tricks {
        let (eovr, store, ids) = ward().await;
        right(&eovr, &store, Source::Memory, what).await;
        let before = (store.censuses(), store.newest().await);
        let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
        told(&eovr).await;
        let first = ids.first().copied().unwrap();
        quality.incidents().act(first, Action::Start, None).await.unwrap();
        told(&eovr).await;
        store.play(trick(before.1 + 4));
        right(&eovr, &store, Source::Memory, what).await;
        assert_eq!(store.censuses(), before.0 + 1, "{what}: it was not counted anew, or twice");
        store.play(Trick::None);
        quality.incidents().act(first, Action::Evaluate, None).await.unwrap();
        right(&eovr, &store, Source::Memory, what).await;
        assert_eq!(store.censuses(), before.0 + 1, "{what}: it did not go on from there");
    }
}

#[tokio::test]
async fn a_feed_that_cannot_be_read_is_an_error() {
    let (eovr, store, _) = ward().await;
    store.play(Trick::Fail);
    let error = top(&eovr).tally(&national()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    store.play(Trick::None);
    right(&eovr, &store, Source::Memory, "after it").await;
}

#[tokio::test]
async fn while_one_counts_anew_the_store_answers() {
    let (eovr, store, _) = ward().await;
    right(&eovr, &store, Source::Memory, "before").await;
    let position = store.newest().await;
    told(&eovr).await;
    store.play(Trick::Stall(position + 1));
    let censuses = store.censuses();
    let counting = tokio::spawn({
        let eovr = eovr.clone();
        async move { top(&eovr).tally(&national()).await }
    });
    while store.censuses() == censuses {
        tokio::task::yield_now().await;
    }
    let meanwhile = right(&eovr, &store, Source::Store, "meanwhile");
    tokio::time::timeout(std::time::Duration::from_secs(10), meanwhile).await.unwrap();
    // The counting caller gives up; the next caller takes over.
    counting.abort();
    assert!(counting.await.unwrap_err().is_cancelled());
    store.play(Trick::None);
    right(&eovr, &store, Source::Memory, "afterwards").await;
    assert_eq!(store.censuses(), censuses + 2);
}

#[tokio::test]
async fn a_denied_caller_causes_no_read() {
    let (eovr, store, _) = ward().await;
    let reads = store.reads();
    let staff = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    let manager = eovr.session(actor("manager", Role::AdminManager, "CAI-1-1"));
    let visitor = eovr.session(Actor::visitor(ActorId::new("visitor").unwrap(), stamp("CAI-1-1")));
    for (session, tally) in [
        (&staff, national()),
        (&visitor, national()),
        (&quality, national().by(Column::Month)),
        (&manager, national().by(Column::Facility)),
    ] {
        assert_eq!(session.tally(&tally).await.unwrap_err().kind(), ErrorKind::Denied);
    }
    let five = national().by(Column::Month).by(Column::Facility).by(facet("high_risk"));
    assert_eq!(top(&eovr).tally(&five).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(store.reads(), reads);
    assert_eq!(total(&quality.tally(&national()).await.unwrap()), 1, "a facility sees its own");
}

#[tokio::test]
async fn the_source_of_a_figure_is_memory_or_the_store() {
    let store = Between::new(&Arc::new(MemoryStore::new()));
    let clock = TestClock::new();
    let eovr = engine(store.clone(), &clock, true).await;
    for _ in 0..9 {
        told(&eovr).await;
        clock.pass_seconds(10 * DAY);
    }
    let top = top(&eovr);
    let source = async |tally: &Tally| top.tally(tally).await.unwrap().source;
    let before = store.reads().1;
    assert_eq!(source(&national()).await, Source::Memory);
    assert_eq!(source(&national().by(Column::Month)).await, Source::Memory);
    assert_eq!(source(&national().by(Column::Facility)).await, Source::Memory);
    assert_eq!(store.reads().1, before, "the store was asked");

    let limit = start().plus_seconds(45 * DAY);
    let overdue = national().filter(Column::Created, Test::Before(limit.into()));
    let figures = top.tally(&overdue).await.unwrap();
    assert_eq!((figures.source, total(&figures)), (Source::Both, 15));
    // The store counted at most two of the four months.
    let asked = store.tallied.lock().unwrap().last().cloned().unwrap();
    let months = asked.clauses.iter().find(|clause| clause.column == Column::Month).unwrap();
    assert!(matches!(&months.test, Test::In(months) if months.len() <= 2), "{asked:?}");

    assert_eq!(source(&Tally::of(KIND).by(Column::Author)).await, Source::Store);
    assert_eq!(source(&national().filter(facet("category"), Test::Absent)).await, Source::Store);
    assert_eq!(source(&national().filter(Column::Created, Test::Absent)).await, Source::Store);
    assert_eq!(source(&Tally::of(name("follow_up"))).await, Source::Store);
    let own = eovr.session(actor("nurse", Role::QualityAdmin, "CAI-1-1").own_records_only());
    assert_eq!(own.tally(&national()).await.unwrap().source, Source::Store);
    let plain = engine(store, &clock, false).await;
    assert_eq!(
        plain.session(actor("top", Role::TopManagement, "CAI-1-1")).tally(&national()).await.unwrap().source,
        Source::Store
    );
}
