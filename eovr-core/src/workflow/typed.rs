use crate::access::{ActionRow, Tiers};
use crate::error::{Error, Result};
use crate::name::Name;
use crate::workflow::{Need, Rule, StateRow, Table};

/// The stable names of an enum. [`labels!`](crate::labels) writes the implementation.
pub trait Label: Copy + Into<Name> + 'static {
    /// Every variant, in order.
    const ALL: &'static [Self];

    /// The variant's stable name.
    fn name(self) -> &'static str;

    /// The variant of this name.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|label| label.name() == name)
    }

    /// The variant that a name, such as a record's state, stands for.
    fn of(name: &Name) -> Option<Self> {
        Self::named(name.as_str())
    }
}

/// The part of serde that [`labels!`](crate::labels) needs, so that a host needs no serde of its own.
#[doc(hidden)]
pub mod wire {
    pub use serde::de::Error;
    pub use serde::{Deserialize, Deserializer, Serialize, Serializer};
}

/// The error for a word that is no label. It does not repeat the word.
#[doc(hidden)]
#[cold]
pub fn unknown_label<L: Label>() -> Error {
    let accepted: Vec<_> = L::ALL.iter().map(|label| label.name()).collect();
    Error::invalid("that is none of the accepted codes")
        .with_help(format!("accepted: `{}`", accepted.join("`, `")))
}

/// A workflow in Rust. States and actions are enums, so a misspelt state does not compile and a `match` over the states
/// must be complete. [`Table::of`] converts it to data.
///
/// ```
/// use eovr_core::labels;
/// use eovr_core::workflow::{Machine, May, Need, Row, Table, Workflow};
///
/// labels! { enum State { Ringing = "ringing", Closed = "closed" } }
/// labels! { enum Action { Raise = "raise", Close = "close" } }
///
/// struct Alarm;
///
/// impl Workflow for Alarm {
///     type State = State;
///     type Action = Action;
///     const START: State = State::Ringing;
///     const ENDS: &'static [State] = &[State::Closed];
///     const CREATE: Action = Action::Raise;
///     const MAY: &'static [May<Action>] =
///         &[May::new(Action::Raise, (1, 5), &[]), May::new(Action::Close, (2, 5), &[])];
///     const RULES: &'static [Row<State, Action>] =
///         &[Row::to(&[State::Ringing], Action::Close, State::Closed, &[Need::Human, Need::Note])];
/// }
///
/// let machine = Machine::new(Table::of::<Alarm>()?)?;
/// assert!(machine.is_end("closed"));
/// assert_eq!(machine.step("ringing", "close").map(|rule| rule.needs.len()), Some(2));
/// # Ok::<(), eovr_core::Error>(())
/// ```
pub trait Workflow {
    /// The states.
    type State: Label;
    /// The actions.
    type Action: Label;
    /// The state of a new record.
    const START: Self::State;
    /// The end states.
    const ENDS: &'static [Self::State];
    /// The action that creates a record.
    const CREATE: Self::Action;
    /// The permission of each action.
    const MAY: &'static [May<Self::Action>];
    /// The rules.
    const RULES: &'static [Row<Self::State, Self::Action>];
}

/// The permission of an action; the constant form of [`ActionRow`].
#[derive(Clone, Copy, Debug)]
pub struct May<A> {
    /// The action.
    pub action: A,
    /// The lowest and the highest tier.
    pub tiers: (u8, u8),
    /// Whether visitors may do it too.
    pub visitor: bool,
    /// Whether holders of the receipt code may do it too.
    pub holder: bool,
    /// Whether it requires a recent authentication.
    pub proof: bool,
    /// The facets and fields that it may set.
    pub sets: &'static [&'static str],
}

impl<A: Copy> May<A> {
    /// An action for these tiers, the lowest and the highest.
    pub const fn new(action: A, tiers: (u8, u8), sets: &'static [&'static str]) -> Self {
        Self { action, tiers, visitor: false, holder: false, proof: false, sets }
    }

    /// Permits visitors too: people without an account.
    #[must_use]
    pub const fn and_visitors(self) -> Self {
        Self { visitor: true, ..self }
    }

    /// Permits holders of the receipt code too.
    #[must_use]
    pub const fn and_holders(self) -> Self {
        Self { holder: true, ..self }
    }

    /// Requires a recent authentication, so that a person at an unattended screen cannot do it.
    #[must_use]
    pub const fn with_proof(self) -> Self {
        Self { proof: true, ..self }
    }
}

/// A row of a typed workflow; the constant form of [`Rule`].
#[derive(Clone, Copy, Debug)]
pub struct Row<S: 'static, A> {
    /// The source states.
    pub from: &'static [S],
    /// The action.
    pub action: A,
    /// The target state; `None` leaves the state unchanged.
    pub to: Option<S>,
    /// The needs that must be met.
    pub needs: &'static [Need<&'static str>],
}

