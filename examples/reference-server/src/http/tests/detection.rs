//! Detected faults reach the metrics, `/health`, the security log and tier 5.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use eovr_core::access::{Role, Scope, danger};
use eovr_core::audit::StoredEvent;
use eovr_core::audit::log::Signer;
use eovr_core::decide::Commit;
use eovr_core::identity::watch::{self, SecurityLog};
use eovr_core::identity::{NewUser, user};
use eovr_core::incident::KIND;
use eovr_core::kind::Catalog;
use eovr_core::memory::MemoryStore;
use eovr_core::name;
use eovr_core::notice::{Channel, Dispatcher, alert_rules};
use eovr_core::org::OrgId;
use eovr_core::ports::{Census, Loaded, Parcel, Posted, Receipt, Store};
use eovr_core::record::{Column, Page, Query, RecordId, StoredRecord, Tally, TallyCell};
use eovr_core::service::LogKeeper;
use eovr_core::{Error, ErrorKind, Name, Result as Done, Timestamp};
use eovr_host::checkpoint::{Kept, LogState};
use eovr_host::http::kit::Watched;
use eovr_host::writes::{WatchedStore, Writes};

use super::{NURSE, QUALITY, REPORT, SECRET, Server, TOP, Tested};

/// A store with faults that the test sets: it refuses writes, or rows were changed in the database itself.
#[derive(Debug, Default)]
struct Troubled {
    store: MemoryStore,
    full: AtomicBool,
    edited: AtomicBool,
    garbled: AtomicBool,
}

impl Troubled {
    fn edit(&self, record: &mut StoredRecord) -> Done<()> {
        if self.edited.load(Ordering::Relaxed) && record.envelope.kind == KIND {
            record.facets.insert(name!("category"), "fall".into());
        }
        if self.garbled.load(Ordering::Relaxed) && record.envelope.kind == KIND {
            record.sealed.values_mut().for_each(|bytes| bytes.reverse());
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Troubled {
    async fn prepare(&self, catalog: &Catalog) -> Done<()> {
        self.store.prepare(catalog).await
    }

    async fn refresh(&self) -> Done<bool> {
        self.store.refresh().await
    }

    async fn commit(&self, commit: Commit) -> Done<Receipt> {
        if self.full.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Unavailable, "database or disk is full"));
        }
        self.store.commit(commit).await
    }

    async fn load(&self, scope: &Scope, kind: &Name, id: RecordId) -> Done<Option<StoredRecord>> {
        let mut loaded = self.store.load(scope, kind, id).await?;
        if let Some(record) = &mut loaded {
            self.edit(record)?;
        }
        Ok(loaded)
    }

    async fn load_for_decision(&self, scope: &Scope, kind: &Name, id: RecordId) -> Done<Option<Loaded>> {
        let mut loaded = self.store.load_for_decision(scope, kind, id).await?;
        if let Some(Loaded { record, .. }) = &mut loaded {
            self.edit(record)?;
        }
        Ok(loaded)
    }

    async fn find(&self, scope: &Scope, query: &Query) -> Done<Page<StoredRecord>> {
        let page = self.store.find(scope, query).await?;
        page.try_map(|mut record| {
            self.edit(&mut record)?;
            Ok(record)
        })
    }

    async fn tally(&self, scope: &Scope, tally: &Tally) -> Done<Vec<TallyCell>> {
        self.store.tally(scope, tally).await
    }

    async fn events(&self, scope: &Scope, kind: &Name, record: RecordId) -> Done<Vec<StoredEvent>> {
        self.store.events(scope, kind, record).await
    }

    async fn feed(&self, after: u64, limit: u32) -> Done<Vec<Posted>> {
        self.store.feed(after, limit).await
    }

    async fn census(&self, kind: &Name, by: &[Column]) -> Done<Census> {
        self.store.census(kind, by).await
    }

    async fn lease(&self, limit: u32, now: Timestamp, until: Timestamp) -> Done<Vec<Parcel>> {
        self.store.lease(limit, now, until).await
    }

