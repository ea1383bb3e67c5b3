//! Faults that occur only on a socket: wrong lengths, endless lines, bytes that are no request.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;

use crate::served::{Found, Server};
use crate::support::{Folder, Tested};

/// A response and the log must not contain this text of the request.
const MARK: &str = "hassan";

/// Requests that the client breaks off.
const BROKEN_OFF: [&str; 3] = ["more promised than sent", "nothing sent", "chunks that stop"];

/// Sends these bytes, closes the sending side if the request is broken off, and reads the response.
fn send(server: &Server, bytes: &[u8], broken_off: bool) -> Found<String> {
    let mut stream = server.connect()?;
    // The server may close before it has read everything.
    let _ = stream.write_all(bytes);
    if broken_off {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn post(headers: &str, body: &str) -> Vec<u8> {
    let head = "POST /api/report/receipt HTTP/1.1\r\nhost: test\r\ncontent-type: application/json";
    format!("{head}\r\nconnection: close\r\n{headers}\r\n\r\n{body}").into_bytes()
}

fn get(headers: &str) -> Vec<u8> {
    format!("GET /api/auth/me HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n\r\n").into_bytes()
}

#[test]
fn requests_that_no_client_sends_are_refused_and_leave_no_trace() -> Tested {
    let folder = Folder::new()?;
    let server = Server::start(&mut folder.command("serve"))?;
    let body = r#"{"code": "hassan"}"#;
    let (long, short) = (body.len() + 5, body.len() - 5);
    let chunked = "transfer-encoding: chunked";
    let kilobytes = |count: usize| MARK.repeat(count * 1024 / MARK.len());
    // The expected response: a problem if the request could be parsed. Otherwise the HTTP library refuses it with a
    // status only.
    let table: Vec<(&str, Vec<u8>, &str, &str)> = vec![
        ("more promised than sent", post(&format!("content-length: {long}"), body), "400", "malformed_body"),
        ("more sent than promised", post(&format!("content-length: {short}"), body), "400", "malformed_body"),
        ("nothing sent", post("content-length: 18", ""), "400", "malformed_body"),
        ("a length that is none", post("content-length: hassan", body), "400", ""),
        ("a length below nothing", post("content-length: -1", body), "400", ""),
        ("a length beyond all", post("content-length: 99999999999999999999999", body), "400", ""),
        ("two lengths", post("content-length: 18\r\ncontent-length: 17", body), "400", ""),
        ("a huge promise", post("content-length: 9999999999", body), "413", "too_large"),
        ("chunks that stop", post(chunked, "12\r\n{\"code\":"), "400", "malformed_body"),
        ("chunks of no size", post(chunked, "hassan\r\n{}\r\n0\r\n\r\n"), "400", "malformed_body"),
        ("chunks that wrap around", post(chunked, "ffffffffffffffff1\r\n{}\r\n"), "400", "malformed_body"),
        ("a strange encoding", post("transfer-encoding: hassan", body), "400", ""),
        (
            "a header of 10 KB",
            get(&format!("authorization: Bearer {}", kilobytes(10))),
            "401",
            "unauthenticated",
        ),
        ("a cookie of 10 KB", get(&format!("cookie: {}", kilobytes(10))), "401", "unauthenticated"),
        ("a header of 20 KB", get(&format!("x-a: {}", kilobytes(20))), "431", ""),
        ("a megabyte of headers", get(&format!("x-a: {}", kilobytes(1024))), "431", ""),
        ("a thousand headers", get("x-a: hassan\r\n".repeat(1000).trim_end()), "431", ""),
        ("an address of 100 KB", format!("GET /{} HTTP/1.1\r\n\r\n", kilobytes(100)).into_bytes(), "431", ""),
        ("a header with NUL", get("x-a: hassan\0"), "400", ""),
        ("a line that is folded", get("x-a: b\r\n hassan"), "400", ""),
        ("a name with a space", get("x hassan: b"), "400", ""),
        (
            "no host",
            b"GET /hassan HTTP/1.1\r\nconnection: close\r\n\r\n".to_vec(),
            "400",
            "malformed_request",
        ),
        ("two hosts", get("host: hassan"), "400", "malformed_request"),
        (
            "a host that is none",
            format!("GET /ready HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", kilobytes(3))
                .into_bytes(),
            "400",
            "malformed_request",
        ),
        ("no HTTP", b"hassan\r\n\r\n".to_vec(), "400", ""),
        ("HTTP of no version", b"GET /health HTTP/hassan\r\n\r\n".to_vec(), "400", ""),
        (
            "TLS where there is none",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03hassan".to_vec(),
            "400",
            "",
        ),
        ("a method that is none", b"HAS/SAN / HTTP/1.1\r\nhost: a\r\n\r\n".to_vec(), "400", ""),
        (
            "a tunnel",
            b"CONNECT hassan:443 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".to_vec(),
            "404",
            "no_such_route",
        ),
        (
            "the address of another server",
            b"GET http://hassan.example/api/hassan HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".to_vec(),
            "404",
            "no_such_route",
        ),
    ];
    let mut wrong = Vec::new();
    for (what, bytes, status, code) in table {
        let answer = send(&server, &bytes, BROKEN_OFF.contains(&what))?;
        let problem = answer.contains("content-type: application/problem+json")
            && answer.contains(&format!("\"code\":\"{code}\""));
        let expected = answer.starts_with(&format!("HTTP/1.1 {status}")) && (problem || code.is_empty());
        if !expected || answer.contains(MARK) {
            wrong.push(format!("{what}: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(server.ask("GET /health HTTP/1.1", "")?.starts_with("HTTP/1.1 200"));
    server.terminate()?;
    let (status, log) = server.end()?;
    assert!(status.success() && !log.contains(MARK) && !log.contains("\"failed\""), "{status} {log}");
    Ok(())
}

/// The server has done nothing with an incomplete body, so the client may send it again.
#[test]
fn an_incomplete_body_is_reported_as_such_and_not_as_uncertain() -> Tested {
    let folder = Folder::new()?;
    let server = Server::start(&mut folder.command("serve"))?;
    let mut stream = server.connect()?;
    stream.write_all(&post("content-length: 18", "{\"code\":"))?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"code\":\"timeout\""), "{answer}");
    Ok(())
}

/// The client gets the refusal, although it sends the body before it reads.
#[test]
fn a_refused_large_body_gets_an_answer() -> Tested {
    let folder = Folder::new()?;
    let server = Server::start(&mut folder.command("serve"))?;
    let path = "/api/incidents/0192f0c0-0000-4000-8000-000000000000/attachments";
    let body = vec![b' '; 9 << 20];
    let mut stream = server.connect()?;
    write!(stream, "POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n\r\n", body.len())?;
    stream.write_all(&body)?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    assert_eq!(&answer, b"HTTP/1.1 401");
    Ok(())
}

/// Bytes after a body are another request, so a request cannot be smuggled past a proxy.
#[test]
fn a_second_request_in_the_first_ones_body_is_no_request() -> Tested {
    let folder = Folder::new()?;
    let server = Server::start(&mut folder.command("serve"))?;
    let hidden = "GET /metrics HTTP/1.1\r\nhost: test\r\n\r\n";
    let both = format!("content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}");
    let bytes = format!("POST /api/report/receipt HTTP/1.1\r\nhost: test\r\n{both}");
    let answer = send(&server, bytes.as_bytes(), true)?;
    assert!(!answer.contains("eovr_http_requests_total"), "{answer}");
    let inside =
        format!("POST /api/report/receipt HTTP/1.1\r\nhost: test\r\ncontent-length: {}", hidden.len());
    let answer = send(&server, format!("{inside}\r\nconnection: close\r\n\r\n{hidden}").as_bytes(), false)?;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    server.terminate()?;
    assert!(server.end()?.0.success());
    Ok(())
}
