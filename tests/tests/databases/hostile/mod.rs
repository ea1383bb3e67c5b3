//! An attacker writes to the database past every trigger, and honest users continue to work. The trail of the record
//! and the check of the whole store name each edit, and no later action certifies it.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

mod edits;
mod hand;

use std::sync::Arc;

use eovr_core::access::{Role, danger};
use eovr_core::audit::log::Signer;
use eovr_core::incident::{Action, FollowUp, FollowUpKind, KIND, Settings, kinds};
use eovr_core::record::RecordId;
use eovr_core::seal::csfle::LocalKey;
use eovr_core::service::LogKeeper;
use eovr_core::{Command, Eovr, ErrorKind, Session};
use eovr_store_mongo::{MongoStore, Vault};
use eovr_tests::servers::{mariadb_database, mongodb_database, postgres_database};
use eovr_tests::{TestClock, TestEntropy, actor, hospital, id, open_store, org, report};

use self::edits::{EDITS, Edit, Named, World};
use self::hand::Hand;

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_no_edit_is_certified() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("hospital.db").display());
    let (eovr, _) = hospital(open_store(&url).await.unwrap()).await;
    no_edit_is_certified(eovr, &url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_no_edit_is_certified() {
    let url = postgres_database();
    let (eovr, _) = hospital(open_store(&url).await.unwrap()).await;
    no_edit_is_certified(eovr, &url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_mariadb_no_edit_is_certified() {
    let url = mariadb_database();
    let (eovr, _) = hospital(open_store(&url).await.unwrap()).await;
    no_edit_is_certified(eovr, &url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_mongodb_no_edit_is_certified() {
    let url = mongodb_database();
    let (eovr, _) = hospital(open_store(&url).await.unwrap()).await;
    no_edit_is_certified(eovr, &url).await;
}

/// With MongoDB's own encryption, which binds a value to no record.
#[tokio::test(flavor = "multi_thread")]
async fn on_mongodb_with_its_own_encryption_no_edit_is_certified() {
    let url = mongodb_database();
    let store = MongoStore::open(&url).await.unwrap();
    let local = || LocalKey::from_bytes(&[7; 96]);
    let vault = Arc::new(Vault::open(&store, local()).await.unwrap());
    let builder = Eovr::builder().store(store).org(org()).kinds(kinds(Settings::default()).unwrap());
    let builder = builder.cipher(vault).audit_key(local().audit_key());
    let builder = builder.clock(TestClock::new()).entropy(TestEntropy::default());
    no_edit_is_certified(builder.open().await.unwrap(), &url).await;
}

async fn no_edit_is_certified(eovr: Eovr, url: &str) {
    assert!(EDITS.len() >= 40, "{} edits", EDITS.len());
    let system = eovr.session(danger::unrestricted("test", "look at everything").unwrap());
    let keeper = || LogKeeper::new(&eovr, Signer::new("log.example", &[5; 32]).unwrap()).unwrap();
    let mut targets = Vec::new();
    for _ in EDITS {
        targets.push((history(&eovr).await, history(&eovr).await));
    }
    assert!(system.inspect().await.unwrap().is_intact());
    let note = keeper().checkpoint(None).await.unwrap();
    let before = keeper().public().open(&note).unwrap();

    let mut hand = Hand::open(url).await;
    hand.drops_every_guard().await;
    for ((target, other), edit) in targets.iter().zip(EDITS) {
        let world = World { system: &system, store: eovr.store(), target: *target, other: *other };
        (edit.make)(&world, &mut hand).await;
    }
    check(&system, &targets, "at once").await;

    // The engine refuses every next action, or the chain stays as broken as it was.
    for ((target, _), edit) in targets.iter().zip(EDITS) {
        for error in every_verb(&eovr, *target).await.into_iter().filter_map(Result::err) {
            let refused = [ErrorKind::Tampered, ErrorKind::NotFound, ErrorKind::Refused, ErrorKind::Conflict];
            assert!(refused.contains(&error.kind()), "{}: {error}", edit.what);
        }
    }
    check(&system, &targets, "after every verb").await;
    // A new keeper, because a keeper does not read known parts of the log again.
    let rewritten = keeper().checkpoint(Some(&before)).await;
    assert!(rewritten.is_err(), "the log goes on as if nothing had been");
}

/// The checks name each edit, and nothing else.
async fn check(system: &Session, targets: &[(RecordId, RecordId)], when: &str) {
    let inspection = system.inspect().await.unwrap();
    for ((target, other), edit) in targets.iter().zip(EDITS) {
        let Edit { what, named, .. } = edit;
        let found = |id: &RecordId| inspection.findings.iter().find(|finding| finding.record == Some(*id));
        let by_feed = inspection.findings.iter().any(|finding| finding.record.is_none());
        match named {
            Named::ByTheTrail => {
                let trail = system.trail(&KIND, *target).await;
                assert!(
                    !trail.is_ok_and(|trail| trail.verdict.is_intact()),
                    "{what}, {when}: the trail is intact"
                );
                assert!(found(target).is_some(), "{what}, {when}: the look at the store does not name it");
            }
            // A deleted record with all its events leaves a gap in the feed.
            Named::ByTheFeed => assert!(by_feed, "{what}, {when}: the feed is whole"),
        }
        if !edit.both {
            assert!(found(other).is_none(), "{what}, {when}: {:?} is named as well", found(other));
        }
    }
}

/// A report that was rated and taken up: four events.
async fn history(eovr: &Eovr) -> RecordId {
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    let incidents = quality.incidents();
    let made = incidents.report(&id("CAI-1-1"), report("The patient fell from the bed.")).await.unwrap();
    let made = made.written.id;
    incidents.assess(made, None, "severe", "rare").await.unwrap();
    incidents.act(made, Action::Start, None).await.unwrap();
    incidents.act(made, Action::AddRemark, Some("the rail was down")).await.unwrap();
    made
}

async fn every_verb(eovr: &Eovr, target: RecordId) -> Vec<eovr_core::Result<()>> {
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let commands = [
        Command::new("amend").set("location", "ward 7").write("notes", "seen").note("moved"),
        Command::new("assess").set("severity", "minor").set("probability", "rare"),
        Command::new("edit_jci").set("jci_chapter", "IPSG"),
        Command::new("evaluate"),
        Command::new("ask").note("was the rail up?"),
        Command::new("dispose").set("disposition", "not_reportable").note("no incident"),
    ];
    let mut done = vec![nurse.incidents().act(target, Action::AddRemark, Some("one more")).await.map(drop)];
    let follow_up = FollowUp {
        task: "fit rails".to_owned(),
        owner: "quality".to_owned(),
        due_at: "2026-12-01T00:00:00Z".parse().unwrap(),
        kind: FollowUpKind::Corrective,
        strength: None,
    };
    done.push(quality.incidents().follow_up(target, follow_up).await.map(drop));
    for command in commands {
        done.push(quality.act(&KIND, target, command).await.map(drop));
    }
    done
}
