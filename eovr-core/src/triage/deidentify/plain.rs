//! The characters of a narrative in normalised form, each with its position in the original.
//!
//! Numbers come from many keyboards and programs: Arabic, Persian and full-width digits, a dozen dashes, slashes in
//! either direction, invisible direction marks. This module normalises each to one character.

use std::ops::Range;

use unicode_normalization::char::decompose_compatible;

use crate::typed;

/// A normalised character.
#[derive(Clone, Debug)]
pub(super) struct Sign {
    pub(super) c: char,
    /// Bytes of the original narrative.
    pub(super) span: Range<usize>,
}

impl Sign {
    pub(super) fn is_digit(&self) -> bool {
        self.c.is_ascii_digit()
    }
}

/// Reads the characters. Invisible characters are omitted.
pub(super) fn read(narrative: &str) -> Vec<Sign> {
    let seen = narrative.char_indices().filter(|&(_, c)| c.is_whitespace() || !typed::is_unseen(c));
    seen.map(|(at, c)| Sign { c: plain(c), span: at..at + c.len_utf8() }).collect()
}

fn plain(c: char) -> char {
    match c {
        '\\' => '/',
        '\0'..='\u{7F}' => c,
        c if typed::is_dash(c) => '-',
        // The Arabic date separator, and the slashes of fractions, division and full width.
        '\u{60D}' | '\u{2044}' | '\u{2215}' | '\u{29F8}' | '\u{FF0F}' | '\u{FF3C}' => '/',
        '\u{66B}' | '\u{3002}' | '\u{FF61}' => '.',
        '\u{60C}' => ',',
        c if c.is_whitespace() => ' ',
        c => digit(c).or_else(|| single(c)).unwrap_or(c),
    }
}

fn digit(c: char) -> Option<char> {
    char::from_digit(typed::digit(c)?, 10)
}

/// The normalised character of a full-width, small or circled form. "½" has three characters and stays.
fn single(c: char) -> Option<char> {
    let (mut first, mut count) = (None, 0);
    decompose_compatible(c, |part| {
        first.get_or_insert(part);
        count += 1;
    });
    first.filter(|first| count == 1 && first.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_normalised_and_keep_their_positions() {
        let text = "٠۱２–３\u{200F}／\u{A0}＠ ½";
        let signs = read(text);
        assert_eq!(signs.iter().map(|sign| sign.c).collect::<String>(), "012-3/ @ ½");
        assert!(signs.iter().all(|sign| text.get(sign.span.clone()).is_some()));
        assert_eq!(text.get(signs[4].span.clone()), Some("３"));
    }
}