    async fn acknowledge(&self, ids: &[u64]) -> Done<()> {
        self.store.acknowledge(ids).await
    }
}

impl Server {
    /// The alerts that tier 5 sees, each with its subject.
    async fn alerts(&self) -> Result<Vec<(String, String)>, Box<dyn std::error::Error>> {
        self.app.kit.auth.alarm.write(&SecurityLog::of(&self.app.kit.eovr)?).await?;
        let listed = self.get(TOP, "/api/alerts").await?.is(200)?.json()?;
        let text =
            |alert: &serde_json::Value, name: &str| alert[name].as_str().unwrap_or_default().to_owned();
        let items = listed["items"].as_array().ok_or("a list")?;
        Ok(items.iter().map(|alert| (text(alert, "alert"), text(alert, "subject"))).collect())
    }

    async fn health(&self, word: &str) -> Result<String, Box<dyn std::error::Error>> {
        let health = self.get("anonymous", "/health").await?.json()?;
        Ok(health[word].as_str().unwrap_or_default().to_owned())
    }

    /// An account of tier 5 that gets notifications.
    async fn answerable(&self) -> Result<RecordId, Box<dyn std::error::Error>> {
        let setup = self.app.kit.eovr.session(danger::unrestricted("test", "make an account")?);
        let person = NewUser {
            role: Role::TopManagement,
            email: "top@example.org".to_owned(),
            display_name: "A Colleague".to_owned(),
            password_hash: None,
            must_change: false,
        };
        Ok(setup.create(&user::KIND, &OrgId::new("F1")?, person.command()).await?.id)
    }

    /// The topics of an account's notices.
    async fn told(&self, who: RecordId) -> Result<Vec<String>, Box<dyn std::error::Error>> {
        let dispatcher = Dispatcher::new(&self.app.kit.eovr, alert_rules(), &[Channel::InApp])?;
        while dispatcher.route().await?.messages > 0 {}
        let notices = self.get(&format!("top_management F1 {who}"), "/api/notices").await?.is(200)?.json()?;
        let items = notices["items"].as_array().ok_or("a list")?;
        Ok(items.iter().map(|notice| notice["topic"].as_str().unwrap_or_default().to_owned()).collect())
    }
}

