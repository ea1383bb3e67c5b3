//! Files beside an incident.

use axum::body::Body;
use axum::http::Request;
use eovr_core::attachment::LARGEST;

use super::{ELSEWHERE, Got, NURSE, QUALITY, Server, Tested};

type Failing<T> = Result<T, Box<dyn std::error::Error>>;

const PDF: &str = "%PDF-1.7\nthe drug chart of bed 4";

async fn upload(server: &Server, who: &str, path: &str, bytes: impl Into<Body>) -> Failing<Got> {
    let request = Request::post(path).header("x-test-actor", who).header("content-type", "image/gif");
    server.send(request.body(bytes.into())?).await
}

#[tokio::test]
async fn a_file_is_kept_listed_given_back_and_taken_away() -> Tested {
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
    // What somebody has sent is never a page of ours.
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
async fn what_is_no_picture_and_no_paper_is_refused_whatever_it_is_called() -> Tested {
    let server = Server::new().await?;
    let path = format!("{}/attachments?name=photo.jpg", server.reported().await?);
    for bytes in ["MZ a program", "<script>alert(1)</script>", "", "GIF89a"] {
        let refused = upload(&server, NURSE, &path, bytes).await?.problem(422, "invalid_input")?;
        assert!(refused["errors"].to_string().contains("none of those"), "{refused}");
    }
    let large = vec![b' '; LARGEST + 1];
    upload(&server, NURSE, &path, large).await?.problem(413, "too_large")?;
    upload(&server, ELSEWHERE, &path, PDF).await?.problem(404, "not_found")?;
    Ok(())
}

#[tokio::test]
async fn a_file_sent_again_with_the_same_key_is_one() -> Tested {
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
