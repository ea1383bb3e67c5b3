//! An SMTP client that sends each command separately, because the meaning of a refusal depends on the refused command.

use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::{Error, SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use lettre::{Address, Message};
use percent_encoding::percent_decode_str;
use tokio::sync::Mutex;
use tokio::time::timeout;
use url::Url;

use super::verdict::{Step, Unsent};
use eovr_host::outgoing::is_here;

/// A mail server and its open connection.
pub(super) struct Smtp {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
    hello: ClientId,
    patience: Duration,
    /// Consecutive mails share this connection.
    open: Mutex<Option<AsyncSmtpConnection>>,
}

/// When TLS begins.
enum Tls {
    Never,
    /// STARTTLS after a plaintext greeting, if the server offers it.
    Offered(TlsParameters),
    /// STARTTLS after a plaintext greeting, required.
    Upgraded(TlsParameters),
    /// From the first byte.
    FromTheStart(TlsParameters),
}

impl Tls {
    /// The TLS mode of an address; `None` if its query is unknown or ambiguous.
    fn of(url: &Url, host: &str) -> Option<Self> {
        let mut said = url.query_pairs();
        let wanted = match said.next() {
            None => None,
            Some((name, wanted)) if name == "tls" => Some(wanted),
            Some(_) => return None,
        };
        if said.next().is_some() {
            return None;
        }
        let parameters = || TlsParameters::new(host.to_owned()).ok();
        Some(match (url.scheme(), wanted.as_deref()) {
            ("smtp", None) => Self::Never,
            ("smtp", Some("opportunistic")) => Self::Offered(parameters()?),
            ("smtp", Some("required")) => Self::Upgraded(parameters()?),
            ("smtps", None | Some("required")) => Self::FromTheStart(parameters()?),
            _ => return None,
        })
    }

    fn usual_port(&self) -> u16 {
        match self {
            Self::Never => SMTP_PORT,
            Self::Offered(_) | Self::Upgraded(_) => SUBMISSION_PORT,
            Self::FromTheStart(_) => SUBMISSIONS_PORT,
        }
    }
}

impl Smtp {
    /// Reads an address: `smtps://USER:PASSWORD@HOST:PORT`, or `smtp://…` with `tls=required` or `tls=opportunistic`.
    /// `None` if it is not valid or has another query. The path is the client's name in `EHLO`.
    pub(super) fn new(url: &str, patience: Duration) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = Tls::of(&url, &host)?;
        let plain = |text: &str| Some(percent_decode_str(text).decode_utf8().ok()?.into_owned());
        let credentials = match url.password() {
            Some(password) => Some(Credentials::new(plain(url.username())?, plain(password)?)),
            None => None,
        };
        let hello = match url.path().trim_matches('/') {
            "" => ClientId::default(),
            name => ClientId::Domain(name.to_owned()),
        };
        let port = url.port().unwrap_or(tls.usual_port());
        Some(Self { host, port, tls, credentials, hello, patience, open: Mutex::new(None) })
    }

    /// Whether mail uses TLS or stays on this machine.
    pub(super) fn is_protected(&self) -> bool {
        is_here(&self.host) || matches!(self.tls, Tls::Upgraded(_) | Tls::FromTheStart(_))
    }

    /// Sends one mail to one recipient.
    pub(super) async fn send(&self, from: &Address, to: &Address, mail: &Message) -> Result<(), Unsent> {
        let mut open = self.open.lock().await;
        // A connection is not used again after an error or a timeout in the middle of a mail.
        let before = open.take();
        let connected = async {
            if let Some(mut server) = before
                && server.test_connected().await
            {
                return Ok(server);
            }
            self.connect().await
        };
        let mut server =
            timeout(self.patience, connected).await.map_err(|_| Unsent::for_now(LATE).for_all())??;
        // A timeout here concerns this mail alone, because the next mail may be faster.
        let sent = timeout(self.patience * 3, say(&mut server, from, to, mail)).await;
        let sent = sent.unwrap_or_else(|_| Err(Unsent::for_now(LATE)));
        match sent {
            Ok(()) => *open = Some(server),
            // The result of `QUIT` does not matter.
            Err(_) => drop(timeout(GOODBYE, server.abort()).await),
        }
        sent
    }

    /// Closes the connection, because a server drops an idle client.
    pub(super) async fn rest(&self) {
        let server = self.open.lock().await.take();
        if let Some(mut server) = server {
            drop(server.quit().await);
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Unsent> {
        let at_once = match &self.tls {
            Tls::FromTheStart(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let (at, patience) = ((self.host.as_str(), self.port), Some(self.patience));
        let greeted = |error| unsent(Step::Greeting, &error);
        let mut server = AsyncSmtpConnection::connect_tokio1(at, patience, &self.hello, at_once, None)
            .await
            .map_err(greeted)?;
        let upgrade = match &self.tls {
            Tls::Offered(parameters) if server.can_starttls() => Some(parameters),
            Tls::Upgraded(parameters) => Some(parameters),
            _ => None,
        };
        if let Some(parameters) = upgrade {
            server.starttls(parameters.clone(), &self.hello).await.map_err(greeted)?;
        }
        if let Some(credentials) = &self.credentials {
            let entered = server.auth(DEFAULT_MECHANISMS, credentials).await;
            entered.map_err(|error| unsent(Step::Login, &error))?;
        }
        Ok(server)
    }
}

async fn say(
    server: &mut AsyncSmtpConnection,
    from: &Address,
    to: &Address,
    mail: &Message,
) -> Result<(), Unsent> {
    let takes = |extension| server.server_info().supports_feature(extension);
    let mut parameters = Vec::new();
    for (address, beyond) in [(from, Unsent::ours as fn(_) -> _), (to, Unsent::of_recipient)] {
        if address.user().is_ascii() && address.domain().is_ascii() {
            continue;
        }
        if !takes(Extension::SmtpUtfEight) {
            return Err(beyond(NO_SMTPUTF8));
        }
        parameters = vec![MailParameter::SmtpUtfEight];
    }
    let mail = mail.formatted();
    if !mail.is_ascii() && takes(Extension::EightBitMime) {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let refused = |step| move |error| unsent(step, &error);
    server.command(Mail::new(Some(from.clone()), parameters)).await.map_err(refused(Step::Sender))?;
    server.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(refused(Step::Recipient))?;
    server.command(Data).await.map_err(refused(Step::Content))?;
    server.message(&mail).await.map_err(refused(Step::Content))?;
    Ok(())
}

const LATE: &str = "the mail server does not answer in time";
/// The timeout of `QUIT`.
const GOODBYE: Duration = Duration::from_secs(2);

/// A local part beyond ASCII has no other form (RFC 6531).
const NO_SMTPUTF8: &str =
    "the mail server takes no address with characters beyond ASCII before its `@` (SMTPUTF8)";

/// The error of a step. It contains the server's codes but not its text, because the text may repeat the address.
fn unsent(step: Step, error: &Error) -> Unsent {
    let text = || std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let unsent = match error.status() {
        Some(code) => return Unsent::answered(step, code.into(), &text()),
        None if error.is_tls() => Unsent::ours(format!("{step}: its certificate is not trusted")),
        // The client library refuses: the server lacks the required TLS or login mechanism.
        None if error.is_client() => Unsent::ours(format!("{step}: the mail server does not offer it")),
        None => Unsent::for_now("no mail server"),
    };
    // A failure in the middle of one mail does not concern the others.
    if matches!(step, Step::Greeting | Step::Login) { unsent.for_all() } else { unsent }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_sent_only_over_tls_or_on_this_machine() {
        let is_protected =
            |url: &str| Smtp::new(url, Duration::from_secs(1)).map(|server| server.is_protected());
        for well in [
            "smtps://eovr:secret@mail.hospital.example",
            "smtps://eovr:secret@mail.hospital.example?tls=required",
            "smtp://eovr:secret@mail.hospital.example:587?tls=required",
            "smtp://eovr:secret@mail.hospital.example?tls=require%64",
            "smtp://127.0.0.1:2525",
            "smtp://[::1]:2525",
        ] {
            assert_eq!(is_protected(well), Some(true), "{well}");
        }
        for open in [
            "smtp://eovr:secret@mail.hospital.example",
            "smtp://eovr:secret@mail.hospital.example?tls=opportunistic",
            "smtp://localhost.example",
        ] {
            assert_eq!(is_protected(open), Some(false), "{open}");
        }
        // An ambiguous address is refused.
        for none in [
            "smtp://eovr:secret@mail.hospital.example?tls=opportunistic&tls=required",
            "smtp://eovr:secret@mail.hospital.example?tls=required&tls=required",
            "smtp://eovr:secret@mail.hospital.example?tls=Required",
            "smtp://eovr:secret@mail.hospital.example?TLS=required",
            "smtp://eovr:secret@mail.hospital.example?tls=",
            "smtp://eovr:secret@mail.hospital.example?starttls=required",
            "smtps://eovr:secret@mail.hospital.example?tls=opportunistic",
            "imaps://mail.hospital.example",
        ] {
            assert_eq!(is_protected(none), None, "{none}");
        }
    }
}
