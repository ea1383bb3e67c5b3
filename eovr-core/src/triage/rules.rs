//! The embedded scorer: it adds points for the reporter's grading, then for the words.

use std::borrow::Cow;

use super::facts;
use super::frames::set_apart;
use super::lexicon::{Concept, Entry, Hit, Lexicon, Reading, lexicon};
use super::measures;
use super::negation::{Standing, standings};
use super::roles::Role;
use super::senses::{in_another_sense, told_of_things};
use super::text::Text;
use super::{Case, Model, Reason, Scorer, Suggestion};
use crate::risk::Band;

/// The lowest score of each band; a score below `MEDIUM` is [`Band::Low`].
const MEDIUM: u8 = 20;
const HIGH: u8 = 45;
const EXTREME: u8 = 70;

/// Points for actual harm, by level. Severe harm alone gives a high band, death alone an extreme one.
const ACTUAL: [i16; 7] = [5, 10, 10, 25, 45, 65, 100];
/// Points for potential harm, by level. They count only if potential harm is worse than actual harm. A near miss that
/// could have killed gives a high band.
const POTENTIAL: [i16; 7] = [0, 0, 0, 2, 10, 24, 36];
/// Points for a term, by weight. One stated never event alone gives a high band.
const WEIGHT: [i16; 5] = [0, 6, 14, 26, 45];
/// The most points that near misses and doubtful findings add together: enough for medium, never for a mark.
const OPEN_CAP: i16 = 24;

/// The rules abstain on a text with fewer words than this, unless one of them is a finding.
const FEW_WORDS: usize = 3;
/// At least one in this many words must be known; otherwise the text counts as another language.
const KNOWN_SHARE: usize = 3;
/// In a text with a finding, fewer ordinary words than this cannot show the language.
const TOO_FEW: usize = 6;

/// The scorer that needs no training: transparent rules and word lists, English and Arabic.
///
/// **Score.** The reporter's own grading gives the base. Each concept of the word lists (death, fall, fire, …) counts
/// once, at its strongest mention: 6, 14, 26 or 45 points by weight. The second strongest concept counts half, the
/// third a quarter, and so on. A concept that nearly happened or is doubtful counts half, and all such concepts
/// together add at most 24 points. A negated concept adds nothing and is listed with 0 points. A chosen category adds
/// half the points of its concept if the text does not mention it. Points are never negative, so words may raise the
/// reporter's grading and never lower it.
///
/// **Bands.** Below 20 low, below 45 medium, below 70 high, from 70 extreme. `high_risk` is true from 45 points. One
/// stated never event or severe harm reaches that. A report graded as death is always extreme.
///
/// **Limits.** The scorer reads only the first 64 KiB of a narrative. The weights are judgement, not statistics.
/// The score orders a list; it is not a probability, and it is not validated on hospital incidents. No clinician has
/// reviewed the Arabic list. The scorer abstains, with band low, if the reporter graded no harm and the text is shorter
/// than three words, in another script, or in a language of which the lists know fewer than a third of the words. A
/// reason with the rule `unread.language` or `unread.beyond` and 0 points names the unread part.
///
/// ```
/// use eovr_core::triage::{Case, EmbeddedRules, Scorer};
///
/// let words = |narrative| EmbeddedRules.score(&Case { narrative, ..Case::default() });
/// assert!(words("The patient went into cardiac arrest.").high_risk);
/// assert!(!words("The patient fell. No injury, no loss of consciousness.").high_risk);
///
/// let graded = EmbeddedRules.score(&Case { actual_harm: Some(5), ..Case::default() });
/// assert_eq!(graded.reasons[0].term, "severe");
/// assert!(graded.high_risk);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct EmbeddedRules;

impl Scorer for EmbeddedRules {
    fn model(&self) -> Model {
        Model { id: Cow::Borrowed("eovr-rules"), version: Cow::Borrowed("2") }
    }

