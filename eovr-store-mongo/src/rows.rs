//! Converts documents to records and back.

use std::collections::BTreeMap;

use eovr_core::org::{OrgId, Stamp};
use eovr_core::record::{ActorId, Envelope, Head, Record, RecordId, StoredRecord, Value, ValueType};
use eovr_core::{Error, Name, Result, Timestamp};
use mongodb::bson::raw::{CStr, cstr};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{RawBinaryRef, RawBsonRef, RawDocument, RawDocumentBuf};

use crate::error::damaged;
use crate::schema::Schema;

/// A new record without its number.
pub(crate) fn write_new(schema: &Schema, record: &Record) -> Result<RawDocumentBuf> {
    let envelope = record.envelope();
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("_id"), id_ref(&envelope.id));
    document.append(cstr!("governorate"), envelope.stamp.governorate.as_str());
    document.append(cstr!("administration"), envelope.stamp.administration.as_str());
    document.append(cstr!("facility"), envelope.stamp.facility.as_str());
    document.append(cstr!("author"), envelope.author.as_str());
    if let Some(parent) = &envelope.parent {
        document.append(cstr!("parent"), id_ref(parent));
    }
    document.append(cstr!("created_at"), envelope.created_at.as_micros());
    document.append(cstr!("month"), i64::from(envelope.month));
    write_changing(&mut document, record)?;
    // Fields that the kind does not have would be refused on reading.
    let mut names = record.facets().keys().chain(record.sealed_fields().keys());
    match names.find(|name| !schema.slots.contains_key(*name)) {
        None => Ok(document),
        Some(_) => Err(Error::bug(format!("kind `{}` was prepared without a field it has", schema.name))),
    }
}

/// The changes of a record: fields to set and fields to remove. Immutable fields are not included: place, number and
/// author of a record never change.
pub(crate) fn write_change(schema: &Schema, record: &Record) -> Result<RawDocumentBuf> {
    let mut set = RawDocumentBuf::new();
    write_changing(&mut set, record)?;
    let mut unset = RawDocumentBuf::new();
    let absent =
        |name: &&Name| record.facet(name.as_str()).is_none() && record.sealed(name.as_str()).is_none();
    for name in schema.slots.keys().filter(absent) {
        unset.append(field(name)?, "");
    }
    let mut change = RawDocumentBuf::new();
    change.append(cstr!("$set"), set);
    change.append(cstr!("$unset"), unset);
    Ok(change)
}

fn write_changing(document: &mut RawDocumentBuf, record: &Record) -> Result<()> {
    let envelope = record.envelope();
    document.append(cstr!("state"), envelope.state.as_str());
    document.append(cstr!("version"), integer(envelope.version)?);
    document.append(cstr!("updated_at"), envelope.updated_at.as_micros());
    document.append(cstr!("seq"), integer(envelope.head.seq)?);
    document.append(cstr!("head"), binary(BinarySubtype::Generic, &envelope.head.hash));
    for (name, value) in record.facets() {
        let name = field(name)?;
        match value {
            Value::Text(text) => document.append(name, &**text),
            Value::Int(int) => document.append(name, *int),
            Value::Bool(bool) => document.append(name, *bool),
            // A MongoDB date has only milliseconds.
            Value::Time(at) => document.append(name, at.as_micros()),
            Value::Bytes(bytes) => document.append(name, binary(BinarySubtype::Generic, bytes)),
        }
    }
    for (name, sealed) in record.sealed_fields() {
        let bytes = sealed.as_bytes();
        document.append(field(name)?, binary(sealed_subtype(bytes), bytes));
    }
    Ok(())
}

/// The subtype of sealed bytes. Bytes in MongoDB's own format begin with 1 or 2, and its drivers open them with subtype
/// 6.
pub(crate) fn sealed_subtype(bytes: &[u8]) -> BinarySubtype {
    match bytes.first() {
        Some(1 | 2) => BinarySubtype::Encrypted,
        _ => BinarySubtype::Generic,
    }
}

/// Reads a document of a kind's collection.
pub(crate) fn read_record(schema: &Schema, document: &RawDocument) -> Result<StoredRecord> {
    let mut parts = Parts::default();
    let (mut facets, mut sealed) = (BTreeMap::new(), BTreeMap::new());
    for element in document {
        let (name, value) = element.map_err(|_| damaged())?;
        if parts.take(name.as_str(), value)? {
            continue;
        }
        let (name, slot) = schema.slots.get_key_value(name.as_str()).ok_or_else(damaged)?;
        let doubled = match slot.facet {
            Some(value_type) => facets.insert(name.clone(), read_value(value, value_type)?).is_some(),
            None => sealed.insert(name.clone(), read_sealed(value)?.to_vec()).is_some(),
        };
        if doubled {
            return Err(damaged());
        }
    }
    Ok(StoredRecord { envelope: parts.envelope(&schema.name)?, facets, sealed })
}

/// The parts of the envelope that have been read.
#[derive(Default)]
struct Parts<'d> {
    id: Option<RecordId>,
    number: Option<&'d str>,
    governorate: Option<&'d str>,
    administration: Option<&'d str>,
    facility: Option<&'d str>,
    author: Option<&'d str>,
    parent: Option<RecordId>,
    state: Option<&'d str>,
    version: Option<i64>,
    created_at: Option<i64>,
    updated_at: Option<i64>,
    month: Option<i64>,
    seq: Option<i64>,
    head: Option<[u8; 32]>,
}

