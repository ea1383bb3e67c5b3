//! The cues of `cues.tsv`: words that state facts, and words that show the sense of an ambiguous finding.

/// The meaning of a cue word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    /// The first word of the name of a measured value.
    Measure,
    /// An age.
    Age,
    Left,
    Right,
    /// A body part that has a left and a right side.
    Part,
    /// A word that precedes a side ("the left"), which the verb in "left the ward" does not have.
    Article,
    /// A plan, or the site of the illness.
    Plan,
    /// A procedure that was done.
    Done,
    /// A procedure that was not done, or not yet.
    Undone,
    /// A new statement begins.
    Split,
    /// A procedure of the distant past.
    Old,
    Bilateral,
    Instead,
    Ordered,
    Given,
    /// A unit of a dose.
    Dose,
    Time,
    /// Donor blood.
    Donor,
    Recipient,
    /// A blood group follows.
    Group,
    /// The name or number of a person follows.
    Person,
    /// Something is transferred to a person.
    Transfer,
    // Senses: "arrested" by the police, "shock" at a bill, and so on.
    Police,
    Bill,
    Work,
    Meal,
    Medicine,
    Art,
    /// An object that can break, fall or "die".
    Object,
    /// A word that gives the place of an object: "the plant on the ward".
    Behind,
}

impl Cue {
    /// The cue of this name in the list.
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "left" => Self::Left,
            "right" => Self::Right,
            "part" => Self::Part,
            "article" => Self::Article,
            "plan" => Self::Plan,
            "done" => Self::Done,
            "undone" => Self::Undone,
            "split" => Self::Split,
            "old" => Self::Old,
            "bilateral" => Self::Bilateral,
            "instead" => Self::Instead,
            "ordered" => Self::Ordered,
            "given" => Self::Given,
            "dose" => Self::Dose,
            "time" => Self::Time,
            "donor" => Self::Donor,
            "recipient" => Self::Recipient,
            "group" => Self::Group,
            "person" => Self::Person,
            "transfer" => Self::Transfer,
            "police" => Self::Police,
            "bill" => Self::Bill,
            "work" => Self::Work,
            "meal" => Self::Meal,
            "medicine" => Self::Medicine,
            "art" => Self::Art,
            "object" => Self::Object,
            "behind" => Self::Behind,
            _ => return None,
        })
    }
}

/// All cues of one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cues(u64);

impl Cues {
    pub(super) fn of(cue: Cue) -> Self {
        Self(1 << cue as u64)
    }

    pub(super) fn has(self, cue: Cue) -> bool {
        self.0 & Self::of(cue).0 != 0
    }

    pub(super) fn join(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// The rows of the shipped list: a cue and its words. The function skips a row that does not parse; a test ensures that
/// the list has none.
pub(super) fn rows() -> impl Iterator<Item = (Cues, &'static str)> {
    include_str!("cues.tsv").lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (cue, words) = line.split_once('\t')?;
        Some((Cues::of(Cue::parse(cue)?), words))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_list_is_understood() {
        let lines = include_str!("cues.tsv").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(rows().count(), lines);
    }
}
