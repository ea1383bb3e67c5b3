//! The reasons of a score in words: `near_miss.fall` is for programs, a report is for people.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::export::titles::{Words, words};

/// The titles of each concept code.
static CONCEPTS: LazyLock<BTreeMap<&str, Words>> = LazyLock::new(|| {
    let rows = include_str!("../triage/concepts.tsv").lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| {
        let mut cells = row.split('\t');
        Some((cells.next()?, words(cells.next()?, cells.next()?)))
    })
    .collect()
});

/// The title of a rule in English and Arabic. A rule without a title (of a host's own scorer) is shown as its code.
pub(super) fn named(rule: &str) -> (String, String) {
    if let Some(whole) = CONCEPTS.get(rule) {
        return (whole.en.to_owned(), whole.ar.to_owned());
    }
    let parts = rule.split_once('.').and_then(|(_, concept)| {
        let standing = rule.strip_suffix(concept)?;
        Some((CONCEPTS.get(standing)?, CONCEPTS.get(concept)?))
    });
    match parts {
        Some((standing, concept)) => {
            (standing.en.replace("{}", concept.en), standing.ar.replace("{}", concept.ar))
        }
        None => (rule.to_owned(), rule.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::{Case, EmbeddedRules, Scorer as _};

    fn is_said(rule: &str) -> bool {
        let (en, ar) = named(rule);
        let arabic = |text: &str| text.chars().any(crate::export::direction::is_arabic);
        en != rule && !en.contains(['_', '{']) && !arabic(&en) && arabic(&ar) && !ar.contains(['_', '{'])
    }

    #[test]
    fn every_idea_of_the_word_lists_has_words_in_both_languages() {
        for row in [include_str!("../triage/lexicon_en.tsv"), include_str!("../triage/lexicon_ar.tsv")]
            .into_iter()
            .flat_map(str::lines)
            .filter(|row| !row.starts_with('#'))
        {
            let [role, concept, ..] = row.split('\t').collect::<Vec<_>>()[..] else { continue };
            if !["flag", "verb", "lack"].contains(&role) {
                continue;
            }
            for standing in ["near_miss", "doubtful", "negated", "category"] {
                assert!(is_said(&format!("{standing}.{concept}")), "{standing}.{concept}");
            }
            let (en, ar) = named(&format!("flag.{concept}"));
            assert!(!en.contains('.') && !ar.contains('.'), "{concept}");
        }
    }

    #[test]
    fn every_reason_of_a_score_has_words_in_both_languages() {
        for rule in ["word", "other_words", "learned.word", "learned.rest", "actual_harm", "potential_harm"] {
            let (en, ar) = named(rule);
            assert!(en != ar && !en.contains('_'), "{rule}");
        }
        let case = Case {
            narrative: "The patient nearly fell. There was no fracture. She died.",
            category: Some("medication error"),
            actual_harm: Some(3),
            potential_harm: Some(6),
            ..Case::default()
        };
        let reasons = EmbeddedRules.score(&case).reasons;
        assert!(reasons.len() >= 5);
        for reason in reasons {
            let (en, ar) = named(&reason.rule);
            assert!(en != ar && !ar.contains('.'), "{}", reason.rule);
        }
    }

    #[test]
    fn a_rule_without_a_title_is_shown_as_its_code() {
        for code in ["house.rule_7", "flag.unheard_of", "x"] {
            assert_eq!(named(code), (code.to_owned(), code.to_owned()));
        }
    }
}
