use std::io::Write;

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::error::Result;
use crate::export::columns::{Cell, base64};
use crate::export::write::{unwritten, unwritten_json};
use crate::export::{Columns, Opened};

/// The list as one JSON object per line: every column, `null` where a field is not set, codes as stores keep them,
/// times in UTC as RFC 3339, bytes in base64. `unreadable` lists the fields that can no longer be read.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
/// # let report = testing::report();
/// # let id = nurse.incidents().report(&nile, report).await?.written.id;
/// use eovr_core::export::{Ndjson, Opened};
///
/// # let record = quality.incidents().load(id).await?;
/// let opened = Opened::of(&quality, record)?;
/// let mut ndjson = Ndjson::new(Vec::new());
/// ndjson.push(&opened)?;
/// let line: serde_json::Value = serde_json::from_slice(&ndjson.finish()?)?;
/// assert_eq!(line["category"], "medication");
/// # Ok(()) });
/// ```
#[derive(Debug)]
pub struct Ndjson<W> {
    columns: Columns,
    to: W,
}

impl<W: Write> Ndjson<W> {
    /// Makes a writer of incidents.
    pub fn new(to: W) -> Self {
        Self::of(Columns::incidents(), to)
    }

    /// Makes a writer of records with these columns.
    pub fn of(columns: Columns, to: W) -> Self {
        Self { columns, to }
    }

    /// Writes one record.
    ///
    /// # Errors
    /// `InvalidInput` for a record of another kind than the columns; `Unavailable` where it cannot be written.
    pub fn push(&mut self, record: &Opened) -> Result<()> {
        self.columns.check(record)?;
        serde_json::to_writer(&mut self.to, &Line(&self.columns, record)).map_err(unwritten_json)?;
        self.to.write_all(b"\n").map_err(unwritten)
    }

    /// Flushes the buffer and returns the writer.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn finish(mut self) -> Result<W> {
        self.to.flush().map_err(unwritten)?;
        Ok(self.to)
    }
}

struct Line<'a>(&'a Columns, &'a Opened);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut unreadable = Vec::new();
        let Self(columns, record) = self;
        let mut map = serializer.serialize_map(Some(columns.list().len() + 1))?;
        for column in columns.list() {
            map.serialize_key(&column.code)?;
            match column.read(record) {
                Cell::Empty => map.serialize_value(&())?,
                Cell::Unreadable => {
                    unreadable.push(&column.code);
                    map.serialize_value(&())?;
                }
                Cell::Text(text) => map.serialize_value(text)?,
                Cell::Code(code) => map.serialize_value(&code)?,
                Cell::Int(int) => map.serialize_value(&int)?,
                Cell::Bool(bool) => map.serialize_value(&bool)?,
                Cell::Time(at) => map.serialize_value(&at)?,
                Cell::Bytes(bytes) => map.serialize_value(&base64(bytes))?,
            }
        }
        map.serialize_entry("unreadable", &unreadable)?;
        map.end()
    }
}
