//! Key management, the same for the command line and for HTTP, for keys in the engine's own ring or in MongoDB's vault.
//! Each change is entered in the audit trail before it is made.

#[cfg(feature = "mongodb")]
use std::sync::Arc;
use std::time::Duration;

use eovr_core::identity::key_change::{Intent, KeyChanges, KeyOperation, KeyPlace};
use eovr_core::record::RecordId;
use eovr_core::seal::Purpose;
use eovr_core::{Eovr, Error, ErrorKind, Result, Session, Timestamp};
#[cfg(feature = "mongodb")]
use {eovr_store_mongo::Vault, uuid::Uuid};

/// The interval at which a node reloads the keys, well within [`Vault::SETTLING`]. The engine reloads its own ring when
/// it misses a key, but it cannot miss a search key that another node has created.
const LOOK: Duration = Duration::from_secs(60);

/// The storage of the keys.
#[derive(Clone)]
pub enum Keys {
    /// In the engine's ring.
    Ring,
    /// In MongoDB's vault.
    #[cfg(feature = "mongodb")]
    Vault(Arc<Vault>),
}

/// A key's description, without its bytes.
pub struct Key {
    /// Its id.
    pub id: RecordId,
    /// What it seals.
    pub purpose: &'static str,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its state.
    pub state: State,
}

/// The state of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It seals, and opens.
    Sealing,
    /// It only opens.
    Opening,
    /// It is destroyed, and its sealed values with it.
    Destroyed,
}

impl State {
    /// The state in one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sealing => "sealing",
            Self::Opening => "opening",
            Self::Destroyed => "destroyed",
        }
    }
}

impl Keys {
    /// Where the keys are kept.
    pub fn place(&self) -> KeyPlace {
        match self {
            Self::Ring => KeyPlace::Ring,
            #[cfg(feature = "mongodb")]
            Self::Vault(_) => KeyPlace::Vault,
        }
    }

    /// Every key, the newest first.
    ///
    /// # Errors
    /// `Denied` below tier 5, and the store's errors.
    pub async fn list(&self, session: &Session) -> Result<Vec<Key>> {
        match self {
            Self::Ring => {
                let mut sealing = Vec::new();
                let one = |key: eovr_core::service::DataKeyInfo| {
                    // The newest of each purpose seals.
                    let newest = !key.destroyed && !sealing.contains(&key.purpose);
                    sealing.extend(newest.then_some(key.purpose));
                    let state = match (key.destroyed, newest) {
                        (true, _) => State::Destroyed,
                        (false, true) => State::Sealing,
                        (false, false) => State::Opening,
                    };
                    Key { id: key.id, purpose: key.purpose.name(), created_at: key.created_at, state }
                };
                Ok(session.data_keys().await?.into_iter().map(one).collect())
            }
            #[cfg(feature = "mongodb")]
            Self::Vault(vault) => {
                vault.refresh().await?;
                let one = |key: eovr_store_mongo::KeyInfo| Key {
                    id: record(key.id),
                    purpose: Purpose::Fields.name(),
                    created_at: key.created_at,
                    state: if key.active { State::Sealing } else { State::Opening },
                };
                Ok(vault.keys().into_iter().map(one).collect())
            }
        }
    }

    /// Creates a new key, which seals from now on.
    ///
    /// # Errors
    /// `InvalidInput` for a purpose without a key of its own here; as [`Session::rotate_key`] and [`Vault::rotate`].
    pub async fn rotate(&self, session: &Session, purpose: Purpose, reason: String) -> Result<RecordId> {
        if self.place() == KeyPlace::Vault && purpose == Purpose::Search {
            return Err(Error::invalid("`purpose`: a vault of MongoDB has one key, and searches by it")
                .with_field("purpose")
                .with_help("rotate `fields`"));
        }
        let changes = KeyChanges::of(session);
        let entry = changes.begin(self.intent(KeyOperation::Rotate, Some(purpose), None, reason)).await?;
        let made = match self {
            Self::Ring => session.rotate_key(purpose).await,
            #[cfg(feature = "mongodb")]
            Self::Vault(vault) => vault.rotate().await.map(record),
        };
        changes.end(entry, &made, made.as_ref().ok().copied()).await?;
        made
    }

    /// Destroys a retired key; its sealed values become unreadable.
    ///
    /// # Errors
    /// `NotFound` if there is no such key; as [`Session::destroy_key`] and [`Vault::destroy`].
    pub async fn destroy(&self, session: &Session, id: RecordId, reason: String) -> Result<()> {
        if !self.list(session).await?.iter().any(|key| key.id == id) {
            return Err(Error::new(ErrorKind::NotFound, "no such key").with_help("`key list` shows them"));
        }
        let changes = KeyChanges::of(session);
        let entry = changes.begin(self.intent(KeyOperation::Destroy, None, Some(id), reason.clone())).await?;
        let done = match self {
            Self::Ring => session.destroy_key(id, &reason).await,
            #[cfg(feature = "mongodb")]
            Self::Vault(vault) => vault.destroy(Uuid::from_bytes(*id.as_bytes())).await,
        };
        changes.end(entry, &done, None).await?;
        done
    }

    /// The intended change.
    pub fn intent(
        &self,
        change: KeyOperation,
        purpose: Option<Purpose>,
        key: Option<RecordId>,
        reason: String,
    ) -> Intent {
        Intent { change, place: self.place(), purpose: purpose.map(Purpose::name), key, reason }
    }

    /// Reloads key changes of other nodes, until it is dropped.
    pub async fn follow(self, eovr: Eovr) {
        let mut every = tokio::time::interval(LOOK);
        loop {
            every.tick().await;
            let read = match &self {
                Self::Ring => eovr.refresh_keys().await,
                #[cfg(feature = "mongodb")]
                Self::Vault(vault) => vault.refresh().await,
            };
            if let Err(error) = read {
                tracing::warn!(kind = error.kind().name(), "the keys were not read");
            }
        }
    }
}

/// The purpose with this name.
///
/// # Errors
/// `InvalidInput` for an unknown name.
pub fn purpose(word: &str) -> Result<Purpose> {
    let known = [Purpose::Fields, Purpose::Search];
    known.into_iter().find(|purpose| purpose.name() == word).ok_or_else(|| {
        Error::new(ErrorKind::InvalidInput, "`purpose` is not one that keys have")
            .with_field("purpose")
            .with_help("`fields` or `search`")
    })
}

#[cfg(feature = "mongodb")]
fn record(id: Uuid) -> RecordId {
    RecordId::from_bytes(*id.as_bytes())
}
