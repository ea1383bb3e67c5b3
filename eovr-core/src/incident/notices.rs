use crate::access::{ActionRow, Tiers};
use crate::error::Result;
use crate::incident::{Action, FOLLOW_UP, KIND};
use crate::name::Name;
use crate::notice::{Rule, To};
use crate::workflow::Label as _;

/// The part of the action table that defines who is notified of incidents.
pub const NOTICES: &str = "notices";

/// The notification permissions, for [`crate::service::EovrBuilder::actions`]. The quality admins of a facility are
/// notified of every report and every answer there; the levels above them of reports that may be grave.
///
/// # Errors
/// None that a host could cause.
pub fn notice_actions() -> Result<(Name, Vec<ActionRow>)> {
    let row =
        |name: &str, lowest, highest| Ok(ActionRow::new(Name::new(name)?, Tiers::new(lowest, highest)?));
    let rows = vec![row("reported", 2, 2)?, row("answered", 2, 2)?, row("high_risk", 3, 4)?];
    Ok((Name::new(NOTICES)?, rows))
}

/// The incident rules of a [`crate::notice::Post`]. The reporter is notified when the state changes, the owner of a
/// follow-up action when it is assigned, and other systems of every event.
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
