use std::fmt;
use std::path::Path;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::time::Duration;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::{net::IpAddr, str::FromStr as _};

use eovr_core::{Error, ErrorKind, Result};
#[cfg(feature = "mysql")]
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
#[cfg(feature = "postgres")]
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
    #[cfg(feature = "sqlite")]
    Sqlite { path: PathBuf, durability: Durability, mapped: bool },
    #[cfg(feature = "postgres")]
    Postgres(Box<PgConnectOptions>, Sessions),
    #[cfg(feature = "mysql")]
    Mysql(Box<MySqlConnectOptions>),
}

impl Place {
    /// The file, where the store is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite { path, .. } => Some(path),
            #[cfg(feature = "postgres")]
            Self::Postgres(..) => None,
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => None,
        }
    }
}

/// Whose the sessions of a PostgreSQL server are.
#[cfg(feature = "postgres")]
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
            #[cfg(feature = "sqlite")]
            Self::Sqlite { path, .. } => write!(f, "SQLite {}", path.display()),
            #[cfg(feature = "postgres")]
            Self::Postgres(at, _) => {
                write!(
                    f,
                    "PostgreSQL {}:{}/{}",
                    at.get_host(),
                    at.get_port(),
                    at.get_database().unwrap_or("?")
                )
            }
            #[cfg(feature = "mysql")]
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

/// The parameters of a URL. The drivers ignore unknown ones, so we check them.
#[cfg(feature = "sqlite")]
const OF_SQLITE: &[&str] = &["durability"];
#[cfg(feature = "postgres")]
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
#[cfg(feature = "mysql")]
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
    #[cfg(feature = "sqlite")]
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
    /// ```
    /// use eovr_store_sql::SqlConfig;
    ///
    /// let config = SqlConfig::from_url("sqlite:///var/lib/eovr/hospital.db?durability=process")?;
    /// assert_eq!(config.file().and_then(|file| file.to_str()), Some("/var/lib/eovr/hospital.db"));
    /// assert!(SqlConfig::from_url("sqlite://hospital.db?journal=off").is_err());
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Config` for another database, an empty path, no database, or a parameter that this database does not have. The URL may hold
    /// a password, so it is not repeated.
    pub fn from_url(url: &str) -> Result<Self> {
        match url.split_once(':').unwrap_or_default() {
            #[cfg(feature = "sqlite")]
            ("sqlite", file) => Self::from_file(file.strip_prefix("//").unwrap_or(file)),
            #[cfg(feature = "postgres")]
            ("postgres" | "postgresql", _) => {
                known(url, OF_POSTGRES)?;
                let (url, sessions) = sessions(url)?;
                let options = PgConnectOptions::from_str(&url).map_err(|_| unreadable())?;
                options.get_database().ok_or_else(no_database)?;
                Ok(Self::new(Place::Postgres(Box::new(options), sessions)))
            }
            #[cfg(feature = "mysql")]
            ("mysql" | "mariadb", _) => {
                known(url, OF_MYSQL)?;
                let options = MySqlConnectOptions::from_str(url).map_err(|_| unreadable())?;
                options.get_database().ok_or_else(no_database)?;
                Ok(Self::new(Place::Mysql(Box::new(options))))
            }
            (scheme, _) => Err(unknown(scheme)),
        }
    }

    /// The same with another durability; only SQLite heeds it.
    #[cfg(feature = "sqlite")]
    #[must_use]
    pub fn with_durability(mut self, as_asked: Durability) -> Self {
        match &mut self.place {
            Place::Sqlite { durability, .. } => *durability = as_asked,
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            _ => {}
        }
        self
    }

    /// The same without mapping an SQLite file into memory: for a process that reads everything once. The pages of a
    /// mapped file count as its memory until the system wants them back.
    #[cfg(feature = "sqlite")]
    #[must_use]
    pub fn unmapped(mut self) -> Self {
        match &mut self.place {
            Place::Sqlite { mapped, .. } => *mapped = false,
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            _ => {}
        }
        self
    }

    /// The file, if the store is a file.
    pub fn file(&self) -> Option<&Path> {
        self.place.file()
    }

    /// Whether the connection is protected against reading and tampering: a file, a server on this machine, or TLS that
    /// verifies the server.
    ///
    /// ```
    /// use eovr_store_sql::SqlConfig;
    ///
    /// let local = SqlConfig::from_url("sqlite://hospital.db")?;
    /// assert!(local.is_protected());
    /// # #[cfg(feature = "postgres")]
    /// assert!(!SqlConfig::from_url("postgres://eovr@db.example.org/hospital")?.is_protected());
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    pub fn is_protected(&self) -> bool {
        match &self.place {
            #[cfg(feature = "sqlite")]
            Place::Sqlite { .. } => true,
            #[cfg(feature = "postgres")]
            Place::Postgres(at, _) => {
                is_here(at.get_host())
                    || at.get_socket().is_some()
                    || matches!(at.get_ssl_mode(), PgSslMode::VerifyFull)
            }
            #[cfg(feature = "mysql")]
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

    #[cfg(feature = "sqlite")]
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

/// Refuses a parameter that this database does not have: a host may rely on one that is ignored.
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
#[cfg(feature = "postgres")]
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
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The driver is left out of this build, or there is none.
fn unknown(scheme: &str) -> Error {
    let feature = match scheme {
        "sqlite" => Some("sqlite"),
        "postgres" | "postgresql" => Some("postgres"),
        "mysql" | "mariadb" => Some("mysql"),
        _ => None,
    };
    match feature {
        Some(feature) => Error::new(ErrorKind::Config, "this build has no driver for that database")
            .with_help(format!("build it with the feature `{feature}` of `eovr-store-sql`")),
        None => Error::new(ErrorKind::Config, "this store does not know that kind of database URL")
            .with_help(ACCEPTED),
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn unreadable() -> Error {
    Error::new(ErrorKind::Config, "the database URL cannot be read").with_help(ACCEPTED)
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
fn no_database() -> Error {
    Error::new(ErrorKind::Config, "the database URL names no database").with_help(ACCEPTED)
}

#[cfg(all(test, feature = "sqlite", feature = "postgres", feature = "mysql"))]
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
