//! The database of a URL, and the keys for its sealed fields.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eovr_core::kind::{Catalog, Plan};
use eovr_core::ports::{Observed, Store};
use eovr_core::seal::MasterKey;
use eovr_core::service::EovrBuilder;
use eovr_store_sql::{SqlConfig, SqlStore};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};
#[cfg(feature = "mongodb")]
use {
    eovr_core::seal::csfle::LocalKey,
    eovr_store_mongo::{MongoConfig, MongoStore, Vault},
};

use crate::keyring::Keys;
use crate::output::Failure;
use crate::secrets::Secret;
use crate::writes::{WatchedStore, Writes};

/// Where the data is.
pub enum Config {
    /// SQLite, in this file.
    Sqlite(PathBuf),
    /// PostgreSQL, MariaDB or MySQL.
    Sql(SqlConfig),
    /// MongoDB.
    #[cfg(feature = "mongodb")]
    Mongo(Box<MongoConfig>),
}

impl Config {
    /// The database of a URL.
    ///
    /// # Errors
    /// Where the URL is of no database that this program was built with.
    pub fn from_url(url: &str) -> Result<Self, Failure> {
        Ok(match url.split_once(':') {
            #[cfg(feature = "mongodb")]
            Some(("mongodb" | "mongodb+srv", _)) => Self::Mongo(Box::new(MongoConfig::from_url(url)?)),
            #[cfg(not(feature = "mongodb"))]
            Some(("mongodb" | "mongodb+srv", _)) => {
                return Err(Failure::usage(
                    "this program was built without MongoDB",
                    "build it with the feature `mongodb`, or with `full`",
                ));
            }
            _ => Self::Sql(SqlConfig::from_url(url)?),
        })
    }

    /// The same for a process that reads everything once, so it does not cache what it has read.
    pub fn read_once(self) -> Self {
        match self {
            Self::Sqlite(path) => Self::Sql(SqlConfig::sqlite(path).unmapped()),
            Self::Sql(config) => Self::Sql(config.unmapped()),
            #[cfg(feature = "mongodb")]
            Self::Mongo(config) => Self::Mongo(config),
        }
    }

    /// The length of the master key in bytes: MongoDB's drivers need 96.
    pub fn key_bytes(&self) -> usize {
        match self {
            #[cfg(feature = "mongodb")]
            Self::Mongo(_) => 96,
            Self::Sqlite(_) | Self::Sql(_) => 32,
        }
    }

    /// The file, if the database is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Sql(config) => config.file(),
            #[cfg(feature = "mongodb")]
            Self::Mongo(_) => None,
        }
    }

    /// Whether the connection to it is encrypted or stays on this machine.
    pub fn is_protected(&self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Sql(config) => config.is_protected(),
            #[cfg(feature = "mongodb")]
            Self::Mongo(config) => config.is_protected(),
        }
    }

    /// Opens the database.
    ///
    /// # Errors
    /// Where it cannot be reached, or its file cannot be opened.
    pub async fn open(self) -> Result<Database, Failure> {
        Ok(match self {
            Self::Sqlite(path) => Database::Sql(SqlStore::connect(SqlConfig::sqlite(path)).await?),
            Self::Sql(config) => Database::Sql(SqlStore::connect(config).await?),
            #[cfg(feature = "mongodb")]
            Self::Mongo(config) => Database::Mongo(MongoStore::connect(*config).await?),
        })
    }
}

/// For people: the file or the server, never user or password.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Sql(config) => write!(f, "{config}"),
            #[cfg(feature = "mongodb")]
            Self::Mongo(config) => write!(f, "MongoDB, database {}", config.database),
        }
    }
}

/// An open database.
#[derive(Clone)]
pub enum Database {
    /// A database that speaks SQL.
    Sql(SqlStore),
    /// MongoDB.
    #[cfg(feature = "mongodb")]
    Mongo(MongoStore),
}

impl Database {
    /// The store, with a monitor on its writes, and observed for the log.
    pub fn store(&self, writes: &Arc<Writes>) -> Arc<dyn Store> {
        let store: Arc<dyn Store> = match self {
            Self::Sql(store) => Arc::new(Observed::new(store.clone())),
            #[cfg(feature = "mongodb")]
            Self::Mongo(store) => Arc::new(Observed::new(store.clone())),
        };
        Arc::new(WatchedStore::new(store, writes.clone()))
    }

