use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::access::Scope;
use crate::audit::{Event, StoredEvent, Verdict};
use crate::decide::note_field;
use crate::error::Result;
use crate::name::Name;
use crate::record::{Record, RecordId};
use crate::seal::{Place, Sealed};
use crate::service::Session;
use crate::service::session::text;

/// The audit trail of one record.
#[derive(Clone, Debug)]
pub struct Trail {
    /// The record of the trail.
    pub record: Record,
    /// The events in order.
    pub entries: Vec<Entry>,
    /// The verifier's verdict.
    pub verdict: Verdict,
}

/// One event with its opened note.
#[derive(Clone, Serialize)]
pub struct Entry {
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// The reason in the actor's own words; `None` also where its key was destroyed.
    #[serde(rename = "note_text", skip_serializing_if = "Option::is_none")]
    pub note: Option<Zeroizing<String>>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({} {})", self.event.seq, self.event.action)
    }
}

impl Session {
    /// The verified audit trail of a record.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// quality.incidents().act(id, Action::Start, None).await?;
    /// let trail = quality.trail(&KIND, id).await?;
    /// assert!(trail.verdict.is_intact());
    /// let told: Vec<_> = trail.entries.iter().map(|entry| entry.event.action.as_str()).collect();
    /// assert_eq!(told, ["report", "start"]);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`Session::load`]. A broken chain or an unreadable event is not an error: the verdict names the position. An
    /// unreadable event has no entry.
    pub async fn trail(&self, kind: &Name, id: RecordId) -> Result<Trail> {
        let declared = self.eovr().catalog().kind(kind)?.clone();
        let mut record = self.load(kind, id).await?;
        // More concurrent changes to one record than are realistic.
        let (mut tries, mut met) = (16, false);
        loop {
            let events = self.chain(&record).await?;
            let verdict = self.verdict(&declared, &record, &events);
            tries -= 1;
            if !verdict.is_intact() && tries > 0 {
                // The record and its events are two reads. A commit between them does not break a chain, and neither
                // does a facet that this node does not know yet or that a concurrent request has just loaded.
                let first = !std::mem::replace(&mut met, true);
                if first {
                    let _ = self.eovr().store().refresh().await;
                }
                let now = self.load(kind, id).await?;
                if first || now.envelope().version != record.envelope().version {
                    record = now;
                    continue;
                }
            }
            self.eovr().meet(events.iter().filter_map(note_of).map(|note| note.key_id())).await;
            let entries = events.iter().filter_map(|stored| self.entry(&record, stored).ok()).collect();
            return Ok(Trail { record, entries, verdict });
        }
    }

    pub(crate) async fn chain(&self, record: &Record) -> Result<Vec<StoredEvent>> {
        let kind = &record.envelope().kind;
        self.eovr().store().events(&Scope::of(self.actor()), kind, record.id()).await
    }

    pub(crate) fn entry(&self, record: &Record, stored: &StoredEvent) -> Result<Entry> {
        let event = stored.read()?;
        let note = note_of(stored).and_then(|sealed| {
            let field = note_field(event.seq);
            let place =
                Place { kind: record.envelope().kind.as_str(), record: record.id().uuid(), field: &field };
            let plain = self.eovr().cipher().open(&place, &sealed).ok()?;
            text(plain).ok()
        });
        Ok(Entry { event, note })
    }
}

fn note_of(stored: &StoredEvent) -> Option<Sealed> {
    let note = stored.read().ok()?.note?;
    Sealed::from_stored(STANDARD.decode(note).ok()?).ok()
}
