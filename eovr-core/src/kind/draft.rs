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

/// What a command is about to make of a record, in the hands of the kind's [`crate::kind::Complete`].
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

/// Names what the command sets, and says nothing of it: the texts are not sealed yet.
impl fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (facets, texts) = (self.facets.keys(), self.texts.keys());
        write!(f, "Draft({} sets {:?})", self.action, facets.chain(texts).collect::<Vec<_>>())
    }
}

impl Draft<'_> {
    /// The action asked for.
    pub fn action(&self) -> &str {
        self.action.as_str()
    }

    /// Whether the record is being created.
    pub fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// Who asks.
    pub fn actor(&self) -> &Actor {
        self.actor
    }

    /// The facility of the record.
    pub fn facility(&self) -> &OrgId {
        &self.facility
    }

    /// The moment of the decision.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A facet as it will be.
    pub fn facet(&self, name: &str) -> Option<&Value> {
        match self.facets.get(name) {
            Some(changed) => changed.as_ref(),
            None => self.before.and_then(|record| record.facet(name)),
        }
    }

    /// Whether the command changes a facet or a field.
    pub fn changes(&self, name: &str) -> bool {
        self.facets.contains_key(name) || self.texts.contains_key(name)
    }

    /// The plain text of a field, where this command writes it.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name)?.as_ref().map(|text| text.as_str())
    }

    /// Whether a field will have a text.
    pub(crate) fn keeps_text(&self, name: &str) -> bool {
        match self.texts.get(name) {
            Some(changed) => changed.is_some(),
            None => self.before.is_some_and(|record| record.sealed(name).is_some()),
        }
    }

    /// Writes the text of a field: one form for what can be typed in many, or what the kind itself has to
    /// say.
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

    /// Sets a facet to another form of what was given for it.
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

    /// Sets a facet, computed ones too.
    ///
    /// # Errors
    /// `Bug` where the kind declares no such facet or the value does not fit: the kind contradicts
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
