use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::record::RecordId;
use crate::time::Timestamp;

/// The value of a facet. A facet that is not set is absent and has no special value.
///
/// ```
/// use eovr_core::record::Value;
///
/// assert_eq!(Value::from("ward-3").as_text(), Some("ward-3"));
/// assert_eq!(Value::from("ward-3").as_int(), None);
/// assert_eq!(serde_json::to_value(Value::from(48))?, 48);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The list is exhaustive on purpose: a new sort of value does not compile until each store keeps it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// A code or a short name of at most 200 bytes; not free text. Shared, because the same few values occur in every
    /// record and every count.
    Text(Arc<str>),
    /// A whole number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// A moment.
    Time(Timestamp),
    /// Bytes that only the core interprets: a digest, a deterministic seal, a wrapped key.
    Bytes(Vec<u8>),
}

/// The type of a facet; a store makes one column of this type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// [`Value::Text`].
    Text,
    /// [`Value::Int`].
    Int,
    /// [`Value::Bool`].
    Bool,
    /// [`Value::Time`].
    Time,
    /// [`Value::Bytes`].
    Bytes,
}

impl ValueType {
    /// The type's name, as tables in JSON write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Int => "int",
            Self::Bool => "bool",
            Self::Time => "time",
            Self::Bytes => "bytes",
        }
    }

    /// The type of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Text, Self::Int, Self::Bool, Self::Time, Self::Bytes]
            .into_iter()
            .find(|known| known.name() == name)
    }
}

impl Value {
    /// The type of this value.
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Text(_) => ValueType::Text,
            Self::Int(_) => ValueType::Int,
            Self::Bool(_) => ValueType::Bool,
            Self::Time(_) => ValueType::Time,
            Self::Bytes(_) => ValueType::Bytes,
        }
    }

    /// The text, if this is a text.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A list of codes as one text, with commas between them. `None` where the list is empty, because a facet without
    /// codes is not set.
    ///
    /// ```
    /// # use eovr_core::record::Value;
    /// let factors = Value::codes(["staff", "training"]).unwrap();
    /// assert_eq!(factors, Value::from("staff,training"));
    /// assert!(factors.as_codes().eq(["staff", "training"]));
    /// assert_eq!(Value::codes([""; 0]), None);
    /// ```
    pub fn codes(codes: impl IntoIterator<Item = impl AsRef<str>>) -> Option<Self> {
        let mut codes = codes.into_iter();
        let mut text = codes.next()?.as_ref().to_owned();
        for code in codes {
            text.push(',');
            text.push_str(code.as_ref());
        }
        Some(text.into())
    }

    /// The codes of such a list.
    pub fn as_codes(&self) -> impl Iterator<Item = &str> {
        self.as_text().into_iter().flat_map(|text| text.split(','))
    }

    /// The bytes, if these are bytes.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The number, if this is a number.
    pub fn as_int(&self) -> Option<i64> {
        if let Self::Int(int) = self { Some(*int) } else { None }
    }

    /// The boolean, if this is a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(bool) = self { Some(*bool) } else { None }
    }

    /// The time, if this is a time.
    pub fn as_time(&self) -> Option<Timestamp> {
        if let Self::Time(time) = self { Some(*time) } else { None }
    }
}

/// Prints codes, numbers and times; of bytes it prints only the length.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Int(int) => write!(f, "{int}"),
            Self::Bool(bool) => write!(f, "{bool}"),
            Self::Time(time) => write!(f, "{time}"),
            Self::Bytes(bytes) => write!(f, "<{} bytes>", bytes.len()),
        }
    }
}

/// As JSON: text, number, boolean, RFC 3339, or base64. The facet's declaration defines the type.
impl Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Int(int) => serializer.serialize_i64(*int),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Time(time) => time.serialize(serializer),
            Self::Bytes(bytes) => serializer.serialize_str(&STANDARD.encode(bytes)),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<bool> for Value {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<Timestamp> for Value {
    fn from(time: Timestamp) -> Self {
        Self::Time(time)
    }
}

impl From<RecordId> for Value {
    fn from(id: RecordId) -> Self {
        Self::from(id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty code stays, because the check of the facet must see and refuse it.
    #[test]
    fn a_list_keeps_all_its_codes() {
        for codes in [&["a"][..], &["a", "b"], &["", "a"], &["a", "", "b"], &[""]] {
            assert!(Value::codes(codes).unwrap().as_codes().eq(codes.iter().copied()), "{codes:?}");
        }
    }
}
