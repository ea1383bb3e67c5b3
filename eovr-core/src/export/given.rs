//! What was taken out, as a record: who, what, by which filters, how many rows.

use crate::access::Tiers;
use crate::decide::Command;
use crate::error::{Error, Result};
use crate::kind::{FacetSpec, Kind, KindTable};
use crate::labels;
use crate::name::Name;
use crate::org::OrgId;
use crate::record::{Record, RecordId, ValueType};
use crate::service::Session;
use crate::workflow::{Label, May, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: &str = "export";

/// As long as a code may be.
const LONGEST: usize = 200;

labels! {
    /// What was made.
    pub enum Format {
        /// The list as an Excel workbook.
        Xlsx = "xlsx",
        /// One incident, or audit events, as PDF.
        Pdf = "pdf",
        /// A list as CSV.
        Csv = "csv",
        /// A list as one JSON object a line.
        Ndjson = "ndjson",
        /// A list as Apache Parquet.
        Parquet = "parquet",
        /// Audit events as JSON.
        Json = "json",
        /// A bundle of HL7 FHIR, release 4.
        FhirR4 = "fhir_r4",
        /// The same, release 5.
        FhirR5 = "fhir_r5",
        /// WHO's minimal information model.
        Mim = "mim",
    }
}

labels! {
    /// What it held.
    pub enum Content {
        /// Incidents with all that stands in them.
        Incidents = "incidents",
        /// Counts without persons.
        Figures = "figures",
        /// Narratives without names, and what people made of suggestions.
        Labelled = "labelled",
        /// Audit events.
        Audit = "audit",
    }
}

labels! {
    enum State {
        // Nothing takes back what was handed out.
        Given = "given",
    }
}

labels! {
    enum Action {
        Give = "give",
    }
}

struct ExportWorkflow;

impl Workflow for ExportWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Given;
    const ENDS: &'static [State] = &[State::Given];
    const CREATE: Action = Action::Give;

    const MAY: &'static [May<Action>] =
        &[May::new(Action::Give, (1, 5), &["format", "content", "about", "filters", "rows"])];

    const RULES: &'static [Row<State, Action>] = &[];
}

/// The kind `export`, for [`crate::service::EovrBuilder::kind`]: an entry for each export, read by tier 5.
///
/// # Errors
/// None that a host could cause.
pub fn kind() -> Result<Kind> {
    let plain = |name: &str, value_type| Ok::<_, Error>(FacetSpec::new(Name::new(name)?, value_type));
    let choice = |name: &str, names: Vec<&'static str>| {
        Ok::<_, Error>(FacetSpec { required: true, ..FacetSpec::choice(name, names)? })
    };
    Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        internal: true,
        facets: vec![
            choice("format", Format::ALL.iter().map(|format| format.name()).collect())?,
            choice("content", Content::ALL.iter().map(|content| content.name()).collect())?,
            plain("about", ValueType::Text)?,
            plain("filters", ValueType::Text)?,
            FacetSpec { required: true, range: Some((0, i64::MAX)), ..plain("rows", ValueType::Int)? },
        ],
        ..KindTable::new(KIND, Table::of::<ExportWorkflow>()?)?
    })
}

/// An export that is whole and about to be handed out.
#[derive(Clone, Debug)]
pub struct Given {
    format: Format,
    content: Content,
    about: Option<(RecordId, OrgId)>,
    filters: Vec<String>,
}

impl Given {
    /// An export of this sort.
    #[must_use]
    pub fn new(format: Format, content: Content) -> Self {
        Self { format, content, about: None, filters: Vec::new() }
    }

    /// Of one record alone.
    #[must_use]
    pub fn about(self, record: &Record) -> Self {
        let place = record.envelope().stamp.facility.clone();
        Self { about: Some((record.id(), place)), ..self }
    }

    /// With a filter, as a code: `action=start`.
    #[must_use]
    pub fn filter(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.filters.push(format!("{name}={value}"));
        self
    }

    /// Enters it, with the number of rows that it has. A host hands an export out after this has returned.
    ///
    /// The entry lies with the record that the export is about, or with the first facility of the session's scope.
    ///
    /// # Errors
    /// `Config` where the host has not registered [`kind`]; `Denied` where the session sees no facility; what the
    /// store says.
    pub async fn enter(self, session: &Session, rows: u64) -> Result<RecordId> {
        let Self { format, content, about, filters } = self;
        let (about, place) = about.unzip();
        let scope = session.scope();
        let first = || session.eovr().org().stamps().find(|stamp| scope.covers(stamp));
        let place = place.or_else(|| first().map(|stamp| stamp.facility.clone()));
        let place = place.ok_or_else(|| Error::not_found("facility"))?;
        let filters = filters.join(",");
        let command = Command::new(Action::Give)
            .set("format", format.name())
            .set("content", content.name())
            .set_some("about", about)
            .set("rows", i64::try_from(rows).unwrap_or(i64::MAX));
        let command = match filters.len() {
            0 => command,
            1..=LONGEST => command.set("filters", filters),
            // Too long for a code: they stand in the note, as they are.
            _ => command.set("filters", "noted").note(filters),
        };
        Ok(session.create(KIND, &place, command).await?.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_sound() -> Result<()> {
        kind().map(drop)
    }
}
