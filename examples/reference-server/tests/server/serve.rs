//! `eovr-server serve`, as a process with clients on a socket.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::served::{Server, ask};
use crate::support::{Folder, Tested};

#[test]
fn it_says_where_it_listens_answers_and_stops_when_told() -> Tested {
    let folder = Folder::new()?;
    let server = Server::start(&mut folder.command("serve"))?;
    let health = server.ask("GET /health HTTP/1.1\r\nx-request-id: watcher-0001", "")?;
    assert!(health.starts_with("HTTP/1.1 200 OK"), "{health}");
    assert!(
        health.contains("x-request-id: watcher-0001") && health.contains("\"database\":\"ok\""),
        "{health}"
    );
    // Without an account every request is refused.
    let list = server.ask("GET /api/incidents?category=mr-hassan-fell HTTP/1.1", "")?;
    assert!(list.starts_with("HTTP/1.1 401") && list.contains("www-authenticate: Bearer"), "{list}");
    let receipt = "7K2M-7K2M-7K2M-7K2M-7K2M-7K2M-7K2M-7K2M";
    let body = format!(r#"{{"code": "{receipt}"}}"#);
    let json = "content-type: application/json";
    let unknown = server.ask(&format!("POST /api/report/receipt HTTP/1.1\r\n{json}"), &body)?;
    assert!(unknown.starts_with("HTTP/1.1 404") && unknown.contains("\"code\":\"not_found\""), "{unknown}");
    let docs = server.ask("GET /api/openapi.json HTTP/1.1", "")?;
    assert!(docs.contains("\"openapi\":\"3.1.0\""), "{docs}");

    server.terminate()?;
    let (status, log) = server.end()?;
    assert!(status.success(), "{status}");
    // The log has a line for each request, without its query.
    assert!(log.contains(r#""route":"/api/incidents","status":401"#), "{log}");
    assert!(log.contains(r#""request_id":"watcher-0001""#) && log.contains("\"micros\":"), "{log}");
    assert!(!log.contains("hassan") && !log.contains("7K2M"), "{log}");
    assert!(!folder.data().join("eovr.db-wal").exists(), "the store was not closed");
    Ok(())
}

#[test]
fn a_request_that_was_begun_is_finished() -> Tested {
    let folder = Folder::new()?;
    let server = Server::start(&mut folder.command("serve"))?;
    let body = r#"{"code": "7K2M"}"#;
    let mut slow = server.connect()?;
    let (first, rest) = body.split_at(4);
    write!(
        slow,
        "POST /api/report/receipt HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )?;
    // The server's "100 Continue" shows that the request has begun.
    let mut line = [0; 12];
    slow.read_exact(&mut line)?;
    assert_eq!(&line, b"HTTP/1.1 100");
    slow.write_all(first.as_bytes())?;
    server.terminate()?;
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(&server.address).is_ok() {
        assert!(Instant::now() < deadline, "it still takes new connections");
        std::thread::yield_now();
    }
    slow.write_all(rest.as_bytes())?;
    let mut answer = String::new();
    slow.read_to_string(&mut answer)?;
    assert!(answer.contains("HTTP/1.1 422") && answer.contains("not a receipt code"), "{answer}");
    let (status, _) = server.end()?;
    assert!(status.success(), "{status}");
    Ok(())
}

#[test]
fn the_demonstration_ends_by_serving() -> Tested {
    let folder = Folder::new()?;
    let server = Server::start(folder.command("demo").args(["--production", "--watch", "127.0.0.1:0"]))?;
    let ready = server.ask("GET /ready HTTP/1.1", "")?;
    assert!(ready.starts_with("HTTP/1.1 200 OK"), "{ready}");
    assert!(ready.contains("strict-transport-security: max-age="), "{ready}");
    // Monitoring routes and documentation are not public.
    for path in ["/api/docs", "/api/openapi.json", "/health", "/metrics"] {
        let docs = server.ask(&format!("GET {path} HTTP/1.1"), "")?;
        assert!(docs.starts_with("HTTP/1.1 404"), "{docs}");
    }
    for (path, told) in [("/health", "\"database\":\"ok\""), ("/metrics", "eovr_http_requests_total")] {
        let watched =
            ask(server.watched.as_deref().ok_or("it says where")?, &format!("GET {path} HTTP/1.1"), "")?;
        assert!(watched.starts_with("HTTP/1.1 200") && watched.contains(told), "{watched}");
    }
    server.terminate()?;
    assert!(server.end()?.0.success());
    Ok(())
}

#[test]
fn an_occupied_address_is_reported() -> Tested {
    let folder = Folder::new()?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let refused = crate::support::run(folder.command("serve").args(["--listen", &address]))?;
    assert_eq!(refused.code, Some(2), "{}", refused.said);
    refused.says(&["cannot listen on", "name another with --listen"])
}
