use crate::access::{Actor, Seat, Standing};
use crate::name::Name;
use crate::org::{OrgId, Stamp};
use crate::record::{ActorId, Record, Value};

/// The records that one actor may see. The scope follows from the actor's verified standing, never from a request,
/// and only [`crate::access`] makes one.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// let manager = eovr.session(member("manager-1", Role::GovernorateManager, "CAI")?);
/// assert_eq!(manager.scope().reach(), &Reach::Governorate(OrgId::new("CAI")?));
/// let org = eovr.org();
/// let delta = org.stamp(&OrgId::new("DEL")?).unwrap();
/// assert!(manager.scope().covers(delta));
/// assert!(!nurse.scope().covers(delta));
/// # Ok(()) });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    reach: Reach,
}

/// What a scope covers. A store turns it into a filter.
///
/// The enum is exhaustive on purpose: after a new variant no store compiles until its author has decided how to
/// filter by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// No record at all.
    Nothing,
    /// The records of one facility. A store tests all three ids of the stamp, because its index begins with the
    /// governorate. The result is the same as testing the facility alone.
    Facility(Stamp),
    /// The records that this actor created in one facility.
    Own(Stamp, ActorId),
    /// The records of one administration.
    Administration {
        /// Its governorate.
        governorate: OrgId,
        /// The administration.
        administration: OrgId,
    },
    /// The records of one governorate.
    Governorate(OrgId),
    /// Every record.
    Country,
    /// The records whose facet holds this digest: one or none.
    Holder {
        /// The facet, of type bytes.
        facet: Name,
        /// The digest.
        digest: [u8; 32],
    },
}

impl Scope {
    /// What this actor sees.
    pub(crate) fn of(actor: &Actor) -> Self {
        let reach = match &actor.standing {
            Standing::Member { seat, .. } => match seat {
                Seat::Facility(stamp) if actor.own_only => Reach::Own(stamp.clone(), actor.id.clone()),
                Seat::Facility(stamp) => Reach::Facility(stamp.clone()),
                // `own_records_only` is meant for people in a facility. Elsewhere it must not widen what the actor
                // sees.
                _ if actor.own_only => Reach::Nothing,
                Seat::Administration { governorate, administration } => Reach::Administration {
                    governorate: governorate.clone(),
                    administration: administration.clone(),
                },
                Seat::Governorate(governorate) => Reach::Governorate(governorate.clone()),
                Seat::Country => Reach::Country,
            },
            Standing::Visitor(_) => Reach::Nothing,
            Standing::Holder { facet, digest } => Reach::Holder { facet: facet.clone(), digest: *digest },
            Standing::System(_) => Reach::Country,
        };
        Self { reach }
    }

    /// For the engine's own checks, which must count records that the actor cannot see.
    pub(crate) fn everything() -> Self {
        Self { reach: Reach::Country }
    }

    /// What the scope covers.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Whether a record lies inside the scope. This is the reference with which every store is compared.
    pub fn matches(&self, record: &Record) -> bool {
        let Stamp { governorate, administration, facility } = &record.envelope.stamp;
        match &self.reach {
            Reach::Nothing => false,
            Reach::Facility(stamp) => *stamp == record.envelope.stamp,
            Reach::Own(stamp, author) => {
                stamp.facility == *facility
                    && stamp.administration == *administration
                    && stamp.governorate == *governorate
                    && *author == record.envelope.author
            }
            Reach::Administration { governorate: g, administration: a } => {
                g == governorate && a == administration
            }
            Reach::Governorate(g) => g == governorate,
            Reach::Country => true,
            Reach::Holder { facet, digest } => {
                matches!(record.facet(facet.as_str()), Some(Value::Bytes(kept)) if kept.as_slice() == digest)
            }
        }
    }

    /// Whether records of this place lie inside the scope. The engine checks this before it creates a record there.
    pub fn covers(&self, stamp: &Stamp) -> bool {
        match &self.reach {
            Reach::Facility(own) | Reach::Own(own, _) => own == stamp,
            Reach::Administration { governorate, administration } => {
                *governorate == stamp.governorate && *administration == stamp.administration
            }
            Reach::Governorate(governorate) => *governorate == stamp.governorate,
            Reach::Country => true,
            Reach::Nothing | Reach::Holder { .. } => false,
        }
    }
}
