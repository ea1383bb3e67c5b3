//! Labelled narratives from a CSV file.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use sha2::{Digest as _, Sha256};

use crate::csv_file::{self, Opened};
use crate::output::Failure;
use crate::table;

/// The rows of a file, one at a time.
pub(super) struct Labelled {
    reader: csv::Reader<BufReader<File>>,
    header: StringRecord,
    row: StringRecord,
    path: PathBuf,
    number: u64,
    /// SHA-256 of the file.
    pub(super) digest: String,
    pub(super) bytes: u64,
}

/// Where a column is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column(usize);

/// Which rows a split keeps apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Train,
    Valid,
    Test,
}

/// What two rows with the same text share.
pub(super) fn text_digest(text: &str) -> [u8; 16] {
    let digest = Sha256::digest(text.trim().as_bytes());
    digest.first_chunk().copied().unwrap_or_default()
}

impl Labelled {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let Opened { file, digest, bytes } = csv_file::open(path)?;
        let mut reader = csv::Reader::from_reader(file);
        let mut header = reader.headers().map_err(|error| csv_file::unreadable(path, &error))?.clone();
        // Spreadsheets put a mark before the first name.
        if let Some(first) = header.get(0).and_then(|name| name.strip_prefix('\u{FEFF}')) {
            header = std::iter::once(first).chain(header.iter().skip(1)).collect();
        }
        Ok(Self { reader, header, row: StringRecord::new(), path: path.to_owned(), number: 0, digest, bytes })
    }

    pub(super) fn column(&self, name: &str) -> Result<Column, Failure> {
        self.header.iter().position(|known| known == name).map(Column).ok_or_else(|| {
            let names: Vec<_> = self
                .header
                .iter()
                .take(20)
                .map(|name| format!("`{}`", table::cut(&table::clean(name), 40)))
                .collect();
            Failure::usage(
                format!("`{}` has no column `{name}`", self.path.display()),
                format!("its columns: {}", names.join(", ")),
            )
        })
    }

    /// Reads the next row; `false` at the end.
    pub(super) fn next(&mut self) -> Result<bool, Failure> {
        self.number += 1;
        let row = self.number;
        self.reader.read_record(&mut self.row).map_err(|error| {
            let why = match error.kind() {
                csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_owned(),
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("it has {len} cells and there are {expected_len} columns; is a quotation mark missing?")
                }
                _ => error.to_string(),
            };
            Failure::usage(
                format!("row {row} of `{}` cannot be read: {why}", self.path.display()),
                "give a CSV file in UTF-8 with as many cells in each row as there are columns",
            )
        })
    }

    pub(super) fn cell(&self, column: Column) -> &str {
        self.row.get(column.0).unwrap_or_default()
    }

    /// The row's label; there is one.
    pub(super) fn label(&self, column: Column) -> Result<&str, Failure> {
        let label = self.cell(column).trim();
        if label.is_empty() {
            let message = format!("row {} has no label", self.number);
            return Err(Failure::usage(message, "give every row a label, or take it out"));
        }
        Ok(label)
    }

    /// The row's number, from 1; the line of names is not counted.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn read(&self) -> u64 {
        self.reader.position().byte()
    }

    /// On which side of the split the row is: as the column says, or by a chance that follows from the seed
    /// and the text, so that the same text is never on two sides.
    pub(super) fn side(&self, split: Option<Column>, text: &str, seed: u64) -> Result<Side, Failure> {
        let Some(split) = split else {
            let mut hash = Sha256::new();
            hash.update(b"eovr.split.v1");
            hash.update(seed.to_be_bytes());
            hash.update(text.trim().as_bytes());
            let first = hash.finalize().first().copied().unwrap_or_default();
            // 38 of 256: 15 in a hundred.
            return Ok(if first < 38 { Side::Test } else { Side::Train });
        };
        match self.cell(split).trim().to_ascii_lowercase().as_str() {
            "train" | "training" => Ok(Side::Train),
            "valid" | "validation" | "val" | "dev" => Ok(Side::Valid),
            "test" => Ok(Side::Test),
            _ => Err(Failure::usage(
                format!("the split of row {} of `{}` is not known", self.number, self.path.display()),
                "accepted: `train`, `valid`, `test`",
            )),
        }
    }
}
