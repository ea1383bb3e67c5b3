use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::name::Name;
use crate::record::{Value, ValueType};

/// The members of a [`crate::decide::Message`] that a cube reads.
#[derive(Deserialize)]
pub(super) struct Told {
    pub(super) topic: String,
    pub(super) from: Option<String>,
    pub(super) to: String,
    pub(super) governorate: String,
    pub(super) administration: String,
    pub(super) facility: String,
    pub(super) month: u32,
    pub(super) before: Option<BTreeMap<Name, serde_json::Value>>,
    pub(super) after: BTreeMap<Name, serde_json::Value>,
}

/// The value of a facet in a message.
pub(super) fn value(json: &serde_json::Value, value_type: ValueType) -> Option<Value> {
    Some(match value_type {
        ValueType::Text => Value::from(json.as_str()?),
        ValueType::Int => Value::Int(json.as_i64()?),
        ValueType::Bool => Value::Bool(json.as_bool()?),
        ValueType::Time => Value::Time(json.as_str()?.parse().ok()?),
        ValueType::Bytes => Value::Bytes(STANDARD.decode(json.as_str()?).ok()?),
    })
}
