use std::io::Write;

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::error::Result;
use crate::export::Opened;
use crate::export::columns::{COLUMNS, Cell};
use crate::export::write::{unwritten, unwritten_json};

/// The list as one JSON object per line: every column of the table, `null` where a field is not set, codes as stores
/// keep them, times in UTC as RFC 3339. `unreadable` lists the fields that can no longer be read.
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
    to: W,
}

impl<W: Write> Ndjson<W> {
    /// Makes a writer.
    pub fn new(to: W) -> Self {
        Self { to }
    }

    /// Writes one incident.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn push(&mut self, incident: &Opened) -> Result<()> {
        serde_json::to_writer(&mut self.to, &Line(incident)).map_err(unwritten_json)?;
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

struct Line<'a>(&'a Opened);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut unreadable = Vec::new();
        let mut map = serializer.serialize_map(Some(COLUMNS.len() + 1))?;
        for column in COLUMNS {
            map.serialize_key(column.code)?;
            match column.read(self.0) {
                Cell::Empty => map.serialize_value(&())?,
                Cell::Unreadable => {
                    unreadable.push(column.code);
                    map.serialize_value(&())?;
                }
                Cell::Text(text) => map.serialize_value(text)?,
                Cell::Code(code) => map.serialize_value(&code)?,
                Cell::Int(int) => map.serialize_value(&int)?,
                Cell::Bool(bool) => map.serialize_value(&bool)?,
                Cell::Time(at) => map.serialize_value(&at)?,
            }
        }
        map.serialize_entry("unreadable", &unreadable)?;
        map.end()
    }
}
