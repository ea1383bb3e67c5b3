//! A log of all changes: one Merkle tree over the [feed](crate::ports::Store::feed), with signed checkpoints.
//!
//! The chain of a record shows that no event was inserted between two others. But an attacker with write access to
//! the database can rewrite a whole chain, or remove a record with all its events. The log detects that. Each message
//! of the feed contains the hash of its event, and the tree commits to every message and to their order (RFC 9162,
//! section 2.1). A signed [`Checkpoint`] of the tree is stored where the database's administrators have no access: on
//! paper, in a mailbox, on another machine. No commit waits for the log.
//!
//! A checkpoint is a signed note in the [C2SP format](https://c2sp.org/tlog-checkpoint), so witnesses of other
//! transparency logs can cosign it. [`LogKeeper`](crate::service::LogKeeper) makes checkpoints:
//!
//! ```text
//! hospital.example/eovr                              the log's name
//! 4096                                               how many entries
//! qINS1GRFhWHwdkUeqLEoP4yEMkTBBzxBkGwGQlVlVcs=       the root of the tree over them
//!
//! — hospital.example/eovr 6vY9Qk…                    the signature, Ed25519
//! ```
//!
//! Sealed values stay sealed in the log. Destroying a key erases their content, and the log still verifies.

mod exported;
mod note;
mod tree;

pub(crate) use self::exported::Line;
pub use self::exported::{LogVerdict, verify_log};
pub use self::note::{Checkpoint, PublicKey, Signer};
pub use self::tree::Tree;
