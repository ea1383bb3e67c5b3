//! The word lists, and the search for their terms in a text.
//!
//! Both lists are tab-separated files that a clinician can read and correct; their first lines explain the columns. The
//! lexicon compiles them once, into numbered words and, for each word, the terms that begin with it. A narrative then
//! costs one look-up for each spelling of each word, independent of the length of the lists.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::cues::{self, Cue, Cues};
use super::facts;
use super::measures::{self, Measure};
use super::roles::{Nature, Role};
use super::spelling::{Meant, Sounds, without_runs};
use super::text::{Gap, Mood, Text, Word, arabic_forms, arabic_mood};

/// The weight from which a finding is also searched for in mistyped words.
const MISTYPED: u8 = 3;

/// Both lists, compiled.
pub(super) fn lexicon() -> &'static Lexicon {
    static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
        let mut lexicon = Lexicon::default();
        for line in include_str!("../lexicon_en.tsv").lines().chain(include_str!("../lexicon_ar.tsv").lines())
        {
            // A row that does not parse is skipped; a test ensures that the shipped lists have none.
            let _understood = lexicon.add(line);
        }
        for line in
            include_str!("../vocabulary/en.txt").lines().chain(include_str!("../vocabulary/ar.txt").lines())
        {
            lexicon.know_words(line);
        }
        for (concept, weight, gloss) in measures::meanings().chain(facts::MEANINGS) {
            lexicon.add_measured(concept, weight, gloss);
        }
        for (cues, words) in cues::rows() {
            lexicon.add_cues(words, cues);
        }
        measures::names().for_each(|word| lexicon.add_cues(word, Cues::of(Cue::Measure)));
        measures::ages().for_each(|word| lexicon.add_cues(word, Cues::of(Cue::Age)));
        lexicon
    });
    &LEXICON
}

/// One row of a list.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) role: Role,
    /// Index into [`Lexicon::concepts`]; meaningless for rows that are not findings.
    pub(super) concept: usize,
    /// The name of the concept.
    pub(super) idea: &'static str,
    pub(super) weight: u8,
    pub(super) nature: Nature,
    /// The term for display: the first choice of every slot.
    pub(super) term: String,
    pub(super) gloss: &'static str,
    // The ids of the words that fit each position of the term.
    slots: Vec<Vec<u32>>,
}

/// The rule ids of one concept, one for each standing.
#[derive(Debug)]
pub(super) struct Concept {
    name: &'static str,
    pub(super) stated: String,
    pub(super) doubtful: String,
    pub(super) nearly: String,
    pub(super) negated: String,
    pub(super) category: String,
}

/// A term found in a text.
#[derive(Clone, Debug)]
pub(super) struct Hit<'l> {
    pub(super) entry: &'l Entry,
    /// Indexes of its words.
    pub(super) words: Range<usize>,
    /// Whether its first word has an attached "and" or "then" (Arabic).
    pub(super) joined: bool,
    /// The mood that the form of its words expresses (Arabic).
    pub(super) mood: Mood,
}

/// The compiled lists.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    pub(super) concepts: Vec<Concept>,
    pub(super) entries: Vec<Entry>,
    ids: FxHashMap<String, u32>,
    // The words of grave findings, by their sound.
    sounds: Sounds,
    // The entries for values out of their limits and for contradictory facts; they have no words.
    measured: Vec<Entry>,
    // For each word id, the entries that may begin with it.
    starts: Vec<Start>,
}

/// The entries that begin with a word.
#[derive(Debug, Default)]
struct Start {
    alone: Vec<usize>,
    // By their second word, because "was" begins hundreds of entries.
    longer: FxHashMap<u32, Vec<usize>>,
    // The cues of the word itself.
    cues: Cues,
}

/// The terms and cues of a text.
#[derive(Debug)]
pub(super) struct Reading<'l> {
    /// The terms, from left to right and without overlap.
    pub(super) hits: Vec<Hit<'l>>,
    /// The number of words that the lists know.
    pub(super) known: usize,
    /// The cues of each word.
    pub(super) cues: Vec<Cues>,
}

