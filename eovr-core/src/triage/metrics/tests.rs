use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn close(ours: Option<f64>, expected: Option<f64>) -> bool {
    match (ours, expected) {
        (Some(ours), Some(expected)) => (ours - expected).abs() < 1e-9,
        (ours, expected) => ours.is_none() && expected.is_none(),
    }
}

/// This crate's result for a case of the reference file; `None` where the crate has no such metric.
fn ours(metric: &str, input: &Value) -> Option<Option<f64>> {
    let levels = |name: &str| -> Vec<usize> { serde_json::from_value(input[name].clone()).unwrap() };
    let confusion = || {
        let classes = input["n_classes"].as_u64().unwrap_or(5) as usize;
        Confusion::new(&levels("truth"), &levels("pred"), classes).unwrap()
    };
    let flags = || {
        let truth: Vec<bool> = levels("y").into_iter().map(|y| y == 1).collect();
        let scores = if input["score"].is_null() { &input["p"] } else { &input["score"] };
        let scores: Vec<f64> = serde_json::from_value(scores.clone()).unwrap();
        Flags::new(&truth, &scores).unwrap()
    };
    let sensitivity = |target| flags().at_specificity(target).map(|point| point.sensitivity);
    Some(match metric {
        "auroc" => flags().auroc(),
        "average_precision" => flags().average_precision(),
        "brier" => flags().brier(),
        "log_loss" => flags().log_loss(),
        "ece_equal_width_10" => flags().calibration_error(Bins::EqualWidth(10)),
        "ece_equal_mass_10" => flags().calibration_error(Bins::EqualMass(10)),
        "ece_equal_width_15" => flags().calibration_error(Bins::WIDTH_15),
        "ece_equal_mass_15" => flags().calibration_error(Bins::MASS_15),
        "sensitivity_at_specificity_0.80" => sensitivity(0.80),
        "sensitivity_at_specificity_0.90" => sensitivity(0.90),
        "sensitivity_at_specificity_0.95" => sensitivity(0.95),
        "kappa_unweighted" => confusion().kappa(Weights::Equal),
        "kappa_linear" => confusion().kappa(Weights::Linear),
        "kappa_quadratic" | "qwk_analytic_ci" => confusion().kappa(Weights::Quadratic),
        "macro_f1_present_classes" => confusion().macro_f1(),
        "macro_f1_all_classes" => confusion().macro_f1_of_all(),
        "balanced_accuracy" => confusion().balanced_accuracy(),
        "under_triage_rate" => confusion().under_triage(),
        "over_triage_rate" => confusion().over_triage(),
        "fleiss_kappa" => {
            fleiss_kappa(&serde_json::from_value::<Vec<Vec<u64>>>(input["table"].clone()).unwrap()).unwrap()
        }
        _ => return None,
    })
}

/// The reference figures in the directory `EOVR_DATA`, if it is set.
#[test]
fn equal_to_the_reference_figures() {
    let Some(folder) = std::env::var_os("EOVR_DATA").map(PathBuf::from) else { return };
    let cases = serde_json::from_str::<Vec<Value>>(&read(folder.join("metrics_golden.json"))).unwrap();
    let mut compared = 0;
    for case in &cases {
        let metric = case["metric"].as_str().unwrap();
        let ours = ours(metric, &case["input"]).unwrap_or_else(|| panic!("no metric `{metric}`"));
        assert!(close(ours, case["expected"].as_f64()), "{metric}, {}: {ours:?}", case["note"]);
        compared += 1;
    }
    assert!(compared > 100, "{compared} cases");
}

