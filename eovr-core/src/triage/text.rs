//! The words of a narrative in a normalised spelling, each with its position in the original.
//!
//! Reporters write the same word in many ways: capitals, vowel marks, a stretched letter, four kinds of alef.
//! [`Text::read`] folds these spellings into one. It keeps the byte range of each word, so that a highlight marks the
//! words as the reporter typed them.
//!
//! The reader folds one character at a time. It applies the compatibility decomposition and removes the marks, so
//! composed and decomposed text and Arabic presentation forms give the same result.

use std::ops::Range;

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

use crate::typed;

/// The number of bytes of a narrative that are read. Only a pasted log or an attack is longer.
pub(super) const CAP: usize = 64 * 1024;

/// The separator between a word and the word before it, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    /// A space, a hyphen or a slash.
    Space,
    /// One line break. It is often only a wrapped line, so a phrase may run across it.
    Line,
    /// A comma, a colon, an ampersand, a bracket or a dash.
    Comma,
    /// The end of a sentence, or an empty line.
    Stop,
}

/// One word: its folded spelling and its position in the original.
#[derive(Clone, Debug)]
pub(super) struct Word {
    /// The byte range in the original narrative.
    pub(super) span: Range<usize>,
    /// The separator before the word.
    pub(super) gap: Gap,
    /// Whether a question mark precedes the word.
    pub(super) asked: bool,
    /// Whether the word has Arabic letters, and so may have attached prefixes and suffixes.
    pub(super) arabic: bool,
    folded: Range<usize>,
}

/// A narrative split into words.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// The words in text order.
    pub(super) words: Vec<Word>,
    /// The number of letters in scripts that no word list covers.
    pub(super) foreign: usize,
    /// The number of Latin and Arabic letters.
    pub(super) native: usize,
    /// The number of words that are not numbers.
    pub(super) lettered: usize,
    /// The byte offset at which reading stopped, if the narrative is longer than [`CAP`].
    pub(super) cut: Option<usize>,
    folded: String,
}

impl Text {
    /// Reads the first [`CAP`] bytes. A word that crosses the cap is left out.
    pub(super) fn read(narrative: &str) -> Self {
        let cap = narrative.floor_char_boundary(CAP);
        let narrative_read = narrative.get(..cap).unwrap_or_default();
        let mut reader = Reader::new(narrative_read.len());
        let mut rest = narrative_read;
        while let Some(c) = rest.chars().next() {
            let at = narrative_read.len() - rest.len();
            // Fast path: most words consist of ASCII letters and digits.
            let plain = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
            let (read, behind) = rest.split_at_checked(plain.max(c.len_utf8())).unwrap_or((rest, ""));
            if plain > 0 {
                reader.plain(read, at..at + plain);
            } else {
                reader.take(c, at..at + read.len(), behind.chars().next());
            }
            rest = behind;
        }
        if cap == narrative.len() {
            reader.close();
        } else {
            reader.text.cut = Some(cap);
        }
        reader.text
    }

    /// The folded spelling of a word.
    pub(super) fn spelling(&self, word: &Word) -> &str {
        self.folded.get(word.folded.clone()).unwrap_or_default()
    }
}

/// Calls `each` with every spelling under which the word list may contain an Arabic word: the word itself, the word
/// without attached prefixes, without a light suffix, or without both. At least three letters remain.
///
/// The second argument is `true` if the prefix "and" or "then" was removed. The word as written always comes first.
pub(super) fn arabic_forms(word: &str, scratch: &mut String, mut each: impl FnMut(&str, bool)) {
    endings(word, scratch, |form| each(form, false));
    articles(word, |rest| endings(rest, scratch, |form| each(form, false)));
    for joint in ['و', 'ف'] {
        if let Some(rest) = word.strip_prefix(joint).filter(|rest| long_enough(rest)) {
            endings(rest, scratch, |form| each(form, true));
            articles(rest, |rest| endings(rest, scratch, |form| each(form, true)));
        }
    }
}

/// The mood that the form of an Arabic word expresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// No special mood.
    Plain,
    /// Negated: محصلش ("it did not happen").
    Denied,
    /// Future or conditional: سيموت, هيموت ("he will die").
    Future,
}

