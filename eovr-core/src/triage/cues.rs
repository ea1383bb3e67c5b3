//! Words by which the facts of a text are told, and those that show in which sense a finding is meant; `cues.tsv` has them.

/// What a word shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    /// It begins the name of a measured value.
    Measure,
    /// It tells an age.
    Age,
    Left,
    Right,
    /// A part of the body that has a side.
    Part,
    /// Stands before a side, and not before "left the ward".
    Article,
    /// What was to be done, and where the illness is.
    Plan,
    /// What was done.
    Done,
    /// It was not done, or not yet.
    Undone,
    /// A new statement begins.
    Split,
    /// It was done long before.
    Old,
    Bilateral,
    Instead,
    Ordered,
    Given,
    /// A unit in which medicines are given.
    Dose,
    Time,
    /// Blood that is given.
    Donor,
    Recipient,
    /// A blood group follows.
    Group,
    /// A name or a number of a person follows.
    Person,
    /// Something goes to a person.
    Transfer,
    // Senses: "arrested" by the police, "shock" at a bill, and so on.
    Police,
    Bill,
    Goods,
    Work,
    Meal,
    Medicine,
    Claim,
    Art,
    /// A thing that breaks, falls and "dies".
    Object,
    /// Says where a thing stands: "the plant on the ward".
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
            "goods" => Self::Goods,
            "work" => Self::Work,
            "meal" => Self::Meal,
            "medicine" => Self::Medicine,
            "claim" => Self::Claim,
            "art" => Self::Art,
            "object" => Self::Object,
            "behind" => Self::Behind,
            _ => return None,
        })
    }
}

/// All that a word shows.
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

/// The rows of the shipped list: a cue and its words. A row that does not parse is left out; a test keeps the list free of such rows.
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
