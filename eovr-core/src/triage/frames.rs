//! Findings that belong to another person, another time, an object or an exercise.
//!
//! Examples: "her father died", "in 2015 he had a stroke", "the sepsis box was empty", "exercise: three dead". The text
//! contains the words of a finding, but the event did not happen here, now and to this patient. Each rule marks the
//! finding as doubtful instead of negated. A doubtful finding counts half.
//!
//! - **Relative**: a relative is the subject. The rule applies up to the end of the clause, or until the text names
//!   another person: "his wife found *him* dead" is about him. A child is not a relative here, because on a maternity
//!   ward "her baby died" is the event.
//! - **Time**: the clause names a time long ago.
//! - **Object**: the name of an object contains a finding: "arrest trolley", "burns unit".
//! - **Old**: the text calls the finding old: "old subdural bleed".
//! - **Exercise**: the sentence reports an exercise. The rule applies up to the end of the sentence or a contrast
//!   ("stopped when …"). It does not apply where the exercise is only the circumstance: "during the drill a patient
//!   fell". "It was only a drill" applies to the whole text, and "this is no drill" ends it from there on.
//!
//! A finding that continues a doubtful one is doubtful too: "arrest in 2015, CPR for an hour".

use super::lexicon::{Entry, Hit};
use super::negation::Standing;
use super::roles::Role;
use super::text::{Gap, Text};

/// The number of words for which a relative stays the subject.
const KIN_REACH: usize = 10;
/// Beginnings of Arabic verbs (find, see, bring, hurt …) that carry the object as an attached pronoun: "his wife
/// found-him dead".
const DONE_TO: [&str; 30] = [
    "وجد", "لق", "لاق", "شاف", "حصل", "عثر", "راي", "راه", "صح", "جاب", "نقل", "ودا", "ودي", "اخذ", "خد",
    "ضرب", "قتل", "طعن", "خنق", "دفع", "ترك", "ساب", "ذبح", "رم", "حرق", "عض", "حمل", "زار", "سمع", "سلم",
];
/// The words that precede a year without a day.
const YEAR_CUES: [&str; 4] = ["in", "عام", "سنه", "في"];
/// Years that were over when this code was written. The scorer has no clock.
const LONG_AGO: std::ops::Range<u16> = 1900..2026;

/// Marks stated findings as doubtful where they belong to something else.
pub(super) fn set_apart(text: &Text, hits: &[Hit<'_>], standings: &mut [Standing]) {
    let mut reader = Reader {
        text,
        hits,
        standings,
        sentence: 0,
        clause: 0,
        turned: 0,
        kin: 0,
        past: false,
        exercise: false,
        exercised: false,
        invented: false,
    };
    let mut read = 0;
    for (index, hit) in hits.iter().enumerate() {
        for word in read..hit.words.start {
            reader.cross(word, index);
            reader.pass_over(word, index);
        }
        reader.cross(hit.words.start, index);
        reader.meet(index, hit);
        read = hit.words.end;
    }
    // A year may follow the last hit.
    for word in read..text.words.len() {
        reader.cross(word, hits.len());
        reader.pass_over(word, hits.len());
    }
}

struct Reader<'r, 'l> {
    text: &'r Text,
    hits: &'r [Hit<'l>],
    standings: &'r mut [Standing],
    // Index of the first hit of this sentence, and of this clause.
    sentence: usize,
    clause: usize,
    // Index of the first hit after the last contrast ("but", "when").
    turned: usize,
    // The remaining number of words for which a relative is the subject.
    kin: usize,
    past: bool,
    exercise: bool,
    // The exercise already contained a finding.
    exercised: bool,
    // The whole text is an exercise, a test or fiction.
    invented: bool,
}

impl Reader<'_, '_> {
    fn cross(&mut self, word: usize, index: usize) {
        let gap = self.text.words.get(word).map_or(Gap::Space, |word| word.gap);
        if gap >= Gap::Comma {
            self.turn(index);
        }
        if gap == Gap::Stop {
            self.exercise = false;
            self.sentence = index;
        }
    }

