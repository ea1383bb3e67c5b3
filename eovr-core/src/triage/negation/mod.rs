//! Negation: which findings a text states, which it negates and which nearly happened.
//!
//! "No death, injury or fall" negates three findings; "No name band, wrong patient to theatre" negates a name band and
//! states an error. The grammar is small and reads from left to right. A finding counts in case of doubt, because a
//! false alarm costs a minute and a missed death costs more.
//!
//! **Triggers.** "No", "without", "denies", بدون, لا يوجد negate nouns; "not", "didn't", لم, مش negate one statement.
//! "Risk of", "history of", خطر mark nouns as not happening now; "almost", "could have", كاد mark a statement as a near
//! miss. A trigger opens a scope. The reader skips phrases that only look like a trigger ("not only", "no reason").
//!
//! **Scope.** A negation passes through a few kinds of words: words of quantity or sort ("any serious", "evidence of"),
//! words of existence ("was reported", حدوث), words of consequence ("lead to", يؤدي إلى), and the patient ("no patients
//! died"). Any other word is the target of the negation, and the scope does not reach the words after it: "no *nurse*
//! was present when he died". A definite article also shuts the scope, because it presupposes its noun: "no record of
//! *the* arrest". After a word of consequence it does not: "did not lead to *the* death". "Any" opens the scope again,
//! because it occurs only in negated statements: "staff did not see *any* fall".
//!
//! **Lists and new statements.** "Or" continues the negation. A comma or "and" continues it only after a finding or a
//! sign, and only before a bare noun, or if an "or" follows: "no pain, bleeding or fall", but not "no pain, cardiac
//! arrest in the lift". A contrast ("but", "when", لكن) and a full stop end a scope. A finding that is itself a lack
//! ("no pulse") is never part of another negation.
//!
//! **Answers.** A "no" after a short question negates its findings: "death? No."
//!
//! **Later negation.** "Was ruled out", تم استبعاد negate the finding before them and the findings that "and" or "or"
//! joins to it.
//!
//! **Prevention.** "Prevented", "near miss", تم منع make the findings of the whole sentence near misses, except a death
//! stated by a verb.
//!
//! **Other subjects.** "Her father died", "in 2015 he had a stroke", "lecture on sepsis", "sepsis box", "exercise:
//! three dead" concern another person, another time, a subject, an object, an exercise. Such a finding is doubtful.
//!
//! **Doubt.** A grave finding (weight 3 or 4) is never negated across more than [`NEAR`] words, nor as the last item of
//! a comma list; it becomes doubtful. A doubtful finding counts half and has its own rule id.

mod afterwards;

use super::lexicon::Hit;
use super::roles::Role;
use super::text::{Gap, Mood, Text};

/// The greatest number of words, since the trigger or the last negated finding, across which a grave finding is
/// negated.
const NEAR: usize = 6;
/// The greatest length of a scope in words.
const FAR: usize = 12;
/// The number of words ahead in which the reader searches for the "or" of a comma list.
const AHEAD: usize = 12;
/// The weight from which a finding is grave.
const GRAVE: u8 = 3;

/// The standing of a finding in its sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The text states that it happened.
    Stated,
    /// The grammar does not decide whether it happened here, now and to this patient.
    Doubtful,
    /// It nearly happened, might have happened, or was prevented.
    Nearly,
    /// The text states that it did not happen.
    Negated,
}

/// The standing of every hit. The standing of a hit that is not a finding is meaningless.
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
    /// "No": it negates nouns.
    Things,
    /// "Not": it negates one statement.
    Statement,
    /// "Denies": a person claims that it did not happen.
    Claim,
    /// "Risk of": it marks nouns as not happening now.
    Chances,
    /// "Almost": it marks a statement as a near miss.
    Almost,
    /// "Lecture on": it marks nouns as a mere subject.
    Subject,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// The negation has passed only through transparent words.
    Open,
    /// A definite noun followed a negated finding: "no patient died in the fire".
    Doubtful,
    /// Another word is the target of the negation.
    Shut,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Joint {
    Comma,
    And,
}

