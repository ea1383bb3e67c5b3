use crate::error::Result;
use crate::incident::completion::Completion;
use crate::incident::harm::Harm;
use crate::incident::settings::Settings;
use crate::incident::workflow::{Disposition, IncidentWorkflow};
#[cfg(feature = "attachments")]
use crate::incident::{ATTACHMENT, Action};
use crate::incident::{KIND, follow_up, jci, taxonomy};
use crate::kind::{FacetSpec, FieldSpec, Kind, KindTable, NumberSpec, Sealing};
use crate::name::Name;
use crate::record::ValueType::{self, Bool, Bytes, Int, Text, Time};
use crate::risk::Band;
use crate::time::Timestamp;
use crate::triage::analysis::Reason;
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
        crate::attachment::kind(ATTACHMENT, KIND, Action::Attach.name())?,
    ])
}

fn table() -> Result<KindTable> {
    Ok(KindTable {
        number: Some(NumberSpec { prefix: "OVR".to_owned(), width: 6 }),
        facets: facets()?,
        fields: fields()?,
        // First the facet that figures exclude by, then the facets that they count by.
        tallied: names(&["disposition", "severity", "high_risk"])?,
        ..KindTable::new(KIND, Table::of::<IncidentWorkflow>()?)?
    })
}

fn facets() -> Result<Vec<FacetSpec>> {
    let plain = |name: &str, value_type: ValueType| {
        Ok::<_, crate::Error>(FacetSpec::new(Name::new(name)?, value_type))
    };
    let computed = |facet: FacetSpec| FacetSpec { computed: true, ..facet };
    let harms = Harm::ALL.map(Harm::code);
    let bands = Band::ALL.map(Band::name);
    let categories = taxonomy::CATEGORIES.iter().map(|category| category.code);
    let statuses = ["answered", "abstained"].into_iter().chain(Reason::ALL.map(Reason::name));
    let dispositions = Disposition::ALL.iter().map(|disposition| disposition.name());
    Ok(vec![
        // What happened, when and where.
        FacetSpec { required: true, ..FacetSpec::choice("category", categories)? },
        plain("subtype", Text)?,
        FacetSpec { not_before: Some(FIRST_DAY), not_future: true, ..plain("occurred_at", Time)? },
        plain("location", Text)?,
        plain("factors", Text)?,
        plain("disclosed", Bool)?,
        FacetSpec {
            required: true,
            ..FacetSpec::choice("reporter_type", ["staff", "patient", "anonymous"])?
        },
        FacetSpec { unique: true, silent: true, ..plain("receipt", Bytes)? },
        plain("continues", Text)?,
        // The ratings of people: actual harm and potential harm, rated separately.
        FacetSpec::choice("actual_harm", harms)?,
        FacetSpec::choice("potential_harm", harms)?,
        plain("risk_scheme", Text)?,
        plain("severity", Text)?,
        plain("probability", Text)?,
        computed(plain("risk_score", Int)?),
        computed(FacetSpec::choice("risk_band", bands)?),
        // The scorer's opinion, separate from a person's rating.
        computed(plain("ai_model", Text)?),
        computed(plain("ai_version", Text)?),
        computed(plain("ai_score", Int)?),
        computed(FacetSpec::choice("ai_band", bands)?),
        computed(plain("ai_high_risk", Bool)?),
        FacetSpec::choice("ai_review", ["accepted", "overridden"])?,
        // The external analyst's opinion, separate from the two others.
        FacetSpec::choice("analyst_status", statuses)?,
        plain("analyst_model", Text)?,
        plain("analyst_version", Text)?,
        FacetSpec { range: Some((0, 100)), ..plain("analyst_score", Int)? },
        FacetSpec::choice("analyst_band", bands)?,
        FacetSpec { range: Some((0, 100)), ..plain("analyst_confidence", Int)? },
        plain("analyst_high_risk", Bool)?,
        computed(plain("high_risk", Bool)?),
        // The accreditation panel.
        FacetSpec::choice("jci_edition", jci::Edition::ALL.map(jci::Edition::code))?,
        plain("jci_chapter", Text)?,
        plain("jci_standard", Text)?,
        plain("jci_element", Text)?,
        FacetSpec::choice("jci_status", jci::Status::ALL.map(jci::Status::code))?,
        // The disposition, independent of the state.
        FacetSpec::choice("disposition", dispositions)?,
        plain("duplicate_of", Text)?,
        plain("continued_in", Text)?,
    ])
}

fn fields() -> Result<Vec<FieldSpec>> {
    let plain = |name: &str| Ok::<_, crate::Error>(FieldSpec::new(Name::new(name)?));
    let short = |name: &str| Ok::<_, crate::Error>(FieldSpec { max_chars: 500, ..plain(name)? });
    Ok(vec![
        FieldSpec {
            required: true,
            original: true,
            min_chars: 10,
            max_chars: 60_000,
            ..plain("description")?
        },
        FieldSpec { sealing: Sealing::Deterministic, max_chars: 64, ..plain("medical_file_number")? },
        short("involved_person")?,
        short("responsible_manager")?,
        short("disclosure_responsible")?,
        plain("specific_error")?,
        plain("notes")?,
        plain("immediate_action")?,
        // Sealed, because the scorer's reasons reveal parts of the narrative.
        plain("ai_reasons")?,
        plain("analysis")?,
        plain("jci_evidence")?,
        plain("jci_gap")?,
        plain("jci_plan")?,
    ])
}

fn names(texts: &[&str]) -> Result<Vec<Name>> {
    texts.iter().map(|text| Name::new(text)).collect()
}
