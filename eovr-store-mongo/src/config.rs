use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use eovr_core::{Error, ErrorKind, Result};
use mongodb::options::{
    Acknowledgment, ClientOptions, ConnectionString, HostInfo, ReadConcern, ReadPreference,
    SelectionCriteria, ServerAddress, Tls, TlsOptions, WriteConcern,
};

/// Where a store is, and how it works.
#[derive(Clone)]
#[non_exhaustive]
pub struct MongoConfig {
    /// The database.
    pub database: String,
    /// How long commits that share a transaction are tried while there is no primary, or while other nodes
    /// are in their way; at most a day.
    pub patience: Duration,
    /// The most commits that share one transaction; at least 1, at most 1024.
    pub group: usize,
    connection: ConnectionString,
}

/// How long to look for a server, where the URL says nothing: a ward is not left waiting for half a minute.
const SERVER_SELECTION: Duration = Duration::from_secs(5);

/// The server keeps its own things there.
const SYSTEM_DATABASES: [&str; 3] = ["admin", "config", "local"];

impl MongoConfig {
    /// Reads a URL: `mongodb://host:27017/DATABASE?replicaSet=rs0`, with whatever else the MongoDB driver
    /// takes. Ten seconds of patience, groups of 64.
    ///
    /// What the URL says of write concern, read concern and read preference is passed over: a commit is
    /// done when a majority has it on the disk, and a read sees nothing that could be rolled back. So is
    /// what it says of `appName`: all nodes are `eovr DATABASE`, by which they know each other's abandoned
    /// transactions, and nobody else's. Do not call another client of the server so.
    ///
    /// # Errors
    /// `Config` for another URL, or one without a database. The URL may hold a password, so no part of it
    /// is repeated.
    pub fn from_url(url: &str) -> Result<Self> {
        let refused = |message: &str| {
            Err(Error::new(ErrorKind::Config, message)
                .with_help("write `mongodb://HOST:PORT/DATABASE?replicaSet=NAME`, with other parameters of MongoDB, such as `tls=true`"))
        };
        // The driver's own error would quote the URL.
        let Ok(connection) = ConnectionString::parse(url) else {
            return refused("the database URL is not one of MongoDB");
        };
        if matches!(connection.host_info, HostInfo::DnsRecord(_)) {
            return refused("the database URL leaves it to a name server where the database is");
        }
        let Some(database) = connection.default_database.clone().filter(|name| !name.is_empty()) else {
            return refused("the database URL names no database");
        };
        if SYSTEM_DATABASES.contains(&database.as_str()) {
            return refused("the database URL names a database of the server itself");
        }
        Ok(Self { database, patience: Duration::from_secs(10), group: 64, connection })
    }

    /// Whether nobody on the way can read or change what is said: servers on this machine, or TLS that asks the servers
    /// who they are.
    pub fn is_protected(&self) -> bool {
        let is_here = |host: &ServerAddress| match host {
            ServerAddress::Tcp { host, .. } => {
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                host.eq_ignore_ascii_case("localhost")
                    || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
            // A socket of this machine.
            _ => true,
        };
        let here = match &self.connection.host_info {
            HostInfo::HostIdentifiers(hosts) => hosts.iter().all(is_here),
            _ => false,
        };
        let asks = |tls: &TlsOptions| tls.allow_invalid_certificates != Some(true);
        here || matches!(&self.connection.tls, Some(Tls::Enabled(tls)) if asks(tls))
    }

    /// What our connections are called at the server.
    pub(crate) fn app_name(&self) -> String {
        format!("eovr {}", self.database)
    }

    pub(crate) async fn options(&self) -> mongodb::error::Result<ClientOptions> {
        let mut options = ClientOptions::parse(self.connection.clone()).await?;
        // By it the nodes of one database know each other's transactions. A name of the host's own would
        // not be the other nodes', and might be that of a client of the host's.
        options.app_name = Some(self.app_name());
        options.server_selection_timeout.get_or_insert(SERVER_SELECTION);
        options.write_concern = Some(majority());
        options.read_concern = Some(ReadConcern::majority());
        options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
        Ok(options)
    }
}

/// On the disk of a majority: it survives the loss of any one node.
pub(crate) fn majority() -> WriteConcern {
    WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build()
}

/// Everything but the URL.
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
    fn what_others_could_read_or_change_on_the_way_is_not_protected() {
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
