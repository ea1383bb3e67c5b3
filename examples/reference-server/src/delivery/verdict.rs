//! Classifies a mail server's refusal: the fault is the recipient's, ours, or temporary.
//!
//! The same code has another meaning after a login than after a recipient, and servers that delay their checks
//! (Postfix, Exim) refuse the sender in answer to the recipient. The classification therefore uses step, enhanced
//! status code (RFC 3463, RFC 5248) and code (RFC 5321) together. In doubt the refusal is not final, because a mail
//! that is given up too early is lost, while a mail that keeps failing is parked in the end.

use std::fmt;

/// A failed attempt to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unsent {
    /// The reason, for the log and the administrator: codes and our own words, never the mail server's text.
    pub(super) why: String,
    /// The party at fault.
    pub(super) fault: Fault,
    /// Whether every other message would now fail in the same way.
    pub(super) for_all: bool,
}

/// The party at fault for a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The recipient: a later attempt would fail too.
    Recipient,
    /// Our account, our sender or our settings: an administrator has to correct them.
    Ours,
    /// A passing fault: a later attempt may succeed.
    Passing,
}

/// The step of an SMTP session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The greeting and TLS.
    Greeting,
    /// The login.
    Login,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Recipient,
    /// `DATA`, and the mail itself.
    Content,
}

impl Unsent {
    pub(super) fn of_recipient(why: impl Into<String>) -> Self {
        Self { why: why.into(), fault: Fault::Recipient, for_all: false }
    }

    pub(super) fn ours(why: impl Into<String>) -> Self {
        Self { why: why.into(), fault: Fault::Ours, for_all: false }
    }

    pub(super) fn for_now(why: impl Into<String>) -> Self {
        Self { why: why.into(), fault: Fault::Passing, for_all: false }
    }

    /// The same failure, but for all messages, because it came before any message.
    pub(super) fn for_all(self) -> Self {
        Self { for_all: true, ..self }
    }

    /// The meaning of a server's answer at this step.
    pub(super) fn answered(step: Step, code: u16, text: &str) -> Self {
        let enhanced = Enhanced::read(text);
        let why = match enhanced {
            Some(enhanced) => format!("{step}: {code} {enhanced}"),
            None => format!("{step}: {code}"),
        };
        let for_all = matches!(step, Step::Greeting | Step::Login);
        Self { why, fault: fault(step, code, enhanced, text), for_all }
    }
}

impl Fault {
    /// The name in the log.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Recipient => "recipient",
            Self::Ours => "ours",
            Self::Passing => "passing",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greeting => "connection",
            Self::Login => "login",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Content => "mail",
        })
    }
}

/// An enhanced status code: class, subject and detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Enhanced(u16, u16, u16);

