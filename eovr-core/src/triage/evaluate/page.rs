//! The evaluation as an HTML page with inline plots, in the terms of a journal.

use std::fmt::Write as _;

use super::svg::{curve, escaped, table};
use super::{Evaluation, GroupFigures, Settings, plots};
use crate::triage::learn::{Card, Order};

const STYLE: &str = include_str!("page.css");

pub(super) fn html(evaluation: &Evaluation) -> String {
    let settings = &evaluation.settings;
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>{0} on {1}</title><style>{STYLE}</style></head><body>\
         <h1>{0} on {1}</h1>",
        escaped(&settings.scorer),
        escaped(&settings.data)
    );
    summary(&mut page, evaluation);
    drawings(&mut page, evaluation);
    figures(&mut page, evaluation);
    by_label(&mut page, evaluation);
    let by = if settings.group_by.is_empty() { "group" } else { &settings.group_by };
    groups(&mut page, &format!("Subgroups by {}", escaped(by)), &evaluation.groups);
    groups(&mut page, "Subgroups by script of the narrative", &evaluation.scripts);
    others(&mut page, evaluation);
    methods(&mut page, evaluation);
    flow(&mut page, settings);
    if let Some(card) = &settings.training {
        training(&mut page, card);
    }
    checklist(&mut page, evaluation);
    let model = settings.model_sha256.as_deref().unwrap_or("none");
    let date =
        if settings.date.is_empty() { String::new() } else { format!(", {}", escaped(&settings.date)) };
    let _ = write!(
        page,
        "<h2>To do it again</h2><p class=\"q\">eovr {}, seed {}{date}<br>data SHA-256 <code>{}</code><br>model SHA-256 \
         <code>{}</code></p><p class=\"q\">These are figures on the named set. They claim nothing about other text, nor \
         about harm to come.</p></body></html>",
        escaped(&settings.eovr),
        settings.seed,
        escaped(&settings.data_sha256),
        escaped(model)
    );
    page
}

fn summary(page: &mut String, evaluation: &Evaluation) {
    let settings = &evaluation.settings;
    let order = match settings.order {
        _ if settings.several => "a case may have several of these labels",
        Order::Ordinal => "levels, from low to high",
        Order::Nominal => "labels without an order",
    };
    let labels: Vec<String> = settings
        .labels
        .iter()
        .zip(&evaluation.counts)
        .map(|(label, count)| format!("{} ({count})", escaped(label)))
        .collect();
    let _ = write!(page, "<p>{} cases; {order}: {}.", evaluation.cases, labels.join(", "));
    if let Some(high) = settings.high_from.and_then(|high| settings.labels.get(high)) {
        let _ = write!(page, " High risk begins at {}.", escaped(high));
    }
    if let Some(above) = settings.training.as_ref().and_then(|card| card.flag_above) {
        let _ = write!(
            page,
            " The flag is raised where the probability of high risk exceeds {above:.3}, the threshold that training chose for \
             a specificity of 0.90."
        );
    }
    if let Some(clusters) = evaluation.clusters {
        let _ = write!(page, " The cases come from {clusters} clusters, which are drawn whole.");
    }
    let _ = write!(
        page,
        " The scorer abstained on {}; they are counted like the others. Intervals are of 95 %, by {} bootstrap draws.</p>",
        evaluation.abstained, settings.draws
    );
    for warning in &evaluation.warnings {
        let _ = write!(page, "<p class=\"w\">{}</p>", escaped(warning));
    }
    if !settings.probabilities {
        page.push_str("<p>Its score is rule-based and no probability, so calibration and net benefit are not defined.</p>");
    }
}