impl Lexicon {
    /// Finds the terms of a text, from left to right and without overlap. If several terms fit, the one with the most
    /// words wins, then one whose first word matches without removing letters, then the heavier one.
    pub(super) fn find(&self, text: &Text) -> Vec<Hit<'_>> {
        self.read(text).hits
    }

    /// As [`find`](Self::find), with the number of known words and the cues.
    pub(super) fn read(&self, text: &Text) -> Reading<'_> {
        let known = self.know(text);
        let mut hits = Vec::new();
        let mut at = 0;
        while at < text.words.len() {
            let Some(hit) = self.longest(text, &known, at) else {
                at += 1;
                continue;
            };
            at = hit.words.end;
            hits.push(hit);
        }
        let words = known.ends.iter().filter(|forms| !forms.is_empty()).count();
        Reading { hits, known: words, cues: known.cues }
    }

    fn longest(&self, text: &Text, known: &Known, at: usize) -> Option<Hit<'_>> {
        let mut best: Option<(Rank, Hit<'_>)> = None;
        let mut consider = |index: usize, form: &Form| {
            let Some(entry) = self.entries.get(index).filter(|entry| entry.continues(text, known, at)) else {
                return;
            };
            if !entry.role.is_finding() && known.is_guessed(at..at + entry.slots.len()) {
                return;
            }
            let rank = (entry.slots.len(), form.whole, entry.weight, Reverse(index));
            if best.as_ref().is_none_or(|(leader, _)| rank > *leader) {
                let words = at..at + entry.slots.len();
                best = Some((rank, Hit { entry, words, joined: form.joined, mood: form.mood }));
            }
        };
        for form in known.forms(at) {
            let Some(start) = self.starts.get(form.id as usize) else { continue };
            if !form.in_a_phrase {
                start.alone.iter().for_each(|&index| consider(index, form));
            }
            if !start.longer.is_empty() && text.words.get(at + 1).is_some_and(|word| word.gap <= Gap::Line) {
                for next in known.forms(at + 1) {
                    start.longer.get(&next.id).into_iter().flatten().for_each(|&index| consider(index, form));
                }
            }
        }
        best.map(|(_, hit)| hit.denied_within(known))
    }

    /// Looks up each word once, under each of its spellings.
    fn know(&self, text: &Text) -> Known {
        let words = text.words.len();
        let mut known = Known {
            forms: Vec::with_capacity(words),
            ends: Vec::with_capacity(words),
            cues: Vec::with_capacity(words),
        };
        let mut scratch = String::new();
        let mut before = "";
        for word in &text.words {
            let spelling = text.spelling(word);
            let begin = known.forms.len();
            let mut cues = Cues::default();
            let mut learn = |form: &str, joined: bool, mood: Mood| {
                if let Some(&id) = self.ids.get(form) {
                    self.starts.get(id as usize).iter().for_each(|start| cues.join(start.cues));
                    let whole = form.len() == spelling.len();
                    known.forms.push(Form { id, whole, in_a_phrase: false, joined, mood });
                }
            };
            if word.arabic {
                arabic_forms(spelling, &mut scratch, |form, joined| learn(form, joined, Mood::Plain));
                if let Some((inner, mood)) = arabic_mood(spelling, before) {
                    arabic_forms(inner, &mut scratch, |form, joined| learn(form, joined, mood));
                }
            } else {
                learn(spelling, false, Mood::Plain);
            }
            if known.forms.len() == begin {
                // "000" is a number.
                let number = spelling.bytes().all(|byte| byte.is_ascii_digit());
                let plain = if number { None } else { without_runs(spelling) };
                let plain = plain.as_deref().and_then(|plain| self.ids.get(plain).copied());
                // Some writers spell the suffix "his" by its sound: قلبو.
                let his = spelling.strip_suffix('و').filter(|_| word.arabic).map(|own| format!("{own}ه"));
                let his = his.as_deref().and_then(|his| self.ids.get(his).copied());
                let meant = |id| Meant { id, in_a_phrase: false };
                if let Some(Meant { id, in_a_phrase }) = plain
                    .or(his)
                    .map(meant)
                    .or_else(|| (!number).then(|| self.sounds.meant(spelling)).flatten())
                {
                    let (whole, joined, mood) = (false, false, Mood::Plain);
                    known.forms.push(Form { id, whole, in_a_phrase, joined, mood });
                }
            }
            before = spelling;
            known.cues.push(cues);
            known.ends.push(begin..known.forms.len());
        }
        known
    }

    /// Adds one line of a list. Returns `false` if the line does not parse; comments and empty lines parse.
    fn add(&mut self, line: &'static str) -> bool {
        if line.starts_with('#') || line.trim().is_empty() {
            return true;
        }
        let mut columns = line.split('\t');
        let mut column = || columns.next();
        let (Some(role), Some(concept), Some(weight), Some(term), Some(gloss)) =
            (column(), column(), column(), column(), column())
        else {
            return false;
        };
        let (Some(role), Ok(weight @ 0..=4)) = (Role::parse(role), weight.parse()) else { return false };
        if columns.next().is_some() || role.is_finding() != (weight > 0) {
            return false;
        }
        let slots: Vec<Vec<u32>> = term.split(' ').map(|slot| self.slot(slot)).collect();
        if slots.iter().any(Vec::is_empty) {
            return false;
        }
        let shown: Vec<&str> = term.split(' ').filter_map(|slot| slot.split('|').next()).collect();
        let index = self.entries.len();
        for &id in slots.first().into_iter().flatten() {
            let Some(start) = self.starts.get_mut(id as usize) else { continue };
            match slots.get(1) {
                None => start.alone.push(index),
                Some(seconds) => {
                    seconds.iter().for_each(|&second| start.longer.entry(second).or_default().push(index))
                }
            }
        }
        let (idea, nature) = (concept, Nature::of(concept));
        let concept = self.concept(concept);
        if weight >= MISTYPED {
            self.sound_out(term);
        }
        self.entries.push(Entry { role, concept, idea, weight, nature, term: shown.join(" "), gloss, slots });
        true
    }

    fn add_measured(&mut self, concept: &'static str, weight: u8, gloss: &'static str) {
        if self.measured.iter().all(|entry| entry.weight != weight || entry.gloss != gloss) {
            let (idea, concept) = (concept, self.concept(concept));
            let term = gloss.to_owned();
            let entry = Entry {
                role: Role::Lack,
                concept,
                idea,
                weight,
                nature: Nature::of(idea),
                term,
                gloss,
                slots: Vec::new(),
            };
            self.measured.push(entry);
        }
    }

    /// Merges values out of their limits into the hits, in text order. A value replaces the lighter hits on the same
    /// words. A value is never negated: "no fever, temp 40".
    pub(super) fn with_measures<'l>(&'l self, hits: Vec<Hit<'l>>, measures: &[Measure]) -> Vec<Hit<'l>> {
        if measures.is_empty() {
            return hits;
        }
        let told = |measure: &&Measure| {
            // The lists contain "GCS 3", and an arrest outweighs a blood pressure on the same words.
            let next = hits.partition_point(|hit| hit.words.end <= measure.words.start);
            let within = hits.get(next..).unwrap_or_default().iter();
            within
                .take_while(|hit| hit.words.start < measure.words.end)
                .all(|hit| hit.entry.weight < measure.weight)
        };
        let of = |measure: &Measure| {
            let fits = |entry: &&Entry| entry.weight == measure.weight && entry.gloss == measure.gloss;
            let words = measure.words.clone();
            self.measured.iter().find(fits).map(|entry| Hit {
                entry,
                words,
                joined: false,
                mood: Mood::Plain,
            })
        };
        let measured: Vec<Hit<'l>> = measures.iter().filter(told).filter_map(of).collect();
        let covered = |hit: &Hit<'l>| {
            let next = measured.partition_point(|measure| measure.words.end <= hit.words.start);
            measured.get(next).is_some_and(|measure| measure.words.start < hit.words.end)
        };
        let mut all: Vec<Hit<'l>> = hits.into_iter().filter(|hit| !covered(hit)).collect();
        all.extend(measured.iter().cloned());
        all.sort_by_key(|hit| hit.words.start);
        all
    }

    /// Adds cues to words.
    fn add_cues(&mut self, words: &str, cues: Cues) {
        let text = Text::read(words);
        for word in &text.words {
            let id = self.id(text.spelling(word));
            self.starts.get_mut(id as usize).into_iter().for_each(|start| start.cues.join(cues));
        }
    }

    /// Adds the words of a vocabulary line as known words.
    fn know_words(&mut self, line: &str) {
        if !line.starts_with('#') {
            let text = Text::read(line);
            for word in &text.words {
                self.id(text.spelling(word));
            }
        }
    }

    fn sound_out(&mut self, term: &str) {
        for choice in term.split([' ', '|']) {
            let text = Text::read(choice);
            if let [word] = text.words.as_slice() {
                let id = self.id(text.spelling(word));
                self.sounds.add(text.spelling(word), id);
            }
        }
    }

    fn slot(&mut self, choices: &str) -> Vec<u32> {
        let mut slot = Vec::new();
        for choice in choices.split('|') {
            let text = Text::read(choice);
            // A choice is one word; anything else would never match.
            let [word] = text.words.as_slice() else { return Vec::new() };
            let spelling = text.spelling(word);
            slot.push(self.id(spelling));
            // The list may have the article where the text has none, and vice versa.
            if let Some(bare) = spelling.strip_prefix("ال").filter(|bare| bare.chars().count() >= 3) {
                slot.push(self.id(bare));
            }
        }
        slot.sort_unstable();
        slot.dedup();
        slot
    }

    fn id(&mut self, word: &str) -> u32 {
        if let Some(&id) = self.ids.get(word) {
            return id;
        }
        // The lists have a few thousand words, so the conversion never fails.
        let id = u32::try_from(self.starts.len()).unwrap_or(u32::MAX);
        self.ids.insert(word.to_owned(), id);
        self.starts.push(Start::default());
        id
    }

    fn concept(&mut self, name: &'static str) -> usize {
        if let Some(at) = self.concepts.iter().position(|concept| concept.name == name) {
            return at;
        }
        self.concepts.push(Concept {
            name,
            stated: format!("flag.{name}"),
            doubtful: format!("doubtful.{name}"),
            nearly: format!("near_miss.{name}"),
            negated: format!("negated.{name}"),
            category: format!("category.{name}"),
        });
        self.concepts.len() - 1
    }
}