#[expect(clippy::disallowed_methods, reason = "a test may read a file")]
fn read(path: PathBuf) -> String {
    String::from_utf8(std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn undefined_is_none_and_never_a_number() {
    let one_class = Flags::new(&[false, false], &[0.2, 0.4]).unwrap();
    assert_eq!(one_class.auroc(), None);
    assert_eq!(one_class.average_precision(), None);
    assert_eq!(one_class.at_specificity(0.9), None);
    assert_eq!(one_class.at_sensitivity(0.9), None);
    assert_eq!(one_class.calibration_line(), None);
    assert!(one_class.roc().is_empty());
    let nothing = Flags::new(&[], &[]).unwrap();
    assert_eq!((nothing.brier(), nothing.log_loss(), nothing.prevalence()), (None, None, None));
    assert_eq!(nothing.calibration_error(Bins::MASS_15), None);
    let no_probability = Flags::new(&[true, false], &[3.0, -1.0]).unwrap();
    assert_eq!(no_probability.auroc(), Some(1.0));
    assert_eq!((no_probability.brier(), no_probability.log_loss()), (None, None));
    let apart = Flags::new(&[false, false, true, true], &[0.1, 0.2, 0.8, 0.9]).unwrap();
    assert_eq!(apart.calibration_line(), None, "no line is steep enough");
    let empty = Confusion::new(&[], &[], 3).unwrap();
    assert_eq!((empty.kappa(Weights::Linear), empty.macro_f1(), empty.accuracy()), (None, None, None));
    assert_eq!(fleiss_kappa(&[]).unwrap(), None);
    assert_eq!(fleiss_kappa(&[vec![1, 0]]).unwrap(), None, "one rater has no agreement");
    let interval = Bootstrap { draws: 50, seed: 0 }.interval(0, None, |_| None);
    assert_eq!((interval.low, interval.high, interval.defined), (None, None, 0));
}

#[test]
fn inconsistent_input_is_refused() {
    assert!(Flags::new(&[true], &[]).is_err());
    assert!(Flags::new(&[true], &[f64::NAN]).is_err());
    assert!(Confusion::new(&[0], &[], 2).is_err());
    let error = Confusion::new(&[0, 2], &[0, 1], 2).unwrap_err();
    assert!(error.to_string().contains("level=2"), "{error}");
    assert!(fleiss_kappa(&[vec![2, 1], vec![1, 1]]).is_err());
}

#[test]
fn the_two_operating_points_mirror_each_other() {
    let truth = [false, true, false, true, true];
    let scores = [0.1, 0.2, 0.3, 0.4, 0.5];
    let flags = Flags::new(&truth, &scores).unwrap();
    let point = flags.at_sensitivity(0.6).unwrap();
    assert_eq!((point.threshold, point.sensitivity, point.specificity), (0.3, 2.0 / 3.0, 1.0));
    let all = flags.at_sensitivity(1.0).unwrap();
    assert_eq!((all.sensitivity, all.specificity, all.review_load), (1.0, 0.5, 0.8));
    let half = flags.at_specificity(0.5).unwrap();
    assert_eq!((half.threshold, half.sensitivity, half.precision), (0.1, 1.0, Some(0.75)));
}

#[test]
fn a_group_is_drawn_whole() {
    let groups = [7, 7, 7, 9];
    Bootstrap { draws: 100, seed: 3 }.interval(4, Some(&groups), |rows| {
        let of = |row| rows.iter().filter(|&&drawn| drawn == row).count();
        assert_eq!((of(0), of(0)), (of(1), of(2)));
        assert_eq!(of(0) + of(3), 2);
        None
    });
}

/// The mean of 400 coin throws: its standard error is known, and the interval is ± 1.96 standard errors.
#[test]
fn an_interval_is_as_wide_as_theory_says() {
    let throws: Vec<f64> = (0..400).map(|n| f64::from(n % 2)).collect();
    let interval = Bootstrap { draws: 4000, seed: 11 }.interval(throws.len(), None, |rows| {
        Some(rows.iter().map(|&row| throws[row]).sum::<f64>() / rows.len() as f64)
    });
    let width = interval.high.unwrap() - interval.low.unwrap();
    let theory = 2.0 * 1.96 * 0.5 / 20.0;
    assert!((width / theory - 1.0).abs() < 0.05, "{width} beside {theory}");
}

#[test]
fn an_interval_contains_its_value() {
    // A figure whose value only the original cases reach.
    let all: Vec<usize> = (0..20).collect();
    let interval = Bootstrap { draws: 200, seed: 4 }
        .interval(20, None, |rows| Some(if rows == all.as_slice() { 9.0 } else { rows.len() as f64 / 20.0 }));
    assert_eq!((interval.value, interval.low, interval.high), (Some(9.0), Some(1.0), Some(9.0)));
    assert!(interval.widened);
}

/// Computed by hand: ten cases, four of high risk.
#[test]
fn net_benefit_and_predictive_values_by_hand() {
    let truth = [true, true, true, false, true, false, false, false, false, false];
    let scores = [0.9, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.2, 0.1, 0.1];
    let flags = Flags::new(&truth, &scores).unwrap();
    let [at] = flags.decision_curve([0.5].into_iter())[..] else { panic!() };
    // At 0.5: three hits, one false alarm at even odds.
    assert!((at.scorer - 0.2).abs() < 1e-12 && (at.all - (0.4 - 0.6)).abs() < 1e-12, "{at:?}");
    let [low] = flags.decision_curve([0.2].into_iter())[..] else { panic!() };
    assert!((low.scorer - (4.0 - 4.0 * 0.25) / 10.0).abs() < 1e-12, "{low:?}");
    let (ppv, npv) = predictive_values(0.75, 5.0 / 6.0, 0.4);
    assert!((ppv.unwrap() - 0.75).abs() < 1e-12 && (npv.unwrap() - 5.0 / 6.0).abs() < 1e-12);
    assert_eq!(predictive_values(0.0, 1.0, 0.1).0, None);
    assert!((flags.observed_expected().unwrap() - 4.0 / 4.1).abs() < 1e-12);
}

#[test]
fn two_scorers_compared() {
    let (first, second) = ([1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]);
    let mean = |values: &[f64; 4], rows: &[usize]| {
        Some(rows.iter().map(|&row| values[row]).sum::<f64>() / rows.len() as f64)
    };
    let compared = Bootstrap { draws: 1000, seed: 5 }
        .compare(4, None, |rows, other| mean(if other { &second } else { &first }, rows));
    assert_eq!(compared.difference, Some(0.5));
    assert!(compared.interval.low.unwrap() >= 0.0 && compared.p_value.unwrap() < 0.2);
    let same = mcnemar(&[true, false], &[true, false]);
    assert_eq!((same.first_only, same.second_only, same.p_value), (0, 0, 1.0));
    // Nine of ten: 2 · (1 + 10) / 2¹⁰.
    let first: Vec<bool> = (0..10).map(|n| n > 0).collect();
    let second: Vec<bool> = (0..10).map(|n| n == 0).collect();
    assert!((mcnemar(&first, &second).p_value - 22.0 / 1024.0).abs() < 1e-12);
}

proptest! {
    #[test]
    fn figures_stay_in_their_range(cases in prop::collection::vec((any::<bool>(), 0..=20_u8), 0..60)) {
        let truth: Vec<bool> = cases.iter().map(|case| case.0).collect();
        let scores: Vec<f64> = cases.iter().map(|case| f64::from(case.1) / 20.0).collect();
        let flags = Flags::new(&truth, &scores).unwrap();
        let points = [0.8, 0.9, 0.95].map(|target| flags.at_specificity(target));
        for (target, point) in [0.8, 0.9, 0.95].into_iter().zip(points) {
            prop_assert!(point.is_none_or(|point| point.specificity >= target));
            let other = flags.at_sensitivity(target);
            prop_assert!(other.is_none_or(|point| point.sensitivity >= target));
        }
        for figure in [
            flags.auroc(), flags.average_precision(), flags.brier(),
            flags.calibration_error(Bins::WIDTH_15), flags.calibration_error(Bins::MASS_15),
        ] {
            prop_assert!(figure.is_none_or(|figure| (0.0..=1.0).contains(&figure)));
        }
        if let Some(smooth) = flags.smoothed_calibration() {
            prop_assert!((0.0..=1.0).contains(&smooth.ici) && smooth.e50 <= smooth.e90 + 1e-12);
            prop_assert!(smooth.points.iter().all(|point| point.low <= point.happened && point.happened <= point.high));
        }
        prop_assert!(flags.calibration_in_the_large().is_none_or(f64::is_finite));
        prop_assert!(flags.decision_curve([0.1, 0.5].into_iter()).iter().all(|point| point.scorer <= 1.0));
        // The order of the cases and an increasing function of the scores do not change a ranking.
        let (backwards, squared): (Vec<bool>, Vec<f64>) =
            cases.iter().rev().map(|case| (case.0, f64::from(case.1).powi(2) - 7.0)).unzip();
        let other = Flags::new(&backwards, &squared).unwrap();
        prop_assert!(close(flags.auroc(), other.auroc()));
        prop_assert!(close(flags.average_precision(), other.average_precision()));
        let counted: usize = flags.reliability(Bins::MASS_15).iter().map(|bin| bin.count).sum();
        prop_assert_eq!(counted, cases.len());
    }

    #[test]
    fn only_equal_levels_agree_perfectly(truth in prop::collection::vec(0..5_usize, 1..60)) {
        let same = Confusion::new(&truth, &truth, 5).unwrap();
        prop_assert_eq!(same.accuracy(), Some(1.0));
        prop_assert_eq!(same.macro_f1(), Some(1.0));
        prop_assert!(same.kappa(Weights::Quadratic).is_none_or(|kappa| kappa == 1.0));
        let other: Vec<usize> = truth.iter().map(|level| 4 - level).collect();
        let other = Confusion::new(&truth, &other, 5).unwrap();
        let parts = [other.accuracy(), other.under_triage(), other.over_triage()];
        prop_assert!(close(Some(parts.into_iter().flatten().sum()), Some(1.0)));
        prop_assert!(other.kappa(Weights::Quadratic).is_none_or(|kappa| kappa <= 1.0));
    }
}
