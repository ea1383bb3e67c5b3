//! Rows to records and back.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eovr_core::org::{OrgId, Stamp};
use eovr_core::record::{ActorId, Envelope, Head, Record, RecordId, StoredRecord, Value, ValueType};
use eovr_core::{Error, ErrorKind, Name, Result, Timestamp};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Row as _};

use crate::error::translate;
use crate::schema::{ENVELOPE, Schema};

/// Values to be bound, in order.
#[derive(Debug, Default)]
pub(crate) struct Binds(pub(crate) SqliteArguments);

impl Binds {
    pub(crate) fn text(&mut self, text: &str) -> Result<()> {
        self.add(text.to_owned())
    }

    pub(crate) fn int(&mut self, int: i64) -> Result<()> {
        self.add(int)
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.add(bytes.to_vec())
    }

    pub(crate) fn null(&mut self) -> Result<()> {
        self.add(None::<i64>)
    }

    pub(crate) fn value(&mut self, value: &Value) -> Result<()> {
        match value {
            Value::Text(text) => self.text(text),
            Value::Int(int) => self.int(*int),
            Value::Bool(bool) => self.int(i64::from(*bool)),
            Value::Time(at) => self.int(at.as_micros()),
            Value::Bytes(bytes) => self.bytes(bytes),
        }
    }

    fn add<T>(&mut self, value: T) -> Result<()>
    where
        T: for<'q> sqlx::Encode<'q, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        self.0.add(value).map_err(|error| Error::bug("a value cannot be bound").because(error))
    }
}

/// Facets, deterministic fields and the sealed rest, as the statements bind them.
pub(crate) fn bind_content(binds: &mut Binds, schema: &Schema, record: &Record) -> Result<()> {
    for slot in &schema.slots {
        let name = slot.name.as_str();
        match (slot.facet, record.facet(name), record.sealed(name)) {
            (Some(_), Some(value), _) => binds.value(value)?,
            (None, _, Some(sealed)) => binds.bytes(sealed.as_bytes())?,
            _ => binds.null()?,
        }
    }
    let is_slot = |name: &Name| schema.slots.iter().any(|slot| slot.name == *name);
    let rest: BTreeMap<&str, String> = record
        .sealed_fields()
        .iter()
        .filter(|(name, _)| !is_slot(name))
        .map(|(name, sealed)| (name.as_str(), sealed.to_base64()))
        .collect();
    let json =
        serde_json::to_string(&rest).map_err(|error| Error::bug("base64 is always JSON").because(error))?;
    binds.text(&json)
}

/// Reads the columns of [`Schema::columns`].
pub(crate) fn read_record(schema: &Schema, row: &SqliteRow) -> Result<StoredRecord> {
    let mut reader = Reader { row, at: 0 };
    let envelope = Envelope {
        kind: schema.name.clone(),
        id: record_id(reader.bytes()?)?,
        number: reader.text_or_none()?,
        stamp: Stamp {
            governorate: OrgId::new(reader.text()?)?,
            administration: OrgId::new(reader.text()?)?,
            facility: OrgId::new(reader.text()?)?,
        },
        author: ActorId::new(reader.text()?)?,
        parent: reader.bytes_or_none()?.map(record_id).transpose()?,
        state: Name::new(reader.text()?)?,
        version: reader.count()?,
        created_at: Timestamp::from_micros(reader.int()?),
        updated_at: Timestamp::from_micros(reader.int()?),
        month: u32::try_from(reader.int()?).map_err(|_| damaged())?,
        head: Head { seq: reader.count()?, hash: reader.bytes()?.try_into().map_err(|_| damaged())? },
    };
    debug_assert_eq!(reader.at, ENVELOPE.len());
    let mut facets = BTreeMap::new();
    let mut sealed = BTreeMap::new();
    for slot in &schema.slots {
        match slot.facet {
            Some(value_type) => {
                drop(reader.value(value_type)?.map(|value| facets.insert(slot.name.clone(), value)))
            }
            None => {
                drop(reader.bytes_or_none()?.map(|bytes| sealed.insert(slot.name.clone(), bytes.to_vec())))
            }
        }
    }
    let rest: BTreeMap<Name, &str> = serde_json::from_str(reader.text()?).map_err(|_| damaged())?;
    for (name, value) in rest {
        sealed.insert(name, STANDARD.decode(value).map_err(|_| damaged())?);
    }
    Ok(StoredRecord { envelope, facets, sealed })
}

/// Reads one value of a type from a column.
pub(crate) fn read_value(row: &SqliteRow, at: usize, value_type: ValueType) -> Result<Option<Value>> {
    Reader { row, at }.value(value_type)
}

pub(crate) fn record_id(bytes: &[u8]) -> Result<RecordId> {
    bytes.try_into().map(RecordId::from_bytes).map_err(|_| damaged())
}

pub(crate) fn damaged() -> Error {
    Error::new(ErrorKind::Tampered, "a stored row does not have the shape of its kind")
}

struct Reader<'r> {
    row: &'r SqliteRow,
    at: usize,
}

impl<'r> Reader<'r> {
    fn next<T>(&mut self) -> Result<T>
    where
        T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        let value = self.row.try_get(self.at).map_err(translate)?;
        self.at += 1;
        Ok(value)
    }

    fn text(&mut self) -> Result<&'r str> {
        self.next()
    }

    fn text_or_none(&mut self) -> Result<Option<String>> {
        self.next()
    }

    fn int(&mut self) -> Result<i64> {
        self.next()
    }

    fn count(&mut self) -> Result<u64> {
        u64::try_from(self.int()?).map_err(|_| damaged())
    }

    fn bytes(&mut self) -> Result<&'r [u8]> {
        self.next()
    }

    fn bytes_or_none(&mut self) -> Result<Option<&'r [u8]>> {
        self.next()
    }

    fn value(&mut self, value_type: ValueType) -> Result<Option<Value>> {
        Ok(match value_type {
            ValueType::Text => self.next::<Option<String>>()?.map(Value::Text),
            ValueType::Int => self.next::<Option<i64>>()?.map(Value::Int),
            ValueType::Bool => self.next::<Option<i64>>()?.map(|int| Value::Bool(int != 0)),
            ValueType::Time => self.next::<Option<i64>>()?.map(|at| Value::Time(Timestamp::from_micros(at))),
            ValueType::Bytes => self.next::<Option<Vec<u8>>>()?.map(Value::Bytes),
        })
    }
}