    fn score(&self, case: &Case<'_>) -> Suggestion {
        let lexicon = lexicon();
        let text = Text::read(case.narrative);
        let Reading { hits, known, cues } = lexicon.read(&text);
        let hits = lexicon.with_measures(hits, &measures::find(case.narrative, &text, &cues));
        let hits = lexicon.with_measures(hits, &facts::find(case.narrative, &text, &cues));
        let mut standings = standings(&text, &hits);
        set_apart(&text, &hits, &mut standings);
        told_of_things(&text, &hits, &cues, &mut standings);
        in_another_sense(&text, &hits, &cues, &mut standings);

        let mut reasons = Vec::new();
        grade(case, &mut reasons);
        let understood = understood(&text, &hits, known);
        let abstained = reasons.is_empty() && !(understood && says_something(&text, &hits));
        // In an unknown language no finding counts, because a match may be a false friend.
        let mut findings =
            if understood { strongest(lexicon, &text, &hits, &standings) } else { no_findings(lexicon) };
        from_category(lexicon, case.category, &mut findings);
        weigh(lexicon, findings, &mut reasons);
        unread(case, &text, understood, &mut reasons);

        let sum = reasons.iter().fold(0_i16, |sum, reason| sum.saturating_add(reason.points));
        let score = u8::try_from(sum.clamp(0, 100)).unwrap_or_default();
        Suggestion {
            model: self.model(),
            score,
            band: band(score),
            high_risk: score >= HIGH,
            abstained,
            reasons,
        }
    }
}

fn band(score: u8) -> Band {
    match score {
        EXTREME.. => Band::Extreme,
        HIGH.. => Band::High,
        MEDIUM.. => Band::Medium,
        _ => Band::Low,
    }
}

/// The points of the reporter's own grading.
fn grade(case: &Case<'_>, reasons: &mut Vec<Reason>) {
    let level = |harm: Option<u8>| harm.filter(|&level| level <= 6);
    let (actual, potential) = (level(case.actual_harm), level(case.potential_harm));
    if let Some(level) = actual {
        reasons.push(graded("actual_harm", level, &ACTUAL, "harm done, as graded"));
    }
    if let Some(level) = potential.filter(|&level| actual.is_none_or(|actual| level > actual)) {
        reasons.push(graded(
            "potential_harm",
            level,
            &POTENTIAL,
            "harm that could have been done, as graded",
        ));
    }
}

fn graded(rule: &'static str, level: u8, points: &[i16; 7], gloss: &'static str) -> Reason {
    const LEVELS: [&str; 7] =
        ["unsafe condition", "near miss", "no harm", "mild", "moderate", "severe", "death"];
    let level = usize::from(level);
    Reason {
        rule: Cow::Borrowed(rule),
        span: None,
        term: Cow::Borrowed(LEVELS.get(level).copied().unwrap_or_default()),
        gloss: Cow::Borrowed(gloss),
        points: points.get(level).copied().unwrap_or_default(),
    }
}

/// Whether the text is in a language of the lists: the lists know a third of its ordinary words. Findings do not count
/// as ordinary words, because other languages share many of them ("fracture"). With few ordinary words, a finding is
/// enough.
fn understood(text: &Text, hits: &[Hit<'_>], known: usize) -> bool {
    let findings = hits.iter().filter(|hit| hit.entry.role.is_finding());
    let words: usize = findings.map(|hit| hit.words.len()).sum();
    let (ordinary, known) = (text.lettered.saturating_sub(words), known.saturating_sub(words));
    // "Found dead" or توفي among names and drugs is not a chance match with another language.
    let certain = hits.iter().any(|hit| {
        let arabic = text.words.get(hit.words.start).is_some_and(|word| word.arabic);
        let plain = hit.entry.role == Role::Verb || arabic || hit.words.len() > 1;
        hit.entry.weight == 4 && hit.entry.role.is_finding() && plain
    });
    let enough = certain || known * KNOWN_SHARE >= ordinary || (words > 0 && ordinary < TOO_FEW);
    enough && text.native >= text.foreign
}

/// Whether the text is long enough for a score of 0 to mean something.
fn says_something(text: &Text, hits: &[Hit<'_>]) -> bool {
    text.words.len() >= FEW_WORDS && !hits.is_empty() || hits.iter().any(|hit| hit.entry.role.is_finding())
}

/// Adds a reason for each unread part of the text.
fn unread(case: &Case<'_>, text: &Text, understood: bool, reasons: &mut Vec<Reason>) {
    let mut say = |rule, span, gloss| {
        let (rule, term, gloss) = (Cow::Borrowed(rule), Cow::Borrowed(""), Cow::Borrowed(gloss));
        reasons.push(Reason { rule, span, term, gloss, points: 0 });
    };
    if !understood && text.lettered >= FEW_WORDS {
        say(
            "unread.language",
            None,
            "fewer than a third of the words are English or Arabic that the lists know",
        );
    }
    if let Some(cut) = text.cut {
        say("unread.beyond", Some(cut..case.narrative.len()), "what is beyond 64 KiB was not read");
    }
}

/// A concept at its strongest mention.
struct Finding<'l> {
    entry: &'l Entry,
    standing: Standing,
    span: Option<std::ops::Range<usize>>,
    points: i16,
}

/// Keeps the strongest mention of each concept; the first of equal ones.
fn strongest<'l>(
    lexicon: &Lexicon,
    text: &Text,
    hits: &[Hit<'l>],
    standings: &[Standing],
) -> Vec<Option<Finding<'l>>> {
    let mut findings = no_findings(lexicon);
    for (hit, &standing) in hits.iter().zip(standings) {
        let (Some(slot), true) = (findings.get_mut(hit.entry.concept), hit.entry.role.is_finding()) else {
            continue;
        };
        let points = points(hit.entry, standing);
        if slot.as_ref().is_none_or(|best| points > best.points) {
            *slot = Some(Finding { entry: hit.entry, standing, span: place(text, hit), points });
        }
    }
    findings
}

