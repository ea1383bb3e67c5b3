//! What happened: one event for every change, chained by hashes.
//!
//! The events of a record form a chain. Each event is a line of JSON that names the hash of the one
//! before it; its own hash is SHA-256 over a fixed prefix and exactly those bytes. The bytes are stored
//! as they were hashed, so anybody can check a chain with a SHA-256 tool and nothing of ours:
//!
//! ```text
//! hash[n] = SHA-256( "eovr.event.v1\n" ‖ body[n] )      body[n] contains "prev": hex(hash[n-1])
//! ```
//!
//! Each event also commits to the content of the record as it left it (`content`), so a row that was
//! changed behind the chain's back is found too: before anything is decided on a record, it is compared with
//! what its last event left ([`Attested`]), and a verifier undoes the changes one by one and compares each
//! state. Free text stands in events only sealed: destroying a key erases it, and the chain still verifies.
//!
//! A hash has no key, so who writes to the database can compute one. Beside it an event carries a message
//! authentication code under a key that no store has ([`Authenticator`]).

mod attested;
mod authenticator;
mod beside;
mod chain;
mod content;
mod event;
#[cfg(feature = "checkpoints")]
pub mod log;
mod walk;

pub use self::attested::Attested;
pub use self::authenticator::Authenticator;
pub use self::beside::Beside;
pub use self::chain::{Verdict, verify};
pub(crate) use self::content::{content_digest, digest_of_digests};
pub(crate) use self::event::Hex;
pub use self::event::{Change, Event, Link, StoredEvent};
