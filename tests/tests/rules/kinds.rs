//! Kinds that do not fit together are refused at start, and a changed kind behaves as `docs::changing_a_kind` says.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has done its work")]

use std::path::Path;

use eovr_core::access::{Actor, Role};
use eovr_core::error::Unmet;
use eovr_core::kind::{Kind, Plan};
use eovr_core::memory::MemoryStore;
use eovr_core::ports::Check;
use eovr_core::record::{Column, Query, Record, RecordId, Test};
use eovr_core::service::EovrBuilder;
use eovr_core::{Command, Eovr, ErrorKind, Session, name};
use eovr_store_sql::SqlStore;
use eovr_tests::{TestClock, actor, id, master_key, org};
use serde_json::{Value, json};

fn bench() -> Value {
    json!({
        "name": "bench",
        "number": {"prefix": "BEN", "width": 4},
        "facets": [{"name": "asset", "type": "text", "required": true, "one_of": ["pump", "bed"]},
            {"name": "ward", "type": "text"}],
        "fields": [{"name": "serial", "max_chars": 100}],
        "workflow": {
            "start": "open", "create": "raise",
            "states": [{"name": "open"}, {"name": "held"}, {"name": "closed", "end": true}],
            "actions": [
                {"name": "raise", "tiers": [1, 5], "sets": ["asset", "ward", "serial"]},
                {"name": "hold", "tiers": [1, 5]},
                {"name": "place", "tiers": [1, 5], "sets": ["ward", "serial"]},
                {"name": "close", "tiers": [1, 5]}
            ],
            "rules": [
                {"from": ["open"], "action": "hold", "to": "held"},
                {"from": ["open"], "action": "place"},
                {"from": ["open", "held"], "action": "close", "to": "closed"}
            ]
        }
    })
}

fn kind(table: Value) -> Kind {
    Kind::new(serde_json::from_value(table).unwrap()).unwrap()
}

/// The kind with one part replaced.
fn with(place: &str, becomes: Value) -> Kind {
    let mut table = bench();
    *table.pointer_mut(place).unwrap() = becomes;
    kind(table)
}

/// The kind without the state `held`.
fn without_held() -> Kind {
    let mut table = bench();
    table["workflow"]["states"].as_array_mut().unwrap().remove(1);
    table["workflow"]["actions"].as_array_mut().unwrap().remove(1);
    table["workflow"]["rules"].as_array_mut().unwrap().remove(0);
    table["workflow"]["rules"][1]["from"] = json!(["open"]);
    kind(table)
}

#[derive(Debug)]
struct Passes;

impl Check for Passes {
    fn passes(&self, _: &Record, _: &Actor) -> bool {
        true
    }
}