/// The open negation at this point of the sentence.
#[derive(Clone, Copy, Debug)]
struct Scope {
    kind: Kind,
    reach: Reach,
    // Words since the trigger or the last finding or sign.
    words: usize,
    // The scope contains a finding or a sign, so this may be a list.
    listing: bool,
    // A comma or "and" followed: the next words are an item of the list, or a new statement.
    joint: Option<Joint>,
    // A word of consequence followed: "did not lead to the …".
    consequence: bool,
    // A word of recording followed: "it was not recorded that …".
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
    // Index of the first hit of this sentence, and of the first hit after its last contrast.
    sentence: usize,
    clause: usize,
    // This sentence contains a word of prevention.
    averted: bool,
    // This sentence is conditional ("if").
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

    /// Passes over ordinary words, which become the target of the negation.
    fn pass_over(&mut self, words: usize) {
        self.keep(|scope| {
            // "Almost" covers a whole statement, with any words.
            if scope.kind != Kind::Almost {
                scope.reach = Reach::Shut;
            }
            scope.words += words;
            scope.joint.is_none() && scope.words <= FAR
        });
    }

    /// Passes through transparent words.
    fn go_through(&mut self, words: usize, change: impl FnOnce(&mut Scope) -> bool) {
        self.keep(|scope| {
            scope.words += words;
            change(scope) && scope.words <= FAR
        });
    }

    /// Changes the scope, and ends it if `change` returns `false`.
    fn keep(&mut self, change: impl FnOnce(&mut Scope) -> bool) {
        if let Some(scope) = &mut self.scope
            && !change(scope)
        {
            self.scope = None;
        }
    }

    fn open(&mut self, kind: Kind) {
        // "No risk of fall" stays a negation.
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
            // "With a history of falls he was found …": the verb ends the history.
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
            // An unseen event may have happened: "the arrest was not noted for an hour".
            Role::Absent | Role::Unseen if !self.ends(hit) => self.pass_over(words),
            Role::Absent | Role::Unseen => self.undo(index, hit, afterwards::BACK),
            Role::None if self.answers(hit) => self.undo(index, hit, 0),
            Role::None => self.pass_over(words),
            Role::Ungiven => self.ungiven(index, hit),
            Role::InTime => self.stopped(index),
            // "It was not a near miss."
            Role::Averted if self.scope.is_some_and(|scope| scope.denies() && scope.reach == Reach::Open) => {
            }
            // "Before the nurse came he killed himself": a person follows, so nothing was prevented.
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

    /// The standing of a finding within a scope; `None` if the scope does not reach it.
    fn within(&self, scope: Scope, hit: &Hit<'_>) -> Option<Standing> {
        let grave = hit.entry.weight >= GRAVE;
        // "No response, no pulse": the first "no" does not negate the second finding.
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

    /// Whether an "or" follows that makes the comma-separated items a list: "no pain, bleeding or fall".
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
            // The "or" must join findings or signs, unlike "the ward or the corridor".
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

    /// Whether a finding is the whole list item: nothing follows, or only a word such as "noted".
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

    /// Whether a preposition follows a finding: "a bleed in the left lobe".
    fn placed(&self, hit: &Hit<'_>) -> bool {
        self.next_to(hit).is_some_and(|next| next.entry.role == Role::Preposition)
    }

    /// Whether the patient directly follows a finding as its owner: وفاة المريض ("the death of the patient").
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

/// Whether an Arabic verb states an action that was about to happen: كان هيفتح ("he was going to open").
fn was_about(text: &Text, at: usize) -> bool {
    let spelling = |at: usize| text.words.get(at).map(|word| text.spelling(word)).unwrap_or_default();
    let will = spelling(at).strip_prefix(['ه', 'ح']).is_some_and(|verb| verb.starts_with(['ي', 'ت', 'ن']));
    let was = at.checked_sub(1).map(spelling).unwrap_or_default();
    will && matches!(was.strip_prefix('و').unwrap_or(was), "كان" | "كانت" | "كانوا" | "كنا" | "كنت")
}

/// Whether "prevented" can make a finding a near miss.
fn can_be_averted(hit: &Hit<'_>) -> bool {
    !(hit.entry.nature.is_done || hit.entry.role == Role::Verb && hit.entry.weight == 4)
}

#[cfg(test)]
mod tests;
