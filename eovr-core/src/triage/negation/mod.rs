//! What is stated, what is denied and what nearly happened.
//!
//! What is missing is not what happened. "No death, injury or fall" denies three findings; "No name band, wrong patient
//! to theatre" denies a name band. The grammar here is small, read from left to right, and where it leaves doubt a finding
//! counts: a false alarm costs a minute, a missed death does not.
//!
//! **Triggers.** "No", "without", "denies", بدون, لا يوجد deny things; "not", "didn't", لم, مش deny one statement; "risk of",
//! "history of", خطر say of things that they did not happen now; "almost", "could have", كاد say so of a statement. A trigger
//! opens a scope. Phrases that only look like one ("not only", "no reason") are stepped over.
//!
//! **What a scope reaches.** A denial goes through a few kinds of words to what it denies: those that say how much or what
//! sort ("any serious", "evidence of"), those that say that something is ("was reported", حدوث), those that say what follows
//! ("lead to", يؤدي إلى), and the patient ("no patients died"). Any other word is itself what is denied, and the scope ends
//! for what comes after it: "no *nurse* was present when he died". So does a definite article, which presupposes what it
//! names: "no record of *the* arrest"; except behind a word of consequence: "did not lead to *the* death". "Any" opens the
//! scope again, because it only stands where something is denied: "staff did not see *any* fall".
//!
//! **Lists and new statements.** "Or" goes on with what is denied. A comma or "and" does so only behind a finding or a sign,
//! and only before a bare noun, or where an "or" follows: "no pain, bleeding or fall", but not "no pain, cardiac arrest in the
//! lift". A turn ("but", "when", لكن) ends a scope, and so does a full stop. A finding that is itself a lack ("no pulse") is
//! never part of another denial.
//!
//! **Answered.** A "no" behind a short question denies what it asks: "death? No."
//!
//! **Denied afterwards.** "Was ruled out", تم استبعاد deny the finding that they are said of, and what "and" or "or" join to it.
//!
//! **Stopped in time.** "Prevented", "near miss", تم منع say it of the whole sentence, except of a death told by a verb.
//!
//! **Told of something else.** "Her father died", "in 2015 he had a stroke", "lecture on sepsis", "sepsis box", "exercise: three
//! dead" speak of another person, another time, a subject, a thing, an exercise. Such a finding is in doubt.
//!
//! **Doubt.** A grave finding (weight 3 or 4) is never denied over more than [`NEAR`] words, nor as the last item of a list of
//! commas. Doubt counts half, is shown so, and is never nothing.

mod afterwards;

use super::lexicon::Hit;
use super::roles::Role;
use super::text::{Gap, Mood, Text};

/// Over how many words since the trigger, or the finding denied last, a grave finding can be denied.
const NEAR: usize = 6;
/// Over how many words a scope reaches at all.
const FAR: usize = 12;
/// How many words ahead an "or" is looked for that makes a list of commas one.
const AHEAD: usize = 12;
/// The weight from which a finding is grave.
const GRAVE: u8 = 3;

/// How a finding stands in its sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is said to have happened.
    Stated,
    /// The grammar leaves it open whether it happened, here, now and to this patient.
    Doubtful,
    /// It nearly happened, might have, or was stopped.
    Nearly,
    /// It is said not to have happened.
    Negated,
}

