//! Rotation without downtime, erasure by destroying a key, and a new master key.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::path::Path;
use std::sync::Arc;

use eovr_core::access::Role;
use eovr_core::audit::Verdict;
use eovr_core::incident::{self, Action, Report, Settings};
use eovr_core::name;
use eovr_core::record::RecordId;
use eovr_core::seal::{MasterKey, Purpose};
use eovr_core::service::EovrBuilder;
use eovr_core::{Eovr, ErrorKind, Session};
use eovr_store_sql::SqlStore;
use eovr_tests::{TestClock, TestEntropy, actor, id, master_key, org};

pub(crate) async fn open(
    file: &Path,
    keys: impl FnOnce(EovrBuilder) -> EovrBuilder,
) -> eovr_core::Result<(Eovr, TestClock)> {
    let clock = TestClock::new();
    let store = SqlStore::open(&format!("sqlite://{}", file.display())).await?;
    let builder = Eovr::builder().store(store).org(org()).kinds(incident::kinds(Settings::default())?);
    Ok((keys(builder).clock(clock.clone()).entropy(TestEntropy::default()).open().await?, clock))
}

pub(crate) async fn tell(nurse: &Session, words: &str) -> RecordId {
    let report = Report {
        category: "medication".to_owned(),
        description: words.to_owned(),
        medical_file_number: Some("MRN 7".to_owned()),
        ..Report::default()
    };
    nurse.incidents().report(&id("CAI-1-1"), report).await.unwrap().written.id
}

pub(crate) async fn words(session: &Session, incident: RecordId) -> eovr_core::Result<String> {
    let record = session.incidents().load(incident).await?;
    Ok(session.open(&record, "description")?.unwrap().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_still_opens_and_both_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hospital.db");
    let (eovr, clock) = open(&file, |builder| builder.master_key(master_key())).await.unwrap();
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let top = eovr.session(actor("top", Role::TopManagement, "CAI-1-1"));

    let before = tell(&nurse, "told before the rotation").await;
    clock.pass_seconds(1);
    for purpose in [Purpose::Fields, Purpose::Search] {
        top.rotate_key(purpose).await.unwrap();
    }
    let after = tell(&nurse, "told after the rotation").await;
    assert_eq!(words(&nurse, before).await.unwrap(), "told before the rotation");
    assert_eq!(words(&nurse, after).await.unwrap(), "told after the rotation");
    assert_eq!(nurse.incidents().of_file("MRN 7").await.unwrap().items.len(), 2);
    assert_eq!(top.data_keys().await.unwrap().len(), 4);

    // And after a restart.
    drop((nurse, top, eovr));
    let (eovr, _) = open(&file, |builder| builder.master_key(master_key())).await.unwrap();
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    assert_eq!(words(&nurse, before).await.unwrap(), "told before the rotation");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_key_erases_what_it_sealed_and_the_chains_still_verify() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hospital.db");
    let (eovr, clock) = open(&file, |builder| builder.master_key(master_key())).await.unwrap();
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    let top = eovr.session(actor("top", Role::TopManagement, "CAI-1-1"));

    let erased = tell(&nurse, "to be erased for good").await;
    quality.incidents().act(erased, Action::Start, Some("a note to be erased")).await.unwrap();
    let old =
        top.data_keys().await.unwrap().into_iter().find(|key| key.purpose == Purpose::Fields).unwrap().id;
    let wrapped = top.load(&name!("data_key"), old).await.unwrap().facet("wrapped").unwrap().clone();
    let eovr_core::record::Value::Bytes(wrapped) = wrapped else { panic!("a wrapped key is bytes") };

    assert_eq!(
        top.destroy_key(old, "asked for").await.unwrap_err().kind(),
        ErrorKind::Key,
        "the active key went"
    );
    clock.pass_seconds(1);
    top.rotate_key(Purpose::Fields).await.unwrap();
    assert_eq!(quality.destroy_key(old, "asked for").await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(top.destroy_key(old, " ").await.unwrap_err().kind(), ErrorKind::Refused);
    top.destroy_key(old, "asked for by the patient").await.unwrap();

    assert_eq!(words(&nurse, erased).await.unwrap_err().kind(), ErrorKind::Key);
    let trail = quality.incidents().trail(erased).await.unwrap();
    assert!(trail.verdict.is_intact(), "{:?}", trail.verdict);
    assert!(trail.entries.iter().all(|entry| entry.note.is_none()), "a note outlived its key");
    let kept = tell(&nurse, "told under the new key").await;
    assert_eq!(words(&nurse, kept).await.unwrap(), "told under the new key");
    let trail = top.trail(&name!("data_key"), old).await.unwrap();
    assert!(trail.verdict.is_intact());
    assert_eq!(trail.entries.last().unwrap().note.as_ref().unwrap().as_str(), "asked for by the patient");

    // The wrapped key does not remain in the events or in free pages either.
    let mut prompt =
        <sqlx::SqliteConnection as sqlx::Connection>::connect(&format!("sqlite://{}", file.display()))
            .await
            .unwrap();
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut prompt).await.unwrap();
    let bytes = std::fs::read(&file).unwrap();
    assert!(
        !bytes.windows(wrapped.len()).any(|window| window == wrapped),
        "the wrapped key is still in the file"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_master_key_takes_over_without_sealing_anything_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hospital.db");
    let new = || MasterKey::from_bytes(&[43; 32]);
    let incident = {
        let (eovr, _) = open(&file, |builder| builder.master_key(master_key())).await.unwrap();
        tell(&eovr.session(actor("nurse", Role::Staff, "CAI-1-1")), "told under the old master key").await
    };
    let refused = open(&file, |builder| builder.master_key(new())).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Key, "{refused}");

    drop(open(&file, |builder| builder.master_key(new()).previous_master_key(master_key())).await.unwrap());
    let (eovr, _) = open(&file, |builder| builder.master_key(new())).await.unwrap();
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    assert_eq!(words(&nurse, incident).await.unwrap(), "told under the old master key");
    let refused = open(&file, |builder| builder.master_key(master_key())).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Key, "the old master key still opens");
}

