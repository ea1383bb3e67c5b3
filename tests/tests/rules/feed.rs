//! What each reader of the feed does with a message that it cannot read, such as one of a later release.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::sync::Arc;

use eovr_core::access::{Role, danger};
use eovr_core::audit::log::{Signer, verify_log};
use eovr_core::decide::{Headline, Message};
use eovr_core::identity::{self, user};
use eovr_core::incident::{self, Action, Lessons, Settings};
use eovr_core::memory::MemoryStore;
use eovr_core::notice::{self, Channel, Dispatcher};
use eovr_core::ports::Posted;
use eovr_core::service::{FeedReader, LogKeeper};
use eovr_core::triage::local::LocalScorer;
use eovr_core::{Command, Eovr, ErrorKind, Name};
use eovr_tests::spy::Spy;
use eovr_tests::{TestClock, TestEntropy, actor, hospital, id, master_key, org, report};

use crate::authentication;

const LATER: &str = r#"{"v":2,"subject":{"kind":"incident"}}"#;

/// From now on, messages that contain this text come from a later release.
fn upgrade(spy: &Spy, containing: &'static str) {
    spy.spoil_messages(move |message| {
        if message.contains(containing) {
            LATER.clone_into(message);
        }
    });
}

async fn reported(eovr: &Eovr) -> eovr_core::record::RecordId {
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    nurse.incidents().report(&id("CAI-1-1"), report("the tray was late")).await.unwrap().written.id
}

async fn started(eovr: &Eovr) {
    let incident = reported(eovr).await;
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    quality.incidents().act(incident, Action::Start, None).await.unwrap();
}

#[tokio::test]
async fn an_inspection_names_it_and_counts_it() {
    let spy = Spy::new();
    let (eovr, _) = hospital(spy.clone()).await;
    started(&eovr).await;
    let all = eovr.session(danger::unrestricted("test", "inspect").unwrap());
    let before = all.inspect().await.unwrap();
    assert!(before.is_intact(), "{before:?}");
    upgrade(&spy, "incident.start");
    let after = all.inspect().await.unwrap();
    assert_eq!((after.messages, after.found), (before.messages, 1));
    assert_eq!(after.findings[0].finding, "the message cannot be read");
    // A message whose record has no id is as unreadable.
    spy.spoil_messages(|message| {
        let record = Headline::read(message).unwrap().record.into_owned();
        *message = message.replace(&record, "no id");
    });
    let nameless = all.inspect().await.unwrap();
    assert_eq!(nameless.found, nameless.messages);
}

#[tokio::test]
async fn a_log_commits_to_it_and_cannot_write_its_event() {
    let spy = Spy::new();
    let (eovr, _) = hospital(spy.clone()).await;
    started(&eovr).await;
    let keeper = || LogKeeper::new(&eovr, Signer::new("hospital.example/eovr", &[9; 32]).unwrap()).unwrap();
    let mut log = Vec::new();
    let count = keeper().write(&mut log).await.unwrap();
    assert_eq!(count, spy.dump().await.2.len() as u64 + internal(&eovr).await);
    upgrade(&spy, "incident.start");
    let note = keeper().checkpoint(None).await.unwrap();
    assert!(note.contains(&format!("\n{count}\n")), "{note}");
    assert_eq!(keeper().write(Vec::new()).await.unwrap_err().kind(), ErrorKind::Tampered);
    // The verifier of the file names the line.
    let text = String::from_utf8(log).unwrap().replace("\\\"to\\\"", "\\\"at\\\"");
    let verdict = format!("{:?}", verify_log(text.as_bytes(), &[]).unwrap());
    assert!(verdict.contains("the message cannot be read"), "{verdict}");
}

/// The number of messages that never enter the outbox.
async fn internal(eovr: &Eovr) -> u64 {
    let feed = eovr.store().feed(0, 1000).await.unwrap();
    let of = |posted: &&Posted| {
        let kind = Name::new(posted.headline().unwrap().kind().unwrap()).unwrap();
        eovr.catalog().kind(&kind).unwrap().table().internal
    };
    feed.iter().filter(of).count() as u64
}

