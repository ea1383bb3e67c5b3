//! The SQL stores beside real servers.

mod races;
mod servers;
mod sqlite;