impl Enhanced {
    /// The code at the beginning of a text. qmail writes it at the end, as `(#5.7.1)`.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim_start();
        Self::at(text).or_else(|| Self::at(text.split_once("(#")?.1))
    }

    fn at(text: &str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let mut parts = text.get(..end)?.split('.').map(|part| part.parse::<u16>().ok());
        let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
        (parts.next().is_none() && matches!(class, 2 | 4 | 5)).then_some(Self(class, subject, detail))
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

fn fault(step: Step, code: u16, enhanced: Option<Enhanced>, text: &str) -> Fault {
    if code < 500 || enhanced.is_some_and(|Enhanced(class, ..)| class == 4) {
        return Fault::Passing;
    }
    if matches!(step, Step::Greeting | Step::Login | Step::Sender) {
        return Fault::Ours;
    }
    match enhanced {
        // An address or mailbox problem without detail.
        Some(Enhanced(_, 1 | 2, 0)) => by_code(step, code, text),
        // The sender's address: its syntax (7), its system (8).
        Some(Enhanced(_, 1, 7 | 8)) => Fault::Ours,
        // No such mailbox, no such domain, moved.
        Some(Enhanced(_, 1, _)) => Fault::Recipient,
        // The mailbox is full, and may have room later.
        Some(Enhanced(_, 2, 2)) => Fault::Passing,
        // The mailbox is disabled or does not accept this mail.
        Some(Enhanced(_, 2, _)) => Fault::Recipient,
        // The mail is too large. All our mails have about the same size, so the fault is ours.
        Some(Enhanced(_, 3, 4)) => Fault::Ours,
        // The receiving system, or the route to it.
        Some(Enhanced(_, 3 | 4, _)) => Fault::Passing,
        // The server does not accept a non-ASCII address.
        Some(Enhanced(_, 6, 7)) => Fault::Recipient,
        // Protocol, content, policy and security.
        Some(Enhanced(_, 5..=7, _)) => Fault::Ours,
        _ => by_code(step, code, text),
    }
}

/// The fault without an enhanced code, or with an unspecific one (`5.0.0`).
fn by_code(step: Step, code: u16, text: &str) -> Fault {
    match (step, code) {
        (_, 552) => Fault::Passing,
        // 521 and 556: the domain accepts no mail (RFC 7504).
        (Step::Recipient, 501 | 521 | 550 | 551 | 553 | 556) if !speaks_of_us(text) => Fault::Recipient,
        _ => Fault::Ours,
    }
}

/// Whether the text of a refusal has a word that servers use when they refuse a sender.
fn speaks_of_us(text: &str) -> bool {
    const WORDS: [&str; 14] = [
        "relay",
        "sender",
        "authenticat",
        "log in",
        "login",
        "rcpthosts",
        "spf",
        "dkim",
        "dmarc",
        "spam",
        "black",
        "block",
        "policy",
        "reputation",
    ];
    let text = text.to_ascii_lowercase();
    WORDS.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(step: Step, code: u16, text: &str) -> Fault {
        Unsent::answered(step, code, text).fault
    }

    #[test]
    fn a_refusal_before_the_recipient_is_our_fault() {
        for (step, code, text) in [
            (Step::Greeting, 554, "no SMTP service here"),
            (Step::Login, 535, "5.7.8 bad credentials"),
            (Step::Login, 534, "5.7.9 an application password is needed"),
            (Step::Login, 530, "Must issue a STARTTLS command first"),
            (Step::Login, 550, "5.1.1 no such user"),
            (Step::Sender, 530, "5.7.0 Authentication required"),
            (Step::Sender, 550, "5.1.1 no such sender"),
            (Step::Sender, 553, "5.7.1 not owned by user"),
            (Step::Sender, 552, "5.2.2 over quota"),
        ] {
            assert_eq!(said(step, code, text), Fault::Ours, "{step}: {code} {text}");
        }
    }

    #[test]
    fn a_delayed_refusal_of_the_sender_is_our_fault() {
        for (step, code, text) in [
            (Step::Recipient, 550, "5.7.1 Sender address rejected: not owned by user"),
            (Step::Recipient, 554, "5.7.1 <mona@hospital.example>: Relay access denied"),
            (Step::Recipient, 553, "5.1.8 sender domain not found"),
            (Step::Recipient, 550, "5.1.7 bad sender's mailbox address"),
            (Step::Recipient, 553, "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
            (Step::Recipient, 550, "relay not permitted"),
            (Step::Recipient, 550, "Sender verify failed"),
            (Step::Recipient, 530, "authentication required"),
            (Step::Recipient, 554, "denied"),
            (Step::Content, 554, "spam"),
            (Step::Content, 550, "5.7.1 Messages missing a valid Message-ID header are not accepted"),
            (Step::Content, 550, "5.7.26 unauthenticated mail from this domain is not accepted"),
            (Step::Content, 554, "5.6.0 malformed"),
        ] {
            assert_eq!(said(step, code, text), Fault::Ours, "{step}: {code} {text}");
        }
    }

    #[test]
    fn only_a_refusal_of_the_recipient_is_final() {
        for (step, code, text) in [
            (Step::Recipient, 550, "5.1.1 <mona@hospital.example>: no such user"),
            (Step::Recipient, 550, "5.1.10 the domain takes no mail"),
            (Step::Recipient, 550, "5.2.1 The account is disabled"),
            (Step::Recipient, 550, "No such user here"),
            (Step::Recipient, 553, "mailbox name not allowed"),
            (Step::Recipient, 556, "the domain takes no mail"),
            (Step::Recipient, 550, "5.0.0 user unknown"),
            (Step::Content, 550, "5.1.1 user unknown"),
        ] {
            assert_eq!(said(step, code, text), Fault::Recipient, "{step}: {code} {text}");
        }
    }

    #[test]
    fn a_temporary_refusal_is_retried() {
        for (step, code, text) in [
            (Step::Greeting, 421, "too many connections"),
            (Step::Login, 454, "4.7.0 temporary failure"),
            (Step::Sender, 452, "4.3.1 no room"),
            (Step::Recipient, 450, "4.2.0 greylisted"),
            (Step::Recipient, 552, "5.2.2 mailbox full"),
            (Step::Recipient, 552, "mailbox full"),
            (Step::Recipient, 550, "5.4.4 unable to route"),
            (Step::Recipient, 550, "4.2.2 over quota"),
            (Step::Content, 552, "5.2.2 over quota"),
        ] {
            assert_eq!(said(step, code, text), Fault::Passing, "{step}: {code} {text}");
        }
    }

    #[test]
    fn a_reason_has_the_codes_and_not_the_text_of_the_server() {
        let why = |text| Unsent::answered(Step::Recipient, 550, text).why;
        assert_eq!(why("5.1.1 <mona@hospital.example>: unknown"), "recipient: 550 5.1.1");
        assert_eq!(why("mona@hospital.example is unknown"), "recipient: 550");
        assert_eq!(why("Exim 4.96.2 knows no mona"), "recipient: 550");
        assert_eq!(why("5.9.1.2 is listed"), "recipient: 550");
        assert_eq!(why("5.99999999999.1 is no code"), "recipient: 550");
        assert_eq!(why("unknown (#5.1.1)"), "recipient: 550 5.1.1");
        assert_eq!(why(""), "recipient: 550");
    }
}
