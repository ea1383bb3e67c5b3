//! Complete histories through the facade.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::sync::Arc;

use eovr_core::access::Role;
use eovr_core::incident::{Action, FollowUp, FollowUpKind};
use eovr_core::memory::MemoryStore;
use eovr_core::ports::Store;
use eovr_core::{ErrorKind, Timestamp};
use eovr_store_sql::SqlStore;
use eovr_tests::{actor, hospital, id, report};

#[tokio::test]
async fn from_report_to_completion_in_memory() {
    from_report_to_completion(Arc::new(MemoryStore::new())).await;
}

#[tokio::test]
async fn from_report_to_completion_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("hospital.db").display());
    from_report_to_completion(Arc::new(SqlStore::open(&url).await.unwrap())).await;
}

async fn from_report_to_completion(store: Arc<dyn Store>) {
    let (eovr, clock) = hospital(store).await;
    let nurse = eovr.session(actor("nurse", Role::Staff, "CAI-1-1"));
    let quality = eovr.session(actor("quality", Role::QualityAdmin, "CAI-1-1"));

    let reported = nurse
        .incidents()
        .report(&id("CAI-1-1"), report("The patient fell near the bed and died."))
        .await
        .unwrap();
    assert_eq!(reported.written.number.as_deref(), Some("OVR-2026-000001"));
    let incident = reported.written.id;
    let record = nurse.incidents().load(incident).await.unwrap();
    assert_eq!(record.bool("ai_high_risk"), Some(true));
    assert_eq!(
        nurse.open(&record, "description").unwrap().unwrap().as_str(),
        "The patient fell near the bed and died."
    );

    clock.pass_seconds(60);
    let refused = nurse.incidents().act(incident, Action::Start, None).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Denied);
    let refused = quality.incidents().act(incident, Action::Complete, None).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Refused);
    assert!(refused.refusal().unwrap().legal.contains(&"start".to_owned()));

    quality.incidents().act(incident, Action::Start, None).await.unwrap();
    quality.incidents().act(incident, Action::Evaluate, None).await.unwrap();
    quality.incidents().assess(incident, None, "severe", "rare").await.unwrap();
    quality.incidents().act(incident, Action::Ask, Some("was the rail up?")).await.unwrap();
    assert!(eovr.by_receipt(&reported.receipt).view().await.unwrap().waiting);
    eovr.by_receipt(&reported.receipt).answer("no, it was down").await.unwrap();
    let task = FollowUp {
        task: "fit rails".to_owned(),
        owner: "quality".to_owned(),
        due_at: "2026-12-01T00:00:00Z".parse::<Timestamp>().unwrap(),
        kind: FollowUpKind::Corrective,
        strength: None,
    };
    let task = quality.incidents().follow_up(incident, task).await.unwrap().id;
    quality.incidents().act(incident, Action::TakeAction, None).await.unwrap();
    let refused = quality.incidents().act(incident, Action::Complete, None).await.unwrap_err();
    assert_eq!(refused.refusal().unwrap().unmet[0].need, "children_closed");
    quality.incidents().finish_follow_up(task, "rails fitted, ward 3").await.unwrap();
    quality.incidents().act(incident, Action::Complete, None).await.unwrap();

    let trail = quality.incidents().trail(incident).await.unwrap();
    assert!(trail.verdict.is_intact(), "{:?}", trail.verdict);
    assert_eq!(trail.entries.len(), 9);
    assert_eq!(quality.incidents().summary().await.unwrap().total, 1);
    let elsewhere = eovr.session(actor("other", Role::QualityAdmin, "CAI-1-2"));
    assert_eq!(elsewhere.incidents().load(incident).await.unwrap_err().kind(), ErrorKind::NotFound);
}
