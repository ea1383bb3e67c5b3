//! Events as a store returns them, and the verifier of their chain.

use std::sync::{Arc, LazyLock};

use eovr_core::Error;
use eovr_core::audit::{StoredEvent, verify};
use eovr_core::kind::Kind;
use eovr_core::name;
use eovr_core::record::Record;
use sha2::{Digest as _, Sha256};

use super::text;
use crate::fixture::{bench, name, wait};

/// A record and its chain of three events.
static CHAIN: LazyLock<(Arc<Kind>, Record, Vec<StoredEvent>)> = LazyLock::new(|| {
    wait(async {
        let (eovr, reviewer, record) = bench().await?;
        let kind = eovr.catalog().kind(&name!("bench"))?.clone();
        let events = eovr.store().events(&reviewer.scope(), &name("bench"), record.id()).await?;
        assert!(verify(&kind, &record, &events).is_intact(), "an honest chain");
        Ok::<_, Error>((kind, record, events))
    })
    .expect("an honest chain")
});

/// The bodies of the record's events.
pub(crate) fn bodies() -> Vec<String> {
    CHAIN.2.iter().map(|event| event.body.clone()).collect()
}

/// An edit of a chain by a database administrator, in six bytes: which event, what, and where.
struct Edit<'e>(&'e [u8; 6]);

impl Edit<'_> {
    fn of(&self, events: &mut Vec<StoredEvent>) {
        let [which, what, high, low, byte, other] = *self.0;
        let (which, other) = (usize::from(which), usize::from(other));
        let (count, at) = (events.len(), usize::from(u16::from_be_bytes([high, low])));
        if count == 0 {
            return;
        }
        match what % 5 {
            0 => drop(events.remove(which % count)),
            1 => events.swap(which % count, other % count),
            2 => events.insert(other % (count + 1), events.get(which % count).expect("within").clone()),
            // The hash beside the body has no key, so an attacker who changes the body recomputes the hash.
            what => {
                let event = events.get_mut(which % count).expect("within");
                let mut body = std::mem::take(&mut event.body).into_bytes();
                let at = at % body.len().max(1);
                body.splice(at..(at + usize::from(what == 3)).min(body.len()), [byte]);
                event.body = String::from_utf8_lossy(&body).into_owned();
                event.hash = hash(&event.body);
            }
        }
    }
}

fn hash(body: &str) -> [u8; 32] {
    Sha256::new().chain_update(b"eovr.event.v1\n").chain_update(body).finalize().into()
}

/// Input: a body of an event, and edits of a chain. A parsed body is written and read as the same; no edited chain
/// verifies.
pub(crate) fn check(bytes: &[u8]) {
    if let Some(body) = text(bytes) {
        let read = StoredEvent { body: body.to_owned(), hash: hash(body), beside: None }.read();
        if let Ok(event) = read {
            let body = serde_json::to_string(&event).expect("an event is JSON");
            let again = StoredEvent { hash: hash(&body), body, beside: None }.read();
            assert_eq!(again.ok().as_ref(), Some(&event), "an event is read back as another");
        }
    }
    let (kind, record, whole) = &*CHAIN;
    let mut events = whole.clone();
    let (edits, _) = bytes.as_chunks::<6>();
    edits.iter().take(16).for_each(|edit| Edit(edit).of(&mut events));
    assert_eq!(
        verify(kind, record, &events).is_intact(),
        events == *whole,
        "an edited chain passes for the honest one"
    );
}
