//! Findings that are meant in another sense: "arrested" by the police, in "shock" at a bill.
//!
//! A word of the same sentence shows the sense. It only speaks where nothing else in the text is grave: "he arrested while
//! the police were there, CPR failed" is an arrest. Such a finding is in doubt.

use super::cues::{Cue, Cues};
use super::lexicon::Hit;
use super::negation::Standing;
use super::text::{Gap, Text};

/// For each idea the cue that shows another sense of its terms, and up to how many words these have.
const SENSES: [(&str, Cue, usize); 8] = [
    ("cardiac_arrest", Cue::Police, 1),
    ("cardiac_arrest", Cue::Claim, 2),
    ("shock", Cue::Bill, 2),
    ("seizure", Cue::Goods, 1),
    ("fire", Cue::Work, 1),
    ("wrong_patient", Cue::Meal, 6),
    ("stroke", Cue::Art, 1),
    ("amputation", Cue::Bill, 1),
];
/// From which weight another finding shows that something grave happened.
const GRAVE: u8 = 3;

/// Puts in doubt what is stated and meant in another sense.
pub(super) fn in_another_sense(
    text: &Text,
    hits: &[Hit<'_>],
    cues: &[Cues],
    standings: &mut [Standing],
) {
    let meant = |index: usize| {
        let hit = hits.get(index)?;
        let shown = SENSES.iter().any(|&(idea, cue, words)| {
            hit.entry.idea == idea
                && hit.words.len() <= words
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
    let stated: Vec<usize> =
        standings.iter().enumerate().filter(|&(index, &standing)| grave(index, standing)).map(|(index, _)| index).collect();
    if stated.iter().all(|&index| other(index)) {
        for index in stated {
            standings.get_mut(index).into_iter().for_each(|standing| *standing = Standing::Doubtful);
        }
    }
}

/// The words of the sentence of a finding.
fn sentence(text: &Text, hit: &Hit<'_>) -> impl Iterator<Item = usize> {
    let inside = |at: &usize| text.words.get(*at).is_some_and(|word| word.gap < Gap::Stop);
    let first = (1..=hit.words.start).rev().take_while(inside).last().map_or(hit.words.start, |at| at - 1);
    let behind = (hit.words.end..text.words.len()).take_while(inside);
    (first..hit.words.end).chain(behind)
}