/// Judges every hit. Those that are not findings come back as stated and mean nothing.
pub(super) fn standings(text: &Text, hits: &[Hit<'_>]) -> Vec<Standing> {
    let mut reader = Reader {
        text,
        hits,
        standings: vec![Standing::Stated; hits.len()],
        scope: None,
        sentence: 0,
        clause: 0,
        averted: false,
        condition: false,
    };
    let mut read = 0;
    for (index, hit) in hits.iter().enumerate() {
        // First the ordinary words since the last hit, then the hit itself.
        for at in read..hit.words.start {
            reader.cross(reader.gap(at), index);
            reader.pass_over(1);
            if was_about(text, at) {
                reader.open(Kind::Almost);
            }
        }
        if let Some(word) = text.words.get(hit.words.start) {
            reader.answer(index, hit);
            reader.cross(word.gap, index);
        }
        reader.meet(index, hit);
        read = hit.words.end;
    }
    reader.standings
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// "No": things.
    Things,
    /// "Not": one statement.
    Statement,
    /// "Denies": what a person says that did not happen.
    Claim,
    /// "Risk of": things that did not happen now.
    Chances,
    /// "Almost": a statement of what nearly happened.
    Almost,
    /// "Lecture on": what is only spoken of.
    Subject,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Only words passed that a denial goes through.
    Open,
    /// Behind a finding that is denied, something was named as known: "nobody died in the fire".
    Doubtful,
    /// Something else is what is denied.
    Shut,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joint {
    Comma,
    And,
}

/// What is being denied at this point of the sentence.
#[derive(Clone, Copy, Debug)]
struct Scope {
    kind: Kind,
    reach: Reach,
    // Words since the trigger or the last finding or sign.
    words: usize,
    // A finding or a sign was met, so this may be a list.
    listing: bool,
    // A comma or "and" was passed since: what follows is an item of the list, or a new statement.
    joint: Option<Joint>,
    // A word of consequence was passed: "did not lead to the …".
    consequence: bool,
    // A word of writing down was passed: "it was not recorded that …".
    told: bool,
}

impl Scope {
    fn of(kind: Kind) -> Self {
        Self {
            kind,
            reach: Reach::Open,
            words: 0,
            listing: false,
            joint: None,
            consequence: false,
            told: false,
        }
    }

    fn denies(&self) -> bool {
        matches!(self.kind, Kind::Things | Kind::Statement | Kind::Claim)
    }

    fn meet_item(&mut self) {
        *self = Self { listing: true, ..Self::of(self.kind) };
    }
}

struct Reader<'r, 'l> {
    text: &'r Text,
    hits: &'r [Hit<'l>],
    standings: Vec<Standing>,
    scope: Option<Scope>,
    // Index of the first hit of this sentence, and of the first after its last turn.
    sentence: usize,
    clause: usize,
    // This sentence tells of something stopped in time.
    averted: bool,
    // It says what would be, if.
    condition: bool,
}

impl Reader<'_, '_> {
    fn cross(&mut self, gap: Gap, index: usize) {
        match gap {
            Gap::Space => {}
            Gap::Line | Gap::Comma => self.join(Joint::Comma),
            Gap::Stop => {
                self.scope = None;
                self.averted = false;
                self.condition = false;
                self.sentence = index;
                self.clause = index;
            }
        }
    }

    fn join(&mut self, joint: Joint) {
        self.keep(|scope| {
            let statement = matches!(scope.kind, Kind::Statement | Kind::Almost);
            scope.joint = Some(joint);
            scope.listing && scope.reach != Reach::Shut && !(statement && joint == Joint::And)
        });
    }

    /// Ordinary words: what they name is what is denied.
    fn pass_over(&mut self, words: usize) {
        self.keep(|scope| {
            // "Almost" is said of a whole statement, with any words.
            if scope.kind != Kind::Almost {
                scope.reach = Reach::Shut;
            }
            scope.words += words;
            scope.joint.is_none() && scope.words <= FAR
        });
    }

    /// Words that a denial goes through.
    fn go_through(&mut self, words: usize, change: impl FnOnce(&mut Scope) -> bool) {
        self.keep(|scope| {
            scope.words += words;
            change(scope) && scope.words <= FAR
        });
    }

    /// Changes the scope, which ends where `change` says no.
    fn keep(&mut self, change: impl FnOnce(&mut Scope) -> bool) {
        if let Some(scope) = &mut self.scope
            && !change(scope)
        {
            self.scope = None;
        }
    }

    fn open(&mut self, kind: Kind) {
        // "No risk of fall" stays a denial.
        let inner = matches!(kind, Kind::Chances | Kind::Almost | Kind::Subject);
        if inner && self.scope.is_some_and(|scope| scope.denies() && scope.reach == Reach::Open) {
            return;
        }
        self.scope = Some(Scope::of(kind));
    }

    fn meet(&mut self, index: usize, hit: &Hit<'_>) {
        if hit.joined {
            self.join(Joint::And);
        }
        match hit.mood {
            Mood::Plain => {}
            Mood::Denied => self.open(Kind::Statement),
            Mood::Future if was_about(self.text, hit.words.start) => self.open(Kind::Almost),
            Mood::Future => self.open(Kind::Chances),
        }
        let words = hit.words.len();
        match hit.entry.role {
            Role::Flag | Role::Verb | Role::Lack => self.find(index, hit),
            Role::Sign => self.keep(|scope| {
                scope.meet_item();
                true
            }),
            Role::No | Role::Not if self.answers(hit) => self.undo(index, hit, 0),
            Role::No => self.open(Kind::Things),
            Role::Not => self.open(Kind::Statement),
            Role::Denies => self.open(Kind::Claim),
            Role::If => {
                self.condition = true;
                self.open(Kind::Almost);
            }
            Role::Chance => self.open(Kind::Chances),
            Role::Almost => self.open(Kind::Almost),
            Role::Subject => self.open(Kind::Subject),
            Role::But => {
                self.scope = None;
                self.clause = index;
            }
            Role::And => self.join(Joint::And),
            Role::Or => self.keep(|scope| {
                *scope = Scope { reach: Reach::Open, listing: false, joint: None, ..*scope };
                true
            }),
            Role::Sort => self.go_through(words, |_| true),
            Role::Any => self.go_through(words, |scope| {
                scope.reach = Reach::Open;
                true
            }),
            Role::Preposition => self.go_through(words, |scope| scope.joint.is_none()),
            // "With a history of falls he was found …": the history has ended.
            Role::Being => self.go_through(words, |scope| {
                scope.joint.is_none() && !(scope.kind == Kind::Chances && scope.listing)
            }),
            Role::Told => self.go_through(words, |scope| {
                scope.told = true;
                scope.joint.is_none()
            }),
            Role::Consequence => self.go_through(words, |scope| {
                scope.consequence = true;
                scope.joint.is_none()
            }),
            Role::The => self.go_through(words, |scope| {
                if !scope.consequence && scope.kind != Kind::Almost {
                    scope.reach = if scope.listing && scope.reach != Reach::Shut {
                        Reach::Doubtful
                    } else {
                        Reach::Shut
                    };
                }
                scope.joint.is_none()
            }),
            Role::Patient => self.go_through(words, |scope| scope.joint.is_none()),
            Role::Undo => self.undo(index, hit, afterwards::BACK),
            // What was not seen may have been there: "the arrest was not noted for an hour".
            Role::Absent | Role::Unseen if !self.ends(hit) => self.pass_over(words),
            Role::Absent | Role::Unseen => self.undo(index, hit, afterwards::BACK),
            Role::None if self.answers(hit) => self.undo(index, hit, 0),
            Role::None => self.pass_over(words),
            Role::Ungiven => self.ungiven(index, hit),
            Role::InTime => self.stopped(index),
            // "It was not a near miss."
            Role::Averted if self.scope.is_some_and(|scope| scope.denies() && scope.reach == Reach::Open) => {
            }
            // "Before the nurse came he killed himself": what comes is a person.
            Role::Averted if self.next_to(hit).is_some_and(|next| next.entry.role == Role::Who) => {}
            Role::Averted => self.avert(index),
            Role::Who
            | Role::Kin
            | Role::Thing
            | Role::Exercise
            | Role::Invented
            | Role::Real
            | Role::Ago
            | Role::Pass
            | Role::Known => self.pass_over(words),
            // "No old fracture".
            Role::Bygone => self.go_through(words, |_| true),
            Role::During => self.keep(|_| false),
        }
    }

    fn find(&mut self, index: usize, hit: &Hit<'_>) {
        let standing = self.scope.and_then(|scope| self.within(scope, hit));
        match (standing, &mut self.scope) {
            (Some(_), Some(scope)) => scope.meet_item(),
            _ => self.scope = None,
        }
        let standing = standing.unwrap_or(if self.averted && can_be_averted(hit) {
            Standing::Nearly
        } else {
            Standing::Stated
        });
        self.set(index, standing);
    }

    /// How a finding stands within a scope, or none if the scope does not reach it.
    fn within(&self, scope: Scope, hit: &Hit<'_>) -> Option<Standing> {
        let grave = hit.entry.weight >= GRAVE;
        // "No response, no pulse": the second is no part of what the first denies.
        if scope.reach == Reach::Shut || (hit.entry.role == Role::Lack && scope.kind != Kind::Almost) {
            return None;
        }
        // "If they had come, he would not have died": he died.
        if self.condition && scope.denies() && hit.entry.role == Role::Verb {
            return None;
        }
        // "That the patient fell was not recorded": he fell.
        if scope.told && self.of_the_patient(hit) {
            return None;
        }
        let mut doubt = grave && (scope.words > NEAR || scope.reach == Reach::Doubtful);
        // "No fall killed him": two findings without a joint between them are two clauses.
        if scope.listing && scope.joint.is_none() && hit.entry.role == Role::Verb {
            return None;
        }
        if scope.joint.is_some() && !self.listed(hit) {
            if hit.entry.role == Role::Verb || !self.bare(hit) {
                return None;
            }
            doubt |= grave;
        }
        Some(match scope.kind {
            Kind::Chances | Kind::Almost => Standing::Nearly,
            Kind::Subject => Standing::Doubtful,
            Kind::Claim if hit.entry.weight == 4 => Standing::Doubtful,
            _ if doubt => Standing::Doubtful,
            _ => Standing::Negated,
        })
    }

    /// Whether an "or" follows that makes what the commas part a list: "no pain, bleeding or fall".
    fn listed(&self, hit: &Hit<'_>) -> bool {
        let ahead = hit.words.end..hit.words.end + AHEAD;
        let after = self.hits.partition_point(|other| other.words.start < ahead.start);
        let mut joined = false;
        let mut read = ahead.start;
        for other in self.hits.get(after..).unwrap_or_default() {
            let skipped = other.words.start > read;
            let stopped = (read..=other.words.start).any(|word| self.gap(word) == Gap::Stop);
            if other.words.start >= ahead.end || stopped {
                return false;
            }
            // The "or" joins findings or signs, not the ward and the corridor.
            match other.entry.role {
                role if joined && !skipped && (role.is_finding() || role == Role::Sign) => return true,
                Role::Or => joined = true,
                Role::Sort | Role::Any => {}
                Role::But => return false,
                _ => joined = false,
            }
            read = other.words.end;
        }
        false
    }

    /// Whether a finding is all that its part of the list says: nothing follows, or only that it was "noted".
    fn bare(&self, hit: &Hit<'_>) -> bool {
        let end = hit.words.end;
        if end >= self.text.words.len() || self.gap(end) >= Gap::Line {
            return true;
        }
        self.next_to(hit).is_some_and(|next| {
            next.joined
                || matches!(
                    next.entry.role,
                    Role::Being | Role::Sort | Role::Any | Role::And | Role::Or | Role::No
                )
        })
    }

    fn next_to(&self, hit: &Hit<'_>) -> Option<&Hit<'_>> {
        let after = self.hits.partition_point(|other| other.words.start < hit.words.end);
        self.hits.get(after).filter(|next| next.words.start == hit.words.end)
    }

    /// Whether a preposition follows a finding, which places it: "a bleed in the left lobe".
    fn placed(&self, hit: &Hit<'_>) -> bool {
        self.next_to(hit).is_some_and(|next| next.entry.role == Role::Preposition)
    }

    /// Whether the patient is named right behind a finding, as whose it is: وفاة المريض.
    fn of_the_patient(&self, hit: &Hit<'_>) -> bool {
        self.next_to(hit)
            .is_some_and(|next| next.entry.role == Role::Patient && self.gap(hit.words.end) == Gap::Space)
    }

    fn gap(&self, word: usize) -> Gap {
        self.text.words.get(word).map_or(Gap::Stop, |word| word.gap)
    }

    fn set(&mut self, index: usize, standing: Standing) {
        if let Some(slot) = self.standings.get_mut(index) {
            *slot = standing;
        }
    }
}

/// Whether an Arabic verb says what was about to be done: كان هيفتح.
fn was_about(text: &Text, at: usize) -> bool {
    let spelling = |at: usize| text.words.get(at).map(|word| text.spelling(word)).unwrap_or_default();
    let will = spelling(at).strip_prefix(['ه', 'ح']).is_some_and(|verb| verb.starts_with(['ي', 'ت', 'ن']));
    let was = at.checked_sub(1).map(spelling).unwrap_or_default();
    will && matches!(was.strip_prefix('و').unwrap_or(was), "كان" | "كانت" | "كانوا" | "كنا" | "كنت")
}

fn can_be_averted(hit: &Hit<'_>) -> bool {
    !(hit.entry.nature.is_done || hit.entry.role == Role::Verb && hit.entry.weight == 4)
}

#[cfg(test)]
mod tests;
