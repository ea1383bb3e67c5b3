use sha2::{Digest, Sha256};

use crate::record::{Record, Value};

/// The digest of everything that a record says, so that an event can commit to it.
///
/// Every part is preceded by its length, so no two records share a digest by moving a byte from one
/// part to the next. The number is left out: the store assigns it, after the event was made. So are
/// `updated_at` and the head, which the event itself carries.
pub(crate) fn content_digest(record: &Record) -> [u8; 32] {
    let mut content = Content(Sha256::new());
    let envelope = &record.envelope;
    content.part(b"eovr.content.v1");
    content.part(envelope.kind.as_str().as_bytes());
    content.part(envelope.id.as_bytes());
    content.part(envelope.stamp.governorate.as_str().as_bytes());
    content.part(envelope.stamp.administration.as_str().as_bytes());
    content.part(envelope.stamp.facility.as_str().as_bytes());
    content.part(envelope.author.as_str().as_bytes());
    content.part(envelope.parent.as_ref().map_or(&[], |parent| parent.as_bytes().as_slice()));
    content.part(envelope.state.as_str().as_bytes());
    content.part(&envelope.version.to_be_bytes());
    content.part(&envelope.created_at.as_micros().to_be_bytes());
    content.part(&envelope.month.to_be_bytes());
    if envelope.version > 1 {
        content.part(envelope.number.as_deref().unwrap_or_default().as_bytes());
    }
    content.part(&record.facets.len().to_be_bytes());
    for (name, value) in &record.facets {
        content.part(name.as_str().as_bytes());
        content.part(value.value_type().name().as_bytes());
        match value {
            Value::Text(text) => content.part(text.as_bytes()),
            Value::Int(int) => content.part(&int.to_be_bytes()),
            Value::Bool(bool) => content.part(&[u8::from(*bool)]),
            Value::Time(at) => content.part(&at.as_micros().to_be_bytes()),
            Value::Bytes(bytes) => content.part(bytes),
        }
    }
    content.part(&record.sealed.len().to_be_bytes());
    for (name, sealed) in &record.sealed {
        content.part(name.as_str().as_bytes());
        content.part(sealed.as_bytes());
    }
    content.0.finalize().into()
}

struct Content(Sha256);

impl Content {
    fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }
}
