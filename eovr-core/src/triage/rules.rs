//! The embedded scorer: the reporter's grading, then the words.

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

/// Scores from which the bands begin; below the first is [`Band::Low`].
const MEDIUM: u8 = 20;
const HIGH: u8 = 45;
const EXTREME: u8 = 70;

/// Points for the harm done, by level. Severe harm alone is high, death alone extreme.
const ACTUAL: [i16; 7] = [5, 10, 10, 25, 45, 65, 100];
/// Points for the harm that could have been done, counted only when it is worse than the harm done.
/// A near miss that could have killed is high.
const POTENTIAL: [i16; 7] = [0, 0, 0, 2, 10, 24, 36];
/// Points for a term, by weight. One never event stated in words is high by itself.
const WEIGHT: [i16; 5] = [0, 6, 14, 26, 45];
/// What near misses and findings in doubt may add together: enough for medium, never for a mark.
const OPEN_CAP: i16 = 24;

/// Fewer words than this say nothing, unless one of them is a finding.
const FEW_WORDS: usize = 3;
/// One in so many words has to be known, or the text is in another language.
const KNOWN_SHARE: usize = 3;
/// Beside a finding, fewer ordinary words than this do not tell the language.
const TOO_FEW: usize = 6;

/// The scorer that works from the first day: transparent rules and word lists, English and Arabic.
///
/// **How the score is made.** The reporter's own grading gives the base. Each idea of the word lists
/// (death, fall, fire, …) counts once, at its strongest mention: 6, 14, 26 or 45 points by weight, the
/// second strongest idea half of that, the third a quarter, and so on. An idea that nearly happened
/// counts half, and all such ideas together at most 24. An idea that is denied adds nothing and is listed
/// with 0 points. A chosen category adds half the points of its idea when the text does not mention it.
/// Points are never negative: words may raise what the reporter graded, never lower it.
///
/// **Bands.** Below 20 low, below 45 medium, below 70 high, from 70 extreme. `high_risk` is set from 45
/// points, which one never event in words or severe harm reaches; a report graded as death is always
/// extreme.
///
/// **Limits.** Only the first 64 KiB of a narrative are read. The weights are judgement, not statistics:
/// the score orders a list, it is not a probability, and it is unvalidated on hospital incidents. The
/// Arabic list is unreviewed by a clinician. It abstains, with band low and no claim, when no harm is
/// graded and the text is shorter than three words, in another script, or in a language of which it knows
/// fewer than a third of the words. A reason with the rule `unread.language` or `unread.beyond` and 0 points
/// says what was not read.
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
        // Of a language that the lists do not know nothing is claimed, not even what looks like a word of theirs.
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

/// Whether the text is in a language of the lists: they know a third of its ordinary words. Findings are no ordinary words,
/// as other languages have many of them too ("fracture"); beside few ordinary words they speak for themselves.
fn understood(text: &Text, hits: &[Hit<'_>], known: usize) -> bool {
    let findings = hits.iter().filter(|hit| hit.entry.role.is_finding());
    let words: usize = findings.map(|hit| hit.words.len()).sum();
    let (ordinary, known) = (text.lettered.saturating_sub(words), known.saturating_sub(words));
    // "Found dead" or توفي among names and drugs is no word of another language by chance.
    let certain = hits.iter().any(|hit| {
        let arabic = text.words.get(hit.words.start).is_some_and(|word| word.arabic);
        let plain = hit.entry.role == Role::Verb || arabic || hit.words.len() > 1;
        hit.entry.weight == 4 && hit.entry.role.is_finding() && plain
    });
    let enough = certain || known * KNOWN_SHARE >= ordinary || (words > 0 && ordinary < TOO_FEW);
    enough && text.native >= text.foreign
}

/// Whether there is text enough for silence to mean something.
fn says_something(text: &Text, hits: &[Hit<'_>]) -> bool {
    text.words.len() >= FEW_WORDS && !hits.is_empty() || hits.iter().any(|hit| hit.entry.role.is_finding())
}

/// Says what of the text was not read.
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

/// An idea at its strongest mention.
struct Finding<'l> {
    entry: &'l Entry,
    standing: Standing,
    span: Option<std::ops::Range<usize>>,
    points: i16,
}

/// Keeps the strongest mention of each idea; the first, where several are equal.
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

/// Adds the idea of the chosen category where the text leaves it out. A category says what kind of
/// report this is, not that it happened to anybody, so it counts half and has no place in the text.
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

/// Turns findings into reasons, strongest first, each idea after the first counting half as much again.
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
