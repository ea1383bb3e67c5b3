//! A CSV file that somebody names: opened, and known by its digest.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::output::Failure;

/// A file from its beginning, and what was found when it was read through once.
pub(crate) struct Opened {
    pub(crate) file: BufReader<File>,
    /// SHA-256 of the whole file, in hexadecimal.
    pub(crate) digest: String,
    pub(crate) bytes: u64,
}

/// Opens a file and reads it through once.
///
/// # Errors
/// Where it cannot be read, is empty, or is a folder.
pub(crate) fn open(path: &Path) -> Result<Opened, Failure> {
    let unreadable = |error: io::Error| unreadable(path, &error);
    let mut file = File::open(path).map_err(unreadable)?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(self::unreadable(path, &"it is a folder"));
    }
    let mut whole = Hasher(Sha256::new());
    let bytes = io::copy(&mut file, &mut whole).map_err(unreadable)?;
    if bytes == 0 {
        return Err(self::unreadable(path, &"it is empty"));
    }
    let file = BufReader::with_capacity(1 << 16, File::open(path).map_err(unreadable)?);
    Ok(Opened { file, digest: hex(&whole.0.finalize()), bytes })
}

/// Why a file is of no use.
pub(crate) fn unreadable(path: &Path, error: &dyn Display) -> Failure {
    Failure::usage(
        format!("cannot read `{}`: {error}", path.display()),
        "give a CSV file in UTF-8 whose first line names the columns",
    )
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hashes what is written to it.
struct Hasher(Sha256);

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