#[tokio::test]
async fn kinds_that_do_not_fit_together_are_refused_at_start() {
    let renamed = |name: &str, prefix: &str| {
        let mut table = bench();
        (table["name"], table["number"]["prefix"]) = (json!(name), json!(prefix));
        kind(table)
    };
    let child = |name: &str, of: &str| {
        let mut table = bench();
        (table["name"], table["parent"]) = (json!(name), json!({"kind": of, "action": "place"}));
        table.as_object_mut().unwrap().remove("number");
        kind(table)
    };
    let checked = |builder: EovrBuilder| {
        let mut table = bench();
        table["workflow"]["rules"][1]["needs"] = json!([{"check": "tested"}]);
        builder.kind(kind(table))
    };
    let open = Eovr::builder;
    let cases: [(&str, EovrBuilder, &str, &str); 6] = [
        (
            "two kinds of one name",
            open().kinds([kind(bench()), kind(bench())]),
            "kind `bench` stands twice",
            "one kind",
        ),
        (
            "a shared prefix",
            open().kinds([renamed("bench", "BEN"), renamed("board", "ben")]),
            "kinds `bench` and `board` share the number prefix `ben`",
            "a prefix of its own",
        ),
        (
            "parents in a circle",
            open().kinds([child("bench", "board"), child("board", "bench")]),
            "no record can be the first",
            "without a parent",
        ),
        (
            "no such parent",
            open().kinds([child("bench", "baord")]),
            "kind `bench` wants `baord` to have an action `place`",
            "a kind of this catalogue: `audit_key`, `bench`, `data_key`",
        ),
        (
            "a check that is not registered",
            checked(open()).check(name!("tetsed"), Passes),
            "action `place` of `bench` needs the check `tested`, which is not registered",
            "registered: `tetsed`",
        ),
        (
            "a check that no kind needs",
            checked(open()).check(name!("tested"), Passes).check(name!("tetsed"), Passes),
            "no kind needs the check `tetsed`",
            "needed: `tested`",
        ),
    ];
    for (what, builder, said, help) in cases {
        // Without a store, and at start.
        let early = builder.catalog().unwrap_err();
        let builder = builder.store(MemoryStore::new()).org(org()).master_key(master_key());
        let error = builder.open().await.unwrap_err();
        assert_eq!((error.kind(), early.to_string()), (ErrorKind::Config, error.to_string()), "{what}");
        assert!(error.message().contains(said), "{what}: {error}");
        assert!(error.help().unwrap().contains(help), "{what}: {error}");
    }
    let fits = checked(Eovr::builder()).check(name!("tested"), Passes);
    assert!(fits.catalog().is_ok());
}

#[test]
fn a_computed_facet_needs_a_computation() {
    let mut table = bench();
    table["facets"][1]["computed"] = json!(true);
    table["workflow"]["actions"][0]["sets"] = json!(["asset", "serial"]);
    table["workflow"]["actions"][2]["sets"] = json!(["serial"]);
    let error = Eovr::builder().kind(kind(table)).catalog().unwrap_err();
    assert_eq!(error.message(), "kind `bench` computes `ward`, and has no computation");
    assert!(error.help().unwrap().contains("`completed_by`"));
}

/// A database that several releases open, one after the other.
struct Database {
    folder: tempfile::TempDir,
    clock: TestClock,
}

impl Database {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), clock: TestClock::new() }
    }

    async fn store(&self) -> SqlStore {
        SqlStore::open(&format!("sqlite://{}", self.file().display())).await.unwrap()
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("hospital.db")
    }

    /// A session of a release with this kind.
    async fn release(&self, kind: Kind) -> Session {
        self.try_release(kind).await.unwrap()
    }

    async fn try_release(&self, kind: Kind) -> eovr_core::Result<Session> {
        let builder = Eovr::builder().store(self.store().await).org(org()).master_key(master_key());
        let eovr = builder.kind(kind).clock(self.clock.clone()).open().await?;
        Ok(eovr.session(actor("nurse", Role::Staff, "CAI-1-1")))
    }

    /// The plan of such a release.
    async fn plan(&self, kind: Kind) -> Plan {
        let (before, store) = (layout(&self.file()).await, self.store().await);
        let plan = store.plan(&Eovr::builder().kind(kind).catalog().unwrap()).await.unwrap();
        store.close().await;
        assert_eq!(layout(&self.file()).await, before, "a plan changed the database");
        plan
    }
}

/// Every definition of a file, and every column that the layout lists.
async fn layout(file: &Path) -> Vec<String> {
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}?mode=rwc", file.display())).await.unwrap();
    let mut all: Vec<String> =
        sqlx::query_scalar("SELECT coalesce(sql, name) FROM sqlite_schema").fetch_all(&pool).await.unwrap();
    if all.iter().any(|sql| sql.contains("layout_columns")) {
        let columns = sqlx::query_scalar("SELECT kind || name || type FROM layout_columns");
        all.extend(columns.fetch_all(&pool).await.unwrap() as Vec<String>);
    }
    pool.close().await;
    all
}

async fn raise(session: &Session, command: Command) -> RecordId {
    session.create(&name!("bench"), &id("CAI-1-1"), command).await.unwrap().id
}

