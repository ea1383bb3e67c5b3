use super::*;
use crate::triage::random::Random;

fn judged(count: usize) -> Vec<Judged> {
    let mut random = Random::new(1);
    (0..count)
        .map(|n| {
            let truth = random.below(3);
            let said = if random.below(4) == 0 { random.below(3) } else { truth };
            let mut probabilities = vec![0.1; 3];
            probabilities[said] = 0.8;
            Judged {
                truth,
                said: Some(said),
                high: Some(probabilities[2]),
                probabilities,
                flagged: said == 2,
                group: Some(if n % 2 == 0 { "<A>" } else { "B" }.to_owned()),
                raters: vec![Some(truth), Some(said)],
                ..Judged::default()
            }
        })
        .collect()
}

fn settings() -> Settings {
    Settings {
        scorer: "a <b>".to_owned(),
        labels: ["low", "middle", "high"].map(str::to_owned).to_vec(),
        high_from: Some(2),
        draws: 100,
        ..Settings::default()
    }
}

#[test]
fn every_figure_lies_in_its_interval() {
    let evaluation = Evaluation::new(settings(), &judged(300)).unwrap();
    for figure in &evaluation.figures {
        // Defined only with several labels, with a stated prevalence, or with a flag that has a threshold.
        if ["micro_f1", "hamming_loss", "ppv_at_prevalence", "npv_at_prevalence", "net_benefit_of_flag"]
            .contains(&figure.name)
        {
            assert_eq!((figure.value, figure.method), (None, ""), "{figure:?}");
            continue;
        }
        let (Some(value), Some(low), Some(high)) = (figure.value, figure.low, figure.high) else {
            panic!("{figure:?}");
        };
        assert!(low <= value + 1e-9 && value <= high + 1e-9 && low <= high, "{figure:?}");
    }
    let value = |name: &str| evaluation.figure(name).unwrap().value.unwrap();
    let parts = value("accuracy") + value("under_triage") + value("over_triage");
    assert!((parts - 1.0).abs() < 1e-12);
    assert_eq!(evaluation.groups.len(), 2);
    assert!(evaluation.groups.iter().all(|group| group.auroc.is_some()));
    let raters = evaluation.raters.as_ref().unwrap();
    assert_eq!((raters.raters, raters.cases), (2, 300));
    assert!((raters.pairwise.unwrap() - value("kappa_quadratic")).abs() < 1e-12);
}

#[test]
fn a_page_is_whole_and_runs_nothing() {
    let cases = judged(100);
    let mut evaluation = Evaluation::new(settings(), &cases).unwrap();
    evaluation.compare("itself", &cases, &cases).unwrap();
    let page = evaluation.html();
    assert_eq!(page.matches("<svg").count(), 4);
    for forbidden in ["<script", "http", "<b>", "<A>", "NaN", "inf"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("a &lt;b&gt;") && page.contains("&lt;A&gt;") && page.contains("Beside itself"));
    let comparison = evaluation.comparison.unwrap();
    assert_eq!((comparison.auroc, comparison.right_alone), (Some([0.0; 3]), Some((0, 0, 1.0))));
}

