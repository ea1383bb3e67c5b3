//! Logins: one for each time that somebody came in, from the password to the end.
//!
//! A login is a record, so when it began, was renewed and ended, and why, stands in its audit chain. It is
//! also the *family* of RFC 9700: every refresh token of it follows from the one before, and one that comes
//! a second time ends the whole login.

use serde::Serialize;

use crate::access::Tiers;
use crate::decide::Command;
use crate::error::Result;
use crate::identity::{RefreshToken, facet, field};
use crate::kind::{FacetSpec, Kind, KindTable};
use crate::labels;
use crate::name::Name;
use crate::record::{Column, Query, Record, RecordId, Test, Value, ValueType};
use crate::time::Timestamp;
use crate::workflow::{Label, May, Need, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: &str = "login";

labels! {
    /// The states of a login.
    pub enum State {
        /// Its tokens open.
        Open = "open",
        /// They do not any more.
        Ended = "ended",
    }
}

labels! {
    /// What can be done with a login.
    pub enum Action {
        /// Somebody came in.
        Begin = "begin",
        /// Its refresh token was used, and is replaced by the next.
        Renew = "renew",
        /// The person proved once more who they are; every token of the time before is worth nothing.
        Prove = "prove",
        /// No more tokens.
        End = "end",
    }
}

labels! {
    /// Why a login ended.
    pub enum Reason {
        /// The person left.
        LeftBySelf = "left",
        /// Nothing was done for too long.
        Idle = "idle",
        /// Its days are over.
        Expired = "expired",
        /// A refresh token came twice: somebody has a copy.
        Reused = "reused",
        /// The person has too many logins, and this was the one not used for longest.
        Crowded = "crowded",
        /// The password or the second factor was changed.
        Changed = "changed",
        /// The account is no longer active, or somebody of tier 5 ended it.
        Closed = "closed",
    }
}

struct LoginWorkflow;

impl Workflow for LoginWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Open;
    const ENDS: &'static [State] = &[State::Ended];
    const CREATE: Action = Action::Begin;

    const MAY: &'static [May<Action>] = &[
        May::new(
            Action::Begin,
            (5, 5),
            &["user", "email_digest", "token", "seen_at", "proved_at", "expires_at", "two_factors", "client"],
        ),
        May::new(Action::Renew, (5, 5), &["token", "spent", "seen_at"]).and_holders(),
        May::new(Action::Prove, (5, 5), &["proved_at", "two_factors", "token", "spent", "seen_at"])
            .and_holders(),
        May::new(Action::End, (5, 5), &["reason"]).and_holders().with_proof(),
    ];

    const RULES: &'static [Row<State, Action>] = &[
        Row::stay(&[State::Open], Action::Renew, &[Need::Field("token")]),
        Row::stay(&[State::Open], Action::Prove, &[Need::Human]),
        Row::to(&[State::Open], Action::End, State::Ended, &[Need::Field("reason")]),
    ];
}

pub(super) fn kind() -> Result<Kind> {
    let needed = |name: &str, value_type| {
        Ok::<_, crate::Error>(FacetSpec { required: true, ..facet(name, value_type)? })
    };
    let digest =
        |name: &str| Ok::<_, crate::Error>(FacetSpec { silent: true, ..facet(name, ValueType::Bytes)? });
    Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        internal: true,
        facets: vec![
            FacetSpec { indexed: true, ..needed("user", ValueType::Text)? },
            FacetSpec { required: true, ..digest("email_digest")? },
            digest("token")?,
            digest("spent")?,
            needed("seen_at", ValueType::Time)?,
            needed("proved_at", ValueType::Time)?,
            needed("expires_at", ValueType::Time)?,
            needed("two_factors", ValueType::Bool)?,
            FacetSpec::choice("reason", Reason::ALL.iter().map(|reason| reason.name()))?,
        ],
        fields: vec![field("client")?],
        ..KindTable::new(KIND, Table::of::<LoginWorkflow>()?)?
    })
}

/// One login, as its owner sees it in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoginInfo {
    /// Its id.
    pub id: RecordId,
    /// When it began.
    pub began_at: Timestamp,
    /// When it was last renewed.
    pub seen_at: Timestamp,
    /// When its days are over.
    pub expires_at: Timestamp,
    /// Whether a second factor was asked for.
    pub two_factors: bool,
    /// What came in: the browser, as it calls itself.
    pub client: Option<String>,
    /// Whether it is the one that asks.
    pub this_one: bool,
}

/// Asks for a login of an account.
pub(super) fn begin(
    user: &Record,
    token: &RefreshToken,
    two_factors: bool,
    now: Timestamp,
    days: i64,
) -> Command {
    Command::new(Action::Begin)
        .set("user", user.id().to_string())
        .set_some("email_digest", user.facet("email_digest").cloned())
        .set("token", token.digest().to_vec())
        .set("seen_at", now)
        .set("proved_at", now)
        .set("expires_at", now.plus_seconds(days * 24 * 3600))
        .set("two_factors", two_factors)
}

/// The question for the logins of an account, newest first.
pub(super) fn of(account: &Record) -> Result<Query> {
    let user = Value::from(account.id().to_string());
    Ok(Query::of(Name::new(KIND)?).filter(Column::Facet(Name::new("user")?), Test::Is(user)))
}

/// Asks to take down a proof, and a refresh token in place of the one before.
pub(super) fn prove(login: &Record, next: &RefreshToken, two_factors: bool, now: Timestamp) -> Command {
    let command = Command::new(Action::Prove).expecting(login.version());
    command
        .set("proved_at", now)
        .set_some("two_factors", two_factors.then_some(true))
        .set("token", next.digest().to_vec())
        .set_some("spent", login.facet("token").cloned())
        .set("seen_at", now)
}

/// Asks to replace a refresh token by the next.
pub(super) fn renew(login: &Record, next: &RefreshToken, now: Timestamp) -> Command {
    let command = Command::new(Action::Renew).expecting(login.version());
    command
        .set("token", next.digest().to_vec())
        .set_some("spent", login.facet("token").cloned())
        .set("seen_at", now)
}

pub(super) fn end(reason: Reason) -> Command {
    Command::new(Action::End).set("reason", reason.name())
}

pub(super) fn time(record: &Record, facet: &str) -> Timestamp {
    match record.facet(facet) {
        Some(Value::Time(at)) => *at,
        _ => Timestamp::MIN,
    }
}
