//! The server behind a real nginx with default settings, which compresses and buffers responses.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::hospital::{Hospital, text};
use crate::served::{Found, ask};
use crate::support::Tested;

const PATIENCE: Duration = Duration::from_secs(20);

/// nginx in front of a server; it ends with the test.
struct Nginx {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Nginx {
    fn before(server: &str) -> Found<Self> {
        let folder = tempfile::tempdir()?;
        let at = folder.path().display();
        // The port was free a moment ago; if another test takes it in between, this test fails.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary: String = temporary.iter().map(|of| format!("{of}_temp_path {at}/{of};\n")).collect();
        let settings = format!(
            "daemon off;\nmaster_process off;\npid {at}/pid;\nerror_log {at}/errors;\nevents {{}}\nhttp {{\n\
             access_log off;\n{temporary}gzip on;\ngzip_proxied any;\ngzip_min_length 1;\n\
             gzip_types application/json;\n\
             server {{\nlisten {address};\nlocation / {{\nproxy_pass http://{server};\n\
             proxy_http_version 1.1;\nproxy_set_header Host $http_host;\nproxy_set_header Connection '';\n\
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n}}\n}}\n}}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, settings)?;
        let mut command = Command::new("nginx");
        // Debian installs it outside of a user's PATH.
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{path}:/usr/sbin")).arg("-p").arg(folder.path()).arg("-c").arg(&file);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let child = child.map_err(|error| format!("nginx does not run (tests/tools): {error}"))?;
        let nginx = Self { child, address, _folder: folder };
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(&nginx.address).is_err() {
            assert!(Instant::now() < end, "nginx does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The value of a header in a raw response.
fn header<'a>(answer: &'a str, name: &str) -> &'a str {
    let lines = answer.lines().take_while(|line| !line.is_empty());
    let found =
        lines.filter_map(|line| line.split_once(": ")).find(|(found, _)| found.eq_ignore_ascii_case(name));
    found.map_or("", |(_, value)| value)
}

#[test]
fn an_etag_from_a_compressing_proxy_is_accepted() -> Tested {
    let hospital = Hospital::open(|_| {})?;
    let nginx = Nginx::before(&hospital.server.address)?;
    let quality = hospital.known("quality.wn-e-1@eovr.test")?;
    let told = json!({"category": "medication", "description": "The wrong syringe was in the tray."});
    let path = format!("/api/incidents/{}", text(&hospital.post("/api/incidents", &quality, &told)?, "id")?);
    let start = json!({"action": "start"});
    hospital.post(&format!("{path}/transition"), &quality, &start)?;
    // A compressed body is no text, so the head is sufficient.
    let mut stream = TcpStream::connect(&nginx.address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {quality}\r\naccept-encoding: gzip\r\n\
         connection: close\r\n\r\n",
        nginx.address
    )?;
    let lines = BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let seen = lines.collect::<Vec<_>>().join("\r\n");
    let tag = header(&seen, "etag");
    assert_eq!((tag, header(&seen, "content-encoding")), ("W/\"2\"", "gzip"), "{seen}");
    let patch = |tag: &str| {
        let head = format!(
            "PATCH {path} HTTP/1.1\r\nauthorization: Bearer {quality}\r\ncontent-type: application/json\r\n\
             if-match: {tag}"
        );
        ask(&nginx.address, &head, r#"{"location": "ward-3", "reason": "another ward"}"#)
    };
    let changed = patch(tag)?;
    assert!(changed.starts_with("HTTP/1.1 200 "), "{changed}");
    let late = patch(tag)?;
    assert!(late.starts_with("HTTP/1.1 409 "), "{late}");
    Ok(())
}

#[test]
fn events_come_through_a_proxy_as_they_happen() -> Tested {
    let hospital = Hospital::open(|_| {})?;
    let nginx = Nginx::before(&hospital.server.address)?;
    let quality = hospital.known("quality.wn-e-1@eovr.test")?;
    let mut stream = TcpStream::connect(&nginx.address)?;
    // Less than the interval of the stream's comments, so each line must arrive by itself.
    stream.set_read_timeout(Some(Duration::from_secs(12)))?;
    write!(
        stream,
        "GET /api/auth/events HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {quality}\r\n\
         accept-encoding: gzip\r\n\r\n",
        nginx.address
    )?;
    let mut lines = BufReader::new(stream).lines();
    let mut until = |expected: &str| -> Tested {
        loop {
            let line = lines.next().ok_or("the stream ended")??;
            if line.contains(expected) {
                return Ok(());
            }
        }
    };
    until("HTTP/1.1 200 ")?;
    until(": open")?;
    let told = json!({"category": "medication", "description": "The wrong syringe was in the tray."});
    let nurse = hospital.known("staff.wn-e-1@eovr.test")?;
    hospital.post("/api/incidents", &nurse, &told)?;
    until("event: notices")
}
