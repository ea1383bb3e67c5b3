use crate::access::{ActionRow, Role};
use crate::analyst;
use crate::decide::Message;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::user;
use crate::kind::Catalog;
use crate::name;
use crate::name::Name;
use crate::org::Stamp;
use crate::record::{Column, Query, Record, Test, Value};
use crate::service::Session;

/// A notification rule: which messages, and which recipients.
///
/// ```
/// use eovr_core::incident::{self, Action};
/// use eovr_core::notice::{NoticeRule, To};
/// use eovr_core::{name, record::Value};
///
/// let severe = NoticeRule::new(incident::KIND, Action::Assess, To::Author).when(name!("high_risk"), true);
/// assert_eq!(severe.when, Some((name!("high_risk"), Value::from(true))));
/// assert_eq!(NoticeRule::everything(incident::KIND).to, To::System);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRule {
    /// The kind of record.
    pub kind: Name,
    /// The action; `None`: any action.
    pub action: Option<Name>,
    /// A condition: a tallied facet has this value now.
    pub when: Option<(Name, Value)>,
    /// The recipients.
    pub to: To,
}

/// The recipients of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// Every account that has this permission and whose seat covers the place of the record.
    May {
        /// The kind, or the part of the host.
        of: Name,
        /// The action.
        action: Name,
    },
    /// The author of the record, if the author has an account whose scope contains the record.
    Author,
    /// The account that a facet names, if its scope contains the record.
    Named(Name),
    /// The record's own account.
    Itself,
    /// Another system.
    System,
    /// An external analyst: an analysis is opened ([`crate::analyst`]).
    Analyst,
}

impl NoticeRule {
    /// When this action is performed on a record of this kind, notify these recipients.
    pub fn new(kind: Name, action: impl Into<Name>, to: To) -> Self {
        Self { kind, action: Some(action.into()), when: None, to }
    }

    /// For every action on a record of this kind, notify other systems.
    pub fn everything(kind: Name) -> Self {
        Self { kind, action: None, when: None, to: To::System }
    }

    /// Adds a condition: a tallied facet has this value.
    #[must_use]
    pub fn when(self, facet: Name, value: impl Into<Value>) -> Self {
        Self { when: Some((facet, value.into())), ..self }
    }

    /// Checks the rule against the host's catalog. A rule that can never apply is an error.
    pub(super) fn check(&self, catalog: &Catalog) -> Result<()> {
        let kind = catalog.kind(&self.kind)?;
        let wrong =
            |what: String| Err(Error::new(ErrorKind::Config, format!("a rule for notices names {what}")));
        if kind.table().internal {
            return wrong(format!("`{}`, which causes no notices", self.kind));
        }
        if let Some(action) = &self.action
            && kind.machine().action(action.as_str()).is_none()
        {
            return wrong(format!("`{action}`, which is no action of `{}`", self.kind));
        }
        if let Some((facet, _)) = &self.when
            && !kind.table().tallied.contains(facet)
        {
            return wrong(format!("`{facet}`, which figures of `{}` do not count by", self.kind));
        }
        match &self.to {
            To::May { of, action } if catalog.actions().row(of, action).is_none() => {
                wrong(format!("`{action}` of `{of}`, which is not in the action table"))
            }
            To::Named(facet) if kind.facet(facet.as_str()).is_none() => {
                wrong(format!("`{facet}`, which is no facet of `{}`", self.kind))
            }
            To::Analyst => catalog.kind(&analyst::KIND).map(drop),
            To::Itself if self.kind != user::KIND => {
                wrong(format!("`{}` as an account, which only a `{}` is", self.kind, user::KIND))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn is_for(&self, message: &Message<'_>) -> bool {
        let holds = |(facet, value): &(Name, Value)| {
            let now = message.after.get(facet.as_str());
            now.is_some_and(|now| serde_json::to_value(value).is_ok_and(|value| value == *now))
        };
        message.kind() == Some(self.kind.as_str())
            && self.action.as_ref().is_none_or(|wanted| message.action() == Some(wanted.as_str()))
            && self.when.as_ref().is_none_or(holds)
    }
}

/// The rules for accounts. The owner is notified of a changed credential, of a login from a new device, of too many
/// failed attempts, and of a login with the right password but a wrong code (OWASP ASVS 5, 6.3.5 and 6.3.7).
pub fn account_rules() -> Vec<NoticeRule> {
    use user::Action::{
        ChangePassword, ConfirmFactor, EndLogins, EnterAnew, FailFactor, Lock, RemoveFactor, ResetPassword,
        Unlock, UseRecovery,
    };
    let told = [ResetPassword, ChangePassword, ConfirmFactor, UseRecovery, RemoveFactor];
    let told = told.into_iter().chain([FailFactor, Lock, Unlock, EndLogins, EnterAnew]);
    told.map(|action| NoticeRule::new(user::KIND, action, To::Itself)).collect()
}

/// The rules for administrators. An account that may settle alerts is notified of alerts and of keys that are due for
/// rotation.
#[cfg(feature = "login")]
pub fn alert_rules() -> Vec<NoticeRule> {
    use crate::identity::alert::Action::{Raise, Settle};
    use crate::identity::key_change::Action::Begin;
    use crate::identity::{alert, key_change};
    let alerted = To::May { of: alert::KIND, action: Settle.into() };
    let due = To::May { of: key_change::KIND, action: Begin.into() };
    vec![NoticeRule::new(alert::KIND, Raise, alerted), NoticeRule::new(key_change::KIND, Begin, due)]
}

/// The active accounts that may do an action and sit over a place, without those that cannot be read.
pub(super) async fn over(
    place: &Stamp,
    row: &ActionRow,
    unrestricted: &Session,
    unread: &mut Vec<Error>,
) -> Result<Vec<Record>> {
    let mut found = Vec::new();
    let levels = [
        (Some(Column::Facility), &place.facility),
        (Some(Column::Administration), &place.administration),
        (Some(Column::Governorate), &place.governorate),
        (None, &place.governorate),
    ];
    for (level, (column, id)) in user::LEVELS.into_iter().zip(levels) {
        // Skip a level whose roles lack the permission.
        if !Role::ALL.into_iter().any(|role| role.level() == level && row.tiers.contains(role.tier())) {
            continue;
        }
        let mut query = Query::of(user::KIND)
            .filter(Column::State, Test::Is(user::State::Active.into()))
            .filter(Column::Facet(name!("seat")), Test::Is(level.into()))
            .limit(Query::LARGEST_PAGE);
        if let Some(column) = column {
            query = query.filter(column, Test::Is(id.as_str().into()));
        }
        let mut pages = unrestricted.pages(query);
        while let Some(page) = pages.next().await? {
            let damaged = |id| Error::new(ErrorKind::Tampered, "an account cannot be read").with("user", id);
            unread.extend(page.damaged.into_iter().map(damaged));
            for account in page.items {
                match user::role(&account) {
                    Ok(role) if row.tiers.contains(role.tier()) => found.push(account),
                    Ok(_) => {}
                    Err(error) => unread.push(error),
                }
            }
        }
    }
    Ok(found)
}
