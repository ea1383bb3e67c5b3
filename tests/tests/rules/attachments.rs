//! Attachments of a report: which files are kept, who may read them, and which metadata is removed.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::sync::Arc;

use async_trait::async_trait;
use eovr_core::access::Role;
use eovr_core::attachment::{Attachments, LARGEST, MOST, Media};
use eovr_core::incident::{ATTACHMENT, Action};
use eovr_core::memory::{MemoryBlobs, MemoryStore};
use eovr_core::ports::Blobs;
use eovr_core::record::RecordId;
use eovr_core::seal::Sealed;
use eovr_core::{Eovr, Error, ErrorKind, Result, Session};
use eovr_tests::{actor, hospital, id, report};
use uuid::Uuid;

const PDF: &[u8] = b"%PDF-1.7\nthe drug chart of bed 4\n%%EOF\n";

struct Ward {
    eovr: Eovr,
    nurse: Session,
    quality: Session,
    blobs: MemoryBlobs,
    incident: RecordId,
}

async fn ward() -> Ward {
    let (eovr, _) = hospital(Arc::new(MemoryStore::new())).await;
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    let incident = told(&nurse, "The wrong syringe was given.").await;
    Ward { eovr, nurse, quality, blobs: MemoryBlobs::new(), incident }
}

async fn told(nurse: &Session, words: &str) -> RecordId {
    nurse.incidents().report(&id("CAI-1-1"), report(words)).await.unwrap().written.id
}

impl Ward {
    fn files<'a>(&'a self, session: &'a Session) -> Attachments<'a> {
        Attachments::of(session, ATTACHMENT, &self.blobs)
    }

