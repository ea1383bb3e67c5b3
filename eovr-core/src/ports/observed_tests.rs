//! What a subscriber hears of an engine and its store, and what it never hears.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record as Values};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::access::Role;
use crate::analyst::{self, Equipment, Limits, Worker};
use crate::decide::Command;
use crate::error::{ErrorKind, Result};
use crate::identity;
use crate::incident::{self, Action, KIND, Report, Settings, analysed};
use crate::kind::{FacetSpec, FieldSpec, Kind, KindTable};
use crate::memory::MemoryStore;
use crate::name;
use crate::name::Name;
use crate::notice::{self, Channel, Dispatcher, NoticeRule};
use crate::org::OrgId;
use crate::ports::{Observed, Store, observe};
use crate::record::{Column, Query, RecordId, Tally, Test};
use crate::seal::{MasterKey, Purpose};
use crate::service::{Eovr, FeedReader};
use crate::testing;
use crate::workflow::Table;

/// A subscriber that keeps every span and event as a line: the level, the target, and `name=value` of each field.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<String>>>);

/// Writes the fields of a span or an event.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Ear {
    fn hear(&self, metadata: &Metadata<'_>, fields: impl FnOnce(&mut Line)) {
        let mut line = Line(format!("{} {} {}", metadata.level(), metadata.target(), metadata.name()));
        fields(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    /// Everything that was heard while the work ran.
    fn of<T>(work: impl Future<Output = Result<T, Box<dyn std::error::Error>>>) -> Vec<String> {
        let ear = Self::default();
        let heard = ear.0.clone();
        tracing::subscriber::with_default(ear, || testing::run(work));
        std::mem::take(&mut *heard.lock().unwrap())
    }
}

impl Subscriber for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.hear(span.metadata(), |line| span.record(line));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Values<'_>) {
        let mut line = Line("recorded".to_owned());
        values.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.hear(event.metadata(), |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

const KEY: [u8; 32] = [7; 32];

/// An engine with every kind of the core and one of a host, on an observed store.
async fn hospital(store: impl Store + 'static) -> Result<Eovr> {
    let workflow: Table = serde_json::from_value(serde_json::json!({
        "start": "ringing", "create": "raise",
        "states": [{"name": "ringing"}, {"name": "closed", "end": true}],
        "actions": [{"name": "raise", "tiers": [1, 5], "sets": ["fridge", "cause"]}, {"name": "close", "tiers": [1, 5]}],
        "rules": [{"from": ["ringing"], "action": "close", "to": "closed", "needs": ["note"]}]
    }))
    .unwrap();
    let (facets, fields) =
        (vec![FacetSpec::text(name!("fridge"))], vec![FieldSpec::text(name!("cause"), 5..=500)]);
    let alarm = Kind::new(KindTable { facets, fields, ..KindTable::new(name!("fridge_alarm"), workflow) })?;
    let (of, rows) = incident::notice_actions()?;
    let engine =
        Eovr::builder().store(store).org(testing::org()?).kinds(incident::kinds(Settings::default())?);
    let engine =
        engine.kinds(identity::kinds()?).kinds(analyst::kinds()?).kind(notice::kind()?).actions(of, rows);
    engine.kind(FeedReader::kind()?).kind(alarm).master_key(MasterKey::from_bytes(&KEY)).open().await
}

/// Does everything that an engine tells of, with this word wherever text goes: also where the engine refuses it.
async fn story(word: &str, slow: Duration) -> Result<Vec<RecordId>> {
    let store = Arc::new(MemoryStore::new());
    let eovr = hospital(Observed::new(store.clone()).slow_from(slow)).await?;
    let (nile, alarm) = (OrgId::new("NIL")?, name!("fridge_alarm"));
    let nurse = testing::session(&eovr, &format!("nurse-{word}"), Role::Staff, "NIL")?;
    let quality = testing::session(&eovr, &format!("quality-{word}"), Role::QualityAdmin, "NIL")?;
    let manager = testing::session(&eovr, &format!("manager-{word}"), Role::TopManagement, "CAI")?;
    let text = || format!("The nurse {word} gave ten times the dose.");
    let some = || Some(text());
    let report = Report {
        category: "medication".to_owned(),
        description: text(),
        specific_error: some(),
        location: Some(word.to_owned()),
        involved_person: some(),
        medical_file_number: Some(word.to_owned()),
        immediate_action: some(),
        responsible_manager: some(),
        disclosure_responsible: some(),
        notes: some(),
        ..Report::default()
    };
    let id = nurse.incidents().report(&nile, report.clone()).await?.written.id;
    quality.incidents().act(id, Action::Start, Some(&text())).await?;
    let amend = Command::new("amend").set("location", word).write("notes", text()).note(text());
    quality.act(&KIND, id, amend.clone()).await?;
    let raise = || Command::new("raise").set("fridge", word).write("cause", text());
    let raised = RecordId::derived("eovr.test.v1", &[word.as_bytes()]);
    nurse.create_as(&alarm, &nile, raised, raise()).await?;
    nurse.act(&alarm, raised, Command::new("close").note(text())).await?;

    // What is refused, by every kind of check.
    let unknown = Name::new(word)?;
    let refused = [
        nurse.create_as(&alarm, &nile, raised, raise()).await.err(),
        nurse.create(&unknown, &nile, raise()).await.err(),
        nurse.create(&alarm, &OrgId::new(word)?, raise()).await.err(),
        nurse.create(&alarm, &nile, raise().set(word, word)).await.err(),
        nurse.create(&alarm, &nile, raise().write(word, text())).await.err(),
        nurse.create(&alarm, &nile, Command::new(word)).await.err(),
        quality.act(&KIND, id, Command::new(word).note(text())).await.err(),
        quality.act(&KIND, id, amend.expecting(1)).await.err(),
        nurse.act(&alarm, raised, Command::new("close").note(text())).await.err(),
        nurse.load(&unknown, id).await.err(),
        nurse.load(&alarm, id).await.err(),
        nurse.find(&Query::of(unknown.clone())).await.err(),
        nurse.tally(&Tally::of(unknown.clone())).await.err(),
    ];
    assert_eq!(refused.iter().position(Option::is_none), None);

    assert_eq!(quality.incidents().of_file(word).await?.items.len(), 1);
    let by_place = || (Column::Facet(name!("location")), Test::Is(word.into()));
    assert_eq!(
        quality.list(&Query::of(KIND).filter(by_place().0, by_place().1), &["location"]).await?.items.len(),
        1
    );
    assert_eq!(quality.tally(&Tally::of(KIND).filter(by_place().0, by_place().1)).await?.cells[0].count, 1);
    let mut reader = FeedReader::open(&eovr, word).await?;
    assert!(!reader.next(100).await?.is_empty());
    let dispatcher = Dispatcher::new(&eovr, vec![NoticeRule::everything(KIND)], &[Channel::Webhook])?;
    assert!(dispatcher.route().await?.messages > 0);
    let worker = Worker::new(&eovr, analysed(), Equipment::default(), Limits::default())?;
    assert_eq!(worker.work(id).await.unwrap_err().kind(), ErrorKind::NotFound);

    // Another node rotates the key, so this one loses a race and reads the keys again.
    let other = hospital(store).await?;
    let other = other.session(manager.actor().clone());
    let key = other.rotate_key(Purpose::Fields).await?;
    quality.incidents().act(id, Action::AddRemark, Some(&text())).await?;
    nurse.incidents().report(&nile, report).await?;
    assert!(quality.trail(&KIND, id).await?.verdict.is_intact());
    Ok(vec![id, raised, key])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// No word of a text, a note, a name, a code or a query is ever in a span or an event, and no id and no key.
    #[test]
    fn nothing_that_was_typed_is_heard(word in "zq[a-z]{6}zq") {
        let mut ids = Vec::new();
        let heard = Ear::of(async {
            ids = story(&word, Duration::ZERO).await?;
            Ok(())
        });
        prop_assert!(heard.len() > 100, "{} lines", heard.len());
        let never = ids.iter().map(RecordId::to_string).chain([word, "[7, 7".to_owned(), "BwcH".to_owned()]);
        for never in never {
            let told = heard.iter().find(|line| line.contains(&never));
            prop_assert_eq!(told, None);
        }
    }
}

#[test]
fn each_operation_is_told_with_kind_action_outcome_and_duration() {
    let heard = Ear::of(async { Ok(story("zqwordzq", Duration::from_secs(3600)).await?) });
    let said = |parts: &[&str]| heard.iter().any(|line| parts.iter().all(|part| line.contains(part)));
    for parts in [
        &[
            "engine",
            r#"operation="create""#,
            r#"kind="fridge_alarm""#,
            r#"action="raise""#,
            r#"outcome="ok""#,
        ][..],
        &["engine", r#"operation="create""#, r#"kind="fridge_alarm""#, r#"error="conflict""#],
        &["engine", r#"operation="act""#, r#"kind="incident""#, r#"action="amend""#, r#"outcome="ok""#],
        &["engine", r#"operation="act""#, r#"action="close""#, r#"outcome="failed""#, r#"error="refused""#],
        &["engine", r#"operation="commit""#, r#"kind="incident""#, r#"action="report""#, r#"outcome="ok""#],
        &["engine", r#"operation="load""#, r#"kind="fridge_alarm""#, r#"error="not_found""#],
        &["engine", r#"operation="find""#, r#"kind="incident""#, r#"outcome="ok""#],
        &["engine", r#"operation="list""#, r#"kind="incident""#, r#"outcome="ok""#],
        &["engine", r#"operation="tally""#, r#"kind="incident""#, r#"outcome="ok""#],
        &["engine", r#"operation="feed""#, r#"outcome="ok""#],
        &["engine", r#"operation="route""#, r#"kind="notice""#, r#"outcome="ok""#],
        &["engine", r#"operation="work""#, r#"kind="analysis""#, r#"error="not_found""#],
        &["engine", "the decision is repeated"],
        &["engine", "the keys are read again"],
        &["store", r#"operation="find""#, r#"kind="incident""#, "rows=1", r#"outcome="ok""#],
        &["store", r#"operation="commit""#, "rows=1", r#"outcome="ok""#],
    ] {
        assert!(said(parts), "{parts:?} is not among {heard:#?}");
    }
    let ends = heard.iter().filter(|line| line.contains("outcome=")).collect::<Vec<_>>();
    assert!(ends.iter().all(|line| line.contains(" micros=")));
    // An action that the kind does not have is no name.
    assert!(said(&["engine", r#"operation="act" kind="incident" outcome="failed" error="refused""#]));
    // Of a store that is fast, only the refusals are warnings.
    let warned: BTreeSet<_> = ends.iter().filter(|line| line.starts_with(Level::WARN.as_str())).collect();
    assert!(!warned.is_empty());
    assert!(
        warned.iter().all(|line| line.contains("eovr_core::store") && line.contains(r#"error="conflict""#))
    );
}

#[test]
fn a_slow_store_is_a_warning() {
    let told = |slow| {
        Ear::of(async move {
            let store = Observed::new(MemoryStore::new()).slow_from(slow);
            Ok(store.feed(0, 10).await?)
        })
    };
    let [slow, fast] = [Duration::ZERO, Duration::from_secs(3600)].map(|slow| told(slow).remove(0));
    assert!(slow.starts_with("WARN eovr_core::store") && slow.contains("the store was slow"), "{slow}");
    assert!(fast.starts_with("DEBUG eovr_core::store") && fast.contains("the store answered"), "{fast}");
    assert!(fast.contains(r#"operation="feed" rows=0 outcome="ok""#), "{fast}");
}

/// Operations contain each other, so each must stay small.
#[test]
fn an_operation_keeps_its_work_in_a_box() {
    let large = async {
        let room = [1_u8; 10_000];
        std::future::ready(()).await;
        Ok(room.iter().map(|byte| usize::from(*byte)).sum::<usize>())
    };
    let observed = observe::operation("act", None, "", large);
    assert!(size_of_val(&observed) < 1000, "{} bytes", size_of_val(&observed));
}
