//! Sends mail: over SMTP, or through SendGrid's HTTP API.

use std::time::Duration;

use axum::http::{Request, StatusCode, header};
use eovr_core::notice::HELD_SECONDS;
use eovr_host::outgoing::{Address, Fetch};
use eovr_host::output::Failure;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::{Address as EmailAddress, Message};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::smtp::Smtp;
use super::verdict::Unsent;
use super::words::Letter;

/// The environment variable with SendGrid's API key.
const KEY: &str = "EOVR_MAIL_KEY";
/// The timeout of a step in sending one mail.
const PATIENCE: Duration = Duration::from_secs(20);
/// A claim lasts longer than the mail takes, so that no other node sends the same mail.
const _: () = assert!(8 * PATIENCE.as_secs() < HELD_SECONDS.unsigned_abs());
/// The header that stops automatic replies (RFC 3834, 5).
const AUTO_SUBMITTED: (&str, &str) = ("Auto-Submitted", "auto-generated");

/// The sender of mail.
pub(super) struct Mail {
    from: Mailbox,
    by: By,
}

enum By {
    Smtp(Box<Smtp>),
    SendGrid { fetch: Fetch, at: Address, key: Zeroizing<String> },
}

impl Mail {
    pub(super) fn new(url: &str, from: Option<&str>) -> Result<Self, Failure> {
        let from = from.and_then(|from| from.parse().ok()).and_then(in_ascii).ok_or_else(|| {
            Failure::usage(
                "the sender address of mail is missing or not valid".to_owned(),
                "set EOVR_MAIL_FROM, such as `E·OVR <eovr@hospital.example>`",
            )
        })?;
        let by = match url.split_once("://") {
            Some(("smtp" | "smtps", _)) => By::Smtp(Box::new(smtp(url)?)),
            _ => sendgrid(url)?,
        };
        Ok(Self { from, by })
    }

    /// Whether mail uses TLS or stays on this machine.
    pub(super) fn is_protected(&self) -> bool {
        match &self.by {
            By::Smtp(smtp) => smtp.is_protected(),
            // `Address` allows only TLS or this machine.
            By::SendGrid { .. } => true,
        }
    }

    /// Sends a mail. `id` is the same for every attempt, so that a mail system can recognise a duplicate.
    pub(super) async fn send(&self, to: &str, id: &str, letter: &Letter) -> Result<(), Unsent> {
        // An invalid address stays invalid, so the fault is the recipient's and final.
        let to = to
            .parse()
            .ok()
            .and_then(in_ascii)
            .ok_or_else(|| Unsent::of_recipient("the address is not valid"))?;
        let id = format!("<eovr-{id}@{}>", self.from.email.domain());
        match &self.by {
            By::Smtp(smtp) => {
                let mail = self.written(&to, id, letter)?;
                smtp.send(&self.from.email, &to.email, &mail).await
            }
            By::SendGrid { fetch, at, key } => self.by_sendgrid(fetch, at, key, &to, id, letter).await,
        }
    }

    /// Closes the connection after a round of mails.
    pub(super) async fn rest(&self) {
        if let By::Smtp(smtp) = &self.by {
            // The result does not matter, because no mail is being sent.
            let _ = tokio::time::timeout(PATIENCE, smtp.rest()).await;
        }
    }

