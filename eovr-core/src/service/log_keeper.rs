use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use crate::access::danger;
use crate::audit::log::{Checkpoint, Line, PublicKey, Signer, Tree};
use crate::audit::{Hex, StoredEvent};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Name;
use crate::ports::Posted;
use crate::record::RecordId;
use crate::service::{Eovr, Session};

/// How many messages of the feed are read at a time.
const PAGE: u32 = 1000;

/// Follows the feed with a tree, and signs how far it has come: see [`crate::audit::log`].
///
/// Keep one for as long as the process lives: it reads the whole feed once, and then what has come since.
#[derive(Debug)]
pub struct LogKeeper {
    session: Session,
    signer: Signer,
    tree: Mutex<Tree>,
}

impl LogKeeper {
    /// A keeper that signs with this key.
    ///
    /// # Errors
    /// `Bug` where the engine does not let its own parts read.
    pub fn new(eovr: &Eovr, signer: Signer) -> Result<Self> {
        let all = danger::unrestricted("eovr.log", "commit to every event in one tree")?;
        Ok(Self { session: eovr.session(all), signer, tree: Mutex::default() })
    }

    /// The key that others check the checkpoints with.
    pub fn public(&self) -> &PublicKey {
        self.signer.public()
    }

    /// A checkpoint of the log as it is now, as a signed note. Signed only where the log still begins with what
    /// the `earlier` checkpoint vouched for: the last one that was handed out.
    ///
    /// # Errors
    /// `Tampered` where it does not: the database was changed behind the engine's back, or set back to an earlier
    /// day. What the store says.
    pub async fn checkpoint(&self, earlier: Option<&Checkpoint>) -> Result<String> {
        let mut tree = self.known();
        if earlier.is_some_and(|earlier| earlier.size < tree.size()) {
            // What it was at that size is not known any more.
            tree = Tree::default();
        }
        fits(earlier, &tree)?;
        loop {
            let page = self.page(tree.size()).await?;
            for posted in &page {
                tree.push(posted.message.as_bytes());
                fits(earlier, &tree)?;
            }
            if page.len() < PAGE as usize {
                break;
            }
        }
        if let Some(earlier) = earlier.filter(|earlier| earlier.size > tree.size()) {
            return Err(rewritten().with("entries", tree.size()).with("vouched", earlier.size));
        }
        let note = self.signer.sign(&Checkpoint::of(self.public().name(), &tree));
        *self.tree.lock().unwrap_or_else(PoisonError::into_inner) = tree;
        Ok(note)
    }

    /// Writes the log, a line of JSON an entry, for [`verify_log`](crate::audit::log::verify_log), and says how
    /// many there were. Sealed texts are in it as they are sealed.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written; `Tampered` where a message names an event that is not there.
    pub async fn write(&self, mut to: impl Write) -> Result<u64> {
        let mut written = 0;
        loop {
            let page = self.page(written).await?;
            let events = self.events(&page).await?;
            for (posted, event) in page.iter().zip(events) {
                let line = Line { message: (&posted.message).into(), event: event.into() };
                serde_json::to_writer(&mut to, &line).map_err(|error| unwritten(error.into()))?;
                to.write_all(b"\n").map_err(unwritten)?;
                written += 1;
            }
            if page.len() < PAGE as usize {
                to.flush().map_err(unwritten)?;
                return Ok(written);
            }
        }
    }

    async fn page(&self, after: u64) -> Result<Vec<Posted>> {
        self.session.eovr().store().feed(after, PAGE).await
    }

    /// The event of each message. The chain of a record is read once a page.
    async fn events(&self, page: &[Posted]) -> Result<Vec<String>> {
        let mut chains: HashMap<RecordId, HashMap<String, String>> = HashMap::new();
        let mut events = Vec::with_capacity(page.len());
        for posted in page {
            let lost = || {
                Error::new(ErrorKind::Tampered, "a message names an event that is not there")
                    .with("entry", posted.position)
            };
            let told: Told = serde_json::from_str(&posted.message).map_err(|_| lost())?;
            let (kind, _) = told.topic.split_once('.').ok_or_else(lost)?;
            let chain = match chains.entry(told.record) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(unknown) => {
                    let store = self.session.eovr().store();
                    let chain = store.events(&self.session.scope(), &Name::new(kind)?, told.record).await?;
                    let by_hash = |StoredEvent { body, hash, .. }| (Hex(&hash).to_string(), body);
                    unknown.insert(chain.into_iter().map(by_hash).collect())
                }
            };
            events.push(chain.remove(&told.event).ok_or_else(lost)?);
        }
        Ok(events)
    }

    fn known(&self) -> Tree {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What is read of a [`crate::decide::Message`].
#[derive(Deserialize)]
struct Told {
    topic: String,
    record: RecordId,
    event: String,
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
        .with_help("see that its place can be written to and has room, and write it again")
        .because(error)
}
