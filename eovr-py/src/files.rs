//! The host's storage for files: a Python object with `put`, `get` and `remove`, which receives sealed bytes only.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use eovr_core::attachment::{Attachments, File};
use eovr_core::incident::ATTACHMENT;
use eovr_core::ports::Blobs;
use eovr_core::seal::Sealed;
use eovr_core::{Error, ErrorKind, Result, Session};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use uuid::Uuid;

use crate::call::RAISED;
use crate::failure::{Outcome, config};

/// A Python object that stores files. An exception that it raises is the cause of the error.
#[derive(Clone)]
pub(crate) struct Files(Arc<Py<PyAny>>);

impl Files {
    pub(crate) fn new(object: Py<PyAny>) -> Self {
        Self(Arc::new(object))
    }

    /// Calls the object on a thread that may block.
    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T> + Send + 'static,
    ) -> Result<T> {
        let object = self.0.clone();
        let asked = move || Python::try_attach(|py| ask(object.bind(py)));
        let broken = || {
            Error::new(ErrorKind::Unavailable, "the place for files cannot be reached")
                .with_help("see what it raised, and try again")
        };
        match tokio::task::spawn_blocking(asked).await {
            Ok(Some(Ok(answer))) => Ok(answer),
            Ok(Some(Err(raised))) => {
                let _ = RAISED.try_with(|slot| *slot.borrow_mut() = Some(raised));
                Err(broken())
            }
            // The interpreter or the thread has ended.
            Ok(None) | Err(_) => Err(broken()),
        }
    }
}

#[async_trait]
impl Blobs for Files {
    async fn put(&self, id: Uuid, sealed: &Sealed) -> Result<()> {
        let bytes = sealed.as_bytes().to_vec();
        self.ask(move |files| files.call_method1("put", (id, PyBytes::new(files.py(), &bytes))).map(drop))
            .await
    }

    async fn get(&self, id: Uuid) -> Result<Option<Vec<u8>>> {
        self.ask(move |files| files.call_method1("get", (id,))?.extract()).await
    }

    async fn remove(&self, id: Uuid) -> Result<()> {
        self.ask(move |files| files.call_method1("remove", (id,)).map(drop)).await
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Files")
    }
}

/// The attachments of incidents, for this session's actor.
///
/// # Errors
/// `Config` if the engine has no storage for files.
pub(crate) fn attachments<'a>(session: &'a Session, files: Option<&'a Files>) -> Outcome<Attachments<'a>> {
    let files =
        files.ok_or_else(|| config("the engine has no place for files", "give `files` to `Eovr.open`"))?;
    Ok(Attachments::of(session, ATTACHMENT, files))
}

/// A file for Python.
pub(crate) struct Read(pub(crate) File);
