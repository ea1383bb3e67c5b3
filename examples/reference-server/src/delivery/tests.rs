//! Mail through a scripted mail server.

mod nodes;

use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::mail::{Mail, of_sendgrid};
use super::verdict::{Fault, Unsent};
use super::words;

type Failing<T> = Result<T, Box<dyn std::error::Error>>;
type Tested = Failing<()>;

const ID: &str = "01980000-0000-7000-8000-000000000001";

/// A scripted mail server. It refuses one command with an answer and records what it receives.
#[derive(Clone, Default)]
struct Played {
    refuses: Option<(&'static str, &'static str)>,
    offers: &'static str,
    heard: Arc<Mutex<Vec<String>>>,
    barrier: Option<Arc<Barrier>>,
}

/// Holds each mail until the test opens it.
struct Barrier {
    came: Semaphore,
    open: Semaphore,
}

impl Default for Barrier {
    fn default() -> Self {
        Self { came: Semaphore::new(0), open: Semaphore::new(0) }
    }
}

impl Barrier {
    async fn pass(&self) {
        self.came.add_permits(1);
        if let Ok(passed) = self.open.acquire().await {
            passed.forget();
        }
    }
}

impl Played {
    fn refusing(step: &'static str, answer: &'static str) -> Self {
        Self { refuses: Some((step, answer)), ..Self::default() }
    }

    async fn listen(&self) -> Failing<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let played = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(played.clone().serve(stream));
            }
        });
        Ok(format!("smtp://eovr:secret@{address}"))
    }

    async fn serve(self, stream: TcpStream) -> std::io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let greeting = self.answer("greeting", "220 played");
        write.write_all(format!("{greeting}\r\n").as_bytes()).await?;
        while let Some(line) = lines.next_line().await? {
            self.hear(&line);
            let usual = match line.split(' ').next().unwrap_or_default() {
                "EHLO" => &format!("250-played\r\n{}250 AUTH PLAIN", self.offers),
                "AUTH" => "235 2.7.0 come in",
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 2.0.0 well",
            };
            let answer = self.answer(&line, usual);
            write.write_all(format!("{answer}\r\n").as_bytes()).await?;
            if answer.starts_with("354") {
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    self.hear(&line);
                }
                if let Some(barrier) = &self.barrier {
                    barrier.pass().await;
                }
                write.write_all(format!("{}\r\n", self.answer("mail", "250 2.0.0 taken")).as_bytes()).await?;
            }
        }
        Ok(())
    }

    fn answer(&self, line: &str, usual: &str) -> String {
        let refusal = self.refuses.filter(|(step, _)| line.starts_with(step)).map(|(_, answer)| answer);
        refusal.unwrap_or(usual).to_owned()
    }

    fn hear(&self, line: &str) {
        self.heard.lock().unwrap().push(line.to_owned());
    }

    fn heard(&self, start: &str) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        heard.iter().filter(|line| line.starts_with(start)).cloned().collect()
    }

    async fn send(&self, to: &str) -> Failing<Result<(), Unsent>> {
        let mail = Mail::new(&self.listen().await?, Some("E·OVR <eovr@hospital.example>"))
            .map_err(|failure| format!("{failure:?}"))?;
        let letter = words::letter("incident.report", "0192", None);
        Ok(mail.send(to, ID, &letter).await)
    }
}

