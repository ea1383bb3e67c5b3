//! Owner and recipient: blood of an incompatible group, an item of one patient that another patient received.

use super::{Facts, Meaning, measure};
use crate::triage::cues::Cue;
use crate::triage::measures::Measure;
use crate::triage::text::Gap;

pub(super) const BLOOD: Meaning = ("wrong_blood", 4, "blood of a group that does not fit");
pub(super) const PATIENT: Meaning = ("wrong_patient", 4, "given to another than whose it was");

/// The greatest number of words between "unit" or "patient" and the blood group.
const REACH: usize = 6;
/// The greatest number of words between the owner and the recipient.
const APART: usize = 9;

/// Finds blood of a group that is incompatible with the patient's.
pub(super) fn blood(facts: Facts<'_>) -> Option<Measure> {
    let (mut donors, mut recipients) = (Vec::new(), Vec::new());
    // Whether the next group is the recipient's, and the number of words since that cue.
    let (mut whose, mut since) = (None, 0);
    for at in 0..facts.len() {
        since += 1;
        if facts.gap(at) == Gap::Stop {
            whose = None;
        }
        if facts.shows(at, Cue::Recipient) {
            (whose, since) = (Some(true), 0);
        } else if facts.shows(at, Cue::Donor) {
            (whose, since) = (Some(false), 0);
        }
        let group = facts.typed(at);
        let told = at > 0
            && matches!(group, "A" | "B" | "AB" | "O")
            && facts.gap(at) < Gap::Comma
            && (since == 1 || facts.shows(at - 1, Cue::Group) || rhesus(facts, at + 1));
        // "Group B cells", "a group O man"
        let named = facts.gap(at + 1) < Gap::Comma
            && (facts.shows(at + 1, Cue::Donor) || facts.shows(at + 1, Cue::Recipient));
        let whose =
            if named { Some(facts.shows(at + 1, Cue::Recipient)) } else { whose.filter(|_| since <= REACH) };
        if let Some(recipient) = whose.filter(|_| told) {
            if recipient { &mut recipients } else { &mut donors }.push((group, at));
        }
    }
    let ([(given, at)], [(own, _)]) = (donors.as_slice(), recipients.as_slice()) else { return None };
    let fits = own.contains("AB") || given == own || *given == "O";
    (!fits).then(|| measure(BLOOD, *at..at + 1))
}

fn rhesus(facts: Facts<'_>, at: usize) -> bool {
    matches!(facts.spelling(at), "pos" | "neg" | "positive" | "negative" | "موجب" | "سالب")
        || facts.between(at).starts_with(['+', '-', '−'])
}

/// Finds an item of one named or numbered patient that another received: "bed 4's insulin was given to bed 5".
pub(super) fn patient(facts: Facts<'_>) -> Option<Measure> {
    let owners =
        (1..facts.len()).filter(|&at| facts.shows(at - 1, Cue::Person) && facts.gap(at) < Gap::Comma);
    let persons: Vec<usize> = owners.filter(|&at| is_name(facts, at)).collect();
    persons.iter().zip(persons.iter().skip(1)).find_map(|(&first, &second)| {
        let same = facts.gap(second) < Gap::Stop && second - first <= APART;
        let between = first + 1..second;
        let parted = between.clone().any(|at| facts.gap(at) >= Gap::Comma);
        let goes = between.clone().find(|&at| facts.shows(at, Cue::Transfer));
        let to = |at: usize| {
            matches!(facts.spelling(at), "to" | "into" | "الي" | "على") || facts.spelling(at).starts_with('ل')
        };
        // "Mr A's insulin was given to Mr B", "gave Mr A's insulin to Mr B"
        let owned = owned(facts, first) || facts.word(first - 1).is_some_and(|word| word.arabic);
        let before = (first.saturating_sub(3)..first).any(|at| facts.shows(at, Cue::Transfer));
        let given = goes.is_some() || before;
        let reaches = between.clone().any(to) || goes.is_some_and(|at| at + 2 == second);
        let another = plain(facts, first) != plain(facts, second);
        (same && !parted && owned && given && reaches && another)
            .then(|| measure(PATIENT, second..second + 1))
    })
}

fn is_name(facts: Facts<'_>, at: usize) -> bool {
    let typed = facts.typed(at);
    typed.starts_with(|c: char| c.is_ascii_digit() || c.is_uppercase() || ('٠'..='٩').contains(&c))
}

/// Whether a word ends in "'s".
fn owned(facts: Facts<'_>, at: usize) -> bool {
    facts.typed(at).ends_with("'s") || facts.typed(at).ends_with("’s")
}

fn plain<'r>(facts: Facts<'r>, at: usize) -> &'r str {
    let spelling = facts.spelling(at);
    if owned(facts, at) { spelling.strip_suffix('s').unwrap_or(spelling) } else { spelling }
}
