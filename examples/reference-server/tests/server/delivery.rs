//! Notifications: mail through a real mail server and through SendGrid's API, and signed webhooks to another system. A
//! failed delivery does not block the others.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::beside::Beside;
use crate::hospital::{Hospital, text};
use crate::served::Found;
use crate::support::Tested;

const PATIENCE: Duration = Duration::from_secs(30);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A mail server.
struct Mailbox {
    beside: Beside,
    messages: Receiver<String>,
}

impl Mailbox {
    fn open() -> Found<Self> {
        let (beside, lines) = Beside::start("mailbox.py")?;
        let (tell, messages) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Ok(Self { beside, messages })
    }

    fn next(&self) -> Found<Value> {
        Ok(serde_json::from_str(&self.messages.recv_timeout(PATIENCE)?)?)
    }
}

/// A server for webhooks: yields head and body of each request, and answers with the next of these statuses.
fn receiver(statuses: &'static [u16]) -> Found<(String, Receiver<(String, String)>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let (tell, told) = channel();
    std::thread::spawn(move || -> std::io::Result<()> {
        for number in 0.. {
            let (mut stream, _) = listener.accept()?;
            let (mut bytes, mut one) = (Vec::new(), [0]);
            while !bytes.ends_with(b"\r\n\r\n") && stream.read(&mut one)? == 1 {
                bytes.push(one[0]);
            }
            let head = String::from_utf8_lossy(&bytes).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.and_then(|length| length.trim().parse().ok()).unwrap_or(0)];
            stream.read_exact(&mut body)?;
            let status = statuses.get(number).or(statuses.last()).unwrap_or(&202);
            write!(stream, "HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n\r\n")?;
            if tell.send((head, String::from_utf8_lossy(&body).into_owned())).is_err() {
                break;
            }
        }
        Ok(())
    });
    Ok((address, told))
}

/// Its address, a signal for each connection, the switch for its answers, and the mails.
type Silent = (String, Receiver<()>, Sender<()>, Receiver<String>);

/// A mail server that does not answer until it is released, and then accepts every mail.
fn silent_mailbox() -> Found<Silent> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let (come, came) = channel();
    let (let_go, may) = channel::<()>();
    let (tell, told) = channel();
    std::thread::spawn(move || -> std::io::Result<()> {
        let mut waits = true;
        loop {
            let (mut stream, _) = listener.accept()?;
            let _ = come.send(());
            if std::mem::take(&mut waits) {
                let _ = may.recv();
            }
            stream.write_all(b"220 test\r\n")?;
            let (tell, mut lines) = (tell.clone(), BufReader::new(stream.try_clone()?).lines());
            std::thread::spawn(move || -> std::io::Result<()> {
                while let Some(line) = lines.next().transpose()? {
                    if line != "DATA" {
                        stream.write_all(b"250 test\r\n")?;
                        continue;
                    }
                    stream.write_all(b"354 go on\r\n")?;
                    let mail = lines.by_ref().map_while(Result::ok).take_while(|line| line != ".");
                    let _ = tell.send(mail.collect::<Vec<_>>().join("\n"));
                    stream.write_all(b"250 taken\r\n")?;
                }
                Ok(())
            });
        }
    });
    Ok((address, came, let_go, told))
}

/// Many visitor reports cause one mail if they arrived while no mail could be sent.
#[test]
fn many_new_reports_are_told_in_one_mail() -> Tested {
    let (address, came, let_go, told) = silent_mailbox()?;
    let hospital = Hospital::open(|serve| {
        serve.args(["--mail", &format!("smtp://{address}"), "--mail-from", "eovr@hospital.example"]);
    })?;
    report(&hospital)?;
    came.recv_timeout(PATIENCE)?;
    for _ in 0..5 {
        report(&hospital)?;
    }
    let_go.send(())?;
    let end = Instant::now() + PATIENCE;
    loop {
        let mail = told.recv_timeout(end.saturating_duration_since(Instant::now()))?;
        let (_, body) = mail.split_once("\n\n").ok_or("a mail has a body")?;
        let decoded = STANDARD.decode(body.replace('\n', "")).unwrap_or_else(|_| body.as_bytes().to_vec());
        let text = String::from_utf8_lossy(&decoded);
        let count = text.split(" new reports wait for you").next().and_then(|count| count.parse().ok());
        if count.is_some_and(|count: u32| count >= 5) {
            return Ok(());
        }
    }
}

const WORDS: &str = "Mr Hassan was given ten times the dose and stopped breathing.";

/// Reports an incident, and returns its id.
fn report(hospital: &Hospital) -> Found<String> {
    let nurse = hospital.known("staff.wn-e-1@eovr.test")?;
    let made =
        hospital.post("/api/incidents", &nurse, &json!({"category": "medication", "description": WORDS}))?;
    text(&made, "id")
}

fn health(hospital: &Hospital) -> Found<Value> {
    let answer = hospital.server.ask("GET /health HTTP/1.1", "")?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or("an answer has a body")?;
    Ok(serde_json::from_str(body)?)
}

