//! # eovr
//!
//! Hospitals report incidents so that the same incident does not happen again. eovr is that system as a library. A
//! host links it, provides a store, and gets workflow, scope, risk, sealing, audit and triage.
//!
//! ```
//! use eovr_core::access::{Actor, Role};
//! use eovr_core::incident::{self, Report, Settings};
//! use eovr_core::{Eovr, memory::MemoryStore, org::OrgId, record::ActorId, seal::MasterKey};
//!
//! # use eovr_core::testing;
//! # testing::run(async {
//! # let org = testing::org()?;
//! let eovr = Eovr::builder()
//!     .store(MemoryStore::new())
//!     .org(org) // governorates, administrations, facilities: see `org::Org`
//!     .kinds(incident::kinds(Settings::default())?)
//!     .master_key(MasterKey::from_base64("Zm9yIHRoaXMgZXhhbXBsZSBvbmx5LCBuZXZlciByZWE=")?)
//!     .open()
//!     .await?;
//! let nile = OrgId::new("NIL")?;
//! let seat = eovr.org().seat(Role::Staff, &nile)?;
//! let nurse = eovr.session(Actor::new(ActorId::new("nurse-7")?, Role::Staff, seat)?);
//!
//! let description = "The patient was given ten times the dose.".to_owned();
//! let report = Report { category: "medication".to_owned(), description, ..Report::default() };
//! let id = nurse.incidents().report(&nile, report).await?.written.id;
//! assert_eq!(nurse.incidents().load(id).await?.state(), "created");
//! # Ok(()) });
//! ```
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
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
pub mod triage;
mod typed;
pub mod workflow;

/// Crates whose types are in the public API. A host that uses them from here has the same versions.
pub use {async_trait::async_trait, jiff, uuid, zeroize};

pub use crate::decide::Command;
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::name::Name;
pub use crate::service::{Eovr, Session};
pub use crate::time::Timestamp;
