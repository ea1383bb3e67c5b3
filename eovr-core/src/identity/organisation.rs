//! The organisation as the store has it: one record for each facility, read at the start and followed while the engine
//! runs.

use std::collections::BTreeMap;

use crate::access::danger;
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::facility::{Action, KIND, State};
use crate::identity::text;
use crate::org::{Administration, Facility, Governorate, Org, OrgId, Stamp, Title};
use crate::ports::{Posted, Written};
use crate::record::{Query, Record, RecordId};
use crate::service::{Eovr, Follower, Session};
use crate::workflow::Label as _;

/// Keeps the organisation of an engine equal to the facilities in its store, while this node and others change them.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = Eovr::builder().store(MemoryStore::new()).org(testing::org()?).kinds(kinds(Settings::default())?)
/// #     .kinds(identity::kinds()?).master_key(MasterKey::from_bytes(&[7; 32])).open().await?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// use eovr_core::identity::{self, Organisation, Site};
///
/// let manager = eovr.session(member("top-1", Role::TopManagement, "CAI")?);
/// for site in Site::all(&eovr.org()) {
///     site.register(&manager).await?;
/// }
/// let mut organisation = Organisation::follow(&eovr).await?;
///
/// // A facility is opened, here or on another node.
/// let mut october = Site::all(&eovr.org()).remove(0);
/// october.stamp.facility = OrgId::new("OCT")?;
/// october.title = Title { en: "October Hospital".to_owned(), ar: "مستشفى أكتوبر".to_owned() };
/// october.register(&manager).await?;
///
/// // Each node calls this about once a second.
/// assert!(organisation.refresh().await?);
/// assert!(eovr.org().stamp(&OrgId::new("OCT")?).is_some());
/// assert!(!organisation.refresh().await?, "nothing has changed since");
/// # Ok(()) });
/// ```
#[derive(Clone, Debug)]
pub struct Organisation {
    session: Session,
    position: u64,
}

impl Organisation {
    /// Reads the facilities, and gives the engine their organisation. A facility whose record is damaged is left out,
    /// because the others must be able to work.
    ///
    /// # Errors
    /// As [`org_from`]; errors of the store.
    pub async fn follow(eovr: &Eovr) -> Result<Self> {
        let session = eovr.session(danger::unrestricted("eovr.organisation", "read the facilities")?);
        // The position comes first: a change between the two readings is read twice and never missed.
        let position = eovr.store().census(&KIND, &[]).await?.position;
        let (records, _) = records(&session).await?;
        eovr.replace_org(org_from(&records)?);
        Ok(Self { session, position })
    }

    /// Reads what all nodes have written since the last call. Where one change is of a facility, gives the engine the
    /// new organisation and returns `true`.
    ///
    /// # Errors
    /// As [`Organisation::follow`]; `Tampered` where the record of a facility is damaged. The engine then keeps its
    /// organisation, and the next call tries again.
    pub async fn refresh(&mut self) -> Result<bool> {
        let store = self.session.eovr().store();
        let (mut feed, mut changed) = (Follower::after(self.position), false);
        while !feed.at_end() {
            let page = feed.next(&**store).await?;
            // A message that this release cannot read may be of a facility.
            let is_facility = |posted: &Posted| {
                posted.headline().is_none_or(|headline| headline.kind() == Some(KIND.as_str()))
            };
            changed |= page.iter().any(is_facility);
        }
        if changed {
            let (records, damaged) = records(&self.session).await?;
            if let Some(id) = damaged.first() {
                let message = "the record of a facility is damaged, so its organisation stays as it was";
                return Err(Error::new(ErrorKind::Tampered, message).with("record", id));
            }
            self.session.eovr().replace_org(org_from(&records)?);
        }
        self.position = feed.position();
        Ok(changed)
    }
}

/// A facility with its place and the titles above it.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let org = testing::org()?;
/// # use eovr_core::identity;
/// # let eovr = Eovr::builder().store(MemoryStore::new()).org(org).kinds(kinds(Settings::default())?)
/// #     .kinds(identity::kinds()?).master_key(MasterKey::from_bytes(&[7; 32])).open().await?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// use eovr_core::identity::{Site, facility, org_from};
///
/// let manager = eovr.session(member("top-1", Role::TopManagement, "CAI")?);
/// for site in Site::all(&eovr.org()) {
///     site.register(&manager).await?;
/// }
/// // At the next start the organisation comes from the store.
/// let records = manager.find(&Query::of(facility::KIND)).await?.items;
/// assert_eq!(org_from(&records)?.stamps().count(), 2);
/// # Ok(()) });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The ids of the facility and of the two levels above it.
    pub stamp: Stamp,
    /// Its name.
    pub title: Title,
    /// The name of its administration.
    pub administration: Title,
    /// The name of its governorate.
    pub governorate: Title,
    /// Its IANA time zone.
    pub time_zone: String,
}

impl Site {
    /// Every facility of an organisation.
    pub fn all(org: &Org) -> Vec<Self> {
        let mut sites = Vec::new();
        for governorate in org.governorates() {
            for administration in &governorate.administrations {
                sites.extend(administration.facilities.iter().map(|facility| Self {
                    stamp: Stamp {
                        governorate: governorate.id.clone(),
                        administration: administration.id.clone(),
                        facility: facility.id.clone(),
                    },
                    title: facility.title.clone(),
                    administration: administration.title.clone(),
                    governorate: governorate.title.clone(),
                    time_zone: facility.time_zone.clone(),
                }));
            }
        }
        sites
    }

