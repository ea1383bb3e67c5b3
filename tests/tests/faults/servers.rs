//! The test servers themselves: they start, answer, die on request, come back, and leave nothing behind.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use eovr_tests::servers::{self, GUEST, GUEST_PASSWORD, Mariadb, Postgres, ReplicaSet};
use mongodb::bson::{Document, doc};
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, PgConnection};

async fn postgres(url: &str, sql: &str) -> sqlx::Result<i64> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await
}

async fn mariadb(url: &str, sql: &str) -> sqlx::Result<i64> {
    let mut connection = MySqlConnection::connect(url).await?;
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await
}

const WARDS: &str = "CREATE TABLE wards (beds BIGINT)";
const TEN_BEDS: &str = "INSERT INTO wards VALUES (10)";
const FILLED: &str = "CREATE TABLE wards (beds BIGINT); INSERT INTO wards VALUES (10)";
const BEDS: &str = "SELECT beds FROM wards";

#[tokio::test]
async fn postgres_is_killed_and_comes_back() {
    for mut server in [Postgres::start(), Postgres::throw_away()] {
        server.create_database("hospital");
        let url = server.url("hospital");
        let mut open = PgConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(FILLED).execute(&mut open).await.unwrap();
        server.kill();
        assert!(sqlx::raw_sql(BEDS).execute(&mut open).await.is_err(), "the open connection is cut");
        assert!(postgres(&url, BEDS).await.is_err());
        server.restart();
        assert_eq!(postgres(&url, BEDS).await.unwrap(), 10);
        server.restart();
        assert_eq!(postgres(&url, BEDS).await.unwrap(), 10);
        let pid = server.pid();
        drop(server);
        assert!(!servers::exists(pid));
    }
}

#[tokio::test]
async fn mariadb_is_killed_and_comes_back() {
    for mut server in [Mariadb::start(), Mariadb::throw_away()] {
        server.create_database("hospital");
        let url = server.url("hospital");
        let mut open = MySqlConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(FILLED).execute(&mut open).await.unwrap();
        server.kill();
        assert!(sqlx::raw_sql(BEDS).execute(&mut open).await.is_err(), "the open connection is cut");
        assert!(mariadb(&url, BEDS).await.is_err());
        server.restart();
        assert_eq!(mariadb(&url, BEDS).await.unwrap(), 10);
        server.restart();
        assert_eq!(mariadb(&url, BEDS).await.unwrap(), 10);
        let pid = server.pid();
        drop(server);
        assert!(!servers::exists(pid));
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let (one, two) = (Postgres::throw_away(), Mariadb::throw_away());
    assert_eq!(
        postgres(&one.url_as(GUEST, GUEST_PASSWORD, "postgres"), "SELECT 1::bigint").await.unwrap(),
        1
    );
    let refused = postgres(&one.url_as(GUEST, "scalpel", "postgres"), "SELECT 1::bigint").await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "28P01");
    assert_eq!(mariadb(&two.url_as(GUEST, GUEST_PASSWORD, ""), "SELECT 1").await.unwrap(), 1);
    let refused = mariadb(&two.url_as(GUEST, "scalpel", ""), "SELECT 1").await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "28000");
}

#[tokio::test]
async fn a_replica_has_what_was_acknowledged_and_takes_over() {
    let mut first = Postgres::start();
    first.tell(WARDS);
    let mut replica = first.replica();
    first.tell(TEN_BEDS);
    let refused = postgres(&replica.url("postgres"), "INSERT INTO wards VALUES (20) RETURNING beds").await;
    assert_eq!(refused.unwrap_err().as_database_error().unwrap().code().unwrap(), "25006", "read only");
    // While the replica is down, the server acknowledges nothing.
    replica.kill();
    let url = first.url("postgres");
    let waiting = postgres(&url, "INSERT INTO wards VALUES (30) RETURNING beds");
    assert!(tokio::time::timeout(Duration::from_millis(500), waiting).await.is_err());
    replica.restart();
    first.tell("INSERT INTO wards VALUES (40)");
    first.kill();
    replica.promote();
    replica.tell("INSERT INTO wards VALUES (50)");
    let url = replica.url("postgres");
    let kept = "SELECT count(*) FROM wards WHERE beds IN (10, 40, 50)";
    assert_eq!(postgres(&url, kept).await.unwrap(), 3);
}

async fn insert(url: &str, id: i32) -> mongodb::error::Result<u64> {
    let client = mongodb::Client::with_uri_str(url).await?;
    let wards = client.default_database().unwrap().collection::<Document>("wards");
    wards.insert_one(doc! { "_id": id }).await?;
    wards.count_documents(doc! {}).await
}