impl Hit<'_> {
    /// The hit with the mood `Denied` if a later word of it has the Egyptian negation: قلبه موقفش.
    fn denied_within(mut self, known: &Known) -> Self {
        let later = self.words.clone().zip(&self.entry.slots).skip(1);
        let denied = |(word, slot): (usize, &Vec<u32>)| {
            known.forms(word).iter().any(|form| form.mood == Mood::Denied && slot.contains(&form.id))
        };
        if self.mood == Mood::Plain && later.into_iter().any(denied) {
            self.mood = Mood::Denied;
        }
        self
    }
}

impl Entry {
    /// Whether the words after the second fit. A phrase does not run across a comma or a full stop.
    fn continues(&self, text: &Text, known: &Known, at: usize) -> bool {
        // The look-up already matched the first two words.
        self.slots.iter().enumerate().skip(2).all(|(offset, slot)| {
            text.words.get(at + offset).is_some_and(|word: &Word| word.gap <= Gap::Line)
                && known.forms(at + offset).iter().any(|form| slot.contains(&form.id))
        })
    }
}

type Rank = (usize, bool, u8, Reverse<usize>);

/// A spelling of a word that the lists know.
struct Form {
    id: u32,
    // Whether the form has all letters of the word.
    whole: bool,
    // Whether the word is a correction that is valid only within a phrase.
    in_a_phrase: bool,
    joined: bool,
    mood: Mood,
}

struct Known {
    forms: Vec<Form>,
    // For each word of the text, its range in `forms`.
    ends: Vec<Range<usize>>,
    cues: Vec<Cues>,
}

impl Known {
    /// Whether one of the words is a correction that is valid only within a phrase.
    fn is_guessed(&self, mut words: Range<usize>) -> bool {
        words.any(|word| self.forms(word).iter().any(|form| form.in_a_phrase))
    }

    fn forms(&self, word: usize) -> &[Form] {
        self.ends.get(word).and_then(|range| self.forms.get(range.clone())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
