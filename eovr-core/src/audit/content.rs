use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::name::Name;
use crate::record::{Envelope, Record, Value};

/// The digest of a record's content, with which an event commits to the record.
///
/// Every part is preceded by its length, so no two records share a digest because a byte moved from one part to the
/// next. The digest leaves out the number in the first event, because the store assigns it after the event was made.
/// It also leaves out `updated_at` and the head, because the event itself contains them.
pub(crate) fn content_digest(record: &Record) -> [u8; 32] {
    let sealed = record.sealed.iter().map(|(name, sealed)| (name, sealed.as_bytes()));
    let envelope = &record.envelope;
    let mut content = Content::begin(b"eovr.content.v1", envelope, &envelope.state, envelope.version);
    content.facets(record.facets.iter());
    content.sealed(sealed);
    content.finish()
}

/// The same with each facet replaced by the digest of its value, so that values that no event contains can be checked
/// too.
pub(crate) fn digest_of_digests(record: &Record) -> [u8; 32] {
    let digests = record.facets.iter().map(|(name, value)| (name, value_digest(value)));
    let sealed = record.sealed.iter().map(|(name, sealed)| (name, sealed.as_bytes()));
    let envelope = &record.envelope;
    let mut content = Content::begin(BY_DIGEST, envelope, &envelope.state, envelope.version);
    content.digests(digests);
    content.sealed(sealed);
    content.finish()
}

/// The digest of one value and its type.
pub(crate) fn value_digest(value: &Value) -> [u8; 32] {
    let mut content = Content(Sha256::new());
    content.part(b"eovr.value.v1");
    content.value(value);
    content.finish()
}

/// The earlier content of a record, before some of its changes. The fixed part of the envelope is shared.
pub(crate) struct Past<'r> {
    fixed: &'r Envelope,
    pub(crate) state: Name,
    pub(crate) version: u64,
    pub(crate) facets: BTreeMap<Name, Known>,
    pub(crate) sealed: BTreeMap<Name, Vec<u8>>,
}

/// What the verifier knows of a facet's value.
pub(crate) enum Known {
    Value(Value),
    /// Only the digest is known, because no event contains the value.
    Digest([u8; 32]),
}

impl<'r> Past<'r> {
    pub(crate) fn of(record: &'r Record) -> Self {
        let facets = record.facets.iter();
        let sealed = record.sealed.iter();
        Self {
            fixed: &record.envelope,
            state: record.envelope.state.clone(),
            version: record.envelope.version,
            facets: facets.map(|(name, value)| (name.clone(), Known::Value(value.clone()))).collect(),
            sealed: sealed.map(|(name, sealed)| (name.clone(), sealed.as_bytes().to_vec())).collect(),
        }
    }

    /// As [`content_digest`]. `None` where a value is known only by its digest.
    pub(crate) fn content(&self) -> Option<[u8; 32]> {
        let facets = self.facets.iter().map(|(name, known)| match known {
            Known::Value(value) => Some((name, value)),
            Known::Digest(_) => None,
        });
        let facets = facets.collect::<Option<Vec<_>>>()?;
        let mut content = Content::begin(b"eovr.content.v1", self.fixed, &self.state, self.version);
        content.facets(facets.into_iter());
        content.sealed(self.sealed.iter().map(|(name, sealed)| (name, sealed.as_slice())));
        Some(content.finish())
    }

    /// As [`digest_of_digests`].
    pub(crate) fn by_digest(&self) -> [u8; 32] {
        let digests = self.facets.iter().map(|(name, known)| match known {
            Known::Value(value) => (name, value_digest(value)),
            Known::Digest(digest) => (name, *digest),
        });
        let mut content = Content::begin(BY_DIGEST, self.fixed, &self.state, self.version);
        content.digests(digests);
        content.sealed(self.sealed.iter().map(|(name, sealed)| (name, sealed.as_slice())));
        content.finish()
    }
}

const BY_DIGEST: &[u8] = b"eovr.content.by_digest.v1";

struct Content(Sha256);

impl Content {
    fn begin(format: &[u8], envelope: &Envelope, state: &Name, version: u64) -> Self {
        let mut content = Self(Sha256::new());
        content.part(format);
        content.part(envelope.kind.as_str().as_bytes());
        content.part(envelope.id.as_bytes());
        content.part(envelope.stamp.governorate.as_str().as_bytes());
        content.part(envelope.stamp.administration.as_str().as_bytes());
        content.part(envelope.stamp.facility.as_str().as_bytes());
        content.part(envelope.author.as_str().as_bytes());
        content.part(envelope.parent.as_ref().map_or(&[], |parent| parent.as_bytes().as_slice()));
        content.part(state.as_str().as_bytes());
        content.part(&version.to_be_bytes());
        content.part(&envelope.created_at.as_micros().to_be_bytes());
        content.part(&envelope.month.to_be_bytes());
        if version > 1 {
            content.part(envelope.number.as_deref().unwrap_or_default().as_bytes());
        }
        content
    }

    fn facets<'a>(&mut self, facets: impl ExactSizeIterator<Item = (&'a Name, &'a Value)>) {
        self.part(&facets.len().to_be_bytes());
        for (name, value) in facets {
            self.part(name.as_str().as_bytes());
            self.value(value);
        }
    }

    fn digests<'a>(&mut self, facets: impl ExactSizeIterator<Item = (&'a Name, [u8; 32])>) {
        self.part(&facets.len().to_be_bytes());
        for (name, digest) in facets {
            self.part(name.as_str().as_bytes());
            self.part(&digest);
        }
    }

    fn sealed<'a>(&mut self, fields: impl ExactSizeIterator<Item = (&'a Name, &'a [u8])>) {
        self.part(&fields.len().to_be_bytes());
        for (name, sealed) in fields {
            self.part(name.as_str().as_bytes());
            self.part(sealed);
        }
    }

    fn value(&mut self, value: &Value) {
        self.part(value.value_type().name().as_bytes());
        match value {
            Value::Text(text) => self.part(text.as_bytes()),
            Value::Int(int) => self.part(&int.to_be_bytes()),
            Value::Bool(bool) => self.part(&[u8::from(*bool)]),
            Value::Time(at) => self.part(&at.as_micros().to_be_bytes()),
            Value::Bytes(bytes) => self.part(bytes),
        }
    }

    fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
