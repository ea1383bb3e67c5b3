//! PostgreSQL behind a pooler.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use eovr_core::incident::{self, Settings};
use eovr_core::kind::Catalog;
use eovr_core::ports::Store as _;
use eovr_core::{ErrorKind, conformance};
use eovr_store_sql::{SqlConfig, SqlStore};
use eovr_tests::servers::{Pgbouncer, Postgres};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _};

fn catalog() -> Catalog {
    Catalog::new(incident::kinds(Settings::default()).unwrap(), &[]).unwrap()
}

/// A new database of a server.
fn database(server: &Postgres) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("pooled{}", COUNT.fetch_add(1, Ordering::Relaxed));
    server.create_database(&name);
    name
}

/// The whole contract, while sessions change from one transaction to the next.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_keeps_its_promises_behind_a_pooler_in_transaction_mode() {
    let server = Postgres::throw_away();
    let pooler = Pgbouncer::before(&server, "transaction");
    let open = async || {
        let url = format!("{}?pool_mode=transaction", pooler.url(&database(&server)));
        SqlStore::open(&url).await
    };
    conformance::run(open).await.assert();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_in_session_mode_works() {
    let server = Postgres::throw_away();
    let pooler = Pgbouncer::before(&server, "session");
    for parameters in ["", "?pool_mode=session"] {
        let url = format!("{}{parameters}", pooler.url(&database(&server)));
        let store = SqlStore::open(&url).await.unwrap();
        store.prepare(&catalog()).await.unwrap();
        assert_eq!(store.feed(0, 1).await.unwrap().len(), 0);
        store.close().await;
    }
}

/// A pooler that shares prepared statements and settings is refused at the start, because no later call could correct
/// it.
#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_shares_sessions_is_named_at_the_start() {
    let server = Postgres::throw_away();
    let pooler = Pgbouncer::before(&server, "transaction");
    let name = database(&server);
    let error = SqlStore::open(&pooler.url(&name)).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Config);
    let said = format!("{error} {}", error.help().unwrap_or_default());
    for expected in ["transaction mode", "pool_mode=transaction", "PgBouncer"] {
        assert!(said.contains(expected), "{said}");
    }
    // The server itself is accepted, and so is a pooler whose URL names its mode.
    SqlStore::open(&server.url(&name)).await.unwrap().close().await;
    SqlStore::open(&format!("{}?pool_mode=transaction", pooler.url(&name))).await.unwrap().close().await;
}

/// A transaction's settings end with it, so the next user of the session does not inherit our timeouts.
#[tokio::test(flavor = "multi_thread")]
async fn a_shared_session_keeps_no_settings() {
    let server = Postgres::throw_away();
    let pooler = Pgbouncer::before(&server, "transaction");
    let name = database(&server);
    let mut config = SqlConfig::from_url(&format!("{}?pool_mode=transaction", pooler.url(&name))).unwrap();
    config.patience = Duration::from_secs(5);
    let store = SqlStore::connect(config).await.unwrap();
    store.prepare(&catalog()).await.unwrap();
    let options: PgConnectOptions = pooler.url(&name).parse().unwrap();
    let mut other = options.extra_float_digits(None).connect().await.unwrap();
    for setting in ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"] {
        let asked = sqlx::raw_sql(AssertSqlSafe(format!("SHOW {setting}")));
        let row = asked.fetch_one(&mut other).await.unwrap();
        assert_eq!(row.get::<String, _>(0), "0", "{setting}");
    }
    let row =
        sqlx::raw_sql("SELECT count(*) FROM pg_prepared_statements").fetch_one(&mut other).await.unwrap();
    assert_eq!(row.get::<i64, _>(0), 0, "a statement was prepared and left");
    store.close().await;
}
