//! Normalises typed and pasted input: file numbers, codes, addresses, names and places.
//!
//! Phones add direction marks to Arabic text, word processors turn hyphens into dashes, and keyboards write the digits
//! of their own script. The writer does not intend these differences, and most are invisible, so equal numbers must
//! become equal. A narrative is not normalised: it is stored as written.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// The tatweel, which stretches the preceding letter. Writers also use it as a dash.
const STRETCH: char = '\u{640}';

/// The zeros of the scripts with their own digits; nine more digits follow each. NFKC normalises digits that differ
/// only in appearance, such as full-width ones.
const ZEROS: [u32; 59] = [
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50,
    0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0x104A0, 0x10D30, 0x11066, 0x110F0,
    0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50,
    0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1E140, 0x1E2F0, 0x1E950,
];

/// Whether a character is invisible: control characters, Default_Ignorable_Code_Point, direction marks, and two
/// characters that are drawn as nothing.
pub(crate) fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D159}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a character is a joiner, which Persian, Urdu and the scripts of India need within words.
pub(crate) fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

/// Whether a character is a dash of any kind, including the minus sign and the wave dash.
pub(crate) fn is_dash(c: char) -> bool {
    matches!(c,
        '-' | '\u{58A}' | '\u{5BE}' | '\u{1400}' | '\u{1806}' | '\u{2010}'..='\u{2015}' | '\u{2043}'
        | '\u{207B}' | '\u{208B}' | '\u{2212}' | '\u{2796}' | '\u{2E17}' | '\u{2E1A}' | '\u{2E3A}'..='\u{2E3B}'
        | '\u{2E40}' | '\u{2E5D}' | '\u{301C}' | '\u{3030}' | '\u{30A0}' | '\u{FE31}'..='\u{FE32}'
        | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}' | '\u{10EAD}')
}

/// The value of a digit of any script.
pub(crate) fn digit(c: char) -> Option<u32> {
    let at = ZEROS.partition_point(|zero| *zero <= u32::from(c)).checked_sub(1)?;
    u32::from(c).checked_sub(*ZEROS.get(at)?).filter(|digit| *digit < 10)
}

/// Whether a text has no content: only white space, invisible characters, and marks without a letter.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_unseen(c) || c == STRETCH || is_combining_mark(c))
}

/// The number of visible characters. White space counts except at the ends. A control character is shown as its code,
/// so it counts.
pub(crate) fn length(text: &str) -> usize {
    let (mut count, mut blanks, mut on_a_letter) = (0, 0, false);
    for c in text.chars() {
        let sign = c.is_control() || c.is_whitespace();
        if is_unseen(c) && !sign || c == STRETCH {
            continue;
        }
        if c.is_whitespace() {
            blanks += usize::from(count > 0);
            on_a_letter = false;
        } else if is_combining_mark(c) {
            count += usize::from(on_a_letter);
        } else {
            count += blanks + 1;
            (blanks, on_a_letter) = (0, true);
        }
    }
    count
}

/// Normalises a name: composed (NFC), on one line with single blanks, without invisible characters.
pub(crate) fn name(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut joiner = None;
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() {
            (gap, joiner) = (true, None);
        } else if is_joiner(c) {
            joiner = Some(c).filter(|_| !gap && !line.is_empty());
        } else if !is_unseen(c) {
            if gap && !line.is_empty() {
                line.push(' ');
            }
            line.extend(joiner.take());
            line.push(c);
            gap = false;
        }
    }
    // Composed last, because characters between a letter and its mark have been removed.
    line.nfc().collect()
}

/// Normalises a place within a facility, such as a ward: a [`name`] with plain digits, dashes and widths, so that
/// figures count one ward once.
pub(crate) fn place(text: &str) -> String {
    // Checked before and after: a tatweel alone would become a dash, and an accent alone becomes a blank and a mark.
    if is_blank(text) {
        return String::new();
    }
    let place = name(&plain(composed(text, is_joiner)).collect::<String>());
    if is_blank(&place) { String::new() } else { place }
}

/// Normalises a patient's file number: as [`place`], in capitals, without blanks, and without quotation marks, brackets
/// and full stops that were copied with it.
pub(crate) fn file_number(text: &str) -> String {
    let number = plain(composed(text, |_| false)).filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase);
    number.nfkc().collect::<String>().trim_matches(is_punctuation).to_owned()
}

/// Normalises an e-mail address: composed (NFKC), in small letters, without invisible characters and without white
/// space at its ends. Digits and dashes become plain where everything else is ASCII, because a keyboard wrote them. In
/// an address with Arabic letters they are kept.
pub(crate) fn email(text: &str) -> String {
    let stops = |c| if c == '\u{3002}' { '.' } else { c };
    let address: String = composed(text, |_| false).map(stops).flat_map(char::to_lowercase).nfkc().collect();
    let address = address.trim().to_owned();
    let folded: String = plain(address.chars()).collect();
    if folded.is_ascii() { folded } else { address }
}

