//! Nodes that run side by side on one database, while one of them changes state that the others cache.

use std::sync::Arc;

use async_trait::async_trait;
use eovr_core::access::{Actor, Role, Seat};
use eovr_core::attachment::Attachments;
use eovr_core::export::{Columns, Csv};
use eovr_core::identity::{self, Organisation, Site, facility, user};
use eovr_core::incident::{self, ATTACHMENT, Action, Level, Months, Report, Settings};
use eovr_core::memory::{MemoryBlobs, MemoryStore};
use eovr_core::name;
use eovr_core::org::{Administration, Facility, Org, OrgId, Title};
use eovr_core::ports::{Blobs, Posted};
use eovr_core::record::{ActorId, RecordId};
use eovr_core::seal::{MasterKey, Purpose};
use eovr_core::service::{EovrBuilder, FeedReader};
use eovr_core::{Command, Eovr, ErrorKind, Session, Timestamp};
use eovr_tests::{TestClock, actor, master_key, org};

use crate::keys::{open, tell, words};

/// The smallest picture.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    0, 0, 0, 0, 0x3A, 0x7E, 0x9B, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0xDA, 0x63, 0x60, 0, 0, 0,
    2, 0, 1, 0xE5, 0x27, 0xDE, 0xFC, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xAE, 0x42, 0x60, 0x82,
];

/// A key's destruction must reach every node, because a node that still sealed under the key would write text that can
/// never be read.
#[tokio::test(flavor = "multi_thread")]
async fn no_node_seals_under_a_key_that_another_has_destroyed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hospital.db");
    let (here, clock) = open(&file, |builder| builder.master_key(master_key())).await.unwrap();
    let (there, there_clock) = open(&file, |builder| builder.master_key(master_key())).await.unwrap();
    let nurse = here.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let top = there.session(actor("top", Role::TopManagement, "CAI-1-1"));
    let known = tell(&nurse, "under the first key").await;
    let blobs = MemoryBlobs::new();

    for round in 0..3 {
        clock.pass_seconds(1);
        there_clock.pass_seconds(1);
        let older: Vec<_> = top.data_keys().await.unwrap().into_iter().filter(|key| !key.destroyed).collect();
        for purpose in [Purpose::Fields, Purpose::Search] {
            top.rotate_key(purpose).await.unwrap();
        }
        if round == 2 {
            for key in older {
                top.destroy_key(key.id, "erased").await.unwrap();
            }
        }
        // The first call of this node is a report, a change with a note, or a file.
        match round {
            0 => {
                let quality = here.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
                quality.incidents().act(known, Action::Start, Some("why")).await.unwrap();
            }
            1 => {
                let files = Attachments::of(&nurse, ATTACHMENT, &blobs);
                files.attach(known, "photo.png", PNG).await.unwrap();
            }
            _ => {}
        }
        let newest = tell(&nurse, "after the change").await;
        assert_eq!(words(&top, newest).await.unwrap(), "after the change");
        assert_eq!(words(&nurse, newest).await.unwrap(), "after the change");
        let keys = top.data_keys().await.unwrap();
        let fields = keys.iter().filter(|key| key.purpose == Purpose::Fields).map(|key| key.id);
        let record = top.incidents().load(newest).await.unwrap();
        assert_eq!(
            Some(record.sealed("description").unwrap().key_id()),
            fields.max().map(|id| uuid::Uuid::from_bytes(*id.as_bytes()))
        );
    }
    assert_eq!(words(&nurse, known).await.unwrap_err().kind(), ErrorKind::Key);
    let trail = nurse.trail(&name!("incident"), known).await.unwrap();
    assert!(trail.verdict.is_intact(), "{:?}", trail.verdict);
}

/// A key is destroyed during an upload: the store does not keep the file.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_key_is_destroyed_on_the_way_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hospital.db");
    let (eovr, clock) = open(&file, |builder| builder.master_key(master_key())).await.unwrap();
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let top = eovr.session(actor("top", Role::TopManagement, "CAI-1-1"));
    let known = tell(&nurse, "with a photograph").await;
    clock.pass_seconds(1);
    let blobs = Between { top: top.clone(), kept: MemoryBlobs::new() };
    let failed = Attachments::of(&nurse, ATTACHMENT, &blobs).attach(known, "photo.png", PNG).await;
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::Key);
    assert_eq!(blobs.kept.count(), 0, "the bytes stayed");
    Attachments::of(&nurse, ATTACHMENT, &blobs.kept).attach(known, "photo.png", PNG).await.unwrap();
}

