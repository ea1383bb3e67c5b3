use crate::access::{Role, Tier};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Name;
use crate::org::{Org, OrgId, Stamp};
use crate::record::ActorId;

/// The caller. The host makes an actor from claims that it has verified; this module authenticates no one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub(crate) id: ActorId,
    pub(crate) standing: Standing,
    pub(crate) human: bool,
    pub(crate) own_only: bool,
    pub(crate) unproven: bool,
}

/// The capacity in which an actor calls.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// A user with a role and a seat in the organisation.
    Member {
        /// The role.
        role: Role,
        /// The part of the organisation in which the user holds the role.
        seat: Seat,
    },
    /// A person without an account who reports from inside a facility. A visitor may create records there where the
    /// record's kind allows it, and sees no record.
    Visitor(Stamp),
    /// The holder of one record's receipt code. The holder sees that record only.
    Holder {
        /// The facet that keeps the code's digest.
        facet: Name,
        /// The digest.
        digest: [u8; 32],
    },
    /// The software itself. It must give a reason ([`crate::access::danger`]).
    System(&'static str),
}

/// The part of the organisation in which a role is held.
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
    /// At national level.
    Country,
}

impl Seat {
    /// The seat of a role in the part of the organisation that a facility belongs to.
    ///
    /// ```
    /// use eovr_core::access::{Role, Seat};
    ///
    /// # let [governorate, administration, facility] = ["CAI", "CAI-E", "NIL"].map(eovr_core::org::OrgId::new);
    /// # let nile = eovr_core::org::Stamp {
    /// #     governorate: governorate?, administration: administration?, facility: facility?,
    /// # };
    /// assert_eq!(Seat::of(Role::GovernorateManager, &nile), Seat::Governorate(nile.governorate.clone()));
    /// assert_eq!(Seat::of(Role::Staff, &nile), Seat::Facility(nile.clone()));
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    pub fn of(role: Role, stamp: &Stamp) -> Self {
        let Stamp { governorate, administration, .. } = stamp.clone();
        match role {
            Role::Staff | Role::QualityAdmin => Self::Facility(stamp.clone()),
            Role::AdminManager => Self::Administration { governorate, administration },
            Role::GovernorateManager => Self::Governorate(governorate),
            Role::TopManagement => Self::Country,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Facility(_) => "facility",
            Self::Administration { .. } => "administration",
            Self::Governorate(_) => "governorate",
            Self::Country => "country",
        }
    }
}

impl Org {
    /// The seat of a role: in the facility, administration or governorate of this id, whichever the role's level is. At
    /// national level the id is not read.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # let org = testing::org()?;
    /// let seat = org.seat(Role::GovernorateManager, &OrgId::new("CAI")?)?;
    /// assert_eq!(seat, Seat::Governorate(OrgId::new("CAI")?));
    /// let error = org.seat(Role::Staff, &OrgId::new("CAI")?).unwrap_err();
    /// assert_eq!(error.message(), "the organisation has no such facility");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `Config` where the organisation has no such part.
    pub fn seat(&self, role: Role, id: &OrgId) -> Result<Seat> {
        let governorates = self.governorates();
        let seat = match role {
            Role::Staff | Role::QualityAdmin => self.stamp(id).cloned().map(Seat::Facility),
            Role::AdminManager => governorates.iter().find_map(|governorate| {
                let administration = governorate.administrations.iter().find(|one| one.id == *id)?;
                let (governorate, administration) = (governorate.id.clone(), administration.id.clone());
                Some(Seat::Administration { governorate, administration })
            }),
            Role::GovernorateManager => {
                governorates.iter().any(|one| one.id == *id).then(|| Seat::Governorate(id.clone()))
            }
            Role::TopManagement => Some(Seat::Country),
        };
        seat.ok_or_else(|| {
            Error::new(ErrorKind::Config, format!("the organisation has no such {}", role.level()))
                .with_help("give an id that stands in the organisation")
        })
    }
}

