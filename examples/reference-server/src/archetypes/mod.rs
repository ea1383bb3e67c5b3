//! Invented incident reports for the demonstration: varied, bilingual, and the same for the same seed.
//!
//! All stories are fictional. They follow patterns that quality departments know well (look-alike ampoules, a fall at
//! night, an oxygen cylinder that ran empty), with invented people in the wards of an Egyptian hospital. About half are
//! in Arabic, written as Arabic and not translated word by word. The outcome in a story agrees with the harm recorded
//! beside it, so that lists, charts and a triage model show sensible data.

mod blood;
mod care;
mod cast;
mod equipment;
mod infection;
mod medication;
mod organisation;
mod people;
mod prescribing;
mod procedures;
mod random;
mod records;
mod template;
mod utilities;

use std::collections::HashSet;

use eovr_core::incident::harm::Harm;

use self::cast::{Age, Sex, Ward};
use self::random::SplitMix64;
use self::template::Facts;

/// One invented report, ready to be filed by a demonstration account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DemoReport {
    /// `en` or `ar`; every text of the report is in this language.
    pub(crate) language: &'static str,
    /// A category of the taxonomy.
    pub(crate) category: &'static str,
    /// A sub-type of that category.
    pub(crate) subtype: &'static str,
    /// The event, in three to six sentences.
    pub(crate) narrative: String,
    /// The immediate action.
    pub(crate) immediate_action: String,
    /// The actual harm.
    pub(crate) actual_harm: Harm,
    /// The potential harm; never less than the actual one.
    pub(crate) potential_harm: Harm,
    /// Severity on the 3 × 3 scheme, 1 to 3.
    pub(crate) severity: u8,
    /// Probability on the 3 × 3 scheme, 1 to 3.
    pub(crate) probability: u8,
    /// Where it happened.
    pub(crate) ward: String,
    /// The person involved: the patient, or the injured member of staff. Empty if there was none.
    pub(crate) involved_person: String,
    /// The patient's file number; empty if no patient was involved.
    pub(crate) medical_file_number: String,
    /// The manager responsible for the ward.
    pub(crate) responsible_manager: String,
    /// The error in a few words.
    pub(crate) specific_error: String,
    /// Remarks of the quality department; often empty.
    pub(crate) notes: String,
    /// Whether the patient or family was told.
    pub(crate) disclosed_to_patient: bool,
    /// The person who told them; empty if nothing was disclosed.
    pub(crate) disclosure_responsible: String,
    /// How long ago it happened, counted from when the demonstration is loaded.
    pub(crate) occurred_minutes_ago: u32,
    /// How long ago it was reported: some minutes to some days after it happened.
    pub(crate) reported_minutes_ago: u32,
}

/// A pattern of incident with many wordings.
struct Archetype {
    category: &'static str,
    subtype: &'static str,
    wards: &'static [Ward],
    who: Who,
    /// The potential harm.
    potential: Harm,
    /// The probability of recurrence on the 3 × 3 scheme; one value is drawn.
    probability: &'static [u8],
    /// Words that must agree throughout one report: `{item}` and `{other}` in English, then in Arabic.
    items: &'static [[&'static str; 4]],
    en: Text,
    ar: Text,
    /// The outcomes; one is drawn, and ends the story.
    outcomes: &'static [Outcome],
}

/// The person whom a story is about.
#[derive(Clone, Copy)]
enum Who {
    /// A patient of this age.
    Patient(Age),
    /// A member of the nursing staff.
    Staff,
    /// No person: a condition of the place.
    Place,
}

/// The templates of one language; see [`template`] for how they are filled.
struct Text {
    error: &'static str,
    /// The sentences of the story in order, each in several wordings.
    story: &'static [&'static [&'static str]],
    action: &'static [&'static str],
}

struct Outcome {
    actual: Harm,
    severity: u8,
    en: &'static [&'static str],
    ar: &'static [&'static str],
}

const TABLES: [&[Archetype]; 11] = [
    medication::TABLE,
    prescribing::TABLE,
    procedures::TABLE,
    blood::TABLE,
    care::TABLE,
    infection::TABLE,
    equipment::TABLE,
    utilities::TABLE,
    organisation::TABLE,
    records::TABLE,
    people::TABLE,
];

/// Minutes in the year that the reports are spread over.
const YEAR: u32 = 365 * 24 * 60;

