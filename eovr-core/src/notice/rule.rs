use std::collections::BTreeMap;

use serde::Deserialize;

use crate::access::{ActionRow, Role};
use crate::analyst;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::user;
use crate::kind::Catalog;
use crate::name::Name;
use crate::org::Stamp;
use crate::record::{Column, Query, Record, Test, Value};
use crate::service::Session;
use crate::workflow::Label as _;

/// Which messages concern whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The kind of record.
    pub kind: Name,
    /// What was done with it; nothing said: anything.
    pub action: Option<Name>,
    /// Only where a facet that figures count by has this value now.
    pub when: Option<(Name, Value)>,
    /// Whom.
    pub to: To,
}

/// Whom a message concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// Whoever may do this and whose seat is over the place of the record.
    May {
        /// The kind, or the part of the host.
        of: Name,
        /// The action.
        action: Name,
    },
    /// Whoever made the record, where that is somebody with an account that sees where it lies.
    Author,
    /// The account that a facet names, where it sees where the record lies.
    Named(Name),
    /// The account that the record is.
    Itself,
    /// Another system.
    System,
    /// An analyst outside the house: an analysis is opened ([`crate::analyst`]), whatever becomes of it.
    Analyst,
}

impl Rule {
    /// When this was done with a record of this kind, tell them.
    ///
    /// # Errors
    /// `InvalidInput` where a name is none.
    pub fn new(kind: &str, action: &str, to: To) -> Result<Self> {
        Ok(Self { kind: Name::new(kind)?, action: Some(Name::new(action)?), when: None, to })
    }

    /// Whatever is done with a record of this kind, tell other systems.
    ///
    /// # Errors
    /// `InvalidInput` where the name is none.
    pub fn everything(kind: &str) -> Result<Self> {
        Ok(Self { kind: Name::new(kind)?, action: None, when: None, to: To::System })
    }

    /// Only where a facet that figures count by has this value.
    ///
    /// # Errors
    /// `InvalidInput` where the name is none.
    pub fn when(self, facet: &str, value: impl Into<Value>) -> Result<Self> {
        Ok(Self { when: Some((Name::new(facet)?, value.into())), ..self })
    }

    /// Whether it speaks of what a host has. A rule that could never apply is a mistake.
    pub(super) fn check(&self, catalog: &Catalog) -> Result<()> {
        let kind = catalog.kind(self.kind.as_str())?;
        let wrong =
            |what: String| Err(Error::new(ErrorKind::Config, format!("a rule for notices names {what}")));
        if kind.table().internal {
            return wrong(format!("`{}`, of which nobody is told", self.kind));
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
            To::Analyst => catalog.kind(analyst::KIND).map(drop),
            To::Itself if self.kind.as_str() != user::KIND => {
                wrong(format!("`{}` as an account, which only a `{}` is", self.kind, user::KIND))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn is_for(&self, told: &Told) -> bool {
        let Some((kind, action)) = told.topic.split_once('.') else { return false };
        let holds = |(facet, value): &(Name, Value)| {
            told.after
                .get(facet)
                .is_some_and(|now| serde_json::to_value(value).is_ok_and(|value| value == *now))
        };
        self.kind.as_str() == kind
            && self.action.as_ref().is_none_or(|wanted| wanted.as_str() == action)
            && self.when.as_ref().is_none_or(holds)
    }
}

/// The rules for accounts: the owner is told when what an account is entered with is changed, when it was
/// entered from somewhere new, when somebody tried too often, and when somebody had the password and not the code
/// (OWASP ASVS 5, 6.3.5 and 6.3.7).
///
/// # Errors
/// None that a host could cause.
pub fn account_rules() -> Result<Vec<Rule>> {
    use user::Action::{
        ChangePassword, ConfirmFactor, EndLogins, EnterAnew, FailFactor, Lock, RemoveFactor, ResetPassword,
        Unlock, UseRecovery,
    };
    let told = [ResetPassword, ChangePassword, ConfirmFactor, UseRecovery, RemoveFactor];
    let told = told.into_iter().chain([FailFactor, Lock, Unlock, EndLogins, EnterAnew]);
    told.map(|action| Rule::new(user::KIND, action.name(), To::Itself)).collect()
}

/// The rules for those who answer for a host: whoever may settle an alert hears of it, and of keys that are about to be
/// changed.
///
/// # Errors
/// None that a host could cause.
#[cfg(feature = "login")]
pub fn alert_rules() -> Result<Vec<Rule>> {
    use crate::identity::{alert, key_change};
    let may =
        |of: &str, action: &str| Ok::<_, Error>(To::May { of: Name::new(of)?, action: Name::new(action)? });
    Ok(vec![
        Rule::new(alert::KIND, alert::Action::Raise.name(), may(alert::KIND, alert::Action::Settle.name())?)?,
        Rule::new(
            key_change::KIND,
            key_change::Action::Begin.name(),
            may(key_change::KIND, key_change::Action::Begin.name())?,
        )?,
    ])
}

/// What the post reads of a [`crate::decide::Message`].
#[derive(Deserialize)]
pub(super) struct Told {
    pub(super) topic: String,
    pub(super) record: String,
    pub(super) facility: String,
    pub(super) after: BTreeMap<Name, serde_json::Value>,
}

/// The active accounts that may do an action and sit over a place, without those that cannot be read.
pub(super) async fn over(
    place: &Stamp,
    row: &ActionRow,
    everybody: &Session,
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
        // A level whose roles may not is not asked.
        if !Role::ALL.into_iter().any(|role| user::level(role) == level && row.tiers.contains(role.tier())) {
            continue;
        }
        let mut query = Query::of(Name::new(user::KIND)?)
            .filter(Column::State, Test::Is(user::State::Active.name().into()))
            .filter(Column::Facet(Name::new("seat")?), Test::Is(level.into()))
            .limit(Query::LARGEST_PAGE);
        if let Some(column) = column {
            query = query.filter(column, Test::Is(id.as_str().into()));
        }
        loop {
            let page = everybody.find(&query).await?;
            let damaged = |id| Error::new(ErrorKind::Tampered, "an account cannot be read").with("user", id);
            unread.extend(page.damaged.into_iter().map(damaged));
            for account in page.items {
                match user::role(&account) {
                    Ok(role) if row.tiers.contains(role.tier()) => found.push(account),
                    Ok(_) => {}
                    Err(error) => unread.push(error),
                }
            }
            match page.next {
                Some(next) => query = query.after(Some(next)),
                None => break,
            }
        }
    }
    Ok(found)
}
