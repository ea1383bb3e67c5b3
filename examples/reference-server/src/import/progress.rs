use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use eovr_core::incident;
use eovr_core::record::RecordId;
use eovr_core::{Error, Session};
use eovr_host::output::Failure;
use serde::{Deserialize, Serialize};

use super::rows::Rows;
use super::taken_back;

/// The progress of an import: every row up to `done` is in the store or among the rejected rows.
///
/// The file only saves time. It counts if it belongs to this import, if no report of the import was taken back since,
/// and if its last incident is in this store. Otherwise the import sends every row again, and the store recognises the
/// reports that already exist.
pub(super) struct Progress {
    path: PathBuf,
    kept: Kept,
    /// Finished rows after `done`, which wait for an earlier unfinished row.
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

    /// Marks a row as finished: in the store, or rejected.
    pub(super) fn settle(&mut self, row: u64, id: Option<RecordId>) {
        self.ahead.insert(row, id);
        while let Some(id) = self.ahead.remove(&(self.kept.done + 1)) {
            self.kept.done += 1;
            if let Some(id) = id {
                self.kept.last = Some(id.to_string());
            }
        }
    }

    /// Writes a new file and renames it over the old one, so that there is always a complete file.
    pub(super) fn save(&self) -> Result<(), Failure> {
        let new = self.path.with_extension("new");
        let json = serde_json::to_vec(&self.kept).unwrap_or_default();
        fs::write(&new, json).and_then(|()| fs::rename(&new, &self.path)).map_err(|error| {
            let _ = fs::remove_file(&new);
            Failure::broken(format!("cannot write `{}`: {error}", self.path.display()))
        })
    }

    /// Removes the file after the last row, so that the next import of this list checks each row.
    pub(super) fn finish(&self) {
        // If the removal fails, the next import only skips rows that already exist.
        let _ = fs::remove_file(&self.path);
    }
}

async fn is_there(session: &Session, last: Option<&str>) -> bool {
    match last.map(str::parse) {
        Some(Ok(id)) => session.load(&incident::KIND, id).await.is_ok(),
        Some(Err(_)) => false,
        None => true,
    }
}
