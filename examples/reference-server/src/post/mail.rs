//! Sends mail: over SMTP, or through SendGrid's HTTP API.

use std::time::Duration;

use axum::http::{Request, StatusCode, Uri, header};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use serde_json::json;
use zeroize::Zeroizing;

use super::Unsent;
use super::words::Letter;
use crate::outgoing::{Address, Fetch, is_here};
use crate::output::Failure;

/// The environment variable with the key of SendGrid.
const KEY: &str = "EOVR_MAIL_KEY";
/// How long one mail may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What sends mail.
pub(super) struct Mail {
    from: Mailbox,
    by: By,
}

enum By {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    SendGrid { fetch: Fetch, at: Address, key: Zeroizing<String> },
}

impl Mail {
    pub(super) fn new(url: &str, from: Option<&str>) -> Result<Self, Failure> {
        let from = from.and_then(|from| from.parse().ok()).ok_or_else(|| {
            Failure::usage(
                "it is not said whom mail is from".to_owned(),
                "set EOVR_MAIL_FROM, such as `E·OVR <eovr@hospital.example>`",
            )
        })?;
        let by = match url.split_once("://") {
            Some(("smtp" | "smtps", _)) => By::Smtp(smtp(url)?),
            _ => sendgrid(url)?,
        };
        Ok(Self { from, by })
    }

    pub(super) async fn send(&self, to: &str, letter: &Letter) -> Result<(), Unsent> {
        // An address that is none was typed wrong, and will be no other tomorrow.
        let to: Mailbox = to.parse().map_err(|_| Unsent::hopeless("an address is none"))?;
        match &self.by {
            By::Smtp(transport) => self.by_smtp(transport, to, letter).await,
            By::SendGrid { fetch, at, key } => self.by_sendgrid(fetch, at, key, &to, letter).await,
        }
    }

    async fn by_smtp(
        &self,
        transport: &AsyncSmtpTransport<Tokio1Executor>,
        to: Mailbox,
        letter: &Letter,
    ) -> Result<(), Unsent> {
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject.as_str())
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())
            .map_err(|error| Unsent::hopeless(error.to_string()))?;
        let sent = tokio::time::timeout(PATIENCE, transport.send(message)).await;
        match sent.map_err(|_| Unsent::for_now("the mail server does not answer in time"))? {
            Ok(_) => Ok(()),
            // What a server answers may repeat the address; its code says enough.
            Err(error) => Err(Unsent {
                why: error.status().map_or_else(|| "no mail server".to_owned(), |code| code.to_string()),
                hopeless: error.is_permanent(),
            }),
        }
    }

    async fn by_sendgrid(
        &self,
        fetch: &Fetch,
        at: &Address,
        key: &str,
        to: &Mailbox,
        letter: &Letter,
    ) -> Result<(), Unsent> {
        let body = json!({
            "personalizations": [{ "to": [{ "email": to.email.to_string() }] }],
            "from": { "email": self.from.email.to_string(), "name": self.from.name },
            "subject": letter.subject,
            "content": [{ "type": "text/plain", "value": letter.text }],
        });
        let request = Request::post(&at.path)
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into());
        let (status, _) = fetch.send(at, request).await.map_err(Unsent::for_now)?;
        match status {
            status if status.is_success() => Ok(()),
            // Its key, its quota or its own trouble: another time it may pass.
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
                Err(Unsent::for_now(status.to_string()))
            }
            status => Err(Unsent { why: status.to_string(), hopeless: status.is_client_error() }),
        }
    }
}

/// Whether mail goes over TLS, or no further than this machine.
pub(super) fn is_protected(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    match uri.scheme_str() {
        Some("smtp") => {
            let required = |query: &str| query.split('&').any(|pair| pair == "tls=required");
            uri.host().is_some_and(is_here) || uri.query().is_some_and(required)
        }
        // SMTP within TLS; and an API is asked over TLS alone.
        _ => true,
    }
}

fn smtp(url: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, Failure> {
    // What is wrong with it may hold its password.
    let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| {
        Failure::usage(
            "--mail is no address of a mail server".to_owned(),
            "write smtps://USER:PASSWORD@HOST, or smtp://HOST:PORT?tls=required",
        )
    })?;
    Ok(transport.timeout(Some(PATIENCE)).build())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_over_no_open_line() {
        for well in [
            "smtps://eovr:secret@mail.hospital.example",
            "smtp://eovr:secret@mail.hospital.example:587?tls=required",
            "smtp://127.0.0.1:2525",
            "smtp://[::1]:2525",
        ] {
            assert!(is_protected(well), "{well}");
        }
        for open in [
            "smtp://eovr:secret@mail.hospital.example",
            "smtp://eovr:secret@mail.hospital.example?tls=opportunistic",
            "smtp://localhost.example",
        ] {
            assert!(!is_protected(open), "{open}");
        }
    }
}
