//! Imports existing reports from a table of pandas, polars, pyarrow or DuckDB.
//!
//! The id of an incident is derived from the facility, the set's name and the row's content. So a second import of the
//! same table adds nothing in any order, a longer table adds its new rows, and an interrupted import is simply
//! repeated. Two equal rows stay two incidents.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow_cast::cast;
use arrow_schema::{DataType, TimeUnit};
use eovr_core::incident::Report;
use eovr_core::org::OrgId;
use eovr_core::record::RecordId;
use eovr_core::{Error, ErrorKind, Result, Session, Timestamp};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3_arrow::PyTable;
use tokio::task::JoinSet;

use crate::failure::Outcome;

/// How many reports are in flight at once; the store combines waiting ones into one transaction.
const IN_FLIGHT: usize = 64;

/// The text columns; `occurred_at` is a time.
const WORDS: [&str; 12] = [
    "category",
    "subtype",
    "description",
    "specific_error",
    "location",
    "involved_person",
    "medical_file_number",
    "immediate_action",
    "responsible_manager",
    "notes",
    "actual_harm",
    "potential_harm",
];
const OCCURRED_AT: &str = "occurred_at";

/// Reports in columns.
pub(crate) struct Rows {
    parts: Vec<Part>,
    /// For rows without a category.
    category: String,
    /// The prefix of the ids.
    name: String,
}

/// A chunk of each column, as the table provides it.
struct Part {
    words: [Option<StringArray>; WORDS.len()],
    occurred_at: Option<TimestampMicrosecondArray>,
    rows: usize,
}

/// The result of an import.
#[derive(Default)]
pub(crate) struct Imported {
    /// The incident of each row; `None` for a rejected row.
    pub(crate) ids: Vec<Option<RecordId>>,
    /// How many existed before.
    pub(crate) there: usize,
    /// The rejected rows by index, with the error.
    pub(crate) rejected: Vec<(usize, Error)>,
}

impl Rows {
    /// Reads a table: anything with `__arrow_c_stream__`.
    pub(crate) fn of(table: &Bound<'_, PyAny>, category: String, name: String) -> Outcome<Self> {
        if !table.hasattr("__arrow_c_stream__")? {
            let wrong = "give a table that hands itself over as Arrow: of pandas, polars, pyarrow or DuckDB";
            return Err(PyTypeError::new_err(wrong).into());
        }
        let (batches, schema) = table.extract::<PyTable>()?.into_inner();
        for field in schema.fields() {
            if !WORDS.contains(&field.name().as_str()) && field.name() != OCCURRED_AT {
                return Err(Error::invalid("a column is nothing that a report has")
                    .with_help(format!(
                        "rename it or leave it out; accepted: `{}`, `{OCCURRED_AT}`",
                        WORDS.join("`, `")
                    ))
                    .with("column", field.name())
                    .into());
            }
        }
        if schema.field_with_name("description").is_err() {
            let missing = Error::invalid("the table has no column `description`");
            return Err(missing.with_help("rename the one that has the narratives").into());
        }
        let parts = batches.iter().map(Part::of).collect::<Result<_>>()?;
        Ok(Self { parts, category, name })
    }

    /// Reports each row. An error of a row is kept with the row; an error of the store ends the import.
    pub(crate) async fn report(self, session: Session, facility: OrgId) -> Result<Imported> {
        let mut imported = Imported::default();
        imported.ids.resize(self.parts.iter().map(|part| part.rows).sum(), None);
        let mut on_their_way = JoinSet::new();
        let places = self.parts.iter().flat_map(|part| (0..part.rows).map(move |row| (part, row)));
        let mut met: HashMap<RecordId, u64> = HashMap::new();
        for (place, (part, row)) in places.enumerate() {
            let content = part.content(row);
            let times = met.entry(self.id(&facility, 1, &content)).or_default();
            *times += 1;
            let id = self.id(&facility, *times, &content);
            match part.report(row, &self.category) {
                Ok(report) => {
                    let (session, facility) = (session.clone(), facility.clone());
                    on_their_way.spawn(async move {
                        let done = session.incidents().report_as(&facility, id, report).await;
                        (place, id, done.map(drop))
                    });
                }
                Err(error) => imported.settle(place, id, Err(error))?,
            }
            if on_their_way.len() >= IN_FLIGHT {
                imported.next(&mut on_their_way).await?;
            }
        }
        while !on_their_way.is_empty() {
            imported.next(&mut on_their_way).await?;
        }
        imported.rejected.sort_by_key(|(place, _)| *place);
        Ok(imported)
    }

    /// The id of the nth row with this content.
    fn id(&self, facility: &OrgId, nth: u64, content: &[u8]) -> RecordId {
        let name = self.name.replace('\n', " ");
        let (facility, nth) = (facility.as_str().as_bytes(), nth.to_string());
        RecordId::derived("eovr.import.table.v2", &[facility, name.as_bytes(), nth.as_bytes(), content])
    }
}

