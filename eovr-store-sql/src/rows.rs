//! Converts rows to records and back.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use eovr_core::org::{OrgId, Stamp};
use eovr_core::record::{ActorId, Cursor, Envelope, Head, Record, StoredRecord, Value, ValueType};
use eovr_core::{Name, Result, Timestamp};
use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::bind::Bind;
use crate::body;
use crate::dialect::Dialect;
use crate::error::damaged;
use crate::row::Row;
use crate::schema::Schema;

/// Binds facets, deterministic fields and the other sealed fields, in the order of the statements.
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

/// Reads the rows of one result with the columns of [`Schema::reading_list`]. Adjacent rows often have the same place
/// and state, so a text that equals the previous row's is checked once and shared.
pub(crate) struct Reader<'s> {
    schema: &'s Schema,
    /// The requested facets; `None`: the whole record.
    shown: Option<&'s [Name]>,
    governorate: Option<OrgId>,
    administration: Option<OrgId>,
    facility: Option<OrgId>,
    state: Option<Name>,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(schema: &'s Schema, shown: Option<&'s [Name]>) -> Self {
        Self { schema, shown, governorate: None, administration: None, facility: None, state: None }
    }

    /// The cursor of a page that ends with this row, even if the row is damaged.
    pub(crate) fn cursor(&self, row: &Row) -> Result<Cursor> {
        let bytes = SEALED + usize::from(self.shown.is_none());
        let at = bytes + self.schema.byte_slots(self.shown).count();
        let mut plain = Plain::behind_bytes(self.schema, row, at)?;
        plain.skip(CREATED_AT);
        let created_at = Timestamp::from_micros(plain.int()?);
        Ok(Cursor { created_at, id: row.id(0)?.ok_or_else(damaged)? })
    }

    pub(crate) fn read(&mut self, row: &Row) -> Result<StoredRecord> {
        let schema = self.schema;
        let (id, parent) = (row.id(0)?.ok_or_else(damaged)?, row.id(1)?);
        let hash = row.bytes(2)?.ok_or_else(damaged)?;
        let (mut sealed, bytes) = match self.shown {
            None => (body::unpack(row.bytes(SEALED)?.ok_or_else(damaged)?, &schema.fields)?, SEALED + 1),
            Some(_) => (BTreeMap::new(), SEALED),
        };
        let mut plain = Plain::behind_bytes(schema, row, bytes + schema.byte_slots(self.shown).count())?;
        let envelope = Envelope {
            kind: schema.name.clone(),
            id,
            parent,
            number: plain.text_or_none()?.map(Cow::into_owned),
            stamp: Stamp {
                governorate: shared(&mut self.governorate, &plain.text()?, OrgId::as_str, OrgId::new)?,
                administration: shared(&mut self.administration, &plain.text()?, OrgId::as_str, OrgId::new)?,
                facility: shared(&mut self.facility, &plain.text()?, OrgId::as_str, OrgId::new)?,
            },
            author: ActorId::new(&plain.text()?).map_err(|_| damaged())?,
            state: shared(&mut self.state, &plain.text()?, Name::as_str, Name::new)?,
            version: plain.count()?,
            created_at: Timestamp::from_micros(plain.int()?),
            updated_at: Timestamp::from_micros(plain.int()?),
            month: u32::try_from(plain.int()?).map_err(|_| damaged())?,
            head: Head { seq: plain.count()?, hash: hash.try_into().map_err(|_| damaged())? },
        };
        // In the order of their names, so that the tree is built at once.
        let mut facets = Vec::with_capacity(schema.slots.len());
        for (slot, value_type) in schema.plain_slots(self.shown) {
            facets.extend(plain.value(value_type)?.map(|value| (slot.name.clone(), value)));
        }
        let mut facets = BTreeMap::from_iter(facets);
        for (at, slot) in (bytes..).zip(schema.byte_slots(self.shown)) {
            if let Some(bytes) = row.bytes(at)?.map(<[u8]>::to_vec) {
                match slot.facet {
                    Some(_) => drop(facets.insert(slot.name.clone(), Value::Bytes(bytes))),
                    None => drop(sealed.insert(slot.name.clone(), bytes)),
                }
            }
        }
        Ok(StoredRecord { envelope, facets, sealed })
    }
}

/// The index of the sealed column, after id, parent and head; the byte columns follow.
const SEALED: usize = 3;

/// The number of columns of [`PLAIN`](crate::schema) before the time of creation.
const CREATED_AT: usize = 7;

/// The parsed value of a text, shared with the previous row if the text is equal.
fn shared<T: Clone>(
    last: &mut Option<T>,
    text: &str,
    as_text: fn(&T) -> &str,
    make: fn(&str) -> Result<T>,
) -> Result<T> {
    match last {
        Some(last) if as_text(last) == text => Ok(last.clone()),
        _ => {
            let made = make(text).map_err(|_| damaged())?;
            *last = Some(made.clone());
            Ok(made)
        }
    }
}

/// Texts and numbers in order, from one JSON array or from separate columns.
enum Plain<'r> {
    Packed(std::vec::IntoIter<Scalar<'r>>),
    Columns(&'r Row, usize),
}

impl<'r> Plain<'r> {
    fn behind_bytes(schema: &Schema, row: &'r Row, at: usize) -> Result<Self> {
        if schema.dialect != Dialect::Sqlite {
            return Ok(Self::Columns(row, at));
        }
        let json = row.text(at)?.ok_or_else(damaged)?;
        let values = serde_json::from_str::<Vec<Scalar<'_>>>(json).map_err(|_| damaged())?;
        Ok(Self::Packed(values.into_iter()))
    }

    fn skip(&mut self, count: usize) {
        match self {
            Self::Packed(values) => values.by_ref().take(count).for_each(drop),
            Self::Columns(_, at) => *at += count,
        }
    }

    fn text_or_none(&mut self) -> Result<Option<Cow<'r, str>>> {
        match self {
            Self::Packed(values) => match values.next() {
                Some(Scalar::Text(text)) => Ok(Some(text)),
                Some(Scalar::Null) => Ok(None),
                _ => Err(damaged()),
            },
            Self::Columns(row, at) => Ok(row.text(next(at))?.map(Cow::Borrowed)),
        }
    }

    fn text(&mut self) -> Result<Cow<'r, str>> {
        self.text_or_none()?.ok_or_else(damaged)
    }

    fn int_or_none(&mut self) -> Result<Option<i64>> {
        match self {
            Self::Packed(values) => match values.next() {
                Some(Scalar::Int(int)) => Ok(Some(int)),
                Some(Scalar::Null) => Ok(None),
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
            ValueType::Text => self.text_or_none()?.map(|text| Value::from(&*text)),
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

/// One value of the JSON array. A text is copied only if it contains an escape.
enum Scalar<'r> {
    Null,
    Int(i64),
    Text(Cow<'r, str>),
}

impl<'r> Deserialize<'r> for Scalar<'r> {
    fn deserialize<D: Deserializer<'r>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'r> Visitor<'r> for ScalarVisitor {
    type Value = Scalar<'r>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a whole number or null")
    }

    fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
        Ok(Scalar::Null)
    }

    fn visit_i64<E>(self, int: i64) -> std::result::Result<Self::Value, E> {
        Ok(Scalar::Int(int))
    }

    fn visit_u64<E: de::Error>(self, int: u64) -> std::result::Result<Self::Value, E> {
        i64::try_from(int).map(Scalar::Int).map_err(E::custom)
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_str<E>(self, text: &'r str) -> std::result::Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }
}