impl Actor {
    /// A person with a role and a seat.
    ///
    /// ```
    /// use eovr_core::access::{Actor, Role, Seat};
    /// use eovr_core::record::ActorId;
    ///
    /// # let [governorate, administration, facility] = ["CAI", "CAI-E", "NIL"].map(eovr_core::org::OrgId::new);
    /// # let nile = eovr_core::org::Stamp {
    /// #     governorate: governorate?, administration: administration?, facility: facility?,
    /// # };
    /// let seat = Seat::of(Role::Staff, &nile);
    /// let nurse = Actor::new(ActorId::new("nurse-7")?, Role::Staff, seat.clone())?;
    /// assert_eq!(nurse.capacity(), "staff");
    /// let error = Actor::new(ActorId::new("manager-1")?, Role::GovernorateManager, seat).unwrap_err();
    /// assert_eq!(error.help(), Some("give a governorate as the seat"));
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Config` where the seat does not fit the role's level: staff and quality admins sit in a facility, admin
    /// managers in an administration, governorate managers in a governorate, top management at national level. A
    /// mismatch is a mistake in the host's mapping of claims, and a mistake must never widen what a user sees.
    pub fn new(id: ActorId, role: Role, seat: Seat) -> Result<Self> {
        let wanted = role.level();
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

    /// A person without an account, in this facility. The id names the entry point, for example `qr-poster-7`; it
    /// must not identify the visitor.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// let stamp = eovr.org().stamp(&nile).unwrap().clone();
    /// let visitor = eovr.session(Actor::visitor(ActorId::new("qr-poster-7")?, stamp));
    /// let report = Report { reporter: Reporter::Patient, ..report };
    /// let id = visitor.incidents().report(&nile, report).await?.written.id;
    /// assert_eq!(quality.incidents().load(id).await?.text("reporter_type"), Some("patient"));
    /// // A visitor reports and reads nothing.
    /// assert_eq!(visitor.incidents().load(id).await.unwrap_err().kind(), ErrorKind::Denied);
    /// # Ok(()) });
    /// ```
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

    /// The same actor, marked as a machine: an AI model or a job that works with this role. A machine never meets the
    /// need `human`, so it can propose and never approve.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// let model = eovr.session(quality.actor().clone().as_machine());
    /// let error = model.incidents().act(id, Action::Start, None).await.unwrap_err();
    /// assert_eq!(error.help(), Some("it needs a person to decide, not a machine"));
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn as_machine(mut self) -> Self {
        self.human = false;
        self
    }

    /// The same actor, restricted to records that it created. For hosts that narrow what staff see.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// let colleague = member("nurse-8", Role::Staff, "NIL")?;
    /// let whole_ward = eovr.session(colleague.clone());
    /// assert_eq!(whole_ward.incidents().newest(10).await?.items.len(), 1);
    /// let narrowed = eovr.session(colleague.own_records_only());
    /// assert_eq!(narrowed.incidents().newest(10).await?.items.len(), 0);
    /// # Ok(()) });
    /// ```
    #[must_use]
    pub fn own_records_only(mut self) -> Self {
        self.own_only = true;
        self
    }

    /// The same actor, marked as not recently authenticated. Every action whose row requires recent authentication is
    /// refused.
    ///
    /// A host that authenticates users itself calls this when the last authentication is too old for a sensitive
    /// action. Without this call the actor counts as recently authenticated, because the host vouches for it.
    ///
    /// ```
    /// use eovr_core::ErrorKind;
    /// use eovr_core::access::{Actor, Role, Seat};
    /// # use eovr_core::record::ActorId;
    ///
    /// let manager = Actor::new(ActorId::new("top-1")?, Role::TopManagement, Seat::Country)?;
    /// assert!(manager.needs_proof().is_ok());
    /// let error = manager.unproven().needs_proof().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    /// # Ok::<(), eovr_core::Error>(())
    /// ```
    #[must_use]
    pub fn unproven(mut self) -> Self {
        self.unproven = true;
        self
    }

    /// Whether the actor has authenticated recently.
    ///
    /// # Errors
    /// `Unauthenticated` where a person must authenticate again; `Denied` for a machine, which cannot.
    pub fn needs_proof(&self) -> Result<()> {
        if !self.unproven {
            return Ok(());
        }
        if !self.human {
            return Err(Error::new(
                ErrorKind::Denied,
                "this key does not allow an action that requires recent authentication",
            )
            .with_help("call it as a person who has just logged in, or with a key of the degree `admin`"));
        }
        Err(Error::new(ErrorKind::Unauthenticated, "this needs a fresh proof of who you are")
            .with_help("give your password once more, and a code where you have a second factor")
            .with("proof", "needed"))
    }

    /// The id.
    pub fn id(&self) -> &ActorId {
        &self.id
    }

    /// The capacity in which the actor calls.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Whether the actor is a person and not a machine.
    pub fn is_human(&self) -> bool {
        self.human
    }

    /// The tier of the role. `None` for visitors, holders and the system.
    pub fn tier(&self) -> Option<Tier> {
        if let Standing::Member { role, .. } = &self.standing { Some(role.tier()) } else { None }
    }

    /// The stable name of the capacity, as events store it: the role, `visitor`, `holder` or `system`.
    pub fn capacity(&self) -> &'static str {
        match &self.standing {
            Standing::Member { role, .. } => role.name(),
            Standing::Visitor(_) => "visitor",
            Standing::Holder { .. } => "holder",
            Standing::System(_) => "system",
        }
    }
}
