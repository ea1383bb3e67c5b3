use crate::access::{ActionRow, Tiers};
use crate::error::Result;
use crate::incident::{Action, FOLLOW_UP, KIND, follow_up};
use crate::name;
use crate::name::Name;
use crate::notice::{NoticeRule, To};

/// The part of the action table that defines who is notified of incidents.
pub const NOTICES: Name = Name::from_static("notices");

/// The notification permissions, for [`crate::service::EovrBuilder::actions`]. The quality admins of a facility are
/// notified of every report and every answer there; the levels above them of reports that may be grave.
///
/// # Errors
/// None that a host could cause.
pub fn notice_actions() -> Result<(Name, Vec<ActionRow>)> {
    let quality = Tiers::new(2, 2)?;
    let rows = vec![
        ActionRow::new(name!("reported"), quality),
        ActionRow::new(name!("answered"), quality),
        ActionRow::new(name!("high_risk"), Tiers::new(3, 4)?),
    ];
    Ok((NOTICES, rows))
}

/// The incident rules of a [`crate::notice::Dispatcher`]. The reporter is notified when the state changes, the owner of a
/// follow-up action when it is assigned, and other systems of every event.
pub fn notice_rules() -> Vec<NoticeRule> {
    use Action::{Answer, Ask, Complete, CompleteEarly, Dispose, Evaluate, Report, Start, TakeAction};
    let may = |action| To::May { of: NOTICES, action };
    let mut rules = vec![
        NoticeRule::new(KIND, Report, may(name!("reported"))),
        NoticeRule::new(KIND, Report, may(name!("high_risk"))).when(name!("high_risk"), true),
        NoticeRule::new(KIND, Answer, may(name!("answered"))),
        NoticeRule::new(FOLLOW_UP, follow_up::Action::Add, To::Named(name!("owner"))),
        NoticeRule::everything(KIND),
        NoticeRule::everything(FOLLOW_UP),
    ];
    let told = [Start, Evaluate, Ask, TakeAction, Complete, CompleteEarly, Dispose];
    rules.extend(told.map(|action| NoticeRule::new(KIND, action, To::Author)));
    rules
}
