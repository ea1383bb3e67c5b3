//! Saved learners.

use eovr_core::triage::local::LocalLearner;
use eovr_core::triage::{Case, Scorer as _};
use sha2::{Digest as _, Sha256};

/// The input gets a valid digest, because an attacker who writes the file can compute it. A parsed learner is written
/// and read as the same, gives an opinion between 0 and 1, and continues to learn.
pub(crate) fn check(bytes: &[u8]) {
    let _ = LocalLearner::from_bytes(bytes);
    let file = [bytes, &Sha256::digest(bytes)].concat();
    let Ok(mut learner) = LocalLearner::from_bytes(&file) else { return };
    let written = learner.to_bytes();
    let again = LocalLearner::from_bytes(&written).expect("what was written is read");
    assert!(again == learner && again.to_bytes() == written, "another learner came back");
    let case =
        Case { narrative: "The patient fell from the bed, and a vial was dropped.", ..Case::default() };
    for high in [true, false] {
        let opinion = learner.opinion(&case);
        assert!((0.0..=1.0).contains(&opinion), "an opinion of {opinion}");
        let said = learner.score(&case);
        assert!(said.score <= 100, "a score of {}", said.score);
        let standing = learner.standing();
        assert!(standing.lead.is_none_or(f64::is_finite), "a lead of {:?}", standing.lead);
        learner.review(&case, high);
    }
}
