//! Rows to records and back.

use std::collections::BTreeMap;

use eovr_core::org::{OrgId, Stamp};
use eovr_core::record::{ActorId, Envelope, Head, Record, StoredRecord, Value, ValueType};
use eovr_core::{Name, Result, Timestamp};
use serde_json::Value as Json;

use crate::bind::Bind;
use crate::body;
use crate::dialect::Dialect;
use crate::error::damaged;
use crate::row::Row;
use crate::schema::Schema;

/// Facets, deterministic fields and the sealed rest, as the statements bind them.
pub(crate) fn bind_content(binds: &mut Vec<Bind>, schema: &Schema, record: &Record) -> Result<()> {
    for slot in &schema.slots {
        let name = slot.name.as_str();
        binds.push(match (slot.facet, record.facet(name), record.sealed(name)) {
            (Some(_), Some(value), _) => value.into(),
            (None, _, Some(sealed)) => sealed.as_bytes().into(),
            _ => Bind::Null(slot.column_type),
        });
    }
    let is_slot = |name: &Name| schema.slots.iter().any(|slot| slot.name == *name);
    let rest = record.sealed_fields().iter().filter(|(name, _)| !is_slot(name));
    binds.push(Bind::Bytes(body::pack(rest)?));
    Ok(())
}

/// Reads the columns of [`Schema::reading`].
pub(crate) fn read_record(schema: &Schema, row: &Row) -> Result<StoredRecord> {
    let (id, parent) = (row.id(0)?.ok_or_else(damaged)?, row.id(1)?);
    let hash = row.bytes(2)?.ok_or_else(damaged)?;
    let mut facets = BTreeMap::new();
    let mut sealed = BTreeMap::new();
    body::unpack(&row.bytes(3)?.ok_or_else(damaged)?, &mut sealed)?;
    let mut at = 4;
    for slot in schema.byte_slots() {
        if let Some(bytes) = row.bytes(at)? {
            match slot.facet {
                Some(_) => drop(facets.insert(slot.name.clone(), Value::Bytes(bytes))),
                None => drop(sealed.insert(slot.name.clone(), bytes)),
            }
        }
        at += 1;
    }
    let mut plain = match schema.dialect {
        Dialect::Sqlite => Plain::packed(&row.text(at)?.ok_or_else(damaged)?)?,
        _ => Plain::Columns(row, at),
    };
    let envelope = Envelope {
        kind: schema.name.clone(),
        id,
        parent,
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

/// Texts and numbers, handed out in order: from one JSON array, or each from a column of its own.
enum Plain<'r> {
    Packed(std::vec::IntoIter<Json>),
    Columns(&'r Row, usize),
}

impl Plain<'_> {
    fn packed(json: &str) -> Result<Self> {
        let values = serde_json::from_str::<Vec<Json>>(json).map_err(|_| damaged())?;
        Ok(Self::Packed(values.into_iter()))
    }

    fn text_or_none(&mut self) -> Result<Option<String>> {
        match self {
            Self::Packed(values) => match values.next() {
                Some(Json::String(text)) => Ok(Some(text)),
                Some(Json::Null) => Ok(None),
                _ => Err(damaged()),
            },
            Self::Columns(row, at) => row.text(next(at)),
        }
    }

    fn text(&mut self) -> Result<String> {
        self.text_or_none()?.ok_or_else(damaged)
    }

    fn int_or_none(&mut self) -> Result<Option<i64>> {
        match self {
            Self::Packed(values) => match values.next() {
                Some(Json::Number(number)) => number.as_i64().ok_or_else(damaged).map(Some),
                Some(Json::Null) => Ok(None),
                _ => Err(damaged()),
            },
            Self::Columns(row, at) => row.int(next(at)),
        }
    }

    fn int(&mut self) -> Result<i64> {
        self.int_or_none()?.ok_or_else(damaged)
    }

    fn count(&mut self) -> Result<u64> {
        u64::try_from(self.int()?).map_err(|_| damaged())
    }

    fn bool_or_none(&mut self) -> Result<Option<bool>> {
        match self {
            Self::Packed(_) => Ok(self.int_or_none()?.map(|int| int != 0)),
            Self::Columns(row, at) => row.bool(next(at)),
        }
    }

    fn value(&mut self, value_type: ValueType) -> Result<Option<Value>> {
        Ok(match value_type {
            ValueType::Text => self.text_or_none()?.map(Value::Text),
            ValueType::Int => self.int_or_none()?.map(Value::Int),
            ValueType::Bool => self.bool_or_none()?.map(Value::Bool),
            ValueType::Time => self.int_or_none()?.map(|at| Value::Time(Timestamp::from_micros(at))),
            ValueType::Bytes => return Err(damaged()),
        })
    }
}

fn next(at: &mut usize) -> usize {
    *at += 1;
    *at - 1
}