fn drawings(page: &mut String, evaluation: &Evaluation) {
    page.push_str("<div class=\"row\">");
    if !evaluation.roc.is_empty() {
        page.push_str("<figure>");
        page.push_str(&curve("ROC curve", "1 − specificity", "sensitivity", &evaluation.roc));
        page.push_str("<figcaption>ROC curve of high risk.</figcaption></figure>");
    }
    if let Some(smoothed) = &evaluation.calibration {
        page.push_str("<figure>");
        page.push_str(&plots::calibration(smoothed, &evaluation.reliability, &evaluation.histogram));
        let how = match smoothed.knots {
            0 => "logistic regression on the log odds".to_owned(),
            knots => {
                format!("logistic regression on a restricted cubic spline of the log odds, {knots} knots")
            }
        };
        let _ = write!(
            page,
            "<figcaption>Calibration of high risk: {how}, with its pointwise 95 % band; dots: 15 equal widths. Below: how many \
             cases have each probability (root of the counts). ICI {:.3}, E50 {:.3}, E90 {:.3}.</figcaption></figure>",
            smoothed.ici, smoothed.e50, smoothed.e90
        );
    }
    if !evaluation.decision_curve.is_empty() {
        let flag = evaluation.settings.training.as_ref().and_then(|card| card.flag_above);
        page.push_str("<figure>");
        page.push_str(&plots::decision(&evaluation.decision_curve, flag));
        page.push_str(
            "<figcaption>Decision curve: net benefit of reviewing at once what exceeds a threshold, beside reviewing all \
             and none.</figcaption></figure>",
        );
    }
    if !evaluation.confusion.is_empty() {
        page.push_str("<figure>");
        page.push_str(&table("Confusion matrix", &evaluation.settings.labels, &evaluation.confusion));
        page.push_str(
            "<figcaption>Confusion matrix; the fuller the colour, the more of the row.</figcaption></figure>",
        );
    }
    page.push_str("</div>");
}

fn figures(page: &mut String, evaluation: &Evaluation) {
    page.push_str(
        "<h2>Performance</h2><table><tr><th>measure</th><th>value</th><th>95 % interval</th><th></th></tr>",
    );
    for figure in &evaluation.figures {
        // A figure without a value is omitted.
        let Some(value) = figure.value else { continue };
        let note = match figure.method {
            "wilson" => " <sup>W</sup>",
            "bootstrap, widened" => " <sup>+</sup>",
            _ => "",
        };
        let interval = match (figure.low, figure.high) {
            (Some(low), Some(high)) => format!("{}{note}", minus(format!("{low:.3} to {high:.3}"))),
            _ => String::new(),
        };
        let meaning = match evaluation.settings.prevalence {
            Some(share) if figure.name.ends_with("_at_prevalence") => format!("{}: {share}", figure.meaning),
            _ => figure.meaning.to_owned(),
        };
        let _ = write!(
            page,
            "<tr><th title=\"{}\">{}</th><td class=\"n\">{}</td><td class=\"i\">{interval}</td><td class=\"q\">{meaning}\
             </td></tr>",
            figure.name,
            figure.title,
            minus(format!("{value:.3}"))
        );
    }
    page.push_str("</table>");
    if evaluation.figures.iter().any(|figure| matches!(figure.method, "wilson" | "bootstrap, widened")) {
        page.push_str(
            "<p class=\"q\"><sup>W</sup> Wilson's score interval: every draw has the value. <sup>+</sup> Widened to the value, \
             which the middle of the draws left out.</p>",
        );
    }
    let undefined: Vec<_> =
        evaluation.figures.iter().filter(|figure| figure.value.is_none()).map(|figure| figure.name).collect();
    if !undefined.is_empty() {
        let _ = write!(page, "<p class=\"q\">Not defined here: {}.</p>", undefined.join(", "));
    }
}

/// Numbers with a typographic minus sign. The input must contain no words.
fn minus(figures: String) -> String {
    figures.replace('-', "−")
}

