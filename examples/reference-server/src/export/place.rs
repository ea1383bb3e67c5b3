//! Writes a file beside its destination, and moves it there when it is complete.

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use eovr_host::output::Failure;

/// An incomplete file. It is deleted when its writer is dropped, because an export is patient data, and no error, panic
/// or Ctrl-C may leave a part of it behind.
pub(crate) type Part = BufWriter<NamedTempFile>;

/// A file that does not exist yet.
pub(crate) struct Destination {
    path: PathBuf,
}

impl Destination {
    pub(crate) fn new(path: &Path) -> Result<Self, Failure> {
        if path.exists() {
            return Err(Failure::usage(
                format!("`{}` is there already", path.display()),
                "name another file, or move that one away",
            ));
        }
        Ok(Self { path: path.to_owned() })
    }

    /// The folder of the file.
    pub(super) fn folder(&self) -> PathBuf {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        }
    }

    /// Creates the file, readable by its owner only.
    pub(crate) fn open(&self) -> Result<Part, Failure> {
        let part = tempfile::Builder::new().prefix(".eovr-").suffix(".part").tempfile_in(self.folder());
        let part = part.map_err(|error| {
            Failure::usage(
                format!("cannot make a file in `{}`: {error}", self.folder().display()),
                "name another place",
            )
        })?;
        Ok(BufWriter::with_capacity(1 << 16, part))
    }

    /// Moves the complete file to its destination, and returns its size.
    pub(crate) fn settle(&self, part: Part) -> Result<u64, Failure> {
        let part = part.into_inner().map_err(|error| unwritten(error.into_error()))?;
        part.as_file().sync_all().map_err(unwritten)?;
        let placed = part.persist_noclobber(&self.path).map_err(|error| unwritten(error.error))?;
        Ok(placed.metadata().map_err(unwritten)?.len())
    }
}

pub(super) fn unwritten(error: io::Error) -> Failure {
    Failure::broken(format!("the export cannot be written: {error}"))
        .with_help("make room or name another place, and export again")
}
