//! Word senses: a finding in another sense ("arrested" by the police, in "shock" at a bill), and a finding about an
//! object ("the projector died", الكرسي انكسر). Such a finding is doubtful.
//!
//! A cue word of the same sentence shows the sense. The rule applies only if nothing else in the text is grave: "he
//! arrested while the police were there, CPR failed" is a cardiac arrest. An object is the subject if it directly
//! precedes the finding, directly follows an Arabic verb, or begins the clause with its place: "the plant on the ward
//! died".

use super::cues::{Cue, Cues};
use super::lexicon::Hit;
use super::negation::Standing;
use super::text::{Gap, Text};

/// For each concept: the cue that shows another sense, and the greatest number of words of an affected term.
const SENSES: [(&str, Cue, usize); 5] = [
    ("cardiac_arrest", Cue::Police, 1),
    ("shock", Cue::Bill, 2),
    ("fire", Cue::Work, 1),
    ("wrong_patient", Cue::Meal, 6),
    ("stroke", Cue::Art, 1),
];
/// The police arrest somebody: the verb is passive, or names a reason or an agent. A heart arrests by itself.
const PASSIVE: [&str; 6] = ["was", "were", "been", "being", "got", "is"];
const AGENT: [&str; 2] = ["by", "for"];
/// The weight from which another finding shows that something grave happened.
const GRAVE: u8 = 3;

/// The concepts whose terms also describe objects.
const DONE_BY_THINGS: [&str; 6] = ["death", "cardiac_arrest", "fracture", "fall", "bleeding", "stroke"];
/// The number of words for which an object with its place stays the subject.
const PLACED: usize = 6;

/// Marks findings about objects as doubtful.
pub(super) fn told_of_things(text: &Text, hits: &[Hit<'_>], cues: &[Cues], standings: &mut [Standing]) {
    let shows = |at: usize, cue: Cue| cues.get(at).is_some_and(|cues| cues.has(cue));
    let gap = |at: usize| text.words.get(at).map_or(Gap::Stop, |word| word.gap);
    // The end of the last finding about an object: "fell and broke" continues it.
    let mut until = None;
    // Where the clause begins, looked for once: a text full of findings must not be walked again for each.
    let (mut clause, mut looked) = (0, 0);
    for (hit, standing) in hits.iter().zip(standings) {
        let start = hit.words.start;
        let begins = |at: &usize| *at == 0 || gap(*at) >= Gap::Comma || shows(*at, Cue::Split);
        clause = (looked..=start).rev().find(begins).unwrap_or(clause);
        looked = looked.max(start);
        let does = DONE_BY_THINGS.contains(&hit.entry.idea) && hit.entry.role.is_finding();
        if !does || *standing != Standing::Stated {
            continue;
        }
        let first = (clause..start).find(|&at| !(shows(at, Cue::Article) || shows(at, Cue::Split)));
        let arabic = text.words.get(start).is_some_and(|word| word.arabic);
        // "The patient in the wheelchair died" tells of the patient.
        let of_another = |at: usize| shows(at, Cue::Behind) || shows(at, Cue::Recipient);
        let right_before = start > clause
            && shows(start - 1, Cue::Object)
            && !(clause..start - 1).any(of_another)
            && !shows(hit.words.end, Cue::Recipient);
        let next = text.words.get(hit.words.end).map(|word| text.spelling(word)).unwrap_or_default();
        let behind = arabic
            && gap(hit.words.end) == Gap::Space
            && shows(hit.words.end, Cue::Object)
            && !next.starts_with('و');
        let placed = first.is_some_and(|first| {
            let words = first + 1..start;
            shows(first, Cue::Object)
                && words.len() <= PLACED
                && shows(first + 1, Cue::Behind)
                && !words
                    .clone()
                    .any(|at| shows(at, Cue::Recipient) || shows(at, Cue::Done) || shows(at, Cue::Given))
        });
        let goes_on = until == Some(start) && hit.joined;
        if right_before || behind || placed || goes_on {
            *standing = Standing::Doubtful;
            until = Some(hit.words.end);
        }
    }
}

/// Marks stated findings in another sense as doubtful.
pub(super) fn in_another_sense(text: &Text, hits: &[Hit<'_>], cues: &[Cues], standings: &mut [Standing]) {
    let meant = |index: usize| {
        let hit = hits.get(index)?;
        let shown = SENSES.iter().any(|&(idea, cue, words)| {
            hit.entry.idea == idea
                && hit.words.len() <= words
                && (cue != Cue::Police || is_passive(text, hit))
                && sentence(text, hit).any(|at| {
                    let shown = cues.get(at).copied().unwrap_or_default();
                    !hit.words.contains(&at) && shown.has(cue)
                })
                && !(cue == Cue::Meal
                    && sentence(text, hit).any(|at| cues.get(at).is_some_and(|cues| cues.has(Cue::Medicine))))
        });
        Some(shown)
    };
    let other = |index: usize| meant(index) == Some(true);
    let grave = |index: usize, standing: Standing| {
        let stated = standing == Standing::Stated;
        stated && hits.get(index).is_some_and(|hit| hit.entry.weight >= GRAVE && hit.entry.role.is_finding())
    };
    let stated: Vec<usize> = standings
        .iter()
        .enumerate()
        .filter(|&(index, &standing)| grave(index, standing))
        .map(|(index, _)| index)
        .collect();
    if stated.iter().all(|&index| other(index)) {
        for index in stated {
            standings.get_mut(index).into_iter().for_each(|standing| *standing = Standing::Doubtful);
        }
    }
}

/// Whether a verb says what is done to its subject: "was arrested", "arrested by two officers".
fn is_passive(text: &Text, hit: &Hit<'_>) -> bool {
    let spelling = |at: usize| text.words.get(at).map(|word| text.spelling(word)).unwrap_or_default();
    hit.words.start.checked_sub(1).is_some_and(|before| PASSIVE.contains(&spelling(before)))
        || AGENT.contains(&spelling(hit.words.end))
}

/// The indexes of the words in the sentence of a finding.
fn sentence(text: &Text, hit: &Hit<'_>) -> impl Iterator<Item = usize> {
    let inside = |at: &usize| text.words.get(*at).is_some_and(|word| word.gap < Gap::Stop);
    let first = (1..=hit.words.start).rev().take_while(inside).last().map_or(hit.words.start, |at| at - 1);
    let behind = (hit.words.end..text.words.len()).take_while(inside);
    (first..hit.words.end).chain(behind)
}

#[cfg(test)]
mod tests {
    use crate::triage::{Case, EmbeddedRules, Scorer as _};

    fn score(narrative: &str) -> u8 {
        EmbeddedRules.score(&Case { narrative, ..Case::default() }).score
    }

    #[test]
    fn another_sense_is_doubtful() {
        for told in [
            "The friend was arrested in the corridor, two officers, handcuffs.",
            "Patient in shock after the parking bill.",
            "The projector in the front row died.",
            "The plant on the ward died",
            "الكرسي انكسر",
            "الدولاب طاح وانكسر",
        ] {
            assert!((1..26).contains(&score(told)), "{told} {}", score(told));
        }
    }

    #[test]
    fn the_grave_sense_counts() {
        for told in [
            "The police were there when he arrested, CPR failed",
            "In shock after the transfusion, BP 50/30, the bill came later",
            "The monitor was off and he died",
            "The phone was dead and the patient died",
            "الجهاز وقف والمريض مات",
            "وقعت الشاشة على المريض ومات",
        ] {
            assert!(score(told) >= 26, "{told} {}", score(told));
        }
    }
}
