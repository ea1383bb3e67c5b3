//! What is left after a crash, a full disk, a dead server.

mod crashes;
mod failover;
mod servers;