/// Each node loads a new key of the audit trail at its first use; older keys keep verifying.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_of_the_trail_is_met_by_every_node() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hospital.db");
    let (one, clock) = open(&file, |builder| builder.master_key(master_key())).await.unwrap();
    let (other, _) = open(&file, |builder| builder.master_key(master_key())).await.unwrap();
    let quality = |eovr: &Eovr| eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    let incident = tell(&quality(&one), "told under the first key").await;
    clock.pass_seconds(1);
    let top = one.session(actor("top", Role::TopManagement, "CAI-1-1"));
    top.rotate_key(Purpose::Events).await.unwrap();
    quality(&one).incidents().act(incident, Action::Start, None).await.unwrap();
    // The other node has not loaded the key whose code it must check now.
    quality(&other).incidents().act(incident, Action::Evaluate, None).await.unwrap();
    for eovr in [&one, &other] {
        let verdict = quality(eovr).incidents().trail(incident).await.unwrap().verdict;
        assert_eq!(verdict, Verdict::Intact { events: 3, authenticated: 3 });
    }
    assert_eq!(quality(&one).rotate_key(Purpose::Events).await.unwrap_err().kind(), ErrorKind::Denied);
}

/// Events without their keys cannot be verified, so the engine refuses to create new keys in place of missing ones.
#[tokio::test(flavor = "multi_thread")]
async fn keys_of_the_trail_that_are_gone_or_set_back_are_missed() {
    for edit in [
        "DELETE FROM audit_key",
        "UPDATE audit_key SET wrapped = zeroblob(61)",
        "UPDATE audit_key SET updated_at = 7",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hospital.db");
        let (eovr, _) = open(&file, |builder| builder.master_key(master_key())).await.unwrap();
        tell(&eovr.session(actor("nurse", Role::Staff, "CAI-1-1")), "told under the first key").await;
        drop(eovr);
        let url = format!("sqlite://{}", file.display());
        let mut prompt = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.unwrap();
        for sql in ["DROP TRIGGER audit_key_refuse_delete", edit] {
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut prompt).await.unwrap();
        }
        let refused = open(&file, |builder| builder.master_key(master_key())).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Tampered, "{edit}: {refused}");
    }
}

