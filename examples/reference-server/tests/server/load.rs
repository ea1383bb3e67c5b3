//! Load from attackers and from users: the server still answers other clients, and its memory stays within limits. The
//! limits are for the test build.

#![expect(clippy::print_stdout, reason = "the figures that were measured")]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::process::Command;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::net::TcpSocket;

use crate::hospital::{Hospital, text};
use crate::served::{Found, Server};
use crate::support::{Folder, Tested};

/// Raises the limit of descriptors for a test with many connections.
fn many_descriptors() -> Tested {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}

/// Connections from one local address, each with these bytes sent.
fn connect(
    runtime: &tokio::runtime::Runtime,
    server: &Server,
    from: u8,
    count: usize,
    bytes: &[u8],
) -> Found<Vec<TcpStream>> {
    let to: SocketAddr = server.address.parse()?;
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        let stream = runtime.block_on(async {
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, from), 0).into())?;
            socket.connect(to).await?.into_std()
        })?;
        stream.set_nonblocking(true)?;
        // The rest of the bytes stays in this client.
        match (&stream).write(bytes) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => {}
            _ => all.push(stream),
        }
    }
    Ok(all)
}

/// Asserts that the server answers a client with another address.
fn answers(server: &Server) -> Tested {
    let ready = server.ask("GET /ready HTTP/1.1", "")?;
    if ready.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(ready.into()) }
}

/// Unauthenticated clients cannot fill the memory with unfinished heads, from one address or from many.
#[test]
fn two_thousand_unfinished_heads_take_little_memory() -> Tested {
    many_descriptors()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let folder = Folder::new()?;
    let server = Server::start(folder.command("serve").arg("--no-proxy"))?;
    answers(&server)?;
    let (before, _) = server.memory()?;
    for (what, addresses, bytes) in [("from one address", 1..=1, 400 << 10), ("from eight", 2..=9, 11 << 10)]
    {
        let head = [b"GET /ready HTTP/1.1\r\nhost: test\r\nx-a: ".as_slice(), &vec![b'a'; bytes]].concat();
        let each = 2000 / addresses.clone().count();
        let mut held = Vec::new();
        for address in addresses {
            held.extend(connect(&runtime, &server, address, each, &head)?);
        }
        answers(&server)?;
        let (now, most) = server.memory()?;
        println!("2,000 unfinished heads {what}: {before} MB before, {now} MB now, {most} MB at most");
        assert!(most <= 80, "{what}: {before} MB before, {now} MB now, {most} MB at most");
    }
    Ok(())
}

/// One address has a limited share of the connections, and the server raises the system's usual limit.
#[test]
fn idle_connections_of_one_address_or_of_many_do_not_stop_the_others() -> Tested {
    many_descriptors()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let folder = Folder::new()?;
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -Sn 1024; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_eovr-server"), "serve"]);
    command.arg("--dir").arg(folder.data()).arg("--no-proxy");
    let server = Server::start(&mut command)?;
    let mut held = connect(&runtime, &server, 2, 600, b"")?;
    // The server closes connections beyond the share at once, and keeps those within it.
    answers(&server)?;
    let is_open = |mut stream: &TcpStream| matches!(stream.read(&mut [0; 1]), Err(error) if error.kind() == ErrorKind::WouldBlock);
    let end = std::time::Instant::now() + Duration::from_secs(10);
    while held.iter().filter(|stream| is_open(stream)).count() > 512 {
        assert!(std::time::Instant::now() < end, "one address has all that it wants");
        std::thread::yield_now();
    }
    assert_eq!(held.iter().filter(|stream| is_open(stream)).count(), 512);
    for address in 3..=5 {
        held.extend(connect(&runtime, &server, address, 500, b"")?);
        answers(&server)?;
    }
    server.terminate()?;
    let (_, log) = server.end()?;
    assert!(!log.contains("a connection was not accepted"), "{log}");
    Ok(())
}

/// The most expensive request of tier 1, many times at once.
#[test]
fn forty_reports_printed_at_once_take_no_more_memory_than_a_few() -> Tested {
    let hospital = Hospital::open(|_| ())?;
    let nurse = hospital.known("staff.wn-e-1@eovr.test")?;
    // The report prints a character without a glyph as its code point, and a vocalised word twice.
    let signs: String = ('\u{1F300}'..='\u{1F5FF}').cycle().take(60_000).collect();
    let marks = ['\u{64E}', '\u{64F}', '\u{650}', '\u{64B}', '\u{64C}', '\u{64D}'];
    let letters = ('\u{628}'..='\u{63A}').cycle().zip(marks.into_iter().cycle());
    let vowelled: String = letters.take(30_000).flat_map(|(letter, mark)| [letter, mark]).collect();
    for (what, words) in [("signs", signs), ("vowelled letters", vowelled)] {
        printed_at_once(&hospital, &nurse, what, &words)?;
    }
    Ok(())
}

fn printed_at_once(hospital: &Hospital, nurse: &str, what: &str, words: &str) -> Tested {
    let report = json!({"category": "medication", "description": words});
    let id = text(&hospital.post("/api/incidents", nurse, &report)?, "id")?;
    let head = format!("GET /api/exports/incidents/{id}.pdf HTTP/1.1\r\nauthorization: Bearer {nurse}");
    let (before, _) = hospital.server.memory()?;
    let answers: Vec<String> = std::thread::scope(|scope| {
        let print = || -> Option<String> {
            let mut stream = hospital.server.connect().ok()?;
            stream.set_read_timeout(Some(Duration::from_secs(120))).ok()?;
            write!(stream, "{head}\r\nhost: test\r\nconnection: close\r\n\r\n").ok()?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).ok()?;
            Some(String::from_utf8_lossy(&answer).lines().next()?.to_owned())
        };
        let all: Vec<_> = (0..40).map(|_| scope.spawn(print)).collect();
        all.into_iter().filter_map(|one| one.join().ok().flatten()).collect()
    });
    let (now, most) = hospital.server.memory()?;
    let with = |status: &str| answers.iter().filter(|line| line.contains(status)).count();
    println!(
        "40 reports of 60,000 {what} at once: {} printed, {} asked to come again; {before} MB before, {now} MB now, {most} MB at most",
        with(" 200 "),
        with(" 429 ")
    );
    assert!(with(" 200 ") >= 1 && with(" 200 ") + with(" 429 ") == 40, "{answers:?}");
    assert!(most <= 300, "{before} MB before, {now} MB now, {most} MB at most");
    Ok(())
}
