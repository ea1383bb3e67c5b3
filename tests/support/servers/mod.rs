//! Real database servers for tests. Each is a process on a port of this machine, with its data in a folder of its own.
//! Root and any other account can start them. They end with the process that started them, even when it is killed.
//!
//! There are two ways to use them:
//!
//! - A test that kills or replaces a server starts its own: [`Postgres::start`], [`Mariadb::start`],
//!   [`ReplicaSet::start`].
//! - A test that only needs a database asks for a new one: [`postgres_database`], [`mariadb_database`],
//!   [`mongodb_database`]. They are on the servers whose addresses the binary `with-servers` put into the
//!   variables `EOVR_POSTGRES`, `EOVR_MARIADB` and `EOVR_MONGODB`.
//!
//! No function here is `async`, so that tests, benchmarks and programs can use them alike. A missing server, or one
//! that does not start, is a panic with the reason, never a skipped test.

#![expect(clippy::expect_used, clippy::panic, reason = "a test without its server has failed")]

mod mariadb;
mod mongodb;
mod pgbouncer;
mod postgres;
mod process;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub use mariadb::Mariadb;
pub use mongodb::ReplicaSet;
pub use pgbouncer::Pgbouncer;
pub use postgres::Postgres;
pub use process::{exists, halt, signal};

/// A user of PostgreSQL and MariaDB who needs a password.
pub const GUEST: &str = "guest";

/// The password of [`GUEST`].
pub const GUEST_PASSWORD: &str = "syringe";

/// A new database on the PostgreSQL server of `EOVR_POSTGRES`.
pub fn postgres_database() -> String {
    let (server, name) = (server("EOVR_POSTGRES"), unique_name());
    postgres::tell(&with_database(&server, "postgres"), &format!("CREATE DATABASE {name}"));
    with_database(&server, &name)
}

/// A new database on the MariaDB server of `EOVR_MARIADB`.
pub fn mariadb_database() -> String {
    let (server, name) = (server("EOVR_MARIADB"), unique_name());
    mariadb::tell(&server, &format!("CREATE DATABASE {name}"));
    with_database(&server, &name)
}

/// A new database on the MongoDB servers of `EOVR_MONGODB`; the first write creates it.
pub fn mongodb_database() -> String {
    with_database(&server("EOVR_MONGODB"), &unique_name())
}

/// The URL of a server with the name of a database inserted after the `/` that ends the server's name, and before the
/// `?` if there is one.
///
/// # Panics
/// If the URL has no such empty place.
pub fn with_database(server: &str, name: &str) -> String {
    let (place, options) = match server.split_once('?') {
        Some((place, options)) => (place, format!("?{options}")),
        None => (server, String::new()),
    };
    assert!(place.ends_with('/'), "`{server}` does not end with a `/` where a database could be named");
    format!("{place}{name}{options}")
}

fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: run this test by `tests/run`, or beside `with-servers`")
    })
}

/// A new name in each call of each process; every database accepts it unquoted.
fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_micros();
    format!("t{}_{since}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Waits for an answer of a server on a thread of its own, because the caller may already be in a runtime.
fn wait_for<T: Send>(work: impl AsyncFnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let aside = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(work())
        });
        aside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Repeats the question until the answer is yes.
fn until(what: &str, mut yes: impl FnMut() -> bool) {
    let began = Instant::now();
    while !yes() {
        assert!(began.elapsed() < process::PATIENCE, "not so after {:?}: {what}", process::PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
}
