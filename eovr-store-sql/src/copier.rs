//! Copies SQLite's log into the database file while commits go on.
//!
//! SQLite copies the log in the commit that fills it, and each caller of that commit waits some 40 ms. The copier copies
//! most pages earlier, on a connection of its own, which blocks neither the writer nor a reader. The commit that fills
//! the log then finds little left to copy. If the copier fails, that commit copies everything, as without a copier.

use std::path::Path;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::link::Link;

/// The number of commits between two copies. A report takes about two dozen pages, so the copier runs some ten times
/// before the log is full.
const BETWEEN: usize = 64;

/// A handle to the task that copies.
pub(crate) struct Copier {
    wake: mpsc::Sender<()>,
    task: JoinHandle<()>,
    commits: usize,
}

impl Copier {
    /// A copier for this file. It opens its connection at the first copy, so an idle store has none.
    pub(crate) fn start(link: Link) -> Self {
        let (wake, woken) = mpsc::channel(1);
        Self { wake, task: tokio::spawn(copy(link, woken)), commits: 0 }
    }

    /// Counts commits, and wakes the task when there is enough to copy.
    pub(crate) fn committed(&mut self, commits: usize) {
        self.commits += commits;
        if self.commits >= BETWEEN {
            self.commits = 0;
            // A full channel means that the task has not begun the copy before.
            let _ = self.wake.try_send(());
        }
    }

    /// Ends the task and closes its connection.
    pub(crate) async fn close(self) {
        drop(self.wake);
        // A task that panicked has closed its connection too.
        let _ = self.task.await;
    }
}

async fn copy(link: Link, mut woken: mpsc::Receiver<()>) {
    let mut own = None;
    while woken.recv().await.is_some() {
        // To open a file that is gone would make an empty database in its place.
        if own.is_none() && link.file().is_some_and(Path::exists) {
            own = link.connect_to_write(None).await.ok();
        }
        if let Some(connection) = &mut own
            && connection.run("PRAGMA wal_checkpoint(PASSIVE)").await.is_err()
        {
            own = None;
        }
    }
    if let Some(connection) = own {
        // The log is the writer's, which closes last.
        let _ = connection.close().await;
    }
}
