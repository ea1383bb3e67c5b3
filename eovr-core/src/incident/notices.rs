use crate::access::{ActionRow, Tiers};
use crate::analyst::Subject;
use crate::error::Result;
use crate::incident::{Action, FACTORS, FOLLOW_UP, KIND};
use crate::name::Name;
use crate::notice::{Rule, To};
use crate::workflow::Label as _;

/// The part of the action table that says who is told of incidents.
pub const NOTICES: &str = "notices";

/// Who is told of what, for [`crate::service::EovrBuilder::actions`]: the quality admins of a facility hear
/// of every report and every answer there, those above them of what may be grave.
///
/// # Errors
/// None that a host could cause.
pub fn notice_actions() -> Result<(Name, Vec<ActionRow>)> {
    let row =
        |name: &str, lowest, highest| Ok(ActionRow::new(Name::new(name)?, Tiers::new(lowest, highest)?));
    let rows = vec![row("reported", 2, 2)?, row("answered", 2, 2)?, row("high_risk", 3, 4)?];
    Ok((Name::new(NOTICES)?, rows))
}

/// The rules of a [`crate::notice::Post`] for incidents. Who has reported is told when the state changes, who
/// owns a follow-up action that it is theirs, and other systems of everything.
///
/// # Errors
/// None that a host could cause.
pub fn notice_rules() -> Result<Vec<Rule>> {
    let may =
        |action: &str| Ok::<_, crate::Error>(To::May { of: Name::new(NOTICES)?, action: Name::new(action)? });
    let report = Action::Report.name();
    let mut rules = vec![
        Rule::new(KIND, report, may("reported")?)?,
        Rule::new(KIND, report, may("high_risk")?)?.when("high_risk", true)?,
        Rule::new(KIND, Action::Answer.name(), may("answered")?)?,
        Rule::new(FOLLOW_UP, "add", To::Named(Name::new("owner")?))?,
        Rule::everything(KIND)?,
        Rule::everything(FOLLOW_UP)?,
    ];
    use Action::{Ask, Complete, CompleteEarly, Dispose, Evaluate, Start, TakeAction};
    for action in [Start, Evaluate, Ask, TakeAction, Complete, CompleteEarly, Dispose] {
        rules.push(Rule::new(KIND, action.name(), To::Author)?);
    }
    Ok(rules)
}

/// The rule that has new reports analysed outside, beside [`notice_rules`], for a host that has an analyst.
///
/// # Errors
/// None that a host could cause.
pub fn analysis_rule() -> Result<Rule> {
    Rule::new(KIND, Action::Report.name(), To::Analyst)
}

/// What of an incident is analysed outside: the narrative without names, and codes beside it.
///
/// # Errors
/// None that a host could cause.
pub fn analysed() -> Result<Subject> {
    let names = |texts: &[&str]| texts.iter().map(|text| Name::new(text)).collect::<Result<_>>();
    Ok(Subject {
        kind: Name::new(KIND)?,
        narrative: Name::new("description")?,
        people: names(&[
            "involved_person",
            "responsible_manager",
            "disclosure_responsible",
            "medical_file_number",
        ])?,
        facts: names(&["category", "subtype", "factors", "actual_harm", "potential_harm"])?,
        factors: FACTORS,
        rated: Name::new("risk_band")?,
        own: Name::new("ai_band")?,
        action: Name::new(Action::Analyse.name())?,
    })
}
