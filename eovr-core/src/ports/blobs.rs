use std::fmt::Debug;

use async_trait::async_trait;
use uuid::Uuid;

use crate::error::Result;
use crate::seal::Sealed;

/// A store for large objects: photographs, documents. It receives only sealed bytes.
///
/// Each blob has its own id and is written once. Records hold the list of blobs, their owners and the permissions. A
/// blob that no record refers to is garbage, and no session can open it.
#[async_trait]
pub trait Blobs: Debug + Send + Sync {
    /// Stores a blob. The blob is durable when the call returns.
    ///
    /// # Errors
    /// `Unavailable` where the blob could not be stored.
    async fn put(&self, id: Uuid, sealed: &Sealed) -> Result<()>;

    /// The bytes stored under an id; `None` where there are none.
    ///
    /// # Errors
    /// `Unavailable` where the storage cannot be reached.
    async fn get(&self, id: Uuid) -> Result<Option<Vec<u8>>>;

    /// Removes a blob. A missing blob is not an error.
    ///
    /// # Errors
    /// `Unavailable` where the storage cannot be reached.
    async fn remove(&self, id: Uuid) -> Result<()>;
}
