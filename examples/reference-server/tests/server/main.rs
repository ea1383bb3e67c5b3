//! The program, run as a person runs it.

mod demo;
mod identity;
mod import;
mod serve;
mod support;
