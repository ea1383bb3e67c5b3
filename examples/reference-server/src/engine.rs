//! The engine of this host: incidents, users and facilities on one store, with the organisation from the store.

use std::sync::Arc;

use eovr_core::access::danger;
use eovr_core::analyst;
use eovr_core::export;
use eovr_core::identity::{self, Organisation, Site, user};
use eovr_core::incident;
use eovr_core::kind::Catalog;
use eovr_core::notice;
use eovr_core::org::OrgId;
use eovr_core::ports::{Blobs, Clock};
use eovr_core::record::{Query, Record};
use eovr_core::service::EovrBuilder;
use eovr_core::triage::Marks;
use eovr_core::triage::local::LocalScorer;
use eovr_core::workflow::Label as _;
use eovr_core::{Eovr, ErrorKind, Name, Result, Session};
use eovr_host::database::{Database, KeyText};
use eovr_host::keyring::Keys;
use eovr_host::output::{Failure, Out};
use eovr_host::secrets::Secrets;
use eovr_host::settings::Place;
use eovr_host::writes::Writes;

use crate::demo::organisation;
use crate::import;
use crate::learner;

/// The engine and its database.
pub(crate) struct Host {
    pub(crate) eovr: Eovr,
    /// The secrets derived from the master key.
    pub(crate) secrets: Arc<Secrets>,
    /// The secrets derived from the previous master key, if the operator supplies it.
    pub(crate) previous: Option<Arc<Secrets>>,
    /// The keys that seal, for key management.
    pub(crate) keys: Keys,
    /// Whether the store accepts writes.
    pub(crate) writes: Arc<Writes>,
    /// The storage for attachments.
    pub(crate) files: Arc<dyn Blobs>,
    /// The scorer that learns from reviews, if enabled.
    pub(crate) learner: Option<Arc<LocalScorer>>,
    /// Follows the facilities that this process and others register.
    pub(crate) organisation: Organisation,
    database: Database,
}

impl Host {
    pub(crate) async fn close(self) {
        self.database.close().await;
    }
}

/// Opens the engine. If the store has no organisation, it uses the given one or the demonstration's.
pub(crate) async fn open(place: &Place, clock: impl Clock + 'static, out: &mut Out) -> Result<Host, Failure> {
    open_with(place, clock, Opening::default(), out).await
}

/// Non-default options for opening.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    /// A scorer that learns.
    pub(crate) learner: Option<Arc<LocalScorer>>,
    /// The score thresholds for reading a report today and now.
    pub(crate) marks: Marks,
    /// For a command that reads everything once; caches stay small.
    pub(crate) read_once: bool,
    /// Production: nothing of the demonstration is entered.
    pub(crate) for_real: bool,
    /// The master keys, if they differ from the place's.
    pub(crate) keys: Option<MasterKeys>,
}

/// The master key, and the previous one if every data key must be wrapped again.
pub(crate) struct MasterKeys {
    pub(crate) now: KeyText,
    pub(crate) before: Option<KeyText>,
}

impl std::fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKeys(redacted)")
    }
}

/// The same with non-default options.
pub(crate) async fn open_with(
    place: &Place,
    clock: impl Clock + 'static,
    Opening { learner, marks, read_once, for_real, keys }: Opening,
    out: &mut Out,
) -> Result<Host, Failure> {
    let own = place.organisation()?;
    place.make_dir()?;
    let config = place.database()?;
    let MasterKeys { now: key, before } = match keys {
        Some(keys) => keys,
        None => MasterKeys { now: place.master_key(&config, out)?, before: None },
    };
    let writes = Arc::<Writes>::default();
    let previous = place.previous_master_key(&config)?.map(|key| Secrets::of(&key));
    let database = if read_once { config.read_once() } else { config }.open().await?;
    // The organisation is in the store, and an engine needs one to open: it opens with the planned one.
    let entry = match (&own, for_real) {
        (Some(_), _) => Entry::Missing,
        (None, false) => Entry::Invented,
        (None, true) => Entry::Nothing,
    };
    let planned = own.map_or_else(organisation::planned, Ok)?;
    let settings = learner::settings(learner.as_ref(), marks);
    let engine = kinds(settings)?.shared_store(database.store(&writes)).org(planned).clock(clock);
    let (engine, keys) = database.keys(engine, &key, before.as_ref()).await?;
    let engine = if read_once { engine } else { engine.figures_in_memory() };
    let eovr = engine.open().await?;
    let organisation = enter(&eovr, entry).await?;
    Ok(Host {
        eovr,
        secrets: Secrets::of(&key),
        previous,
        keys,
        writes,
        files: Arc::new(place.files()?),
        learner,
        organisation,
        database,
    })
}