/// The characters of a code that was copied from paper or a screen: in capitals, with plain digits, without blanks,
/// dashes and tatweels between its groups. It is an iterator, so that no copy of a secret remains in memory.
pub(crate) fn code(text: &str) -> impl Iterator<Item = char> {
    spelt(text).filter(|c| !is_between(*c))
}

/// The words and groups of a text that contains a code, each normalised by [`code`].
pub(crate) fn groups(text: &str) -> Vec<String> {
    let mut groups = vec![String::new()];
    for c in spelt(text) {
        match groups.last_mut() {
            Some(group) if c.is_alphanumeric() => group.push(c),
            Some(group) if !group.is_empty() => groups.push(String::new()),
            _ => {}
        }
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// Maps a letter that codes do not use to the one that looks like it (Crockford's base 32; many writers' `U` looks like
/// `V`).
pub(crate) fn look_alike(c: char) -> char {
    match c {
        'O' => '0',
        'I' | 'L' => '1',
        'U' => 'V',
        other => other,
    }
}

fn spelt(text: &str) -> impl Iterator<Item = char> {
    composed(text, |_| false)
        .map(|c| digit(c).and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c.to_ascii_uppercase()))
}

fn is_between(c: char) -> bool {
    c.is_whitespace() || c == STRETCH || is_dash(c)
}

/// Composes compatible characters (NFKC) and removes invisible ones, except those in `kept`. White space and line ends
/// stay.
fn composed(text: &str, kept: fn(char) -> bool) -> impl Iterator<Item = char> {
    let seen = move |c: &char| c.is_whitespace() || kept(*c) || !is_unseen(*c);
    text.chars().filter(seen).nfkc().filter(seen)
}

/// Normalises digits and dashes of other scripts. A tatweel after an Arabic letter belongs to the letter; elsewhere it
/// is a dash.
fn plain(text: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    let mut before = None;
    text.filter_map(move |c| {
        let stretches = before.is_some_and(|before: char| before == STRETCH || is_arabic_letter(before));
        let last = before.replace(c);
        match digit(c) {
            Some(digit) => char::from_digit(digit, 10),
            None if c == STRETCH && stretches => {
                // A second tatweel is treated like the first.
                before = last;
                None
            }
            None if c == STRETCH || is_dash(c) => Some('-'),
            None => Some(c),
        }
    })
}

fn is_arabic_letter(c: char) -> bool {
    matches!(c, '\u{620}'..='\u{64A}' | '\u{66E}'..='\u{6D3}' | '\u{6D5}' | '\u{6FA}'..='\u{6FF}' | '\u{750}'..='\u{77F}')
        && c != STRETCH
}

fn is_punctuation(c: char) -> bool {
    matches!(c,
        '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>' | '.' | ',' | ':' | ';' | '!' | '?'
        | '«' | '»' | '\u{2018}'..='\u{201F}' | '\u{2039}'..='\u{203A}' | '\u{3001}' | '\u{3002}'
        | '\u{60C}' | '\u{61B}' | '\u{61F}' | '\u{6D4}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNSEEN: [char; 18] = [
        '\u{200B}',
        '\u{200C}',
        '\u{200D}',
        '\u{200E}',
        '\u{200F}',
        '\u{202A}',
        '\u{202C}',
        '\u{202E}',
        '\u{2060}',
        '\u{2066}',
        '\u{2069}',
        '\u{61C}',
        '\u{AD}',
        '\u{FEFF}',
        '\u{FE0F}',
        '\u{3164}',
        '\u{E0041}',
        '\u{180E}',
    ];

    #[test]
    fn the_digits_of_every_script_are_read() {
        for (typed, value) in [('0', 0), ('9', 9), ('٣', 3), ('۴', 4), ('५', 5), ('๖', 6), ('𞥗', 7), ('߈', 8)]
        {
            assert_eq!(digit(typed), Some(value), "{typed}");
        }
        for other in ['/', ':', 'a', '٪', '٫', '\u{66A}', '½', '²', '五', '\u{10FFFF}', '\0'] {
            assert_eq!(digit(other), None, "{other}");
        }
        assert!(ZEROS.is_sorted());
        // The standard library classifies numeric characters.
        assert!(
            ZEROS
                .iter()
                .flat_map(|zero| *zero..zero + 10)
                .all(|c| char::from_u32(c).is_some_and(char::is_numeric))
        );
    }

    #[test]
    fn a_file_number_is_the_same_in_every_typed_form() {
        for typed in [
            "mf-77231-b",
            " MF-77231-B ",
            "MF–77231–B",
            "MF—77231—B",
            "MF‑77231‑B",
            "MF−77231−B",
            "MF‐77231‐B",
            "MF-٧٧٢٣١-B",
            "MF-۷۷۲۳۱-b",
            "ＭＦ－７７２３１－Ｂ",
            "MFـ77231ـB",
            "MF - 77231 - B",
            "MF\u{A0}-77231-B",
            "\u{202A}MF-77231-B\u{202C}",
            "MF-77\u{200B}231-B",
            "MF-७७२३१-B",
            "MF﹣77231﹘B",
            "\u{2067}MF-77231-B\u{2069}.",
            "“MF-77231-B”",
            "(MF-77231-B)",
            "«MF-77231-B»",
            "MF-77231-B،",
        ] {
            assert_eq!(file_number(typed), "MF-77231-B", "{typed:?}");
        }
        assert_eq!(file_number("مـ‏١٢"), file_number("م12"), "a stretched letter");
        assert_eq!(file_number("٤٤٧١ـ٢٢"), "4471-22", "the stretch that is typed for a dash");
        // Different numbers must stay different.
        for (one, other) in [("12-3", "1-23"), ("12-3", "123"), ("A1", "A-1"), ("7/2", "72"), ("0012", "12")]
        {
            assert_ne!(file_number(one), file_number(other), "{one} {other}");
        }
    }

    #[test]
    fn a_name_and_a_place_keep_their_letters() {
        assert_eq!(name(" Zoe\u{308}  O'Neil\t(ICU) "), "Zo\u{EB} O'Neil (ICU)");
        assert_eq!(name("\u{202B}د. منى\u{A0}عبد الرحمن\u{202C}"), "د. منى عبد الرحمن");
        assert_eq!(name("محمد\u{200C}رضا"), "محمد\u{200C}رضا", "a joiner within a word is a part of it");
        assert_eq!(
            name("\u{200D}منى\u{200C} علي\u{200D}"),
            "منى علي",
            "and at the end of one it joins nothing"
        );
        assert_eq!(place("ICU – ٢"), "ICU - 2");
        assert_eq!(place("ＩＣＵ　２"), "ICU 2");
        assert_eq!(place(" \u{200F} \u{3164}\u{640}"), "", "nothing is no dash");
    }

    #[test]
    fn an_address_is_normalised_and_not_corrected() {
        for typed in [
            "\u{202A}Mona7@Hospital.example\u{202C}",
            "mona7@hospital\u{200B}.example ",
            "ＭＯＮＡ７＠hospital．example",
            "mona٧@hospital.example",
            "mona7@hospital。example",
        ] {
            assert_eq!(email(typed), "mona7@hospital.example", "{typed:?}");
        }
        assert_eq!(email("ward–7@h.example"), "ward-7@h.example");
        assert_eq!(email("منى٧@مستشفى.مصر"), "منى٧@مستشفى.مصر", "its own digit");
        assert_eq!(email("mona 7@h.example"), "mona 7@h.example", "a blank within is not guessed away");
    }

    #[test]
    fn invisible_characters_do_not_count() {
        let nothing: String =
            UNSEEN.into_iter().chain(['ـ', ' ', '\u{A0}', '\n', '\u{2800}', '\u{64B}']).collect();
        assert!(is_blank(&nothing) && length(&nothing) == 0);
        assert_eq!(
            length(&format!("{nothing}fell{nothing}down{nothing}")),
            8 + 3,
            "the white space between them counts"
        );
        assert_eq!(length("سقطَ"), 4);
        assert_eq!(length(" a b "), 3);
        assert!(is_blank("") && !is_blank("?") && !is_blank("🙂"));
        assert_eq!((place("¸"), place("\u{327}")), (String::new(), String::new()));
    }

    proptest! {
        /// Invisible marks in any position change nothing.
        #[test]
        fn invisible_marks_change_no_number(number in "[A-Z]{0,3}-?[0-9]{1,9}", marks in prop::collection::vec((0..18_usize, 0..14_usize), 0..6)) {
            let mut typed: Vec<char> = number.chars().collect();
            for (mark, at) in marks {
                typed.insert(at.min(typed.len()), UNSEEN.get(mark).copied().unwrap_or(' '));
            }
            let typed: String = typed.into_iter().collect();
            prop_assert_eq!(file_number(&typed), file_number(&number));
            prop_assert!(code(&typed).eq(code(&number)));
        }

        /// Normalising twice equals normalising once.
        #[test]
        fn normalising_is_idempotent(text in any::<String>()) {
            for fold in [name, place, file_number, email] {
                let once = fold(&text);
                prop_assert_eq!(fold(&once), once);
            }
            prop_assert_eq!(is_blank(&text), length(&text) == 0);
        }
    }
}
