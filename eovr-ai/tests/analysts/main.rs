//! Analysts outside the house, from a report to what becomes of it: what leaves, what comes back, what happens when
//! nothing does. The provider is a server on this machine that speaks each dialect and fails in every way.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has done its work")]

mod failures;
mod fixture;
mod gateway;
mod house;
mod injections;
mod models;
mod replay;