#[tokio::test]
async fn a_feed_reader_hands_it_out_and_skips_only_progress() {
    let spy = Spy::new();
    let kinds = incident::kinds(Settings::default()).unwrap();
    let builder = Eovr::builder().shared_store(spy.clone()).org(org()).kinds(kinds);
    let builder = builder.kind(FeedReader::kind().unwrap()).master_key(master_key()).clock(TestClock::new());
    let eovr = builder.entropy(TestEntropy::default()).open().await.unwrap();
    let mut reader = FeedReader::open(&eovr, "warehouse").await.unwrap();
    FeedReader::open(&eovr, "archive").await.unwrap();
    started(&eovr).await;
    upgrade(&spy, "incident.report");
    assert_eq!(reader.next(0).await.unwrap(), []);
    let mut read = Vec::new();
    // One at a time, a page can be progress only, and more follows.
    while let Some(posted) = reader.next(1).await.unwrap().pop() {
        reader.done(posted.position);
        read.push(posted.message);
    }
    assert!(
        read.iter().any(|message| message == LATER) && read.iter().any(|one| one.contains("incident.start"))
    );
    assert!(!read.iter().any(|message| message.contains("feed_reader.")), "{read:?}");
}

#[tokio::test]
async fn the_post_skips_it_and_goes_on() {
    let spy = Spy::new();
    let (of, rows) = incident::notice_actions().unwrap();
    let builder = Eovr::builder().shared_store(spy.clone()).org(org());
    let builder =
        builder.kinds(incident::kinds(Settings::default()).unwrap()).kinds(identity::kinds().unwrap());
    let builder = builder.kind(notice::kind().unwrap()).actions(of, rows).master_key(master_key());
    let eovr = builder.clock(TestClock::new()).entropy(TestEntropy::default()).open().await.unwrap();
    let dispatcher =
        Dispatcher::new(&eovr, vec![notice::NoticeRule::everything(incident::KIND)], &[Channel::Webhook])
            .unwrap();
    while dispatcher.route().await.unwrap().messages > 0 {}
    upgrade(&spy, "incident.report");
    started(&eovr).await;
    assert_eq!(dispatcher.route().await.unwrap().messages, 2);
    let due = dispatcher.due(Channel::Webhook).await.unwrap();
    assert_eq!(due.iter().map(|due| due.topic.as_str()).collect::<Vec<_>>(), ["incident.start"]);
    assert_eq!(dispatcher.route().await.unwrap().messages, 0, "it does not come back");
}

#[tokio::test]
async fn a_node_skips_it_and_still_learns_of_a_logout() {
    let spy = Spy::new();
    let ward = authentication::ward_on(spy.clone()).await;
    let access = ward.come_in().await.access;
    let here = ward.authentication.authenticate(&access).await.unwrap();
    let other = authentication::open(&ward.eovr).await;
    other.authenticate(&access).await.unwrap();
    upgrade(&spy, "\"user.");
    authentication::provide(&ward.eovr, "huda@example.org", Role::Staff, false).await;
    ward.authentication.logout(&here).await.unwrap();
    ward.clock.pass_seconds(2);
    assert_eq!(other.authenticate(&access).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    let feed = ward.eovr.store().feed(0, 1000).await.unwrap();
    let read = |posted: &Posted| {
        posted
            .read()
            .is_some_and(|message: Message<'_>| message.kind().is_some_and(|kind| user::KIND == kind))
    };
    assert!(feed.iter().any(|posted| posted.message == LATER) && !feed.iter().any(read));
}

#[tokio::test]
async fn a_scorer_skips_it_and_learns_from_the_next() {
    let spy = Spy::new();
    let (eovr, _) = hospital(spy.clone()).await;
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    for _ in 0..2 {
        let incident = reported(&eovr).await;
        quality.incidents().assess(incident, None, "minor", "rare").await.unwrap();
        let review = Command::new(Action::ReviewAi).set("ai_review", "overridden");
        quality.act(&incident::KIND, incident, review).await.unwrap();
    }
    let lessons = async || {
        let scorer = Arc::<LocalScorer>::default();
        Lessons::new(&eovr, scorer).unwrap().follow().await.unwrap()
    };
    assert_eq!(lessons().await, 2);
    let first = std::sync::atomic::AtomicBool::new(true);
    spy.spoil_messages(move |message| {
        if message.contains("incident.review_ai") && first.swap(false, std::sync::atomic::Ordering::SeqCst) {
            LATER.clone_into(message);
        }
    });
    assert_eq!(lessons().await, 1);
}

#[tokio::test]
async fn a_page_follows_only_the_position_before_it() {
    let (eovr, _) = hospital(Arc::new(MemoryStore::default())).await;
    started(&eovr).await;
    let feed = eovr.store().feed(0, 1000).await.unwrap();
    assert!((0..).zip(&feed).all(|(position, posted)| posted.follows(position)));
    assert!(!feed[0].follows(1) && !feed[1].follows(0) && !feed[0].follows(u64::MAX));
}
