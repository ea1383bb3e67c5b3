use serde::{Deserialize, Serialize};

use crate::access::Tiers;
use crate::error::{Error, Result};
use crate::name::Name;
use crate::record::{Value, ValueType};
use crate::seal::Mode;
use crate::time::Timestamp;
use crate::typed;
use crate::workflow::Table;

/// A kind as plain data. [`crate::kind::Kind::new`] checks it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindTable {
    /// Its name: a noun in the singular.
    pub name: Name,
    /// For child kinds: whose child.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentSpec>,
    /// For kinds whose records have a number that people say on the phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<NumberSpec>,
    /// The tiers that may read its records, within their scope. Everybody, where nothing is said.
    #[serde(default = "Tiers::all", skip_serializing_if = "Tiers::is_all")]
    pub readers: Tiers,
    /// What software keeps for itself, such as notices: the outbox says nothing of it, and a store orders it
    /// by time and by what is indexed, not by place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub internal: bool,
    /// What can be queried: codes, numbers, times. Never anything that identifies a person.
    #[serde(default)]
    pub facets: Vec<FacetSpec>,
    /// What is sealed.
    #[serde(default)]
    pub fields: Vec<FieldSpec>,
    /// The facets that figures are counted by: a store covers them with one index, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tallied: Vec<Name>,
    /// What may happen.
    pub workflow: Table,
}

/// Whose child a kind is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParentSpec {
    /// The parent's kind.
    pub kind: Name,
    /// The action of the parent's workflow that adds a child: it says in which states, and by whom.
    pub action: Name,
    /// How many of its children may be open at a time; any number, where nothing is said.
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
    /// The least number of digits, up to [`NumberSpec::WIDEST`]. More are used when a year has more records: a number
    /// never wraps.
    pub width: u8,
}

impl NumberSpec {
    /// The greatest [`width`](Self::width).
    pub const WIDEST: u8 = 18;
}

/// One facet.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FacetSpec {
    /// Its name.
    pub name: Name,
    /// The type of its values.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// Must be set when the record is created.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// The kind works it out; no command may set it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub computed: bool,
    /// Events say that it changed and not from what to what: wrapped keys, digests of codes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
    /// A store indexes it under scope.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub indexed: bool,
    /// No two records of the kind share a value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// For text: the accepted values; empty means any code of at most 200 bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<String>,
    /// For numbers: the least and the greatest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<(i64, i64)>,
    /// For moments: not before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// For moments: not in the future (five minutes are allowed for clocks that differ).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_future: bool,
}

/// One sealed field.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldSpec {
    /// Its name.
    pub name: Name,
    /// How it is sealed. A searchable one has at most [`FieldSpec::LONGEST_SEARCHABLE`] characters.
    #[serde(default)]
    pub sealing: Sealing,
    /// Must be set when the record is created.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Kept as it was first written: only the creating action may set it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub original: bool,
    /// The least number of characters that are seen, white space at the ends not counted.
    #[serde(default)]
    pub min_chars: u32,
    /// The greatest number of characters.
    #[serde(default = "FieldSpec::default_max_chars")]
    pub max_chars: u32,
}

/// How a field is sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sealing {
    /// The same text twice gives different bytes. The default.
    #[default]
    Random,
    /// The same text gives the same bytes, so that it can be searched for by equality, and so that
    /// whoever reads the store sees which records share it.
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

/// Clocks of clients and servers differ by so much without anybody lying.
const CLOCK_TOLERANCE_SECONDS: i64 = 300;
const LONGEST_CODE: usize = 200;
/// As much as every database indexes.
const LONGEST_BYTES: usize = 2000;

impl KindTable {
    /// A kind with this workflow, and nothing else yet: no facets, no fields, no parent, no number.
    ///
    /// # Errors
    /// `InvalidInput` where the name is not one.
    pub fn new(name: &str, workflow: Table) -> Result<Self> {
        Ok(Self {
            name: Name::new(name)?,
            parent: None,
            number: None,
            readers: Tiers::all(),
            internal: false,
            facets: Vec::new(),
            fields: Vec::new(),
            tallied: Vec::new(),
            workflow,
        })
    }
}

impl FacetSpec {
    /// An optional text that is one of these.
    ///
    /// # Errors
    /// `InvalidInput` where the name is not one.
    pub fn choice<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let one_of = values.into_iter().map(str::to_owned).collect();
        Ok(Self { one_of, ..Self::new(Name::new(name)?, ValueType::Text) })
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

    /// Whether a text can stand in a facet at all.
    pub(super) fn is_code(text: &str) -> bool {
        (1..=LONGEST_CODE).contains(&text.len()) && !text.contains(char::is_control)
    }

    /// Whether a value may stand here.
    ///
    /// # Errors
    /// `InvalidInput` that says which values may. The value itself is not repeated.
    pub(crate) fn check(&self, value: &Value, now: Timestamp) -> Result<()> {
        let refuse = |problem: &str, help: String| {
            Err(Error::invalid(format!("`{}` {problem}", self.name)).with_help(help))
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
                refuse("lies beyond all calendars", format!("give a moment up to {}", Timestamp::MAX))
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
    /// The most characters that a deterministically sealed field may have.
    pub const LONGEST_SEARCHABLE: u32 = 500;

    const fn default_max_chars() -> u32 {
        10_000
    }

    /// An optional field, sealed at random, of at most 10,000 characters.
    pub fn new(name: Name) -> Self {
        Self {
            name,
            sealing: Sealing::Random,
            required: false,
            original: false,
            min_chars: 0,
            max_chars: Self::default_max_chars(),
        }
    }

    /// Whether a text may stand here.
    ///
    /// # Errors
    /// `InvalidInput` that says how long it must be. The text itself is not repeated.
    pub(crate) fn check(&self, text: &str) -> Result<()> {
        let least = self.min_chars.max(1);
        let (seen, all) = (typed::length(text), text.chars().count());
        let too_short = u32::try_from(seen).is_ok_and(|seen| seen < least);
        if too_short || all > self.max_chars as usize {
            let count = if too_short { seen } else { all };
            return Err(Error::invalid(format!("`{}` has {count} characters", self.name))
                .with_help(format!("give {least} to {}", self.max_chars)));
        }
        Ok(())
    }
}