fn by_label(page: &mut String, evaluation: &Evaluation) {
    if evaluation.by_label.is_empty() {
        return;
    }
    page.push_str(
        "<h2>Label by label</h2><table><tr><th>label</th><th>cases</th><th>PPV (precision)</th><th>sensitivity (recall)</th>\
         <th>F1</th></tr>",
    );
    let rows = evaluation.settings.labels.iter().zip(&evaluation.counts).zip(&evaluation.by_label);
    for ((label, count), [precision, recall, f1]) in rows {
        let _ = write!(
            page,
            "<tr><th>{}</th><td class=\"n\">{count}</td><td class=\"n\">{precision:.3}</td><td class=\"n\">{recall:.3}\
             </td><td class=\"n\">{f1:.3}</td></tr>",
            escaped(label)
        );
    }
    page.push_str("</table>");
}

fn groups(page: &mut String, title: &str, groups: &[GroupFigures]) {
    if groups.is_empty() {
        return;
    }
    let _ = write!(
        page,
        "<h2>{title}</h2><p class=\"q\">At the one threshold of all. Under each figure its difference from all other cases, \
         with a 95 % interval. Groups with fewer than 20 cases of high risk are counted and not judged.</p><table><tr>\
         <th>group</th><th>cases</th><th>high risk</th><th>AUROC</th><th>sensitivity</th><th>1 − specificity</th>\
         <th>predicted less observed</th></tr>"
    );
    let shown = |figure: Option<[f64; 3]>, difference: Option<[f64; 3]>| {
        let figure = match figure {
            Some([value, low, high]) => format!("{value:.3} <small>{low:.3} to {high:.3}</small>"),
            None => "–".to_owned(),
        };
        match difference {
            Some([value, low, high]) => {
                format!("{figure}<br><small>{value:+.3} ({low:+.3} to {high:+.3})</small>")
            }
            None => figure,
        }
    };
    let shown = |figure, difference| minus(shown(figure, difference));
    for group in groups {
        let less = &group.difference;
        let _ = write!(
            page,
            "<tr><th>{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&group.name),
            group.cases,
            group.positives,
            shown(group.auroc, less.auroc),
            shown(group.sensitivity, less.sensitivity),
            shown(group.false_alarms, less.false_alarms),
            shown(group.calibration_in_the_large, less.calibration_in_the_large)
        );
    }
    page.push_str("</table>");
}

fn others(page: &mut String, evaluation: &Evaluation) {
    let value = |value: Option<f64>| value.map_or("not defined".to_owned(), |value| format!("{value:.3}"));
    if let Some(raters) = &evaluation.raters {
        let _ = write!(
            page,
            "<h2>Agreement of the raters</h2><p>{} people rated {} cases. Fleiss' kappa {}; each two of them {}; each of them \
             with the scorer {}.</p>",
            raters.raters,
            raters.cases,
            value(raters.fleiss),
            value(raters.pairwise),
            value(raters.with_scorer)
        );
    }
    if let Some(comparison) = &evaluation.comparison {
        let shown = |figure: Option<[f64; 3]>| match figure {
            Some([value, low, high]) => format!("{value:+.3} ({low:+.3} to {high:+.3})"),
            None => "not defined".to_owned(),
        };
        let _ = write!(
            page,
            "<h2>Beside {}</h2><p>Its AUROC less this one's: {}. Its agreement with the truth less this one's: {}.",
            escaped(&comparison.other),
            shown(comparison.auroc),
            shown(comparison.agreement)
        );
        if let Some((ours, theirs, p)) = comparison.right_alone {
            let chance = if p < 0.001 { "&lt; 0.001".to_owned() } else { format!("= {p:.3}") };
            let _ = write!(page, " Right alone: this one {ours}, the other {theirs}; McNemar p {chance}.");
        }
        page.push_str("</p>");
    }
}

