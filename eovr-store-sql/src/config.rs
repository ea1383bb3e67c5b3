use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use eovr_core::{Error, ErrorKind, Result};
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// The address and the settings of a store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SqlConfig {
    pub(crate) place: Place,
    /// The number of reading connections.
    pub readers: u32,
    /// The maximum number of commits per transaction.
    pub group: usize,
    /// How long a commit waits for a server that is gone, for example while a replica is promoted. Callers wait until
    /// then and get an error afterwards. Not for SQLite.
    pub patience: Duration,
}

/// The file, or the server and the database; never user or password.
impl fmt::Display for SqlConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.place)
    }
}

#[derive(Clone)]
pub(crate) enum Place {
    Sqlite { path: PathBuf, durability: Durability, mapped: bool },
    Postgres(Box<PgConnectOptions>, Sessions),
    Mysql(Box<MySqlConnectOptions>),
}

/// Who owns the sessions of a PostgreSQL server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sessions {
    /// Each connection has its own session.
    Own,
    /// A pooler gives a connection a session for each transaction. Prepared statements and settings of one transaction
    /// are missing in the next.
    Shared,
}

/// Prints the file, or the server and the database; never user or password.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path, .. } => write!(f, "SQLite {}", path.display()),
            Self::Postgres(at, _) => {
                write!(
                    f,
                    "PostgreSQL {}:{}/{}",
                    at.get_host(),
                    at.get_port(),
                    at.get_database().unwrap_or("?")
                )
            }
            Self::Mysql(at) => {
                write!(f, "MySQL {}:{}/{}", at.get_host(), at.get_port(), at.get_database().unwrap_or("?"))
            }
        }
    }
}

/// When a commit to SQLite is complete. Other databases have their own settings for this, which eovr does not change;
/// use durable ones for an audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When it is on disk: it survives a power failure. The default, because an audit trail needs it.
    Full,
    /// When the operating system has it: it survives a crash of the process, but a power failure can lose the last
    /// commits. A commit is never lost partially.
    Process,
}

const ACCEPTED: &str =
    "accepted: `sqlite://FILE`, `postgres://USER@HOST/DATABASE`, `mysql://USER@HOST/DATABASE`";

impl SqlConfig {
    /// An SQLite file, which is created if it is missing, with four readers and full durability.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self::new(Place::Sqlite { path: path.into(), durability: Durability::Full, mapped: true })
    }

    /// Reads a URL.
    ///
    /// - `sqlite://hospital.db` (relative), `sqlite:///var/lib/eovr/hospital.db`; parameter `durability`:
    ///   `full` or `process`;
    /// - `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; parameters of libpq, such as `sslmode=verify-full`. Set
    ///   `pool_mode=transaction` where a pooler such as PgBouncer assigns a session per transaction. The store then
    ///   keeps no prepared statements and settings between transactions, which needs more round trips;
    /// - `mysql://USER:PASSWORD@HOST:PORT/DATABASE`, also for MariaDB; parameters such as `ssl-mode=VERIFY_IDENTITY`.
    ///   MySQL's default account type (`caching_sha2_password`) needs TLS.
    ///
    /// # Errors
    /// `Config` for another database, an empty path, a missing database, or an unknown parameter. The error does not
    /// repeat the URL, which may contain a password.
    pub fn from_url(url: &str) -> Result<Self> {
        let unreadable =
            || Error::new(ErrorKind::Config, "the database URL cannot be read").with_help(ACCEPTED);
        let place = match url.split_once(':').unwrap_or_default() {
            ("sqlite", file) => return Self::from_file(file.strip_prefix("//").unwrap_or(file)),
            ("postgres" | "postgresql", _) => {
                let (url, sessions) = sessions(url)?;
                let options = PgConnectOptions::from_str(&url).map_err(|_| unreadable())?;
                options.get_database().ok_or_else(no_database)?;
                Place::Postgres(Box::new(options), sessions)
            }
            ("mysql" | "mariadb", _) => {
                let options = MySqlConnectOptions::from_str(url).map_err(|_| unreadable())?;
                options.get_database().ok_or_else(no_database)?;
                Place::Mysql(Box::new(options))
            }
            _ => {
                return Err(Error::new(
                    ErrorKind::Config,
                    "this store does not know that kind of database URL",
                )
                .with_help(ACCEPTED));
            }
        };
        Ok(Self::new(place))
    }

    /// Sets the durability. Only SQLite uses it.
    #[must_use]
    pub fn with_durability(mut self, as_asked: Durability) -> Self {
        if let Place::Sqlite { durability, .. } = &mut self.place {
            *durability = as_asked;
        }
        self
    }

    /// Does not map an SQLite file into memory, for a process that reads everything once. The pages of a mapped file
    /// count as memory of the process until the system reclaims them.
    #[must_use]
    pub fn unmapped(mut self) -> Self {
        if let Place::Sqlite { mapped, .. } = &mut self.place {
            *mapped = false;
        }
        self
    }

    /// The file, if the store is a file.
    pub fn file(&self) -> Option<&Path> {
        match &self.place {
            Place::Sqlite { path, .. } => Some(path),
            Place::Postgres(..) | Place::Mysql(_) => None,
        }
    }

    /// Whether the connection is protected against reading and tampering: a file, a server on this machine, or TLS that
    /// verifies the server.
    pub fn is_protected(&self) -> bool {
        match &self.place {
            Place::Sqlite { .. } => true,
            Place::Postgres(at, _) => {
                is_here(at.get_host())
                    || at.get_socket().is_some()
                    || matches!(at.get_ssl_mode(), PgSslMode::VerifyFull)
            }
            Place::Mysql(at) => {
                is_here(at.get_host())
                    || at.get_socket().is_some()
                    || matches!(at.get_ssl_mode(), MySqlSslMode::VerifyIdentity)
            }
        }
    }

    fn new(place: Place) -> Self {
        Self { place, readers: 4, group: 64, patience: Duration::from_secs(10) }
    }

    fn from_file(file: &str) -> Result<Self> {
        let (path, parameters) = file.split_once('?').unwrap_or((file, ""));
        if path.is_empty() {
            return Err(Error::new(ErrorKind::Config, "the database URL names no file")
                .with_help("write `sqlite://FILE`"));
        }
        let mut durability = Durability::Full;
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            durability = match parameter {
                "durability=full" => Durability::Full,
                "durability=process" => Durability::Process,
                _ => {
                    return Err(Error::new(ErrorKind::Config, "the database URL has an unknown parameter")
                        .with_help("accepted: `durability=full`, `durability=process`"));
                }
            };
        }
        Ok(Self::new(Place::Sqlite { path: Path::new(path).to_owned(), durability, mapped: true }))
    }
}