/// The word without the Egyptian negation around it (ما … ش or م…ش) or without the future prefix, and its mood. The ما
/// may be a separate word, `before`; then that word negates, and the mood is plain.
pub(super) fn arabic_mood<'w>(word: &'w str, before: &str) -> Option<(&'w str, Mood)> {
    let found = if let Some(open) = word.strip_suffix('ش') {
        if matches!(before, "ما" | "وما") {
            (open, Mood::Plain)
        } else {
            (open.strip_prefix("ما").or_else(|| open.strip_prefix('م'))?, Mood::Denied)
        }
    } else {
        let inner = ['ه', 'ح', 'س'].iter().find_map(|will| word.strip_prefix(*will))?;
        (Some(inner).filter(|inner| inner.starts_with(['ي', 'ت']))?, Mood::Future)
    };
    long_enough(found.0).then_some(found)
}

/// Removes the article, with or without an attached preposition, or the preposition alone.
fn articles(word: &str, mut each: impl FnMut(&str)) {
    const FRONTS: [&str; 6] = ["ال", "بال", "كال", "لل", "ب", "ل"];
    for front in FRONTS {
        if let Some(rest) = word.strip_prefix(front).filter(|rest| long_enough(rest)) {
            each(rest);
        }
    }
}

/// The word itself, and the word without its longest light suffix.
fn endings(word: &str, scratch: &mut String, mut each: impl FnMut(&str)) {
    const ENDINGS: [&str; 13] = ["ها", "هم", "هن", "كم", "نا", "ات", "ون", "ين", "وا", "ه", "ت", "ي", "ا"];
    // A final ta marbuta becomes ت before an attached pronoun: اصابته is اصابه with "his".
    const OPENED: [&str; 4] = ["تها", "تهم", "تنا", "ته"];
    each(word);
    for ending in OPENED {
        if let Some(rest) = word.strip_suffix(ending).filter(|rest| long_enough(rest)) {
            scratch.clear();
            scratch.push_str(rest);
            scratch.push('ه');
            each(scratch);
            break;
        }
    }
    for ending in ENDINGS {
        if let Some(rest) = word.strip_suffix(ending).filter(|rest| long_enough(rest)) {
            each(rest);
            break;
        }
    }
}

fn long_enough(word: &str) -> bool {
    word.chars().nth(2).is_some()
}

struct Reader {
    text: Text,
    gap: Gap,
    asked: bool,
    // The word that is being read, with its ranges and counts so far.
    open: Option<Word>,
    letters: usize,
    digits_only: bool,
    latin: bool,
}

impl Reader {
    fn new(bytes: usize) -> Self {
        let text = Text {
            folded: String::with_capacity(bytes),
            words: Vec::with_capacity(bytes / 5 + 1),
            ..Text::default()
        };
        Self { text, gap: Gap::Space, asked: false, open: None, letters: 0, digits_only: true, latin: false }
    }

    fn take(&mut self, c: char, at: Range<usize>, next: Option<char>) {
        if c.is_ascii() {
            self.mark(c, next);
        } else if let Some(letter) = plain_arabic(c) {
            self.letter(letter, &at);
        } else if let Some(letter) = self.look_alike(c, next) {
            self.letter(letter, &at);
        } else if unseen(c) {
            // A vowel mark belongs to the letter before it, so the highlight covers it too.
            if is_combining_mark(c) || c == TATWEEL {
                self.stretch(&at);
            }
        } else {
            decompose_compatible(c, |part| {
                for part in part.to_lowercase() {
                    if unseen(part) {
                        self.stretch(&at);
                    } else if part.is_alphanumeric() {
                        self.letter(fold_letter(part), &at);
                    } else {
                        self.mark(part, next);
                    }
                }
            });
        }
    }

    /// Reads ASCII letters and digits.
    fn plain(&mut self, letters: &str, at: Range<usize>) {
        let count = letters.bytes().filter(u8::is_ascii_alphabetic).count();
        self.text.native += count;
        self.digits_only &= count == 0;
        self.latin |= count > 0;
        self.letters += letters.len();
        let begin = self.text.folded.len();
        self.text.folded.push_str(letters);
        self.text.folded.get_mut(begin..).into_iter().for_each(str::make_ascii_lowercase);
        self.extend(&at, begin, false);
    }

    fn letter(&mut self, c: char, at: &Range<usize>) {
        let arabic = is_arabic(c);
        if c.is_ascii_alphabetic() || arabic || is_latin(c) {
            self.text.native += 1;
        } else if c.is_alphabetic() {
            self.text.foreign += 1;
        }
        let begin = self.text.folded.len();
        self.text.folded.push(c);
        self.letters += 1;
        self.digits_only &= c.is_ascii_digit();
        self.latin |= c.is_ascii_alphabetic();
        self.extend(at, begin, arabic);
    }

