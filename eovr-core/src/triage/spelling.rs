//! Correction of typing errors: "anaphilaxis", "bleeeding", انكصر.
//!
//! The reader compares an unknown word with the words of findings that sound alike. Two words sound alike if they have
//! the same consonants in the same order; doubled letters and vowels do not count. The reader takes a word at an edit
//! distance of 1, or of 2 for a long word. It never changes a known word, so "building" does not become "bleeding".

use std::hash::Hasher as _;

use rustc_hash::{FxHashMap, FxHasher};

/// Shorter words have too many neighbours: "shook" must not become "shock".
const SHORTEST: usize = 6;
/// Arabic is written with few vowels, so fewer letters identify a word.
const SHORTEST_ARABIC: usize = 5;
/// From this length on, an edit distance of 2 is allowed.
const LONG: usize = 9;
/// A word from this length on can be corrected within a phrase, if the other words of the phrase are next to it: "hart
/// stoped".
const SHORTEST_OF_A_PHRASE: usize = 4;

/// Words by their sound.
#[derive(Debug, Default)]
pub(super) struct Sounds {
    // The key is a hash of the sound. A hash collision does no harm, because the edit distance is checked afterwards.
    words: FxHashMap<u64, Vec<(String, u32)>>,
}

/// The correction of a mistyped word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meant {
    pub(super) id: u32,
    /// Whether the word is so short that the correction is valid only within a phrase.
    pub(super) in_a_phrase: bool,
}

impl Sounds {
    /// Adds a word and its id as a possible correction.
    pub(super) fn add(&mut self, word: &str, id: u32) {
        if letters(word) >= SHORTEST_OF_A_PHRASE {
            let sounding = self.words.entry(sound(word)).or_default();
            if sounding.iter().all(|(known, _)| known != word) {
                sounding.push((word.to_owned(), id));
            }
        }
    }

    /// The correction of an unknown word, if there is one.
    pub(super) fn meant(&self, word: &str) -> Option<Meant> {
        let plain = without_runs(word);
        let word = plain.as_deref().unwrap_or(word);
        let length = letters(word);
        if length < SHORTEST_OF_A_PHRASE {
            return None;
        }
        let in_a_phrase = !long_enough(word);
        // The consonants are the same, so the difference is a vowel or a doubled letter.
        let spelled = |word: &str| {
            let mut plain = word.replace("ph", "f").chars().collect::<Vec<_>>();
            if in_a_phrase {
                plain.dedup();
            }
            plain.into_iter().collect::<String>()
        };
        let typed = spelled(word);
        let allowed = if length >= LONG || in_a_phrase && length > SHORTEST_OF_A_PHRASE { 2 } else { 1 };
        let near = self.words.get(&sound(word))?.iter();
        let near = near.filter(|(known, _)| in_a_phrase || long_enough(known));
        let near = near.map(|(known, id)| (slips(&typed, &spelled(known)), *id));
        let id = near.filter(|&(slips, _)| slips <= allowed).min().map(|(_, id)| id)?;
        Some(Meant { id, in_a_phrase })
    }
}

/// A word without runs of a held key: "diiied", "مااات". `None` if the word has no run.
pub(super) fn without_runs(word: &str) -> Option<String> {
    let run_of = |letters: &[u8], width: usize| {
        letters.windows(3 * width).any(|three| three.chunks(width).all(|one| three.starts_with(one)))
    };
    // Arabic letters take two bytes. Few words have a run, so most words need no copy.
    if !(run_of(word.as_bytes(), 1) || !word.is_ascii() && run_of(word.as_bytes(), 2)) {
        return None;
    }
    let mut out = String::with_capacity(word.len());
    let (mut last, mut run, mut found) = (None, 0, false);
    for c in word.chars() {
        run = if last == Some(c) { run + 1 } else { 1 };
        last = Some(c);
        if run == 3 {
            // Only one letter of the run stays.
            out.pop();
            found = true;
        }
        if run < 3 {
            out.push(c);
        }
    }
    found.then_some(out)
}

