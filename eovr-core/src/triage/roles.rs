//! The roles of the terms in the word lists, and the properties of concepts that the grammar needs.

/// The role of a term; the head of `lexicon_en.tsv` explains each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Flag,
    Verb,
    Lack,
    Pass,
    No,
    Not,
    Denies,
    If,
    Undo,
    Absent,
    Unseen,
    None,
    Ungiven,
    InTime,
    Chance,
    Almost,
    Averted,
    But,
    And,
    Or,
    Sort,
    Any,
    Preposition,
    Being,
    Told,
    Consequence,
    The,
    Sign,
    Patient,
    Subject,
    Thing,
    Kin,
    Ago,
    During,
    Exercise,
    Invented,
    Real,
    Bygone,
    Who,
    Known,
}

impl Role {
    /// Whether the term is a finding, which scores. The other terms change the meaning of findings.
    pub(super) fn is_finding(self) -> bool {
        matches!(self, Self::Flag | Self::Verb | Self::Lack)
    }

    /// The role of this name in a list.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "flag" => Self::Flag,
            "verb" => Self::Verb,
            "lack" => Self::Lack,
            "pass" => Self::Pass,
            "no" => Self::No,
            "not" => Self::Not,
            "denies" => Self::Denies,
            "if" => Self::If,
            "undo" => Self::Undo,
            "absent" => Self::Absent,
            "unseen" => Self::Unseen,
            "none" => Self::None,
            "ungiven" => Self::Ungiven,
            "in_time" => Self::InTime,
            "chance" => Self::Chance,
            "almost" => Self::Almost,
            "averted" => Self::Averted,
            "but" => Self::But,
            "and" => Self::And,
            "or" => Self::Or,
            "sort" => Self::Sort,
            "any" => Self::Any,
            "preposition" => Self::Preposition,
            "being" => Self::Being,
            "told" => Self::Told,
            "consequence" => Self::Consequence,
            "the" => Self::The,
            "sign" => Self::Sign,
            "patient" => Self::Patient,
            "subject" => Self::Subject,
            "thing" => Self::Thing,
            "kin" => Self::Kin,
            "ago" => Self::Ago,
            "during" => Self::During,
            "exercise" => Self::Exercise,
            "invented" => Self::Invented,
            "real" => Self::Real,
            "bygone" => Self::Bygone,
            "who" => Self::Who,
            "known" => Self::Known,
            _ => return None,
        })
    }
}

/// The properties of a concept that the grammar needs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Nature {
    /// A wrong substance was given; "it was not given" cancels it.
    pub(super) gives_wrong: bool,
    /// One person did it to another, so a relative may be the offender.
    pub(super) has_a_doer: bool,
    /// The harm is final: "prevented" elsewhere in the sentence does not cancel it.
    pub(super) is_done: bool,
}

impl Nature {
    /// The properties of the concept with this name.
    pub(super) fn of(concept: &str) -> Self {
        Self {
            gives_wrong: matches!(
                concept,
                "medication_error" | "overdose" | "wrong_blood" | "wrong_patient" | "wrong_route"
            ),
            has_a_doer: matches!(concept, "assault" | "homicide" | "sexual_assault" | "abuse"),
            is_done: matches!(
                concept,
                "death" | "cardiac_arrest" | "homicide" | "sexual_assault" | "brain_injury"
            ),
        }
    }
}
