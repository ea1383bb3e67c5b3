//! MariaDB.

use std::io::Read as _;
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use super::process::{self, Home, Process};
use super::{GUEST, GUEST_PASSWORD, wait_for};

/// A MariaDB server; dropping it kills it and removes its folder.
#[derive(Debug)]
pub struct Mariadb {
    process: Process,
    home: Home,
    port: u16,
    durable: bool,
}

impl Mariadb {
    /// A server that writes each acknowledged commit to the disk.
    pub fn start() -> Self {
        Self::new(true)
    }

    /// A server that lets the operating system choose when to write. A crash of the process loses nothing, a loss of
    /// power does; no test here cuts the power.
    pub fn throw_away() -> Self {
        Self::new(false)
    }

    fn new(durable: bool) -> Self {
        let home = Home::new(&["mysql", "nobody"]);
        let data = home.path("data").display().to_string();
        // Root has no password, and the server does not look up the caller's host name.
        let how = "--no-defaults --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve";
        let data = format!("--datadir={data}");
        let arguments: Vec<_> = how.split(' ').chain([data.as_str()]).collect();
        home.run(&program("mariadb-install-db"), &arguments);
        let port = process::free_port();
        let server = Self { process: launch(&home, port, durable), home, port, durable };
        server.tell(&format!("CREATE USER {GUEST}@'127.0.0.1' IDENTIFIED BY '{GUEST_PASSWORD}'"));
        server
    }

    /// The URL of this database for the user `root`, who has all rights.
    pub fn url(&self, database: &str) -> String {
        format!("mysql://root@127.0.0.1:{}/{database}", self.port)
    }

    /// The URL of this database for a user with a password, such as [`GUEST`] with [`GUEST_PASSWORD`].
    pub fn url_as(&self, user: &str, password: &str, database: &str) -> String {
        format!("mysql://{user}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// Creates a database, with the server's character set and collation.
    pub fn create_database(&self, name: &str) {
        self.tell(&format!("CREATE DATABASE {name}"));
    }

    /// Runs one statement as an administrator.
    pub fn tell(&self, statement: &str) {
        tell(&self.url(""), statement);
    }

    /// Restarts the server with a certificate, for callers who want TLS; returns the path of the certificate.
    pub fn certify(&mut self) -> PathBuf {
        let certificate = self.home.certify();
        self.restart();
        certificate
    }

    /// The process id of the server.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Kills the server with SIGKILL, and returns when it is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Restarts the server on its port; a running server is stopped first.
    pub fn restart(&mut self) {
        self.process.stop("TERM");
        self.process = launch(&self.home, self.port, self.durable);
    }
}

fn launch(home: &Home, port: u16, durable: bool) -> Process {
    let mut command = home.command(&program("mariadbd"));
    command
        .args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve", "--skip-log-bin"])
        // The default of Debian, and so of most hospitals: case-insensitive.
        .args(["--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci"])
        // In the data folder, because the path of a socket has a length limit.
        .args(["--socket=socket", "--pid-file=pid", "--max-connections=300"])
        .arg(format!("--datadir={}", home.path("data").display()))
        .arg(format!("--port={port}"))
        .arg(format!("--innodb-flush-log-at-trx-commit={}", if durable { 1 } else { 2 }));
    let certificate = home.certificate();
    if certificate.exists() {
        command.arg(format!("--ssl-cert={0}", certificate.display()));
        command.arg(format!("--ssl-key={0}", certificate.display()));
    }
    Process::start(home, command, |_| greets(port))
}

/// The server speaks first, as soon as it accepts connections.
fn greets(port: u16) -> bool {
    let Ok(mut caller) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    caller.set_read_timeout(Some(Duration::from_secs(1))).expect("more than nothing");
    caller.read_exact(&mut [0; 5]).is_ok()
}

fn program(name: &str) -> PathBuf {
    process::find(name, &["/usr/sbin".into(), "/usr/bin".into()]).unwrap_or_else(|| {
        panic!("`{name}` is not there: `tests/tools` installs it, or `apt-get install mariadb-server-core`")
    })
}

/// Runs one statement.
pub(super) fn tell(url: &str, statement: &str) {
    let (url, statement) = (url.to_owned(), statement.to_owned());
    wait_for(async move || {
        let mut connection = MySqlConnection::connect(&url).await.expect("the server answers");
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.expect("a sound statement");
        connection.close().await.expect("the server answers");
    });
}
