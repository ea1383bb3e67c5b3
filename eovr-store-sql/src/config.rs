use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use eovr_core::{Error, ErrorKind, Result};
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// Where a store is, and how it works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SqlConfig {
    pub(crate) place: Place,
    /// How many connections read at the same time.
    pub readers: u32,
    /// The most commits that share one transaction.
    pub group: usize,
    /// How long a commit waits for a server that went away and comes back, such as a replica that is
    /// promoted. Until then callers wait; after that they get an error. Not for SQLite.
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

/// Whose the sessions of a PostgreSQL server are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sessions {
    /// A connection has one to itself.
    Own,
    /// A pooler gives a connection one for each transaction, and to others afterwards: nothing that is prepared or set
    /// in it is there the next time.
    Shared,
}

/// Names the file, or the server and the database; never user or password.
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

/// When a commit to SQLite counts as done. The other databases have settings of their own for that, which
/// eovr leaves as they are: an audit trail wants the durable ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When it is on the disk: it survives a power cut. The default, as an audit trail wants it.
    Full,
    /// When the operating system has it: it survives a crash of the process, and a power cut may take
    /// the last commits. Never half of one.
    Process,
}

const ACCEPTED: &str =
    "accepted: `sqlite://FILE`, `postgres://USER@HOST/DATABASE`, `mysql://USER@HOST/DATABASE`";

/// What a URL may say behind its `?`; the drivers pass over what they do not know.
const OF_SQLITE: &[&str] = &["durability"];
const OF_POSTGRES: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "statement-cache-capacity",
    "pool_mode",
];
const OF_MYSQL: &[&str] = &[
    "ssl-mode",
    "sslmode",
    "ssl-ca",
    "sslca",
    "ssl-cert",
    "sslcert",
    "ssl-key",
    "sslkey",
    "socket",
    "charset",
    "collation",
    "time-zone",
    "timezone",
    "statement-cache-capacity",
];

impl SqlConfig {
    /// An SQLite file, made where it is missing: four readers, full durability.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self::new(Place::Sqlite { path: path.into(), durability: Durability::Full, mapped: true })
    }

    /// Reads a URL.
    ///
    /// - `sqlite://hospital.db` (relative), `sqlite:///var/lib/eovr/hospital.db`; parameter `durability`:
    ///   `full` or `process`;
    /// - `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; parameters as libpq has them, such as
    ///   `sslmode=verify-full`, and `pool_mode=transaction` where a pooler such as PgBouncer stands before the server and
    ///   gives a connection a session for one transaction at a time. Then nothing is prepared or set for longer than
    ///   that, which takes more trips to the server;
    /// - `mysql://USER:PASSWORD@HOST:PORT/DATABASE`, for MariaDB too; parameters such as
    ///   `ssl-mode=VERIFY_IDENTITY`. MySQL's own sort of account (`caching_sha2_password`) needs TLS.
    ///
    /// # Errors
    /// `Config` for another database, an empty path, no database, or a parameter that this database does not have. The URL may hold
    /// a password, so it is not repeated.
    pub fn from_url(url: &str) -> Result<Self> {
        let unreadable =
            || Error::new(ErrorKind::Config, "the database URL cannot be read").with_help(ACCEPTED);
        let place = match url.split_once(':').unwrap_or_default() {
            ("sqlite", file) => return Self::from_file(file.strip_prefix("//").unwrap_or(file)),
            ("postgres" | "postgresql", _) => {
                known(url, OF_POSTGRES)?;
                let (url, sessions) = sessions(url)?;
                let options = PgConnectOptions::from_str(&url).map_err(|_| unreadable())?;
                options.get_database().ok_or_else(no_database)?;
                Place::Postgres(Box::new(options), sessions)
            }
            ("mysql" | "mariadb", _) => {
                known(url, OF_MYSQL)?;
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

    /// The same with another durability; only SQLite heeds it.
    #[must_use]
    pub fn with_durability(mut self, as_asked: Durability) -> Self {
        if let Place::Sqlite { durability, .. } = &mut self.place {
            *durability = as_asked;
        }
        self
    }

    /// The same without mapping an SQLite file into memory: for a process that reads everything once. The pages of a
    /// mapped file count as its memory until the system wants them back.
    #[must_use]
    pub fn unmapped(mut self) -> Self {
        if let Place::Sqlite { mapped, .. } = &mut self.place {
            *mapped = false;
        }
        self
    }

    /// The file, where the store is one.
    pub fn file(&self) -> Option<&Path> {
        match &self.place {
            Place::Sqlite { path, .. } => Some(path),
            Place::Postgres(..) | Place::Mysql(_) => None,
        }
    }

    /// Whether nobody on the way can read or change what is said: a file, a server on this machine, or TLS that asks the
    /// server who it is.
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
                    known(file, OF_SQLITE)?;
                    return Err(Error::new(
                        ErrorKind::Config,
                        "the database URL has an unknown `durability`",
                    )
                    .with_help("accepted: `durability=full`, `durability=process`"));
                }
            };
        }
        Ok(Self::new(Place::Sqlite { path: Path::new(path).to_owned(), durability, mapped: true }))
    }
}

