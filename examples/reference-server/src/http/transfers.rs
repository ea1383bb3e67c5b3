//! Files on their way in or out: how many bytes of them this process may hold at a time.
//!
//! A file is in memory several times over while it is cleaned and sealed, or opened, and it comes and goes as slowly as
//! its client likes. So bytes are counted from the moment at which they are announced.

use std::sync::Arc;

use eovr_core::attachment::LARGEST;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::places::{Share, Shares};
use super::problem::Problem;

/// Bytes of all files that are worked on. Each stands in memory four or five times at most.
const ALL: usize = 40 << 20;
/// Those of one caller.
const EACH: usize = ALL / 2;
/// After so many seconds there may be room again.
const PAUSE: u32 = 5;

/// Room for files on their way.
pub(crate) struct Transfers {
    room: Arc<Semaphore>,
    shares: Shares,
}

/// A file on its way.
pub(crate) struct Transfer {
    _room: OwnedSemaphorePermit,
    share: Share,
}

impl Default for Transfers {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(ALL)), shares: Shares::new(EACH) }
    }
}

impl Transfers {
    /// Takes the room for so many bytes, or for the largest file where nobody says how many.
    ///
    /// # Errors
    /// `TooMany` where there is no room, or this caller takes up too much of it.
    pub(super) fn begin(&self, caller: &str, bytes: Option<u64>) -> Result<Transfer, Problem> {
        let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(LARGEST).clamp(1, LARGEST);
        let full = || Problem::too_many(PAUSE);
        let share = self.shares.take(caller, bytes).ok_or_else(full)?;
        let room = u32::try_from(bytes).map_err(|_| full())?;
        let room = self.room.clone().try_acquire_many_owned(room).map_err(|_| full())?;
        Ok(Transfer { _room: room, share })
    }
}

impl Transfer {
    /// Nothing is worked on any more: the room is for others, and the share lasts until the file is handed over.
    pub(super) fn worked(self) -> Share {
        self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_does_not_take_all_the_room_and_all_do_not_take_more_than_there_is() {
        let transfers = Transfers::default();
        let begun = |who: &str, bytes: usize| transfers.begin(who, Some(bytes as u64)).ok();
        let mona: Vec<_> = (0..10).filter_map(|_| begun("mona", LARGEST)).collect();
        assert_eq!(mona.len(), EACH / LARGEST);
        let hassan: Vec<_> = (0..10).filter_map(|_| begun("hassan", LARGEST)).collect();
        assert_eq!(hassan.len(), EACH / LARGEST);
        assert!(begun("fatima", LARGEST).is_none(), "all are on their way");
        drop(mona);
        assert!(begun("fatima", 1 << 20).is_some(), "what is done makes room");
        let unknown: Vec<_> = (0..10).filter_map(|_| transfers.begin("fatima", None).ok()).collect();
        assert_eq!(unknown.len(), EACH / LARGEST, "what does not say counts as the largest");
    }
}
