use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::access::Tiers;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::record::{Value, ValueType};
use crate::seal::Mode;
use crate::time::Timestamp;
use crate::typed;
use crate::workflow::Table;

/// A kind as plain data. [`crate::kind::Kind::new`] checks it. [`KindTable::new`] makes one; set the other members by
/// chaining or by assignment, because later releases add members.
///
/// ```
/// use eovr_core::kind::{Kind, KindTable};
///
/// let table: KindTable = serde_json::from_str(r#"{
///     "$schema": "https://hospital.example/kind.schema.json",
///     "title": "Alarm of a fridge",
///     "name": "fridge_alarm",
///     "number": {"prefix": "FRI", "width": 4},
///     "facets": [{"name": "fridge", "type": "text", "required": true}],
///     "fields": [{"name": "cause", "min_chars": 5}],
///     "workflow": {
///         "start": "ringing", "create": "raise",
///         "states": [{"name": "ringing"}, {"name": "closed", "end": true}],
///         "actions": [{"name": "raise", "tiers": [1, 5], "sets": ["fridge"]},
///                     {"name": "close", "tiers": [2, 5], "sets": ["cause"]}],
///         "rules": [{"from": ["ringing"], "action": "close", "to": "closed", "needs": [{"field": "cause"}]}]
///     }
/// }"#)?;
/// assert_eq!(Kind::new(table)?.name(), "fridge_alarm");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct KindTable {
    /// The address of a JSON Schema, for editors. The engine does not use it.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// A title for people who read the table. The engine does not use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its name: a noun in the singular.
    pub name: Name,
    /// For child kinds: the parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentSpec>,
    /// For kinds whose records have a number for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<NumberSpec>,
    /// The tiers that may read its records, within their scope. Default: all tiers.
    #[serde(default = "Tiers::all", skip_serializing_if = "Tiers::is_all")]
    pub readers: Tiers,
    /// A kind that software uses internally, such as notices: its changes are not posted to the outbox, and a store
    /// orders it by time and by indexed facets, not by place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub internal: bool,
    /// The values that can be queried: codes, numbers, times. A facet must not identify a person.
    #[serde(default)]
    pub facets: Vec<FacetSpec>,
    /// The sealed fields.
    #[serde(default)]
    pub fields: Vec<FieldSpec>,
    /// The facets that figures count by. A store covers them with one index, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tallied: Vec<Name>,
    /// The actions and transitions.
    pub workflow: Table,
}

/// The parent of a child kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParentSpec {
    /// The parent's kind.
    pub kind: Name,
    /// The action of the parent's workflow that adds a child. It defines the states and the permission.
    pub action: Name,
    /// The maximum number of open children. Default: unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<u32>,
}

/// How records are numbered: `OVR-2026-000123` is prefix `OVR`, the year on the facility's wall clock,
/// and a count within the year of at least `width` digits.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberSpec {
    /// 1 to 8 letters, digits or `-`.
    pub prefix: String,
    /// The minimum number of digits, up to [`NumberSpec::WIDEST`]. A year with more records uses more digits: a number
    /// never wraps.
    pub width: u8,
}

impl NumberSpec {
    /// The greatest [`width`](Self::width).
    pub const WIDEST: u8 = 18;
}

/// One facet. [`FacetSpec::new`] and its siblings make one, because later releases add members.
///
/// ```
/// use eovr_core::{kind::FacetSpec, name};
///
/// let facet = FacetSpec::int(name!("tenths_celsius")).range(-300..=600).required();
/// let json = r#"{"name": "tenths_celsius", "type": "int", "required": true, "range": [-300, 600]}"#;
/// assert_eq!(serde_json::to_value(facet)?, serde_json::from_str::<serde_json::Value>(json)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FacetSpec {
    /// Its name.
    pub name: Name,
    /// The type of its values.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// Must be set when the record is created.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The kind computes it; no command may set it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub computed: bool,
    /// Events record that it changed, but not the values: wrapped keys, digests of codes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
    /// A store indexes it together with the scope.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub indexed: bool,
    /// No two records of the kind share a value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// For text: the accepted values; empty means any code of at most 200 bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<String>,
    /// For numbers: minimum and maximum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<(i64, i64)>,
    /// For times: the earliest accepted time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// For times: not in the future (with a tolerance of five minutes for clock differences).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_future: bool,
}

