//! External analysts, end to end: what is sent, what comes back, and what happens without an answer. The provider is a
//! server on this machine that implements each dialect and every failure.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has done its work")]

mod failures;
mod fixture;
mod gateway;
mod house;
mod injections;
mod models;
mod replay;
