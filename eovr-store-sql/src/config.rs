use std::path::PathBuf;

use eovr_core::{Error, ErrorKind, Result};

/// Where a store is, and how it works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SqlConfig {
    /// The database file. Made where it is missing.
    pub path: PathBuf,
    /// How many connections read at the same time.
    pub readers: u32,
    /// When a commit counts as done.
    pub durability: Durability,
    /// The most commits that share one transaction.
    pub group: usize,
}

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When it is on the disk: it survives a power cut. The default, as an audit trail wants it.
    Full,
    /// When the operating system has it: it survives a crash of the process, and a power cut may take
    /// the last commits. Never half of one.
    Process,
}

impl SqlConfig {
    /// A database file, four readers, full durability.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), readers: 4, durability: Durability::Full, group: 64 }
    }

    /// Reads a URL: `sqlite://hospital.db` (relative), `sqlite:///var/lib/eovr/hospital.db`.
    ///
    /// # Errors
    /// `Config` for another database, an empty path, or an unknown parameter.
    pub fn from_url(url: &str) -> Result<Self> {
        let path =
            url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).ok_or_else(|| {
                // The URL may hold a password, so it is not repeated.
                Error::new(ErrorKind::Config, "this store does not know that kind of database URL")
                    .with_help("accepted: `sqlite://FILE`")
            })?;
        let (path, parameters) = path.split_once('?').unwrap_or((path, ""));
        if path.is_empty() {
            return Err(Error::new(ErrorKind::Config, "the database URL names no file")
                .with_help("write `sqlite://FILE`"));
        }
        let mut config = Self::sqlite(path);
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter {
                "durability=full" => config.durability = Durability::Full,
                "durability=process" => config.durability = Durability::Process,
                _ => {
                    return Err(Error::new(ErrorKind::Config, "the database URL has an unknown parameter")
                        .with_help("accepted: `durability=full`, `durability=process`"));
                }
            }
        }
        Ok(config)
    }
}
