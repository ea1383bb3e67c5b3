use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use crate::error::{Error, Result};
use crate::export::columns::Cell;
use crate::export::write::unwritten;
use crate::export::{Columns, Opened};
use crate::record::ValueType;

/// The list as Apache Parquet, for analysts: every column with its type, texts in UTF-8, times in UTC in
/// microseconds, bytes as they are, `null` where a field is not set. `unreadable` lists the fields that can no longer be read, separated
/// by commas.
///
/// Rows are buffered and written in row groups of 10,000.
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
/// use eovr_core::export::{Opened, Parquet};
///
/// # let record = quality.incidents().load(id).await?;
/// let opened = Opened::of(&quality, record)?;
/// let mut parquet = Parquet::new(Vec::new())?;
/// parquet.push(&opened)?;
/// assert!(parquet.finish()?.starts_with(b"PAR1"));
/// # Ok(()) });
/// ```
pub struct Parquet<W: Write + Send> {
    columns: Columns,
    sheet: Sheet<W>,
}

impl<W: Write + Send> Parquet<W> {
    /// Makes a writer of incidents.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn new(to: W) -> Result<Self> {
        Self::of(Columns::incidents(), to)
    }

    /// Makes a writer of records with these columns.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn of(columns: Columns, to: W) -> Result<Self> {
        let typed = columns.list().iter().map(|column| (column.code.as_str(), column.value_type()));
        let typed: Vec<_> = typed.chain([("unreadable", ValueType::Text)]).collect();
        Ok(Self { sheet: Sheet::new(to, &typed)?, columns })
    }

    /// Writes one record.
    ///
    /// # Errors
    /// `InvalidInput` for a record of another kind than the columns; `Unavailable` where it cannot be written.
    pub fn push(&mut self, record: &Opened) -> Result<()> {
        self.columns.check(record)?;
        let mut unreadable = Vec::new();
        for (place, column) in self.columns.list().iter().enumerate() {
            let cell = column.read(record);
            if cell == Cell::Unreadable {
                unreadable.push(column.code.as_str());
            }
            self.sheet.set(place, &cell);
        }
        let unreadable = unreadable.join(",");
        let last = if unreadable.is_empty() { Cell::Empty } else { Cell::Text(&unreadable) };
        self.sheet.set(self.columns.list().len(), &last);
        self.sheet.end()
    }

    /// Writes the buffered rows and the file's footer, and returns the writer.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn finish(self) -> Result<W> {
        self.sheet.finish()
    }
}

/// The columns of the file.
pub(super) struct Sheet<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Vec<Waiting>,
    rows: usize,
    /// The bytes of text in the buffer.
    bytes: usize,
}

/// The buffered values of a column, and for each row whether it has a value.
struct Waiting {
    values: Values,
    there: Vec<i16>,
}

enum Values {
    Text(Vec<ByteArray>),
    Int(Vec<i64>),
    Bool(Vec<bool>),
}

/// The rows of a group: enough for good compression, few enough for memory, however long the texts are.
const ROW_GROUP: usize = 10_000;
const BYTES_GROUP: usize = 16 << 20;