    /// Extends the open word, or begins a new one, with the text folded from `begin` on.
    fn extend(&mut self, at: &Range<usize>, begin: usize, arabic: bool) {
        let (gap, asked) = (self.gap, self.asked);
        let word = self.open.get_or_insert_with(|| {
            let (span, folded) = (at.clone(), begin..begin);
            Word { span, gap, asked, arabic: false, folded }
        });
        word.span.end = at.end;
        word.arabic |= arabic;
        word.folded.end = self.text.folded.len();
        (self.gap, self.asked) = (Gap::Space, false);
    }

    /// The Latin letter for a Cyrillic or Greek look-alike in a Latin word: "dеath" with a Cyrillic е.
    fn look_alike(&self, c: char, next: Option<char>) -> Option<char> {
        let among_latin = self.latin || next.is_some_and(|next| next.is_ascii_alphabetic());
        latin_look_alike(c).filter(|_| among_latin)
    }

    fn stretch(&mut self, at: &Range<usize>) {
        if let Some(word) = &mut self.open {
            word.span.end = at.end;
        }
    }

    fn mark(&mut self, c: char, next: Option<char>) {
        // "didn't" is one word, and so is "patient's".
        if matches!(c, '\'' | '\u{2019}' | '\u{2BC}') {
            return;
        }
        let gap = match c {
            '.' | '\u{6D4}' | '\u{3002}' => {
                // "0.5 mg" and "I.V." do not end a sentence; "no injury.patient fell" does.
                let runs_on = next.is_some_and(char::is_alphanumeric);
                let inside = self.open.is_some() && (self.digits_only || self.letters == 1);
                if runs_on && inside { Gap::Space } else { Gap::Stop }
            }
            '!' | '?' | ';' | '\u{61F}' | '\u{61B}' | '\u{2026}' => Gap::Stop,
            '\n' if self.open.is_none() && self.gap == Gap::Line => Gap::Stop,
            '\n' => Gap::Line,
            ',' | ':' | '&' | '(' | ')' | '[' | ']' | '"' | '\u{60C}' | '«' | '»' | '\u{2013}'
            | '\u{2014}' => Gap::Comma,
            '-' if self.open.is_none() && next == Some(' ') => Gap::Comma,
            _ => Gap::Space,
        };
        self.close();
        self.asked |= matches!(c, '?' | '\u{61F}');
        self.gap = self.gap.max(gap);
    }

    fn close(&mut self) {
        if let Some(word) = self.open.take() {
            self.text.lettered += usize::from(!self.digits_only);
            self.text.words.push(word);
        }
        self.letters = 0;
        self.digits_only = true;
        self.latin = false;
    }
}

const TATWEEL: char = '\u{640}';

/// Whether a character is a mark, a stretch or an invisible sign, which does not change the word.
fn unseen(c: char) -> bool {
    c == TATWEEL || is_combining_mark(c) || (typed::is_unseen(c) && !c.is_control() && !c.is_whitespace())
}

/// Folds a common Arabic letter without the cost of decomposition.
fn plain_arabic(c: char) -> Option<char> {
    matches!(c, '\u{621}'..='\u{63A}' | '\u{641}'..='\u{64A}' | '\u{660}'..='\u{669}' | '\u{6F0}'..='\u{6F9}')
        .then(|| fold_letter(c))
}

fn fold_letter(c: char) -> char {
    match c {
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'ى' | 'ی' | 'ئ' => 'ي',
        'ة' | 'ہ' | 'ھ' | 'ە' => 'ه',
        'ؤ' => 'و',
        'ک' => 'ك',
        other if other.is_ascii() => other,
        other => typed::digit(other).and_then(|digit| char::from_digit(digit, 10)).unwrap_or(other),
    }
}

fn latin_look_alike(c: char) -> Option<char> {
    Some(match c {
        'а' | 'А' | 'α' | 'Α' | 'ɑ' => 'a',
        'в' | 'В' | 'Β' => 'b',
        'с' | 'С' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'Е' | 'ε' | 'Ε' | 'ё' => 'e',
        'һ' | 'Н' | 'Η' => 'h',
        'і' | 'І' | 'ι' | 'Ι' | 'ı' | 'ɩ' => 'i',
        'ј' | 'Ј' => 'j',
        'к' | 'К' | 'κ' | 'Κ' => 'k',
        'ӏ' => 'l',
        'м' | 'М' | 'Μ' => 'm',
        'п' | 'Ν' => 'n',
        'о' | 'О' | 'ο' | 'Ο' | 'σ' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => 'p',
        'ѕ' | 'Ѕ' => 's',
        'т' | 'Т' | 'τ' | 'Τ' => 't',
        'υ' => 'u',
        'ν' => 'v',
        'ѡ' | 'ω' => 'w',
        'х' | 'Х' | 'χ' | 'Χ' => 'x',
        'у' | 'У' | 'γ' | 'Υ' => 'y',
        _ => return None,
    })
}

