//! The program, run as a person runs it.

mod check;
mod demo;
mod identity;
mod import;
mod serve;
mod support;
