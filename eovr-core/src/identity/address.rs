//! What an e-mail address and a name of a person may be made of.
//!
//! An address tells accounts apart, in a list and in a mail. Two that look alike are told apart by nobody, and
//! one with two `@` or a line end means one thing to us and another to a mail server.

use crate::error::{Error, Result};

/// The longest path of a mail (RFC 5321, 4.5.3.1.3) without its brackets.
const LONGEST: usize = 254;

/// Whether a text is one e-mail address and nothing else.
///
/// # Errors
/// `InvalidInput` where it is not.
pub(super) fn check_email(email: &str) -> Result<()> {
    let parts = email.split_once('@');
    let sound = parts.is_some_and(|(name, host)| {
        let host_sound = host.split('.').all(|label| !label.is_empty() && !label.starts_with('-'));
        !name.is_empty() && host_sound && !host.contains('@')
    });
    if sound && email.len() <= LONGEST && email.chars().all(may_stand_in_an_address) {
        return Ok(());
    }
    Err(Error::invalid("`email` is not an e-mail address")
        .with_help(
            "one `@` with a name before and a host behind it, such as `mona@hospital.example`; no spaces, \
             quotes, brackets, or characters that are not seen",
        )
        .with("field", "email"))
}

/// Whether a text is a name that can be shown: one line, in the order in which it is written.
///
/// # Errors
/// `InvalidInput` where it is not.
pub(super) fn check_name(name: &str) -> Result<()> {
    // Persian and Urdu write joiners within words.
    let sound = |c: char| matches!(c, '\u{200C}' | '\u{200D}') || !is_hidden(c);
    if name.chars().all(sound) && !name.trim().is_empty() {
        return Ok(());
    }
    Err(Error::invalid("`display_name` has characters that are no part of a name")
        .with_help("no line ends or other control characters, and none that are not seen")
        .with("field", "display_name"))
}

fn may_stand_in_an_address(c: char) -> bool {
    !c.is_whitespace() && !is_hidden(c) && !r#""(),:;<>[\]"#.contains(c)
}

/// Control characters, and those that Unicode says are not to be seen (Default_Ignorable_Code_Point) or that
/// end a line or turn the order of what stands beside them.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_at_and_nothing_that_is_not_seen() {
        for good in
            ["mona@hospital.example", "m.a+ward-7@h.example", "منى@مستشفى.مصر", "o'neil@h", "x@127.0.0.1"]
        {
            assert!(check_email(good).is_ok(), "{good}");
        }
        let long = format!("{}@hospital.example", "m".repeat(250));
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
        ] {
            assert!(check_email(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_name_is_one_line_that_can_be_read() {
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
