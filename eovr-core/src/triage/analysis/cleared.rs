use std::fmt;
use std::ops::Range;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::triage::deidentify::{self, Identifier, IdentifierKind};
use crate::triage::text::{Text, Word};

/// A narrative that may be sent to a provider: identifiers and invisible characters are removed.
///
/// An [`crate::ports::Analyst`] accepts only this type. Only the gateway ([`crate::analyst`]) makes it, after it has
/// checked the facility's policy and has recorded the transmission and its recipient in the audit chain. Code that
/// bypasses the gateway therefore does not compile. (A labelled set is cleared in the same way and keeps only the
/// text.)
///
/// ```compile_fail,E0624
/// eovr_core::triage::analysis::Cleared::new("words that the gateway has not cleared", &[]);
/// ```
pub struct Cleared {
    text: Zeroizing<String>,
    /// The original bytes for each byte of the text.
    places: Vec<(usize, usize)>,
    facts: Vec<(String, String)>,
    factors: &'static [&'static str],
    canary: String,
    attempt: u32,
    replaced: usize,
    whole: bool,
}

impl Cleared {
    /// The maximum number of characters to send; the rest is cut off.
    pub const MOST_CHARACTERS: usize = 16_000;

    /// Removes identifiers: those that lists and patterns find, and the words of `known`, which are the record's own
    /// fields about the people involved.
    pub(crate) fn new(narrative: &str, known: &[Zeroizing<String>]) -> Self {
        let (visible, origins, whole) = visible(narrative);
        let identifiers = identifiers(&visible, known);
        let mut text = Zeroizing::new(String::with_capacity(visible.len()));
        let mut places = Vec::with_capacity(visible.len());
        let place = |span: Range<usize>| {
            let first = origins.get(span.start).map_or(0, |place| place.0);
            let last =
                span.end.checked_sub(1).and_then(|last| origins.get(last)).map_or(first, |place| place.1);
            (first, last)
        };
        let mut from = 0;
        let copy = |text: &mut String, places: &mut Vec<_>, span: Range<usize>| {
            text.push_str(visible.get(span.clone()).unwrap_or_default());
            places.extend(span.filter_map(|at| origins.get(at).copied()));
        };
        for Identifier { kind, span } in &identifiers {
            copy(&mut text, &mut places, from..span.start);
            let word = format!("[{}]", kind.name());
            places.extend(std::iter::repeat_n(place(span.clone()), word.len()));
            text.push_str(&word);
            from = span.end;
        }
        copy(&mut text, &mut places, from..visible.len());
        let replaced = identifiers.len();
        Self {
            text,
            places,
            facts: Vec::new(),
            factors: &[],
            canary: String::new(),
            attempt: 1,
            replaced,
            whole,
        }
    }

    /// Adds codes to the text, the factors to choose from, and a canary for the instructions.
    pub(crate) fn beside(
        self,
        facts: Vec<(String, String)>,
        factors: &'static [&'static str],
        canary: String,
        attempt: u32,
    ) -> Self {
        Self { facts, factors, canary, attempt, ..self }
    }

    /// The text that may be sent.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The codes that may be sent with the text: name and value.
    pub fn facts(&self) -> &[(String, String)] {
        &self.facts
    }

    /// The contributing factors that the model may choose from.
    pub fn factors(&self) -> &'static [&'static str] {
        self.factors
    }

    /// The canary: an unpredictable word in the instructions. An answer that contains it comes from a model that
    /// reveals its instructions.
    pub fn canary(&self) -> &str {
        &self.canary
    }

    /// The number of times this narrative has been sent, including this one.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The number of characters in the text.
    pub fn characters(&self) -> usize {
        self.text.chars().count()
    }

    /// The number of removed identifiers.
    pub fn replaced(&self) -> usize {
        self.replaced
    }

    /// Whether the text is the complete narrative.
    pub fn whole(&self) -> bool {
        self.whole
    }

    /// SHA-256 of the text. With it an auditor who has the narrative can verify what was sent.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// The position of the first exact occurrence of the quote, in bytes of the original narrative.
    pub(super) fn place_of(&self, quote: &str) -> Option<Range<usize>> {
        if quote.trim().is_empty() {
            return None;
        }
        let start = self.text.find(quote)?;
        let first = self.places.get(start)?.0;
        let last = self.places.get(start + quote.len() - 1)?.1;
        Some(first..last)
    }
}

/// Prints the size, and none of the text.
impl fmt::Debug for Cleared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cleared({} characters, {} taken out)", self.characters(), self.replaced)
    }
}

