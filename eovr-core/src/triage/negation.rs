//! What is stated, what is denied and what nearly happened.
//!
//! "There was no report of death, serious injury or mistreatment" names three terrible things that did
//! not happen. Reports of devices end with that sentence so often that a scorer without negation is
//! useless on them. The rules here are few, read left to right, and err towards *stated*: a false alarm
//! costs a minute, a missed death does not.
//!
//! - "no", "without", "denies", بدون, لا يوجد open a **list**: all findings up to the end of the
//!   sentence, across commas, "and" and "or", as long as no more than [`LIST_REACH`] other words pass.
//! - "not", "didn't", لم, مش deny **one statement**: "and" ends it, and so does a comma before any
//!   finding was met.
//! - A turn ("but", "when", لكن, بينما) ends either. So does a new statement after a comma or "and":
//!   a person ("no injury, patient died") or a verb ("no injury and died"). A finding that is itself a
//!   lack ("no pulse") is never part of another denial.
//! - "was ruled out", تم استبعاد deny what was said up to [`BACK_REACH`] words before.
//! - "almost", "risk of", كاد, قبل أن turn what follows into a near miss; "prevented", "near miss", تم منع
//!   the whole sentence, except for a death told by a verb ("died"): no near miss has one.

use super::lexicon::{Hit, Role};
use super::text::{Gap, Text};

/// Other words that may pass within a denied list before the denial is forgotten.
const LIST_REACH: u8 = 8;
/// The same for a denied statement: "did not result in or contribute to death".
const STATEMENT_REACH: u8 = 6;
/// How far "not" and a verb may stand apart: "has not yet fallen", but "was not hungry, next day died".
const VERB_REACH: u8 = 2;
/// How many words back "was ruled out" reaches.
const BACK_REACH: usize = 8;

/// How a finding stands in its sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is said to have happened.
    Stated,
    /// It nearly happened, might have, or was stopped.
    Nearly,
    /// It is said not to have happened.
    Negated,
}

/// Judges every hit. Those that are not findings come back as stated and mean nothing.
pub(super) fn standings(text: &Text, hits: &[Hit<'_>]) -> Vec<Standing> {
    let mut reader = Reader { standings: vec![Standing::Stated; hits.len()], hits, ..Reader::default() };
    let mut read = 0;
    for (index, hit) in hits.iter().enumerate() {
        // First the ordinary words since the last hit, then the hit itself.
        for word in text.words.get(read..hit.words.start).unwrap_or_default() {
            reader.cross(word.gap, index);
            reader.pass_word();
        }
        if let Some(word) = text.words.get(hit.words.start) {
            reader.cross(word.gap, index);
        }
        reader.meet(index, hit);
        read = hit.words.end;
    }
    reader.standings
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    List,
    Statement,
    Almost,
}

/// What is being denied at this point of the sentence.
#[derive(Clone, Copy, Debug)]
struct Scope {
    kind: Kind,
    left: u8,
    // A finding was met, so a comma may go on with the list.
    listing: bool,
    // A comma or "and" was passed since the last finding: a new statement may begin here.
    joint: bool,
}

#[derive(Default)]
struct Reader<'r, 'l> {
    hits: &'r [Hit<'l>],
    standings: Vec<Standing>,
    scope: Option<Scope>,
    // Index of the first hit of this sentence, and of the first after its last turn.
    sentence: usize,
    clause: usize,
    // This sentence tells of something stopped in time.
    averted: bool,
}

impl Reader<'_, '_> {
    fn cross(&mut self, gap: Gap, index: usize) {
        match gap {
            Gap::Space => {}
            Gap::Line | Gap::Comma => self.join(false),
            Gap::Stop => {
                self.scope = None;
                self.averted = false;
                self.sentence = index;
                self.clause = index;
            }
        }
    }

    /// A comma, or "and" if `hard`.
    fn join(&mut self, hard: bool) {
        if let Some(scope) = &mut self.scope {
            scope.joint = true;
            if scope.kind != Kind::List && (hard || !scope.listing) {
                self.scope = None;
            }
        }
    }