/// One sealed field. [`FieldSpec::new`] and [`FieldSpec::text`] make one, because later releases add members.
///
/// ```
/// use eovr_core::kind::{FieldSpec, Sealing};
/// use eovr_core::name;
///
/// let batch = FieldSpec::text(name!("batch"), 1..=64).searchable().required();
/// assert_eq!(batch.sealing, Sealing::Deterministic);
/// let json = r#"{"name": "batch", "sealing": "deterministic", "required": true, "min_chars": 1, "max_chars": 64}"#;
/// assert_eq!(serde_json::to_value(batch)?, serde_json::from_str::<serde_json::Value>(json)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FieldSpec {
    /// Its name.
    pub name: Name,
    /// How it is sealed. A searchable one has at most [`FieldSpec::LONGEST_SEARCHABLE`] characters.
    #[serde(default)]
    pub sealing: Sealing,
    /// Must be set when the record is created.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Keeps its first text: only the creating action may set it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub original: bool,
    /// The minimum number of visible characters, without white space at the ends.
    #[serde(default)]
    pub min_chars: u32,
    /// The maximum number of characters.
    #[serde(default = "FieldSpec::default_max_chars")]
    pub max_chars: u32,
    /// Never leaves in an export: a password's hash, the secret of a second factor.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
}

/// How a field is sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sealing {
    /// The same text gives different ciphertexts. The default.
    #[default]
    Random,
    /// The same text gives the same ciphertext, so a search by equality is possible. A reader of the store can see
    /// which records share a text.
    Deterministic,
}

impl From<Sealing> for Mode {
    fn from(sealing: Sealing) -> Self {
        match sealing {
            Sealing::Random => Self::Random,
            Sealing::Deterministic => Self::Deterministic,
        }
    }
}

/// The accepted difference between the clocks of clients and servers.
const CLOCK_TOLERANCE_SECONDS: i64 = 300;
const LONGEST_CODE: usize = 200;
/// The length that every database can index.
const LONGEST_BYTES: usize = 2000;

impl KindTable {
    /// A kind with this workflow and without facets, fields, parent or number.
    pub fn new(name: Name, workflow: Table) -> Self {
        Self {
            schema: None,
            title: None,
            name,
            parent: None,
            number: None,
            readers: Tiers::all(),
            internal: false,
            facets: Vec::new(),
            fields: Vec::new(),
            tallied: Vec::new(),
            workflow,
        }
    }

    /// Sets [`KindTable::facets`].
    #[must_use]
    pub fn facets(self, facets: impl IntoIterator<Item = FacetSpec>) -> Self {
        Self { facets: facets.into_iter().collect(), ..self }
    }

    /// Sets [`KindTable::fields`].
    #[must_use]
    pub fn fields(self, fields: impl IntoIterator<Item = FieldSpec>) -> Self {
        Self { fields: fields.into_iter().collect(), ..self }
    }
}

impl FacetSpec {
    /// An optional text.
    pub fn text(name: Name) -> Self {
        Self::new(name, ValueType::Text)
    }

    /// An optional text with these accepted values: labels, or plain text.
    pub fn choice(name: Name, values: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        let one_of = values.into_iter().map(|value| value.to_string()).collect();
        Self { one_of, ..Self::text(name) }
    }

    /// An optional whole number.
    pub fn int(name: Name) -> Self {
        Self::new(name, ValueType::Int)
    }

    /// An optional boolean.
    pub fn bool(name: Name) -> Self {
        Self::new(name, ValueType::Bool)
    }

    /// An optional time.
    pub fn time(name: Name) -> Self {
        Self::new(name, ValueType::Time)
    }

    /// Optional bytes.
    pub fn bytes(name: Name) -> Self {
        Self::new(name, ValueType::Bytes)
    }

    /// An optional facet of this type.
    pub fn new(name: Name, value_type: ValueType) -> Self {
        Self {
            name,
            value_type,
            required: false,
            computed: false,
            silent: false,
            indexed: false,
            unique: false,
            one_of: Vec::new(),
            range: None,
            not_before: None,
            not_future: false,
        }
    }

    /// Sets [`FacetSpec::required`].
    #[must_use]
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// Sets [`FacetSpec::computed`].
    #[must_use]
    pub fn computed(self) -> Self {
        Self { computed: true, ..self }
    }

    /// Sets [`FacetSpec::silent`].
    #[must_use]
    pub fn silent(self) -> Self {
        Self { silent: true, ..self }
    }

    /// Sets [`FacetSpec::indexed`].
    #[must_use]
    pub fn indexed(self) -> Self {
        Self { indexed: true, ..self }
    }

    /// Sets [`FacetSpec::unique`].
    #[must_use]
    pub fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    /// Sets [`FacetSpec::range`].
    #[must_use]
    pub fn range(self, accepted: RangeInclusive<i64>) -> Self {
        Self { range: Some(accepted.into_inner()), ..self }
    }

    /// Sets [`FacetSpec::not_before`].
    #[must_use]
    pub fn not_before(self, first: Timestamp) -> Self {
        Self { not_before: Some(first), ..self }
    }

    /// Sets [`FacetSpec::not_future`].
    #[must_use]
    pub fn not_future(self) -> Self {
        Self { not_future: true, ..self }
    }

    /// Whether a facet can hold this text.
    pub(super) fn is_code(text: &str) -> bool {
        (1..=LONGEST_CODE).contains(&text.len()) && !text.contains(char::is_control)
    }

