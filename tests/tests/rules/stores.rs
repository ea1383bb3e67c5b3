//! The contract of a store: our stores keep it, and the suite notices each way of breaking it.

mod faulty;

use eovr_core::conformance::{self, Report};
use eovr_core::memory::MemoryStore;

use self::faulty::{Fault, Faulty};

/// One line for each store; each store's own crate runs the same suite.
#[tokio::test]
async fn our_stores_keep_their_promises() {
    conformance::run(async || Ok(MemoryStore::new())).await.assert();
}

#[tokio::test]
async fn our_stores_keep_their_promises_on_other_histories() {
    for seed in 1..=8 {
        conformance::run_seeded(seed, async || Ok(MemoryStore::new())).await.assert();
    }
}

async fn report(fault: Fault) -> Report {
    conformance::run(async || Ok(Faulty::new(fault))).await
}

#[tokio::test]
async fn a_store_without_a_fault_passes() {
    report(Fault::None).await.assert();
}

/// Each way to break a promise, and the case that must notice it.
const FAULTS: &[(Fault, &str)] = &[
    (Fault::WritesUpToTheConflict, "all_or_nothing"),
    (Fault::PostsBeforeItChecks, "stale_version"),
    (Fault::TakesStaleVersions, "stale_version"),
    (Fault::TakesVersionsToCome, "stale_version"),
    (Fault::OverwritesOnCreate, "create_once"),
    (Fault::CreatesOnChange, "change_of_nothing"),
    (Fault::NumberTwice, "numbers"),
    (Fault::SeriesOfAnotherYear, "numbers"),
    (Fault::NumberNotPadded, "numbers"),
    (Fault::IgnoresUnique, "unique_is_kept"),
    (Fault::UniqueAcrossFacets, "unique_within_its_kind"),
    (Fault::NeverFreesUnique, "unique_is_freed"),
    (Fault::UniqueForgetsTheCommit, "unique_is_kept"),
    (Fault::LeaksOnLoad, "out_of_scope_is_absent"),
    (Fault::LeaksOnLoad, "load_in_scope"),
    (Fault::LeaksOnFind, "out_of_scope_is_absent"),
    (Fault::LeaksOnFind, "find_in_scope"),
    (Fault::LeaksOnTally, "out_of_scope_is_absent"),
    (Fault::LeaksOnTally, "tally_in_scope"),
    (Fault::LeaksOnEvents, "out_of_scope_is_absent"),
    (Fault::LeaksOnEvents, "events_in_scope"),
    (Fault::OwnMeansFacility, "find_in_scope"),
    (Fault::HolderSeesFacility, "find_in_scope"),
    (Fault::NotMeansSet, "absent_is_not_empty"),
    (Fault::InEmptyMeansAll, "find_in_scope"),
    (Fault::FromIsAbove, "find_in_scope"),
    (Fault::BeforeIncludes, "find_in_scope"),
    (Fault::OneClauseOnly, "find_in_scope"),
    (Fault::OldestFirst, "pages_join"),
    (Fault::TiesByChance, "pages_join"),
    (Fault::CursorByTimeAlone, "pages_join"),
    (Fault::CursorByPosition, "cursor_stays_right"),
    (Fault::NextOnEveryPage, "pages_join"),
    (Fault::TallyWithZero, "out_of_scope_is_absent"),
    (Fault::TallyUnsorted, "tally_in_scope"),
    (Fault::TallyWithoutAbsent, "tally_in_scope"),
    (Fault::TallyByWholePlace, "tally_after_a_move"),
    (Fault::MillisecondsOnly, "values_come_back"),
    (Fault::TrimsTexts, "values_come_back"),
    (Fault::FoldsCase, "values_are_told_apart"),
    (Fault::FloatsForInts, "values_come_back"),
    (Fault::EmptyIsAbsent, "values_come_back"),
    (Fault::AbsentIsFalse, "absent_is_not_empty"),
    (Fault::CutsLongSeals, "sealed_comes_back"),
    (Fault::LosesParent, "envelope_comes_back"),
    (Fault::MovesCreatedAt, "envelope_comes_back"),
    (Fault::EventsAsText, "events_in_order"),
    (Fault::EventsAsJson, "events_in_order"),
    (Fault::KeepsTenEvents, "events_in_order"),
    (Fault::DropsMessage, "message_with_every_change"),
    (Fault::DropsTheInternal, "internal_stays_inside"),
    (Fault::PostsTheInternal, "internal_stays_inside"),
    (Fault::MessageWithoutPlace, "message_with_every_change"),
    (Fault::LeaseNotHeld, "lease_holds"),
    (Fault::LeaseForEver, "lease_holds"),
    (Fault::LeaseNewestFirst, "lease_holds"),
    (Fault::AttemptsNotCounted, "lease_holds"),
    (Fault::AcknowledgesNothing, "acknowledge_removes"),
    (Fault::AcknowledgesAll, "acknowledge_removes"),
    (Fault::PlacesReused, "acknowledge_removes"),
    (Fault::FeedForgetsDelivered, "feed_is_the_log"),
    (Fault::FeedSkipsPlaces, "feed_is_the_log"),
    (Fault::FeedRewords, "feed_is_the_log"),
    (Fault::FeedOutOfOrder, "feed_grows_at_its_end"),
    (Fault::CensusWithoutAbsent, "census_at_its_position"),
    (Fault::CensusInSteps, "census_in_a_race"),
    (Fault::PrepareForgets, "prepare_again"),
    (Fault::IgnoresGuards, "guards_hold"),
    (Fault::ChecksGuardsEarly, "guards_in_a_race"),
    (Fault::ChecksThenWrites, "one_writer_wins"),
    (Fault::ChecksThenWrites, "one_claim_wins"),
    (Fault::WritesInSteps, "dropped_halfway"),
    (Fault::LeasesInSteps, "leases_in_a_race"),
];

#[tokio::test]
async fn every_fault_is_noticed_by_the_case_that_should() {
    let mut unnoticed = Vec::new();
    for (fault, name) in FAULTS {
        let case = conformance::cases().find(|case| case.name == *name).expect("there is such a case");
        if case.run(Faulty::new(*fault), conformance::SEED).await.is_ok() {
            unnoticed.push(format!("{fault:?} by {name}"));
        }
    }
    assert!(unnoticed.is_empty(), "not noticed: {unnoticed:#?}");
}

#[tokio::test]
async fn every_case_notices_some_fault() {
    let tried: Vec<_> = FAULTS.iter().map(|(_, case)| *case).collect();
    // These repeat a promise in another way: as a race, or against the reference store.
    let also = [
        "receipt_says_what_was_written",
        "chains_verify",
        "outbox_as_reference",
        "no_writer_is_lost",
        "numbers_in_a_race",
        "reads_dropped_halfway",
    ];
    for case in conformance::cases() {
        assert!(tried.contains(&case.name) || also.contains(&case.name), "nothing tries `{}`", case.name);
    }
}

#[tokio::test]
async fn a_failure_names_the_case_the_promise_and_the_seed() {
    let report = report(Fault::LeaksOnFind).await;
    let words = report.to_string();
    assert!(words.contains("out_of_scope_is_absent") && words.contains("looks the same as"), "{words}");
    assert!(words.contains(&format!("{:#x}", conformance::SEED)), "{words}");
    let panicked = std::panic::catch_unwind(|| report.assert());
    assert!(panicked.is_err());
}