fn no_findings<'l>(lexicon: &Lexicon) -> Vec<Option<Finding<'l>>> {
    let mut findings = Vec::new();
    findings.resize_with(lexicon.concepts.len(), || None);
    findings
}

fn points(entry: &Entry, standing: Standing) -> i16 {
    let points = WEIGHT.get(usize::from(entry.weight)).copied().unwrap_or_default();
    match standing {
        Standing::Stated => points,
        Standing::Doubtful | Standing::Nearly => points / 2,
        Standing::Negated => 0,
    }
}

fn place(text: &Text, hit: &Hit<'_>) -> Option<std::ops::Range<usize>> {
    let mut spans = text.words.get(hit.words.clone())?.iter().map(|word| &word.span);
    let first = spans.next()?;
    Some(first.start..spans.next_back().unwrap_or(first).end)
}

/// Adds the concept of the chosen category if the text does not mention it. A category names the kind of report and
/// does not state that a patient was harmed, so it counts half. It has no span.
fn from_category<'l>(lexicon: &'l Lexicon, category: Option<&str>, findings: &mut [Option<Finding<'l>>]) {
    for hit in lexicon.find(&Text::read(category.unwrap_or_default())) {
        let (Some(slot), true) = (findings.get_mut(hit.entry.concept), hit.entry.role.is_finding()) else {
            continue;
        };
        let points = points(hit.entry, Standing::Nearly);
        if slot.as_ref().is_none_or(|best| points > best.points) {
            *slot = Some(Finding { entry: hit.entry, standing: Standing::Stated, span: None, points });
        }
    }
}

/// Turns findings into reasons, strongest first. Each concept after the first counts half as much as the one before.
fn weigh(lexicon: &'static Lexicon, findings: Vec<Option<Finding<'static>>>, reasons: &mut Vec<Reason>) {
    let mut findings: Vec<Finding<'static>> = findings.into_iter().flatten().collect();
    let start = |finding: &Finding<'_>| finding.span.as_ref().map(|span| span.start);
    findings.sort_by(|a, b| b.points.cmp(&a.points).then_with(|| start(a).cmp(&start(b))));
    let mut open_left = OPEN_CAP;
    for (place, finding) in findings.into_iter().enumerate() {
        let Some(concept) = lexicon.concepts.get(finding.entry.concept) else { continue };
        let mut points = finding.points.checked_shr(u32::try_from(place).unwrap_or(u32::MAX)).unwrap_or(0);
        if matches!(finding.standing, Standing::Nearly | Standing::Doubtful) {
            points = points.min(open_left);
            open_left -= points;
        }
        reasons.push(Reason {
            rule: Cow::Borrowed(rule(concept, &finding)),
            span: finding.span,
            term: Cow::Borrowed(&finding.entry.term),
            gloss: Cow::Borrowed(finding.entry.gloss),
            points,
        });
    }
}

fn rule(concept: &'static Concept, finding: &Finding<'_>) -> &'static str {
    match finding.standing {
        _ if finding.span.is_none() => &concept.category,
        Standing::Stated => &concept.stated,
        Standing::Doubtful => &concept.doubtful,
        Standing::Nearly => &concept.nearly,
        Standing::Negated => &concept.negated,
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