/// The URL without our own parameter `pool_mode`, and its value.
fn sessions(url: &str) -> Result<(String, Sessions)> {
    let Some((place, parameters)) = url.split_once('?') else { return Ok((url.to_owned(), Sessions::Own)) };
    let mut sessions = Sessions::Own;
    let mut others = Vec::new();
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        sessions = match parameter.split_once('=') {
            Some(("pool_mode", "transaction")) => Sessions::Shared,
            Some(("pool_mode", "session")) => Sessions::Own,
            Some(("pool_mode", _)) => {
                return Err(Error::new(ErrorKind::Config, "the database URL has an unknown `pool_mode`")
                    .with_help("accepted: `pool_mode=session`, `pool_mode=transaction`"));
            }
            _ => {
                others.push(parameter);
                continue;
            }
        };
    }
    Ok((format!("{place}?{}", others.join("&")), sessions))
}

/// Whether the host is this machine: its name, a loopback address, or the directory of a socket.
fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn no_database() -> Error {
    Error::new(ErrorKind::Config, "the database URL names no database").with_help(ACCEPTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pool_mode_is_not_passed_to_the_driver() {
        let sessions = |url: &str| match SqlConfig::from_url(url).map(|config| config.place) {
            Ok(Place::Postgres(_, sessions)) => Some(sessions),
            _ => None,
        };
        for (url, expected) in [
            ("postgres://eovr@h/eovr", Some(Sessions::Own)),
            ("postgres://eovr@h/eovr?sslmode=require", Some(Sessions::Own)),
            ("postgres://eovr@h/eovr?pool_mode=session", Some(Sessions::Own)),
            ("postgres://eovr@h/eovr?pool_mode=transaction", Some(Sessions::Shared)),
            ("postgres://eovr@h/eovr?sslmode=verify-full&pool_mode=transaction", Some(Sessions::Shared)),
            ("postgres://eovr@h/eovr?pool_mode=statement", None),
        ] {
            assert_eq!(sessions(url), expected, "{url}");
        }
        let config = SqlConfig::from_url("postgres://eovr@h/eovr?pool_mode=transaction&sslmode=verify-full");
        assert!(config.unwrap().is_protected(), "the other parameters are kept");
    }

    #[test]
    fn a_connection_without_verified_tls_is_not_protected() {
        let is_protected = |url: &str| SqlConfig::from_url(url).unwrap().is_protected();
        for well in [
            "sqlite://hospital.db",
            "postgres://eovr@127.0.0.1/eovr",
            "postgres://eovr@localhost/eovr",
            "postgres:///eovr?host=/var/run/postgresql",
            "postgres://eovr@db.hospital.example/eovr?sslmode=verify-full",
            "mysql://eovr@[::1]/eovr",
            "mysql://eovr@db.hospital.example/eovr?ssl-mode=VERIFY_IDENTITY",
        ] {
            assert!(is_protected(well), "{well}");
        }
        for open in [
            "postgres://eovr@db.hospital.example/eovr",
            "postgres://eovr@10.0.0.5/eovr?sslmode=require",
            "postgres://eovr@db.hospital.example/eovr?sslmode=verify-ca",
            "mysql://eovr@db.hospital.example/eovr",
            "mysql://eovr@db.hospital.example/eovr?ssl-mode=REQUIRED",
            "postgres://eovr@localhost.example/eovr",
        ] {
            assert!(!is_protected(open), "{open}");
        }
    }
}
