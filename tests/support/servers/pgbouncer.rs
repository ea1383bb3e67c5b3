//! PgBouncer, which shares a few sessions of a PostgreSQL server among many connections.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;

use super::process::{self, Home, Process};
use super::{GUEST, Postgres};

/// A pooler in front of a server; dropping it stops it.
#[derive(Debug)]
pub struct Pgbouncer {
    _process: Process,
    _home: Home,
    port: u16,
}

impl Pgbouncer {
    /// Starts a pooler for this server, in mode `session` or `transaction`. It has four sessions for each database and
    /// user.
    pub fn before(server: &Postgres, mode: &str) -> Self {
        let home = Home::new(&["postgres", "nobody"]);
        let port = process::free_port();
        let settings = home.path("pgbouncer.ini");
        fs::write(home.path("users.txt"), format!("\"postgres\" \"\"\n\"{GUEST}\" \"\"\n"))
            .expect("the folder is ours");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = {mode}\ndefault_pool_size = 4\n\
             max_client_conn = 200\nserver_idle_timeout = 2\nlogfile =\npidfile =\n",
            server.port(),
            home.path("users.txt").display(),
        );
        fs::write(&settings, text).expect("the folder is ours");
        let program = process::find("pgbouncer", &[PathBuf::from("/usr/sbin")]).unwrap_or_else(|| {
            panic!("`pgbouncer` is not there: `tests/tools` installs it, or `apt-get install pgbouncer`")
        });
        let mut command = home.command(&program);
        command.arg(&settings);
        let process = Process::start(&home, command, |_| TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { _process: process, _home: home, port }
    }

    /// The URL of this database through the pooler, for the user `postgres`.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}
