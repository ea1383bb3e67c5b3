//! The predictions for each case, as a CSV file.

use eovr_core::triage::evaluate::Judged;
use eovr_host::output::Failure;

/// One line for each case: its row in the data file, the truth, the prediction, the probability of each label. It
/// contains no narrative.
///
/// If a narrative may have several labels, one cell holds them, separated by `separator`.
pub(super) fn csv(
    labels: &[String],
    rows: &[u64],
    judged: &[Judged],
    separator: Option<&str>,
) -> Result<Vec<u8>, Failure> {
    let (several, separator) = (separator.is_some(), separator.unwrap_or_default());
    let failed =
        |error: &dyn std::fmt::Display| Failure::broken(format!("cannot write the predictions: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fixed = ["row", "truth", "predicted", "high", "flagged", "abstained"].map(str::to_owned);
    let header = fixed.into_iter().chain(labels.iter().map(|label| format!("p_{label}")));
    writer.write_record(header).map_err(|error| failed(&error))?;
    let name = |label: Option<usize>| label.and_then(|label| labels.get(label)).cloned().unwrap_or_default();
    for (row, case) in rows.iter().zip(judged) {
        let high = case.high.map(|high| high.to_string()).unwrap_or_default();
        let all = |labels: &[usize]| {
            labels.iter().map(|&label| name(Some(label))).collect::<Vec<_>>().join(separator)
        };
        let (truth, said) = match several {
            true => (all(&case.truths), all(&case.chosen)),
            false => (name(Some(case.truth)), name(case.said)),
        };
        let fixed = [
            row.to_string(),
            truth,
            said,
            high,
            u8::from(case.flagged).to_string(),
            u8::from(case.abstained).to_string(),
        ];
        let said = (0..labels.len()).map(|label| case.probabilities.get(label));
        let said = said.map(|p| p.map(f64::to_string).unwrap_or_default());
        writer.write_record(fixed.into_iter().chain(said)).map_err(|error| failed(&error))?;
    }
    writer.into_inner().map_err(|error| failed(&error))
}
