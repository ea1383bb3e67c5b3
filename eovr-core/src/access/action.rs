use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::access::{Actor, Standing, Tier};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Name;

/// One row of the action table: the actors that may do one action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionRow {
    /// The action's name, a verb.
    pub name: Name,
    /// The tiers that may do the action.
    pub tiers: Tiers,
    /// Whether a visitor may do the action. A visitor has no account and reports from inside the facility.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub visitor: bool,
    /// Whether the holder of the record's receipt code may do the action.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub holder: bool,
    /// Whether the action requires recent authentication ([`Actor::unproven`]).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub proof: bool,
    /// The facets and fields that the action may set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<Name>,
}

impl ActionRow {
    /// An action that these tiers may do and that sets nothing.
    pub fn new(name: Name, tiers: Tiers) -> Self {
        Self { name, tiers, visitor: false, holder: false, proof: false, sets: Vec::new() }
    }

    /// Whether the row allows an actor of this standing.
    pub fn allows(&self, actor: &Actor) -> bool {
        match actor.standing() {
            Standing::Member { role, .. } => self.tiers.contains(role.tier()),
            Standing::Visitor(_) => self.visitor,
            Standing::Holder { .. } => self.holder,
            Standing::System(_) => true,
        }
    }

    /// Whether the actor has authenticated recently enough for this action.
    ///
    /// # Errors
    /// The errors of [`Actor::needs_proof`], where the row requires recent authentication.
    pub fn proven(&self, actor: &Actor) -> Result<()> {
        if self.proof { actor.needs_proof() } else { Ok(()) }
    }
}

/// A range of tiers, both ends included; written `[2, 5]` in JSON.
///
/// ```
/// use eovr_core::access::{Role, Tiers};
///
/// let reviewers = Tiers::new(2, 5)?;
/// assert!(reviewers.contains(Role::QualityAdmin.tier()));
/// assert!(!reviewers.contains(Role::Staff.tier()));
/// # Ok::<(), eovr_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(Tier, Tier)", into = "(Tier, Tier)")]
pub struct Tiers {
    lowest: Tier,
    highest: Tier,
}

impl Tiers {
    /// From one tier to another.
    ///
    /// # Errors
    /// `InvalidInput` where a number is not 1 to 5 or the first is above the second.
    pub fn new(lowest: u8, highest: u8) -> Result<Self> {
        (Tier::new(lowest)?, Tier::new(highest)?).try_into()
    }

    /// Every tier.
    pub const fn all() -> Self {
        Self { lowest: Tier::LOWEST, highest: Tier::HIGHEST }
    }

    pub(crate) fn is_all(&self) -> bool {
        *self == Self::all()
    }

    /// Whether a tier is in the range.
    pub fn contains(self, tier: Tier) -> bool {
        (self.lowest..=self.highest).contains(&tier)
    }
}

impl TryFrom<(Tier, Tier)> for Tiers {
    type Error = Error;

    fn try_from((lowest, highest): (Tier, Tier)) -> Result<Self> {
        if lowest <= highest {
            Ok(Self { lowest, highest })
        } else {
            Err(Error::invalid("the lower tier of a range comes first")
                .with_help("write `[2, 5]`, not `[5, 2]`"))
        }
    }
}

impl From<Tiers> for (Tier, Tier) {
    fn from(tiers: Tiers) -> Self {
        (tiers.lowest, tiers.highest)
    }
}

/// The action table over all kinds of a host. It answers who may do what, and can be printed on one page.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
/// let start = eovr.catalog().actions().row(&KIND, &name!("start")).unwrap();
/// assert!(start.allows(quality.actor()));
/// assert!(!start.allows(nurse.actor()));
/// # Ok(()) });
/// ```
#[derive(Clone, Debug, Default)]
pub struct ActionTable {
    rows: BTreeMap<(Name, Name), ActionRow>,
}

impl ActionTable {
    /// Adds the rows of one kind, or of a part of the host that is not a kind (`analytics`).
    ///
    /// # Errors
    /// `Config` where the table already has a row for the same action.
    pub(crate) fn add<'a>(&mut self, of: &Name, rows: impl IntoIterator<Item = &'a ActionRow>) -> Result<()> {
        for row in rows {
            if self.rows.insert((of.clone(), row.name.clone()), row.clone()).is_some() {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("action `{}` of `{of}` stands twice", row.name),
                ));
            }
        }
        Ok(())
    }

    /// The row of one action. `None`: the table has no such row, so every actor is denied.
    pub fn row(&self, of: &Name, action: &Name) -> Option<&ActionRow> {
        self.rows.get(&(of.clone(), action.clone()))
    }

    /// All rows, by kind and name.
    pub fn rows(&self) -> impl Iterator<Item = (&Name, &ActionRow)> {
        self.rows.iter().map(|((of, _), row)| (of, row))
    }

    /// The table in Markdown: one row for each action, one column for each tier.
    pub fn to_markdown(&self) -> String {
        let mut text = String::from(
            "| of | action | 1 staff | 2 quality | 3 admin. | 4 gov. | 5 top | visitor | receipt | proof |\n\
             |---|---|---|---|---|---|---|---|---|---|\n",
        );
        for (of, row) in self.rows() {
            let mark = |yes: bool| if yes { "✓" } else { "" };
            // Writing to a String cannot fail.
            let _ = write!(text, "| {of} | {} |", row.name);
            for tier in (1..=5).filter_map(|number| Tier::new(number).ok()) {
                let _ = write!(text, " {} |", mark(row.tiers.contains(tier)));
            }
            let _ = writeln!(text, " {} | {} | {} |", mark(row.visitor), mark(row.holder), mark(row.proof));
        }
        text
    }
}
