//! Uploads and downloads: a limit on their bytes in this process.
//!
//! A file is in memory several times while the server cleans, seals or opens it, and a slow client can make that last.
//! So the limit counts bytes from the moment at which their number is announced.

use std::sync::Arc;

use eovr_core::attachment::LARGEST;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::places::{Share, Shares};
use super::problem::Problem;

/// The total bytes of all transfers. Each file is in memory four or five times at most.
const ALL: usize = 40 << 20;
/// The bytes of one caller.
const EACH: usize = ALL / 2;
/// The `Retry-After`, in seconds.
const PAUSE: u32 = 5;

/// The room for transfers.
pub struct Transfers {
    room: Arc<Semaphore>,
    shares: Shares,
}

/// A transfer in progress.
pub struct Transfer {
    _room: OwnedSemaphorePermit,
    share: Share,
}

impl Default for Transfers {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(ALL)), shares: Shares::new(EACH) }
    }
}

impl Transfers {
    /// Reserves room for this many bytes, or for the largest file if the size is unknown.
    ///
    /// # Errors
    /// `TooMany` if there is no room, or this caller would take too much of it.
    pub fn begin(&self, caller: &str, bytes: Option<u64>) -> Result<Transfer, Problem> {
        let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(LARGEST).clamp(1, LARGEST);
        let full = || Problem::too_many(PAUSE);
        let share = self.shares.take(caller, bytes).ok_or_else(full)?;
        let room = u32::try_from(bytes).map_err(|_| full())?;
        let room = self.room.clone().try_acquire_many_owned(room).map_err(|_| full())?;
        Ok(Transfer { _room: room, share })
    }
}

impl Transfer {
    /// The processing has ended: its room is released, and the caller's share lasts until the client has received the
    /// file.
    pub fn worked(self) -> Share {
        self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfers_are_limited_in_total_and_per_caller() {
        let transfers = Transfers::default();
        let begun = |who: &str, bytes: usize| transfers.begin(who, Some(bytes as u64)).ok();
        let mona: Vec<_> = (0..10).filter_map(|_| begun("mona", LARGEST)).collect();
        assert_eq!(mona.len(), EACH / LARGEST);
        let hassan: Vec<_> = (0..10).filter_map(|_| begun("hassan", LARGEST)).collect();
        assert_eq!(hassan.len(), EACH / LARGEST);
        assert!(begun("fatima", LARGEST).is_none(), "the room is full");
        drop(mona);
        assert!(begun("fatima", 1 << 20).is_some(), "a finished transfer makes room");
        let unknown: Vec<_> = (0..10).filter_map(|_| transfers.begin("fatima", None).ok()).collect();
        assert_eq!(unknown.len(), EACH / LARGEST, "an unknown size counts as the largest");
    }
}