/// Destroys the key while a file is being stored.
#[derive(Debug)]
struct Between {
    top: Session,
    kept: MemoryBlobs,
}

#[async_trait]
impl Blobs for Between {
    async fn put(&self, id: uuid::Uuid, sealed: &eovr_core::seal::Sealed) -> eovr_core::Result<()> {
        self.kept.put(id, sealed).await?;
        self.top.rotate_key(Purpose::Fields).await?;
        self.top.destroy_key(RecordId::from_bytes(*sealed.key_id().as_bytes()), "erased").await
    }

    async fn get(&self, id: uuid::Uuid) -> eovr_core::Result<Option<Vec<u8>>> {
        self.kept.get(id).await
    }

    async fn remove(&self, id: uuid::Uuid) -> eovr_core::Result<()> {
        self.kept.remove(id).await
    }
}

/// Each reader receives every message, independent of the other readers and the notifier, and resumes at its position.
#[tokio::test]
async fn two_readers_take_nothing_from_each_other() {
    let store = Arc::new(MemoryStore::new());
    let open = async || {
        let kinds = incident::kinds(Settings::default()).unwrap();
        let builder = Eovr::builder().shared_store(store.clone()).org(org()).kinds(kinds);
        builder.kind(FeedReader::kind().unwrap()).master_key(master_key()).open().await.unwrap()
    };
    let eovr = open().await;
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let (mut one, mut other) = (
        FeedReader::open(&eovr, "warehouse").await.unwrap(),
        FeedReader::open(&eovr, "archive").await.unwrap(),
    );
    let told = |posted: &[Posted]| -> Vec<u64> {
        posted.iter().filter(|one| one.message.contains("incident.report")).map(|one| one.position).collect()
    };
    for round in 1..=3_usize {
        tell(&nurse, "one more report").await;
        let now = Timestamp::from_micros(1);
        assert!(!eovr.store().lease(100, now, now).await.unwrap().is_empty(), "the dispatcher has its own");
        for reader in [&mut one, &mut other] {
            let news = reader.next(1000).await.unwrap();
            assert_eq!(told(&news).len(), 1, "round {round}");
            reader.done(news.last().unwrap().position);
            reader.keep().await.unwrap();
            assert_eq!(
                reader.next(1000).await.unwrap(),
                [],
                "its own progress, and that of the other, is no news"
            );
        }
    }
    // A restart delivers unsaved messages again and saved ones not.
    tell(&nurse, "the last report").await;
    let news = one.next(1000).await.unwrap();
    one.done(news.last().unwrap().position);
    drop(one);
    let eovr = open().await;
    let mut one = FeedReader::open(&eovr, "warehouse").await.unwrap();
    assert_eq!(told(&one.next(1000).await.unwrap()), told(&news));
    // A second process under the same name: the slower one gets an error.
    let mut double = FeedReader::open(&eovr, "warehouse").await.unwrap();
    for reader in [&mut one, &mut double] {
        let news = reader.next(1).await.unwrap();
        reader.done(news[0].position);
    }
    one.keep().await.unwrap();
    assert_eq!(double.keep().await.unwrap_err().kind(), ErrorKind::Conflict);
}

/// The nodes receive a new master key one after the other; the others keep running meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_goes_on_while_another_starts_with_a_new_master_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hospital.db");
    let (old, _) = open(&file, |builder| builder.master_key(master_key())).await.unwrap();
    let nurse = old.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let (new, _) = open(&file, |builder| {
        builder.master_key(MasterKey::from_bytes(&[43; 32])).previous_master_key(master_key())
    })
    .await
    .unwrap();
    let told = tell(&nurse, "told to the node that has not been restarted").await;
    let there = new.session(actor("nurse", Role::Staff, "CAI-1-1"));
    assert_eq!(words(&there, told).await.unwrap(), "told to the node that has not been restarted");
}

