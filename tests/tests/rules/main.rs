//! Invariants, tested in memory and on SQLite, without a server or another program. One test binary, because each
//! further one would link every store and cipher again.

mod architecture;
mod attachments;
mod audit;
mod authentication;
mod bad_input;
mod cube;
mod deidentify;
mod feed;
mod figures;
mod handles;
mod incidents;
mod journeys;
mod keys;
mod kinds;
mod lessons;
mod log;
mod narratives;
mod nodes;
mod notices;
mod prose;
mod readme;
mod scope;
mod signing_in;
mod stability;
mod stores;
mod surface;
mod word_lists;
mod words;
mod workflows;