impl<W: Write + Send> Sheet<W> {
    pub(super) fn new(to: W, columns: &[(&str, ValueType)]) -> Result<Self> {
        let fields = columns.iter().map(|(name, of)| field(name, *of)).collect::<Result<Vec<_>, _>>();
        let schema = fields.and_then(|fields| Type::group_type_builder("eovr").with_fields(fields).build());
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            // Names the writer, and nothing that differs between two runs.
            .set_created_by(concat!("eovr ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = schema
            .and_then(|schema| SerializedFileWriter::new(to, Arc::new(schema), Arc::new(properties)))
            .map_err(failed)?;
        let columns = columns.iter().map(|(_, of)| Waiting { values: Values::of(*of), there: Vec::new() });
        Ok(Self { writer, columns: columns.collect(), rows: 0, bytes: 0 })
    }

    /// Sets a cell of the current row. A value of another type than the column's is written as `null`.
    pub(super) fn set(&mut self, column: usize, cell: &Cell<'_>) {
        let Some(Waiting { values, there }) = self.columns.get_mut(column) else { return };
        let mut known = true;
        match (values, cell) {
            (Values::Text(texts), Cell::Text(text)) => {
                self.bytes += text.len();
                texts.push(ByteArray::from(*text));
            }
            (Values::Text(texts), Cell::Code(code)) => texts.push(ByteArray::from(code.as_ref())),
            (Values::Text(texts), Cell::Bytes(bytes)) => {
                self.bytes += bytes.len();
                texts.push(ByteArray::from(*bytes));
            }
            (Values::Int(ints), Cell::Int(int)) => ints.push(*int),
            (Values::Int(ints), Cell::Time(at)) => ints.push(at.as_micros()),
            (Values::Bool(bools), Cell::Bool(bool)) => bools.push(*bool),
            _ => known = false,
        }
        there.push(i16::from(known));
    }

    /// Ends a row. All its cells must be set.
    pub(super) fn end(&mut self) -> Result<()> {
        self.rows += 1;
        if self.rows == ROW_GROUP || self.bytes >= BYTES_GROUP { self.write() } else { Ok(()) }
    }

    pub(super) fn finish(mut self) -> Result<W> {
        if self.rows > 0 {
            self.write()?;
        }
        let mut to = self.writer.into_inner().map_err(failed)?;
        to.flush().map_err(unwritten)?;
        Ok(to)
    }

    fn write(&mut self) -> Result<()> {
        (self.rows, self.bytes) = (0, 0);
        let mut group = self.writer.next_row_group().map_err(failed)?;
        for Waiting { values, there } in &mut self.columns {
            let column = group.next_column().map_err(failed)?;
            let mut column = column.ok_or_else(|| Error::bug("a row group has a column for each"))?;
            let there = std::mem::take(there);
            let written = match values {
                Values::Text(texts) => {
                    column.typed::<ByteArrayType>().write_batch(&std::mem::take(texts), Some(&there), None)
                }
                Values::Int(ints) => {
                    column.typed::<Int64Type>().write_batch(&std::mem::take(ints), Some(&there), None)
                }
                Values::Bool(bools) => {
                    column.typed::<BoolType>().write_batch(&std::mem::take(bools), Some(&there), None)
                }
            };
            written.and_then(|_| column.close()).map_err(failed)?;
        }
        group.close().map(drop).map_err(failed)
    }
}

impl Values {
    fn of(value_type: ValueType) -> Self {
        match value_type {
            ValueType::Text | ValueType::Bytes => Self::Text(Vec::new()),
            ValueType::Int | ValueType::Time => Self::Int(Vec::new()),
            ValueType::Bool => Self::Bool(Vec::new()),
        }
    }
}

fn field(name: &str, value_type: ValueType) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical) = match value_type {
        ValueType::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        ValueType::Bytes => (Physical::BYTE_ARRAY, None),
        ValueType::Int => (Physical::INT64, None),
        ValueType::Bool => (Physical::BOOLEAN, None),
        ValueType::Time => {
            let micros = LogicalType::timestamp(true, TimeUnit::MICROS);
            (Physical::INT64, Some(micros))
        }
    };
    let field = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
    field.with_logical_type(logical).build().map(Arc::new)
}

/// The error of the output, or a bug of ours.
fn failed(error: ParquetError) -> Error {
    let because = match error {
        ParquetError::External(because) => because,
        other => return Error::bug("a table is always Parquet").because(other),
    };
    match because.downcast::<io::Error>() {
        Ok(error) => unwritten(*error),
        Err(other) => Error::bug("a table is always Parquet").because(io::Error::other(other)),
    }
}

/// Prints none of the buffered values.
impl<W: Write + Send> std::fmt::Debug for Sheet<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sheet({} columns, {} rows wait)", self.columns.len(), self.rows)
    }
}

impl<W: Write + Send> std::fmt::Debug for Parquet<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parquet({:?})", self.sheet)
    }
}