    async fn attached(&self) -> RecordId {
        self.files(&self.nurse).attach(self.incident, "chart.pdf", PDF).await.unwrap().id
    }
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_and_every_reading_is_in_the_trail() {
    let ward = ward().await;
    let file = ward.attached().await;
    let read = ward.files(&ward.quality).read(ward.incident, file).await.unwrap();
    assert_eq!((read.name.as_str(), read.media, read.bytes.as_slice()), ("chart.pdf", Media::Pdf, PDF));
    let trail = ward.quality.trail(&ATTACHMENT, file).await.unwrap();
    let told: Vec<_> =
        trail.entries.iter().map(|entry| (entry.event.action.as_str(), entry.event.actor.as_str())).collect();
    assert_eq!(told, [("attach", "nurse"), ("read", "quality")]);
    assert!(trail.verdict.is_intact());
}

#[tokio::test]
async fn another_facility_cannot_read_list_or_add_files() {
    let ward = ward().await;
    let file = ward.attached().await;
    for (name, role, place) in [
        ("nurse-2", Role::Staff, "CAI-1-2"),
        ("quality-2", Role::QualityAdmin, "CAI-2-1"),
        ("governor", Role::GovernorateManager, "ALX-1-1"),
    ] {
        let stranger = ward.eovr.session(actor(name, role, place));
        let files = ward.files(&stranger);
        assert_eq!(files.read(ward.incident, file).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(files.attach(ward.incident, "x", PDF).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert!(files.list(ward.incident).await.unwrap().is_empty());
    }
    assert_eq!(ward.blobs.count(), 1, "a stranger's file was kept");
    // A reviewer cannot read a file through another incident.
    let other = told(&ward.nurse, "Another syringe, another day.").await;
    let wrong = ward.files(&ward.nurse).read(other, file).await.unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn the_content_decides_the_type_of_a_file() {
    let ward = ward().await;
    let files = ward.files(&ward.nurse);
    let check = async |name: &str, bytes: &[u8]| {
        let refused = files.attach(ward.incident, name, bytes).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{name}");
        assert!(refused.help().is_some(), "{name}");
    };
    check("photo.jpg", b"MZ\x90\0 a program").await;
    check("photo.jpg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>").await;
    check("photo.jpg", b"\xFF\xD8\xFF\xE0 cut short").await;
    check("photo.png", b"\x89PNG\r\n\x1A\n").await;
    check("empty.pdf", b"").await;
    check("large.pdf", &[PDF, &vec![b' '; LARGEST]].concat()).await;
    assert_eq!(ward.blobs.count(), 0);
    let most = [PDF, &vec![b' '; LARGEST - 2 * PDF.len()], PDF].concat();
    files.attach(ward.incident, "most.pdf", &most).await.unwrap();
}

#[tokio::test]
async fn ten_at_a_time_and_one_more_when_one_is_taken_away() {
    let ward = ward().await;
    for _ in 0..MOST {
        ward.attached().await;
    }
    let files = ward.files(&ward.nurse);
    let refused = files.attach(ward.incident, "eleventh.pdf", PDF).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    assert!(refused.help().is_some_and(|help| help.contains("10")), "{refused}");
    assert_eq!(ward.blobs.count(), 10, "a refused file was kept");
    let first = files.list(ward.incident).await.unwrap()[0].id();
    ward.files(&ward.quality).remove(ward.incident, first, "of another patient").await.unwrap();
    assert_eq!(ward.blobs.count(), 9);
    files.attach(ward.incident, "eleventh.pdf", PDF).await.unwrap();
    let gone = files.read(ward.incident, first).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Refused);
}

/// Of twenty concurrent uploads, ten succeed.
#[tokio::test]
async fn concurrent_uploads_keep_the_limit_of_ten() {
    let ward = ward().await;
    let files = ward.files(&ward.nurse);
    let all = (0..20).map(|_| files.attach(ward.incident, "chart.pdf", PDF));
    let kept = futures_util::future::join_all(all).await.iter().filter(|done| done.is_ok()).count();
    assert_eq!(kept, 10);
    assert_eq!(ward.blobs.count(), 10);
}

#[tokio::test]
async fn a_file_sent_twice_is_one_and_stays_whole() {
    let ward = ward().await;
    let files = ward.files(&ward.nurse);
    let id = RecordId::from_bytes([7; 16]);
    files.attach_as(ward.incident, id, "chart.pdf", PDF).await.unwrap();
    let again = files.attach_as(ward.incident, id, "chart.pdf", PDF).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Conflict);
    assert_eq!(ward.blobs.count(), 1);
    assert_eq!(files.read(ward.incident, id).await.unwrap().bytes.as_slice(), PDF);
}

#[tokio::test]
async fn a_closed_incident_takes_no_more() {
    let ward = ward().await;
    for action in [Action::Start, Action::Evaluate, Action::TakeAction, Action::Complete] {
        ward.quality.incidents().act(ward.incident, action, None).await.unwrap();
    }
    let refused = ward.files(&ward.nurse).attach(ward.incident, "late.pdf", PDF).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Refused);
    assert_eq!(ward.blobs.count(), 0);
}

/// A blob store whose content another program has changed.
#[derive(Debug)]
struct Tampered(Vec<u8>);

#[async_trait]
impl Blobs for Tampered {
    async fn put(&self, _: Uuid, _: &Sealed) -> Result<()> {
        Err(Error::new(ErrorKind::Unavailable, "the disk is full"))
    }

    async fn get(&self, _: Uuid) -> Result<Option<Vec<u8>>> {
        Ok(Some(self.0.clone()))
    }

    async fn remove(&self, _: Uuid) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn an_exchanged_blob_does_not_open_and_a_failed_upload_is_not_recorded() {
    let ward = ward().await;
    let file = ward.attached().await;
    for bytes in [PDF.to_vec(), vec![0xF9; 100], Vec::new()] {
        let blobs = Tampered(bytes);
        let files = Attachments::of(&ward.nurse, ATTACHMENT, &blobs);
        assert_eq!(files.read(ward.incident, file).await.unwrap_err().kind(), ErrorKind::Tampered);
        let full = files.attach(ward.incident, "chart.pdf", PDF).await.unwrap_err();
        assert_eq!(full.kind(), ErrorKind::Unavailable);
    }
    assert_eq!(ward.files(&ward.nurse).list(ward.incident).await.unwrap().len(), 1);
}
