use std::collections::BTreeMap;
use std::fmt;

use crate::kind::Kind;
use crate::name::Name;

/// What opening a database with a catalogue of kinds would change, and the records that the kinds strand.
///
/// A store makes it: `SqlStore::plan`, `MongoStore::plan`. Reading the records costs one count of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// What the store would send to the database, in order; nothing where the database is up to date.
    pub statements: Vec<String>,
    /// The stranded records.
    pub stranded: Vec<Stranded>,
}

/// Records that a changed kind has left behind. `Display` is a sentence for the person who plans the change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stranded {
    /// They are in a state that the kind's table does not have, so no action is possible on them.
    InState {
        /// Their kind.
        kind: Name,
        /// The state.
        state: String,
        /// How many they are.
        records: u64,
    },
    /// They have no value that the kind requires, so an action on them must set it. Records whose state has no action
    /// are not counted.
    Without {
        /// Their kind.
        kind: Name,
        /// The required facet, or a required field with deterministic sealing. A store does not count other fields.
        value: Name,
        /// How many they are.
        records: u64,
    },
}

impl Stranded {
    /// The stranded records of a kind, from a store's counts: each state with its number of records, and with the
    /// number of those that have no value in each required column.
    ///
    /// ```
    /// use eovr_core::incident::{self, Settings};
    /// use eovr_core::kind::Stranded;
    /// use eovr_core::name;
    ///
    /// let incident = incident::kinds(Settings::default())?.remove(0);
    /// let without = [(name!("category"), 2)].into();
    /// let counted = [("created".to_owned(), 9, without), ("held".to_owned(), 4, [].into())];
    /// let stranded: Vec<_> = Stranded::of(&incident, counted).iter().map(ToString::to_string).collect();
    /// assert_eq!(stranded, [
    ///     "4 records of `incident` are in the state `held`, which the kind does not have",
    ///     "2 records of `incident` have no `category`, which the kind requires",
    /// ]);
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    pub fn of(
        kind: &Kind,
        counted: impl IntoIterator<Item = (String, u64, BTreeMap<Name, u64>)>,
    ) -> Vec<Self> {
        let (mut stranded, mut lacking) = (Vec::new(), BTreeMap::new());
        for (state, records, without) in counted {
            if !kind.machine().has_state(&state) {
                stranded.push(Self::InState { kind: kind.name().clone(), state, records });
            } else if kind.machine().legal(&state).next().is_some() {
                for (value, records) in without {
                    *lacking.entry(value).or_default() += records;
                }
            }
        }
        let lacking = lacking.into_iter().filter(|(_, records)| *records > 0);
        stranded.extend(lacking.map(|(value, records)| Self::Without {
            kind: kind.name().clone(),
            value,
            records,
        }));
        stranded
    }
}

impl fmt::Display for Stranded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count =
            |records: u64| if records == 1 { "1 record".to_owned() } else { format!("{records} records") };
        match self {
            Self::InState { kind, state, records } => {
                let are = if *records == 1 { "is" } else { "are" };
                let records = count(*records);
                write!(f, "{records} of `{kind}` {are} in the state `{state}`, which the kind does not have")
            }
            Self::Without { kind, value, records } => {
                let have = if *records == 1 { "has" } else { "have" };
                write!(f, "{} of `{kind}` {have} no `{value}`, which the kind requires", count(*records))
            }
        }
    }
}