impl Part {
    fn of(batch: &RecordBatch) -> Result<Self> {
        let mut words = [const { None }; WORDS.len()];
        for (column, name) in words.iter_mut().zip(WORDS) {
            *column = batch
                .column_by_name(name)
                .map(|array| read(name, array, &DataType::Utf8, "text"))
                .transpose()?
                .map(|array| array.as_string::<i32>().clone());
        }
        let moments = DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")));
        let occurred_at = match batch.column_by_name(OCCURRED_AT) {
            Some(array) if matches!(array.data_type(), DataType::Timestamp(_, None)) => {
                return Err(Error::invalid(format!("`{OCCURRED_AT}` has no time zone"))
                    .with_help("say which one its clock showed: `dt.tz_localize`, `dt.replace_time_zone`"));
            }
            Some(array) => Some(read(OCCURRED_AT, array, &moments, "moments with a time zone")?),
            None => None,
        };
        let occurred_at = occurred_at.map(|array| array.as_primitive::<TimestampMicrosecondType>().clone());
        Ok(Self { words, occurred_at, rows: batch.num_rows() })
    }

    fn text(&self, column: usize, row: usize) -> Option<&str> {
        let column = self.words.get(column)?.as_ref()?;
        column.is_valid(row).then(|| column.value(row))
    }

    /// The content of a row, with lengths in front, so that no two different rows look alike.
    fn content(&self, row: usize) -> Vec<u8> {
        let mut content = Vec::new();
        for text in (0..WORDS.len()).map(|column| self.text(column, row)) {
            content.extend(text.map_or(u64::MAX, |text| text.len() as u64).to_be_bytes());
            content.extend(text.unwrap_or_default().as_bytes());
        }
        content.extend(self.moment(row).map_or(i64::MIN, Timestamp::as_micros).to_be_bytes());
        content
    }

    fn moment(&self, row: usize) -> Option<Timestamp> {
        let column = self.occurred_at.as_ref()?;
        column.is_valid(row).then(|| Timestamp::from_micros(column.value(row)))
    }

    fn report(&self, row: usize, category: &str) -> Result<Report> {
        let mut report = Report { category: category.to_owned(), ..Report::default() };
        for (column, name) in WORDS.into_iter().enumerate() {
            let Some(text) = self.text(column, row) else { continue };
            let place = match name {
                "category" => {
                    text.clone_into(&mut report.category);
                    continue;
                }
                "description" => {
                    text.clone_into(&mut report.description);
                    continue;
                }
                "actual_harm" => {
                    report.actual_harm = Some(text.parse()?);
                    continue;
                }
                "potential_harm" => {
                    report.potential_harm = Some(text.parse()?);
                    continue;
                }
                "subtype" => &mut report.subtype,
                "specific_error" => &mut report.specific_error,
                "location" => &mut report.location,
                "involved_person" => &mut report.involved_person,
                "medical_file_number" => &mut report.medical_file_number,
                "immediate_action" => &mut report.immediate_action,
                "responsible_manager" => &mut report.responsible_manager,
                _ => &mut report.notes,
            };
            *place = Some(text.to_owned());
        }
        report.occurred_at = self.moment(row);
        Ok(report)
    }
}

impl Imported {
    async fn next(&mut self, on_their_way: &mut JoinSet<(usize, RecordId, Result<()>)>) -> Result<()> {
        let Some(joined) = on_their_way.join_next().await else { return Ok(()) };
        let (place, id, done) = joined.map_err(|error| Error::bug("a row was lost").because(error))?;
        self.settle(place, id, done)
    }

    fn settle(&mut self, place: usize, id: RecordId, done: Result<()>) -> Result<()> {
        let known = match done {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::Conflict => {
                self.there += 1;
                true
            }
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                self.rejected.push((place, error));
                false
            }
            Err(error) => return Err(error.with("row", place)),
        };
        if let Some(row) = self.ids.get_mut(place) {
            *row = known.then_some(id);
        }
        Ok(())
    }
}

/// Converts a column to another type after validating it, because its memory comes from other code.
fn read(name: &str, array: &ArrayRef, to: &DataType, wanted: &str) -> Result<ArrayRef> {
    let wrong = |because| {
        let error = Error::invalid(format!("`{name}` is of another type"));
        error.with_help(format!("give {wanted}")).with("type", array.data_type()).because(because)
    };
    array.to_data().validate_full().map_err(wrong)?;
    if !readable(array.data_type(), to) {
        let wrong = Error::invalid(format!("`{name}` is of another type"));
        return Err(wrong.with_help(format!("give {wanted}")).with("type", array.data_type()));
    }
    cast(array, to).map_err(wrong)
}

/// Whether one type is another encoding of the other; a number never becomes a narrative.
fn readable(from: &DataType, to: &DataType) -> bool {
    match from {
        DataType::Null => true,
        DataType::Dictionary(_, of) => readable(of, to),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => *to == DataType::Utf8,
        DataType::Timestamp(_, zone) => zone.is_some() && matches!(to, DataType::Timestamp(..)),
        _ => false,
    }
}