#[test]
fn a_mail_links_to_the_report_and_holds_none_of_its_words() -> Tested {
    let mailbox = Mailbox::open()?;
    let url = format!("smtp://eovr:for%20tests%20only@127.0.0.1:{}", mailbox.beside.port);
    let hospital = Hospital::open(|serve| {
        serve.args(["--mail", &url, "--mail-from", "E·OVR <eovr@eovr.test>"]);
        serve.args(["--public-url", "https://reports.example.org"]);
    })?;
    let id = report(&hospital)?;
    let mut told = Vec::new();
    // One mail to the quality admin of the hospital; more to higher tiers, because the report is high-risk.
    while told.len() < 3 {
        let mail = mailbox.next()?;
        assert_eq!(mail["from"], "eovr@eovr.test");
        let (subject, text) = (text(&mail, "subject")?, text(&mail, "text")?);
        assert!(subject.contains("A new report waits for you") && subject.contains("بلاغ جديد"), "{mail}");
        assert!(text.contains(&format!("https://reports.example.org/incidents/{id}")), "{mail}");
        assert!(!text.contains("Hassan") && !text.contains("dose") && !subject.contains("Hassan"), "{mail}");
        told.push(mail["to"][0].as_str().unwrap_or_default().to_owned());
    }
    assert!(told.contains(&"quality.wn-e-1@eovr.test".to_owned()), "{told:?}");
    assert_eq!(health(&hospital)?["mail"], "ok");
    // The same notification is in the application, until it is read.
    let quality = hospital.known("quality.wn-e-1@eovr.test")?;
    let head = format!("GET /api/notices HTTP/1.1\r\nauthorization: Bearer {quality}");
    let list = hospital.server.ask(&head, "")?;
    assert!(list.contains(r#""topic":"incident.report""#) && list.contains(&id), "{list}");
    hospital.server.terminate()?;
    let (_, log) = hospital.server.end()?;
    assert!(!log.contains("quality.wn-e-1") && !log.contains("for tests only"), "{log}");
    Ok(())
}

#[test]
fn an_unavailable_mail_server_blocks_nothing() -> Tested {
    // A port without a listener.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let hospital = Hospital::open(|serve| {
        serve.args(["--mail", &format!("smtp://127.0.0.1:{port}"), "--mail-from", "eovr@eovr.test"]);
    })?;
    report(&hospital)?;
    let deadline = Instant::now() + PATIENCE;
    while health(&hospital)?["mail"] != "failing" {
        assert!(Instant::now() < deadline, "no report that mail fails");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(health(&hospital)?["status"], "ok");
    report(&hospital)?;
    Ok(())
}

#[test]
fn sendgrid_gets_what_its_api_expects() -> Tested {
    let (address, told) = receiver(&[202])?;
    let hospital = Hospital::open(|serve| {
        serve.args(["--mail", &format!("http://{address}/v3/mail/send"), "--mail-from", "eovr@eovr.test"]);
        serve.env("EOVR_MAIL_KEY", "SG.for-tests-only");
    })?;
    report(&hospital)?;
    let (head, body) = told.recv_timeout(PATIENCE)?;
    assert!(head.starts_with("post /v3/mail/send http/1.1"), "{head}");
    assert!(head.contains("authorization: bearer sg.for-tests-only"), "{head}");
    let body: Value = serde_json::from_str(&body)?;
    assert!(
        body["personalizations"][0]["to"][0]["email"].as_str().is_some_and(|to| to.ends_with("@eovr.test"))
    );
    assert_eq!(body["from"]["email"], "eovr@eovr.test");
    assert_eq!(body["content"][0]["type"], "text/plain");
    assert!(!body.to_string().contains("Hassan"), "{body}");
    Ok(())
}

/// Its address, its accepted mails (recipient and mail), and the switch that repairs it.
type Refusing = (String, Receiver<(String, String)>, Sender<()>);

/// A mail server that refuses this command until it is repaired.
fn refusing_mailbox(step: &'static str, refusal: &'static str) -> Found<Refusing> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let (tell, told) = channel();
    let (mend, mended) = channel::<()>();
    std::thread::spawn(move || -> std::io::Result<()> {
        let mut refuses = true;
        loop {
            let (mut stream, _) = listener.accept()?;
            let mut lines = BufReader::new(stream.try_clone()?).lines();
            refuses &= mended.try_recv().is_err();
            stream.write_all(b"220 test\r\n")?;
            let mut to = String::new();
            while let Some(line) = lines.next().transpose().ok().flatten() {
                let answer = match line.split(' ').next().unwrap_or_default() {
                    _ if refuses && line.starts_with(step) => refusal,
                    "EHLO" => "250-test\r\n250 AUTH PLAIN",
                    "AUTH" => "235 come in",
                    "RCPT" => {
                        line.clone_into(&mut to);
                        "250 well"
                    }
                    "DATA" => "354 go on",
                    _ => "250 well",
                };
                if stream.write_all(format!("{answer}\r\n").as_bytes()).is_err() {
                    break;
                }
                if answer.starts_with("354") {
                    let mail = lines.by_ref().map_while(Result::ok).take_while(|line| line != ".");
                    let _ = tell.send((to.clone(), mail.collect::<Vec<_>>().join("\n")));
                    stream.write_all(b"250 taken\r\n")?;
                }
            }
        }
    });
    Ok((address, told, mend))
}

