//! # eovr
//!
//! Hospitals report what went wrong so that it does not happen again. eovr is that system as a library:
//! a host links it, brings a store, and gets workflow, scope, risk, sealing, audit and triage.
//!
//! **A pure core decides, a store applies, and nothing else happens.** Read the modules in this order:
//!
//! 1. [`org`], [`record`], [`access`]: where things happen, what is kept, who may see it;
//! 2. [`workflow`], [`risk`], [`seal`], [`audit`]: what may happen next, how bad it is, what is hidden,
//!    what happened;
//! 3. [`kind`]: all of that declared for one kind of record;
//! 4. [`decide`]: the heart, one pure function from a command to its complete effect;
//! 5. [`ports`]: what the host brings, first of all the [`ports::Store`];
//! 6. [`service`]: the door, [`Eovr`] and [`Session`];
//! 7. [`incident`]: the first product that stands on it, with [`triage`], [`analyst`], [`analytics`] and
//!    [`notice`];
//! 8. `export` (behind features): what leaves, as spreadsheets, PDF and formats of other systems.

pub mod access;
pub mod analyst;
pub mod analytics;
#[cfg(feature = "attachments")]
pub mod attachment;
pub mod audit;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod decide;
pub mod docs;
pub mod error;
#[cfg(feature = "export")]
pub mod export;
pub mod identity;
pub mod incident;
pub mod kind;
pub mod memory;
pub mod name;
pub mod notice;
pub mod org;
pub mod ports;
pub mod record;
pub mod risk;
pub mod seal;
pub mod service;
pub mod time;
pub mod triage;
mod typed;
pub mod workflow;

pub use crate::decide::Command;
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::name::Name;
pub use crate::service::{Eovr, Session};
pub use crate::time::Timestamp;