/// Whether all parameters are some that this database has: one that is passed over is one that a host relies on.
fn known(url: &str, accepted: &[&str]) -> Result<()> {
    let (_, parameters) = url.split_once('?').unwrap_or_default();
    let (parameters, _) = parameters.split_once('#').unwrap_or((parameters, ""));
    let name = |parameter: &str| parameter.split_once('=').map_or(parameter, |(name, _)| name).to_owned();
    let is_known = |name: String| {
        // `options[search_path]`
        let name = name.split(['[', '%']).next().filter(|name| *name == "options").unwrap_or(&name);
        accepted.contains(&name)
    };
    if parameters.split('&').filter(|parameter| !parameter.is_empty()).map(name).all(is_known) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Config, "the database URL has a parameter that this database does not have")
        .with_help(format!("accepted: `{}`", accepted.join("`, `"))))
}

/// The URL without `pool_mode`, which is ours, and what that said.
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

/// This machine, by its name, a loopback address, or the folder of a socket.
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
    fn the_mode_of_a_pooler_is_ours_to_read() {
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

    /// The drivers would pass over it: no pooler, or no TLS, and no word of it.
    #[test]
    fn a_parameter_of_another_database_is_refused() {
        for (url, accepted) in [
            ("mysql://eovr@h/eovr?pool_mode=transaction", "`ssl-mode`"),
            ("mariadb://eovr@h/eovr?ssl-mode=VERIFY_IDENTITY&pool_mode=session", "`ssl-mode`"),
            ("mysql://eovr@h/eovr?pool%5Fmode=transaction", "`ssl-mode`"),
            ("mysql://eovr@h/eovr?sslrootcert=/ca.pem", "`ssl-ca`"),
            ("mysql://eovr@h/eovr?tls=true", "`ssl-mode`"),
            ("mysql://eovr@h/eovr?durability=full", "`socket`"),
            ("postgres://eovr@h/eovr?durability=full", "`pool_mode`"),
            ("postgres://eovr@h/eovr?tls=true", "`sslmode`"),
            ("postgres://eovr@h/eovr?SSLMODE=verify-full", "`sslmode`"),
            ("postgres://eovr@h/eovr?charset=utf8mb4", "`options`"),
            ("postgres://eovr@h/eovr?replicaSet=rs0", "`host`"),
            ("sqlite://hospital.db?pool_mode=transaction", "`durability`"),
            ("sqlite://hospital.db?sslmode=verify-full", "`durability`"),
        ] {
            let error = SqlConfig::from_url(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{url}");
            assert!(error.help().is_some_and(|help| help.contains(accepted)), "{url}: {error:?}");
        }
        for url in [
            "postgres://eovr@h/eovr?application_name=ward&options=-c%20lock_timeout%3D5s&options[search_path]=eovr",
            "postgres://eovr@h/eovr?options%5Bsearch_path%5D=eovr&",
            "mysql://eovr@h/eovr?socket=/run/mysqld.sock&charset=utf8mb4&time-zone=%2B00:00",
            "sqlite://hospital.db?durability=process",
        ] {
            assert!(SqlConfig::from_url(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_others_could_read_or_change_on_the_way_is_not_protected() {
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
