use crate::analyst::Subject;
use crate::error::Result;
use crate::incident::{Action, FACTORS, KIND};
use crate::name::Name;
use crate::notice::{Rule, To};
use crate::workflow::Label as _;

/// The sealed fields with names of people. The gateway removes these names from a narrative before it is sent.
pub(crate) const PEOPLE: &[&str] =
    &["involved_person", "responsible_manager", "disclosure_responsible", "medical_file_number"];

/// The rule that sends new reports to an external analyst. A host with an analyst adds it to [`super::notice_rules`].
///
/// # Errors
/// None that a host could cause.
pub fn analysis_rule() -> Result<Rule> {
    Rule::new(KIND, Action::Report.name(), To::Analyst)
}

/// What an external analyst receives of an incident: the deidentified narrative with codes.
///
/// # Errors
/// None that a host could cause.
pub fn analysed() -> Result<Subject> {
    let names = |texts: &[&str]| texts.iter().map(|text| Name::new(text)).collect::<Result<_>>();
    Ok(Subject {
        kind: Name::new(KIND)?,
        narrative: Name::new("description")?,
        people: names(PEOPLE)?,
        facts: names(&["category", "subtype", "factors", "actual_harm", "potential_harm"])?,
        factors: FACTORS,
        rated: Name::new("risk_band")?,
        own: Name::new("ai_band")?,
        action: Name::new(Action::Analyse.name())?,
    })
}
