//! Logins: one record for each login of a user, from authentication to logout.
//!
//! The audit chain of a login records when and why it was begun, renewed and ended. A login is also the *family* of
//! RFC 9700: every refresh token follows from the previous one, and a second use of a token ends the whole login.

use serde::Serialize;

use crate::access::Tiers;
use crate::decide::Command;
use crate::error::Result;
use crate::identity::RefreshToken;
use crate::kind::{FacetSpec, FieldSpec, Kind, KindTable};
use crate::labels;
use crate::name;
use crate::name::Name;
use crate::record::{Column, Query, Record, RecordId, Test, Value};
use crate::time::Timestamp;
use crate::workflow::{Label, May, Need, Row, Table, Workflow};

/// The name of the kind.
pub const KIND: Name = Name::from_static("login");

labels! {
    /// The states of a login.
    pub enum State {
        /// Its tokens are valid.
        Open = "open",
        /// Its tokens are invalid.
        Ended = "ended",
    }
}

labels! {
    /// The actions on a login.
    pub enum Action {
        /// A user logged in.
        Begin = "begin",
        /// The refresh token was used and replaced by the next one.
        Renew = "renew",
        /// The user authenticated again. All earlier tokens become invalid.
        Prove = "prove",
        /// End the login; its tokens become invalid.
        End = "end",
    }
}

labels! {
    /// Why a login ended.
    pub enum Reason {
        /// The user logged out.
        LeftBySelf = "left",
        /// The login was idle for too long.
        Idle = "idle",
        /// The login reached its longest duration.
        Expired = "expired",
        /// A refresh token was used twice, so a second party has a copy.
        Reused = "reused",
        /// The user opened too many logins, and this one was idle for longest.
        Crowded = "crowded",
        /// The password or the second factor was changed.
        Changed = "changed",
        /// The account is no longer active, or a user of tier 5 ended the login.
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
    Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        internal: true,
        facets: vec![
            FacetSpec::text(name!("user")).required().indexed(),
            FacetSpec::bytes(name!("email_digest")).required().silent(),
            FacetSpec::bytes(name!("token")).silent(),
            FacetSpec::bytes(name!("spent")).silent(),
            FacetSpec::time(name!("seen_at")).required(),
            FacetSpec::time(name!("proved_at")).required(),
            FacetSpec::time(name!("expires_at")).required(),
            FacetSpec::bool(name!("two_factors")).required(),
            FacetSpec::choice(name!("reason"), Reason::ALL),
        ],
        fields: vec![FieldSpec::text(name!("client"), 0..=500)],
        ..KindTable::new(KIND, Table::of::<LoginWorkflow>()?)
    })
}

/// A login, as shown to its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoginInfo {
    /// Its id.
    pub id: RecordId,
    /// When the user logged in.
    pub began_at: Timestamp,
    /// When it was last renewed.
    pub seen_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Whether the user gave a second factor.
    pub two_factors: bool,
    /// The browser's description of itself.
    pub client: Option<String>,
    /// Whether it is the login of this request.
    pub this_one: bool,
}

/// The command that begins a login of an account.
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

/// The query for the logins of an account, newest first.
pub(super) fn of(account: &Record) -> Query {
    let user = Value::from(account.id().to_string());
    Query::of(KIND).filter(Column::Facet(name!("user")), Test::Is(user))
}

/// The command that records an authentication and replaces the refresh token.
pub(super) fn prove(login: &Record, next: &RefreshToken, two_factors: bool, now: Timestamp) -> Command {
    let command = Command::new(Action::Prove).expecting(login.version());
    command
        .set("proved_at", now)
        .set_some("two_factors", two_factors.then_some(true))
        .set("token", next.digest().to_vec())
        .set_some("spent", login.facet("token").cloned())
        .set("seen_at", now)
}

/// The command that replaces a refresh token by the next.
pub(super) fn renew(login: &Record, next: &RefreshToken, now: Timestamp) -> Command {
    let command = Command::new(Action::Renew).expecting(login.version());
    command
        .set("token", next.digest().to_vec())
        .set_some("spent", login.facet("token").cloned())
        .set("seen_at", now)
}

pub(super) fn end(reason: Reason) -> Command {
    Command::new(Action::End).set("reason", reason)
}

pub(super) fn time(record: &Record, facet: &str) -> Timestamp {
    match record.facet(facet) {
        Some(Value::Time(at)) => *at,
        _ => Timestamp::MIN,
    }
}
