use crate::error::{Error, ErrorKind, Result};
use crate::kind::Catalog;
use crate::name::Name;

/// The subject of analysis: a kind of record, its fields that are sent, and the action that stores the answer.
///
/// The action belongs to the kind's workflow and must be allowed to set the names in [`SETS`]; [`Subject::check`]
/// verifies that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The kind.
    pub kind: Name,
    /// The sealed field with the narrative.
    pub narrative: Name,
    /// Sealed fields that name persons. Their words are removed from the narrative.
    pub people: Vec<Name>,
    /// Facets that are sent beside the narrative: codes from closed lists, never text typed by a user.
    pub facts: Vec<Name>,
    /// The codes of contributing factors from which an analyst may choose.
    pub factors: &'static [&'static str],
    /// The facet with a person's rating, one of the bands. It is the reference for analysts.
    pub rated: Name,
    /// The facet with the rating of the hospital's own scorer, one of the bands. Models are compared with it.
    pub own: Name,
    /// The action that stores the answer.
    pub action: Name,
}

/// The names that this action sets: facets, and last a sealed field.
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
    /// Checks that a host has everything that the subject names.
    ///
    /// # Errors
    /// `Config`, whose message names what is missing.
    pub fn check(&self, catalog: &Catalog) -> Result<()> {
        let kind = catalog.kind(&self.kind)?;
        let wrong = |what: String| {
            Err(Error::new(ErrorKind::Config, format!("the subject of analysis names {what}")))
        };
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
