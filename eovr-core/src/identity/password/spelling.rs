//! Readings of a password without its decoration.

use std::ops::Range;

use unicode_normalization::char::{decompose_compatible, is_combining_mark};
use zeroize::Zeroizing;

use crate::typed;

/// All readings of a password.
pub(super) struct Spelling {
    /// The typed text in lower case.
    typed: Zeroizing<Vec<char>>,
    /// The readings, the simplest first.
    pub(super) readings: [Reading; 4],
}

impl Spelling {
    pub(super) fn of(password: &str) -> Self {
        let typed: Zeroizing<Vec<char>> =
            Zeroizing::new(password.chars().filter_map(|c| c.to_lowercase().next()).collect());
        let mut folded = Zeroizing::new(Vec::with_capacity(typed.len() * 4));
        typed.iter().for_each(|c| fold(*c, |c| folded.push(c)));
        let read = |as_letter: fn(char) -> char| Reading::of(&folded, as_letter, char::is_alphanumeric);
        let readings = [
            Reading::of(&folded, |c| c, |c| !c.is_whitespace()),
            read(|c| c),
            read(drawn_for),
            read(arabic_in_latin),
        ];
        Self { typed, readings }
    }

    /// The number of characters if a repeated short text counts once.
    pub(super) fn length_without_repeats(&self) -> usize {
        let all = self.typed.len();
        let letters = self.typed.get(letters(&self.typed)).unwrap_or_default();
        let runs = self.typed.chunk_by(|a, b| a == b).map(|run| if run.len() < 4 { run.len() } else { 1 });
        (all - letters.len() + period(letters)).min(period(&self.typed)).min(runs.sum())
    }
}

/// One reading of a password: letters and digits without the signs between them.
pub(super) struct Reading {
    /// The characters as typed.
    pub(super) plain: Zeroizing<Vec<char>>,
    /// From the first letter to the last. Digits and signs outside are decoration.
    pub(super) letters: Range<usize>,
    /// The number of signs between the letters that were left out and still add information. Zero if all are the same
    /// sign, because that is decoration.
    pub(super) signs: usize,
    text: Zeroizing<String>,
    /// The offset of each character in `text`, and the end.
    starts: Vec<usize>,
}

impl Reading {
    fn of(folded: &[char], as_letter: fn(char) -> char, counts: fn(char) -> bool) -> Self {
        // The buffers have their largest size, because growing them would leave a copy in memory.
        let mut plain = Zeroizing::new(Vec::with_capacity(folded.len()));
        let mut text = Zeroizing::new(String::with_capacity(folded.len() * 4));
        let mut starts = vec![0];
        for c in folded {
            let letter = as_letter(*c);
            if counts(letter) {
                plain.push(*c);
                text.push(one_stroke(letter));
                starts.push(text.len());
            }
        }
        let inside = folded.get(letters(folded)).unwrap_or_default().iter();
        let left_out: Vec<&char> = inside.filter(|c| !counts(as_letter(**c)) && !separates(**c)).collect();
        let alike = left_out.iter().all(|c| Some(c) == left_out.first());
        let signs = if alike { 0 } else { left_out.len() };
        let letters = letters(&plain);
        Self { plain, letters, signs, text, starts }
    }

    /// The text of a range of characters, in this reading.
    pub(super) fn slice(&self, from: usize, to: usize) -> Option<&str> {
        self.text.get(*self.starts.get(from)?..*self.starts.get(to)?)
    }
}

/// The words of a name, in the form of a reading: each word, and all words joined. Words of one or two letters are
/// left out, because they occur everywhere. An Arabic word is listed with and without its article.
pub(super) fn words_of(name: &str) -> Vec<String> {
    let mut folded = String::new();
    name.chars().flat_map(char::to_lowercase).for_each(|c| fold(c, |c| folded.push(one_stroke(c))));
    let mut words: Vec<String> = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let whole = words.concat();
    words.push(whole);
    let arabic = |word: &&String| word.starts_with(|c| ('ا'..='ي').contains(&c));
    let other = |word: &String| word.strip_prefix("ال").map_or_else(|| format!("ال{word}"), str::to_owned);
    let others: Vec<String> = words.iter().filter(arabic).map(other).collect();
    words.extend(others);
    words.retain(|word| word.chars().count() >= 3);
    words
}

/// Folds one character: without marks, in one of several Arabic spellings, digits as Latin ones.
pub(super) fn fold(c: char, mut each: impl FnMut(char)) {
    decompose_compatible(c, |c| match c {
        // The tatweel stretches a word and does not change it.
        '\u{640}' => {}
        c if is_combining_mark(c) => {}
        'أ' | 'إ' | 'آ' | 'ٱ' => each('ا'),
        'ى' | 'ی' | 'ئ' => each('ي'),
        'ة' | 'ہ' | 'ھ' | 'ە' => each('ه'),
        'ؤ' => each('و'),
        'ک' => each('ك'),
        c if c.is_numeric() => {
            each(typed::digit(c).and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c))
        }
        c => each(c),
    });
}

/// The letter that a digit or sign looks like.
fn drawn_for(c: char) -> char {
    match c {
        '1' | '!' | '|' => 'i',
        '4' | '@' => 'a',
        '8' => 'b',
        '(' => 'c',
        '3' | '€' => 'e',
        '6' | '9' => 'g',
        '0' => 'o',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '2' => 'z',
        other => other,
    }
}

/// Whether the character commonly separates words.
fn separates(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '_' | '.' | ',')
}

/// Maps `l` to `i`, in lists and in passwords, because a `1` may stand for either.
fn one_stroke(c: char) -> char {
    if c == 'l' { 'i' } else { c }
}

/// The letter that a digit stands for in Arabic written with Latin letters: `mo7amed`.
fn arabic_in_latin(c: char) -> char {
    match c {
        '2' | '3' => 'a',
        '6' => 't',
        '7' => 'h',
        '8' => 'q',
        '9' => 's',
        other => other,
    }
}

fn letters(chars: &[char]) -> Range<usize> {
    let first = chars.iter().position(|c| c.is_alphabetic());
    let last = chars.iter().rposition(|c| c.is_alphabetic());
    match (first, last) {
        (Some(first), Some(last)) => first..last + 1,
        // Without letters there is no decoration.
        _ => 0..chars.len(),
    }
}

/// The length of the text that `chars` repeats, or the length of `chars`.
fn period(chars: &[char]) -> usize {
    let repeats = |length: &usize| chars.iter().zip(chars.iter().skip(*length)).all(|(a, b)| a == b);
    (1..=chars.len() / 2).find(repeats).unwrap_or(chars.len())
}