/// A facility that one node registers, renames and closes is so on every node, without a restart; what does not fit the
/// organisation is refused before it is written, because every node would fail to read it.
#[tokio::test]
async fn the_organisation_changes_on_every_node_while_they_run() {
    let store = Arc::new(MemoryStore::new());
    let open = async || {
        let kinds =
            incident::kinds(Settings::default()).unwrap().into_iter().chain(identity::kinds().unwrap());
        let builder = Eovr::builder().shared_store(store.clone()).org(org()).kinds(kinds);
        builder.figures_in_memory().master_key(master_key()).open().await.unwrap()
    };
    let (here, there) = (open().await, open().await);
    let top = here.session(actor("top", Role::TopManagement, "CAI-1-1"));
    for site in Site::all(&here.org()) {
        site.register(&top).await.unwrap();
    }
    let mut known = Organisation::follow(&here).await.unwrap();
    let mut followed = Organisation::follow(&there).await.unwrap();

    let mut october = Site::all(&here.org()).remove(0);
    let sibling = october.stamp.facility.clone();
    october.stamp.facility = OrgId::new("OCT").unwrap();
    let id = october.clone().register(&top).await.unwrap().id;
    let report = || Report {
        category: "medication".to_owned(),
        description: "in a new facility".to_owned(),
        ..Report::default()
    };
    let place = &october.stamp.facility;
    let nurse =
        Actor::new(ActorId::new("nurse").unwrap(), Role::Staff, Seat::Facility(october.stamp.clone()));
    let elsewhere = there.session(nurse.unwrap());
    let early = elsewhere.incidents().report(place, report()).await.unwrap_err();
    assert_eq!(early.kind(), ErrorKind::NotFound);
    assert!(followed.refresh().await.unwrap() && known.refresh().await.unwrap());
    let reported = elsewhere.incidents().report(place, report()).await.unwrap().written.id;
    let (month, by) = (Months::default(), Level::Facility);
    let places = top.incidents().compare(by, month, None).await.unwrap().places;
    let counted = places.iter().find(|one| one.place == place.as_str()).unwrap();
    assert_eq!(counted.count, 1);

    // What does not fit is not written.
    let taken = october.clone().register(&top).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::Conflict);
    let mut astray = october.clone();
    astray.stamp.facility = OrgId::new("OCT-2").unwrap();
    astray.stamp.governorate = OrgId::new("ELSEWHERE").unwrap();
    assert_eq!(astray.clone().register(&top).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(astray.revise(&top, id).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    let nowhere = Site { time_zone: "Africa/Atlantis".to_owned(), ..october.clone() };
    assert_eq!(nowhere.revise(&top, id).await.unwrap_err().kind(), ErrorKind::Config);
    let quality = here.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    let title = Title { en: "October".to_owned(), ar: "أكتوبر".to_owned() };
    let renamed = Site { title: title.clone(), ..october.clone() };
    assert_eq!(renamed.clone().revise(&quality, id).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(!followed.refresh().await.unwrap(), "a refusal is no change");

    renamed.revise(&top, id).await.unwrap();
    assert!(followed.refresh().await.unwrap());
    assert_eq!(there.org().title(place), Some(&title));
    assert_ne!(here.org().title(place), Some(&title), "each node reads when its turn comes");

    top.act(&facility::KIND, id, Command::new(facility::Action::Close).note("moved out")).await.unwrap();
    assert!(followed.refresh().await.unwrap());
    assert!(there.org().stamp(place).is_none() && there.org().stamp(&sibling).is_some());
    let late = elsewhere.incidents().report(place, report()).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::NotFound);
    // Its reports keep their place and stay readable.
    assert_eq!(elsewhere.incidents().load(reported).await.unwrap().envelope().stamp.facility, *place);
}

/// Two nodes that put one new administration into two governorates at the same moment: every node can still read its
/// organisation, and all read the same one.
#[tokio::test]
async fn registrations_that_do_not_fit_together_lock_no_node_out() {
    let store = Arc::new(MemoryStore::new());
    let kinds = incident::kinds(Settings::default()).unwrap().into_iter().chain(identity::kinds().unwrap());
    let builder = Eovr::builder().shared_store(store.clone()).org(org()).kinds(kinds);
    let clock = TestClock::new();
    let eovr = builder.clock(clock.clone()).master_key(master_key()).open().await.unwrap();
    let top = eovr.session(actor("top", Role::TopManagement, "CAI-1-1"));
    for site in Site::all(&eovr.org()) {
        site.register(&top).await.unwrap();
    }
    let site = |governorate: &str, facility: &str| {
        let mut site = Site::all(&org()).remove(0);
        site.stamp.governorate = OrgId::new(governorate).unwrap();
        site.stamp.administration = OrgId::new("NEW").unwrap();
        site.stamp.facility = OrgId::new(facility).unwrap();
        site
    };
    site("CAI", "NEW-1").register(&top).await.unwrap();
    assert_eq!(site("ALX", "NEW-2").register(&top).await.unwrap_err().kind(), ErrorKind::Config);
    // Another node checked its registration before the first was written, and writes it now.
    clock.pass_seconds(1);
    let mut governorates = org().governorates().to_vec();
    let place = Administration {
        id: OrgId::new("NEW").unwrap(),
        title: Title { en: "New".to_owned(), ar: "جديد".to_owned() },
        facilities: vec![Facility {
            id: OrgId::new("NEW-2").unwrap(),
            title: Title { en: "New".to_owned(), ar: "جديد".to_owned() },
            time_zone: "Africa/Cairo".to_owned(),
        }],
    };
    governorates[1].administrations.push(place);
    eovr.replace_org(Org::new(governorates).unwrap());
    let titles =
        ["title", "administration", "governorate"].map(|of| [format!("{of}_en"), format!("{of}_ar")]);
    let command = Command::new("register").set("code", "NEW-2").set("time_zone", "Africa/Cairo");
    let command = titles.iter().flatten().fold(command, |command, title| command.set(title, "New"));
    top.create(&facility::KIND, &OrgId::new("NEW-2").unwrap(), command).await.unwrap();
    Organisation::follow(&eovr).await.unwrap();
    let known = eovr.org();
    let new = known.stamps().filter(|stamp| stamp.administration.as_str() == "NEW");
    assert_eq!(
        new.map(|stamp| stamp.facility.as_str()).collect::<Vec<_>>(),
        ["NEW-1"],
        "the first one counts"
    );
}

/// A facility whose row was damaged stays in the organisation of a node that runs, and the node says so. A start leaves it
/// out, because the other hospitals must be able to work.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_facility_leaves_no_running_node_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hospital.db");
    let with = |builder: EovrBuilder| builder.kinds(identity::kinds().unwrap()).master_key(master_key());
    let (eovr, _) = open(&file, with).await.unwrap();
    let top = eovr.session(actor("top", Role::TopManagement, "CAI-1-1"));
    let mut first = None;
    for site in Site::all(&eovr.org()) {
        let written = site.clone().register(&top).await.unwrap();
        first.get_or_insert((site, written.id));
    }
    let (site, id) = first.unwrap();
    let mut organisation = Organisation::follow(&eovr).await.unwrap();

    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    let damage = "UPDATE facility SET head = zeroblob(7) WHERE code = 'ALX-2-2'";
    assert_eq!(sqlx::query(damage).execute(&pool).await.unwrap().rows_affected(), 1);
    pool.close().await;
    let title = Title { en: "New name".to_owned(), ar: "اسم جديد".to_owned() };
    Site { title: title.clone(), ..site.clone() }.revise(&top, id).await.unwrap();
    assert_eq!(organisation.refresh().await.unwrap_err().kind(), ErrorKind::Tampered);
    let damaged = OrgId::new("ALX-2-2").unwrap();
    assert!(eovr.org().stamp(&damaged).is_some());
    assert_ne!(eovr.org().title(&site.stamp.facility), Some(&title));

    Organisation::follow(&eovr).await.unwrap();
    assert!(eovr.org().stamp(&damaged).is_none());
    assert_eq!(eovr.org().title(&site.stamp.facility), Some(&title));
}

/// An account list of a host's own columns holds neither a password's hash nor the secret of a second factor.
#[test]
fn secrets_of_an_account_are_no_columns() {
    let kinds = identity::kinds().unwrap();
    let account = kinds.iter().find(|kind| *kind.name() == user::KIND).unwrap();
    let secret: Vec<_> =
        account.fields().filter(|field| field.secret).map(|field| field.name.as_str()).collect();
    assert_eq!(secret, ["factor_secret", "password_hash"]);
    let header = Csv::of(Columns::of(account), Vec::new()).unwrap().finish().unwrap();
    let header = String::from_utf8(header).unwrap();
    assert!(header.contains("display_name") && secret.iter().all(|name| !header.contains(name)), "{header}");
}