#[test]
fn one_class_only_prints_no_number() {
    let cases: Vec<Judged> = judged(50).into_iter().filter(|case| case.truth == 0).collect();
    let evaluation = Evaluation::new(settings(), &cases).unwrap();
    assert_eq!(evaluation.figure("auroc").unwrap().value, None);
    let json = serde_json::to_string(&evaluation).unwrap();
    assert!(json.contains(r#""name":"auroc""#) && !json.contains("NaN"));
    assert!(evaluation.html().contains("Not defined here: auroc"));
}

#[test]
fn the_rules_give_neither_a_probability_nor_a_label() {
    let mut cases = judged(80);
    for case in &mut cases {
        (case.said, case.probabilities) = (None, Vec::new());
        case.high = case.high.map(|high| high * 100.0);
    }
    let evaluation = Evaluation::new(Settings { probabilities: false, ..settings() }, &cases).unwrap();
    let defined = |name: &str| evaluation.figure(name).unwrap().value.is_some();
    assert!(defined("auroc") && defined("review_load") && !defined("brier") && !defined("kappa_quadratic"));
    assert!(evaluation.confusion.is_empty());
}

/// A model made for another threshold is evaluated at this one by the probabilities of its labels.
#[test]
fn high_risk_begins_where_the_evaluation_says() {
    let cases = judged(300);
    let stale: Vec<Judged> = cases.iter().map(|case| Judged { high: Some(0.5), ..case.clone() }).collect();
    let figures = |cases: &[Judged]| {
        let settings = Settings { high_from: Some(1), ..settings() };
        let mut evaluation = Evaluation::new(settings, cases).unwrap();
        evaluation.compare("the same", cases, &stale).unwrap();
        let auroc = evaluation.figure("auroc").unwrap().value.unwrap();
        (auroc, evaluation.comparison.unwrap().auroc.unwrap())
    };
    let (auroc, difference) = figures(&cases);
    assert!(auroc > 0.8, "{auroc}");
    assert_eq!(difference, [0.0; 3]);
    assert_eq!(figures(&stale), (auroc, difference));
}

/// Repeated cases of one patient add no information.
#[test]
fn a_subgroup_draws_clusters_together_too() {
    let repeated = |own: bool| -> Vec<Judged> {
        let repeats = judged(60).into_iter().enumerate().flat_map(|(patient, case)| {
            (0..10).map(move |visit| Judged {
                cluster: Some((if own { patient * 10 + visit } else { patient }) as u64),
                group: Some("one".to_owned()),
                ..case.clone()
            })
        });
        repeats.collect()
    };
    let width = |own: bool| {
        let evaluation = Evaluation::new(settings(), &repeated(own)).unwrap();
        let [_, low, high] = evaluation.groups[0].auroc.unwrap();
        high - low
    };
    assert!(width(false) > 1.5 * width(true), "{} {}", width(false), width(true));
}

#[test]
fn a_column_of_ids_is_refused_as_labels() {
    let labels = (0..1100).map(|id| id.to_string()).collect();
    let error = Evaluation::new(Settings { labels, ..settings() }, &judged(30)).unwrap_err();
    assert!(error.to_string().contains("at most 1024 different labels"), "{error}");
}

#[test]
fn inconsistent_input_is_refused() {
    assert!(Evaluation::new(settings(), &[]).is_err());
    let outside = Judged { truth: 3, ..Judged::default() };
    let error = Evaluation::new(settings(), &[outside]).unwrap_err();
    assert!(error.to_string().contains("`low`, `middle`, `high`"), "{error}");
    let unreal = Judged { high: Some(f64::NAN), ..Judged::default() };
    assert!(Evaluation::new(settings(), &[unreal]).is_err());
    let cases = judged(10);
    let mut evaluation = Evaluation::new(settings(), &cases).unwrap();
    assert!(evaluation.compare("shorter", &cases, &cases[..9]).is_err());
}

/// All cases are flagged rightly, so every draw gives 1. The interval must contain 1 and must not be a single point.
#[test]
fn an_interval_contains_its_value_and_is_never_empty_for_a_share() {
    let mut cases = judged(60);
    for case in &mut cases {
        case.flagged = case.truth == 2;
    }
    let evaluation = Evaluation::new(settings(), &cases).unwrap();
    let found = evaluation.figure("flag_sensitivity").unwrap();
    let high = evaluation.counts[2] as f64;
    // Wilson's lower end for a share of 1: n / (n + z²).
    let low = high / (high + 1.959_963_984_540_054_f64.powi(2));
    assert_eq!((found.value, found.high, found.method), (Some(1.0), Some(1.0), "wilson"));
    assert!((found.low.unwrap() - low).abs() < 1e-9, "{found:?}");
    // Two patients with many visits each count as two independent cases.
    for (place, case) in cases.iter_mut().enumerate() {
        case.cluster = Some(place as u64 % 2);
    }
    let evaluation = Evaluation::new(settings(), &cases).unwrap();
    assert!(evaluation.figure("flag_sensitivity").unwrap().low.unwrap() < 0.4);
}

#[test]
fn few_clusters_and_few_cases_are_warned_of() {
    let warned = |clusters: u64, cases: usize| -> Vec<String> {
        let mut cases = judged(cases);
        for (place, case) in cases.iter_mut().enumerate() {
            case.cluster = Some(place as u64 % clusters);
        }
        let evaluation = Evaluation::new(Settings { draws: 5, ..settings() }, &cases).unwrap();
        assert_eq!(evaluation.clusters, Some(clusters as usize));
        evaluation.warnings
    };
    let few = warned(29, 600);
    assert!(few.len() == 1 && few[0].contains("29 clusters"), "{few:?}");
    assert!(warned(30, 600).is_empty());
    assert!(warned(40, 90)[0].contains("Fewer than 100"));
}

#[test]
fn a_subgroup_is_compared_with_all_others() {
    let mut cases = judged(600);
    for (place, case) in cases.iter_mut().enumerate() {
        case.script = Some(if place % 3 == 0 { Script::Arabic } else { Script::Latin });
        if place % 3 == 0 {
            case.flagged = false;
        }
    }
    let evaluation = Evaluation::new(settings(), &cases).unwrap();
    let [arabic, latin] = evaluation.scripts.as_slice() else { panic!("{:?}", evaluation.scripts) };
    assert_eq!((arabic.name.as_str(), arabic.sensitivity.unwrap()[0]), ("Arabic script", 0.0));
    let [less, low, high] = arabic.difference.sensitivity.unwrap();
    assert!(
        (less + latin.sensitivity.unwrap()[0]).abs() < 1e-12 && low <= less && less <= high && high < 0.0
    );
    let [more, ..] = latin.difference.sensitivity.unwrap();
    assert!((more + less).abs() < 1e-12);
    let page = evaluation.html();
    assert!(page.contains("Subgroups by script of the narrative") && page.contains("Arabic script"));
}

#[test]
fn scripts_are_recognised_by_their_letters() {
    for (text, script) in [
        ("The patient fell.", Script::Latin),
        ("سقط المريض من السرير 3", Script::Arabic),
        ("المريض received aspirin بعد', ", Script::Mixed),
        ("Больной упал", Script::Other),
        ("120/80 …", Script::None),
    ] {
        assert_eq!(Script::of(text), script, "{text}");
    }
}

#[test]
fn the_page_has_what_a_journal_requires() {
    let cases = judged(600);
    let flow = Flow {
        read: 700,
        dropped: vec![("no word".to_owned(), 4)],
        train: 90,
        valid: 6,
        evaluated: 600,
        repeated: 2,
    };
    let asked =
        Settings { prevalence: Some(0.05), flow: Some(flow), date: "2026-11-30".to_owned(), ..settings() };
    let evaluation = Evaluation::new(asked, &cases).unwrap();
    let value = |name: &str| evaluation.figure(name).unwrap().value.unwrap();
    let (sensitivity, specificity) = (value("flag_sensitivity"), value("flag_specificity"));
    let ppv = 0.05 * sensitivity / (0.05 * sensitivity + 0.95 * (1.0 - specificity));
    assert!((value("ppv_at_prevalence") - ppv).abs() < 1e-12);
    assert!(evaluation.calibration.is_some() && evaluation.decision_curve.len() >= 50);
    let counted: u64 = evaluation.histogram.iter().map(|bar| bar.0 + bar.1).sum();
    assert_eq!(counted, 600);
    let page = evaluation.html();
    for part in [
        "Calibration-in-the-large",
        "PPV at the stated prevalence",
        "Observed : expected ratio",
        "treat all",
        "Flow of rows",
        "left out: no word",
        "TRIPOD+AI 23a",
        "STRATOS 3",
        "for the author",
        "2026-11-30",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let status = |of: &str| evaluation.checklist.iter().find(|item| item.of == of).unwrap().status;
    assert_eq!((status("TRIPOD+AI 20a"), status("TRIPOD+AI 12d")), (Status::Met, Status::NotMet));
    for wrong in [0.0, 1.0, -0.5, f64::NAN] {
        assert!(Evaluation::new(Settings { prevalence: Some(wrong), ..settings() }, &cases).is_err());
    }
}

#[test]
fn each_of_several_labels_is_evaluated_separately() {
    let one = |truths: &[usize], chosen: &[usize]| Judged {
        truths: truths.to_vec(),
        chosen: chosen.to_vec(),
        probabilities: (0..3).map(|label| if chosen.contains(&label) { 0.9 } else { 0.2 }).collect(),
        ..Judged::default()
    };
    let cases = [one(&[0, 1], &[0]), one(&[1], &[1]), one(&[], &[2]), one(&[0, 2], &[0, 2])];
    let asked = Settings { several: true, high_from: None, order: Order::Nominal, ..settings() };
    let evaluation = Evaluation::new(asked.clone(), &cases).unwrap();
    let value = |name: &str| evaluation.figure(name).unwrap().value;
    assert_eq!((value("accuracy"), value("hamming_loss")), (Some(0.5), Some(2.0 / 12.0)));
    // Four hits, one miss, one false alarm: 8 / 10; by label 1, 2/3 and 2/3.
    assert_eq!(value("micro_f1"), Some(0.8));
    assert!((value("macro_f1").unwrap() - (1.0 + 2.0 / 3.0 + 2.0 / 3.0) / 3.0).abs() < 1e-12);
    assert_eq!((value("kappa"), evaluation.counts.clone()), (None, vec![2, 2, 1]));
    assert!(evaluation.html().contains("a case may have several"));
    assert!(Evaluation::new(Settings { high_from: Some(1), ..asked }, &cases).is_err());
}
