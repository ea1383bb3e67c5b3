//! PostgreSQL and MariaDB: the contract of a store, and the view of a person who reads the database without eovr. Each
//! promise is tried on both.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eovr_core::access::Role;
use eovr_core::incident::{self, Action, FOLLOW_UP, KIND, Settings};
use eovr_core::kind::{Catalog, FacetSpec, Kind, KindTable, Sealing};
use eovr_core::name;
use eovr_core::ports::Store as _;
use eovr_core::record::{Column, Cursor, Query, Tally, Test, Value, ValueType};
use eovr_core::{Command, Eovr, ErrorKind, Name, Timestamp, conformance};
use eovr_store_mongo::MongoStore;
use eovr_store_sql::{SqlConfig, SqlStore};
use eovr_tests::servers::{
    GUEST, GUEST_PASSWORD, Mariadb, Postgres, ReplicaSet, halt, mariadb_database, postgres_database, signal,
};
use eovr_tests::{actor, hospital, id, master_key, org, report};
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The smallest kind with a text.
const NOTE: &str = r#"{
    "name": "note",
    "fields": [{"name": "words"}],
    "workflow": {
        "start": "written",
        "create": "write",
        "states": [{"name": "written", "end": true}],
        "actions": [{"name": "write", "tiers": [1, 5], "sets": ["words"]}],
        "rules": []
    }
}"#;

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_its_promises() {
    conformance::run(async || SqlStore::open(&postgres_database()).await).await.assert();
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_keeps_its_promises() {
    conformance::run(async || SqlStore::open(&mariadb_database()).await).await.assert();
}

/// A database on each server, with a prompt.
async fn both() -> [(String, Prompt); 2] {
    let (postgres, mariadb) = (postgres_database(), mariadb_database());
    let prompts = [
        Prompt::Postgres(PgConnection::connect(&postgres).await.unwrap()),
        Prompt::Mariadb(MySqlConnection::connect(&mariadb).await.unwrap()),
    ];
    let [one, other] = prompts;
    [(postgres, one), (mariadb, other)]
}

pub(crate) enum Prompt {
    Postgres(PgConnection),
    Mariadb(MySqlConnection),
}

impl Prompt {
    /// Runs a statement, with names in the quotes of the SQL standard, and returns its error.
    pub(crate) async fn say(&mut self, sql: &str) -> Result<(), String> {
        let done = match self {
            Self::Postgres(one) => sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(one).await.map(drop),
            Self::Mariadb(one) => {
                sqlx::raw_sql(AssertSqlSafe(sql.replace('"', "`"))).execute(one).await.map(drop)
            }
        };
        done.map_err(|error| error.to_string())
    }

    /// One line of texts.
    async fn ask(&mut self, sql: &str) -> Vec<String> {
        use sqlx::Row as _;
        match self {
            Self::Postgres(one) => {
                let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(one).await.unwrap();
                rows.iter().map(|row| row.try_get::<String, _>(0).unwrap()).collect()
            }
            Self::Mariadb(one) => {
                let rows = sqlx::raw_sql(AssertSqlSafe(sql.replace('"', "`"))).fetch_all(one).await.unwrap();
                rows.iter().map(|row| row.try_get::<String, _>(0).unwrap()).collect()
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_records_cannot_be_changed_at_the_prompt() {
    for (url, mut prompt) in both().await {
        let (eovr, _) = hospital(Arc::new(SqlStore::open(&url).await.unwrap())).await;
        let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
        nurse.incidents().report(&id("CAI-1-1"), report("The wrong syringe was given.")).await.unwrap();
        let all = "SELECT concat(position, actor, body, message) FROM events ORDER BY position";
        let before = prompt.ask(all).await;
        for attempt in [
            "UPDATE events SET actor = 'attacker'",
            "UPDATE events SET message = concat(message, ' ')",
            "DELETE FROM events",
        ] {
            let refused = prompt.say(attempt).await.expect_err(attempt);
            assert!(refused.contains("append-only"), "{attempt}: {refused}");
        }
        if matches!(prompt, Prompt::Postgres(_)) {
            let refused = prompt.say("TRUNCATE events").await.expect_err("truncated");
            assert!(refused.contains("append-only"), "{refused}");
            let refused = prompt.say("TRUNCATE incident").await.expect_err("truncated");
            assert!(refused.contains("never deleted"), "{refused}");
        } else {
            let refused = prompt.say("REPLACE INTO events SELECT * FROM events").await.expect_err("replaced");
            assert!(refused.contains("append-only"), "{refused}");
        }
        assert_eq!(prompt.ask(all).await, before);
        for attempt in [
            "DELETE FROM incident",
            "UPDATE incident SET number = 'OVR-2026-000999'",
            "UPDATE incident SET facility = 'CAI-1-2'",
            "UPDATE incident SET author = 'attacker'",
        ] {
            let refused = prompt.say(attempt).await.expect_err(attempt);
            assert!(refused.contains("records are never"), "{attempt}: {refused}");
        }
        // Codes are readable, texts are not.
        let codes = prompt.ask("SELECT concat(number, ' ', state, ' ', facility) FROM incident").await;
        assert_eq!(codes, ["OVR-2026-000001 created CAI-1-1"]);
        let found =
            prompt.ask("SELECT state FROM incident WHERE cast(sealed AS char(10000)) LIKE '%syringe%'").await;
        assert!(found.is_empty() || matches!(prompt, Prompt::Postgres(_)));
    }
}

/// Lists scan an index in the order of the page; figures read an index and no row.
#[tokio::test(flavor = "multi_thread")]
async fn lists_and_figures_are_answered_by_index_alone() {
    for (url, mut prompt) in both().await {
        let store = SqlStore::open(&url).await.unwrap();
        let (eovr, _) = hospital(Arc::new(store.clone())).await;
        let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
        for count in 0..60 {
            let facility = ["CAI-1-1", "CAI-1-2", "CAI-2-1", "ALX-1-1", "ALX-2-2"][count % 5];
            let reporter = eovr.session(actor("nurse", Role::Staff, facility));
            let text = format!("The patient in bed {count} fell and was helped up.");
            reporter.incidents().report(&id(facility), report(&text)).await.unwrap();
        }
        // Enough rows that the plan matters: copies with other times.
        let postgres = matches!(prompt, Prompt::Postgres(_));
        for _ in 0..9 {
            for step in match postgres {
                true => [
                    "CREATE TEMPORARY TABLE more AS SELECT * FROM incident",
                    "UPDATE more SET id = gen_random_uuid(), number = md5(random()::text), receipt = NULL, \
                     created_at = created_at - (random() * 1e9)::bigint",
                    "INSERT INTO incident SELECT * FROM more",
                    "DROP TABLE more",
                ],
                false => [
                    "CREATE TEMPORARY TABLE more AS SELECT * FROM incident",
                    "UPDATE more SET id = unhex(replace(uuid(), '-', '')), number = uuid(), receipt = NULL, \
                     created_at = created_at - floor(rand() * 1e9)",
                    "INSERT INTO incident SELECT * FROM more",
                    "DROP TEMPORARY TABLE more",
                ],
            } {
                prompt.say(step).await.unwrap();
            }
        }
        prompt
            .say(if postgres { "VACUUM ANALYZE incident" } else { "ANALYZE TABLE incident" })
            .await
            .unwrap();
        let record = &nurse.incidents().newest(1).await.unwrap().items[0];
        let cursor = Cursor { created_at: record.envelope().created_at, id: record.id() };
        let incident = || KIND;
        let facet = |name: &str| Column::Facet(Name::new(name).unwrap());
        let mut needed = BTreeSet::new();
        for (role, index) in [
            (Role::Staff, "incident$by_facility"),
            (Role::AdminManager, "incident$by_administration"),
            (Role::GovernorateManager, "incident$by_governorate"),
            (Role::TopManagement, "incident$by_time"),
        ] {
            let session = eovr.session(actor("reader", role, "CAI-1-1"));
            for query in [Query::of(incident()).limit(2), Query::of(incident()).limit(2).after(Some(cursor))]
            {
                let plan = store.explain_find(&session.scope(), &query).await.unwrap().join("\n");
                assert!(plan.contains(index), "{role}: {plan}");
                needed.insert(index.to_owned());
                let sorts = plan.contains("Sort") || plan.contains("filesort");
                assert!(!sorts, "{role} sorts: {plan}");
            }
        }
        // Counts read an index and no row, and the narrowest index that suffices.
        let cells = || Tally::of(incident()).by(Column::State).by(facet("severity"));
        let counted = || cells().filter(facet("disposition"), Test::Absent);
        let trend = Tally::of(incident()).by(Column::Month).filter(Column::Month, Test::From(202_601.into()));
        let figures = "incident$figures$disposition$severity$high_risk";
        let national = "incident$national$disposition$severity$high_risk";
        for (role, tally, index) in [
            (Role::Staff, counted(), figures),
            (Role::AdminManager, counted(), figures),
            (Role::GovernorateManager, counted(), figures),
            (Role::TopManagement, counted(), national),
            (Role::TopManagement, cells(), national),
            (Role::TopManagement, trend, "incident$by_month"),
            (Role::TopManagement, Tally::of(incident()).by(Column::Facility), "incident$by_place"),
        ] {
            let session = eovr.session(actor("reader", role, "CAI-1-1"));
            let plan = store.explain_tally(&session.scope(), &tally).await.unwrap().join("\n");
            let alone = plan.contains(if postgres { "Index Only Scan" } else { "Using index" });
            assert!(alone && plan.contains(index), "{role}: {plan}");
            // In index order where nothing is filtered: MariaDB uses no temporary table.
            let streams = !plan.contains("Using temporary") || !tally.clauses.is_empty();
            assert!(streams, "{role}: {plan}");
            needed.insert(index.to_owned());
        }
        // Each other index serves its own query.
        let top = eovr.session(actor("reader", Role::TopManagement, "CAI-1-1"));
        let kind = eovr.catalog().kind(&KIND).unwrap();
        let mut questions = vec![
            (KIND, Column::Number, Value::from("OVR-2026-000007"), "incident$by_number".to_owned()),
            (KIND, Column::Author, Value::from("reader"), "incident$by_author".to_owned()),
            (FOLLOW_UP, Column::Parent, Value::from(record.id()), "follow_up$by_parent".to_owned()),
        ];
        let sealed = kind.fields().filter(|field| field.sealing == Sealing::Deterministic);
        for name in sealed.map(|field| &field.name) {
            let index = format!("incident$facet${name}");
            questions.push((KIND, Column::Facet(name.clone()), Value::Bytes(vec![1; 60]), index));
        }
        for spec in kind.facets().filter(|facet| facet.indexed || facet.unique) {
            let value = match spec.value_type {
                ValueType::Text => Value::from("like nothing else"),
                ValueType::Int => Value::Int(-77),
                ValueType::Bool => Value::Bool(true),
                ValueType::Time => Value::from(Timestamp::from_micros(1)),
                ValueType::Bytes => Value::Bytes(vec![7; 32]),
            };
            let sort = if spec.unique { "unique" } else { "facet" };
            let index = format!("incident${sort}${}", spec.name);
            questions.push((KIND, Column::Facet(spec.name.clone()), value, index));
        }
        for (kind, column, value, index) in questions {
            let query = Query::of(kind).filter(column, Test::Is(value)).limit(50);
            let plan = store.explain_find(&top.scope(), &query).await.unwrap().join("\n");
            // MariaDB looks up a unique value while it plans, and finds none.
            let looked_up = index.contains("unique") && plan.contains("after reading const tables");
            assert!(plan.contains(&index) || looked_up, "{index}: {plan}");
            needed.insert(index);
        }
        // The database has no index without a use.
        let there = prompt.ask(if postgres {
            "SELECT indexname::text FROM pg_indexes WHERE tablename = 'incident' AND indexname <> 'incident_pkey'"
        } else {
            "SELECT DISTINCT index_name FROM information_schema.statistics \
             WHERE table_schema = database() AND table_name = 'incident' AND index_name <> 'PRIMARY'"
        });
        for index in there.await {
            assert!(needed.contains(&index), "no question needs `{index}`");
        }
    }
}

/// Twenty nodes start at once on an empty database: all become ready, and the database has one set of keys.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_nodes_may_start_at_once() {
    for (url, mut prompt) in both().await {
        let mut nodes = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let url = url.clone();
            nodes.spawn(async move {
                Eovr::builder()
                    .store(SqlStore::open(&url).await?)
                    .org(org())
                    .kinds(incident::kinds(Settings::default())?)
                    .master_key(master_key())
                    .open()
                    .await
            });
        }
        let mut ready = Vec::new();
        while let Some(node) = nodes.join_next().await {
            ready.push(node.unwrap().unwrap());
        }
        // Every node reads the report of every other one.
        let nurse = ready[0].session(actor("nurse", Role::Staff, "CAI-1-1"));
        let reported = nurse.incidents().report(&id("CAI-1-1"), report("a vial was dropped")).await.unwrap();
        for node in &ready {
            let quality = node.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
            let record = quality.load(&KIND, reported.written.id).await.unwrap();
            assert_eq!(quality.open(&record, "description").unwrap().unwrap().as_str(), "a vial was dropped");
        }
        assert_eq!(prompt.ask("SELECT concat(count(*)) FROM data_key").await, ["2"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_layout_is_refused() {
    for (url, mut prompt) in both().await {
        let store = SqlStore::open(&url).await.unwrap();
        hospital(Arc::new(store.clone())).await;
        prompt.say("UPDATE layout SET version = 99").await.unwrap();
        let catalog = Catalog::new(incident::kinds(Settings::default()).unwrap(), &[]).unwrap();
        let refused = store.prepare(&catalog).await.expect_err("a newer layout was accepted");
        assert_eq!(refused.kind(), ErrorKind::Config, "{refused:?}");
        assert!(refused.message().contains("newer"), "{refused}");
        // The database is not half-prepared, and opens with the right release again.
        prompt.say("UPDATE layout SET version = 1").await.unwrap();
        store.prepare(&catalog).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_may_learn_and_never_change_a_type() {
    for (url, _) in both().await {
        let kind = |facets: &[(&str, ValueType)]| {
            let mut table: KindTable = serde_json::from_str(NOTE).unwrap();
            for (name, value_type) in facets {
                table.facets.push(FacetSpec::new(Name::new(name).unwrap(), *value_type));
            }
            Catalog::new([Kind::new(table).unwrap()], &[]).unwrap()
        };
        let store = SqlStore::open(&url).await.unwrap();
        store.prepare(&kind(&[])).await.unwrap();
        store.prepare(&kind(&[("ward", ValueType::Text), ("beds", ValueType::Int)])).await.unwrap();
        store.prepare(&kind(&[("ward", ValueType::Text), ("beds", ValueType::Int)])).await.unwrap();
        // A node of the older release preserves values that it does not know.
        store.prepare(&kind(&[("ward", ValueType::Text)])).await.unwrap();
        let changed = kind(&[("ward", ValueType::Text), ("beds", ValueType::Bytes)]);
        let changed = store.prepare(&changed).await.expect_err("it changed");
        assert!(changed.message().contains("another type"), "{changed:?}");
    }
}

/// A long text of four-byte characters comes back after sealing and storage.
#[tokio::test(flavor = "multi_thread")]
async fn a_megabyte_of_any_letters_comes_back() {
    for (url, _) in both().await {
        let mut table: KindTable = serde_json::from_str(NOTE).unwrap();
        table.fields.iter_mut().for_each(|field| field.max_chars = 2_000_000);
        let eovr = Eovr::builder()
            .store(SqlStore::open(&url).await.unwrap())
            .org(org())
            .kind(Kind::new(table).unwrap())
            .master_key(master_key())
            .open()
            .await
            .unwrap();
        let session = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
        for text in ["🩺".repeat(262_144), "a\0b\u{1}'\"\\?%_--".repeat(80_000)] {
            let command = Command::new("write").write("words", text.as_str());
            let written = session.create(&name!("note"), &id("CAI-1-1"), command).await.unwrap();
            let record = session.load(&name!("note"), written.id).await.unwrap();
            assert!(
                session.open(&record, "words").unwrap().unwrap().as_str() == text,
                "another text came back"
            );
        }
    }
}

/// No error contains a password.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_to_the_database_gives_its_reason() {
    let (postgres, mariadb) = (Postgres::throw_away(), Mariadb::throw_away());
    postgres.create_database("hospital");
    mariadb.create_database("hospital");
    for url in [
        postgres.url_as(GUEST, "SECRET-guess", "hospital"),
        mariadb.url_as(GUEST, "SECRET-guess", "hospital"),
        postgres.url("no_such_database"),
        mariadb.url("no_such_database"),
    ] {
        let refused = SqlStore::open(&url).await.expect_err("let in");
        assert_eq!(refused.kind(), ErrorKind::Config, "{refused:?}");
        assert!(refused.help().unwrap().contains("password"), "{refused:?}");
        assert!(!format!("{refused} {refused:?} {refused:#?}").contains("SECRET"), "{refused:?}");
    }
    for url in [
        "postgres://guest:SECRET@127.0.0.1:1/hospital",
        "mysql://guest:SECRET@127.0.0.1:1/hospital",
        "oracle://guest:SECRET@127.0.0.1/hospital",
        "postgres://guest:SECRET@127.0.0.1:none/hospital",
        "mysql://guest:SECRET@127.0.0.1",
        "postgres://",
        "",
    ] {
        let refused = SqlStore::open(url).await.expect_err("let in");
        let unreachable = url.contains(":1/");
        let wanted = if unreachable { ErrorKind::Unavailable } else { ErrorKind::Config };
        assert_eq!(refused.kind(), wanted, "{url}: {refused:?}");
        assert_eq!(refused.is_retryable(), unreachable);
        assert!(!format!("{refused} {refused:?} {refused:#?}").contains("SECRET"), "{refused:?}");
    }
}

/// The caller verifies host name, password and certificate; another certificate is refused.
#[tokio::test(flavor = "multi_thread")]
async fn each_server_is_reached_over_tls() {
    let (mut postgres, mut mariadb, mut mongodb) =
        (Postgres::throw_away(), Mariadb::throw_away(), ReplicaSet::start(1));
    postgres.create_database("hospital");
    postgres.tell(&format!("ALTER DATABASE hospital OWNER TO {GUEST}"));
    mariadb.create_database("hospital");
    mariadb.tell(&format!("GRANT ALL ON hospital.* TO {GUEST}@'127.0.0.1' REQUIRE SSL"));
    let files = [postgres.certify(), mariadb.certify(), mongodb.certify()];
    let [one, two, three] = files.each_ref().map(|file| file.display());
    let urls = [
        format!("{}?sslmode=verify-full&sslrootcert=", postgres.url_as(GUEST, GUEST_PASSWORD, "hospital")),
        format!("{}?ssl-mode=VERIFY_IDENTITY&ssl-ca=", mariadb.url_as(GUEST, GUEST_PASSWORD, "hospital")),
    ];
    for (url, known, other) in [(&urls[0], &one, &two), (&urls[1], &two, &one)] {
        SqlStore::open(&format!("{url}{known}")).await.unwrap();
        let refused = SqlStore::open(&format!("{url}{other}")).await.expect_err("let in");
        assert!(format!("{refused:?}").contains("cannot be reached safely"), "{refused:?}");
        assert!(
            format!("{refused:?}").contains("invalid peer certificate"),
            "it does not say why: {refused:?}"
        );
    }
    let url = mongodb.url("hospital") + "&tls=true&serverSelectionTimeoutMS=3000&tlsCAFile=";
    MongoStore::open(&format!("{url}{three}")).await.unwrap();
    MongoStore::open(&format!("{url}{one}")).await.expect_err("let in");
}

/// Without TLS the client would encrypt the password for any server that shows a key, so it sends no password.
#[tokio::test(flavor = "multi_thread")]
async fn a_mysql_account_that_needs_tls_gets_a_clear_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("mysql://guest:SECRET@{}/hospital", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut caller, _) = listener.accept().await?;
        // The greeting of MySQL 8 without TLS, and its request for the password itself.
        let greeting = b"\n8.4.0\0\x01\0\0\0abcdefgh\0\xff\xf7\xff\x02\0\xff\xc7\x15\0\0\0\0\0\0\0\0\0\0ijklmnopqrst\0caching_sha2_password\0";
        caller.write_all(&[&[greeting.len() as u8, 0, 0, 0], greeting.as_slice()].concat()).await?;
        let (number, _) = packet(&mut caller).await?;
        caller.write_all(&[2, 0, 0, number + 1, 1, 4]).await?;
        let (number, asked) = packet(&mut caller).await?;
        assert_eq!(asked, [2], "it asks for a key");
        caller.write_all(&[4, 0, 0, number + 1, 1, b'k', b'e', b'y']).await?;
        let mut rest = Vec::new();
        caller.read_to_end(&mut rest).await?;
        Ok::<_, std::io::Error>(rest)
    });
    let refused = SqlStore::open(&url).await.expect_err("let in");
    assert_eq!(refused.kind(), ErrorKind::Config, "{refused:?}");
    assert!(refused.help().unwrap().contains("ssl-mode=VERIFY_IDENTITY"), "{refused:?}");
    assert!(!refused.is_retryable() && !format!("{refused:#?}").contains("SECRET"), "{refused:?}");
    assert_eq!(server.await.unwrap().unwrap(), b"", "nothing more was said");
}

/// Reads one packet of MySQL's protocol: its number and its content.
async fn packet(from: &mut TcpStream) -> std::io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 4];
    from.read_exact(&mut head).await?;
    let [low, middle, high, number] = head;
    let mut body = vec![0; u32::from_le_bytes([low, middle, high, 0]) as usize];
    from.read_exact(&mut body).await?;
    Ok((number, body))
}

/// PostgreSQL estimates that an outbox with one message stays that small, and plans for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_lease_takes_no_more_than_was_asked_for() {
    for (url, mut prompt) in both().await {
        let store = SqlStore::open(&url).await.unwrap();
        let (eovr, clock) = hospital(Arc::new(store.clone())).await;
        let all: Vec<_> = store.feed(0, 1000).await.unwrap().iter().map(|posted| posted.position).collect();
        store.acknowledge(all.get(1..).unwrap()).await.unwrap();
        prompt
            .say(if matches!(prompt, Prompt::Postgres(_)) {
                "ANALYZE outbox"
            } else {
                "ANALYZE TABLE outbox"
            })
            .await
            .unwrap();
        let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
        for _ in 0..50 {
            nurse.incidents().report(&id("CAI-1-1"), report("a vial was dropped")).await.unwrap();
        }
        let now = eovr_core::ports::Clock::now(&clock);
        for _ in 0..5 {
            assert_eq!(store.lease(2, now, now.plus_seconds(60)).await.unwrap().len(), 2);
        }
    }
}

/// A server accepts a commit and does not answer: the caller gets the error `Uncertain` within the store's timeout. When
/// the server resumes, it completes the commit; nothing is stored twice, and the feed has no gap.
#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_server_is_reported_and_harms_nothing() {
    let server = Mariadb::throw_away();
    server.create_database("hospital");
    let mut config = SqlConfig::from_url(&server.url("hospital")).unwrap();
    config.patience = Duration::from_secs(2);
    let store = SqlStore::connect(config).await.unwrap();
    let (eovr, _) = hospital(Arc::new(store.clone())).await;
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let report_one = async || nurse.incidents().report(&id("CAI-1-1"), report("a vial was dropped")).await;
    for _ in 0..3 {
        report_one().await.unwrap();
        halt(server.pid());
        let began = Instant::now();
        let both = tokio::join!(report_one(), report_one());
        for said in [both.0, both.1] {
            let said = said.expect_err("a server that hangs has answered");
            assert!(matches!(said.kind(), ErrorKind::Uncertain | ErrorKind::Unavailable), "{said:?}");
        }
        assert!(began.elapsed() < Duration::from_secs(10), "patience has an end: {:?}", began.elapsed());
        signal("CONT", &[server.pid()]);
        report_one().await.unwrap();
    }
    let feed = store.feed(0, 1000).await.unwrap();
    assert!(feed.iter().map(|posted| posted.position).eq(1..=feed.len() as u64), "the feed has a gap");
    let reports = feed.iter().filter(|posted| posted.message.contains("incident.report")).count();
    let records = nurse.incidents().newest(100).await.unwrap().items;
    assert_eq!(records.len(), reports, "the feed tells of other reports than there are");
    let numbers: BTreeSet<_> = records.iter().map(|record| record.envelope().number.clone()).collect();
    assert_eq!(numbers.len(), records.len());
    assert!((6..=12).contains(&records.len()), "{} records of 12 reports", records.len());
}

/// An administrator without triggers changes a sealed field, a code, or an event at the prompt.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_at_the_prompt_is_found() {
    for (url, mut prompt) in both().await {
        let (eovr, _) = hospital(Arc::new(SqlStore::open(&url).await.unwrap())).await;
        let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
        let postgres = matches!(prompt, Prompt::Postgres(_));
        for damage in [
            // The last bit of the packed fields; then an invalid length in them.
            if postgres {
                "UPDATE incident SET sealed = set_bit(sealed, length(sealed) * 8 - 1, \
                 1 - get_bit(sealed, length(sealed) * 8 - 1))"
            } else {
                "UPDATE incident SET sealed = concat(left(sealed, length(sealed) - 1), \
                 char(ascii(right(sealed, 1)) ^ 1 USING binary))"
            },
            if postgres {
                "UPDATE incident SET sealed = '\\xff00'::bytea"
            } else {
                "UPDATE incident SET sealed = x'ff00'"
            },
            "UPDATE incident SET category = 'fall'",
        ] {
            let told = nurse.incidents().report(&id("CAI-1-1"), report("a vial was dropped")).await.unwrap();
            let of = format!("{damage} WHERE number = '{}'", told.written.number.unwrap());
            prompt.say(&of).await.unwrap();
            let noticed = match nurse.load(&KIND, told.written.id).await {
                Ok(record) => {
                    let opened = ["description", "triage_reasons"].map(|field| nurse.open(&record, field));
                    let trail = nurse.incidents().trail(told.written.id).await.unwrap();
                    let broken = opened.iter().filter_map(|text| text.as_ref().err());
                    broken.for_each(|error| assert_eq!(error.kind(), ErrorKind::Tampered, "{error:?}"));
                    !trail.verdict.is_intact()
                }
                Err(error) => error.kind() == ErrorKind::Tampered,
            };
            assert!(noticed, "not found: {damage}");
        }
    }
}

/// A clock was set back: the trail stays in order, and the newest record still comes first by id.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_went_back_harms_nothing() {
    for (url, _) in both().await {
        let (eovr, clock) = hospital(Arc::new(SqlStore::open(&url).await.unwrap())).await;
        let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
        let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
        let reported = nurse.incidents().report(&id("CAI-1-1"), report("a vial was dropped")).await.unwrap();
        clock.pass_seconds(-3600);
        quality.incidents().act(reported.written.id, Action::Start, Some("taken up")).await.unwrap();
        nurse.incidents().report(&id("CAI-1-1"), report("a second one was dropped")).await.unwrap();
        let trail = quality.incidents().trail(reported.written.id).await.unwrap();
        assert!(trail.verdict.is_intact(), "{:?}", trail.verdict);
        assert!(trail.record.envelope().updated_at >= trail.record.envelope().created_at);
        assert_eq!(nurse.incidents().newest(10).await.unwrap().items.len(), 2);
    }
}
