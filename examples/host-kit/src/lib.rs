//! What every host of eovr has: HTTP with authentication, idempotency and OpenAPI, pages in two languages, settings,
//! databases, the commands' output.
//!
//! A host has its own state beside a [`Kit`](http::kit::Kit), adds its own [routes](http::routes::Routes) and gives them to
//! [`http::framed`]. The reference server is the first host that does so.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod checkpoint;
pub mod database;
pub mod files;
pub mod http;
pub mod keyring;
pub mod listen;
pub mod log;
pub mod outgoing;
pub mod output;
pub mod process;
pub mod secrets;
pub mod settings;
pub mod signal;
pub mod signals;
pub mod table;
pub mod ui;
pub mod writes;
