use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The five roles, each in a tier of its own.
///
/// ```
/// use eovr_core::access::Role;
///
/// let role: Role = "admin_manager".parse()?;
/// assert_eq!((role.tier().number(), role.level()), (3, "administration"));
/// # Ok::<(), eovr_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reports what happened; tier 1.
    Staff,
    /// Reviews the reports of one facility; tier 2.
    QualityAdmin,
    /// Leads an administration of several facilities; tier 3.
    AdminManager,
    /// Leads a governorate; tier 4.
    GovernorateManager,
    /// Leads the whole organisation; tier 5.
    TopManagement,
}

impl Role {
    /// All roles, from tier 1 to tier 5.
    pub const ALL: [Self; 5] =
        [Self::Staff, Self::QualityAdmin, Self::AdminManager, Self::GovernorateManager, Self::TopManagement];

    /// The role's tier, 1 to 5.
    pub const fn tier(self) -> Tier {
        Tier(self as u8 + 1)
    }

    /// The level of the organisation at which the role is held.
    pub const fn level(self) -> &'static str {
        match self {
            Self::Staff | Self::QualityAdmin => "facility",
            Self::AdminManager => "administration",
            Self::GovernorateManager => "governorate",
            Self::TopManagement => "country",
        }
    }

    /// The role's stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::QualityAdmin => "quality_admin",
            Self::AdminManager => "admin_manager",
            Self::GovernorateManager => "governorate_manager",
            Self::TopManagement => "top_management",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| {
            Error::invalid("not a role")
                .with_help(format!("the roles are {}", Self::ALL.map(|role| format!("`{role}`")).join(", ")))
        })
    }
}

/// The level of a role: 1 (staff) to 5 (top management).
///
/// ```
/// use eovr_core::access::{Role, Tier};
///
/// assert!(Role::Staff.tier() < Tier::new(2)?);
/// assert_eq!(Role::TopManagement.tier(), Tier::HIGHEST);
/// assert!(Tier::new(6).is_err());
/// # Ok::<(), eovr_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Tier(u8);

impl Tier {
    /// Tier 1.
    pub const LOWEST: Self = Self(1);
    /// Tier 5.
    pub const HIGHEST: Self = Self(5);

    /// A tier by its number.
    ///
    /// # Errors
    /// `InvalidInput` outside 1 to 5.
    pub fn new(number: u8) -> Result<Self> {
        if (1..=5).contains(&number) {
            Ok(Self(number))
        } else {
            Err(Error::invalid(format!("there is no tier `{number}`")).with_help("tiers run from 1 to 5"))
        }
    }

    /// The tier's number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Tier {
    type Error = Error;

    fn try_from(number: u8) -> Result<Self> {
        Self::new(number)
    }
}

impl From<Tier> for u8 {
    fn from(tier: Tier) -> Self {
        tier.0
    }
}
