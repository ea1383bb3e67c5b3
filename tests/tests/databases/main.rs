//! The SQL stores beside real servers.

mod hostile;
mod races;
mod servers;
mod sqlite;
