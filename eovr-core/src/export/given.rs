//! Exports as records: who exported what, with which filters, and how many rows.

use crate::access::Tiers;
use crate::decide::Command;
use crate::error::{Error, Result};
use crate::kind::{FacetSpec, Kind, KindTable};
use crate::labels;
use crate::name;
use crate::name::Name;
use crate::org::OrgId;
use crate::record::{Record, RecordId};
use crate::service::Session;
use crate::workflow::{Label, May, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: Name = Name::from_static("export");

/// The longest code, in bytes.
const LONGEST: usize = 200;

labels! {
    /// The format of an export.
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
    /// The content of an export.
    pub enum Content {
        /// Incidents with all their fields.
        Incidents = "incidents",
        /// Counts without persons.
        Figures = "figures",
        /// Deidentified narratives with people's reviews of the suggestions.
        Labelled = "labelled",
        /// Audit events.
        Audit = "audit",
        /// Records of another kind with all their fields. A filter names the kind: `kind=fridge_alarm`.
        Records = "records",
    }
}

labels! {
    enum State {
        // The only state: an export cannot be undone.
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

/// The kind `export`, for [`crate::service::EovrBuilder::kind`]: one record for each export. Tier 5 may read it.
///
/// # Errors
/// None that a host could cause.
pub fn kind() -> Result<Kind> {
    Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        internal: true,
        facets: vec![
            FacetSpec::choice(name!("format"), Format::ALL).required(),
            FacetSpec::choice(name!("content"), Content::ALL).required(),
            FacetSpec::text(name!("about")),
            FacetSpec::text(name!("filters")),
            FacetSpec::int(name!("rows")).range(0..=i64::MAX).required(),
        ],
        ..KindTable::new(KIND, Table::of::<ExportWorkflow>()?)
    })
}

/// An export that is complete and about to be handed out.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let org = testing::org()?;
/// # let eovr = Eovr::builder().store(MemoryStore::new()).org(org).kinds(kinds(Settings::default())?)
/// #     .kind(export::given::kind()?).master_key(MasterKey::from_bytes(&[7; 32])).open().await?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
/// use eovr_core::export::given::{self, Content, Format, Given};
///
/// let rows = 250;
/// let given = Given::new(Format::Csv, Content::Incidents).filter("state", "completed");
/// let entry = given.enter(&quality, rows).await?; // before the host hands the file out
/// # let manager = eovr.session(member("top-1", Role::TopManagement, "CAI")?);
/// let record = manager.load(&given::KIND, entry).await?;
/// assert_eq!((record.text("filters"), record.int("rows")), (Some("state=completed"), Some(250)));
/// # Ok(()) });
/// ```
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

    /// Limits the export to one record.
    #[must_use]
    pub fn about(self, record: &Record) -> Self {
        let place = record.envelope().stamp.facility.clone();
        Self { about: Some((record.id(), place)), ..self }
    }

    /// Adds a filter as a code: `action=start`.
    #[must_use]
    pub fn filter(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.filters.push(format!("{name}={value}"));
        self
    }

    /// Records the export with its number of rows. The host must hand the export out only after this has returned.
    ///
    /// The entry belongs to the facility of the exported record, or to the first facility of the session's scope.
    ///
    /// # Errors
    /// `Config` where the host has not registered [`kind`]; `Denied` where the session sees no facility; errors of the
    /// store.
    pub async fn enter(self, session: &Session, rows: u64) -> Result<RecordId> {
        let Self { format, content, about, filters } = self;
        let (about, place) = about.unzip();
        let scope = session.scope();
        let org = session.eovr().org();
        let first = || org.stamps().find(|stamp| scope.covers(stamp));
        let place = place.or_else(|| first().map(|stamp| stamp.facility.clone()));
        let place = place.ok_or_else(|| Error::not_found("facility"))?;
        let filters = filters.join(",");
        let command = Command::new(Action::Give)
            .set("format", format)
            .set("content", content)
            .set_some("about", about)
            .set("rows", i64::try_from(rows).unwrap_or(i64::MAX));
        let command = match filters.len() {
            0 => command,
            1..=LONGEST => command.set("filters", filters),
            // The filters are too long for a code, so the note holds them.
            _ => command.set("filters", "noted").note(filters),
        };
        Ok(session.create(&KIND, &place, command).await?.id)
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