fn methods(page: &mut String, evaluation: &Evaluation) {
    page.push_str("<h2>Methods</h2><p>");
    if evaluation.settings.training.is_some() {
        page.push_str(
            "The model reads the words of the narrative and nothing else: words, pairs of words and pieces of 3 to 5 letters, \
             hashed, in one plain spelling, weighed by rarity. It is a ridge-penalised multinomial logistic regression (of \
             several labels: one logistic regression each). The penalty, the calibration of the labels, the logistic \
             recalibration of the probability of high risk, and the rule of decision were fitted on rows that were held out \
             in training. ",
        );
    }
    page.push_str(
        "Intervals are percentiles of a bootstrap of cases, or of whole clusters where cases share some, always widened to \
         the value. A share that all cases have, or none, has Wilson's score interval. The calibration curve is a logistic \
         regression of the outcome on a restricted cubic spline of the log odds; its band is of the regression and takes \
         the cases as independent. Net benefit weighs false alarms by the odds of the threshold.</p>",
    );
}

fn flow(page: &mut String, settings: &Settings) {
    let Some(flow) = &settings.flow else { return };
    page.push_str("<h2>Flow of rows</h2><table>");
    let mut row = |what: &str, count: u64| {
        let _ = write!(page, "<tr><th>{}</th><td class=\"n\">{count}</td></tr>", escaped(what));
    };
    row("rows in the file", flow.read);
    for (reason, count) in &flow.dropped {
        row(&format!("left out: {reason}"), *count);
    }
    row("for training", flow.train);
    row("for choosing", flow.valid);
    row("evaluated", flow.evaluated);
    row("of these with a text that another one has too", flow.repeated);
    page.push_str("</table>");
}

fn training(page: &mut String, card: &Card) {
    let held = &card.held_out;
    let shown = |value: Option<f64>| value.map_or("not defined".to_owned(), |value| format!("{value:.3}"));
    let labels: Vec<String> =
        card.labels.iter().zip(&card.counts).map(|(label, count)| format!("{label} ({count})")).collect();
    let split = if card.split.is_empty() { "by chance".to_owned() } else { format!("column {}", card.split) };
    let rows: [(&str, String); 12] = [
        ("name", card.name.clone()),
        ("made by", format!("eovr {}", card.eovr)),
        ("date", if card.date.is_empty() { "not given".to_owned() } else { card.date.clone() }),
        ("data SHA-256", card.data_sha256.clone()),
        ("split", split),
        ("seed", card.seed.to_string()),
        ("rows", format!("{} for training, {} for choosing", card.rows.0, card.rows.1)),
        ("labels", labels.join(", ")),
        (
            "order of the labels",
            format!(
                "{}, for {}",
                if card.order == Order::Ordinal { "levels" } else { "none" },
                card.order_because
            ),
        ),
        ("flag above", shown(card.flag_above)),
        (
            "held out",
            format!(
                "{} ({}): AUROC {}, kappa {}, macro-F1 {}, accuracy {}, calibration error {}",
                held.rows,
                held.how,
                shown(held.auroc),
                shown(held.kappa),
                shown(held.macro_f1),
                shown(held.accuracy),
                shown(held.calibration_error)
            ),
        ),
        ("limits", card.limits.clone()),
    ];
    page.push_str("<h2>Training card</h2><table>");
    for (what, value) in rows {
        let _ = write!(page, "<tr><th>{what}</th><td>{}</td></tr>", escaped(&value));
    }
    page.push_str("</table>");
}

fn checklist(page: &mut String, evaluation: &Evaluation) {
    page.push_str(
        "<h2>Reporting checklist</h2><p class=\"q\">TRIPOD+AI (BMJ 2024;385:e078378) and the measures that STRATOS recommends \
         (Van Calster et al. 2025), each item in few words: read the guideline itself before you submit.</p><table>\
         <tr><th>item</th><th>asks for</th><th>status</th><th>where, or what is missing</th></tr>",
    );
    for item in &evaluation.checklist {
        let _ = write!(
            page,
            "<tr><th>{}</th><td>{}</td><td class=\"s{}\">{}</td><td class=\"q\">{}</td></tr>",
            item.of,
            escaped(item.asks),
            item.status as u8,
            item.status.name(),
            escaped(item.here)
        );
    }
    page.push_str("</table>");
}
