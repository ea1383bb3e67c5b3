//! PostgreSQL.

use std::fs;
use std::path::{Path, PathBuf};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use super::process::{self, Home, Process};
use super::{GUEST, GUEST_PASSWORD, wait_for};

/// Authentication for callers from this machine: `postgres` without a password, because the tests use that account;
/// every other account with one.
const WHO_MAY: &str = "\
host all         postgres 127.0.0.1/32 trust
host replication postgres 127.0.0.1/32 trust
host all         all      127.0.0.1/32 scram-sha-256
";

/// A PostgreSQL server; dropping it stops it and removes its folder.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    home: Home,
    programs: PathBuf,
    port: u16,
    durable: bool,
}

impl Postgres {
    /// A server with PostgreSQL's default settings: a committed transaction is on the disk.
    pub fn start() -> Self {
        Self::new(true)
    }

    /// A server that lets the operating system choose when to write, which is much faster. A crash of the process loses
    /// nothing, a loss of power does; no test here cuts the power.
    pub fn throw_away() -> Self {
        Self::new(false)
    }

    fn new(durable: bool) -> Self {
        let programs = programs();
        let home = Home::new(&["postgres", "nobody"]);
        let data = home.path("data").display().to_string();
        let how = "--username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync";
        let arguments: Vec<_> = how.split(' ').chain(["--pgdata", &data]).collect();
        home.run(&programs.join("initdb"), &arguments);
        fs::write(home.path("data/pg_hba.conf"), WHO_MAY).expect("initdb made it");
        let port = process::free_port();
        let server = Self { process: launch(&home, &programs, port, durable), home, programs, port, durable };
        server.tell(&format!("CREATE ROLE {GUEST} LOGIN PASSWORD '{GUEST_PASSWORD}'"));
        server
    }

    /// The URL of this database for the user `postgres`, who has all rights.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The URL of this database for a user with a password, such as [`GUEST`] with [`GUEST_PASSWORD`].
    pub fn url_as(&self, user: &str, password: &str, database: &str) -> String {
        format!("postgres://{user}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// Creates a database.
    pub fn create_database(&self, name: &str) {
        self.tell(&format!("CREATE DATABASE {name}"));
    }

    /// Runs one statement in the database `postgres` as an administrator.
    pub fn tell(&self, statement: &str) {
        tell(&self.url("postgres"), statement);
    }

    /// Restarts the server with a certificate, for callers who want TLS; returns the path of the certificate.
    pub fn certify(&mut self) -> PathBuf {
        let certificate = self.home.certify();
        self.restart();
        certificate
    }

    /// The port that the server listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id of the server.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Kills the server and its child processes with SIGKILL, and returns when they are gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Restarts the server on its port; a running server is stopped first.
    pub fn restart(&mut self) {
        self.process.stop("INT");
        self.process = launch(&self.home, &self.programs, self.port, self.durable);
    }

    /// Starts a synchronous replica. From now on this server acknowledges a commit when both have it, and waits while
    /// the replica is down.
    pub fn replica(&self) -> Self {
        let home = Home::new(&["postgres", "nobody"]);
        let port = process::free_port();
        let (data, from) = (home.path("data").display().to_string(), self.port.to_string());
        let slot = format!("replica_{port}");
        let how = "--host=127.0.0.1 --username=postgres --checkpoint=fast --wal-method=stream --no-sync \
                   --write-recovery-conf --create-slot";
        let arguments: Vec<_> =
            how.split_whitespace().chain(["--port", &from, "--slot", &slot, "--pgdata", &data]).collect();
        home.run(&self.programs.join("pg_basebackup"), &arguments);
        let process = launch(&home, &self.programs, port, self.durable);
        let replica = Self { process, home, programs: self.programs.clone(), port, durable: self.durable };
        // Only now, because a replica that copied this setting would wait for a replica of its own once promoted.
        self.tell("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.tell("SELECT pg_reload_conf()");
        self.until("SELECT count(*) > 0 FROM pg_stat_replication WHERE sync_state = 'sync'");
        replica
    }

    /// Promotes a replica to a primary; returns when it accepts writes.
    pub fn promote(&self) {
        self.tell("SELECT pg_promote(true, 60)");
        self.until("SELECT NOT pg_is_in_recovery()");
    }

    fn until(&self, question: &str) {
        let (url, question) = (self.url("postgres"), question.to_owned());
        super::until(&question.clone(), move || {
            let (url, question) = (url.clone(), question.clone());
            wait_for(async move || {
                let mut connection = PgConnection::connect(&url).await.expect("the server answers");
                let yes = sqlx::query_scalar(AssertSqlSafe(question)).fetch_one(&mut connection).await;
                yes.expect("a question with yes or no")
            })
        });
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.process.stop("QUIT"); // the "immediate" stop, which leaves no shared memory behind
    }
}

fn launch(home: &Home, programs: &Path, port: u16, durable: bool) -> Process {
    let mut command = home.command(&programs.join("postgres"));
    command.arg("-D").arg(home.path("data")).arg("-p").arg(port.to_string());
    // No socket file, because its path may only be a hundred characters long.
    let mut settings = vec!["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=300"];
    if !durable {
        settings.extend(["fsync=off", "full_page_writes=off"]);
    }
    let certificate = home.certificate();
    let files = ["ssl_cert_file", "ssl_key_file"].map(|what| format!("{what}={}", certificate.display()));
    if certificate.exists() {
        settings.push("ssl=on");
        settings.extend(files.iter().map(String::as_str));
    }
    for setting in settings {
        command.args(["-c", setting]);
    }
    let told = home.path("data/postmaster.pid");
    Process::start(home, command, |pid| {
        // Line 1 is the process id, because a killed server leaves its file behind; line 8 is the state.
        let told = fs::read_to_string(&told).unwrap_or_default();
        let lines: Vec<_> = told.lines().map(str::trim).collect();
        lines.first() == Some(&pid.to_string().as_str()) && lines.get(7) == Some(&"ready")
    })
}

/// The folder of the server's programs; distributions keep them off the PATH.
fn programs() -> PathBuf {
    let mut versions: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .map(|folder| folder.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).collect())
        .unwrap_or_default();
    versions.sort_by_key(|folder: &PathBuf| {
        let version = folder.parent().and_then(|version| version.file_name()?.to_str()?.parse::<u32>().ok());
        std::cmp::Reverse(version)
    });
    let initdb = process::find("initdb", &versions).unwrap_or_else(|| {
        panic!(
            "PostgreSQL's `initdb` is not there: `tests/tools` installs it, or `apt-get install postgresql`"
        )
    });
    // The program on the PATH may be a link to the folder of the others.
    let initdb = initdb.canonicalize().expect("it is a file");
    initdb.parent().expect("a file is in a folder").to_owned()
}

/// Runs one statement.
pub(super) fn tell(url: &str, statement: &str) {
    let (url, statement) = (url.to_owned(), statement.to_owned());
    wait_for(async move || {
        let mut connection = PgConnection::connect(&url).await.expect("the server answers");
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.expect("a sound statement");
        connection.close().await.expect("the server answers");
    });
}
