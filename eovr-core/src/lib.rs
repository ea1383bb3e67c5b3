//! # eovr
//!
//! Hospitals report incidents so that the same incident does not happen again. eovr is that system as a library. A
//! host links it, provides a store, and gets workflow, scope, risk, sealing, audit and triage.
//!
//! **A pure core decides, a store applies, and nothing else has an effect.** Read the modules in this order:
//!
//! 1. [`org`], [`record`], [`access`]: where incidents happen, what is stored, who may see it;
//! 2. [`workflow`], [`risk`], [`seal`], [`audit`]: which action may come next, how severe an incident is, what is
//!    encrypted, what has happened;
//! 3. [`kind`]: the declaration of all this for one kind of record;
//! 4. [`decide`]: the central pure function from a command to its complete effect;
//! 5. [`ports`]: what the host provides, above all the [`ports::Store`];
//! 6. [`service`]: the API of the engine, [`Eovr`] and [`Session`];
//! 7. [`incident`]: the first product built on the engine, with [`triage`], [`analyst`], [`analytics`] and
//!    [`notice`];
//! 8. `export` (behind features): exports as spreadsheets, PDF and formats of other systems.

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