fn letters(word: &str) -> usize {
    word.chars().count()
}

fn long_enough(word: &str) -> bool {
    let letters = letters(word);
    letters >= SHORTEST || (letters >= SHORTEST_ARABIC && !word.is_ascii())
}

/// A hash of the consonants of a word by their sound, without repetitions. Every initial vowel counts as the same one.
fn sound(word: &str) -> u64 {
    let (mut sounds, mut last) = (FxHasher::default(), None);
    let mut letters = word.chars().peekable();
    let mut first = true;
    while let Some(c) = letters.next() {
        let next = letters.peek().copied();
        let heard = match c {
            'p' if next == Some('h') => Some('f'),
            'c' if matches!(next, Some('e' | 'i' | 'y')) => Some('s'),
            'c' | 'q' => Some('k'),
            'z' => Some('s'),
            'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'ا' | 'و' | 'ي' => first.then_some('a'),
            'h' | 'w' if !first => None,
            // "Rong" is wrong.
            'w' if next == Some('r') => None,
            // Letters that writers often confuse: س and ص, ت and ط, د and ض, ذ, ز and ظ.
            'ص' => Some('س'),
            'ط' | 'ه' => Some('ت'),
            'ض' => Some('د'),
            'ظ' | 'ز' => Some('ذ'),
            other => Some(other),
        };
        if let Some(heard) = heard.filter(|&heard| last != Some(heard)) {
            sounds.write_u32(u32::from(heard));
            last = Some(heard);
        }
        first = false;
    }
    sounds.finish()
}

/// The edit distance of two words: inserted, missing, replaced or swapped letters (Damerau and Levenshtein).
/// `usize::MAX` if the lengths differ by more than two.
fn slips(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 2 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
            let mut best =
                (at(&above, j) + usize::from(x != y)).min(at(&above, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_corrected() {
        let words =
            ["anaphylaxis", "bleeding", "haemorrhage", "fracture", "suicide", "انكسر", "استئصال", "died"];
        let mut sounds = Sounds::default();
        for (id, word) in (0..).zip(words) {
            sounds.add(word, id);
        }
        for (typed, meant) in [
            ("anaphilaxis", Some(0)),
            ("anafilaxis", Some(0)),
            ("bleding", Some(1)),
            ("bleeeeding", Some(1)),
            ("building", None),
            ("bedding", None),
            ("hemorrhage", Some(2)),
            ("fractur", Some(3)),
            ("fracutre", Some(3)),
            ("factor", None),
            ("suiside", Some(4)),
            ("انكصر", Some(5)),
            ("diet", None),
        ] {
            let told = sounds.meant(typed).filter(|meant| !meant.in_a_phrase);
            assert_eq!(told.map(|meant| meant.id), meant, "{typed}");
        }
        assert_eq!(without_runs("diiied").as_deref(), Some("died"));
        assert_eq!(without_runs("مااات").as_deref(), Some("مات"));
        assert_eq!(without_runs("feed"), None);
    }

    #[test]
    fn short_words_are_corrected_only_in_a_phrase() {
        let mut sounds = Sounds::default();
        for (id, word) in (0..).zip(["heart", "stopped", "wrong", "brain"]) {
            sounds.add(word, id);
        }
        for (typed, meant) in [("hart", 0), ("stopd", 1), ("rong", 2), ("brane", 3)] {
            assert_eq!(sounds.meant(typed), Some(Meant { id: meant, in_a_phrase: true }), "{typed}");
        }
        assert_eq!(sounds.meant("horse"), None);
    }

    #[test]
    fn edit_distances() {
        assert_eq!(slips("fracture", "fracture"), 0);
        assert_eq!(slips("fracutre", "fracture"), 1);
        assert_eq!(slips("fractur", "fracture"), 1);
        assert_eq!(slips("a", "abcd"), usize::MAX);
    }
}
