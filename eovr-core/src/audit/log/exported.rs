use std::borrow::Cow;
use std::collections::HashMap;
use std::io::BufRead;

use serde::{Deserialize, Serialize};

use crate::audit::event::{Event, Hashed, Hex};
use crate::audit::log::{Checkpoint, Tree};
use crate::audit::message::Headline;
use crate::error::{Error, ErrorKind, Result};
use crate::record::Head;

/// One entry of an exported log: one line of JSON.
#[derive(Deserialize, Serialize)]
pub(crate) struct Line<'a> {
    /// The message of the feed, exactly as committed.
    #[serde(borrow)]
    pub(crate) message: Cow<'a, str>,
    /// The body of the message's event, exactly as hashed.
    #[serde(borrow)]
    pub(crate) event: Cow<'a, str>,
}

/// The result of verifying an exported log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LogVerdict {
    /// Every entry is the original one and in its place.
    Intact {
        /// The number of entries.
        entries: u64,
        /// The number of entries that a checkpoint covers.
        vouched: u64,
    },
    /// The verifier found a fault; this is the first one.
    Broken {
        /// The entry, from 1.
        entry: u64,
        /// The fault.
        finding: String,
    },
}

/// Verifies an exported log, one entry per line, against checkpoints that were stored elsewhere.
///
/// It needs only the log and the checkpoints, which come from [`super::PublicKey::open`]; it needs no key and no
/// database. It finds any entry that was changed, removed, added or moved. It names the entry where the entry or its
/// record's chain is inconsistent. Where an attacker has made all entries consistent, it names the first checkpoint
/// that no longer matches. Entries after the last checkpoint are only checked for consistency.
///
/// # Errors
/// `Unavailable` where the log cannot be read.
pub fn verify_log(log: impl BufRead, checkpoints: &[Checkpoint]) -> Result<LogVerdict> {
    let mut due: Vec<&Checkpoint> = checkpoints.iter().collect();
    due.sort_by_key(|checkpoint| checkpoint.size);
    let mut due = due.into_iter().peekable();
    let mut tree = Tree::default();
    let mut heads = HashMap::new();
    let mut vouched = 0;
    let mut lines = log.lines();
    loop {
        while let Some(checkpoint) = due.next_if(|checkpoint| checkpoint.size <= tree.size()) {
            if checkpoint.root != tree.root() {
                return Ok(LogVerdict::Broken {
                    entry: checkpoint.size,
                    finding: format!(
                        "the checkpoint of {} entries does not fit: something between {} and {} was changed, \
                         removed, added or moved",
                        checkpoint.size,
                        vouched + 1,
                        checkpoint.size,
                    ),
                });
            }
            vouched = checkpoint.size;
        }
        let Some(line) = lines.next() else { break };
        let line = line.map_err(|error| {
            Error::new(ErrorKind::Unavailable, "the exported log cannot be read").because(error)
        })?;
        match entry(&line, &mut heads) {
            Ok(message) => tree.push(message.as_bytes()),
            Err(finding) => {
                return Ok(LogVerdict::Broken { entry: tree.size() + 1, finding: finding.to_owned() });
            }
        }
    }
    Ok(match due.peek() {
        Some(checkpoint) => LogVerdict::Broken {
            entry: tree.size() + 1,
            finding: format!(
                "the log ends before a checkpoint of {} entries: it was cut off, or exported before that one was made",
                checkpoint.size
            ),
        },
        None => LogVerdict::Intact { entries: tree.size(), vouched },
    })
}

/// The message of one line, where the line is consistent.
fn entry<'l>(line: &'l str, heads: &mut HashMap<String, Head>) -> Result<Cow<'l, str>, &'static str> {
    let line: Line<'l> = serde_json::from_str(line).map_err(|_| "the line is not an entry")?;
    let message = Headline::read(&line.message).ok_or("the message cannot be read")?;
    let named = message.event.as_deref().ok_or("the message cannot be read")?;
    let digest = Hashed::of(&line.event).hash;
    if !Hex(&digest).is(named) {
        return Err("the event is not the one that the message names");
    }
    let event: Event = serde_json::from_str(&line.event).map_err(|_| "the event cannot be read")?;
    if !message.is(event.kind.as_str(), event.action.as_str())
        || (event.record.as_str(), event.version, event.to.as_str())
            != (&*message.record, message.version, &*message.to)
    {
        return Err("the message does not tell of its event");
    }
    let head = heads.entry(event.record).or_insert(Head::EMPTY);
    if event.seq != head.seq + 1 || !Hex(&head.hash).is(&event.prev) {
        return Err("the event does not follow from the one before it of its record");
    }
    *head = Head { seq: event.seq, hash: digest };
    Ok(line.message)
}