fn is_arabic(c: char) -> bool {
    matches!(c, '\u{620}'..='\u{64A}' | '\u{671}'..='\u{6D3}' | '\u{750}'..='\u{77F}')
}

fn is_latin(c: char) -> bool {
    matches!(c, '\u{AA}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}') && c.is_alphabetic()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, folded: &str) {
        let read = Text::read(text);
        let words: Vec<&str> = read.words.iter().map(|word| read.spelling(word)).collect();
        assert_eq!(words.join(" "), folded, "{text}");
        for word in &read.words {
            assert!(text.get(word.span.clone()).is_some());
        }
    }

    #[track_caller]
    fn check_gaps(text: &str, gaps: &[Gap]) {
        let read = Text::read(text);
        assert_eq!(read.words.iter().map(|word| word.gap).collect::<Vec<_>>(), gaps, "{text}");
    }

    #[test]
    fn one_spelling() {
        check("Patient FELL", "patient fell");
        check("didn't, didn’t", "didnt didnt");
        check("naïve na\u{308}ive", "naive naive");
        check("near-miss w/o", "near miss w o");
        check("أُصِيبَ المَريضُ", "اصيب المريض");
        check("نـــزيف", "نزيف");
        check("إنعاش ٱنعاش آلام أذى", "انعاش انعاش الام اذي");
        check("مؤذية عائلة", "موذيه عايله");
        check("ا\u{654}ذى", "اذي");
        check("کسر فی", "كسر في");
        check("ﻧﺰﻳﻒ ﻻ", "نزيف لا");
        check("٢٥٠ ملغ ۵", "250 ملغ 5");
        check("ن\u{200F}زيف", "نزيف");
        check("dе\u{430}th ТHE \u{430}rrest", "death the arrest");
        check("смерть", "смерть");
        check("", "");
        check("…؟!", "");
    }

    #[test]
    fn gaps_between_words() {
        use Gap::{Comma, Line, Space, Stop};
        check_gaps("a b, c. d", &[Space, Space, Comma, Stop]);
        check_gaps("0.5 mg I.V. x", &[Space, Space, Space, Space, Space, Stop]);
        check_gaps("injury.patient", &[Space, Stop]);
        check_gaps("a\nb\n\nc\r\nd", &[Space, Line, Stop, Line]);
        check_gaps("سقط، ثم نزف؟ لا", &[Space, Comma, Space, Stop]);
        check_gaps("a - b", &[Space, Comma]);
    }

    #[test]
    fn spans_cover_the_original() {
        let text = "حدث نَزِيفٌ، ثم";
        let read = Text::read(text);
        assert_eq!(text.get(read.words[1].span.clone()), Some("نَزِيفٌ"));
    }

    #[test]
    fn reads_no_further_than_the_cap() {
        let text = "ab ".repeat(CAP);
        let read = Text::read(&text);
        assert_eq!(read.words.len(), CAP / 3);
        assert!(read.words.iter().all(|word| read.spelling(word) == "ab"));
    }

    #[test]
    fn arabic_words_without_their_attachments() {
        #[track_caller]
        fn check(word: &str, expected: (&str, bool)) {
            let mut found = Vec::new();
            arabic_forms(word, &mut String::new(), |form, joined| found.push((form.to_owned(), joined)));
            assert_eq!(found[0], (word.to_owned(), false));
            assert!(found.contains(&(expected.0.to_owned(), expected.1)), "{found:?}");
            assert!(found.iter().skip(1).all(|(form, _)| form.chars().count() >= 3));
        }
        check("بنزيف", ("نزيف", false));
        check("والنزيف", ("نزيف", true));
        check("للمريض", ("مريض", false));
        check("فسقطت", ("سقط", true));
        check("وبالمستشفي", ("مستشفي", true));
        check("كالحريق", ("حريق", false));
        check("نزيفا", ("نزيف", false));
        check("اصابتها", ("اصابه", false));
        check("بتر", ("بتر", false));
    }
}
