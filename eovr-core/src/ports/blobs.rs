use std::fmt::Debug;

use async_trait::async_trait;
use uuid::Uuid;

use crate::error::Result;
use crate::seal::Sealed;

/// Keeps what is too large for a record: photographs, documents. It is handed sealed bytes only.
///
/// Each blob has an id of its own and is written once. Which blobs there are, whose they are and who may
/// read them the records say; a blob that no record tells of is waste, and opens for nobody.
#[async_trait]
pub trait Blobs: Debug + Send + Sync {
    /// Keeps a blob. When it returns, the blob is durable.
    ///
    /// # Errors
    /// `Unavailable` where it could not be kept.
    async fn put(&self, id: Uuid, sealed: &Sealed) -> Result<()>;

    /// The bytes that were kept under an id; `None` where there are none.
    ///
    /// # Errors
    /// `Unavailable` where the place cannot be reached.
    async fn get(&self, id: Uuid) -> Result<Option<Vec<u8>>>;

    /// Removes a blob. One that is not there is passed over.
    ///
    /// # Errors
    /// `Unavailable` where the place cannot be reached.
    async fn remove(&self, id: Uuid) -> Result<()>;
}