impl<S: Copy, A: Copy> Row<S, A> {
    /// A rule that changes the state.
    pub const fn to(from: &'static [S], action: A, to: S, needs: &'static [Need<&'static str>]) -> Self {
        Self { from, action, to: Some(to), needs }
    }

    /// A rule that leaves the state unchanged.
    pub const fn stay(from: &'static [S], action: A, needs: &'static [Need<&'static str>]) -> Self {
        Self { from, action, to: None, needs }
    }
}

impl Table {
    /// The table of a typed workflow.
    ///
    /// # Errors
    /// `InvalidInput` where a name or a tier is not valid.
    pub fn of<W: Workflow>() -> Result<Self> {
        let is_end = |state: &W::State| W::ENDS.iter().any(|end| end.name() == state.name());
        Ok(Self {
            start: W::START.into(),
            create: W::CREATE.into(),
            states: W::State::ALL
                .iter()
                .map(|state| StateRow { name: (*state).into(), end: is_end(state) })
                .collect(),
            actions: W::MAY.iter().map(action_row).collect::<Result<_>>()?,
            rules: W::RULES.iter().map(rule).collect::<Result<_>>()?,
        })
    }
}

fn action_row<A: Label>(may: &May<A>) -> Result<ActionRow> {
    Ok(ActionRow {
        name: may.action.into(),
        tiers: Tiers::new(may.tiers.0, may.tiers.1)?,
        visitor: may.visitor,
        holder: may.holder,
        proof: may.proof,
        sets: may.sets.iter().map(|set| Name::new(set)).collect::<Result<_>>()?,
    })
}

fn rule<S: Label, A: Label>(row: &Row<S, A>) -> Result<Rule> {
    Ok(Rule {
        from: row.from.iter().map(|state| (*state).into()).collect(),
        action: row.action.into(),
        to: row.to.map(Into::into),
        needs: row.needs.iter().map(need).collect::<Result<_>>()?,
    })
}

fn need(need: &Need<&'static str>) -> Result<Need> {
    Ok(match need {
        Need::Human => Need::Human,
        Need::Software => Need::Software,
        Need::Author => Need::Author,
        Need::NotAuthor => Need::NotAuthor,
        Need::Note => Need::Note,
        Need::Field(name) => Need::Field(Name::new(name)?),
        Need::WithinMinutes(minutes) => Need::WithinMinutes(*minutes),
        Need::ChildrenClosed(kind) => Need::ChildrenClosed(Name::new(kind)?),
        Need::Check(name) => Need::Check(Name::new(name)?),
    })
}

/// Writes an enum and its [`Label`] from one list, with its text form in both directions: `Display` and `FromStr`,
/// serde, and the conversions to a [`Name`] and to the [`Value`](crate::record::Value) of a facet. A word that is not a
/// name does not compile.
///
/// ```
/// eovr_core::labels! {
///     /// The states of a blood fridge alarm.
///     pub enum State {
///         /// No person has acknowledged it.
///         Ringing = "ringing",
///         /// A person has acknowledged it.
///         Silenced = "silenced",
///     }
/// }
/// assert_eq!(State::Ringing.to_string(), "ringing");
/// assert_eq!("silenced".parse().ok(), Some(State::Silenced));
/// ```
///
/// ```compile_fail
/// eovr_core::labels! {
///     /// Not a name.
///     pub enum State { /// Two words.
///         OutOfOrder = "out of order" }
/// }
/// ```
#[macro_export]
macro_rules! labels {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $($(#[$variant_meta])* $variant),+ }

        impl $crate::workflow::Label for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str($crate::workflow::Label::name(*self))
            }
        }

        impl ::std::convert::From<$name> for $crate::name::Name {
            fn from(label: $name) -> Self {
                match label { $($name::$variant => $crate::name!($text)),+ }
            }
        }

        impl ::std::convert::From<$name> for $crate::record::Value {
            fn from(label: $name) -> Self {
                Self::from($crate::workflow::Label::name(label))
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::error::Error;

            fn from_str(text: &str) -> $crate::error::Result<Self> {
                $crate::workflow::Label::named(text).ok_or_else($crate::workflow::unknown_label::<Self>)
            }
        }

        impl $crate::workflow::wire::Serialize for $name {
            fn serialize<S>(&self, to: S) -> ::std::result::Result<S::Ok, S::Error>
            where
                S: $crate::workflow::wire::Serializer,
            {
                to.serialize_str($crate::workflow::Label::name(*self))
            }
        }

        impl<'de> $crate::workflow::wire::Deserialize<'de> for $name {
            fn deserialize<D>(from: D) -> ::std::result::Result<Self, D::Error>
            where
                D: $crate::workflow::wire::Deserializer<'de>,
            {
                use $crate::workflow::wire::{Deserialize, Error};
                let text = <::std::borrow::Cow<'de, str> as Deserialize<'de>>::deserialize(from)?;
                // The error does not repeat the text, which may be text of a report in the wrong place.
                text.parse().map_err(<D::Error as Error>::custom)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Value;

    labels! {
        /// What a valve may be.
        pub(super) enum Valve {
            Open = "open",
            HalfOpen = "half_open",
        }
    }

    #[test]
    fn a_label_goes_round_through_text_json_name_and_value() {
        for valve in Valve::ALL.iter().copied() {
            assert_eq!(valve.to_string().parse::<Valve>().unwrap(), valve);
            assert_eq!(serde_json::to_string(&valve).unwrap(), format!("\"{valve}\""));
            assert_eq!(serde_json::from_str::<Valve>(&format!("\"{valve}\"")).unwrap(), valve);
            assert_eq!(Valve::of(&valve.into()), Some(valve));
            assert_eq!(Value::from(valve), Value::from(valve.name()));
        }
    }

    #[test]
    fn an_unknown_word_is_refused_with_the_accepted_ones() {
        let error = "half-open".parse::<Valve>().unwrap_err().to_string();
        assert_eq!(error, "invalid_input: that is none of the accepted codes; accepted: `open`, `half_open`");
        let error = serde_json::from_str::<Valve>("\"shut\"").unwrap_err().to_string();
        assert!(error.contains("accepted: `open`, `half_open`") && !error.contains("shut"), "{error}");
        assert_eq!(Valve::named("shut"), None);
    }
}