    fn written(&self, to: &Mailbox, id: String, letter: &Letter) -> Result<Message, Unsent> {
        let (name, value) = AUTO_SUBMITTED;
        let automatic = HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
        MessageBuilder::new()
            .from(self.from.clone())
            .to(to.clone())
            .message_id(Some(id))
            .subject(letter.subject.as_str())
            .raw_header(automatic)
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())
            .map_err(|error| Unsent::ours(error.to_string()))
    }

    async fn by_sendgrid(
        &self,
        fetch: &Fetch,
        at: &Address,
        key: &str,
        to: &Mailbox,
        id: String,
        letter: &Letter,
    ) -> Result<(), Unsent> {
        let (automatic, value) = AUTO_SUBMITTED;
        let body = json!({
            "personalizations": [{ "to": [{ "email": to.email.to_string() }] }],
            "from": { "email": self.from.email.to_string(), "name": self.from.name },
            "subject": letter.subject,
            "content": [{ "type": "text/plain", "value": letter.text }],
            "headers": { "Message-ID": id, automatic: value },
        });
        let request = Request::post(&at.path)
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into());
        let (status, answer) =
            fetch.send(at, request).await.map_err(|_| Unsent::for_now("no answer").for_all())?;
        match of_sendgrid(status, &answer) {
            Some(unsent) => Err(unsent),
            None => Ok(()),
        }
    }
}

/// The meaning of SendGrid's answer; `None` if it accepted the mail.
pub(super) fn of_sendgrid(status: StatusCode, answer: &[u8]) -> Option<Unsent> {
    #[derive(Deserialize)]
    struct Refusal {
        errors: Vec<Wrong>,
    }
    #[derive(Deserialize)]
    struct Wrong {
        field: Option<String>,
    }
    let why = status.to_string();
    Some(match status {
        status if status.is_success() => return None,
        // SendGrid names the wrong fields. Only `personalizations` holds the recipient.
        StatusCode::BAD_REQUEST => {
            let wrong = serde_json::from_slice::<Refusal>(answer).map(|refusal| refusal.errors);
            let of_recipient = |wrong: &Wrong| {
                wrong.field.as_deref().is_some_and(|field| field.starts_with("personalizations"))
            };
            match wrong.is_ok_and(|wrong| !wrong.is_empty() && wrong.iter().all(of_recipient)) {
                true => Unsent::of_recipient(why),
                false => Unsent::ours(why),
            }
        }
        // The API key or the subscription is not valid.
        StatusCode::UNAUTHORIZED | StatusCode::PAYMENT_REQUIRED => Unsent::ours(why).for_all(),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Unsent::for_now(why),
        // The sender (403) or the URL of the API is wrong, not the recipient.
        status if status.is_client_error() => Unsent::ours(why),
        _ => Unsent::for_now(why),
    })
}

/// The same mailbox with its domain in ASCII: `مستشفى.مصر` becomes `xn--…` (RFC 5891). The part before the `@` has no
/// ASCII form.
fn in_ascii(mailbox: Mailbox) -> Option<Mailbox> {
    if mailbox.email.domain().is_ascii() {
        return Some(mailbox);
    }
    let domain = idna::domain_to_ascii(mailbox.email.domain()).ok()?;
    Some(Mailbox { email: EmailAddress::new(mailbox.email.user(), domain).ok()?, ..mailbox })
}

fn smtp(url: &str) -> Result<Smtp, Failure> {
    // The parser's error is dropped, because it may contain the password.
    Smtp::new(url, PATIENCE).ok_or_else(|| {
        Failure::usage(
            "--mail is not the address of a mail server".to_owned(),
            "write smtps://USER:PASSWORD@HOST, or smtp://HOST:PORT, with `?tls=required` or `?tls=opportunistic` and nothing else",
        )
    })
}

fn sendgrid(url: &str) -> Result<By, Failure> {
    let wrong = |what: &str| {
        Failure::usage(
            format!("mail: {what}"),
            "write smtp://…, smtps://… or https://api.sendgrid.com/v3/mail/send",
        )
    };
    let at = Address::new(url).map_err(&wrong)?;
    let key = std::env::var(KEY).ok().filter(|key| !key.trim().is_empty());
    let key = key
        .ok_or_else(|| Failure::usage(format!("{KEY} is not set"), "set it to the key of SendGrid's API"))?;
    let fetch = Fetch::new(None, PATIENCE).map_err(|what| wrong(&what))?;
    Ok(By::SendGrid { fetch, at, key: Zeroizing::new(key) })
}
