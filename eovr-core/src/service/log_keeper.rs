use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use crate::access::danger;
use crate::audit::log::{Checkpoint, Line, PublicKey, Signer, Tree};
use crate::audit::{Hex, StoredEvent};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Name;
use crate::ports::{Posted, Store};
use crate::record::RecordId;
use crate::service::{Eovr, Follower, Session};

/// Builds a Merkle tree over the feed and signs its checkpoints: see [`crate::audit::log`].
///
/// Keep one instance for the life of the process: it reads the whole feed once, and later only new messages.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let report = testing::report();
/// # let id = nurse.incidents().report(&nile, report).await?.written.id;
/// use eovr_core::audit::log::{LogVerdict, Signer, verify_log};
/// use eovr_core::service::LogKeeper;
///
/// let seed = [9; 32]; // an example: 32 random bytes, kept outside the database
/// let keeper = LogKeeper::new(&eovr, Signer::new("hospital.example/eovr", &seed)?)?;
/// let note = keeper.checkpoint(None).await?; // print it, or send it by mail
/// let mut log = Vec::new();
/// let written = keeper.write(&mut log).await?;
///
/// // An auditor needs the log, the note and the public key, and no database.
/// let checkpoint = keeper.public().open(&note)?;
/// assert_eq!(checkpoint.size, written);
/// let verdict = verify_log(log.as_slice(), &[checkpoint])?;
/// assert_eq!(verdict, LogVerdict::Intact { entries: written, vouched: written });
/// # Ok(()) });
/// ```
#[derive(Debug)]
pub struct LogKeeper {
    session: Session,
    signer: Signer,
    tree: Mutex<Tree>,
}

impl LogKeeper {
    /// Makes a keeper that signs with this key.
    ///
    /// # Errors
    /// `Bug` where the engine may not read its own parts.
    pub fn new(eovr: &Eovr, signer: Signer) -> Result<Self> {
        let all = danger::unrestricted("eovr.log", "commit to every event in one tree")?;
        Ok(Self { session: eovr.session(all), signer, tree: Mutex::default() })
    }

    /// The public key with which others verify the checkpoints.
    pub fn public(&self) -> &PublicKey {
        self.signer.public()
    }

    /// A checkpoint of the current log as a signed note. `earlier` is the last published checkpoint. The keeper signs
    /// only where the log still begins with the entries of `earlier`.
    ///
    /// # Errors
    /// `Tampered` where it does not, because the database was changed outside the engine or an old backup was restored;
    /// errors of the store.
    pub async fn checkpoint(&self, earlier: Option<&Checkpoint>) -> Result<String> {
        let mut tree = self.known();
        if earlier.is_some_and(|earlier| earlier.size < tree.size()) {
            // The tree is already larger than `earlier`, so it is built again.
            tree = Tree::default();
        }
        fits(earlier, &tree)?;
        let mut feed = Follower::after(tree.size());
        while !feed.at_end() {
            for posted in feed.next(self.store()).await? {
                tree.push(posted.message.as_bytes());
                fits(earlier, &tree)?;
            }
        }
        if let Some(earlier) = earlier.filter(|earlier| earlier.size > tree.size()) {
            return Err(rewritten().with("entries", tree.size()).with("vouched", earlier.size));
        }
        let note = self.signer.sign(&Checkpoint::of(self.public().name(), &tree));
        *self.tree.lock().unwrap_or_else(PoisonError::into_inner) = tree;
        Ok(note)
    }

    /// Writes the log as one JSON entry per line, for [`verify_log`](crate::audit::log::verify_log), and returns the
    /// number of entries. Sealed texts stay sealed.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written; `Tampered` where a message names a missing event.
    pub async fn write(&self, mut to: impl Write) -> Result<u64> {
        let (mut written, mut feed) = (0, Follower::after(0));
        while !feed.at_end() {
            let page = feed.next(self.store()).await?;
            let events = self.events(&page).await?;
            for (posted, event) in page.iter().zip(events) {
                let line = Line { message: (&posted.message).into(), event: event.into() };
                serde_json::to_writer(&mut to, &line).map_err(|error| unwritten(error.into()))?;
                to.write_all(b"\n").map_err(unwritten)?;
                written += 1;
            }
        }
        to.flush().map_err(unwritten)?;
        Ok(written)
    }

    fn store(&self) -> &dyn Store {
        &**self.session.eovr().store()
    }

    /// The event of each message. The chain of a record is read once per page.
    async fn events(&self, page: &[Posted]) -> Result<Vec<String>> {
        let mut chains: HashMap<RecordId, HashMap<String, String>> = HashMap::new();
        let mut events = Vec::with_capacity(page.len());
        for posted in page {
            let lost = || {
                Error::new(ErrorKind::Tampered, "a message names an event that does not exist")
                    .with("entry", posted.position)
            };
            let message = posted.headline().ok_or_else(lost)?;
            let kind = message.kind().ok_or_else(lost)?;
            let record = message.record.parse::<RecordId>().map_err(|_| lost())?;
            let named = message.event.as_deref().ok_or_else(lost)?;
            let chain = match chains.entry(record) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(unknown) => {
                    let scope = self.session.scope();
                    let chain = self.store().events(&scope, &Name::new(kind)?, record).await?;
                    let by_hash = |StoredEvent { body, hash, .. }| (Hex(&hash).to_string(), body);
                    unknown.insert(chain.into_iter().map(by_hash).collect())
                }
            };
            events.push(chain.remove(named).ok_or_else(lost)?);
        }
        Ok(events)
    }

    fn known(&self) -> Tree {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn fits(earlier: Option<&Checkpoint>, tree: &Tree) -> Result<()> {
    match earlier {
        Some(earlier) if earlier.size == tree.size() && earlier.root != tree.root() => {
            Err(rewritten().with("vouched", earlier.size))
        }
        _ => Ok(()),
    }
}

fn rewritten() -> Error {
    Error::new(ErrorKind::Tampered, "the log does not begin with what its last checkpoint vouched for").with_help(
        "keep the checkpoint and a copy of the database: something was changed or removed, or an older backup was put back",
    )
}

fn unwritten(error: io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "the log cannot be written")
        .with_help("make the target writable and free some space, and write it again")
        .because(error)
}