/// Makes `count` reports, oldest first. The same seed gives the same reports on every machine.
pub(crate) fn generate(seed: u64, count: usize) -> Vec<DemoReport> {
    let mut random = SplitMix64::new(seed);
    let archetypes: Vec<&Archetype> = TABLES.into_iter().flatten().collect();
    // Dealt like cards, so that even a short list shows many patterns.
    let mut deck = Vec::new();
    let mut reports = Vec::with_capacity(count);
    let mut told = HashSet::new();
    for _ in 0..count {
        if deck.is_empty() {
            deck.clone_from(&archetypes);
            random.shuffle(&mut deck);
        }
        let Some(archetype) = deck.pop() else { break };
        let mut drawn = report(archetype, &mut random);
        // A story that repeats an earlier one word for word is told again; after many attempts a repetition is
        // accepted.
        for _ in 0..20 {
            if !drawn.as_ref().is_some_and(|report| told.contains(&report.narrative)) {
                break;
            }
            drawn = report(archetype, &mut random);
        }
        told.extend(drawn.as_ref().map(|report| report.narrative.clone()));
        reports.extend(drawn);
    }
    reports.sort_by_key(|report| std::cmp::Reverse(report.reported_minutes_ago));
    reports
}

/// Tells one incident; `None` only for an archetype without ward or outcome, which a test rules out.
fn report(archetype: &Archetype, random: &mut SplitMix64) -> Option<DemoReport> {
    let arabic = random.below(2) == 1;
    let ward = random.pick(archetype.wards)?;
    let outcome = random.pick(archetype.outcomes)?;
    let (language, text, ending, notes, managers) = if arabic {
        ("ar", &archetype.ar, outcome.ar, cast::NOTES_AR, cast::MANAGERS_AR)
    } else {
        ("en", &archetype.en, outcome.en, cast::NOTES_EN, cast::MANAGERS_EN)
    };

    let age = match archetype.who {
        Who::Patient(age) => age,
        Who::Staff | Who::Place => Age::Adult,
    };
    let sex = age.sex(random);
    let [item_en, other_en, item_ar, other_ar] = random.pick(archetype.items).copied().unwrap_or_default();
    let facts = Facts {
        sex,
        patient: cast::patient(age, sex, arabic, random),
        doctor: cast::doctor(arabic, random),
        ward: if arabic { ward.ar } else { ward.en },
        item: if arabic { item_ar } else { item_en },
        other: if arabic { other_ar } else { other_en },
    };

    let sentences = text.story.iter().copied().chain([ending]);
    let narrative: Vec<String> = sentences.map(|wordings| facts.tell(wordings, random)).collect();
    let (involved_person, medical_file_number) = match archetype.who {
        Who::Patient(Age::Newborn) => (cast::newborn(arabic, random), cast::file_number(random)),
        Who::Patient(_) => (cast::person(sex, arabic, random), cast::file_number(random)),
        Who::Staff => (cast::person(Sex::Female, arabic, random), String::new()),
        Who::Place => (String::new(), String::new()),
    };
    let has_patient = !medical_file_number.is_empty();
    let disclosed = has_patient && outcome.actual.reached_patient() && random.below(10) < 7;

    // The lesser of two draws, so that recent months have more reports, as in a hospital whose reporting culture grows.
    let occurred = random.below(YEAR).min(random.below(YEAR)) + 60;
    // Most reports come within the shift, some after days.
    let delay = if random.below(5) == 0 { random.below(3 * 24 * 60) } else { random.below(8 * 60) };

    Some(DemoReport {
        language,
        category: archetype.category,
        subtype: archetype.subtype,
        narrative: narrative.join(" "),
        immediate_action: facts.tell(text.action, random),
        actual_harm: outcome.actual,
        potential_harm: archetype.potential,
        severity: outcome.severity,
        probability: random.pick(archetype.probability).copied().unwrap_or(2),
        ward: cast::sign(facts.ward),
        involved_person,
        medical_file_number,
        responsible_manager: random.pick(managers).copied().unwrap_or_default().to_owned(),
        specific_error: facts.tell(&[text.error], random),
        notes: random.pick(notes).copied().unwrap_or_default().to_owned(),
        disclosed_to_patient: disclosed,
        disclosure_responsible: if disclosed { facts.doctor } else { String::new() },
        occurred_minutes_ago: occurred,
        reported_minutes_ago: occurred.saturating_sub(delay).max(1),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use eovr_core::incident::taxonomy;

    use super::*;

    const SEED: u64 = 2026;

    #[test]
    fn reports_are_all_different() {
        for count in [500, 2000] {
            let reports = generate(SEED, count);
            assert_eq!(reports.len(), count);
            let narratives: HashSet<_> = reports.iter().map(|report| &report.narrative).collect();
            assert_eq!(narratives.len(), count);
        }
    }

    #[test]
    fn the_same_seed_tells_the_same_stories() {
        assert_eq!(generate(SEED, 60), generate(SEED, 60));
        assert_ne!(generate(SEED, 60), generate(SEED + 1, 60));
    }

    #[test]
    fn both_languages_have_their_half() {
        let arabic = generate(SEED, 500).iter().filter(|report| report.language == "ar").count();
        assert!((200..=300).contains(&arabic), "{arabic}");
    }

    #[test]
    fn a_short_list_already_shows_many_categories() {
        let categories: HashSet<_> = generate(SEED, 40).iter().map(|report| report.category).collect();
        assert!(categories.len() >= 11, "{categories:?}");
    }

    #[test]
    fn every_archetype_is_complete() -> eovr_core::error::Result<()> {
        let archetypes: Vec<&Archetype> = TABLES.into_iter().flatten().collect();
        assert!(archetypes.len() >= 28, "{}", archetypes.len());
        for archetype in archetypes {
            let subtype = archetype.subtype;
            taxonomy::find_subtype(archetype.category, subtype)?;
            assert!(!archetype.wards.is_empty() && !archetype.probability.is_empty(), "{subtype}");
            assert!(archetype.probability.iter().all(|level| (1..=3).contains(level)), "{subtype}");
            assert!(!archetype.outcomes.is_empty(), "{subtype}");
            for outcome in archetype.outcomes {
                assert!(outcome.actual <= archetype.potential, "{subtype}");
                assert!((1..=3).contains(&outcome.severity), "{subtype}");
                assert!(!outcome.en.is_empty() && !outcome.ar.is_empty(), "{subtype}");
            }
            for text in [&archetype.en, &archetype.ar] {
                assert!(text.story.len() >= 3 && !text.action.is_empty(), "{subtype}");
                assert!(text.story.iter().all(|wordings| wordings.len() >= 2), "{subtype}");
            }
            let all = |text: &Text| text.story.concat().concat();
            for slot in ["{item}", "{other}"] {
                assert_eq!(all(&archetype.en).contains(slot), all(&archetype.ar).contains(slot), "{subtype}");
            }
        }
        Ok(())
    }

    #[test]
    fn texts_are_whole_and_in_their_language() {
        for report in generate(SEED, 500) {
            let DemoReport { narrative, immediate_action, specific_error, .. } = &report;
            for text in
                [narrative, immediate_action, specific_error, &report.responsible_manager, &report.ward]
            {
                assert!(text.len() >= 5, "{text}");
                assert!(!text.contains(['{', '}', '[', ']', '<', '>', '|']), "an open slot: {text}");
                assert!(!text.contains("  ") && text.trim() == text, "stray space: {text}");
                let arabic = text.chars().any(|letter| ('\u{0621}'..='\u{064A}').contains(&letter));
                let latin = text.chars().any(|letter| letter.is_ascii_alphabetic());
                assert_eq!((arabic, latin), (report.language == "ar", report.language == "en"), "{text}");
            }
            assert!(narrative.chars().count() >= 100, "{narrative}");
            let sentences = narrative.split(". ").count();
            assert!((3..=6).contains(&sentences) && narrative.ends_with('.'), "{sentences}: {narrative}");
        }
    }

    #[test]
    fn facts_of_a_report_agree() {
        for report in generate(SEED, 500) {
            assert!(report.potential_harm >= report.actual_harm);
            assert!(report.occurred_minutes_ago >= report.reported_minutes_ago);
            assert_eq!(report.disclosed_to_patient, !report.disclosure_responsible.is_empty());
            if report.disclosed_to_patient {
                assert!(report.actual_harm.reached_patient() && !report.medical_file_number.is_empty());
            }
        }
    }

    #[test]
    fn the_year_is_covered_and_grows() {
        let mut quarters = BTreeMap::new();
        for report in generate(SEED, 500) {
            *quarters.entry(report.occurred_minutes_ago / (YEAR / 4)).or_insert(0) += 1;
        }
        let counts: Vec<i32> = quarters.into_values().take(4).collect();
        assert!(counts.len() == 4 && counts.iter().rev().is_sorted(), "newest quarter first: {counts:?}");
    }
}
