use std::borrow::Cow;
use std::ops::Deref;

use serde::Deserialize;

use crate::audit::authenticator::{Authenticator, Code};
use crate::audit::content_digest;
use crate::audit::event::{Hashed, Hex};
use crate::error::{Error, ErrorKind, Result};
use crate::record::Record;
use crate::time::Timestamp;

/// A record that matches the last event of its chain. The engine decides on such records only, and only such records
/// grant rights.
///
/// The engine does not trust the store. An attacker with write access to the database could change a row, and the
/// next honest action would vouch for the change, or give an account another role.
///
/// ```compile_fail,E0423
/// # fn of(record: eovr_core::record::Record) -> eovr_core::audit::Attested {
/// eovr_core::audit::Attested(record)
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested(Record);

/// The members of the event that are compared.
#[derive(Deserialize)]
struct Last<'e> {
    #[serde(borrow)]
    record: Cow<'e, str>,
    seq: u64,
    at: Timestamp,
    #[serde(borrow)]
    to: Cow<'e, str>,
    #[serde(borrow)]
    content: Cow<'e, str>,
}

impl Attested {
    /// Compares a record with the bytes of the last event of its chain. `None`: the chain has no event.
    ///
    /// # Errors
    /// `Tampered` where the record names another event, differs from what the event left, or where the event's code
    /// is forged, or missing although required; `Key` where this process does not have the key of the code.
    pub fn of(record: Record, last: Option<&str>, authenticator: Option<&Authenticator>) -> Result<Self> {
        match finding(&record, last, authenticator) {
            None => Ok(Self(record)),
            Some((kind, finding)) => Err(Error::new(kind, finding)
                .with_help("see its audit trail for details; restore the record from a backup")
                .with("kind", &record.envelope.kind)
                .with("record", record.id())),
        }
    }

    /// A record that a decision has just made together with its event.
    pub(crate) fn decided(record: Record) -> Self {
        Self(record)
    }

    /// The record.
    pub fn into_record(self) -> Record {
        self.0
    }
}

impl Deref for Attested {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.0
    }
}

fn finding(
    record: &Record,
    last: Option<&str>,
    authenticator: Option<&Authenticator>,
) -> Option<(ErrorKind, &'static str)> {
    let tampered = |finding| Some((ErrorKind::Tampered, finding));
    let Some(last) = last else { return tampered("the record has no event") };
    let envelope = &record.envelope;
    let Hashed { hash, code } = Hashed::of(last);
    if hash != envelope.head.hash {
        return tampered("the record does not name the last event of its chain");
    }
    if let Some(authenticator) = authenticator {
        match code.map(|(tag, covered)| authenticator.check(&covered, tag)) {
            Some(Code::Good) => {}
            None if !authenticator.is_required() => {}
            Some(Code::Unknown) => {
                return Some((ErrorKind::Key, "this process does not have the key of the last event's code"));
            }
            Some(Code::Forged) | None => return tampered("no holder of the key made the last event"),
        }
    }
    let Ok(last) = serde_json::from_str::<Last<'_>>(last) else {
        return tampered("the last event cannot be read");
    };
    let fits = last.seq == envelope.head.seq
        && last.seq == envelope.version
        && last.at == envelope.updated_at
        && last.to == envelope.state.as_str()
        && last.record == record.id().to_string()
        && Hex(&content_digest(record)).is(&last.content);
    if fits { None } else { tampered("the record is not what its last event left") }
}
