use crate::access::{Role, Tier};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Name;
use crate::org::{OrgId, Stamp};
use crate::record::ActorId;

/// Who asks. Made from claims that the host has verified: eovr does not log anybody in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub(crate) id: ActorId,
    pub(crate) standing: Standing,
    pub(crate) human: bool,
    pub(crate) own_only: bool,
    pub(crate) unproven: bool,
}

/// In what capacity an actor asks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// Somebody with a role and a seat in the organisation.
    Member {
        /// The role.
        role: Role,
        /// The part of the organisation that the role is held in.
        seat: Seat,
    },
    /// Somebody without an account who stands in a facility: may create what its kind lets visitors
    /// create there, and sees nothing.
    Visitor(Stamp),
    /// Somebody who holds the receipt code of one record: sees that record alone.
    Holder {
        /// The facet that keeps the code's digest.
        facet: Name,
        /// The digest.
        digest: [u8; 32],
    },
    /// The software itself, for a reason that it must give ([`crate::access::danger`]).
    System(&'static str),
}

/// Where in the organisation a role is held.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Seat {
    /// In one facility.
    Facility(Stamp),
    /// In one administration.
    Administration {
        /// The governorate that the administration belongs to.
        governorate: OrgId,
        /// The administration.
        administration: OrgId,
    },
    /// In one governorate.
    Governorate(OrgId),
    /// At the top.
    Country,
}

impl Seat {
    fn name(&self) -> &'static str {
        match self {
            Self::Facility(_) => "facility",
            Self::Administration { .. } => "administration",
            Self::Governorate(_) => "governorate",
            Self::Country => "country",
        }
    }
}

impl Actor {
    /// A person with a role and a seat.
    ///
    /// # Errors
    /// `Config` where the seat is not of the role's level: staff and quality admins sit in a facility,
    /// admin managers in an administration, governorate managers in a governorate, top management at
    /// the top. A host whose claims do not fit has a mistake in its mapping, and a mistake must never
    /// widen what somebody sees.
    pub fn new(id: ActorId, role: Role, seat: Seat) -> Result<Self> {
        let wanted = match role {
            Role::Staff | Role::QualityAdmin => "facility",
            Role::AdminManager => "administration",
            Role::GovernorateManager => "governorate",
            Role::TopManagement => "country",
        };
        if seat.name() != wanted {
            return Err(Error::new(ErrorKind::Config, format!("a `{role}` cannot sit in a {}", seat.name()))
                .with_help(format!("give a {wanted} as the seat")));
        }
        Ok(Self {
            id,
            standing: Standing::Member { role, seat },
            human: true,
            own_only: false,
            unproven: false,
        })
    }

    /// Somebody without an account, in this facility. The id says how the visitor came in, for example
    /// `qr-poster-7`; it must not say who the visitor is.
    pub fn visitor(id: ActorId, facility: Stamp) -> Self {
        Self { id, standing: Standing::Visitor(facility), human: true, own_only: false, unproven: false }
    }

    pub(crate) fn holder(id: ActorId, facet: Name, digest: [u8; 32]) -> Self {
        Self {
            id,
            standing: Standing::Holder { facet, digest },
            human: true,
            own_only: false,
            unproven: false,
        }
    }

    pub(crate) fn system(id: ActorId, reason: &'static str) -> Self {
        Self { id, standing: Standing::System(reason), human: false, own_only: false, unproven: false }
    }

    /// The same actor as a machine: an AI model or a job that works with this role. Whatever its role,
    /// it never meets the need `human`, so it can propose and never approve.
    #[must_use]
    pub fn as_machine(mut self) -> Self {
        self.human = false;
        self
    }

    /// The same actor, who sees only what it wrote itself. For hosts that narrow staff.
    #[must_use]
    pub fn own_records_only(mut self) -> Self {
        self.own_only = true;
        self
    }

    /// The same actor, who has not proved lately who it is: every action whose row asks for a proof is refused.
    ///
    /// A host that lets people in by itself says so where their last proof is too old for what matters most;
    /// an actor of which nothing is said counts as proven, because the host vouches for it.
    #[must_use]
    pub fn unproven(mut self) -> Self {
        self.unproven = true;
        self
    }

    /// Whether the actor has proved lately who it is.
    ///
    /// # Errors
    /// `Unauthenticated` where a person has to prove it once more; `Denied` for a machine, which cannot.
    pub fn needs_proof(&self) -> Result<()> {
        if !self.unproven {
            return Ok(());
        }
        if !self.human {
            return Err(Error::new(ErrorKind::Denied, "this key does not open what matters most")
                .with_help("it takes a person who has just logged in, or a key of the degree `admin`"));
        }
        Err(Error::new(ErrorKind::Unauthenticated, "this needs a fresh proof of who you are")
            .with_help("give your password once more, and a code where you have a second factor")
            .with("proof", "needed"))
    }

    /// The id.
    pub fn id(&self) -> &ActorId {
        &self.id
    }

    /// The capacity.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Whether a person decides here.
    pub fn is_human(&self) -> bool {
        self.human
    }

    /// The tier of the role; none for visitors, holders and the system.
    pub fn tier(&self) -> Option<Tier> {
        if let Standing::Member { role, .. } = &self.standing { Some(role.tier()) } else { None }
    }

    /// The capacity's stable name, as events keep it: the role, `visitor`, `holder` or `system`.
    pub fn capacity(&self) -> &'static str {
        match &self.standing {
            Standing::Member { role, .. } => role.name(),
            Standing::Visitor(_) => "visitor",
            Standing::Holder { .. } => "holder",
            Standing::System(_) => "system",
        }
    }
}
