//! Triggers after a finding: "was ruled out", "death? No.", "but not given", "prevented".

use super::{GRAVE, NEAR, Reader, Standing, can_be_averted};
use crate::triage::lexicon::Hit;
use crate::triage::roles::Role;
use crate::triage::text::Gap;

/// The greatest number of words between a finding and "was ruled out": "a bleed in the left frontal lobe was ruled
/// out".
pub(super) const BACK: usize = 6;
/// The number of terms before "not given" that it can make a near miss.
const HITS_BACK: usize = 6;
/// The greatest number of words of a question that a "no" answers: "did he stop breathing? No."
const QUESTION: usize = 6;

impl Reader<'_, '_> {
    /// "Any deaths? No.": the answer negates the findings of a short question.
    pub(super) fn answer(&mut self, index: usize, cue: &Hit<'_>) {
        let asked = self.text.words.get(cue.words.start).is_some_and(|word| word.asked);
        if !(asked && matches!(cue.entry.role, Role::No | Role::Not | Role::None) && self.answers(cue)) {
            return;
        }
        let first = self.hits.get(self.sentence).map_or(cue.words.start, |hit| hit.words.start);
        let begins = (first..cue.words.start).rev().find(|&word| self.gap(word) == Gap::Stop).unwrap_or(0);
        let question = self.sentence..index;
        let turns = self.hits.get(question.clone()).unwrap_or_default().iter().any(|hit| {
            matches!(
                hit.entry.role,
                Role::But | Role::The | Role::Averted | Role::Chance | Role::No | Role::Not
            )
        });
        if cue.words.start - begins <= QUESTION && !turns {
            question.for_each(|earlier| self.set(earlier, Standing::Negated));
        }
    }

    /// Whether a cue is the whole answer: "arrest: no.", "deaths: 0", but not "0.5 mg" or "death no. 2".
    pub(super) fn answers(&self, cue: &Hit<'_>) -> bool {
        let word =
            |at: usize| self.text.words.get(at).map(|word| self.text.spelling(word)).unwrap_or_default();
        let digit = |at: usize| word(at).starts_with(|c: char| c.is_ascii_digit());
        let after_a_colon = !digit(cue.words.start) || self.gap(cue.words.start) == Gap::Comma;
        self.gap(cue.words.end) >= Gap::Comma && after_a_colon && !digit(cue.words.end)
    }

    /// Whether the cue is the last word of its line or clause.
    pub(super) fn ends(&self, cue: &Hit<'_>) -> bool {
        self.gap(cue.words.end) >= Gap::Line
    }

    /// Negates the findings up to `reach` words before a cue, with the findings that "and" or "or" joins to them.
    pub(super) fn undo(&mut self, index: usize, cue: &Hit<'_>, reach: usize) {
        let mut end = cue.words.start;
        let mut first = true;
        // Every hit has at least one word, so the loop visits few hits.
        for (earlier, hit) in self.hits.iter().enumerate().take(index).skip(self.clause).rev() {
            let between = end.saturating_sub(hit.words.end);
            if between > reach {
                break;
            }
            let comma = (hit.words.end..=end).any(|word| self.gap(word) >= Gap::Line);
            match hit.entry.role {
                // "Died: no.", but not "found dead, none with him".
                Role::Verb if reach > 0 || self.gap(cue.words.end) < Gap::Line => break,
                Role::Flag | Role::Lack | Role::Verb => {
                    // "Death, the relatives were not found": the comma separates the finding from the cue. In "deaths:
                    // none" the cue negates the finding; in "found dead, none with him" it does not.
                    let apart = self.gap(end) >= Gap::Line;
                    let adjoining = between == 0
                        && (!apart || self.gap(hit.words.start) >= Gap::Line || hit.words.start == 0);
                    if !(adjoining || first && !comma && self.placed(hit)) {
                        break;
                    }
                    let far = cue.words.start - hit.words.end > NEAR;
                    let doubt = (far || cue.entry.role == Role::Unseen) && hit.entry.weight >= GRAVE;
                    self.set(earlier, if doubt { Standing::Doubtful } else { Standing::Negated });
                    end = hit.words.start;
                    first = false;
                }
                Role::And | Role::Or | Role::Sort | Role::Any | Role::Sign if between == 0 => {
                    end = hit.words.start
                }
                _ if first && !comma => {}
                _ => break,
            }
        }
    }

    /// Matches "the wrong dose was prepared but not given", but not "wrong dose given, the antidote was not given".
    pub(super) fn ungiven(&mut self, index: usize, cue: &Hit<'_>) {
        let before = index.checked_sub(1).and_then(|before| self.hits.get(before));
        let of_the_same = before.is_some_and(|before| {
            let joins = matches!(before.entry.role, Role::But | Role::And | Role::Or | Role::Being);
            before.words.end == cue.words.start && (joins || before.entry.role.is_finding())
        });
        let goes_on = self
            .text
            .words
            .get(cue.words.end)
            .is_some_and(|next| next.gap < Gap::Line && !self.text.spelling(next).starts_with('و'));
        let to_whom = self.next_to(cue).is_some_and(|next| {
            next.joined
                || matches!(next.entry.role, Role::Patient | Role::Preposition | Role::And | Role::But)
        });
        if !(of_the_same || cue.joined) || goes_on && !to_whom {
            return;
        }
        self.stopped(index);
    }

    /// Marks stated errors of administration before the cue as near misses.
    pub(super) fn stopped(&mut self, index: usize) {
        for (earlier, hit) in
            self.hits.iter().enumerate().take(index).skip(self.sentence).rev().take(HITS_BACK)
        {
            if hit.entry.nature.gives_wrong && self.standings.get(earlier) == Some(&Standing::Stated) {
                self.set(earlier, Standing::Nearly);
            }
        }
    }

    /// Marks the stated findings of the sentence as near misses, except those that cannot be averted.
    pub(super) fn avert(&mut self, index: usize) {
        // Once per sentence, so that a text full of "prevented" does not cost quadratic time.
        if !self.averted {
            self.averted = true;
            for (earlier, hit) in self.hits.iter().enumerate().take(index).skip(self.sentence) {
                let stated = self.standings.get(earlier) == Some(&Standing::Stated);
                if stated && hit.entry.role.is_finding() && can_be_averted(hit) {
                    self.set(earlier, Standing::Nearly);
                }
            }
        }
    }
}
