//! Authorisation: actors, the records that they see, and proof of both.
//!
//! Two values are proof, and only this module makes them. A [`Scope`] says which records an actor sees; a [`Permit`]
//! says that this actor may do this action here. Every read of a store takes a scope, and every commit is made from a
//! permit. Code that has neither does not compile.
//!
//! ```compile_fail,E0451
//! use eovr_core::access::{Reach, Scope};
//! let everything = Scope { reach: Reach::Country };
//! ```

mod action;
mod actor;
pub mod danger;
mod permit;
mod role;
mod scope;

pub use self::action::{ActionRow, ActionTable, Tiers};
pub use self::actor::{Actor, Seat, Standing};
pub use self::permit::Permit;
pub(crate) use self::permit::Place;
pub use self::role::{Role, Tier};
pub use self::scope::{Reach, Scope};