    /// A new clause begins.
    fn turn(&mut self, index: usize) {
        self.clause = index;
        self.kin = 0;
        self.past = false;
    }

    fn pass_over(&mut self, word: usize, index: usize) {
        self.kin = self.kin.saturating_sub(1);
        if self.is_year(word) {
            self.was_past(index);
        }
        if self.kin > 0 && self.carries_a_pronoun(word) {
            self.kin = 0;
        }
    }

    /// Whether an Arabic word is a verb with the attached pronoun "him", "her" or "them": "his father found-him". The
    /// pronoun refers to the patient: "his uncle, they-found-him".
    fn carries_a_pronoun(&self, word: usize) -> bool {
        self.text.words.get(word).filter(|word| word.arabic).is_some_and(|word| {
            let spelling = self.text.spelling(word);
            let ends = |ends: [&str; 3]| ends.iter().any(|end| spelling.ends_with(end));
            let begins = |word: &str| DONE_TO.iter().any(|begin| word.starts_with(begin));
            ends(["ه", "ها", "هم"])
                && !ends(["وه", "وها", "وهم"])
                && (begins(spelling) || spelling.strip_prefix(['و', 'ف']).is_some_and(begins))
        })
    }

    /// "In 2015": a year without a day is long ago, because reporters write a recent date with its day.
    fn is_year(&self, word: usize) -> bool {
        let spelling =
            |word: usize| self.text.words.get(word).map(|word| self.text.spelling(word)).unwrap_or_default();
        let year = spelling(word);
        let named = word.checked_sub(1).map(spelling).is_some_and(|before| YEAR_CUES.contains(&before));
        named && year.parse().is_ok_and(|year: u16| LONG_AGO.contains(&year))
    }

    fn meet(&mut self, index: usize, hit: &Hit<'_>) {
        match hit.entry.role {
            Role::Kin => {
                // "تُوفي والده": in Arabic the verb precedes its subject.
                self.adjoining(index, hit, |before| !before.nature.has_a_doer);
                self.kin = KIN_REACH;
            }
            Role::Who | Role::Patient => {
                self.kin = 0;
                if self.begins_a_clause(index, hit) {
                    self.past = false;
                    if !self.exercised {
                        self.turned = index;
                        (self.exercise, self.invented) = (false, false);
                    }
                }
            }
            Role::Being if self.carries_a_pronoun(hit.words.start) => self.kin = 0,
            Role::Ago => self.was_past(index),
            Role::Thing => self.adjoining(index, hit, |_| true),
            Role::Invented => {
                // Once: a text full of drills must not be walked again for each.
                if !std::mem::replace(&mut self.invented, true) {
                    self.doubt_since(0, index);
                }
            }
            Role::Exercise if !self.exercise && !self.circumstance(index) => {
                (self.exercise, self.exercised) = (true, false);
                self.doubt_since(self.sentence.max(self.turned), index);
            }
            Role::Real => {
                self.turned = index;
                (self.exercise, self.invented) = (false, false);
            }
            Role::But => {
                self.turn(index);
                self.turned = index;
                self.exercise = false;
            }
            role if role.is_finding() => {
                if self.carries_a_pronoun(hit.words.start) {
                    self.kin = 0;
                }
                let by_kin = self.kin > 0
                    && !self.has_an_object(hit)
                    && (!hit.entry.nature.has_a_doer || self.is_passive(index, hit));
                self.exercised |= self.exercise || self.invented;
                if by_kin
                    || self.past
                    || self.exercise
                    || self.invented
                    || self.bygone(index, hit)
                    || self.belongs_to_doubt(index, hit)
                {
                    self.doubt(index);
                }
            }
            _ => self.kin = self.kin.saturating_sub(hit.words.len()),
        }
    }

    /// Whether the finding is a passive verb and the relative its subject: "his son was stabbed".
    fn is_passive(&self, index: usize, hit: &Hit<'_>) -> bool {
        let before = index.checked_sub(1).and_then(|before| self.hits.get(before));
        before.is_some_and(|before| {
            let last = self.text.words.get(before.words.end - 1).map(|word| self.text.spelling(word));
            before.words.end == hit.words.start
                && before.entry.role == Role::Being
                && matches!(last, Some("was" | "were" | "been" | "got" | "being"))
        })
    }