    /// Checks whether a facet accepts a value.
    ///
    /// # Errors
    /// `InvalidInput`, which lists the accepted values and does not repeat the value.
    pub(crate) fn check(&self, value: &Value, now: Timestamp) -> Result<()> {
        let refuse = |problem: &str, help: String| {
            Err(Error::invalid(format!("`{}` {problem}", self.name))
                .with_field(self.name.to_string())
                .with_help(help))
        };
        if value.value_type() != self.value_type {
            return refuse(
                &format!("cannot be {}", value.value_type().name()),
                format!("give {}", self.value_type.name()),
            );
        }
        match value {
            Value::Text(text)
                if !self.one_of.is_empty() && !self.one_of.iter().any(|one| **one == **text) =>
            {
                refuse("is not one of its values", format!("accepted: `{}`", self.one_of.join("`, `")))
            }
            Value::Text(text) if !Self::is_code(text) => {
                refuse("is not a code", format!("give 1 to {LONGEST_CODE} bytes without control characters"))
            }
            Value::Int(int) if self.range.is_some_and(|(low, high)| !(low..=high).contains(int)) => {
                let (low, high) = self.range.unwrap_or_default();
                refuse("is off the scale", format!("give {low} to {high}"))
            }
            Value::Bytes(bytes) if bytes.len() > LONGEST_BYTES => {
                refuse("has too many bytes", format!("give at most {LONGEST_BYTES}"))
            }
            Value::Time(at) if !(Timestamp::MIN..=Timestamp::MAX).contains(at) => {
                refuse("is out of range", format!("give a moment up to {}", Timestamp::MAX))
            }
            Value::Time(at) if self.not_future && *at > now.plus_seconds(CLOCK_TOLERANCE_SECONDS) => {
                refuse("lies in the future", format!("give a moment up to now, {now}"))
            }
            Value::Time(at) if self.not_before.is_some_and(|first| *at < first) => {
                let first = self.not_before.unwrap_or(*at);
                refuse("lies too far back", format!("give a moment from {first} on"))
            }
            _ => Ok(()),
        }
    }
}

impl FieldSpec {
    /// The maximum number of characters of a deterministically sealed field.
    pub const LONGEST_SEARCHABLE: u32 = 500;

    const fn default_max_chars() -> u32 {
        10_000
    }

    /// An optional field with random sealing, of at most 10,000 characters.
    pub fn new(name: Name) -> Self {
        Self::text(name, 0..=Self::default_max_chars())
    }

    /// An optional field with random sealing, of so many characters.
    pub fn text(name: Name, chars: RangeInclusive<u32>) -> Self {
        let (min_chars, max_chars) = chars.into_inner();
        let (sealing, required, original, secret) = (Sealing::Random, false, false, false);
        Self { name, sealing, required, original, min_chars, max_chars, secret }
    }

    /// Sets [`FieldSpec::required`].
    #[must_use]
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// Sets [`FieldSpec::original`].
    #[must_use]
    pub fn original(self) -> Self {
        Self { original: true, ..self }
    }

    /// Sets [`FieldSpec::secret`].
    #[must_use]
    pub fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// Seals the field so that equal texts can be found ([`Sealing::Deterministic`]).
    #[must_use]
    pub fn searchable(self) -> Self {
        Self { sealing: Sealing::Deterministic, ..self }
    }

    /// Checks whether a field accepts a text.
    ///
    /// # Errors
    /// `InvalidInput`, which states the accepted length and does not repeat the text.
    pub(crate) fn check(&self, text: &str) -> Result<()> {
        let least = self.min_chars.max(1);
        let (seen, all) = (typed::length(text), text.chars().count());
        let too_short = u32::try_from(seen).is_ok_and(|seen| seen < least);
        if too_short || all > self.max_chars as usize {
            let count = if too_short { seen } else { all };
            return Err(Error::invalid(format!("`{}` has {count} characters", self.name))
                .with_field(self.name.to_string())
                .with_help(format!("give {least} to {}", self.max_chars)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name;

    #[test]
    fn a_chain_is_the_table_in_json() {
        let same = |one: serde_json::Value, json: &str| {
            assert_eq!(one, serde_json::from_str::<serde_json::Value>(json).unwrap());
        };
        let facet = FacetSpec::int(name!("score")).range(0..=100).required().computed().indexed();
        same(
            serde_json::to_value(facet).unwrap(),
            r#"{"name": "score", "type": "int", "required": true, "computed": true, "indexed": true,
            "range": [0, 100]}"#,
        );
        let facet = FacetSpec::choice(name!("band"), ["low", "high"]).unique().silent();
        same(
            serde_json::to_value(facet).unwrap(),
            r#"{"name": "band", "type": "text", "silent": true, "unique": true, "one_of": ["low", "high"]}"#,
        );
        let field = FieldSpec::text(name!("task"), 5..=500).required().original().searchable();
        same(
            serde_json::to_value(field).unwrap(),
            r#"{"name": "task", "sealing": "deterministic", "required": true, "original": true, "min_chars": 5,
            "max_chars": 500}"#,
        );
    }
}
