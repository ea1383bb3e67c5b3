use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use csv::ByteRecord;

use super::rows::{Row, Rows};
use eovr_host::output::Failure;
use eovr_host::settings::private;

/// The file of rejected rows. Each row is complete, with its number and the reason, so that the user can correct and
/// import it. The first rejected row creates the file.
pub(super) struct Rejected {
    path: PathBuf,
    header: ByteRecord,
    writer: Option<csv::Writer<File>>,
    count: u64,
}

impl Rejected {
    /// Keeps the rejected rows among the first `done` rows of an earlier run, and drops the later ones, because the
    /// import reads those rows again.
    pub(super) fn open(folder: &Path, rows: &Rows, done: u64) -> Result<Self, Failure> {
        let mut name = rows.stem().as_os_str().to_owned();
        name.push(".rejected.csv");
        let path = folder.join(name);
        let mut header = ByteRecord::from(vec!["row", "reason"]);
        header.extend(rows.header());
        let mut rejected = Self { path, header, writer: None, count: 0 };
        let earlier = rejected.earlier(done);
        match fs::remove_file(&rejected.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(rejected.unwritable(&error)),
            _ => {}
        }
        for cells in &earlier {
            rejected.push(cells)?;
        }
        Ok(rejected)
    }

    fn earlier(&self, done: u64) -> Vec<ByteRecord> {
        if done == 0 {
            return Vec::new();
        }
        let reader = csv::ReaderBuilder::new().flexible(true).from_path(&self.path);
        let is_done = |cells: &ByteRecord| {
            let row = cells.get(0).and_then(|row| std::str::from_utf8(row).ok()?.parse::<u64>().ok());
            row.is_some_and(|row| row <= done)
        };
        let rows = reader.into_iter().flat_map(csv::Reader::into_byte_records);
        rows.filter_map(Result::ok).filter(is_done).collect()
    }

    pub(super) fn write(&mut self, row: &Row, reason: &str) -> Result<(), Failure> {
        let number = row.number.to_string();
        let mut cells = ByteRecord::from(vec![number.as_str(), reason]);
        cells.extend(&row.cells);
        self.push(&cells)
    }

    fn push(&mut self, cells: &ByteRecord) -> Result<(), Failure> {
        self.count += 1;
        let writer = match self.writer.take() {
            Some(writer) => Ok(writer),
            None => private(&self.path).and_then(|file| {
                let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(file);
                writer.write_byte_record(&self.header)?;
                Ok(writer)
            }),
        };
        let written = writer.and_then(|mut writer| {
            writer.write_byte_record(cells)?;
            Ok(writer)
        });
        self.writer = Some(written.map_err(|error| self.unwritable(&error))?);
        Ok(())
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        match self.writer.as_mut().map(csv::Writer::flush) {
            Some(Err(error)) => Err(self.unwritable(&error)),
            _ => Ok(()),
        }
    }

    fn unwritable(&self, error: &io::Error) -> Failure {
        Failure::broken(format!("cannot write `{}`: {error}", self.path.display()))
    }

    /// The number of rejected rows, including those of earlier runs.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
