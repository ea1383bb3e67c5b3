//! The program, run as a person runs it.

mod api;
mod check;
mod demo;
mod export;
mod hospital;
mod hostile;
mod identity;
mod import;
mod post;
mod provider;
mod serve;
mod served;
mod support;
