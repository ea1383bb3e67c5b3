//! The storage for attachments: a folder, or a bucket (feature `s3`).

use std::fmt;
use std::path::Path as Folder;

use async_trait::async_trait;
use eovr_core::ports::Blobs;
use eovr_core::seal::Sealed;
use eovr_core::{Error, ErrorKind, Result};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use uuid::Uuid;

use crate::output::Failure;

/// Storage for sealed files. eovr seals them first, so the storage cannot read them.
pub struct Files {
    store: Box<dyn ObjectStore>,
    below: Path,
}

impl Files {
    /// A folder, created if it is missing.
    pub fn in_folder(folder: &Folder) -> Result<Self, Failure> {
        let wrong = |error: &dyn fmt::Display| {
            Failure::usage(
                format!("cannot keep files in `{}`: {error}", folder.display()),
                "name another folder with --files",
            )
        };
        std::fs::create_dir_all(folder).map_err(|error| wrong(&error))?;
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| wrong(&error))?;
        // With fsync, because a durable record must refer to a durable file.
        Ok(Self { store: Box::new(store.with_fsync(true)), below: Path::default() })
    }

    /// A folder, or `s3://BUCKET/PREFIX`, whose credentials come from the usual `AWS_…` variables.
    pub fn at(place: &str) -> Result<Self, Failure> {
        match place.strip_prefix("s3://") {
            Some(bucket) => Self::in_bucket(bucket),
            None => Self::in_folder(Folder::new(place)),
        }
    }

    #[cfg(feature = "s3")]
    fn in_bucket(place: &str) -> Result<Self, Failure> {
        let (bucket, below) = place.split_once('/').unwrap_or((place, ""));
        let wrong = |error: &dyn fmt::Display| {
            Failure::usage(
                format!("cannot keep files in the bucket `{bucket}`: {error}"),
                "write s3://BUCKET/PREFIX, and see the variables AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            )
        };
        let store = object_store::aws::AmazonS3Builder::from_env().with_bucket_name(bucket).build();
        let store = store.map_err(|error| wrong(&error))?;
        let below = Path::parse(below).map_err(|error| wrong(&error))?;
        Ok(Self { store: Box::new(store), below })
    }

    #[cfg(not(feature = "s3"))]
    fn in_bucket(_: &str) -> Result<Self, Failure> {
        Err(Failure::usage(
            "this server was built without buckets".to_owned(),
            "name a folder with --files, or build it with `--features s3`",
        ))
    }

    fn path(&self, id: Uuid) -> Path {
        self.below.clone().join(id.hyphenated().to_string())
    }
}

#[async_trait]
impl Blobs for Files {
    async fn put(&self, id: Uuid, sealed: &Sealed) -> Result<()> {
        let bytes = sealed.as_bytes().to_vec();
        self.store.put(&self.path(id), bytes.into()).await.map(drop).map_err(unavailable)
    }

    async fn get(&self, id: Uuid) -> Result<Option<Vec<u8>>> {
        let got = match self.store.get(&self.path(id)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            got => got.map_err(unavailable)?,
        };
        Ok(Some(got.bytes().await.map_err(unavailable)?.to_vec()))
    }

    async fn remove(&self, id: Uuid) -> Result<()> {
        match self.store.delete(&self.path(id)).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            done => done.map_err(unavailable),
        }
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Files({})", self.store)
    }
}

fn unavailable(error: object_store::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "the file storage does not respond")
        .with_help("try again; the log has the storage's error")
        .because(error)
}
