//! The engine of this host: incidents, people and facilities on one store, the organisation read from it.

use std::sync::Arc;

use eovr_core::access::danger;
use eovr_core::analyst;
use eovr_core::export;
use eovr_core::identity::{self, Site};
use eovr_core::incident;
use eovr_core::notice;
use eovr_core::org::Org;
use eovr_core::ports::{Blobs, Clock};
use eovr_core::record::{Query, Record};
use eovr_core::service::EovrBuilder;
use eovr_core::triage::local::LocalScorer;
use eovr_core::{Eovr, ErrorKind, Name, Result, Session};

use crate::database::{Database, KeyText};
use crate::demo::organisation;
use crate::learner;
use crate::output::{Failure, Out};
use crate::settings::Place;

/// The engine and its database.
pub(crate) struct Host {
    pub(crate) eovr: Eovr,
    /// What nobody outside knows, and the same at every start with this master key.
    pub(crate) secret: [u8; 32],
    /// What tokens are signed with.
    pub(crate) token_secret: [u8; 32],
    /// What checkpoints of the audit log are signed with.
    pub(crate) log_secret: [u8; 32],
    /// Where attachments lie.
    pub(crate) files: Arc<dyn Blobs>,
    /// What learns from reviews, where that is switched on.
    pub(crate) learner: Option<Arc<LocalScorer>>,
    database: Database,
}

impl Host {
    pub(crate) async fn close(self) {
        self.database.close().await;
    }
}

/// Opens the engine, with the demonstration's organisation where the store has none.
pub(crate) async fn open(
    place: &Place,
    clock: impl Clock + Clone + 'static,
    out: &mut Out,
) -> Result<Host, Failure> {
    open_with(place, clock, Opening::default(), out).await
}

/// What is unusual about an opening.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    /// A scorer that learns.
    pub(crate) learner: Option<Arc<LocalScorer>>,
    /// Everything is read once, and little stays in memory.
    pub(crate) read_once: bool,
}

/// The same, where something is unusual.
pub(crate) async fn open_with(
    place: &Place,
    clock: impl Clock + Clone + 'static,
    Opening { learner, read_once }: Opening,
    out: &mut Out,
) -> Result<Host, Failure> {
    let settings = || learner::settings(learner.as_ref());
    place.make_dir()?;
    let config = place.database()?;
    let key = place.master_key(&config, out)?;
    let database = if read_once { config.read_once() } else { config }.open().await?;
    // The organisation is in the store, and an engine needs one to open: first the planned one, then the
    // one that is there.
    let planned = organisation::planned()?;
    let planned = assemble(&database, planned, settings(), &key, clock.clone()).await?.open().await?;
    let sites = enter(&planned).await?;
    let engine = assemble(&database, identity::org_from(&sites)?, settings(), &key, clock).await?;
    let engine = if read_once { engine } else { engine.figures_in_memory() };
    let eovr = engine.open().await?;
    Ok(Host {
        eovr,
        secret: key.derived("eovr.server.v1"),
        token_secret: key.derived("eovr.tokens.v1"),
        log_secret: key.derived("eovr.log.v1"),
        files: Arc::new(place.files()?),
        learner,
        database,
    })
}

async fn assemble(
    database: &Database,
    org: Org,
    settings: incident::Settings,
    key: &KeyText,
    clock: impl Clock + 'static,
) -> Result<EovrBuilder, Failure> {
    let kinds = incident::kinds(settings)?.into_iter().chain(identity::kinds()?);
    let kinds = kinds.chain(analyst::kinds()?);
    let (of, rows) = incident::notice_actions()?;
    let engine = Eovr::builder().shared_store(database.store()).org(org).kinds(kinds);
    let (exports, exporting) = export::actions()?;
    let engine = engine.kind(notice::kind()?).actions(of, rows).actions(exports, exporting);
    database.keys(engine.clock(clock), key).await
}

/// Enters the facilities that are missing, unless the store belongs to another organisation.
async fn enter(eovr: &Eovr) -> Result<Vec<Record>> {
    let setup = setup(eovr)?;
    let there = all(&setup, identity::facility::KIND).await?;
    let known = |record: &Record| eovr.org().stamp(&record.envelope().stamp.facility).is_some();
    if !there.iter().all(known) {
        return Ok(there);
    }
    let is_there = |site: &Site| there.iter().any(|record| record.envelope().stamp.facility == site.facility);
    let missing: Vec<Site> = Site::all(eovr.org()).into_iter().filter(|site| !is_there(site)).collect();
    if missing.is_empty() {
        return Ok(there);
    }
    for site in missing {
        let facility = site.facility.clone();
        match setup.create(identity::facility::KIND, &facility, site.command()).await {
            // Another process was faster.
            Err(error) if error.kind() == ErrorKind::Conflict => {}
            done => drop(done?),
        }
    }
    all(&setup, identity::facility::KIND).await
}

/// The software itself, for what nobody is there to do yet.
pub(crate) fn setup(eovr: &Eovr) -> Result<Session> {
    Ok(eovr.session(danger::unrestricted("eovr-server.setup", "make and read organisation and accounts")?))
}

/// Every record of a kind in the session's scope, newest first.
pub(crate) async fn all(session: &Session, kind: &str) -> Result<Vec<Record>> {
    let mut query = Query::of(Name::new(kind)?).limit(Query::LARGEST_PAGE);
    let mut records = Vec::new();
    loop {
        let page = session.find(&query).await?;
        records.extend(page.items);
        match page.next {
            Some(next) => query = query.after(Some(next)),
            None => return Ok(records),
        }
    }
}