#[tokio::test]
async fn a_log_that_contradicts_its_checkpoint_is_notified_to_tier_5() -> Tested {
    let folder = tempfile::tempdir()?;
    let kept = Kept::at(folder.path().join("checkpoints"));
    let keeper = |server: &Server| LogKeeper::new(&server.app.kit.eovr, Signer::new("test", &SECRET)?);
    let vouched = Server::new().await?;
    for _ in 0..3 {
        vouched.reported().await?;
    }
    let state = LogState::default();
    kept.round(&keeper(&vouched)?, &mut None, &state, &vouched.app.kit.auth.alarm).await;
    assert_eq!(state.word(), "ok");

    // The database is replaced with an older one.
    let watched = Watched::default();
    let server = Server::watched(Arc::new(MemoryStore::new()), false, watched.clone()).await?;
    let answerable = server.answerable().await?;
    assert_eq!((server.health("status").await?, server.health("log").await?), ("ok".into(), "off".into()));
    kept.round(&keeper(&server)?, &mut None, &watched.log, &server.app.kit.auth.alarm).await;
    assert_eq!(server.health("log").await?, "failing");
    assert_eq!(server.health("status").await?, "alarmed");
    assert_eq!(server.alerts().await?, [("log_rewritten".to_owned(), String::new())]);
    assert_eq!(server.told(answerable).await?, ["security_alert.raise"]);
    let meters = server.get("anonymous", "/metrics").await?.is(200)?.text;
    assert!(meters.contains(r#"eovr_alerts_total{alert="log_rewritten"}"#), "{meters}");
    let days = server.app.kit.eovr.session(danger::unrestricted("test", "look")?);
    let day = days.find(&Query::of(watch::KIND)).await?.items.pop().ok_or("a day")?;
    let trail = days.trail(&watch::KIND, day.id()).await?;
    let noted = trail.entries.last().and_then(|entry| entry.note.as_ref()).ok_or("a note")?;
    assert!(noted.contains("log_rewritten"));
    Ok(())
}

/// The server also keeps its last checkpoint in memory, so an emptied file does not hide it.
#[tokio::test]
async fn an_emptied_checkpoint_file_is_detected() -> Tested {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("checkpoints");
    let kept = Kept::at(path.clone());
    let keeper = |server: &Server| LogKeeper::new(&server.app.kit.eovr, Signer::new("test", &SECRET)?);
    let (server, state, mut last) = (Server::new().await?, LogState::default(), None);
    server.reported().await?;
    kept.round(&keeper(&server)?, &mut last, &state, &server.app.kit.auth.alarm).await;
    std::fs::write(&path, "")?;
    let other = Server::new().await?;
    kept.round(&keeper(&other)?, &mut last, &state, &other.app.kit.auth.alarm).await;
    assert_eq!(state.word(), "failing");
    Ok(())
}

#[tokio::test]
async fn a_tampered_record_is_alerted_once_a_day() -> Tested {
    let store = Arc::new(Troubled::default());
    let server = Server::on(store.clone(), false).await?;
    let (answerable, path) = (server.answerable().await?, server.reported().await?);
    let id = path.rsplit('/').next().ok_or("an id")?.to_owned();
    server.get(QUALITY, &format!("{path}/audit")).await?.is(200)?;
    assert_eq!((server.alerts().await?.len(), server.health("records").await?), (0, "ok".into()));
    store.edited.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        server.get(QUALITY, &format!("{path}/audit")).await?;
    }
    assert_eq!(server.alerts().await?, [("record_tampered".to_owned(), id)]);
    assert_eq!(server.health("records").await?, "tampered");
    assert_eq!(server.told(answerable).await?, ["security_alert.raise"]);
    Ok(())
}

/// A damaged field hides neither its record nor a list nor a workbook, and raises an alert.
#[tokio::test]
async fn a_damaged_field_hides_nothing_else() -> Tested {
    let store = Arc::new(Troubled::default());
    let server = Server::on(store.clone(), false).await?;
    let path = server.reported().await?;
    let id = path.rsplit('/').next().ok_or("an id")?.to_owned();
    store.garbled.store(true, Ordering::Relaxed);
    let shown = server.get(QUALITY, &path).await?.is(200)?.json()?;
    let unreadable = shown["unreadable"].as_array().ok_or("a list")?;
    assert!(unreadable.contains(&"description".into()) && shown["state"] == "created", "{shown}");
    server.get(QUALITY, "/api/incidents").await?.is(200)?;
    server.get(QUALITY, "/api/exports/incidents.xlsx").await?.is(200)?;
    server.get(QUALITY, &format!("/api/exports/incidents/{id}.pdf")).await?.is(200)?;
    assert_eq!(server.alerts().await?, [("record_tampered".to_owned(), id)]);
    Ok(())
}

/// Every error of the kind `Tampered` raises an alert, whichever handler returns it.
#[tokio::test]
async fn every_tampering_error_raises_an_alert() -> Tested {
    let server = Server::new().await?;
    let id = RecordId::from_parts(Timestamp::from_micros(7), [7; 10]);
    let error = Error::new(ErrorKind::Tampered, "it does not open").with("field", "story").with("record", id);
    let problem = eovr_host::http::problem::Problem::from(error);
    assert_eq!(problem.tampered(), Some(id.to_string().as_str()));
    let refused = Error::new(ErrorKind::Denied, "not yours").with("record", id);
    assert_eq!(eovr_host::http::problem::Problem::from(refused).tampered(), None);
    server.app.kit.auth.alarm.of(&Error::new(ErrorKind::Tampered, "elsewhere").with("user", id));
    assert_eq!(server.alerts().await?, [("record_tampered".to_owned(), id.to_string())]);
    Ok(())
}

#[tokio::test]
async fn a_server_that_cannot_write_is_unhealthy_until_it_can() -> Tested {
    let (store, writes) = (Arc::new(Troubled::default()), Arc::new(Writes::default()));
    let watched = Watched { writes: writes.clone(), ..Watched::default() };
    let witnessed = Arc::new(WatchedStore::new(store.clone(), writes));
    let server = Server::watched(witnessed, false, watched).await?;
    server.reported().await?;
    server.get("anonymous", "/ready").await?.is(200)?;
    store.full.store(true, Ordering::Relaxed);
    server.post(NURSE, "/api/incidents", REPORT).await?.is(503)?;
    // Reads still work.
    server.get(QUALITY, "/api/incidents").await?.is(200)?;
    assert_eq!(
        (server.health("database").await?, server.health("writes").await?),
        ("ok".into(), "failing".into())
    );
    server.get("anonymous", "/health").await?.is(503)?;
    server.get("anonymous", "/ready").await?.is(503)?;
    // The alert itself waits in the queue. Writing it shows that the store accepts writes again.
    let mut told = None;
    let log = SecurityLog::of(&server.app.kit.eovr)?;
    assert!(crate::serve::watched(&server.app, &log, &mut told).await.is_err());
    store.full.store(false, Ordering::Relaxed);
    crate::serve::watched(&server.app, &log, &mut told).await?;
    server.get("anonymous", "/ready").await?.is(200)?;
    assert_eq!(server.health("status").await?, "ok");
    assert_eq!(server.alerts().await?[0].0, "write_failed");
    Ok(())
}

#[tokio::test]
async fn exports_are_recorded_and_counted_by_rows() -> Tested {
    let server = Server::new().await?;
    let path = server.reported().await?;
    for _ in 0..99 {
        server.reported().await?;
    }
    let id = path.rsplit('/').next().ok_or("an id")?;
    server.get(QUALITY, &format!("/api/exports/incidents/{id}.pdf")).await?.is(200)?;
    server.get(QUALITY, "/api/exports/incidents.xlsx?lang=ar").await?.is(200)?;
    let listed = server.get(TOP, "/api/exports").await?.is(200)?.json()?;
    let (book, page) = (&listed["items"][0], &listed["items"][1]);
    assert_eq!((page["format"].as_str(), page["about"].as_str()), (Some("pdf"), Some(id)));
    assert_eq!((page["rows"].as_i64(), page["by"].as_str()), (Some(1), Some("quality-1")));
    assert_eq!((book["format"].as_str(), book["rows"].as_i64()), (Some("xlsx"), Some(100)));
    assert_eq!((book["filters"].as_str(), book["by"].as_str()), (Some("lang=ar"), Some("quality-1")));
    server.get(QUALITY, "/api/exports").await?.problem(403, "denied")?;
    assert_eq!(server.alerts().await?, []);
    for _ in 0..19 {
        server.get(QUALITY, "/api/exports/incidents.xlsx").await?.is(200)?;
    }
    let alerts = server.alerts().await?;
    assert_eq!(alerts.iter().map(|(_, who)| who.as_str()).collect::<Vec<_>>(), ["quality-1"]);
    // These tests run at night by their clock, so the lower threshold applies.
    assert!(["bulk_read", "off_hours_read"].contains(&alerts[0].0.as_str()), "{alerts:?}");
    Ok(())
}

/// An export is refused if it cannot be recorded.
#[tokio::test]
async fn an_export_that_cannot_be_recorded_is_refused() -> Tested {
    let store = Arc::new(Troubled::default());
    let server = Server::on(store.clone(), false).await?;
    let path = server.reported().await?;
    let id = path.rsplit('/').next().ok_or("an id")?;
    store.full.store(true, Ordering::Relaxed);
    server.get(QUALITY, &format!("/api/exports/incidents/{id}.pdf")).await?.problem(503, "unavailable")?;
    server.get(QUALITY, "/api/exports/incidents.xlsx").await?.problem(503, "unavailable")?;
    Ok(())
}
