//! Who may: actors, the part of the data they see, and proof of both.
//!
//! Two values are proof, and only this module makes them: a [`Scope`] says which records an actor
//! sees, a [`Permit`] that this actor may do this action here. A store's reads take a scope, a commit
//! is made from a permit; code that has neither does not compile.
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
