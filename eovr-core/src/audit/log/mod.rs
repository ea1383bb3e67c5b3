//! The log of everything: one Merkle tree over the [feed](crate::ports::Store::feed), with signed checkpoints.
//!
//! The chain of a record shows that nothing was slipped in between two of its events. Whoever can write into the
//! database can still rewrite a whole chain, or take a record away with all its events. The log is against that:
//! each message of the feed names the hash of its event, the tree commits to every message and to their order
//! (RFC 9162, section 2.1), and a [`Checkpoint`] of it, signed, is kept where the database's administrators
//! cannot reach: on paper, in a mailbox, on another machine. No commit waits for any of it.
//!
//! A checkpoint is a signed note as [C2SP](https://c2sp.org/tlog-checkpoint) has it, so it can be witnessed by
//! the programs that watch other transparency logs. [`LogKeeper`](crate::service::LogKeeper) makes them:
//!
//! ```text
//! hospital.example/eovr                              the log's name
//! 4096                                               how many entries
//! qINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=       the root of the tree over them
//!
//! — hospital.example/eovr 6vY9Qk…                    the signature, Ed25519
//! ```
//!
//! What is sealed stays sealed in the log: destroying a key erases content, and everything still verifies.

mod exported;
mod note;
mod tree;

pub(crate) use self::exported::Line;
pub use self::exported::{LogVerdict, verify_log};
pub use self::note::{Checkpoint, PublicKey, Signer};
pub use self::tree::Tree;
