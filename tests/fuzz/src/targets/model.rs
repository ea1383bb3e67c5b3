//! Models that were trained, and are read again.

use eovr_core::triage::learn::TextModel;
use eovr_core::triage::{Case, Scorer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Buckets of words and of pieces of words.
const BUCKETS: usize = 2 << 16;
const BLOCKS: usize = 2;
/// A head as the trainer writes it.
pub(crate) const HEAD: &str = include_str!("../../head.json");

/// Input: a JSON head, and after the first NUL the numbers, repeated as needed. The input gets a valid digest, because
/// an attacker who writes the file can compute it. A parsed model is written unchanged, and its answers are
/// probabilities.
pub(crate) fn check(bytes: &[u8]) {
    let _ = TextModel::from_bytes(bytes);
    let cut = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (head, numbers) = bytes.split_at(cut);
    let Ok(mut changed) = serde_json::from_slice::<Value>(head) else { return };
    let head = laid_over(&mut changed);
    let labels = head.pointer("/card/labels").and_then(Value::as_array).map_or(0, Vec::len);
    let cuts = usize::from(head.get("cuts") == Some(&json!(true)));
    if labels > 20 {
        return;
    }
    let is = |name: &str| head.get(name) == Some(&json!(true));
    let step = if is("high_step") { 2 } else { 0 };
    let version: u32 = if is("several") || is("high_step") { 2 } else { 1 };
    let head = serde_json::to_vec(&head).expect("JSON");
    let mut file = b"eovr-tm\n".to_vec();
    file.extend(version.to_le_bytes());
    file.extend(u32::try_from(head.len()).expect("a few bytes").to_le_bytes());
    file.extend(head);
    let floats = BLOCKS * labels + labels + 1 + labels + labels.saturating_sub(cuts) + step;
    let numbers = numbers.get(1..).filter(|numbers| !numbers.is_empty()).unwrap_or(&[0]);
    file.extend(numbers.iter().cycle().take(floats * 4));
    file.extend(numbers.iter().rev().cycle().take(BUCKETS * (labels + 1)));
    file.extend(Sha256::digest(&file));
    let Ok(model) = TextModel::from_bytes(&file) else { return };
    let written = model.to_bytes();
    let again = TextModel::from_bytes(&written).expect("what was written is read");
    assert!(again.to_bytes() == written, "another model came back");
    let case =
        Case { narrative: "The patient fell from the bed, and a vial was dropped.", ..Case::default() };
    let answer = model.read(case.narrative);
    let chance = |p: &f64| (0.0..=1.0).contains(p);
    assert!(answer.label < model.labels().len() && answer.probabilities.len() == model.labels().len());
    assert!(answer.probabilities.iter().chain(&answer.high).all(chance), "no chances: {answer:?}");
    let explained = model.explain(case.narrative);
    assert!(explained.words.iter().all(|word| word.share.is_finite()), "no shares: {explained:?}");
    assert!(model.score(&case).score <= 100);
}

/// A complete head, with the given members in place of its own.
fn laid_over(changed: &mut Value) -> Value {
    let mut head: Value = serde_json::from_str(HEAD).expect("a head");
    for name in ["cuts", "card"] {
        let Some(given) = changed.get_mut(name).map(Value::take) else { continue };
        match (head.get_mut(name), given) {
            (Some(Value::Object(card)), Value::Object(given)) => card.extend(given),
            (Some(place), given) => *place = given,
            (None, _) => {}
        }
    }
    for name in ["several", "high_step"] {
        if let (Some(head), Some(Value::Bool(given))) = (head.as_object_mut(), changed.get(name)) {
            head.insert(name.to_owned(), Value::Bool(*given));
        }
    }
    head
}
