//! The database of a URL, and the keys for its sealed fields.

use std::sync::Arc;

use eovr_core::memory::MemoryStore;
use eovr_core::seal::MasterKey;
use eovr_core::seal::csfle::LocalKey;
use eovr_core::service::EovrBuilder;
use eovr_store_mongo::{MongoConfig, MongoStore, Vault};
use eovr_store_sql::{SqlConfig, SqlStore};
use zeroize::Zeroizing;

use crate::failure::Outcome;

/// The store for the records.
#[derive(Clone)]
pub(crate) enum Database {
    Memory,
    Sql(SqlStore),
    Mongo(MongoStore),
}

/// A master key as text. 128 characters are 96 bytes, the length that MongoDB's drivers require.
pub(crate) struct Keys {
    pub(crate) master: Zeroizing<String>,
    pub(crate) previous: Option<Zeroizing<String>>,
}

const LOCAL_KEY_CHARS: usize = 128;

impl Database {
    pub(crate) async fn open(url: &str) -> Outcome<Self> {
        Ok(match url.split_once(':') {
            Some(("memory", _)) => Self::Memory,
            Some(("mongodb" | "mongodb+srv", _)) => {
                Self::Mongo(MongoStore::connect(MongoConfig::from_url(url)?).await?)
            }
            // The spelling of SQLAlchemy.
            Some(("postgresql", rest)) => {
                Self::Sql(SqlStore::connect(SqlConfig::from_url(&format!("postgres:{rest}"))?).await?)
            }
            _ => Self::Sql(SqlStore::connect(SqlConfig::from_url(url)?).await?),
        })
    }

    /// Gives an engine its store and its keys: a key ring under the master key, or on MongoDB, for a key of 96 bytes,
    /// the vault that other drivers read.
    pub(crate) async fn fit(&self, engine: EovrBuilder, keys: Keys) -> Outcome<EovrBuilder> {
        let Keys { master, previous } = keys;
        let engine = match self {
            Self::Memory => engine.store(MemoryStore::new()),
            Self::Sql(store) => engine.store(store.clone()),
            Self::Mongo(store) => {
                let engine = engine.store(store.clone());
                if master.trim().len() == LOCAL_KEY_CHARS {
                    let local = LocalKey::from_base64(&master)?;
                    let mut engine = engine.audit_key(local.audit_key());
                    if let Some(previous) = previous {
                        let previous = LocalKey::from_base64(&previous)?;
                        Vault::rewrap(store, &previous, &local).await?;
                        engine = engine.previous_master_key(previous.audit_key());
                    }
                    return Ok(engine.cipher(Arc::new(Vault::open(store, local).await?)));
                }
                engine
            }
        };
        let engine = engine.master_key(MasterKey::from_base64(&master)?);
        Ok(match previous {
            Some(previous) => engine.previous_master_key(MasterKey::from_base64(&previous)?),
            None => engine,
        })
    }

    pub(crate) async fn close(self) {
        match self {
            Self::Memory => {}
            Self::Sql(store) => store.close().await,
            Self::Mongo(store) => store.close().await,
        }
    }
}