/// The beginning of a narrative without invisible characters, the origin of each of its bytes, and whether it is
/// complete. Hidden direction marks must not reach a model, and a name that is split by zero-width characters must not
/// escape deidentification.
fn visible(narrative: &str) -> (Zeroizing<String>, Vec<(usize, usize)>, bool) {
    let mut text = Zeroizing::new(String::with_capacity(narrative.len().min(4 * Cleared::MOST_CHARACTERS)));
    let mut origins = Vec::new();
    for (count, (at, c)) in narrative.char_indices().filter(|(_, c)| !hidden(*c)).enumerate() {
        if count == Cleared::MOST_CHARACTERS {
            return (text, origins, false);
        }
        text.push(c);
        origins.extend(std::iter::repeat_n((at, at + c.len_utf8()), c.len_utf8()));
    }
    (text, origins, true)
}

fn hidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}')
}

/// Words for a person's role, which name no person; in their folded spelling.
const PARTS: &[&str] = &[
    "the",
    "and",
    "dr",
    "doctor",
    "mr",
    "mrs",
    "ms",
    "miss",
    "prof",
    "nurse",
    "sister",
    "staff",
    "patient",
    "mother",
    "father",
    "pharmacist",
    "technician",
    "resident",
    "consultant",
    "ward",
    "ممرض",
    "ممرضه",
    "الممرض",
    "الممرضه",
    "طبيب",
    "طبيبه",
    "الطبيب",
    "الطبيبه",
    "دكتور",
    "دكتوره",
    "مريض",
    "مريضه",
    "المريض",
    "المريضه",
    "صيدلي",
    "الصيدلي",
    "فني",
    "قسم",
];

/// The identifiers that lists and patterns find, and the words of the record's fields about people and files.
fn identifiers(visible: &str, known: &[Zeroizing<String>]) -> Vec<Identifier> {
    let mut all = deidentify::find(visible);
    let names: Vec<Zeroizing<String>> = known.iter().flat_map(|text| telling(text)).collect();
    let apart = |all: &[Identifier], span: &Range<usize>| {
        all.iter().all(|other| span.end <= other.span.start || other.span.end <= span.start)
    };
    let text = Text::read(&parted(visible));
    for word in &text.words {
        let spelling = text.spelling(word);
        // In Arabic the words for "and", "so", "by", "for" and "as" are prefixes.
        let bare = spelling.strip_prefix(['و', 'ف', 'ب', 'ل', 'ك']);
        if let Some(name) = names.iter().find(|name| name.as_str() == spelling || Some(name.as_str()) == bare)
            && apart(&all, &word.span)
        {
            let digits = name.chars().any(char::is_numeric);
            let kind = if digits { IdentifierKind::FileNumber } else { IdentifierKind::Name };
            all.push(Identifier { kind, span: word.span.clone() });
        }
    }
    all.sort_by_key(|one| one.span.start);
    all
}

/// The text with apostrophes replaced by blanks of the same length: "Smith's" and "d'Smith" both contain Smith.
fn parted(text: &str) -> Zeroizing<String> {
    let mut parted = Zeroizing::new(String::with_capacity(text.len()));
    for c in text.chars() {
        match c {
            '\'' | '\u{2019}' | '\u{2BC}' => parted.extend(std::iter::repeat_n(' ', c.len_utf8())),
            c => parted.push(c),
        }
    }
    parted
}

/// The words of a field that can be a name, in their folded spelling: capitalised words, words in a script without
/// capitals, words with digits, and listed names in any spelling.
fn telling(field: &str) -> Vec<Zeroizing<String>> {
    let text = Text::read(&parted(field));
    let tells = |word: &&Word| {
        let (spelling, written) = (text.spelling(word), field.get(word.span.clone()).unwrap_or_default());
        let first = written.chars().next();
        let told = first.is_some_and(|c| c.is_uppercase() || !c.is_ascii())
            || spelling.chars().any(char::is_numeric)
            || deidentify::is_listed(spelling);
        told && spelling.chars().count() >= 3 && !PARTS.contains(&spelling)
    };
    text.words.iter().filter(tells).map(|word| Zeroizing::new(text.spelling(word).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(field: &str, narrative: &str, cleared: &str) {
        assert_eq!(Cleared::new(narrative, &[Zeroizing::new(field.to_owned())]).text(), cleared);
    }

    #[test]
    fn names_of_the_record_are_removed_in_every_spelling() {
        check("إسراء", "اسراء نسيت الجرعة", "[name] نسيت الجرعة");
        check("447122", "سقط المريض ٤٤٧١٢٢ من السرير", "سقط المريض [file number] من السرير");
        check("john smith", "then john smith fell", "then [name] [name] fell");
        check("Nurse Kowalczyk", "kowalczyk's chart, and the nurse", "[name]'s chart, and the nurse");
        check("Zaphod\u{2019}s wife", "zaphod fell, zaphod'd be here", "[name] fell, [name]'d be here");
        check("ممرضة فاطمة", "حضرت الممرضة وفاطمة", "حضرت الممرضة [name]");
    }

    #[test]
    fn roles_are_in_their_folded_spelling() {
        for part in PARTS {
            let text = Text::read(part);
            assert_eq!(text.words.iter().map(|word| text.spelling(word)).collect::<Vec<_>>(), [*part]);
        }
    }
}
