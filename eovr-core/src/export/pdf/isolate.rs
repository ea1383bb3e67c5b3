//! Keeps the order of numbers, doses, dates and codes inside Arabic text.
//!
//! After an Arabic word, the Unicode bidirectional algorithm shows `2026-03-14` as `14-03-2026`, `5-10` as `10-5`, `20
//! mg` as `mg 20` and `≥ 90 %` as `% 90 ≤`. A nurse could read another dose. Therefore every such piece is isolated
//! (U+2066 … U+2069) before the algorithm runs. Direction marks in the input are removed first, because they could show
//! a text in another order than it was written in.

use unicode_bidi::{BidiClass, bidi_class};

use super::fonts::{Fonts, Weight};
use super::letters::shown;
use crate::export::direction::{Runs, is_arabic};

const LRM: char = '\u{200e}';
const LRI: char = '\u{2066}';
const RLI: char = '\u{2067}';
const PDI: char = '\u{2069}';
const LRO: char = '\u{202d}';
const PDF: char = '\u{202c}';

/// Whether a character is a direction mark. None of these reaches a font.
pub(super) fn directs(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a text runs from right to left.
///
/// A bilingual title (English ` · ` Arabic) runs from left to right, even if all of its words are Arabic.
pub(super) fn runs_right_to_left(text: &str) -> bool {
    in_two_languages(text).is_none() && Runs::of(text).is_rtl()
}

/// The two halves of a bilingual title.
fn in_two_languages(text: &str) -> Option<(&str, &str)> {
    let (en, ar) = text.split_once(" · ")?;
    let has_arabic = |text: &str| text.chars().any(is_arabic);
    (en.chars().any(|c| c.is_ascii_alphabetic()) && !has_arabic(en) && has_arabic(ar)).then_some((en, ar))
}

/// A line of text ready for layout: without direction marks and invisible characters, with a code for each character
/// that no font has, and with isolates near Arabic.
pub(super) fn prepared(text: &str, fonts: &Fonts, weight: Weight) -> String {
    let shown = shown(text, fonts, weight);
    match in_two_languages(&shown) {
        Some((en, ar)) => format!("{en} · {RLI}{}{PDI}", isolated(ar, true)),
        None if shown.chars().any(is_arabic) => isolated(&shown, runs_right_to_left(&shown)),
        None => shown,
    }
}

fn isolated(text: &str, rtl: bool) -> String {
    let mut all = String::with_capacity(text.len() * 2);
    let mut rest = text;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        match token(rest, before) {
            0 => {
                all.push(c);
                before = c;
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
            length => {
                let (token, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
                // Arabic digits keep their class inside an isolate, and a separator between two of them would reverse
                // their order. An override prevents this.
                let digits = token.chars().any(is_arabic_digit);
                // The surrounding text does not see the letters of an isolate. Marks stand in for English words between
                // two Arabic names, because without them the names would change places.
                let words = !rtl && token.chars().any(|c| bidi_class(c) == BidiClass::L);
                all.extend(words.then_some(LRM));
                all.push(LRI);
                all.extend(digits.then_some(LRO));
                all.push_str(token);
                all.extend(digits.then_some(PDF));
                all.push(PDI);
                all.extend(words.then_some(LRM));
                before = token.chars().next_back().unwrap_or(' ');
                rest = behind;
            }
        }
    }
    all
}

fn is_arabic_digit(c: char) -> bool {
    matches!(c, '٠'..='٩' | '۰'..='۹')
}

/// Whether a character is a left-to-right letter or a digit.
fn is_ltr(c: char) -> bool {
    matches!(bidi_class(c), BidiClass::L | BidiClass::EN | BidiClass::AN) && c.is_alphanumeric() || c == '°'
}

/// The length of the piece that begins here and must keep its order; 0 where none begins here.
fn token(text: &str, before: char) -> usize {
    let signs = sign(text, before);
    let Some(body) = text.get(signs..) else { return 0 };
    if !body.chars().next().is_some_and(is_ltr) {
        return 0;
    }
    let mut end = signs;
    loop {
        let Some(rest) = text.get(end..) else { return end };
        end += rest.chars().take_while(|c| is_ltr(*c)).map(char::len_utf8).sum::<usize>();
        let Some(rest) = text.get(end..) else { return end };
        match joint(rest) {
            Some(length) => end += length,
            None => return end + unit(rest).max(charge(text.get(signs..end).unwrap_or_default(), rest)),
        }
    }
}

/// The sign before a number, with the space after it: `≥ `, `-`, `+`.
fn sign(text: &str, before: char) -> usize {
    // A dash between words or at the end of a word is not a sign.
    if is_arabic(before) || is_ltr(before) {
        let compares = |c: char| matches!(c, '≥' | '≤' | '<' | '>' | '=' | '≈' | '±');
        if !text.chars().next().is_some_and(compares) {
            return 0;
        }
    }
    let is_sign = |c: &char| {
        matches!(
            c,
            '≥' | '≤' | '<' | '>' | '=' | '±' | '≈' | '~' | '+' | '-' | '−' | '×' | '#' | '$' | '€' | '.'
        )
    };
    let signs: usize = text.chars().take_while(is_sign).take(2).map(char::len_utf8).sum();
    let spaced = text.get(signs..).is_some_and(|rest| rest.starts_with(' '));
    // `≥ 90` is one piece; `- 90` is an item of a list.
    let holds = text.chars().next().is_some_and(|c| matches!(c, '≥' | '≤' | '<' | '>' | '=' | '±' | '≈'));
    if signs > 0 && spaced { if holds { signs + 1 } else { 0 } } else { signs }
}

/// The joint between two parts of a piece: a space, a point between digits, the dash of a range, the arrow of a change,
/// `≥` with or without spaces, or a percent sign after the first part. (`←` is excluded, because in Arabic it already
/// points from the first part to the second.)
fn joint(text: &str) -> Option<usize> {
    let percent = unit(text);
    let rest = text.get(percent..)?;
    let (before, rest) = space(rest);
    let sign = rest.chars().next().filter(|c| {
        is_stroke(*c)
            || matches!(c, '+' | '/' | ':' | '.' | '_' | '@' | ',' | '\'' | '×' | '*' | '&' | '=' | '~' | '^')
            || matches!(c, '٫' | '٬' | '≥' | '≤' | '<' | '>' | '±')
    });
    let rest = rest.get(sign.map_or(0, char::len_utf8)..)?;
    let (behind, rest) = space(rest);
    let joins = match sign {
        // Two spaces, or the end of the text, end a piece.
        None => !behind && (before || percent > 0),
        // A space after one of these means that the sentence continues.
        Some('.' | ',' | ':' | '\'' | '_' | '@' | '٫' | '٬') => !before && !behind,
        // A range has spaces on both sides or on neither; a space on one side means a negative number.
        Some(stroke) if is_stroke(stroke) => before == behind,
        Some(_) => true,
    };
    let goes_on = rest.chars().next().is_some_and(is_ltr);
    (joins && goes_on).then(|| text.len() - rest.len())
}

/// Whether a character is a dash of any length, or the arrow of a change.
fn is_stroke(c: char) -> bool {
    matches!(c, '-' | '−' | '‐'..='—' | '→')
}

fn space(text: &str) -> (bool, &str) {
    text.strip_prefix(' ').map_or((false, text), |rest| (true, rest))
}

/// The unit after the last number: `%`, with or without a space.
fn unit(text: &str) -> usize {
    ["%", " %", "٪", " ٪", "‰", " ‰", "+", "°", " °"]
        .into_iter()
        .filter(|unit| text.starts_with(unit))
        .map(str::len)
        .max()
        .unwrap_or(0)
}

/// The minus of a blood group (`O-`; `O+` likewise). After another word it is a dash of the sentence.
fn charge(piece: &str, text: &str) -> usize {
    let word = piece.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let group = matches!(word, "O" | "A" | "B" | "AB" | "Rh" | "RH");
    let sign = text.chars().next().filter(|c| group && matches!(c, '-' | '−'));
    let ends = !text.chars().nth(1).is_some_and(char::is_alphanumeric);
    sign.filter(|_| ends).map_or(0, char::len_utf8)
}

/// Test pieces that must keep their order in any context, one per line.
#[cfg(test)]
pub(super) const PIECES: &str = include_str!("pieces.txt");

#[cfg(test)]
mod tests {
    use super::*;

    /// The isolated pieces of a text.
    fn tokens(text: &str) -> Vec<String> {
        let fonts = Fonts::embedded().unwrap();
        let shown = prepared(text, &fonts, Weight::Regular);
        let parts = shown.split(LRI).skip(1).filter_map(|part| part.split(PDI).next());
        parts.map(|part| part.replace([LRO, PDF], "")).collect()
    }

    #[test]
    fn a_piece_is_taken_whole() {
        for piece in PIECES.lines() {
            assert_eq!(tokens(&format!("أُعطي المريض {piece} بعد ذلك")), [piece], "{piece}");
        }
    }

    #[test]
    fn punctuation_of_the_sentence_stays_outside() {
        assert_eq!(tokens("في 2026-03-14، الساعة 08:45."), ["2026-03-14", "08:45"]);
        assert_eq!(tokens("النتيجة (48%) فقط"), ["48%"]);
        assert_eq!(tokens("الأقسام: ICU-2, CCU"), ["ICU-2", "CCU"]);
        assert_eq!(tokens("جرعات 5، 10، 20"), ["5", "10", "20"]);
        assert_eq!(tokens("بند - 5 أقراص"), ["5"]);
        assert_eq!(tokens("1- سقط المريض"), ["1"]);
        assert_eq!(tokens("Dx- التهاب ثم 5 mg- بعدها"), ["Dx", "5 mg"]);
        assert_eq!(tokens("زيدت من 5 ← 10"), ["5", "10"]);
    }

    #[test]
    fn direction_marks_are_removed() {
        let fonts = Fonts::embedded().unwrap();
        let shown = prepared("سرّ\u{202e}gnp.exe\u{202c}\u{200f}\u{61c}\u{2067}x", &fonts, Weight::Regular);
        let of_ours = shown.chars().filter(|c| directs(*c) && ![LRI, PDI].contains(c)).count();
        assert_eq!((of_ours, shown.matches(LRI).count(), shown.matches(PDI).count()), (0, 1, 1));
        assert_eq!(prepared("a\u{202e}b", &fonts, Weight::Regular), "ab");
    }

    #[test]
    fn a_title_in_both_languages_is_two_titles() {
        let fonts = Fonts::embedded().unwrap();
        let shown = prepared("Page 1 of 3 · صفحة 1 من 3", &fonts, Weight::Regular);
        assert!(!runs_right_to_left(&shown) && shown.ends_with("من \u{2066}3\u{2069}\u{2069}"), "{shown}");
    }

    #[test]
    fn words_of_an_english_sentence_are_not_isolated_within_arabic() {
        let fonts = Fonts::embedded().unwrap();
        let shown = |text: &str| prepared(text, &fonts, Weight::Regular);
        assert_eq!(
            shown("band was منى instead of هدى, 5 times"),
            "\u{200e}\u{2066}band was\u{2069}\u{200e} منى \u{200e}\u{2066}instead of\u{2069}\u{200e} هدى, \u{200e}\u{2066}5 times\u{2069}\u{200e}"
        );
        assert!(!shown("سقطت منى بدل ICU هدى").contains(LRM));
    }
}
