//! The program, run as a user runs it.

mod account;
mod analyst;
mod api;
mod beside;
mod challenge;
mod check;
mod checkpoint;
mod delivery;
mod demo;
mod export;
mod files;
mod hospital;
mod hostile;
mod identity;
mod import;
mod keys;
mod load;
mod plan;
mod provider;
mod proxied;
mod scorers;
#[cfg(target_os = "linux")]
mod secrets;
mod serve;
mod served;
mod support;
