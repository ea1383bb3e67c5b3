//! # eovr
//!
//! Hospitals report incidents so that the same incident does not happen again. eovr is that system as a library. A
//! host links it, provides a store, and gets workflow, scope, risk, sealing, audit and triage.
//!
//! **A pure core decides, a store applies, and nothing else happens.** Read the modules in this order. Each
//! step builds on the steps before it, and `ARCHITECTURE.md` has the same order:
//!
//! 1. [`org`], [`record`], [`access`]: where things happen, what is stored, who may see it.
//! 2. [`workflow`], [`risk`], [`seal`], [`audit`]: which action is allowed next, how bad an incident is, what is
//!    encrypted, what happened.
//! 3. [`kind`]: the declaration of one kind of record. Start with [`kind::KindTable`].
//! 4. [`decide`]: one pure function from a command to its complete effect. This is the core of the library.
//! 5. [`ports`]: what the host provides. Start with [`ports::Store`]; [`memory`] is the simplest store, and
//!    `conformance` (a feature) tests what every store promises.
//! 6. [`service`]: the public API, [`Eovr`] and [`Session`].
//! 7. [`identity`], [`analyst`], [`notice`], [`incident`]: the record kinds and services on top, with [`triage`],
//!    [`analytics`] and `attachment` (a feature). Start with [`incident::IncidentWorkflow`].
//! 8. `export` (behind features): the formats that leave the process.

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
