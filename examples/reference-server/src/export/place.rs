//! Where a file is made: beside its place, and moved there when it is whole.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::output::Failure;
use crate::settings::private;

/// A file that is not there yet.
pub(crate) struct Destination {
    path: PathBuf,
    part: PathBuf,
}

impl Destination {
    pub(crate) fn new(path: &Path) -> Result<Self, Failure> {
        if path.exists() {
            return Err(Failure::usage(
                format!("`{}` is there already", path.display()),
                "name another file, or move that one away",
            ));
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        Ok(Self { path: path.to_owned(), part: part.into() })
    }

    /// The folder that it lies in.
    pub(super) fn folder(&self) -> PathBuf {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        }
    }

    /// Opens it for its owner alone: what is exported is patient data.
    pub(crate) fn open(&self) -> Result<File, Failure> {
        private(&self.part).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Failure::usage(
                format!("`{}` is there: another export is writing, or was stopped", self.part.display()),
                "wait for it, or delete the file",
            ),
            _ => Failure::usage(
                format!("cannot make `{}`: {error}", self.part.display()),
                "name another place",
            ),
        })
    }

    /// Moves it to its place where it is whole, and away where it is not. Says how large it is.
    pub(crate) fn settle(&self, done: Result<(), Failure>) -> Result<u64, Failure> {
        let settled = done.and_then(|()| {
            let size = File::open(&self.part).and_then(|file| file.sync_all().and(file.metadata()));
            let size = size.map_err(unwritten)?.len();
            fs::rename(&self.part, &self.path).map_err(unwritten)?;
            Ok(size)
        });
        if settled.is_err() {
            // It may be gone already; what matters is why.
            let _ = fs::remove_file(&self.part);
        }
        settled
    }
}

pub(super) fn unwritten(error: io::Error) -> Failure {
    Failure::broken(format!("the export cannot be written: {error}"))
        .with_help("make room or name another place, and export again")
}
