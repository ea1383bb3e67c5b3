use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::access::Permit;
use crate::audit::{self, Event, Hex, Link, content_digest, digest_of_digests};
use crate::decide::{Change, Context, Message, NumberRequest, Tallied};
use crate::error::Result;
use crate::kind::{Draft, Kind};
use crate::name::Name;
use crate::org::Stamp;
use crate::record::{Envelope, Head, Record, RecordId, Value};
use crate::seal::{Place, Sealed};

/// An accepted decision, from which a change is made.
pub(super) struct Effect<'a> {
    pub(super) kind: &'a Kind,
    pub(super) permit: &'a Permit,
    pub(super) before: Option<&'a Record>,
    pub(super) to: Name,
    pub(super) note: Option<Zeroizing<String>>,
}

impl Effect<'_> {
    pub(super) fn create(
        self,
        id: RecordId,
        stamp: Stamp,
        parent: Option<RecordId>,
        draft: Draft<'_>,
        context: &mut Context<'_>,
    ) -> Result<Change> {
        let (year, _) = context.now.year_month(context.zone);
        let number = self.kind.table().number.as_ref().map(|number| NumberRequest {
            series: format!("{}-{year:04}", number.prefix),
            width: number.width,
        });
        let envelope = Envelope {
            kind: self.kind.name().clone(),
            id,
            number: None,
            stamp,
            author: self.permit.actor().id().clone(),
            parent,
            state: self.to.clone(),
            version: 1,
            created_at: context.now,
            updated_at: context.now,
            month: context.now.month(context.zone),
            head: Head::EMPTY,
        };
        let record = Record { envelope, facets: BTreeMap::new(), sealed: BTreeMap::new() };
        self.finish(record, draft, None, number, context)
    }

    pub(super) fn change(
        self,
        before: &Record,
        draft: Draft<'_>,
        context: &mut Context<'_>,
    ) -> Result<Change> {
        let mut record = before.clone();
        record.envelope.state = self.to.clone();
        record.envelope.version += 1;
        // If the system clock was set back, the times of the trail must still not run backwards.
        record.envelope.updated_at = context.now.max(before.envelope.updated_at);
        self.finish(record, draft, Some(before.version()), None, context)
    }

    fn finish(
        self,
        mut record: Record,
        draft: Draft<'_>,
        expected: Option<u64>,
        number: Option<NumberRequest>,
        context: &mut Context<'_>,
    ) -> Result<Change> {
        let Draft { facets, texts, .. } = draft;
        let mut changes = BTreeMap::new();
        let mut keys = BTreeSet::new();
        for (name, after) in facets {
            let before = record.facets.remove(&name);
            if before != after && self.before.is_some() {
                changes.insert(name.clone(), self.facet_change(&name, before.as_ref(), after.as_ref())?);
            }
            if let Some(value) = after {
                record.facets.insert(name, value);
            }
        }
        for (name, text) in texts {
            let after = text.map(|text| self.seal(&record, &name, &text, context)).transpose()?;
            let before = record.sealed.remove(&name);
            if self.before.is_some() {
                changes.insert(name.clone(), audit::EventChange::field(before.as_ref(), after.as_ref()));
            }
            if let Some(sealed) = after {
                keys.insert(sealed.key_id());
                record.sealed.insert(name, sealed);
            }
        }
        let link = self.link(&record, changes, &mut keys, context)?;
        record.envelope.head = link.head();
        let message = self.message(&record, &link);
        let posted = !self.kind.table().internal;
        Ok(Change { record, expected, link, number, message, posted, keys })
    }

    fn seal(&self, record: &Record, field: &Name, text: &str, context: &mut Context<'_>) -> Result<Sealed> {
        let sealing = self.kind.field(field.as_str()).map(|spec| spec.sealing).unwrap_or_default();
        let place =
            Place { kind: self.kind.name().as_str(), record: record.id().uuid(), field: field.as_str() };
        context.cipher.seal(&place, sealing.into(), text.as_bytes(), context.entropy)
    }

    fn facet_change(
        &self,
        name: &Name,
        before: Option<&Value>,
        after: Option<&Value>,
    ) -> Result<audit::EventChange> {
        match self.kind.facet(name.as_str()).is_some_and(|spec| spec.silent) {
            true => Ok(audit::EventChange::silent(before, after)),
            false => audit::EventChange::facet(before, after),
        }
    }

    fn link(
        &self,
        record: &Record,
        changes: BTreeMap<Name, audit::EventChange>,
        keys: &mut BTreeSet<Uuid>,
        context: &mut Context<'_>,
    ) -> Result<Link> {
        let envelope = &record.envelope;
        let seq = envelope.head.seq + 1;
        let note = match &self.note {
            Some(note) => {
                let field = note_field(seq);
                let place = Place { kind: envelope.kind.as_str(), record: record.id().uuid(), field: &field };
                let mode = crate::seal::Mode::Random;
                let sealed = context.cipher.seal(&place, mode, note.as_bytes(), context.entropy)?;
                keys.insert(sealed.key_id());
                Some(sealed.to_base64())
            }
            None => None,
        };
        let actor = self.permit.actor();
        let silent = self.kind.has_silent_changes();
        let event = Event {
            v: 1,
            kind: envelope.kind.clone(),
            record: envelope.id.to_string(),
            seq,
            at: envelope.updated_at,
            actor: actor.id().clone(),
            capacity: actor.capacity().to_owned(),
            human: actor.is_human(),
            action: self.permit.action().clone(),
            from: self.before.map(|before| before.state().clone()),
            to: envelope.state.clone(),
            version: envelope.version,
            rules: Hex(self.kind.machine().digest()).to_string(),
            note,
            changes,
            content: Hex(&content_digest(record)).to_string(),
            by_digest: silent.then(|| Hex(&digest_of_digests(record)).to_string()),
            prev: Hex(&envelope.head.hash).to_string(),
            mac: None,
        };
        Link::new(event, context.authenticator)
    }

    fn message(&self, record: &Record, link: &Link) -> Message<'static, Tallied> {
        let envelope = &record.envelope;
        Message {
            topic: format!("{}.{}", envelope.kind, self.permit.action()).into(),
            record: envelope.id.to_string().into(),
            version: envelope.version,
            from: self.before.map(|before| before.state().to_string().into()),
            to: envelope.state.to_string().into(),
            governorate: envelope.stamp.governorate.to_string().into(),
            administration: envelope.stamp.administration.to_string().into(),
            facility: envelope.stamp.facility.to_string().into(),
            month: envelope.month,
            before: self.before.map(|before| self.tallied(before)),
            after: self.tallied(record),
            event: Some(Hex(link.hash()).to_string().into()),
        }
    }

    fn tallied(&self, record: &Record) -> Tallied {
        let tallied = self.kind.table().tallied.iter();
        tallied.map(|name| (name.clone(), record.facet(name.as_str()).cloned())).collect()
    }
}

/// The field name that binds a note to its event's place in the chain, so that a note cannot be moved to another
/// event. The name contains a colon, which no field's name can.
pub(crate) fn note_field(seq: u64) -> String {
    format!("note:{seq}")
}
