//! The database that a URL names, and what opens its sealed fields.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use eovr_core::ports::Store;
use eovr_core::seal::MasterKey;
use eovr_core::seal::csfle::LocalKey;
use eovr_core::service::EovrBuilder;
use eovr_store_mongo::{MongoConfig, MongoStore, Vault};
use eovr_store_sql::{SqlConfig, SqlStore};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::output::Failure;

/// Where the data is.
pub(crate) enum Config {
    Sqlite(PathBuf),
    Sql(SqlConfig),
    Mongo(Box<MongoConfig>),
}

impl Config {
    pub(crate) fn from_url(url: &str) -> Result<Self, Failure> {
        Ok(match url.split_once(':') {
            Some(("mongodb" | "mongodb+srv", _)) => Self::Mongo(Box::new(MongoConfig::from_url(url)?)),
            _ => Self::Sql(SqlConfig::from_url(url)?),
        })
    }

    /// How many bytes the master key has: MongoDB's drivers want 96.
    pub(crate) fn key_bytes(&self) -> usize {
        match self {
            Self::Mongo(_) => 96,
            Self::Sqlite(_) | Self::Sql(_) => 32,
        }
    }

    pub(crate) async fn open(self) -> Result<Database, Failure> {
        Ok(match self {
            Self::Sqlite(path) => Database::Sql(SqlStore::connect(SqlConfig::sqlite(path)).await?),
            Self::Sql(config) => Database::Sql(SqlStore::connect(config).await?),
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
            Self::Mongo(config) => write!(f, "MongoDB, database {}", config.database),
        }
    }
}

/// A database that was opened.
#[derive(Clone)]
pub(crate) enum Database {
    Sql(SqlStore),
    Mongo(MongoStore),
}

impl Database {
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sql(store) => Arc::new(store.clone()),
            Self::Mongo(store) => Arc::new(store.clone()),
        }
    }

    /// Gives the engine what it needs to seal: the master key of its key ring, or on MongoDB a vault that
    /// other drivers read as well.
    pub(crate) async fn keys(&self, engine: EovrBuilder, key: &KeyText) -> Result<EovrBuilder, Failure> {
        Ok(match self {
            Self::Sql(_) => engine.master_key(MasterKey::from_base64(&key.0)?),
            Self::Mongo(store) => {
                let vault = Vault::open(store, LocalKey::from_base64(&key.0)?).await?;
                engine.cipher(Arc::new(vault))
            }
        })
    }

    /// Leaves one database file behind, without a log beside it.
    pub(crate) async fn close(self) {
        match self {
            Self::Sql(store) => store.close().await,
            Self::Mongo(store) => store.close().await,
        }
    }
}

/// A master key as text, well formed. The engine is opened twice, and a key cannot be copied.
pub(crate) struct KeyText(Zeroizing<String>);

impl KeyText {
    pub(crate) fn new(text: impl Into<Zeroizing<String>>, config: &Config) -> Result<Self, Failure> {
        let text = text.into();
        match config {
            Config::Mongo(_) => LocalKey::from_base64(&text).map(drop)?,
            Config::Sqlite(_) | Config::Sql(_) => MasterKey::from_base64(&text).map(drop)?,
        }
        Ok(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// A secret for this purpose, from which the key does not follow.
    pub(crate) fn derived(&self, purpose: &str) -> [u8; 32] {
        // Both ends are fixed: the purpose is ours, and the key is well formed.
        let hash = Sha256::new().chain_update(purpose).chain_update(b"\n");
        hash.chain_update(self.0.trim()).finalize().into()
    }
}
