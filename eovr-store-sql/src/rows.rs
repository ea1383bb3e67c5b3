//! Rows to records and back.

use std::collections::BTreeMap;

use eovr_core::org::{OrgId, Stamp};
use eovr_core::record::{ActorId, Envelope, Head, Record, RecordId, StoredRecord, Value, ValueType};
use eovr_core::{Error, ErrorKind, Name, Result, Timestamp};
use serde_json::Value as Json;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Row as _};

use crate::body;
use crate::error::translate;
use crate::schema::Schema;

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
    binds.bytes(&body::pack(record.sealed_fields().iter().filter(|(name, _)| !is_slot(name)))?)
}

/// Reads the columns of [`Schema::reading`].
pub(crate) fn read_record(schema: &Schema, row: &SqliteRow) -> Result<StoredRecord> {
    let (id, parent): (&[u8], Option<&[u8]>) = (column(row, 0)?, column(row, 1)?);
    let (hash, body): (&[u8], &[u8]) = (column(row, 2)?, column(row, 3)?);
    let mut facets = BTreeMap::new();
    let mut sealed = BTreeMap::new();
    body::unpack(body, &mut sealed)?;
    let mut at = 4;
    for slot in schema.byte_slots() {
        if let Some(bytes) = column::<Option<Vec<u8>>>(row, at)? {
            match slot.facet {
                Some(_) => drop(facets.insert(slot.name.clone(), Value::Bytes(bytes))),
                None => drop(sealed.insert(slot.name.clone(), bytes)),
            }
        }
        at += 1;
    }
    let mut plain = Plain::parse(column(row, at)?)?;
    let envelope = Envelope {
        kind: schema.name.clone(),
        id: record_id(id)?,
        parent: parent.map(record_id).transpose()?,
        number: plain.text_or_none()?,
        stamp: Stamp {
            governorate: OrgId::new(&plain.text()?).map_err(|_| damaged())?,
            administration: OrgId::new(&plain.text()?).map_err(|_| damaged())?,
            facility: OrgId::new(&plain.text()?).map_err(|_| damaged())?,
        },
        author: ActorId::new(&plain.text()?).map_err(|_| damaged())?,
        state: Name::new(&plain.text()?).map_err(|_| damaged())?,
        version: plain.count()?,
        created_at: Timestamp::from_micros(plain.int()?),
        updated_at: Timestamp::from_micros(plain.int()?),
        month: u32::try_from(plain.int()?).map_err(|_| damaged())?,
        head: Head { seq: plain.count()?, hash: hash.try_into().map_err(|_| damaged())? },
    };
    for (slot, value_type) in schema.plain_slots() {
        if let Some(value) = plain.value(value_type)? {
            facets.insert(slot.name.clone(), value);
        }
    }
    Ok(StoredRecord { envelope, facets, sealed })
}

/// Reads one value of a type from a column.
pub(crate) fn read_value(row: &SqliteRow, at: usize, value_type: ValueType) -> Result<Option<Value>> {
    Ok(match value_type {
        ValueType::Text => column::<Option<String>>(row, at)?.map(Value::Text),
        ValueType::Int => column::<Option<i64>>(row, at)?.map(Value::Int),
        ValueType::Bool => column::<Option<i64>>(row, at)?.map(|int| Value::Bool(int != 0)),
        ValueType::Time => column::<Option<i64>>(row, at)?.map(|at| Value::Time(Timestamp::from_micros(at))),
        ValueType::Bytes => column::<Option<Vec<u8>>>(row, at)?.map(Value::Bytes),
    })
}

pub(crate) fn record_id(bytes: &[u8]) -> Result<RecordId> {
    bytes.try_into().map(RecordId::from_bytes).map_err(|_| damaged())
}

pub(crate) fn damaged() -> Error {
    Error::new(ErrorKind::Tampered, "a stored row does not have the shape of its kind")
}

fn column<'r, T>(row: &'r SqliteRow, at: usize) -> Result<T>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(at).map_err(translate)
}

/// The values that were read as one JSON array, handed out in order.
struct Plain(std::vec::IntoIter<Json>);

impl Plain {
    fn parse(json: &str) -> Result<Self> {
        serde_json::from_str::<Vec<Json>>(json).map(|values| Self(values.into_iter())).map_err(|_| damaged())
    }

    fn text_or_none(&mut self) -> Result<Option<String>> {
        match self.0.next() {
            Some(Json::String(text)) => Ok(Some(text)),
            Some(Json::Null) => Ok(None),
            _ => Err(damaged()),
        }
    }

    fn text(&mut self) -> Result<String> {
        self.text_or_none()?.ok_or_else(damaged)
    }

    fn int_or_none(&mut self) -> Result<Option<i64>> {
        match self.0.next() {
            Some(Json::Number(number)) => number.as_i64().ok_or_else(damaged).map(Some),
            Some(Json::Null) => Ok(None),
            _ => Err(damaged()),
        }
    }

    fn int(&mut self) -> Result<i64> {
        self.int_or_none()?.ok_or_else(damaged)
    }

    fn count(&mut self) -> Result<u64> {
        u64::try_from(self.int()?).map_err(|_| damaged())
    }

    fn value(&mut self, value_type: ValueType) -> Result<Option<Value>> {
        Ok(match value_type {
            ValueType::Text => self.text_or_none()?.map(Value::Text),
            ValueType::Int => self.int_or_none()?.map(Value::Int),
            ValueType::Bool => self.int_or_none()?.map(|int| Value::Bool(int != 0)),
            ValueType::Time => self.int_or_none()?.map(|at| Value::Time(Timestamp::from_micros(at))),
            ValueType::Bytes => return Err(damaged()),
        })
    }
}