/// The kinds of this host, without a store.
pub(crate) fn catalog() -> Result<Catalog> {
    kinds(learner::settings(None, Marks::default()))?.catalog()
}

fn kinds(settings: incident::Settings) -> Result<EovrBuilder> {
    let kinds = incident::kinds(settings)?.into_iter().chain(identity::kinds()?);
    let kinds = kinds.chain(analyst::kinds()?);
    let (of, rows) = incident::notice_actions()?;
    let engine = Eovr::builder().kinds(kinds);
    let (exports, exporting) = export::actions()?;
    let engine = engine.kind(notice::kind()?).kind(export::given::kind()?).kind(import::listing()?);
    Ok(engine.actions(of, rows).actions(exports, exporting))
}

/// The facilities to enter into the store.
#[derive(Clone, Copy, PartialEq)]
enum Entry {
    Nothing,
    /// The missing facilities of the operator's file.
    Missing,
    /// The demonstration's facilities, unless the store belongs to another organisation.
    Invented,
}

/// Enters the missing facilities of the planned organisation, and gives the engine the organisation of the store.
async fn enter(eovr: &Eovr, entry: Entry) -> Result<Organisation, Failure> {
    enter_missing(eovr, entry).await?;
    Ok(Organisation::follow(eovr).await?)
}

async fn enter_missing(eovr: &Eovr, entry: Entry) -> Result<(), Failure> {
    let setup = setup(eovr)?;
    let there = all(&setup, identity::facility::KIND).await?;
    let org = eovr.org();
    let planned = |record: &Record| org.stamp(&record.envelope().stamp.facility);
    if entry == Entry::Nothing && there.is_empty() {
        return Err(Failure::usage(
            "the database has no facility yet",
            "describe the hospital group in a file and name it: `--org FILE`, as the README of the reference server says",
        ));
    }
    if entry == Entry::Nothing || entry == Entry::Invented && !there.iter().all(|one| planned(one).is_some())
    {
        return Ok(());
    }
    let moved = |one: &&Record| planned(one).is_some_and(|stamp| *stamp != one.envelope().stamp);
    if let Some(moved) = there.iter().find(moved) {
        let facility = &moved.envelope().stamp.facility;
        return Err(Failure::usage(
            format!("facility `{facility}` has another place in the database"),
            "existing incidents keep their place: give the moved facility a new id",
        ));
    }
    let is_there =
        |site: &Site| there.iter().any(|record| record.envelope().stamp.facility == site.stamp.facility);
    for site in Site::all(&org).into_iter().filter(|site| !is_there(site)) {
        match site.register(&setup).await {
            // Another process entered it first.
            Err(error) if error.kind() == ErrorKind::Conflict => {}
            done => drop(done?),
        }
    }
    Ok(())
}

/// The requested facility, or the first.
pub(crate) fn facility(eovr: &Eovr, asked: Option<&str>) -> Result<OrgId, Failure> {
    let org = eovr.org();
    let known = || {
        let ids: Vec<_> = org.stamps().map(|stamp| format!("`{}`", stamp.facility)).collect();
        format!("this organisation has {}", ids.join(", "))
    };
    let found = match asked {
        Some(id) => org.stamps().find(|stamp| stamp.facility.as_str() == id),
        None => org.stamps().next(),
    };
    found
        .map(|stamp| stamp.facility.clone())
        .ok_or_else(|| Failure::usage("there is no such facility", known()))
}

/// A session of the software itself, for setup before the first account exists.
pub(crate) fn setup(eovr: &Eovr) -> Result<Session> {
    Ok(eovr.session(danger::unrestricted("eovr-server.setup", "make and read organisation and accounts")?))
}

/// The session of an active account.
pub(crate) async fn account(eovr: &Eovr, email: &str) -> std::result::Result<Session, Failure> {
    let setup = setup(eovr)?;
    let found = setup.find(&user::find_by_email(email)).await?.items.into_iter().next();
    let active = found.filter(|record| *record.state() == user::State::Active.name());
    let record = active.ok_or_else(|| {
        Failure::usage(
            "no active account has this address",
            "`eovr-server demo --once` shows those of the demonstration",
        )
    })?;
    Ok(eovr.session(identity::actor(&record)?))
}

/// Every record of a kind in the session's scope, newest first.
pub(crate) async fn all(session: &Session, kind: Name) -> Result<Vec<Record>> {
    every(session, Query::of(kind)).await
}

/// Every record that a query finds, newest first.
pub(crate) async fn every(session: &Session, query: Query) -> Result<Vec<Record>> {
    let (mut records, mut pages) = (Vec::new(), session.pages(query.limit(Query::LARGEST_PAGE)));
    while let Some(page) = pages.next().await? {
        records.extend(page.items);
    }
    Ok(records)
}
