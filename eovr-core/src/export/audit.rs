//! Audit reports: what happened in a span of time, of some sort, by some people.

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

/// Which events a report is about. All that is given must hold.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AuditFilter {
    /// Events of this moment or later.
    pub from: Option<Timestamp>,
    /// Events before this moment.
    pub before: Option<Timestamp>,
    /// Events of one of these actions; empty: of all.
    pub actions: Vec<Name>,
    /// Events by one of these actors; empty: by all.
    pub actors: Vec<ActorId>,
}

impl AuditFilter {
    /// Whether an event is one of them.
    pub fn matches(&self, event: &Event) -> bool {
        self.from.is_none_or(|from| event.at >= from)
            && self.before.is_none_or(|before| event.at < before)
            && (self.actions.is_empty() || self.actions.contains(&event.action))
            && (self.actors.is_empty() || self.actors.contains(&event.actor))
    }
}

/// Events that pass a filter, in the order of time. They are kept in memory until they are written.
#[derive(Debug)]
pub struct AuditReport {
    pub(super) filter: AuditFilter,
    pub(super) events: Vec<Told>,
    pub(super) chains: u64,
    /// Chains that the verifier found broken, and what it found there.
    pub(super) broken: Vec<(String, Verdict)>,
}

/// An event of one record, as a report tells it.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) record: RecordId,
    pub(super) number: Option<String>,
    pub(super) entry: Entry,
}

/// As JSON: what the event itself says, the number, and the note opened.
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
    /// A report of what passes this filter.
    pub fn new(filter: AuditFilter) -> Self {
        Self { filter, events: Vec::new(), chains: 0, broken: Vec::new() }
    }

    /// Adds the trail of one record, which its verifier has looked at whole: a report shows parts of chains
    /// and says of each chain whether it holds.
    pub fn add(&mut self, trail: Trail) {
        let envelope = trail.record.envelope();
        let number = envelope.number.clone();
        self.chains += 1;
        if !trail.verdict.is_intact() {
            self.broken.push((number.clone().unwrap_or_else(|| envelope.id.to_string()), trail.verdict));
        }
        let record = trail.record.id();
        let mine = trail.entries.into_iter().filter(|entry| self.filter.matches(&entry.event));
        self.events.extend(mine.map(|entry| Told { record, number: number.clone(), entry }));
    }

    /// How many events it has.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// As CSV, with the guard of [`super::Csv`].
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

    /// As JSON: one object with the filter, how many chains were looked at, which are broken, and the events.
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
