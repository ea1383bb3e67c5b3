//! The program, run as a person runs it.

mod api;
mod check;
mod demo;
mod export;
mod hostile;
mod identity;
mod import;
mod provider;
mod serve;
mod served;
mod support;