    /// Whether the finding has an object other than the relative: "father found her hanging".
    fn has_an_object(&self, hit: &Hit<'_>) -> bool {
        let spelling =
            |word: usize| self.text.words.get(word).map(|word| self.text.spelling(word)).unwrap_or_default();
        (hit.words.start + 1..hit.words.end).any(|word| {
            matches!(spelling(word), "him" | "her" | "them" | "patient")
                && !matches!(spelling(word + 1), "self" | "selves")
        })
    }

    /// Whether the hit directly follows an "and", or has one attached (Arabic): "the test call failed and the patient died".
    fn begins_a_clause(&self, index: usize, hit: &Hit<'_>) -> bool {
        if hit.joined {
            return true;
        }
        let mut start = hit.words.start;
        for before in self.hits.get(..index).unwrap_or_default().iter().rev() {
            if before.words.end != start {
                return false;
            }
            match before.entry.role {
                Role::The => start = before.words.start,
                role => return role == Role::And,
            }
        }
        false
    }

    /// Whether a word for "old" is next to the finding: "old subdural bleed", نزيف قديم.
    fn bygone(&self, index: usize, hit: &Hit<'_>) -> bool {
        let near = |other: Option<&Hit<'_>>, from: usize, to: usize| {
            other.is_some_and(|other| other.entry.role == Role::Bygone)
                && from == to
                && self.text.words.get(to).is_some_and(|word| word.gap <= Gap::Line)
        };
        let (before, next) =
            (index.checked_sub(1).and_then(|at| self.hits.get(at)), self.hits.get(index + 1));
        near(before, before.map_or(0, |before| before.words.end), hit.words.start)
            || near(next, next.map_or(0, |next| next.words.start), hit.words.end)
    }

    /// Whether the finding continues a doubtful one: "an old subdural bleed", "arrest in 2015, CPR for an hour", "burns
    /// as a child, full thickness, grafted".
    fn belongs_to_doubt(&self, index: usize, hit: &Hit<'_>) -> bool {
        let earlier = (self.sentence..index).rev().find_map(|at| {
            let earlier = self.hits.get(at).filter(|hit| hit.entry.role.is_finding())?;
            Some((earlier, *self.standings.get(at)?))
        });
        let Some((earlier, Standing::Doubtful)) = earlier else { return false };
        let gap = |word: usize| self.text.words.get(word).map_or(Gap::Stop, |word| word.gap);
        let adjoining = hit.entry.role == Role::Flag
            && earlier.words.end == hit.words.start
            && gap(hit.words.start) <= Gap::Line;
        let bare = gap(hit.words.start) == Gap::Comma
            && gap(hit.words.end) >= Gap::Comma
            && hit.entry.role == Role::Flag;
        let raised = hit.entry.idea == "resuscitation"
            && matches!(earlier.entry.idea, "cardiac_arrest" | "death" | "suicide")
            && hit.entry.weight == earlier.entry.weight;
        adjoining || bare && hit.entry.idea == earlier.entry.idea || raised
    }

    fn was_past(&mut self, index: usize) {
        // Once per clause, so that a text full of years does not cost quadratic time.
        if !std::mem::replace(&mut self.past, true) {
            self.doubt_since(self.clause, index);
        }
    }

    /// Marks a finding as doubtful where the next word names its owner or its object.
    fn adjoining(&mut self, index: usize, hit: &Hit<'_>, fits: impl Fn(&Entry) -> bool) {
        let mut index = index;
        let (mut start, mut before) = (hit.words.start, None);
        // "The death of her father".
        while let Some(last) =
            index.checked_sub(1).and_then(|last| self.hits.get(last).filter(|last| last.words.end == start))
        {
            before = Some(last);
            let of =
                |word: usize| self.text.words.get(word).is_some_and(|word| self.text.spelling(word) == "of");
            if hit.entry.role != Role::Kin || last.entry.role != Role::Preposition || !of(last.words.start) {
                break;
            }
            (index, start) = (index - 1, last.words.start);
        }
        let same_phrase = self.text.words.get(hit.words.start).is_some_and(|word| word.gap == Gap::Space);
        if before.is_some_and(|before| {
            same_phrase && before.words.end == start && before.entry.role.is_finding() && fits(before.entry)
        }) {
            self.doubt(index - 1);
        }
    }

    /// Whether the exercise is only the circumstance of an event: "during the drill".
    fn circumstance(&self, index: usize) -> bool {
        let before = self.hits.get(..index).unwrap_or_default().iter().rev();
        before
            .take(2)
            .take_while(|hit| matches!(hit.entry.role, Role::The | Role::During))
            .any(|hit| hit.entry.role == Role::During)
    }

    fn doubt_since(&mut self, first: usize, index: usize) {
        for earlier in first..index {
            self.doubt(earlier);
        }
    }

    fn doubt(&mut self, index: usize) {
        if let Some(standing) = self.standings.get_mut(index)
            && *standing == Standing::Stated
        {
            *standing = Standing::Doubtful;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexicon::lexicon;
    use super::super::negation::standings;
    use super::*;

    /// The standings of the findings of weight 4.
    fn grave(text: &str) -> Vec<Standing> {
        let read = Text::read(text);
        let hits = lexicon().find(&read);
        let mut found = standings(&read, &hits);
        set_apart(&read, &hits, &mut found);
        hits.iter()
            .zip(found)
            .filter(|(hit, _)| hit.entry.weight == 4)
            .map(|(_, standing)| standing)
            .collect()
    }

    #[test]
    fn findings_about_something_else_are_doubtful() {
        for text in [
            "His father died last month.",
            "Her sister died of the same illness",
            "Her brother had the same operation and died of it, patient is well.",
            "Patient's father died, she could not sleep.",
            "Cardiac arrest in 2015, well since then",
            "He had a cardiac arrest three years ago",
            "Evacuation exercise: three dead on the roof",
            "The manikin died twice",
            "Fire drill: two dead on the roof and the patient died",
            "Her father hung him self",
            "Cardiac arrest in bay 2. It was only a drill.",
            "Exercise exercise: roof down. Three dead.",
            "Old subdural on the scan",
            "His uncle was murdered in town",
            "The death of her husband troubles her",
            "توفي والد المريضة الشهر الماضي",
            "اخوه مات زمان",
            "والدته توفيت",
            "تمرين: ثلاث وفيات",
            "توقف قلبه عام 2015",
        ] {
            let found = grave(text);
            assert!(
                !found.is_empty() && found.iter().all(|&standing| standing == Standing::Doubtful),
                "{text} {found:?}"
            );
        }
    }

    #[test]
    fn findings_about_this_patient_are_stated() {
        for text in [
            "His wife found him dead.",
            "This is not a drill: three dead",
            "The test call failed and the patient died",
            "Father found her hanging",
            "زوجته وجدته ميتا",
            "Her father called and the patient died an hour later",
            "The mother died after the operation",
            "Her baby died",
            "My father died on your ward",
            "During the fire drill a patient died",
            "The exercise was stopped when a visitor had a cardiac arrest",
            "He had a stroke in 2015, died today",
            "Admitted for hip replacement last year. Died today.",
            "توفيت الأم بعد الولادة",
            "والدي توفي عندكم",
            "ابوه لقاه ميت",
            "أثناء التمرين توقف قلب مريض",
            "Ward sister reports death in bed 3",
            "Sister gave wrong blood",
            "His brother stabbed him on the ward",
            "جوزها لقاها ميتة",
            "Breathing exercises were done and the patient died",
            "Patient died while staff were attending a mock drill",
            "مثل العادة محد رد والمريض مات",
            "سجل وفاة المريض الساعة الخامسة",
            "Not seen since 2200 and found dead",
        ] {
            assert!(grave(text).contains(&Standing::Stated), "{text} {:?}", grave(text));
        }
    }
}