impl<'d> Parts<'d> {
    /// Reads a field of the envelope; `false` for any other field.
    fn take(&mut self, name: &str, value: RawBsonRef<'d>) -> Result<bool> {
        let doubled = match name {
            "_id" => self.id.replace(read_id(value)?).is_some(),
            "number" => self.number.replace(text(value)?).is_some(),
            "governorate" => self.governorate.replace(text(value)?).is_some(),
            "administration" => self.administration.replace(text(value)?).is_some(),
            "facility" => self.facility.replace(text(value)?).is_some(),
            "author" => self.author.replace(text(value)?).is_some(),
            "parent" => self.parent.replace(read_id(value)?).is_some(),
            "state" => self.state.replace(text(value)?).is_some(),
            "version" => self.version.replace(int(value)?).is_some(),
            "created_at" => self.created_at.replace(int(value)?).is_some(),
            "updated_at" => self.updated_at.replace(int(value)?).is_some(),
            "month" => self.month.replace(int(value)?).is_some(),
            "seq" => self.seq.replace(int(value)?).is_some(),
            "head" => self.head.replace(read_hash(value)?).is_some(),
            _ => return Ok(false),
        };
        if doubled { Err(damaged()) } else { Ok(true) }
    }

    fn envelope(self, kind: &Name) -> Result<Envelope> {
        let place = |id: Option<&str>| OrgId::new(id.ok_or_else(damaged)?).map_err(|_| damaged());
        let at = |micros: Option<i64>| micros.map(Timestamp::from_micros).ok_or_else(damaged);
        let count = |int: Option<i64>| int.and_then(|int| u64::try_from(int).ok()).ok_or_else(damaged);
        Ok(Envelope {
            kind: kind.clone(),
            id: self.id.ok_or_else(damaged)?,
            number: self.number.map(str::to_owned),
            stamp: Stamp {
                governorate: place(self.governorate)?,
                administration: place(self.administration)?,
                facility: place(self.facility)?,
            },
            author: ActorId::new(self.author.ok_or_else(damaged)?).map_err(|_| damaged())?,
            parent: self.parent,
            state: Name::new(self.state.ok_or_else(damaged)?).map_err(|_| damaged())?,
            version: count(self.version)?,
            created_at: at(self.created_at)?,
            updated_at: at(self.updated_at)?,
            month: u32::try_from(count(self.month)?).map_err(|_| damaged())?,
            head: Head { seq: count(self.seq)?, hash: self.head.ok_or_else(damaged)? },
        })
    }
}

/// Reads a value of a facet's type.
pub(crate) fn read_value(value: RawBsonRef<'_>, value_type: ValueType) -> Result<Value> {
    Ok(match (value_type, value) {
        (ValueType::Text, RawBsonRef::String(text)) => Value::from(text),
        (ValueType::Int, RawBsonRef::Int64(int)) => Value::Int(int),
        (ValueType::Bool, RawBsonRef::Boolean(bool)) => Value::Bool(bool),
        (ValueType::Time, RawBsonRef::Int64(micros)) => Value::Time(Timestamp::from_micros(micros)),
        (ValueType::Bytes, RawBsonRef::Binary(RawBinaryRef { subtype: BinarySubtype::Generic, bytes })) => {
            Value::Bytes(bytes.to_vec())
        }
        _ => return Err(damaged()),
    })
}

/// Reads a sealed value.
pub(crate) fn read_sealed(value: RawBsonRef<'_>) -> Result<&[u8]> {
    match value {
        RawBsonRef::Binary(RawBinaryRef { subtype, bytes }) if subtype == sealed_subtype(bytes) => Ok(bytes),
        _ => Err(damaged()),
    }
}

pub(crate) fn read_id(value: RawBsonRef<'_>) -> Result<RecordId> {
    match value {
        RawBsonRef::Binary(RawBinaryRef { subtype: BinarySubtype::Uuid, bytes }) => {
            bytes.try_into().map(RecordId::from_bytes).map_err(|_| damaged())
        }
        _ => Err(damaged()),
    }
}

pub(crate) fn read_hash(value: RawBsonRef<'_>) -> Result<[u8; 32]> {
    match value {
        RawBsonRef::Binary(RawBinaryRef { subtype: BinarySubtype::Generic, bytes }) => {
            bytes.try_into().map_err(|_| damaged())
        }
        _ => Err(damaged()),
    }
}

/// A required field of a document.
pub(crate) fn get<'d>(document: &'d RawDocument, name: &str) -> Result<RawBsonRef<'d>> {
    document.get(name).ok().flatten().ok_or_else(damaged)
}

pub(crate) fn document(value: RawBsonRef<'_>) -> Result<&RawDocument> {
    value.as_document().ok_or_else(damaged)
}

pub(crate) fn text(value: RawBsonRef<'_>) -> Result<&str> {
    value.as_str().ok_or_else(damaged)
}

pub(crate) fn int(value: RawBsonRef<'_>) -> Result<i64> {
    value.as_i64().ok_or_else(damaged)
}

/// A count from the server, which sends the narrowest type that fits.
pub(crate) fn count(value: RawBsonRef<'_>) -> Result<u64> {
    let int = value.as_i64().or_else(|| value.as_i32().map(i64::from));
    int.and_then(|int| u64::try_from(int).ok()).ok_or_else(damaged)
}

pub(crate) fn id_ref(id: &RecordId) -> RawBsonRef<'_> {
    binary(BinarySubtype::Uuid, id.as_bytes())
}

pub(crate) fn binary(subtype: BinarySubtype, bytes: &[u8]) -> RawBsonRef<'_> {
    RawBsonRef::Binary(RawBinaryRef { subtype, bytes })
}

pub(crate) fn integer(count: u64) -> Result<i64> {
    i64::try_from(count).map_err(|_| Error::bug("a version is too large for the database"))
}

/// A name as a document key.
fn field(name: &Name) -> Result<&CStr> {
    name.as_str().try_into().map_err(|_| Error::bug("a name has no zero byte"))
}
