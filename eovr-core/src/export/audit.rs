//! Audit reports: the events of a period, filtered by action and by actor.

use std::io::Write;

use serde::Serialize;

use crate::audit::{Event, Verdict};
use crate::error::Result;
use crate::export::csv::{cell, end, guarded};
use crate::export::write::{unwritten, unwritten_json};
use crate::name::Name;
use crate::record::{ActorId, RecordId};
use crate::service::{Entry, Trail};
use crate::time::Timestamp;

/// Which events a report contains. An event must pass every filter that is set.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AuditFilter {
    /// Events of this moment or later.
    pub from: Option<Timestamp>,
    /// Events before this moment.
    pub before: Option<Timestamp>,
    /// Events of one of these actions. An empty list means all actions.
    pub actions: Vec<Name>,
    /// Events by one of these actors. An empty list means all actors.
    pub actors: Vec<ActorId>,
}

impl AuditFilter {
    /// Whether an event passes the filter.
    pub fn matches(&self, event: &Event) -> bool {
        self.from.is_none_or(|from| event.at >= from)
            && self.before.is_none_or(|before| event.at < before)
            && (self.actions.is_empty() || self.actions.contains(&event.action))
            && (self.actors.is_empty() || self.actors.contains(&event.actor))
    }
}

/// The events that pass a filter, in the order of time. The report keeps them in memory until it writes them.
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
/// use eovr_core::export::{AuditFilter, AuditReport};
///
/// quality.incidents().act(id, Action::Start, None).await?;
/// let only = AuditFilter { actions: vec![name!("start")], ..AuditFilter::default() };
/// let mut report = AuditReport::new(only);
/// report.add(quality.incidents().trail(id).await?);
/// assert_eq!(report.len(), 1);
/// assert!(String::from_utf8(report.csv(Vec::new())?)?.contains("quality-1"));
/// # Ok(()) });
/// ```
#[derive(Debug)]
pub struct AuditReport {
    pub(super) filter: AuditFilter,
    pub(super) events: Vec<RecordEvent>,
    pub(super) chains: u64,
    /// The chains that the verifier found broken, with its verdicts.
    pub(super) broken: Vec<(String, Verdict)>,
}

/// An event of one record.
#[derive(Debug)]
pub(super) struct RecordEvent {
    pub(super) record: RecordId,
    pub(super) number: Option<String>,
    pub(super) entry: Entry,
}

/// One event as JSON: its own members, the record's number, and the opened note.
#[derive(Serialize)]
struct Line<'a> {
    number: Option<&'a str>,
    #[serde(flatten)]
    entry: &'a Entry,
}

#[derive(Serialize)]
struct Head<'a> {
    v: u8,
    filter: &'a AuditFilter,
    chains: u64,
    broken: Vec<Broken<'a>>,
    events: u64,
}

#[derive(Serialize)]
struct Broken<'a> {
    record: &'a str,
    verdict: &'a Verdict,
}

const COLUMNS: &[&str] = &[
    "at", "kind", "number", "record", "seq", "actor", "capacity", "human", "action", "from", "to", "version",
    "changes", "note",
];

impl AuditReport {
    /// An empty report with this filter.
    pub fn new(filter: AuditFilter) -> Self {
        Self { filter, events: Vec::new(), chains: 0, broken: Vec::new() }
    }

    /// Adds the trail of one record. The verifier has checked the whole chain, so the report can show parts of chains
    /// and still state for each chain whether it is intact.
    pub fn add(&mut self, trail: Trail) {
        let envelope = trail.record.envelope();
        let number = envelope.number.clone();
        self.chains += 1;
        if !trail.verdict.is_intact() {
            self.broken.push((number.clone().unwrap_or_else(|| envelope.id.to_string()), trail.verdict));
        }
        let record = trail.record.id();
        let mine = trail.entries.into_iter().filter(|entry| self.filter.matches(&entry.event));
        self.events.extend(mine.map(|entry| RecordEvent { record, number: number.clone(), entry }));
    }

    /// The number of events.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether the report has no events.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Writes the report as CSV, with the formula guard of [`super::Csv`].
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn csv<W: Write>(&mut self, mut to: W) -> Result<W> {
        self.sort();
        let mut line = String::new();
        COLUMNS.iter().for_each(|name| cell(&mut line, name));
        end(&mut line, &mut to)?;
        for told in &self.events {
            let event = &told.entry.event;
            cell(&mut line, &event.at.to_string());
            cell(&mut line, event.kind.as_str());
            cell(&mut line, told.number.as_deref().unwrap_or_default());
            cell(&mut line, &told.record.to_string());
            cell(&mut line, &event.seq.to_string());
            guarded(&mut line, event.actor.as_str());
            cell(&mut line, &event.capacity);
            cell(&mut line, if event.human { "true" } else { "false" });
            cell(&mut line, event.action.as_str());
            cell(&mut line, event.from.as_ref().map(Name::as_str).unwrap_or_default());
            cell(&mut line, event.to.as_str());
            cell(&mut line, &event.version.to_string());
            let changed: Vec<&str> = event.changes.keys().map(Name::as_str).collect();
            cell(&mut line, &changed.join(" "));
            guarded(&mut line, told.entry.note.as_ref().map(|note| note.as_str()).unwrap_or_default());
            end(&mut line, &mut to)?;
        }
        to.flush().map_err(unwritten)?;
        Ok(to)
    }

    /// Writes the report as one JSON object: the filter, the number of verified chains, the broken chains, and the
    /// events.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be written.
    pub fn json<W: Write>(&mut self, mut to: W) -> Result<W> {
        self.sort();
        let broken = self.broken.iter().map(|(record, verdict)| Broken { record, verdict }).collect();
        let events = u64::try_from(self.events.len()).unwrap_or(u64::MAX);
        let head = Head { v: 1, filter: &self.filter, chains: self.chains, broken, events };
        to.write_all(b"{\"report\":").map_err(unwritten)?;
        serde_json::to_writer(&mut to, &head).map_err(unwritten_json)?;
        to.write_all(b",\"events\":[").map_err(unwritten)?;
        for (told, index) in self.events.iter().zip(0_u64..) {
            to.write_all(if index == 0 { b"\n" } else { b",\n" }).map_err(unwritten)?;
            let line = Line { number: told.number.as_deref(), entry: &told.entry };
            serde_json::to_writer(&mut to, &line).map_err(unwritten_json)?;
        }
        to.write_all(b"\n]}\n").map_err(unwritten)?;
        to.flush().map_err(unwritten)?;
        Ok(to)
    }

    pub(super) fn sort(&mut self) {
        self.events.sort_by_key(|told| (told.entry.event.at, told.record, told.entry.event.seq));
    }
}