fn pump() -> Command {
    Command::new("raise").set("asset", "pump")
}

async fn load(session: &Session, id: RecordId) -> Record {
    let trail = session.trail(&name!("bench"), id).await.unwrap();
    assert!(trail.verdict.is_intact(), "{:?}", trail.verdict);
    session.load(&name!("bench"), id).await.unwrap()
}

async fn found(session: &Session, column: Column, test: Test) -> usize {
    session.find(&Query::of(name!("bench")).filter(column, test)).await.unwrap().items.len()
}

fn told(plan: &Plan) -> Vec<String> {
    plan.stranded.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_what_a_start_runs() {
    let database = Database::new();
    let plan = database.plan(kind(bench())).await;
    // The statements by hand, as an administrator runs them; then nothing is left.
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", database.file().display())).await.unwrap();
    for statement in plan.statements {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&pool).await.unwrap();
    }
    pool.close().await;
    let by_hand = layout(&database.file()).await;
    assert_eq!(database.plan(kind(bench())).await, Plan::default());
    database.release(kind(bench())).await;
    let columns = |layout: Vec<String>| layout.into_iter().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(columns(layout(&database.file()).await), columns(by_hand));

    let mut table = bench();
    table["facets"][1]["indexed"] = json!(true);
    table["facets"].as_array_mut().unwrap().push(json!({"name": "score", "type": "int"}));
    let plan = database.plan(kind(table)).await;
    let wanted = [
        "ALTER TABLE \"bench\" ADD COLUMN \"score\" INTEGER",
        "INSERT INTO layout_columns (kind, name, type) VALUES ('bench', 'score', 'int')",
        "CREATE INDEX \"bench$facet$ward\" ON \"bench\" (\"ward\", \"created_at\", \"id\")",
    ];
    assert_eq!(plan.statements, wanted);
    // What a start refuses, a plan refuses.
    let other = with("/facets/1", json!({"name": "ward", "type": "int"}));
    let catalog = Eovr::builder().kind(other.clone()).catalog().unwrap();
    let refused = database.store().await.plan(&catalog).await.unwrap_err();
    let error = database.try_release(other).await.map(drop).unwrap_err();
    assert_eq!(refused.to_string(), error.to_string());
    assert!(error.help().unwrap().contains("give the facet a new name"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_without_what_is_required_now_says_so() {
    let database = Database::new();
    let old = database.release(kind(bench())).await;
    let (known, placed) = (raise(&old, pump()).await, raise(&old, pump().set("ward", "w-1")).await);
    let closed = raise(&old, pump()).await;
    old.act(&name!("bench"), closed, Command::new("close")).await.unwrap();

    let required = || with("/facets/1", json!({"name": "ward", "type": "text", "required": true}));
    let plan = database.plan(required()).await;
    assert_eq!(told(&plan), ["1 record of `bench` has no `ward`, which the kind requires"]);
    assert!(plan.statements.is_empty(), "{plan:?}");
    let new = database.release(required()).await;
    let missing = |unmet: &[Unmet]| {
        let wants: Vec<_> = unmet.iter().map(|unmet| (unmet.need.as_str(), unmet.wants.as_str())).collect();
        wants == [("field", "`ward` to be filled in")]
    };
    for legal in new.legal(&load(&new, known).await).await.unwrap() {
        assert!(missing(&legal.unmet), "{legal:?}");
    }
    for legal in new.legal(&load(&new, placed).await).await.unwrap() {
        assert!(legal.unmet.is_empty(), "{legal:?}");
    }
    let error = new.act(&name!("bench"), known, Command::new("close")).await.unwrap_err();
    assert!(missing(&error.refusal().unwrap().unmet), "{error}");
    assert_eq!(error.help(), Some("it needs `ward` to be filled in"));
    // A key holder can vouch for its chain nevertheless.
    let top = database.release(required()).await.eovr().session(actor("top", Role::TopManagement, "CAI-1-1"));
    top.act(&name!("bench"), known, Command::new("vouch")).await.unwrap();
    new.act(&name!("bench"), known, Command::new("place").set("ward", "w-2")).await.unwrap();
    new.act(&name!("bench"), known, Command::new("close")).await.unwrap();
    assert!(database.plan(required()).await.stranded.is_empty());
    // A value that is there cannot be taken away, which is an error of the command as before.
    let error = new.act(&name!("bench"), placed, Command::new("place").clear("ward")).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("ward")));

    // Where a field is required that a database cannot count, the record says so all the same.
    let field = with("/fields/0", json!({"name": "serial", "max_chars": 100, "required": true}));
    assert!(database.plan(field.clone()).await.stranded.is_empty());
    let newest = database.release(field).await;
    let legal = newest.legal(&load(&newest, placed).await).await.unwrap();
    assert!(legal.iter().all(|legal| legal.unmet[0].wants == "`serial` to be filled in"), "{legal:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_in_a_removed_state_is_counted_and_refused_with_the_reason() {
    let database = Database::new();
    let old = database.release(kind(bench())).await;
    let (held, open) = (raise(&old, pump()).await, raise(&old, pump()).await);
    old.act(&name!("bench"), held, Command::new("hold")).await.unwrap();

    let plan = database.plan(without_held()).await;
    assert_eq!(told(&plan), ["1 record of `bench` is in the state `held`, which the kind does not have"]);
    let new = database.release(without_held()).await;
    assert!(new.legal(&load(&new, held).await).await.unwrap().is_empty());
    assert_eq!(found(&new, Column::State, Test::Is("held".into())).await, 1);
    let error = new.act(&name!("bench"), held, Command::new("close")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.help().unwrap().starts_with("this release does not know the state `held`"), "{error}");
    // An end is still called an end.
    new.act(&name!("bench"), open, Command::new("close")).await.unwrap();
    let error = new.act(&name!("bench"), open, Command::new("close")).await.unwrap_err();
    assert!(error.help().unwrap().contains("final state"), "{error}");
    // The older release goes on, and its rollback needs nothing.
    let old = database.release(kind(bench())).await;
    old.act(&name!("bench"), held, Command::new("close")).await.unwrap();
    load(&new, held).await;
    assert!(database.plan(without_held()).await.stranded.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_a_changed_kind_does_not_accept_or_know_stay() {
    let database = Database::new();
    let old = database.release(kind(bench())).await;
    let raised = pump().set("ward", "w-1").write("serial", "SN 7");
    let known = raise(&old, raised.clone()).await;

    // Fewer values.
    let narrow = with("/facets/0/one_of", json!(["bed"]));
    assert_eq!(database.plan(narrow.clone()).await, Plan::default());
    let new = database.release(narrow).await;
    let record = load(&new, known).await;
    assert_eq!(record.text("asset"), Some("pump"));
    assert_eq!(found(&new, Column::Facet(name!("asset")), Test::Is("pump".into())).await, 1);
    assert!(new.create(&name!("bench"), &id("CAI-1-1"), pump()).await.is_err());
    new.act(&name!("bench"), known, Command::new("place").set("ward", "w-2")).await.unwrap();

    // Another name of a facet and of a field.
    let text = bench().to_string().replace("\"ward\"", "\"room\"").replace("\"serial\"", "\"code\"");
    let renamed: Value = serde_json::from_str(&text).unwrap();
    let new = database.release(kind(renamed)).await;
    let record = load(&new, known).await;
    assert_eq!((record.text("room"), record.text("ward")), (None, Some("w-2")));
    let removed = Query::of(name!("bench")).filter(Column::Facet(name!("ward")), Test::Absent);
    assert_eq!(new.find(&removed).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    assert!(new.open(&record, "code").unwrap().is_none());
    assert_eq!(new.open(&record, "serial").unwrap().unwrap().as_str(), "SN 7");
    let place = Command::new("place").set("room", "r-1").write("code", "C 1");
    new.act(&name!("bench"), known, place).await.unwrap();

    // A rollback loses neither.
    let old = database.release(kind(bench())).await;
    let record = load(&old, known).await;
    assert_eq!((record.text("room"), record.text("ward")), (Some("r-1"), Some("w-2")));
    assert_eq!(old.open(&record, "code").unwrap().unwrap().as_str(), "C 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_becomes_searchable_is_found_when_it_is_written_again() {
    let database = Database::new();
    let old = database.release(kind(bench())).await;
    let known = raise(&old, pump().write("serial", "SN 7")).await;
    let searchable =
        || with("/fields/0", json!({"name": "serial", "sealing": "deterministic", "max_chars": 100}));
    let statements = database.plan(searchable()).await.statements;
    assert!(statements[0].contains("ADD COLUMN \"serial\""), "{statements:?}");
    // The value that the record has is not counted as missing, although the new column does not hold it.
    let required = json!({"name": "serial", "sealing": "deterministic", "max_chars": 100, "required": true});
    assert!(told(&database.plan(with("/fields/0", required)).await).is_empty());
    let new = database.release(searchable()).await;
    assert_eq!(new.open(&load(&new, known).await, "serial").unwrap().unwrap().as_str(), "SN 7");
    let (column, test) = new.sealed_is(&name!("bench"), "serial", "SN 7").unwrap();
    assert_eq!(found(&new, column.clone(), test.clone()).await, 0);
    new.act(&name!("bench"), known, Command::new("place").write("serial", "SN 7")).await.unwrap();
    assert_eq!(found(&new, column, test).await, 1);
    load(&new, known).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_facet_becomes_unique_only_where_its_values_are() {
    let database = Database::new();
    let old = database.release(kind(bench())).await;
    let first = raise(&old, pump().set("ward", "w-1")).await;
    raise(&old, pump().set("ward", "w-1")).await;
    let unique = || with("/facets/1", json!({"name": "ward", "type": "text", "unique": true}));
    let error = database.try_release(unique()).await.map(drop).unwrap_err();
    assert!(error.message().contains("two records share a value"), "{error}");
    old.act(&name!("bench"), first, Command::new("place").set("ward", "w-2")).await.unwrap();
    database.release(unique()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_prefix_begins_a_series_and_another_name_of_the_kind_a_table() {
    let database = Database::new();
    let old = database.release(kind(bench())).await;
    raise(&old, pump()).await;
    let known = raise(&old, pump()).await;
    let new = database.release(with("/number/prefix", json!("TST"))).await;
    let made = new.create(&name!("bench"), &id("CAI-1-1"), pump()).await.unwrap();
    assert!(made.number.as_deref().unwrap().ends_with("-0001"), "{made:?}");
    assert!(load(&new, known).await.envelope().number.as_deref().unwrap().starts_with("BEN-"));

    let other = database.release(with("/name", json!("board"))).await;
    assert!(other.find(&Query::of(name!("board"))).await.unwrap().items.is_empty());
    let old = database.release(kind(bench())).await;
    assert_eq!(old.find(&Query::of(name!("bench"))).await.unwrap().items.len(), 3);
}

/// An editor's `$schema` and a title do not change the kind.
#[test]
fn a_kind_may_name_its_schema_and_have_a_title() {
    let mut table = bench();
    (table["$schema"], table["title"]) = (json!("kind.schema.json"), json!("Bench test"));
    let (with, without) = (kind(table), kind(bench()));
    assert_eq!(with.table().title.as_deref(), Some("Bench test"));
    assert_eq!(with.machine().digest(), without.machine().digest());
    let written = serde_json::to_value(with.table()).unwrap();
    assert_eq!((&written["$schema"], &written["title"]), (&json!("kind.schema.json"), &json!("Bench test")));
}