/// Repeats the request until the response contains this text.
fn until(hospital: &Hospital, path: &str, token: &str, expected: &str) -> Found<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let head = format!("GET {path} HTTP/1.1\r\nauthorization: Bearer {token}");
        let answer = hospital.server.ask(&head, "")?;
        if answer.contains(expected) {
            let (_, body) = answer.split_once("\r\n\r\n").ok_or("an answer has a body")?;
            return Ok(serde_json::from_str(body)?);
        }
        assert!(Instant::now() < end, "no `{expected}` in {answer}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A wrong password concerns no recipient: tier 5 gets an alert, and no mail is parked.
#[test]
fn a_refused_mail_login_alerts_tier_5_and_parks_no_mail() -> Tested {
    let (address, _, _) = refusing_mailbox("AUTH", "535 5.7.8 wrong, and mona@hospital.example too")?;
    let hospital = Hospital::open(|serve| {
        serve.args([
            "--mail",
            &format!("smtp://eovr:wrong@{address}"),
            "--mail-from",
            "eovr@hospital.example",
        ]);
    })?;
    report(&hospital)?;
    let top = hospital.known("top@eovr.test")?;
    let alerts = until(&hospital, "/api/alerts", &top, "mail_failed")?;
    let alert =
        alerts["items"].as_array().and_then(|all| all.iter().find(|one| one["alert"] == "mail_failed"));
    assert_eq!(alert.ok_or("an alert")?["subject"], "login: 535 5.7.8");
    until(&hospital, "/api/notices", &top, "security_alert.raise")?;
    let parked = until(&hospital, "/api/notices/parked", &top, "items")?;
    assert_eq!(parked["items"], json!([]));
    Ok(())
}

/// Mail to an invalid recipient is parked at once. After the mail server is repaired, tier 5 retries the mail.
#[test]
fn tier_5_retries_parked_mail() -> Tested {
    let (address, told, mend) = refusing_mailbox("RCPT", "550 5.1.1 no such user")?;
    let hospital = Hospital::open(|serve| {
        serve.args(["--mail", &format!("smtp://{address}"), "--mail-from", "eovr@hospital.example"]);
    })?;
    let id = report(&hospital)?;
    let top = hospital.known("top@eovr.test")?;
    let parked = until(&hospital, "/api/notices/parked", &top, &id)?;
    let one = parked["items"].as_array().and_then(|all| all.iter().find(|one| one["about"] == *id));
    let one = one.ok_or("a notice")?;
    assert_eq!(
        (&one["channel"], &one["topic"], &one["attempts"]),
        (&json!("email"), &json!("incident.report"), &json!(1))
    );
    assert!(!parked.to_string().contains('@'), "an address in {parked}");
    assert!(told.try_recv().is_err());
    mend.send(())?;
    let retry =
        format!("POST /api/notices/{}/retry HTTP/1.1\r\nauthorization: Bearer {top}", text(one, "id")?);
    assert!(hospital.server.ask(&retry, "")?.starts_with("HTTP/1.1 204 "));
    let (_, mail) = told.recv_timeout(PATIENCE)?;
    let name = format!("Message-ID: <eovr-{}@hospital.example>", text(one, "id")?);
    assert!(mail.contains(&name) && mail.contains("MIME-Version: 1.0"), "{mail}");
    let again = hospital.post("/api/notices/parked/retry", &top, &json!({}))?;
    assert!(again["waiting"].is_u64() && again["more"] == false, "{again}");
    let nurse = hospital.known("staff.wn-e-1@eovr.test")?;
    let refused = hospital.post("/api/notices/parked/retry", &nurse, &json!({}))?;
    assert_eq!(refused["code"], "denied", "{refused}");
    Ok(())
}

#[test]
fn another_system_gets_a_signed_webhook_for_every_change() -> Tested {
    let (address, told) = receiver(&[200])?;
    let hospital = Hospital::open(|serve| {
        serve.args(["--webhook", &format!("http://{address}/hook")]).env("EOVR_WEBHOOK_SECRET", SECRET);
    })?;
    let id = report(&hospital)?;
    let (head, body) = loop {
        let (head, body) = told.recv_timeout(PATIENCE)?;
        // Messages about the demonstration's own incidents come first.
        if body.contains(&id) {
            break (head, body);
        }
    };
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.ok_or_else(|| format!("no {name} in {head}"))
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(SECRET.trim_start_matches("whsec_"))?)?;
    mac.update(format!("{}.{}.{body}", header("webhook-id")?, header("webhook-timestamp")?).as_bytes());
    let signed = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())).to_lowercase();
    assert_eq!(header("webhook-signature")?, signed);
    let body: Value = serde_json::from_str(&body)?;
    assert_eq!((body["topic"].as_str(), body["to"].as_str()), (Some("incident.report"), Some("created")));
    assert!(!body.to_string().contains("Hassan"), "{body}");
    Ok(())
}