#[tokio::test]
async fn a_refusal_is_classified_by_its_step() -> Tested {
    for (step, answer, fault, why) in [
        ("greeting", "554 no service", Fault::Ours, "connection: 554"),
        ("AUTH", "535 5.7.8 wrong", Fault::Ours, "login: 535 5.7.8"),
        ("AUTH", "534 5.7.9 another mechanism", Fault::Ours, "login: 534 5.7.9"),
        ("AUTH", "454 4.7.0 later", Fault::Passing, "login: 454 4.7.0"),
        ("MAIL", "530 5.7.0 log in first", Fault::Ours, "sender: 530 5.7.0"),
        ("MAIL", "550 5.1.1 no such sender", Fault::Ours, "sender: 550 5.1.1"),
        ("RCPT", "550 5.1.1 no such user", Fault::Recipient, "recipient: 550 5.1.1"),
        ("RCPT", "550 no such user", Fault::Recipient, "recipient: 550"),
        ("RCPT", "550-5.7.1 Sender address\r\n550 5.7.1 rejected", Fault::Ours, "recipient: 550 5.7.1"),
        ("RCPT", "554 5.7.1 Relay access denied", Fault::Ours, "recipient: 554 5.7.1"),
        ("RCPT", "552 5.2.2 full", Fault::Passing, "recipient: 552 5.2.2"),
        ("DATA", "554 5.5.1 no", Fault::Ours, "mail: 554 5.5.1"),
        ("mail", "550 5.7.1 no valid Message-ID", Fault::Ours, "mail: 550 5.7.1"),
        ("mail", "554 spam", Fault::Ours, "mail: 554"),
    ] {
        let unsent = Played::refusing(step, answer).send("mona@hospital.example").await?;
        let unsent = unsent.err().ok_or_else(|| format!("{step} {answer}: it was sent"))?;
        assert_eq!((unsent.fault, unsent.why.as_str()), (fault, why), "{step} {answer}");
        assert_eq!(unsent.for_all, ["greeting", "AUTH"].contains(&step), "{step} {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn an_unavailable_or_refusing_server_affects_all_mails() -> Tested {
    let gone = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    for (url, fault) in [
        (format!("smtp://{gone}"), Fault::Passing),
        // TLS is required, but the server does not offer it.
        (format!("{}?tls=required", Played::default().listen().await?), Fault::Ours),
    ] {
        let mail =
            Mail::new(&url, Some("eovr@hospital.example")).map_err(|failure| format!("{failure:?}"))?;
        let letter = words::letter("incident.report", "0192", None);
        let unsent = mail.send("mona@hospital.example", ID, &letter).await.err().ok_or("it was sent")?;
        assert_eq!((unsent.fault, unsent.for_all), (fault, true), "{url}");
    }
    Ok(())
}

#[tokio::test]
async fn a_mail_has_its_headers_and_the_same_message_id_at_each_attempt() -> Tested {
    let played = Played::default();
    for _ in 0..2 {
        played.send("mona@hospital.example").await?.map_err(|unsent| unsent.why)?;
    }
    let twice = |header: &str| vec![header.to_owned(); 2];
    assert_eq!(played.heard("Message-ID: "), twice(&format!("Message-ID: <eovr-{ID}@hospital.example>")));
    assert_eq!(played.heard("MIME-Version: "), twice("MIME-Version: 1.0"));
    assert_eq!(played.heard("Auto-Submitted: "), twice("Auto-Submitted: auto-generated"));
    assert_eq!(played.heard("To: "), twice("To: mona@hospital.example"));
    for header in ["Date: ", "From: ", "Subject: ", "Content-Type: text/plain; charset=utf-8"] {
        assert_eq!(played.heard(header).len(), 2, "{header}");
    }
    Ok(())
}

#[tokio::test]
async fn mails_of_a_round_share_a_connection_that_is_closed_afterwards() -> Tested {
    let played = Played::default();
    let mail = Mail::new(&played.listen().await?, Some("eovr@hospital.example"))
        .map_err(|failure| format!("{failure:?}"))?;
    let letter = words::letter("incident.report", "0192", None);
    for _ in 0..3 {
        mail.send("mona@hospital.example", ID, &letter).await.map_err(|unsent| unsent.why)?;
    }
    mail.rest().await;
    let counts = ["EHLO", "AUTH", "MAIL", "QUIT"].map(|step| played.heard(step).len());
    assert_eq!(counts, [1, 1, 3, 1]);
    mail.send("mona@hospital.example", ID, &letter).await.map_err(|unsent| unsent.why)?;
    assert_eq!(played.heard("EHLO").len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_non_ascii_domain_is_sent_in_its_ascii_form() -> Tested {
    let played = Played::default();
    played.send("mona@مستشفى.مصر").await?.map_err(|unsent| unsent.why)?;
    assert_eq!(played.heard("RCPT"), ["RCPT TO:<mona@xn--pgbre6cq2a.xn--wgbh1c>"]);
    assert_eq!(played.heard("To: "), ["To: mona@xn--pgbre6cq2a.xn--wgbh1c"]);
    assert_eq!(played.heard("MAIL"), ["MAIL FROM:<eovr@hospital.example>"]);
    Ok(())
}

#[tokio::test]
async fn a_non_ascii_local_part_needs_a_server_with_smtputf8() -> Tested {
    let unsent = Played::default().send("منى@hospital.example").await?.err().ok_or("it was sent")?;
    assert_eq!(unsent.fault, Fault::Recipient);
    assert!(unsent.why.contains("SMTPUTF8"), "{}", unsent.why);
    let played = Played { offers: "250-SMTPUTF8\r\n250-8BITMIME\r\n", ..Played::default() };
    played.send("منى@مستشفى.مصر").await?.map_err(|unsent| unsent.why)?;
    assert!(played.heard("MAIL")[0].contains("SMTPUTF8"), "{:?}", played.heard("MAIL"));
    Ok(())
}

#[tokio::test]
async fn a_mail_to_an_invalid_address_is_not_sent() -> Tested {
    for none in ["mona", "mona@", "a@b@c.example", "mona@hospital.example\r\nBcc: all@hospital.example"] {
        let played = Played::default();
        let unsent = played.send(none).await?.err().ok_or("it was sent")?;
        assert_eq!((unsent.fault, unsent.for_all), (Fault::Recipient, false), "{none:?}");
        assert!(played.heard("").is_empty(), "{none:?}");
    }
    Ok(())
}

#[test]
fn an_answer_of_sendgrid_is_classified_by_status_and_field() {
    let fault = |status: u16, answer: &str| {
        of_sendgrid(StatusCode::from_u16(status).unwrap(), answer.as_bytes()).map(|unsent| unsent.fault)
    };
    let of_to = r#"{"errors": [{"field": "personalizations.0.to.0.email", "message": "no valid address"}]}"#;
    let of_from = r#"{"errors": [{"field": "from.email", "message": "no valid address"}]}"#;
    assert_eq!(fault(202, ""), None);
    assert_eq!(fault(400, of_to), Some(Fault::Recipient));
    for (status, answer) in
        [(400, of_from), (400, "nonsense"), (400, r#"{"errors": []}"#), (401, ""), (403, ""), (413, "")]
    {
        assert_eq!(fault(status, answer), Some(Fault::Ours), "{status} {answer}");
    }
    for status in [408, 429, 500, 503] {
        assert_eq!(fault(status, ""), Some(Fault::Passing), "{status}");
    }
}
