use crate::error::{Error, ErrorKind, Result};
use crate::kind::Catalog;
use crate::name::Name;

/// What is analysed: a kind of record, what of it goes out, and where the answer goes.
///
/// The kind's workflow has an action that takes the answer down. It may set what [`SETS`] names;
/// [`Subject::check`] sees that it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The kind.
    pub kind: Name,
    /// The sealed field with the narrative.
    pub narrative: Name,
    /// Sealed fields that say who was involved: their words are taken out of the narrative.
    pub people: Vec<Name>,
    /// Facets that go out beside it: codes from closed lists, nothing that somebody typed.
    pub facts: Vec<Name>,
    /// What an analyst may choose among for what contributed.
    pub factors: &'static [&'static str],
    /// The facet with a person's rating, one of the bands: analysts are held against it.
    pub rated: Name,
    /// The facet with what the house's own scorer says, one of the bands: a model is compared with it.
    pub own: Name,
    /// The action that takes the answer down.
    pub action: Name,
}

/// What the action that takes an answer down sets: facets, and last a sealed field.
pub const SETS: &[&str] = &[
    "analyst_status",
    "analyst_model",
    "analyst_version",
    "analyst_score",
    "analyst_band",
    "analyst_confidence",
    "analyst_high_risk",
    "analysis",
];

impl Subject {
    /// Whether a host has what the subject names.
    ///
    /// # Errors
    /// `Config` that says what is missing.
    pub fn check(&self, catalog: &Catalog) -> Result<()> {
        let kind = catalog.kind(self.kind.as_str())?;
        let wrong =
            |what: String| Err(Error::new(ErrorKind::Config, format!("what is to be analysed names {what}")));
        for field in self.people.iter().chain([&self.narrative]) {
            if kind.field(field.as_str()).is_none() {
                return wrong(format!("`{field}`, which is no field of `{}`", self.kind));
            }
        }
        for facet in self.facts.iter().chain([&self.rated, &self.own]) {
            if kind.facet(facet.as_str()).is_none() {
                return wrong(format!("`{facet}`, which is no facet of `{}`", self.kind));
            }
        }
        let Some(row) = kind.machine().action(self.action.as_str()) else {
            return wrong(format!("`{}`, which is no action of `{}`", self.action, self.kind));
        };
        match SETS.iter().find(|name| row.sets.iter().all(|set| set.as_str() != **name)) {
            Some(missing) => wrong(format!("`{}`, which does not set `{missing}`", self.action)),
            None => Ok(()),
        }
    }
}
