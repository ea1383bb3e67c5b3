use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use crate::access::Actor;
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::name::Name;
use crate::org::OrgId;
use crate::record::{Record, Value};
use crate::time::Timestamp;

/// The planned change of a record, as the kind's [`crate::kind::Complete`] sees it.
pub struct Draft<'a> {
    pub(crate) kind: &'a Kind,
    pub(crate) actor: &'a Actor,
    pub(crate) action: &'a Name,
    pub(crate) facility: OrgId,
    pub(crate) now: Timestamp,
    pub(crate) before: Option<&'a Record>,
    pub(crate) facets: BTreeMap<Name, Option<Value>>,
    pub(crate) texts: BTreeMap<Name, Option<Zeroizing<String>>>,
}

/// Prints the names of the changed fields, but not their texts, which are not sealed yet.
impl fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (facets, texts) = (self.facets.keys(), self.texts.keys());
        write!(f, "Draft({} sets {:?})", self.action, facets.chain(texts).collect::<Vec<_>>())
    }
}

impl Draft<'_> {
    /// The requested action.
    pub fn action(&self) -> &str {
        self.action.as_str()
    }

    /// Whether the record is being created.
    pub fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// The actor of the command.
    pub fn actor(&self) -> &Actor {
        self.actor
    }

    /// The facility of the record.
    pub fn facility(&self) -> &OrgId {
        &self.facility
    }

    /// The time of the decision.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A facet after the change.
    pub fn facet(&self, name: &str) -> Option<&Value> {
        match self.facets.get(name) {
            Some(changed) => changed.as_ref(),
            None => self.before.and_then(|record| record.facet(name)),
        }
    }

    /// Whether the command changes this facet or field.
    pub fn changes(&self, name: &str) -> bool {
        self.facets.contains_key(name) || self.texts.contains_key(name)
    }

    /// The plain text of a field, if this command writes it.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name)?.as_ref().map(|text| text.as_str())
    }

    /// Whether a field has a text after the change.
    pub(crate) fn keeps_text(&self, name: &str) -> bool {
        match self.texts.get(name) {
            Some(changed) => changed.is_some(),
            None => self.before.is_some_and(|record| record.sealed(name).is_some()),
        }
    }

    /// Writes the text of a field: a normalised form of the input, or a text of the kind itself.
    ///
    /// # Errors
    /// `Bug` where the kind declares no such field; `InvalidInput` where the text does not fit.
    pub fn write(&mut self, name: &str, text: String) -> Result<()> {
        let spec = self.kind.field(name);
        let spec = spec
            .ok_or_else(|| Error::bug(format!("kind `{}` completes an unknown field", self.kind.name())))?;
        spec.check(&text)?;
        self.texts.insert(spec.name.clone(), Some(Zeroizing::new(text)));
        Ok(())
    }

    /// Sets a facet to a normalised form of its input.
    ///
    /// # Errors
    /// `Bug` where the kind declares no such facet; `InvalidInput` where the value does not fit.
    pub(crate) fn give(&mut self, name: &str, value: impl Into<Value>) -> Result<()> {
        let spec = self.kind.facet(name);
        let spec = spec
            .ok_or_else(|| Error::bug(format!("kind `{}` completes an unknown facet", self.kind.name())))?;
        let value = value.into();
        spec.check(&value, self.now)?;
        self.facets.insert(spec.name.clone(), Some(value));
        Ok(())
    }

    /// Sets a facet, including a computed one.
    ///
    /// # Errors
    /// `Bug` where the kind does not declare this facet or the value does not fit, because the kind then contradicts
    /// itself.
    pub fn set(&mut self, name: &str, value: Option<Value>) -> Result<()> {
        let spec = self.kind.facet(name);
        let spec = spec
            .ok_or_else(|| Error::bug(format!("kind `{}` completes an unknown facet", self.kind.name())))?;
        if let Some(value) = &value {
            spec.check(value, self.now).map_err(|error| {
                Error::bug(format!("facet `{name}` was completed wrongly")).because(error)
            })?;
        }
        self.facets.insert(spec.name.clone(), value);
        Ok(())
    }
}
