use crate::error::Result;
use crate::incident::completion::Completion;
use crate::incident::harm::Harm;
use crate::incident::settings::Settings;
use crate::incident::workflow::{Disposition, IncidentWorkflow};
#[cfg(feature = "attachments")]
use crate::incident::{ATTACHMENT, Action};
use crate::incident::{KIND, Reporter, follow_up, jci, taxonomy};
use crate::kind::{FacetSpec, FieldSpec, Kind, KindTable, NumberSpec};
use crate::name;

use crate::risk::Band;
use crate::time::Timestamp;
use crate::triage::analysis::NoAnswerReason;
use crate::workflow::{Label, Table};

/// 1 January 2000. An older date is a typing error.
const FIRST_DAY: Timestamp = Timestamp::from_micros(946_684_800_000_000);

/// The incident, its follow-up action and, with the feature `attachments`, its files, for
/// [`crate::service::EovrBuilder::kinds`].
///
/// # Errors
/// `Config` where the settings contain no risk scheme.
pub fn kinds(settings: Settings) -> Result<Vec<Kind>> {
    let completion = Completion::new(settings)?;
    Ok(vec![
        Kind::new(table()?)?.completed_by(completion),
        follow_up::kind()?,
        #[cfg(feature = "attachments")]
        crate::attachment::kind(ATTACHMENT, KIND, Action::Attach.into())?,
    ])
}

fn table() -> Result<KindTable> {
    Ok(KindTable {
        number: Some(NumberSpec { prefix: "OVR".to_owned(), width: 6 }),
        facets: facets(),
        fields: fields(),
        // First the facet that figures exclude by, then the facets that they count by.
        tallied: vec![name!("disposition"), name!("severity"), name!("high_risk")],
        ..KindTable::new(KIND, Table::of::<IncidentWorkflow>()?)
    })
}

fn facets() -> Vec<FacetSpec> {
    let categories = taxonomy::CATEGORIES.iter().map(|category| category.code);
    let statuses = ["answered", "abstained"].into_iter().chain(NoAnswerReason::ALL.map(NoAnswerReason::name));
    vec![
        // What happened, when and where.
        FacetSpec::choice(name!("category"), categories).required(),
        FacetSpec::text(name!("subtype")),
        FacetSpec::time(name!("occurred_at")).not_before(FIRST_DAY).not_future(),
        FacetSpec::text(name!("location")),
        FacetSpec::text(name!("factors")),
        FacetSpec::bool(name!("disclosed")),
        FacetSpec::choice(name!("reporter_type"), Reporter::ALL).required(),
        FacetSpec::bytes(name!("receipt")).unique().silent(),
        FacetSpec::text(name!("continues")),
        // The ratings of people: actual harm and potential harm, rated separately.
        FacetSpec::choice(name!("actual_harm"), Harm::ALL),
        FacetSpec::choice(name!("potential_harm"), Harm::ALL),
        FacetSpec::text(name!("risk_scheme")),
        FacetSpec::text(name!("severity")),
        FacetSpec::text(name!("probability")),
        FacetSpec::int(name!("risk_score")).computed(),
        FacetSpec::choice(name!("risk_band"), Band::ALL).computed(),
        // The scorer's opinion, separate from a person's rating.
        FacetSpec::text(name!("ai_model")).computed(),
        FacetSpec::text(name!("ai_version")).computed(),
        FacetSpec::int(name!("ai_score")).computed(),
        FacetSpec::choice(name!("ai_band"), Band::ALL).computed(),
        FacetSpec::bool(name!("ai_high_risk")).computed(),
        FacetSpec::choice(name!("ai_review"), ["accepted", "overridden"]),
        // The external analyst's opinion, separate from the two others.
        FacetSpec::choice(name!("analyst_status"), statuses),
        FacetSpec::text(name!("analyst_model")),
        FacetSpec::text(name!("analyst_version")),
        FacetSpec::int(name!("analyst_score")).range(0..=100),
        FacetSpec::choice(name!("analyst_band"), Band::ALL),
        FacetSpec::int(name!("analyst_confidence")).range(0..=100),
        FacetSpec::bool(name!("analyst_high_risk")),
        FacetSpec::bool(name!("high_risk")).computed(),
        // The accreditation panel.
        FacetSpec::choice(name!("jci_edition"), jci::Edition::ALL),
        FacetSpec::text(name!("jci_chapter")),
        FacetSpec::text(name!("jci_standard")),
        FacetSpec::text(name!("jci_element")),
        FacetSpec::choice(name!("jci_status"), jci::Status::ALL),
        // The disposition, independent of the state.
        FacetSpec::choice(name!("disposition"), Disposition::ALL),
        FacetSpec::text(name!("duplicate_of")),
        FacetSpec::text(name!("continued_in")),
    ]
}

fn fields() -> Vec<FieldSpec> {
    vec![
        FieldSpec::text(name!("description"), 10..=60_000).required().original(),
        FieldSpec::text(name!("medical_file_number"), 0..=64).searchable(),
        FieldSpec::text(name!("involved_person"), 0..=500),
        FieldSpec::text(name!("responsible_manager"), 0..=500),
        FieldSpec::text(name!("disclosure_responsible"), 0..=500),
        FieldSpec::new(name!("specific_error")),
        FieldSpec::new(name!("notes")),
        FieldSpec::new(name!("immediate_action")),
        // Sealed, because the scorer's reasons reveal parts of the narrative.
        FieldSpec::new(name!("ai_reasons")),
        FieldSpec::new(name!("analysis")),
        FieldSpec::new(name!("jci_evidence")),
        FieldSpec::new(name!("jci_gap")),
        FieldSpec::new(name!("jci_plan")),
    ]
}