#[tokio::test]
async fn one_node_is_killed_and_comes_back() {
    let mut set = ReplicaSet::start(1);
    let url = set.url("hospital");
    assert_eq!(insert(&url, 1).await.unwrap(), 1);
    assert_eq!(set.kill_primary(), 0);
    set.restart(0);
    assert_eq!(insert(&url, 2).await.unwrap(), 2);
    let pids = set.pids();
    drop(set);
    assert!(pids.into_iter().all(|pid| !servers::exists(pid)));
}

#[tokio::test]
async fn three_nodes_elect_a_new_primary() {
    let mut set = ReplicaSet::start(3);
    let url = set.url("hospital");
    assert_eq!(insert(&url, 1).await.unwrap(), 1);
    let dead = set.kill_primary();
    assert_ne!(set.primary(), dead);
    assert_eq!(insert(&url, 2).await.unwrap(), 2);
    set.restart(dead);
    assert_eq!(insert(&url, 3).await.unwrap(), 3);
    let pids = set.pids();
    drop(set);
    assert!(pids.into_iter().all(|pid| !servers::exists(pid)));
}

fn with_servers() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_with-servers"));
    command.args(["postgres", "mariadb", "mongodb", "--"]);
    command
}

/// Runs this test again, the second time beside servers.
#[tokio::test]
async fn a_database_is_new_each_time() {
    if std::env::var_os("EOVR_POSTGRES").is_none() {
        let mut again = with_servers();
        again.arg(std::env::current_exe().unwrap()).args(["--exact", "servers::a_database_is_new_each_time"]);
        let output = again.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    for _ in 0..2 {
        let url = servers::postgres_database();
        assert!(postgres(&url, BEDS).await.is_err());
        sqlx::raw_sql(FILLED).execute(&mut PgConnection::connect(&url).await.unwrap()).await.unwrap();
        assert_eq!(postgres(&url, BEDS).await.unwrap(), 10);
        let url = servers::mariadb_database();
        assert!(mariadb(&url, BEDS).await.is_err());
        sqlx::raw_sql(FILLED).execute(&mut MySqlConnection::connect(&url).await.unwrap()).await.unwrap();
        assert_eq!(mariadb(&url, BEDS).await.unwrap(), 10);
        assert_eq!(insert(&servers::mongodb_database(), 1).await.unwrap(), 1);
    }
}

#[test]
fn the_command_decides_how_it_ends() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_with-servers"));
    assert_eq!(command.args(["--", "sh", "-c", "exit 7"]).status().unwrap().code(), Some(7));
}

/// Starts servers beside a command that waits, and returns the servers' ports.
fn holder() -> (Child, Vec<u16>) {
    let mut command = with_servers();
    command.args(["sh", "-c", "echo $EOVR_POSTGRES $EOVR_MARIADB $EOVR_MONGODB; exec cat"]);
    let mut holder = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let port = |url: &str| url.rsplit_once(':')?.1.split('/').next()?.parse().ok();
    let ports: Vec<_> = said.split_whitespace().filter_map(port).collect();
    assert_eq!(ports.len(), 3, "{said}");
    assert!(ports.iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok()));
    (holder, ports)
}

#[test]
fn the_servers_stop_when_told_to() {
    let (mut holder, ports) = holder();
    let _input = holder.stdin.take(); // else `wait` closes it, and the command ends by itself
    servers::signal("TERM", &[holder.id()]);
    assert_eq!(holder.wait().unwrap().code(), Some(128 + 15), "as the command, which the signal ended");
    assert!(ports.iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_err()));
}

/// After SIGKILL of their parent, the kernel kills the servers.
#[test]
fn the_servers_die_with_their_parent() {
    let (mut holder, ports) = holder();
    holder.kill().unwrap();
    holder.wait().unwrap();
    let began = Instant::now();
    while ports.iter().any(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok()) {
        assert!(began.elapsed() < Duration::from_secs(10), "a server lives on");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_database_is_named_in_an_empty_place() {
    let set = "mongodb://127.0.0.1:1,127.0.0.1:2/?replicaSet=rs0";
    assert_eq!(servers::with_database(set, "a"), "mongodb://127.0.0.1:1,127.0.0.1:2/a?replicaSet=rs0");
    assert_eq!(servers::with_database("mysql://root@127.0.0.1:1/", "a"), "mysql://root@127.0.0.1:1/a");
}
