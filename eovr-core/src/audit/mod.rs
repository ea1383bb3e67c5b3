//! The audit trail: one event for every change, chained by hashes.
//!
//! The events of a record form a chain. Each event is a line of JSON that contains the hash of the previous event.
//! Its own hash is SHA-256 over a fixed prefix and exactly those bytes. The bytes are stored as they were hashed, so
//! an auditor can verify a chain with any SHA-256 tool and without our code:
//!
//! ```text
//! hash[n] = SHA-256( "eovr.event.v1\n" ‖ body[n] )      body[n] contains "prev": hex(hash[n-1])
//! ```
//!
//! Each event also commits to the content of the record after the event (`content`), which detects a row that was
//! changed without an event. Before the engine decides on a record, it compares the record with its last event
//! ([`Attested`]). A verifier undoes the changes one by one and compares each state. Events contain free text only in
//! sealed form: destroying a key erases the text, and the chain still verifies.
//!
//! A hash has no key, so an attacker with write access to the database can compute one. Therefore an event also has a
//! message authentication code, whose key no store has ([`Authenticator`]).

mod attested;
mod authenticator;
mod beside;
mod chain;
mod content;
mod event;
#[cfg(feature = "checkpoints")]
pub mod log;
pub(crate) mod message;
mod walk;

pub use self::attested::Attested;
pub use self::authenticator::Authenticator;
pub use self::beside::Beside;
pub use self::chain::{Verdict, verify};
pub(crate) use self::content::{content_digest, digest_of_digests};
pub(crate) use self::event::Hex;
pub use self::event::{Event, EventChange, Link, StoredEvent};
pub(crate) use self::message::{Message, Tallied};
