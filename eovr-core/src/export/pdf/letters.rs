//! Normalises letters to the forms that the fonts have.
//!
//! A letter can have several encodings: `é` as one character or as an `e` with a mark; an Arabic letter as itself or,
//! in text of old programs, as a presentation form (U+FB50 to U+FEFC). A font has one of them. The text is therefore
//! normalised (UAX #15) to a form that the font has, and a reader who copies from the page gets the usual encoding. A
//! character that the font has stays as it is; a character that no font has in any form is shown as its code.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{canonical_combining_class, decompose_compatible};

use super::fonts::{Fonts, Weight};
use super::isolate::directs;

/// A line of text without invisible characters, in letters that the fonts have.
pub(super) fn shown(text: &str, fonts: &Fonts, weight: Weight) -> String {
    let has = |c: char| fonts.with(c, weight).is_some();
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        // A letter with its marks.
        let marks = rest.chars().skip(1).take_while(|c| canonical_combining_class(*c) != 0);
        let length = first.len_utf8() + marks.map(char::len_utf8).sum::<usize>();
        let (letter, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if letter.chars().skip(1).all(has) {
            letter.chars().for_each(|c| show(c, has, &mut shown));
        } else {
            letter.nfc().for_each(|c| show(c, has, &mut shown));
        }
        rest = behind;
    }
    shown
}

fn show(c: char, has: impl Fn(char) -> bool, shown: &mut String) {
    match c {
        _ if directs(c) => {}
        // Invisible characters: soft hyphen, emoji joiners, byte order marks and variation selectors.
        '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' => {}
        '\u{200c}' | '\u{200d}' => shown.push(c),
        _ if c.is_whitespace() => shown.push(' '),
        _ if has(c) && !is_shape(c) => shown.push(c),
        _ => {
            let mut plain = Vec::new();
            decompose_compatible(c, |part| plain.push(part));
            let plain: String = plain.into_iter().nfc().collect();
            match plain.chars().all(|c| has(c) || c == ' ') {
                true => shown.push_str(&plain),
                false => shown.push_str(&format!("[U+{:04X}]", u32::from(c))),
            }
        }
    }
}

/// Whether a character is an Arabic presentation form. A font may have some of these forms but not all, and a word that
/// mixes letters and forms falls apart. Words and signs that are one character, such as `ﷺ`, are excluded.
fn is_shape(c: char) -> bool {
    matches!(c, '\u{fb50}'..='\u{fd3d}' | '\u{fd50}'..='\u{fdef}' | '\u{fe70}'..='\u{fefc}')
        && c.nfkc().ne([c])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        shown(text, &Fonts::embedded().unwrap(), Weight::Regular)
    }

    #[test]
    fn letters_in_other_forms_are_letters() {
        for (written, read) in [
            ("ﺳﻘﻂ ﺍﻟﻤﺮﻳﺾ", "سقط المريض"),
            ("Re\u{301}sume\u{301} u\u{308}ber", "Résumé über"),
            ("عبدﷲ", "عبدالله"),
            ("ＭＧ ５００（ａ）", "MG 500(a)"),
            ("ﻻ ﻷ", "لا لأ"),
            ("ﬁbrillation", "fibrillation"),
        ] {
            assert_eq!(plain(written), read);
        }
        // The input's order of the two marks is not the order of the standard.
        assert_eq!(plain("السَّرِير"), "السَّرِير");
    }

    #[test]
    fn no_shape_of_an_arabic_letter_is_shown_as_its_code() {
        let assigned =
            ('\u{fb50}'..='\u{fbb1}').chain('\u{fbd3}'..='\u{fbe9}').chain('\u{fe70}'..='\u{fefc}');
        let lost: Vec<String> = assigned
            .filter(|c| c.nfkc().ne([*c]))
            .filter(|c| plain(&c.to_string()).contains("[U+"))
            .map(|c| format!("{:04X}", u32::from(c)))
            .collect();
        assert!(lost.is_empty(), "{lost:?}");
    }

    #[test]
    fn a_character_without_a_glyph_in_any_form_is_shown_as_its_code() {
        assert_eq!(plain("北 ok \u{7}"), "[U+5317] ok [U+0007]");
        assert_eq!(plain("x\u{310}"), "x[U+0310]");
    }

    #[test]
    fn a_character_with_a_glyph_stays_as_it_was_typed() {
        for text in ["½ µ ° × ²", "ﷺ", "أُعطيت المريضة 20 mg"] {
            assert_eq!(plain(text), text);
        }
    }
}
