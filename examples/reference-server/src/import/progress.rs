use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use eovr_core::incident;
use eovr_core::record::RecordId;
use eovr_core::{Error, Session};
use serde::{Deserialize, Serialize};

use super::rows::Rows;
use super::taken_back;
use crate::output::Failure;

/// How far an import has come: every row up to `done` is in the store or among the rejected.
///
/// Only a shortcut. It is believed where it is of this import, of which nothing was taken back since, and the last
/// incident that it names is in this store; else every row is sent again, and those that are there are found there.
pub(super) struct Progress {
    path: PathBuf,
    kept: Kept,
    /// Rows behind `done` that are finished before one that is not.
    ahead: BTreeMap<u64, Option<RecordId>>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    import: String,
    done: u64,
    last: Option<String>,
}

impl Progress {
    pub(super) async fn load(
        folder: &Path,
        rows: &Rows,
        import: &str,
        session: &Session,
    ) -> Result<Self, Error> {
        let mut name = rows.stem().as_os_str().to_owned();
        name.push(".progress.json");
        let path = folder.join(name);
        let kept: Option<Kept> = fs::read(&path).ok().and_then(|json| serde_json::from_slice(&json).ok());
        let kept = match kept.filter(|kept| kept.import == import) {
            Some(kept)
                if is_there(session, kept.last.as_deref()).await
                    && !taken_back::has_begun(session, import).await? =>
            {
                kept
            }
            _ => Kept { import: import.to_owned(), done: 0, last: None },
        };
        Ok(Self { path, kept, ahead: BTreeMap::new() })
    }

    pub(super) fn done(&self) -> u64 {
        self.kept.done
    }

    /// A row is in the store, or rejected.
    pub(super) fn settle(&mut self, row: u64, id: Option<RecordId>) {
        self.ahead.insert(row, id);
        while let Some(id) = self.ahead.remove(&(self.kept.done + 1)) {
            self.kept.done += 1;
            if let Some(id) = id {
                self.kept.last = Some(id.to_string());
            }
        }
    }

    /// Writes it beside the old one and then in its place, so that there is always a whole one.
    pub(super) fn save(&self) -> Result<(), Failure> {
        let new = self.path.with_extension("new");
        let json = serde_json::to_vec(&self.kept).unwrap_or_default();
        fs::write(&new, json).and_then(|()| fs::rename(&new, &self.path)).map_err(|error| {
            let _ = fs::remove_file(&new);
            Failure::broken(format!("cannot write `{}`: {error}", self.path.display()))
        })
    }

    /// All rows are done: the next import of this file looks at each of them.
    pub(super) fn finish(&self) {
        // Where it stays, the next import skips what is there anyway.
        let _ = fs::remove_file(&self.path);
    }
}

async fn is_there(session: &Session, last: Option<&str>) -> bool {
    match last.map(str::parse) {
        Some(Ok(id)) => session.load(incident::KIND, id).await.is_ok(),
        Some(Err(_)) => false,
        None => true,
    }
}
