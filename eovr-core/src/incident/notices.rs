use crate::access::{ActionRow, Tiers};
use crate::error::Result;
use crate::incident::{Action, FOLLOW_UP, KIND};
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
