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
    assert_eq!(page.matches("<svg").count(), 3);
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
fn rules_without_a_probability_or_a_label() {
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

/// A model made for another threshold is asked for this one: its labels have their probabilities.
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

/// Repeats of one patient tell no more than one of them.
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
fn a_column_of_ids_is_no_scheme() {
    let labels = (0..300).map(|id| id.to_string()).collect();
    let error = Evaluation::new(Settings { labels, ..settings() }, &judged(30)).unwrap_err();
    assert!(error.to_string().contains("at most 256 different labels"), "{error}");
}

#[test]
fn what_does_not_fit_is_refused() {
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