    fn pass_word(&mut self) {
        if let Some(scope) = &mut self.scope {
            match scope.left.checked_sub(1) {
                Some(left) => scope.left = left,
                None => self.scope = None,
            }
        }
    }

    fn open(&mut self, kind: Kind, left: u8) {
        // "No risk of fall" stays a denial.
        let denying = self.scope.is_some_and(|scope| scope.kind != Kind::Almost);
        if !(kind == Kind::Almost && denying) {
            self.scope = Some(Scope { kind, left, listing: false, joint: false });
        }
    }

    fn meet(&mut self, index: usize, hit: &Hit<'_>) {
        if hit.joined {
            self.join(true);
        }
        match hit.entry.role {
            Role::Flag | Role::Verb | Role::Lack => self.find(index, hit),
            Role::No => self.open(Kind::List, LIST_REACH),
            Role::Not => self.open(Kind::Statement, STATEMENT_REACH),
            Role::Almost => self.open(Kind::Almost, STATEMENT_REACH),
            Role::But => {
                self.scope = None;
                self.clause = index;
            }
            Role::And => self.join(true),
            Role::Or => {
                if let Some(scope) = &mut self.scope {
                    scope.joint = false;
                }
            }
            Role::Who if self.scope.is_some_and(|scope| scope.joint) => self.scope = None,
            Role::Undo => self.undo(index, hit),
            Role::Averted => self.avert(index),
            Role::Who | Role::Pass | Role::Known => hit.words.clone().for_each(|_| self.pass_word()),
        }
    }

    fn find(&mut self, index: usize, hit: &Hit<'_>) {
        let begins_anew = |scope: Scope| match hit.entry.role {
            Role::Verb => {
                let far = scope.left + VERB_REACH < STATEMENT_REACH;
                scope.joint || (scope.kind == Kind::Statement && far)
            }
            // "No response, no pulse": the second is no part of what the first denies.
            Role::Lack => scope.kind != Kind::Almost,
            _ => false,
        };
        if self.scope.is_some_and(begins_anew) {
            self.scope = None;
        }
        let standing = match &mut self.scope {
            Some(scope) => {
                scope.left = if scope.kind == Kind::List { LIST_REACH } else { STATEMENT_REACH };
                scope.listing = true;
                scope.joint = false;
                if scope.kind == Kind::Almost { Standing::Nearly } else { Standing::Negated }
            }
            None if self.averted && can_be_averted(hit) => Standing::Nearly,
            None => Standing::Stated,
        };
        self.set(index, standing);
    }

    fn undo(&mut self, index: usize, cue: &Hit<'_>) {
        // Every hit has at least one word, so this looks at no more than BACK_REACH of them.
        for (earlier, hit) in self.hits.iter().enumerate().take(index).skip(self.clause).rev() {
            if cue.words.start - hit.words.end > BACK_REACH {
                break;
            }
            if hit.entry.role.is_finding() {
                self.set(earlier, Standing::Negated);
            }
        }
    }

    fn avert(&mut self, index: usize) {
        // Once for a sentence: a text full of "prevented" must not be walked again for each.
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

    fn set(&mut self, index: usize, standing: Standing) {
        if let Some(slot) = self.standings.get_mut(index) {
            *slot = standing;
        }
    }
}

fn can_be_averted(hit: &Hit<'_>) -> bool {
    !(hit.entry.role == Role::Verb && hit.entry.weight == 4)
}

#[cfg(test)]
mod tests {
    use super::super::lexicon::lexicon;
    use super::*;

    /// Checks how the findings of a text stand: `+` stated, `~` nearly, `-` negated.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let read = Text::read(text);
        let hits = lexicon().find(&read);
        let seen: String = (hits.iter().zip(standings(&read, &hits)))
            .filter(|(hit, _)| hit.entry.role.is_finding())
            .map(|(_, standing)| match standing {
                Standing::Stated => '+',
                Standing::Nearly => '~',
                Standing::Negated => '-',
            })
            .collect();
        let terms: Vec<&str> = hits.iter().map(|hit| hit.entry.term.as_str()).collect();
        assert_eq!(seen, expected, "{text} {terms:?}");
    }

