//! Notifications: the readers of the outbox.
//!
//! A commit adds a message to the outbox in the same transaction. [`Dispatcher`] reads it, applies the [`NoticeRule`]s, and makes a
//! **notice** for each recipient and each [`Channel`]. A notice is a record: it survives a restart, it is retried after
//! a failed delivery, and it is *parked* for an administrator after the last attempt. The notices of one message are
//! made in one commit, and their ids are derived from the message, so a redelivered message notifies no recipient
//! twice.
//!
//! **A notice says that something happened, but not what.** It holds a topic and an id. The recipient opens the record,
//! subject to scope. **Permissions define the recipients**, not a list of addresses: a row of the action table, applied
//! to the place of the record.
//!
//! Sending is the host's: [`Dispatcher::due`] lists what waits, [`Dispatcher::claim`] takes one right before it is sent, and
//! [`Dispatcher::sent`] or [`Dispatcher::failed`] says what came of it. Delivery is at least once. [`Parked`] shows what was given up,
//! and has it sent again.

mod delivery;
mod dispatcher;
mod inbox;
mod parked;
mod rule;

use crate::access::Tiers;
use crate::error::Result;
use crate::kind::{FacetSpec, Kind, KindTable};
use crate::labels;
use crate::name;
use crate::name::Name;
use crate::workflow::{Label, May, Row, Table, Workflow};

pub use self::delivery::{Claim, Due, Recipient};
pub use self::dispatcher::{Dispatcher, Routed};
pub use self::inbox::Inbox;
pub use self::parked::{Parked, Retried};
#[cfg(feature = "login")]
pub use self::rule::alert_rules;
pub use self::rule::{NoticeRule, To, account_rules};

/// The name of the kind.
pub const KIND: Name = Name::from_static("notice");

/// A notice is parked after this many attempts, which take fourteen hours.
pub const MOST_ATTEMPTS: i64 = 12;

/// A claimed notice is its node's for so long: one that takes longer to send may be sent twice.
pub const HELD_SECONDS: i64 = 300;

labels! {
    /// The channels of a notification.
    pub enum Channel {
        /// In a list that the recipient opens.
        InApp = "in_app",
        /// By e-mail.
        Email = "email",
        /// To another system, by an HTTP request.
        Webhook = "webhook",
    }
}

labels! {
    /// The states of a notice.
    pub enum State {
        /// Not yet sent or read.
        Waiting = "waiting",
        /// Sent, or read.
        Delivered = "delivered",
        /// Not sent; it is not retried automatically.
        Parked = "parked",
    }
}

labels! {
    /// The actions on a notice.
    pub enum Action {
        /// Make it.
        Post = "post",
        /// Count an attempt before sending, so that two nodes never send the same notice at once.
        Attempt = "attempt",
        /// Put it off, without an attempt.
        Defer = "defer",
        /// It was sent, or read.
        Deliver = "deliver",
        /// Give it up.
        Park = "park",
        /// Retry a parked notice.
        Retry = "retry",
    }
}

struct NoticeWorkflow;

impl Workflow for NoticeWorkflow {
    type State = State;
    type Action = Action;

    const START: State = State::Waiting;
    const ENDS: &'static [State] = &[State::Delivered];
    const CREATE: Action = Action::Post;

    // Software makes and sends notices; tier 5 may see why one was not sent, and retry it.
    const MAY: &'static [May<Action>] = &[
        May::new(Action::Post, (5, 5), &["recipient", "channel", "topic", "about", "in_feed", "due_at"]),
        May::new(Action::Attempt, (5, 5), &["attempts", "due_at"]),
        May::new(Action::Defer, (5, 5), &["due_at"]),
        May::new(Action::Deliver, (5, 5), &[]),
        May::new(Action::Park, (5, 5), &[]),
        May::new(Action::Retry, (5, 5), &["attempts", "due_at"]),
    ];

    const RULES: &'static [Row<State, Action>] = &[
        Row::stay(&[State::Waiting], Action::Attempt, &[]),
        Row::stay(&[State::Waiting], Action::Defer, &[]),
        Row::to(&[State::Waiting], Action::Deliver, State::Delivered, &[]),
        Row::to(&[State::Waiting], Action::Park, State::Parked, &[]),
        Row::to(&[State::Parked], Action::Retry, State::Waiting, &[]),
    ];
}

/// The kind, for [`crate::service::EovrBuilder::kind`].
///
/// # Errors
/// None that a host could cause.
pub fn kind() -> Result<Kind> {
    Kind::new(KindTable {
        readers: Tiers::new(5, 5)?,
        internal: true,
        facets: vec![
            FacetSpec::text(name!("recipient")).required().indexed(),
            FacetSpec::choice(name!("channel"), Channel::ALL).required(),
            FacetSpec::text(name!("topic")).required(),
            FacetSpec::text(name!("about")).required(),
            FacetSpec::int(name!("in_feed")).required(),
            FacetSpec::time(name!("due_at")).required().indexed(),
            FacetSpec::int(name!("attempts")).range(0..=1_000_000),
        ],
        ..KindTable::new(KIND, Table::of::<NoticeWorkflow>()?)
    })
}
