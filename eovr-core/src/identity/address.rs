//! The rules for e-mail addresses and names of persons.
//!
//! An address identifies an account, in a list and in a mail. A reader cannot distinguish two addresses that look
//! alike. An address with two `@` or a line break means one thing to us and another to a mail server.

use unicode_normalization::char::is_combining_mark;

use crate::error::{Error, Result};
use crate::typed;

/// The longest path of a mail (RFC 5321, 4.5.3.1.3) without its brackets.
const LONGEST: usize = 254;
/// The longest name before the `@` (RFC 5321, 4.5.3.1.1).
const LONGEST_NAME: usize = 64;
/// The longest part of a host between two dots (RFC 1035, 2.3.4).
const LONGEST_LABEL: usize = 63;

/// Checks that a text is exactly one e-mail address that can receive mail. Letters may be of any script (RFC 6531).
///
/// # Errors
/// `InvalidInput` where it is not.
pub(super) fn check_email(email: &str) -> Result<()> {
    let sound = email.split_once('@').is_some_and(|(name, host)| {
        name.len() <= LONGEST_NAME
            && name.split('.').all(|part| !part.is_empty() && part.chars().all(may_stand_in_a_name))
            && is_host(host)
    });
    if sound && email.len() <= LONGEST {
        return Ok(());
    }
    Err(Error::invalid("`email` is not an e-mail address")
        .with_help(
            "one `@` with a name of at most 64 bytes before and a host such as `hospital.example` behind it, 254 \
             bytes in all; no spaces, quotes, brackets, two dots in a row, or characters that are not seen",
        )
        .with_field("email"))
}

/// Whether a text is a valid mail host: labels of letters, digits and hyphens, separated by dots. IP addresses are
/// not accepted.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        let inside = |c: char| c.is_alphanumeric() || is_combining_mark(c) || typed::is_joiner(c) || c == '-';
        (1..=LONGEST_LABEL)
            .contains(&label.len().min(label.chars().count() + 4 * usize::from(!label.is_ascii())))
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(inside)
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.contains('.') && host.split('.').all(is_label) && !last.chars().all(char::is_numeric)
}

/// Checks that a text is a name that can be displayed: one line, with no characters that change the text direction.
///
/// # Errors
/// `InvalidInput` where it is not.
pub(super) fn check_name(name: &str) -> Result<()> {
    // Persian and Urdu use joiners within words.
    let sound = |c: char| typed::is_joiner(c) || !typed::is_unseen(c);
    if name.chars().all(sound) && !typed::is_blank(name) {
        return Ok(());
    }
    Err(Error::invalid("`display_name` has characters that are not allowed in a name")
        .with_help("leave out line breaks, other control characters and invisible characters")
        .with_field("display_name"))
}

fn may_stand_in_a_name(c: char) -> bool {
    !c.is_whitespace() && !typed::is_unseen(c) && !r#""(),:;<>@[\]"#.contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_at_sign_and_no_invisible_characters() {
        for good in [
            "mona@hospital.example",
            "m.a+ward-7@h.example",
            "منى@مستشفى.مصر",
            "o'neil@h.example",
            "x@h.xn--wgbh1c",
            "मोना@अस्पताल.भारत",
            &format!("{}@hospital.example", "m".repeat(64)),
        ] {
            assert!(check_email(good).is_ok(), "{good}");
        }
        let long = format!("m@{}example", "hospital.".repeat(30));
        let long_name = format!("{}@hospital.example", "m".repeat(65));
        let long_label = format!("mona@{}.example", "h".repeat(64));
        for bad in [
            "mona",
            "@hospital.example",
            "mona@",
            "mona@@hospital.example",
            "mona@a@b.example",
            "mona@hospital..example",
            "mona@-h.example",
            "\"Evil\"<evil@x>",
            "evil@x,other@x",
            "mo na@hospital.example",
            "mona\u{200B}@hospital.example",
            "mona\u{202E}@hospital.example",
            "mona\u{2066}@hospital.example",
            "mona\u{E0041}@hospital.example",
            "mona\u{AD}@hospital.example",
            "mona\u{3164}@hospital.example",
            "mona\u{0}@hospital.example",
            "mona\u{7F}@hospital.example",
            "mona@hospital.example\r\nBcc: all@hospital.example",
            &long,
            &long_name,
            &long_label,
            "mona@hospital",
            "x@127.0.0.1",
            "x@[127.0.0.1]",
            ".mona@hospital.example",
            "mona.@hospital.example",
            "mo..na@hospital.example",
            "mona@hospital.example.",
            "mona@.hospital.example",
            "mona@hospital-.example",
            "mona@hos_pital.example",
            "mona@hos/pital.example",
            "mailto:mona@hospital.example",
            "mona@hospital.example, nurse@hospital.example",
        ] {
            assert!(check_email(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_name_is_one_readable_line() {
        for good in ["Mona Abdel-Rahman", "د. منى عبد الرحمن", "محمد\u{200C}رضا", "Zoë O'Neil (ICU)"]
        {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in
            ["", " ", "Mona\n", "Mo\u{0}na", "Mona\u{2028}", "\u{202E}anoM", "Mona\u{E0041}", "Mona\u{1B}[2J"]
        {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }
}