    /// Gives the engine its keys: the master key of its key ring, or on MongoDB a vault that other drivers can read as
    /// well. With a `previous` master key, every data key is wrapped again under the new one.
    pub async fn keys(
        &self,
        engine: EovrBuilder,
        key: &KeyText,
        previous: Option<&KeyText>,
    ) -> Result<(EovrBuilder, Keys), Failure> {
        match self {
            Self::Sql(_) => {
                let engine = engine.master_key(MasterKey::from_base64(&key.0)?);
                let engine = match previous {
                    Some(previous) => engine.previous_master_key(MasterKey::from_base64(&previous.0)?),
                    None => engine,
                };
                Ok((engine, Keys::Ring))
            }
            #[cfg(feature = "mongodb")]
            Self::Mongo(store) => {
                let local = LocalKey::from_base64(&key.0)?;
                let engine = engine.audit_key(local.audit_key());
                let engine = match previous {
                    Some(previous) => {
                        let previous = LocalKey::from_base64(&previous.0)?;
                        Vault::rewrap(store, &previous, &local).await?;
                        engine.previous_master_key(previous.audit_key())
                    }
                    None => engine,
                };
                let vault = Arc::new(Vault::open(store, local).await?);
                Ok((engine.cipher(vault.clone()), Keys::Vault(vault)))
            }
        }
    }

    /// What opening the engine with these kinds would change.
    pub async fn plan(&self, catalog: &Catalog) -> eovr_core::Result<Plan> {
        match self {
            Self::Sql(store) => store.plan(catalog).await,
            #[cfg(feature = "mongodb")]
            Self::Mongo(store) => store.plan(catalog).await,
        }
    }

    /// The beginning of a comment and the end of a statement in a script for the database's own shell.
    pub fn script(&self) -> (&'static str, &'static str) {
        match self {
            Self::Sql(_) => ("--", ";"),
            #[cfg(feature = "mongodb")]
            Self::Mongo(_) => ("//", ""),
        }
    }

    /// Closes the database. SQLite then leaves one file, without a log beside it.
    pub async fn close(self) {
        match self {
            Self::Sql(store) => store.close().await,
            #[cfg(feature = "mongodb")]
            Self::Mongo(store) => store.close().await,
        }
    }
}

/// Keys of our documentation that do not look like an example, so every reader knows them.
const PRINTED: &[&str] = &["Gb4ZgH41uJmSHQZqzAcqjb9D+b0cQ7cBu9fkHUpQVQk="];

/// A master key as text, well formed. The engine is opened twice, and a key cannot be copied.
pub struct KeyText(Zeroizing<String>);

impl KeyText {
    /// Checks that the text is a key for this sort of database.
    ///
    /// # Errors
    /// Where it is not.
    pub fn new(text: impl Into<Zeroizing<String>>, config: &Config) -> Result<Self, Failure> {
        let text = text.into();
        match config {
            #[cfg(feature = "mongodb")]
            Config::Mongo(_) => LocalKey::from_base64(&text).map(drop)?,
            Config::Sqlite(_) | Config::Sql(_) => MasterKey::from_base64(&text).map(drop)?,
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Why the key is weak, if that can be seen: a typed key, or a key of our documentation. A random-looking key may
    /// still be known to an attacker.
    pub fn weakness(&self) -> Option<&'static str> {
        let bytes = Zeroizing::new(STANDARD.decode(self.0.trim()).unwrap_or_default());
        let mut seen: Vec<u8> = bytes.to_vec();
        seen.sort_unstable();
        seen.dedup();
        let printed = PRINTED.contains(&self.0.trim());
        let printable = bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
        // Only once in a billion billion keys, 32 random bytes have 18 or fewer distinct values.
        let few = seen.len() <= 18;
        seen.zeroize();
        match () {
            () if printed => Some("it is printed in the documentation"),
            () if printable => Some("it is typed text, and not random"),
            () if few => Some("it repeats itself, and is not random"),
            () => None,
        }
    }

    /// Derives a secret for this purpose; the key cannot be computed from it.
    pub fn derive(&self, purpose: &str, to: &mut Secret) {
        // Both ends are fixed: our purposes are constants, and the key is well formed.
        let hash = Sha256::new().chain_update(purpose).chain_update(b"\n");
        hash.chain_update(self.0.trim()).finalize_into(to.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text after each `from_base64(` in the documentation and the examples.
    fn printed(folder: &Path, keys: &mut Vec<String>) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() {
                if !name.starts_with('.') && name != "target" {
                    printed(&path, keys)?;
                }
            } else if [".rs", ".md", ".py", ".toml"].iter().any(|ending| name.ends_with(ending)) {
                let text = std::fs::read_to_string(&path)?;
                let given = text.split("from_base64(\"").skip(1).filter_map(|rest| rest.split('"').next());
                keys.extend(given.map(str::to_owned));
            }
        }
        Ok(())
    }

    #[test]
    fn no_key_that_is_printed_anywhere_here_is_taken_for_a_good_one() {
        let mut keys = Vec::new();
        printed(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), &mut keys).unwrap();
        let config = Config::Sqlite(PathBuf::new());
        let keys: Vec<_> = keys.into_iter().filter_map(|key| KeyText::new(key, &config).ok()).collect();
        assert!(keys.len() >= 3, "the documentation shows keys");
        assert!(keys.iter().all(|key| key.weakness().is_some()));
    }
}
