//! Attachments of incidents.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::Request;
use eovr_core::attachment::LARGEST;
use eovr_core::memory::{MemoryBlobs, MemoryStore};
use eovr_core::ports::{Blobs, Store};
use eovr_core::seal::Sealed;
use tokio::sync::Notify;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::{ELSEWHERE, Got, NURSE, QUALITY, Server, Tested};

type Failing<T> = Result<T, Box<dyn std::error::Error>>;

const PDF: &str = "%PDF-1.7\nthe drug chart of bed 4\n%%EOF";

async fn upload(server: &Server, who: &str, path: &str, bytes: impl Into<Body>) -> Failing<Got> {
    let request = Request::post(path).header("x-test-actor", who).header("content-type", "image/gif");
    server.send(request.body(bytes.into())?).await
}

#[tokio::test]
async fn a_file_is_attached_listed_downloaded_and_removed() -> Tested {
    let server = Server::new().await?;
    let incident = server.reported().await?;
    let path = format!("{incident}/attachments");
    let name = "?name=%D8%B5%D9%88%D8%B1%D8%A9.pdf";
    let made = upload(&server, NURSE, &format!("{path}{name}"), PDF).await?.is(201)?;
    let place = made.header("location").to_owned();
    let list = server.get(QUALITY, &path).await?.is(200)?.json()?;
    assert_eq!(list["items"][0]["name"], "صورة.pdf");
    assert_eq!(list["items"][0]["media"], "application/pdf");
    assert_eq!(list["items"][0]["bytes"], PDF.len());
    let got = server.get(QUALITY, &place).await?.is(200)?;
    assert_eq!(got.text, PDF);
    // The browser must save an upload, not show it as a page of this site.
    assert_eq!(got.header("content-type"), "application/pdf");
    assert_eq!(
        got.header("content-disposition"),
        "attachment; filename*=UTF-8''%D8%B5%D9%88%D8%B1%D8%A9.pdf"
    );
    assert_eq!(got.header("x-content-type-options"), "nosniff");
    let removal = format!("{place}/remove");
    server.post(NURSE, &removal, r#"{"reason": "mine"}"#).await?.problem(403, "denied")?;
    server.post(QUALITY, &removal, r#"{"reason": "of another patient"}"#).await?.is(200)?;
    server.get(QUALITY, &place).await?.problem(400, "refused")?;
    assert_eq!(server.get(QUALITY, &path).await?.json()?["items"][0]["state"], "removed");
    Ok(())
}

#[tokio::test]
async fn other_file_types_are_refused_whatever_their_name() -> Tested {
    let server = Server::new().await?;
    let path = format!("{}/attachments?name=photo.jpg", server.reported().await?);
    for bytes in ["MZ a program", "<script>alert(1)</script>", "", "GIF89a"] {
        let refused = upload(&server, NURSE, &path, bytes).await?.problem(422, "invalid_input")?;
        assert!(refused["errors"].to_string().contains("a type that is not accepted"), "{refused}");
    }
    let large = vec![b' '; LARGEST + 1];
    upload(&server, NURSE, &path, large).await?.problem(413, "too_large")?;
    upload(&server, ELSEWHERE, &path, PDF).await?.problem(404, "not_found")?;
    Ok(())
}

/// After a restart the server compares the stored file, because it no longer has the first answer.
#[tokio::test]
async fn another_file_with_the_same_key_is_refused_also_after_a_restart() -> Tested {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let files: Arc<dyn Blobs> = Arc::new(MemoryBlobs::new());
    let server = async || Server::with_files(store.clone(), files.clone(), false).await;
    let before = server().await?;
    let path = format!("{}/attachments", before.reported().await?);
    let send = async |server: &Server, bytes: &'static str| {
        let request =
            Request::post(&path).header("x-test-actor", NURSE).header("idempotency-key", "upload-1");
        server.send(request.body(Body::from(bytes))?).await
    };
    let first = send(&before, PDF).await?.is(201)?;
    let other = "%PDF-1.7\nthe drug chart of bed 5\n%%EOF";
    let refused = send(&server().await?, other).await?.problem(422, "invalid_input")?;
    assert_eq!(refused["errors"][0]["field"], "idempotency-key");
    assert_eq!(send(&server().await?, PDF).await?.is(201)?.text, first.text);
    let list = before.get(QUALITY, &path).await?.json()?;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
    // The comparison does not count as a download.
    let place = first.header("location").to_owned();
    before.get(QUALITY, &place).await?.is(200)?;
    assert_eq!(before.get(QUALITY, &path).await?.json()?["items"][0]["version"], 2);
    Ok(())
}

#[tokio::test]
async fn the_content_and_not_the_name_decides_the_media_type() -> Tested {
    let server = Server::new().await?;
    let path = format!("{}/attachments", server.reported().await?);
    let made = upload(&server, NURSE, &format!("{path}?name=x.hta"), PDF).await?.is(201)?;
    let got = server.get(QUALITY, made.header("location")).await?.is(200)?;
    assert_eq!(got.header("content-disposition"), "attachment; filename*=UTF-8''x.hta.pdf");
    assert_eq!(server.get(QUALITY, &path).await?.json()?["items"][0]["name"], "x.hta.pdf");
    Ok(())
}

/// A store of files that holds each write until the test releases it.
#[derive(Debug, Default)]
struct Slow {
    files: MemoryBlobs,
    began: Notify,
    goes_on: Notify,
}

#[async_trait]
impl Blobs for Slow {
    async fn put(&self, id: Uuid, sealed: &Sealed) -> eovr_core::Result<()> {
        self.files.put(id, sealed).await?;
        self.began.notify_one();
        self.goes_on.notified().await;
        Ok(())
    }

    async fn get(&self, id: Uuid) -> eovr_core::Result<Option<Vec<u8>>> {
        self.files.get(id).await
    }

    async fn remove(&self, id: Uuid) -> eovr_core::Result<()> {
        self.files.remove(id).await
    }
}

/// Otherwise the file would stay in the store without a record.
#[tokio::test]
async fn a_file_is_attached_even_if_the_client_disconnects() -> Tested {
    let files = Arc::new(Slow::default());
    let server = Server::with_files(Arc::new(MemoryStore::new()), files.clone(), false).await?;
    let path = format!("{}/attachments", server.reported().await?);
    let request = Request::post(&path).header("host", "test").header("x-test-actor", NURSE);
    let sent = tokio::spawn(server.router.clone().oneshot(request.body(Body::from(PDF))?));
    files.began.notified().await;
    sent.abort();
    assert!(sent.await.is_err_and(|ended| ended.is_cancelled()));
    files.goes_on.notify_one();
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let list = server.get(QUALITY, &path).await?.json()?;
        if list["items"].as_array().is_some_and(|items| items.len() == 1) {
            return Ok(());
        }
        assert!(Instant::now() < end, "the file is stored without a record");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_file_sent_twice_with_the_same_key_is_attached_once() -> Tested {
    let server = Server::new().await?;
    let path = format!("{}/attachments", server.reported().await?);
    let send = async || {
        let request =
            Request::post(&path).header("x-test-actor", NURSE).header("idempotency-key", "upload-1");
        server.send(request.body(Body::from(PDF))?).await?.is(201)
    };
    let (first, again) = (send().await?, send().await?);
    assert_eq!((first.text, again.header("idempotency-replayed")), (again.text.clone(), "true"));
    assert_eq!(server.get(QUALITY, &path).await?.json()?["items"].as_array().map(Vec::len), Some(1));
    Ok(())
}
