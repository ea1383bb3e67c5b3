//! The data after a crash, on a full disk, and after the loss of a server.

mod crashes;
mod failover;
mod servers;
