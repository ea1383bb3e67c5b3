use std::fmt;
use std::ops::Range;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::triage::deidentify::{self, Identifier, Kind};
use crate::triage::text::{Text, Word};

/// A narrative that may leave the house: what names a person is taken out, and so is what nobody sees.
///
/// An [`crate::ports::Analyst`] takes nothing else, and only the gateway ([`crate::analyst`]) hands one out, after
/// it has asked the facility's policy and has written into the audit chain that it goes out, and to whom. So
/// text that did not go through the gateway cannot be handed to a provider: it does not compile. (A labelled set
/// is cleared in the same way, and keeps the text alone.)
///
/// ```compile_fail,E0624
/// eovr_core::triage::analysis::Cleared::new("words that nobody has cleared", &[]);
/// ```
pub struct Cleared {
    text: Zeroizing<String>,
    /// For each byte of the text, the bytes of the original that it stands for.
    places: Vec<(usize, usize)>,
    facts: Vec<(String, String)>,
    factors: &'static [&'static str],
    canary: String,
    attempt: u32,
    replaced: usize,
    whole: bool,
}

impl Cleared {
    /// The most characters that go out; what lies beyond stays.
    pub const MOST_CHARACTERS: usize = 16_000;

    /// Takes out what names a person: what lists and shapes tell, and the words of `known`, which are what the
    /// record itself says about who was involved.
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

    /// With these codes beside the text, these to choose among for what contributed, and a secret word for the
    /// instructions.
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

    /// Codes that may be sent beside it: name and value.
    pub fn facts(&self) -> &[(String, String)] {
        &self.facts
    }

    /// What may be chosen for what contributed.
    pub fn factors(&self) -> &'static [&'static str] {
        self.factors
    }

    /// A word for the instructions that nobody outside can foresee. An answer that has it was made by a model
    /// that gives its instructions away.
    pub fn canary(&self) -> &str {
        &self.canary
    }

    /// How often this narrative has been sent, this time included.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// How many characters go out.
    pub fn characters(&self) -> usize {
        self.text.chars().count()
    }

    /// How many identifiers were taken out.
    pub fn replaced(&self) -> usize {
        self.replaced
    }

    /// Whether all of the narrative goes out.
    pub fn whole(&self) -> bool {
        self.whole
    }

    /// SHA-256 of the text, by which an auditor who has the narrative can tell what went out.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// Where the first passage of these very words stands, in bytes of the original narrative.
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

/// Says how much, and nothing of it.
impl fmt::Debug for Cleared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cleared({} characters, {} taken out)", self.characters(), self.replaced)
    }
}

/// The beginning of a narrative without what nobody sees, where each of its bytes came from, and whether it is
/// all of it. Order that is hidden in marks of direction, and names that are cut by marks without a width, must
/// neither reach a model nor pass those who look for names.
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

/// Words that name a part that somebody played, and no person; in their folded spelling.
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

/// What lists and shapes tell, and beside it the words that the record gives for people and their files.
fn identifiers(visible: &str, known: &[Zeroizing<String>]) -> Vec<Identifier> {
    let mut all = deidentify::find(visible);
    let names: Vec<Zeroizing<String>> = known.iter().flat_map(|text| telling(text)).collect();
    let apart = |all: &[Identifier], span: &Range<usize>| {
        all.iter().all(|other| span.end <= other.span.start || other.span.end <= span.start)
    };
    let text = Text::read(&parted(visible));
    for word in &text.words {
        let spelling = text.spelling(word);
        // In Arabic "and", "so", "by", "for" and "as" are written onto the word.
        let bare = spelling.strip_prefix(['و', 'ف', 'ب', 'ل', 'ك']);
        if let Some(name) = names.iter().find(|name| name.as_str() == spelling || Some(name.as_str()) == bare)
            && apart(&all, &word.span)
        {
            let digits = name.chars().any(char::is_numeric);
            let kind = if digits { Kind::FileNumber } else { Kind::Name };
            all.push(Identifier { kind, span: word.span.clone() });
        }
    }
    all.sort_by_key(|one| one.span.start);
    all
}

/// The same with blanks in the place of apostrophes, as many bytes: "Smith's" and "d'Smith" have Smith in them.
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

/// The words of a field that can name somebody, in their folded spelling, as a narrative's are compared with: those
/// written with a capital, in a script that has none or with digits, and those that lists know however they are
/// written.
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
    fn what_the_record_names_is_taken_out_however_it_is_spelled() {
        check("إسراء", "اسراء نسيت الجرعة", "[name] نسيت الجرعة");
        check("447122", "سقط المريض ٤٤٧١٢٢ من السرير", "سقط المريض [file number] من السرير");
        check("john smith", "then john smith fell", "then [name] [name] fell");
        check("Nurse Kowalczyk", "kowalczyk's chart, and the nurse", "[name]'s chart, and the nurse");
        check("Zaphod\u{2019}s wife", "zaphod fell, zaphod'd be here", "[name] fell, [name]'d be here");
        check("ممرضة فاطمة", "حضرت الممرضة وفاطمة", "حضرت الممرضة [name]");
    }

    #[test]
    fn parts_are_in_their_folded_spelling() {
        for part in PARTS {
            let text = Text::read(part);
            assert_eq!(text.words.iter().map(|word| text.spelling(word)).collect::<Vec<_>>(), [*part]);
        }
    }
}
