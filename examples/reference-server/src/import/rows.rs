use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use eovr_core::Timestamp;
use eovr_core::org::OrgId;
use eovr_core::record::RecordId;
use sha2::{Digest, Sha256};

use crate::csv_file::{self, Opened};
use crate::output::Failure;
use crate::table;

/// The rows of a file, one at a time: a file of any size needs little memory.
pub(super) struct Rows {
    reader: csv::Reader<BufReader<File>>,
    header: ByteRecord,
    column: usize,
    column_name: String,
    facility: String,
    name: String,
    stem: PathBuf,
    digest: String,
    bytes: u64,
    number: u64,
    row: ByteRecord,
}

/// One row.
pub(super) struct Row {
    /// Its place, from 1; the line of names is not counted.
    pub(super) number: u64,
    /// The line of the file that it begins on.
    pub(super) line: u64,
    /// The id of its incident.
    pub(super) id: RecordId,
    pub(super) cells: ByteRecord,
    column: usize,
    columns: usize,
}

impl Rows {
    /// Opens the file and finds the column.
    pub(super) fn open(path: &Path, column: &str) -> Result<Self, Failure> {
        let Opened { file, digest, bytes } = csv_file::open(path)?;
        // A row with too many or too few cells is a row to be rejected, and no reason to stop.
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
        let header = reader.byte_headers().map_err(|error| csv_file::unreadable(path, &error))?.clone();
        let Some(at) = header.iter().position(|name| name == column.as_bytes()) else {
            let names: Vec<_> = header
                .iter()
                .take(20)
                .map(|name| format!("`{}`", table::cut(&table::clean(&String::from_utf8_lossy(name)), 40)))
                .collect();
            return Err(Failure::usage(
                format!("`{}` has no column `{column}`", path.display()),
                format!("its columns: {}", names.join(", ")),
            ));
        };
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Self {
            reader,
            header,
            column: at,
            column_name: column.to_owned(),
            facility: String::new(),
            name,
            stem: PathBuf::from(path.file_stem().unwrap_or(path.as_os_str())),
            digest,
            bytes,
            number: 0,
            row: ByteRecord::new(),
        })
    }

    /// The next row; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Row>, Failure> {
        let more = self.reader.read_byte_record(&mut self.row);
        if !more.map_err(|error| Failure::broken(format!("the file cannot be read on: {error}")))? {
            return Ok(None);
        }
        self.number += 1;
        let line = self.row.position().map_or(0, csv::Position::line);
        Ok(Some(Row {
            number: self.number,
            line,
            id: self.id(),
            cells: self.row.clone(),
            column: self.column,
            columns: self.header.len(),
        }))
    }

    /// The rows as reports of this facility: sent to another one, they are other reports.
    pub(super) fn of_facility(self, facility: &OrgId) -> Self {
        Self { facility: facility.to_string(), ..self }
    }

    /// The same for the same row at the same place of a file of the same name. Its time part is the row's
    /// place and not a time, so that ids sort as the rows do and a database writes them side by side.
    fn id(&self) -> RecordId {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        part(b"eovr.import.v1");
        part(self.name.as_bytes());
        part(self.facility.as_bytes());
        part(self.column_name.as_bytes());
        part(&self.number.to_be_bytes());
        self.row.iter().for_each(&mut part);
        let digest: [u8; 32] = hash.finalize().into();
        let mut random = [0; 10];
        random.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        let place = i64::try_from(self.number).unwrap_or(i64::MAX);
        RecordId::from_parts(Timestamp::from_micros(place.saturating_mul(1000)), random)
    }

    pub(super) fn header(&self) -> &ByteRecord {
        &self.header
    }

    /// The file's name without its ending.
    pub(super) fn stem(&self) -> &Path {
        &self.stem
    }

    /// What this import is about: the file's content and the column.
    pub(super) fn what(&self) -> (String, String) {
        (self.digest.clone(), format!("{} {}", self.column_name, self.facility))
    }

    /// How long the file is.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How much of it was read.
    pub(super) fn read(&self) -> u64 {
        self.reader.position().byte()
    }
}

impl Row {
    /// The narrative, or why there is none.
    pub(super) fn text(&self) -> Result<&str, &'static str> {
        if self.cells.len() < self.columns {
            return Err("it has fewer cells than there are columns; is a quotation mark missing?");
        }
        if self.cells.len() > self.columns {
            return Err("it has more cells than there are columns; is a quotation mark missing?");
        }
        let cell = self.cells.get(self.column).unwrap_or_default();
        std::str::from_utf8(cell).map_err(|_| "its text is not UTF-8")
    }
}