    /// Registers a facility. The engine knows it after the next [`Organisation::refresh`].
    ///
    /// # Errors
    /// `Config` where it does not fit the open facilities: its time zone is unknown, or its administration is in
    /// another governorate; `Conflict` where the id is taken, also by a closed facility; `Denied` below tier 5.
    pub async fn register(self, session: &Session) -> Result<Written> {
        self.fits(session).await?;
        let command = self.command(Action::Register).set("code", self.stamp.facility.as_str());
        let written = session.create_at(&KIND, self.stamp.clone(), command).await?;
        // Another registration can have put the administration elsewhere since this one was checked. The first one counts.
        let (records, _) = records(session).await?;
        if sites(&records)?.iter().any(|site| site.stamp == self.stamp) {
            return Ok(written);
        }
        Err(Error::new(
            ErrorKind::Conflict,
            "the administration was registered in another governorate meanwhile",
        )
        .with("record", written.id)
        .with_help("close this facility, which is no part of the organisation, and register it again"))
    }

    /// Changes the titles and the time zone of a registered facility.
    ///
    /// # Errors
    /// `InvalidInput` where the record is of another place, because a facility never moves; `Config` where the time
    /// zone is unknown; `NotFound` where there is no such record; `Denied` below tier 5.
    pub async fn revise(self, session: &Session, id: RecordId) -> Result<Written> {
        if session.load(&KIND, id).await?.envelope().stamp != self.stamp {
            return Err(Error::invalid("a facility never moves").with_help("register it under a new id"));
        }
        self.fits(session).await?;
        session.act(&KIND, id, self.command(Action::Revise)).await
    }

    /// Checks that the open facilities with this one are an organisation.
    async fn fits(&self, session: &Session) -> Result<()> {
        let (records, _) = records(session).await?;
        let mut sites = sites(&records)?;
        sites.retain(|site| site.stamp.facility != self.stamp.facility);
        sites.push(self.clone());
        tree(sites).map(drop)
    }

    fn of(record: &Record) -> Self {
        let title = |of: &str| Title {
            en: text(record, &format!("{of}_en")).to_owned(),
            ar: text(record, &format!("{of}_ar")).to_owned(),
        };
        Self {
            stamp: record.envelope.stamp.clone(),
            title: title("title"),
            administration: title("administration"),
            governorate: title("governorate"),
            time_zone: text(record, "time_zone").to_owned(),
        }
    }

    fn command(&self, action: Action) -> Command {
        Command::new(action)
            .set("title_en", &*self.title.en)
            .set("title_ar", &*self.title.ar)
            .set("administration_en", &*self.administration.en)
            .set("administration_ar", &*self.administration.ar)
            .set("governorate_en", &*self.governorate.en)
            .set("governorate_ar", &*self.governorate.ar)
            .set("time_zone", &*self.time_zone)
    }
}

/// The organisation, from the records of its facilities in any order. Closed facilities are left out.
///
/// Where two facilities have different titles for the same administration or governorate, the one that changed last
/// wins, because a new title is entered facility by facility. Where they have different governorates for the same
/// administration, the one that was registered first wins and the other is left out: two nodes can have registered them
/// at the same moment.
///
/// # Errors
/// `Config` where no facility is open or a time zone is unknown; `Tampered` where a record's code is not the facility
/// of its stamp.
pub fn org_from(records: &[Record]) -> Result<Org> {
    tree(sites(records)?)
}

/// The open facilities, the one that changed last at the end. Of two governorates for one administration, the one that
/// was registered first counts.
fn sites(records: &[Record]) -> Result<Vec<Site>> {
    let mut records: Vec<&Record> =
        records.iter().filter(|record| *record.state() == State::Open.name()).collect();
    let wrong = |record: &&&Record| text(record, "code") != record.envelope.stamp.facility.as_str();
    if let Some(record) = records.iter().find(wrong) {
        let message = "a facility's code is not the facility of its record's stamp";
        return Err(Error::new(ErrorKind::Tampered, message).with("record", record.id()));
    }
    let mut governorates = BTreeMap::new();
    records.sort_by_key(|record| (record.envelope.created_at, record.id()));
    records.retain(|record| {
        let Stamp { administration, governorate, .. } = &record.envelope.stamp;
        *governorates.entry(administration).or_insert(governorate) == governorate
    });
    records.sort_by_key(|record| (record.envelope.updated_at, record.id()));
    Ok(records.into_iter().map(Site::of).collect())
}

fn tree(sites: Vec<Site>) -> Result<Org> {
    let mut tree: BTreeMap<OrgId, (Title, BTreeMap<OrgId, Administration>)> = BTreeMap::new();
    for Site { stamp, title, administration: within, governorate: above, time_zone } in sites {
        let governorate = tree.entry(stamp.governorate).or_insert((above.clone(), BTreeMap::new()));
        governorate.0 = above;
        let administration = governorate.1.entry(stamp.administration.clone()).or_insert_with(|| {
            Administration { id: stamp.administration, title: within.clone(), facilities: Vec::new() }
        });
        administration.title = within;
        administration.facilities.push(Facility { id: stamp.facility, title, time_zone });
    }
    let by_id = |mut administration: Administration| {
        administration.facilities.sort_by(|a, b| a.id.cmp(&b.id));
        administration
    };
    let governorates = tree.into_iter().map(|(id, (title, administrations))| Governorate {
        id,
        title,
        administrations: administrations.into_values().map(by_id).collect(),
    });
    Org::new(governorates.collect())
}

/// The facilities, and those whose records are damaged.
async fn records(session: &Session) -> Result<(Vec<Record>, Vec<RecordId>)> {
    let mut pages = session.pages(Query::of(KIND).limit(Query::LARGEST_PAGE));
    let (mut records, mut damaged) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await? {
        records.extend(page.items);
        damaged.extend(page.damaged);
    }
    Ok((records, damaged))
}