/// Nodes that start together on an empty store agree on one key of each type.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_together_share_their_keys() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hospital.db");
    let store = Arc::new(SqlStore::open(&format!("sqlite://{}", file.display())).await.unwrap());
    let node = |seed: u8| {
        let builder = Eovr::builder().shared_store(store.clone()).org(org());
        let kinds = incident::kinds(Settings::default()).unwrap();
        builder
            .kinds(kinds)
            .master_key(master_key())
            .clock(TestClock::new())
            .entropy(OtherEntropy(seed))
            .open()
    };
    let (one, two, three, four) = tokio::join!(node(1), node(2), node(3), node(4));
    let nodes = [one.unwrap(), two.unwrap(), three.unwrap(), four.unwrap()];
    let told =
        tell(&nodes[0].session(actor("nurse", Role::Staff, "CAI-1-1")), "told at the first node").await;
    for node in &nodes {
        let nurse = node.session(actor("nurse", Role::Staff, "CAI-1-1"));
        assert_eq!(words(&nurse, told).await.unwrap(), "told at the first node");
        let top = node.session(actor("top", Role::TopManagement, "CAI-1-1"));
        assert_eq!(top.data_keys().await.unwrap().len(), 2);
    }
}

#[derive(Debug)]
struct OtherEntropy(u8);

impl eovr_core::ports::EntropySource for OtherEntropy {
    fn seed(&self) -> eovr_core::Result<[u8; 32]> {
        static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_be_bytes();
        let mut seed = [self.0; 32];
        seed.iter_mut().zip(count).for_each(|(byte, count)| *byte = count);
        Ok(seed)
    }
}

/// The engine records a key change with its reason before it makes the change; a machine destroys no key.
#[tokio::test]
async fn a_change_of_keys_is_entered_before_it_is_made() {
    use eovr_core::identity::key_change::{Intent, KIND, KeyChanges, KeyOperation, KeyPlace};
    let eovr = Eovr::builder()
        .store(eovr_core::memory::MemoryStore::new())
        .org(org())
        .kinds(eovr_core::identity::kinds().unwrap())
        .master_key(master_key())
        .clock(TestClock::new())
        .entropy(TestEntropy::default())
        .open()
        .await
        .unwrap();
    let intent = |change, reason: &str| Intent {
        change,
        place: KeyPlace::Vault,
        purpose: None,
        key: None,
        reason: reason.to_owned(),
    };
    let top = actor("top", Role::TopManagement, "CAI-1-1");
    let changes = |actor| KeyChanges::of(&eovr.session(actor));
    let machine = changes(top.clone().as_machine());
    let refused = machine.begin(intent(KeyOperation::Destroy, "by the clock")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Denied);
    let low = changes(actor("quality", Role::QualityAdmin, "CAI-1-1"));
    let refused = low.begin(intent(KeyOperation::Rotate, "because I can")).await.unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::Denied | ErrorKind::NotFound), "{refused}");
    let person = changes(top.clone());
    let refused = person.begin(intent(KeyOperation::Destroy, " ")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);

    let session = eovr.session(top);
    let state = async |id| session.load(&KIND, id).await.unwrap().state().to_string();
    let id = person.begin(intent(KeyOperation::Destroy, "asked for by the patient")).await.unwrap();
    assert_eq!(state(id).await, "begun");
    let uncertain = Err::<(), _>(eovr_core::Error::new(ErrorKind::Uncertain, "the vault went away"));
    person.end(id, &uncertain, None).await.unwrap();
    assert_eq!(state(id).await, "begun", "the outcome is unknown");
    person.end(id, &Err::<(), _>(eovr_core::Error::new(ErrorKind::Key, "it seals")), None).await.unwrap();
    assert_eq!(state(id).await, "failed");
    let id = machine.begin(intent(KeyOperation::Rotate, "once a year, by the clock")).await.unwrap();
    machine.end(id, &Ok(()), None).await.unwrap();
    assert_eq!(state(id).await, "done");
}
