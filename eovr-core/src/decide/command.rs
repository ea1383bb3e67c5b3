use std::collections::BTreeMap;
use std::fmt;

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::access::ActionRow;
use crate::error::{Error, Result};
use crate::kind::{Draft, Kind};
use crate::name::Name;
use crate::record::Value;
use crate::time::Timestamp;
use crate::typed;

/// A request of an actor: an action, the facets and texts that it sets, and a reason.
///
/// The decision checks names and values against the kind and the action's row.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let report = testing::report();
/// # let id = nurse.incidents().report(&nile, report).await?.written.id;
/// let correct = Command::new(Action::Correct)
///     .set("location", "ward-3")
///     .clear("subtype")
///     .write("immediate_action", "The dose was stopped.");
/// nurse.act(&KIND, id, correct).await?;
/// let record = nurse.load(&KIND, id).await?;
/// assert_eq!(record.text("location"), Some("ward-3"));
/// assert!(record.sealed("immediate_action").is_some());
/// # Ok(()) });
/// ```
#[derive(Clone, Default)]
pub struct Command {
    pub(crate) action: String,
    pub(crate) expected: Option<u64>,
    facets: BTreeMap<String, Option<Value>>,
    texts: BTreeMap<String, Option<Zeroizing<String>>>,
    pub(crate) note: Option<Zeroizing<String>>,
    /// The key that sealed content stored beside the record.
    pub(crate) beside: Option<Uuid>,
}

const LONGEST_NOTE: usize = 10_000;

impl Command {
    /// Asks for an action.
    pub fn new(action: impl fmt::Display) -> Self {
        Self { action: action.to_string(), ..Self::default() }
    }

    /// Accepts the command only if the record still has this version, which is the one that the actor has seen.
    #[must_use]
    pub fn expecting(mut self, version: u64) -> Self {
        self.expected = Some(version);
        self
    }

    /// Sets a facet.
    #[must_use]
    pub fn set(mut self, facet: &str, value: impl Into<Value>) -> Self {
        self.facets.insert(facet.to_owned(), Some(value.into()));
        self
    }

    /// Sets a facet where there is a value, and leaves the facet unchanged where there is none.
    #[must_use]
    pub fn set_some(self, facet: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.set(facet, value),
            None => self,
        }
    }

    /// Removes a facet's value.
    #[must_use]
    pub fn clear(mut self, facet: &str) -> Self {
        self.facets.insert(facet.to_owned(), None);
        self
    }

    /// Writes a field, which the decision will seal.
    #[must_use]
    pub fn write(mut self, field: &str, text: impl Into<String>) -> Self {
        self.texts.insert(field.to_owned(), Some(Zeroizing::new(text.into())));
        self
    }

    /// Writes a field where there is a text, and leaves the field unchanged where there is none.
    #[must_use]
    pub fn write_some(self, field: &str, text: Option<impl Into<String>>) -> Self {
        match text {
            Some(text) => self.write(field, text),
            None => self,
        }
    }

    /// Removes a field's text.
    #[must_use]
    pub fn erase(mut self, field: &str) -> Self {
        self.texts.insert(field.to_owned(), None);
        self
    }

    /// Gives a reason. The note is sealed and stored in the audit trail.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(Zeroizing::new(note.into()));
        self
    }

    /// This key sealed content that is stored beside the record, such as a file. The commit fails if the key has been
    /// destroyed since.
    #[cfg(feature = "attachments")]
    pub(crate) fn sealed_beside(mut self, key: Uuid) -> Self {
        self.beside = Some(key);
        self
    }

    pub(crate) fn has_note(&self) -> bool {
        self.note.as_ref().is_some_and(|note| !typed::is_blank(note))
    }

    pub(crate) fn sets(&self, name: &str) -> bool {
        matches!(self.facets.get(name), Some(Some(_))) || matches!(self.texts.get(name), Some(Some(_)))
    }

    /// Checks names and values against the kind and the action's row.
    pub(super) fn checked(self, kind: &Kind, row: &ActionRow, now: Timestamp) -> Result<Checked> {
        let mut facets = BTreeMap::new();
        for (name, value) in self.facets {
            let spec = kind.facet(&name).filter(|spec| row.sets.contains(&spec.name));
            let spec = spec.ok_or_else(|| cannot_set(kind, row))?;
            if let Some(value) = &value {
                spec.check(value, now)?;
            }
            facets.insert(spec.name.clone(), value);
        }
        let mut texts = BTreeMap::new();
        for (name, text) in self.texts {
            let spec = kind.field(&name).filter(|spec| row.sets.contains(&spec.name));
            let spec = spec.ok_or_else(|| cannot_set(kind, row))?;
            if let Some(text) = &text {
                spec.check(text)?;
            }
            texts.insert(spec.name.clone(), text);
        }
        if self.note.as_ref().is_some_and(|note| note.chars().count() > LONGEST_NOTE) {
            return Err(Error::invalid("the note is too long")
                .with_field("note")
                .with_help(format!("give at most {LONGEST_NOTE} characters")));
        }
        Ok(Checked { facets, texts, note: self.note.filter(|note| !typed::is_blank(note)) })
    }
}

/// A command whose names and values the decision has checked.
pub(super) struct Checked {
    pub(super) facets: BTreeMap<Name, Option<Value>>,
    pub(super) texts: BTreeMap<Name, Option<Zeroizing<String>>>,
    pub(super) note: Option<Zeroizing<String>>,
}

pub(super) fn check_required(kind: &Kind, draft: &Draft<'_>) -> Result<()> {
    let missing_facet = kind.facets().find(|spec| spec.required && draft.facet(spec.name.as_str()).is_none());
    let missing_field = kind.fields().find(|spec| spec.required && !draft.keeps_text(spec.name.as_str()));
    match missing_facet.map(|spec| &spec.name).or(missing_field.map(|spec| &spec.name)) {
        Some(name) => Err(Error::invalid(format!("`{name}` is missing"))
            .with_field(name.to_string())
            .with_help(format!("a `{}` cannot be without it", kind.name()))),
        None => Ok(()),
    }
}

// The error does not repeat the name, because a caller may have sent words of a report in its place.
fn cannot_set(kind: &Kind, row: &ActionRow) -> Error {
    let names: Vec<_> = row.sets.iter().map(Name::as_str).collect();
    let help = match names.is_empty() {
        true => "it sets nothing".to_owned(),
        false => format!("it sets `{}`", names.join("`, `")),
    };
    Error::invalid(format!("`{}` on `{}` does not set that", row.name, kind.name())).with_help(help)
}

/// Prints the action, where it is a valid name, and how many values are set, but no value.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("action", &Name::new(&self.action).ok())
            .field("expected", &self.expected)
            .field("facets", &self.facets.len())
            .field("texts", &self.texts.len())
            .field("note", &self.note.is_some())
            .finish()
    }
}
