use crate::analyst::Subject;
use crate::incident::{Action, FACTORS, KIND};
use crate::name;
use crate::name::Name;
use crate::notice::{NoticeRule, To};

/// The sealed fields with names of people. The gateway removes these names from a narrative before it is sent.
pub(crate) const PEOPLE: &[Name] = &[
    name!("involved_person"),
    name!("responsible_manager"),
    name!("disclosure_responsible"),
    name!("medical_file_number"),
];

/// The rule that sends new reports to an external analyst. A host with an analyst adds it to [`super::notice_rules`].
pub fn analysis_rule() -> NoticeRule {
    NoticeRule::new(KIND, Action::Report, To::Analyst)
}

/// What an external analyst receives of an incident: the deidentified narrative with codes.
pub fn analysed() -> Subject {
    Subject {
        kind: KIND,
        narrative: name!("description"),
        people: PEOPLE.to_vec(),
        facts: vec![
            name!("category"),
            name!("subtype"),
            name!("factors"),
            name!("actual_harm"),
            name!("potential_harm"),
        ],
        factors: FACTORS,
        rated: name!("risk_band"),
        own: name!("ai_band"),
        action: Action::Analyse.into(),
    }
}
