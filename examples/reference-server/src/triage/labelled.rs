//! Labelled narratives from a CSV file.

use std::path::{Path, PathBuf};

use csv::ByteRecord;
use sha2::{Digest as _, Sha256};

use crate::csv_file::{Reading, Table};
use eovr_host::output::Failure;

/// The rows of a file, one at a time.
pub(super) struct Labelled {
    table: Table,
    row: ByteRecord,
    path: PathBuf,
    number: u64,
    /// SHA-256 of the file.
    pub(super) digest: String,
    pub(super) bytes: u64,
}

/// The index of a column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column(usize);

/// The parts of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Train,
    Valid,
    Test,
}

/// The digest of a text, the same for rows with the same text.
pub(super) fn text_digest(text: &str) -> [u8; 16] {
    let digest = Sha256::digest(text.trim().as_bytes());
    digest.first_chunk().copied().unwrap_or_default()
}

impl Labelled {
    /// Opens a file that has these columns.
    pub(super) fn open(path: &Path, reading: &Reading, wanted: &[&str]) -> Result<Self, Failure> {
        let table = Table::open(path, reading, wanted)?;
        let (digest, bytes) = (table.digest.clone(), table.bytes);
        Ok(Self { table, row: ByteRecord::new(), path: path.to_owned(), number: 0, digest, bytes })
    }

    /// Prints the detected encoding and separator of the file.
    pub(super) fn say_what_was_found(&self) {
        self.table.say_what_was_found();
    }

    /// The column that an option names.
    pub(super) fn column(&self, option: &str, name: &str) -> Result<Column, Failure> {
        self.table.column(option, name).map(Column)
    }

    /// Reads the next row; `false` at the end.
    pub(super) fn next(&mut self) -> Result<bool, Failure> {
        self.number += 1;
        let Some(line) = self.table.next(&mut self.row)? else { return Ok(false) };
        let why = if let Some(wrong) = self.table.wrong_with(&self.row) {
            wrong.to_owned()
        } else if self.row.iter().any(|cell| std::str::from_utf8(cell).is_err()) {
            format!("it is not {}", self.table.encoding())
        } else {
            return Ok(true);
        };
        Err(Failure::usage(
            format!("row {} (line {line}) of `{}` cannot be read: {why}", self.number, self.path.display()),
            "give a CSV file with as many cells in each row as there are columns, in one encoding",
        ))
    }

    pub(super) fn cell(&self, column: Column) -> &str {
        std::str::from_utf8(self.row.get(column.0).unwrap_or_default()).unwrap_or_default()
    }

    /// The row's label, which must not be empty.
    pub(super) fn label(&self, column: Column) -> Result<&str, Failure> {
        let label = self.cell(column).trim();
        if label.is_empty() {
            let message = format!("row {} has no label", self.number);
            return Err(Failure::usage(message, "give every row a label, or take it out"));
        }
        Ok(label)
    }

    /// The row's number, from 1, without the header line.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn read(&self) -> u64 {
        self.table.read()
    }

    /// The part of the split that the row belongs to: from the column, or derived from the seed and the text, so that
    /// the same text is never in two parts.
    pub(super) fn side(&self, split: Option<Column>, text: &str, seed: u64) -> Result<Side, Failure> {
        let Some(split) = split else {
            let mut hash = Sha256::new();
            hash.update(b"eovr.split.v1");
            hash.update(seed.to_be_bytes());
            hash.update(text.trim().as_bytes());
            let first = hash.finalize().first().copied().unwrap_or_default();
            // 38 of 256 are 15 percent.
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