    #[test]
    fn denied_lists() {
        check("There was no report of death, serious injury or mistreatment.", "---");
        check("No death, injury, fall or burn", "----");
        check("no injuries and no deaths", "--");
        check("No injury. Patient died.", "-+");
        check("No injury, patient died", "-+");
        check("no injury and died", "-+");
        check("no injury (patient fell)", "-+");
        check("Patient denies fall, seizure or fracture", "---");
        check("without bleeding", "-");
        check("no injury but the patient died", "-+");
        check("no injury; however fire", "-+");
        check("no injury after the fall", "-+");
        check("no one two three four five six seven eight nine fire", "+");
        check("no injury\n\nfire", "-+");
        check("nil injury noted, no burn", "--");
        check("negative for fracture", "-");
    }

    #[test]
    fn denied_statements() {
        check("did not fall", "-");
        check("didn't fall", "-");
        check("did not fall or bleed", "--");
        check("The event did not result in or contribute to a death or serious injury", "--");
        check("not breathing", "+");
        check("could not be resuscitated", "+");
        check("did not wake and died", "+");
        check("did not eat & died in the afternoon", "+");
        check("wasn't hungry next day died", "+");
        check("has not yet fallen", "-");
        check("no response no pulse started cpr", "++");
        check("did not use the bell when he fell", "+");
        check("not only a fall, a fracture", "++");
        check("fracture not excluded", "+");
        check("the fall was not reported", "+");
        check("staff did not notice the fall", "+");
        check("never had a seizure", "-");
    }

    #[test]
    fn denied_afterwards() {
        check("fracture was ruled out", "-");
        check("fracture and dislocated hip were ruled out", "--");
        check("Patient fell but fracture was ruled out", "+-");
        check("fire. fracture ruled out", "+-");
        check("Injuries: none", "-");
        check("a fracture was not found", "-");
    }

    #[test]
    fn near_misses() {
        check("almost fell", "~");
        check("nearly given to the wrong patient", "~");
        check("could have led to an overdose", "~");
        check("risk of death", "~");
        check("wrong blood was caught before transfusion", "~");
        check("wrong patient prevented by the nurse", "~");
        check("Near miss: wrong site marked", "~");
        check("wrong blood hung, but the nurse noticed before it was given", "~");
        check("the death could have been prevented", "+");
        check("the patient died, the error was caught before the next dose", "+");
        check("no risk of fall", "-");
        check("bleeding was not prevented", "+");
    }

    #[test]
    fn arabic() {
        check("لا يوجد نزيف", "-");
        check("بدون وفاة أو إصابة أو حريق", "---");
        check("لم تحدث وفاة، إصابة أو كسر", "---");
        check("لم يحدث نزيف ولا كسر", "--");
        check("لم يستجب وتوفي", "+");
        check("لم يسقط المريض", "-");
        check("لا يوجد كسر لكن يوجد نزيف", "-+");
        check("لا يوجد كسر بينما حدث نزيف", "-+");
        check("لا يوجد كسر إلا أن المريض توفي", "-+");
        check("مفيش نزيف", "-");
        check("المريض مش واقع ومفيش كسر", "-");
        check("تم استبعاد الكسر", "+");
        check("الكسر تم استبعاده", "-");
        check("ليس فقط كسر", "+");
        check("كاد المريض أن يسقط", "~");
        check("تم منع سقوط المريض", "~");
        check("تم اكتشاف الخطأ قبل إعطاء الدواء الخاطئ", "~");
        check("أمسكته الممرضة قبل أن يسقط", "~");
        check("توفي قبل أن يصل الطبيب", "+");
        check("نفى المريض السقوط", "-");
    }
}
