//! The SQL stores on real servers.

mod accounts;
mod hostile;
mod pooler;
mod races;
mod rolling;
mod servers;
mod sqlite;
