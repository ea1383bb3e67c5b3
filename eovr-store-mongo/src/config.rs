use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use eovr_core::{Error, ErrorKind, Result};
use mongodb::options::{
    Acknowledgment, ClientOptions, ConnectionString, HostInfo, ReadConcern, ReadPreference,
    SelectionCriteria, ServerAddress, Tls, TlsOptions, WriteConcern,
};

/// The address and the settings of a store.
#[derive(Clone)]
#[non_exhaustive]
pub struct MongoConfig {
    /// The database.
    pub database: String,
    /// How long a group of commits is retried while there is no primary or while other nodes conflict; at most a day.
    pub patience: Duration,
    /// The maximum number of commits per transaction; 1 to 1024.
    pub group: usize,
    connection: ConnectionString,
}

/// The server selection timeout, if the URL has none. The driver's default of 30 seconds is too long for a ward.
const SERVER_SELECTION: Duration = Duration::from_secs(5);

/// The server's own databases.
const SYSTEM_DATABASES: [&str; 3] = ["admin", "config", "local"];

impl MongoConfig {
    /// Reads a URL: `mongodb://host:27017/DATABASE?replicaSet=rs0`, with all options of the MongoDB driver. The
    /// defaults are a patience of ten seconds and groups of 64.
    ///
    /// Write concern, read concern and read preference of the URL are ignored: a commit is complete when a majority has
    /// it on disk, and a read never sees data that could be rolled back. `appName` is ignored too: all nodes use `eovr
    /// DATABASE`, by which they recognise abandoned transactions of each other. No other client of the server may use
    /// this name.
    ///
    /// ```
    /// use eovr_store_mongo::MongoConfig;
    ///
    /// let config = MongoConfig::from_url("mongodb://db-1,db-2/hospital?replicaSet=rs0&tls=true")?;
    /// assert_eq!(config.database, "hospital");
    /// assert!(config.is_protected());
    /// assert!(MongoConfig::from_url("mongodb://db-1/?replicaSet=rs0").is_err()); // no database
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Config` for an invalid URL, or one without a database. The error does not repeat the URL, which may contain a
    /// password.
    pub fn from_url(url: &str) -> Result<Self> {
        let refused = |message: &str| {
            Err(Error::new(ErrorKind::Config, message)
                .with_help("write `mongodb://HOST:PORT/DATABASE?replicaSet=NAME`, with other parameters of MongoDB, such as `tls=true`"))
        };
        // The driver's error is dropped because it would quote the URL.
        let Ok(connection) = ConnectionString::parse(url) else {
            return refused("the database URL is not one of MongoDB");
        };
        if matches!(connection.host_info, HostInfo::DnsRecord(_)) {
            return refused("the database URL uses DNS to locate the database");
        }
        let Some(database) = connection.default_database.clone().filter(|name| !name.is_empty()) else {
            return refused("the database URL names no database");
        };
        if SYSTEM_DATABASES.contains(&database.as_str()) {
            return refused("the database URL names a database of the server itself");
        }
        Ok(Self { database, patience: Duration::from_secs(10), group: 64, connection })
    }

    /// Whether the connection is protected against reading and tampering: all servers are on this machine, or TLS
    /// verifies the servers.
    pub fn is_protected(&self) -> bool {
        let is_here = |host: &ServerAddress| match host {
            ServerAddress::Tcp { host, .. } => {
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                host.eq_ignore_ascii_case("localhost")
                    || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
            // A socket on this machine.
            _ => true,
        };
        let here = match &self.connection.host_info {
            HostInfo::HostIdentifiers(hosts) => hosts.iter().all(is_here),
            _ => false,
        };
        let asks = |tls: &TlsOptions| tls.allow_invalid_certificates != Some(true);
        here || matches!(&self.connection.tls, Some(Tls::Enabled(tls)) if asks(tls))
    }

    /// The application name of our connections.
    pub(crate) fn app_name(&self) -> String {
        format!("eovr {}", self.database)
    }

    pub(crate) async fn options(&self) -> mongodb::error::Result<ClientOptions> {
        let mut options = ClientOptions::parse(self.connection.clone()).await?;
        // The nodes of one database recognise each other's transactions by this name. A host's own name would differ
        // between nodes, or could belong to another client of the host.
        options.app_name = Some(self.app_name());
        options.server_selection_timeout.get_or_insert(SERVER_SELECTION);
        options.write_concern = Some(majority());
        options.read_concern = Some(ReadConcern::majority());
        options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
        Ok(options)
    }
}

/// Majority write concern with journal: a commit survives the loss of any one node.
pub(crate) fn majority() -> WriteConcern {
    WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build()
}

/// Prints everything except the URL.
impl fmt::Debug for MongoConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoConfig")
            .field("database", &self.database)
            .field("patience", &self.patience)
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_without_verified_tls_is_not_protected() {
        let is_protected = |url: &str| MongoConfig::from_url(url).unwrap().is_protected();
        assert!(is_protected("mongodb://127.0.0.1:27017,localhost:27018/eovr"));
        assert!(is_protected("mongodb://db.hospital.example/eovr?tls=true"));
        assert!(!is_protected("mongodb://db.hospital.example/eovr"));
        assert!(!is_protected("mongodb://127.0.0.1,db.hospital.example/eovr"));
        assert!(!is_protected(
            "mongodb://db.hospital.example/eovr?tls=true&tlsAllowInvalidCertificates=true"
        ));
    }

    #[test]
    fn a_parameter_of_another_database_is_refused() {
        for url in ["pool_mode=transaction", "sslmode=verify-full", "ssl-mode=REQUIRED", "durability=full"]
            .map(|said| format!("mongodb://h/eovr?{said}"))
        {
            let error = MongoConfig::from_url(&url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{url}");
            assert!(error.help().is_some_and(|help| help.contains("tls=true")), "{url}: {error:?}");
        }
    }
}
