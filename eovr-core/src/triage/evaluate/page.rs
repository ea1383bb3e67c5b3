//! The evaluation as a page.

use std::fmt::Write as _;

use super::Evaluation;
use super::svg::{curve, escaped, table};
use crate::triage::learn::Order;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;\
color:#1b2733;background:#fff}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:\
collapse;font-variant-numeric:tabular-nums}th,td{padding:.25rem .75rem;border-bottom:1px solid #d9e0e6;text-align:\
left}td.n{text-align:right}small,.q{color:#5a6b7a}svg{max-width:100%;height:auto;font:12px system-ui,sans-serif;\
fill:currentColor}.g{stroke:currentColor;stroke-opacity:.12}.d{stroke:currentColor;stroke-opacity:.4;\
stroke-dasharray:4 4}.c{fill:none;stroke:#1f5f8c;stroke-width:2}.p{fill:#1f5f8c}.row{display:flex;flex-wrap:wrap;\
gap:2rem}@media(prefers-color-scheme:dark){body{background:#14191e;color:#dbe4ec}th,td{border-color:#33404c}\
.c{stroke:#6db3e2}.p{fill:#6db3e2}}";

pub(super) fn html(evaluation: &Evaluation) -> String {
    let settings = &evaluation.settings;
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>{0} on {1}</title><style>{STYLE}</style></head><body>\
         <h1>{0} on {1}</h1>",
        escaped(&settings.scorer),
        escaped(&settings.data)
    );
    let order = match settings.order {
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
    let _ = write!(
        page,
        " The scorer had nothing to say about {}; they are counted like the others. Intervals hold 95 % of {} \
         bootstrap draws.</p>",
        evaluation.abstained, settings.draws
    );
    if !settings.probabilities {
        page.push_str("<p>Its score is rule-based and no probability, so calibration is not defined.</p>");
    }
    drawings(&mut page, evaluation);
    figures(&mut page, evaluation);
    by_label(&mut page, evaluation);
    groups(&mut page, evaluation);
    others(&mut page, evaluation);
    let model = settings.model_sha256.as_deref().unwrap_or("none");
    let _ = write!(
        page,
        "<h2>To do it again</h2><p class=\"q\">eovr {}, seed {}<br>data SHA-256 {}<br>model SHA-256 {}</p>\
         <p class=\"q\">These are figures on the named set. They claim nothing about other text, nor about harm \
         to come.</p></body></html>",
        escaped(&settings.eovr),
        settings.seed,
        escaped(&settings.data_sha256),
        escaped(model)
    );
    page
}

fn drawings(page: &mut String, evaluation: &Evaluation) {
    page.push_str("<div class=\"row\">");
    if !evaluation.roc.is_empty() {
        page.push_str("<figure>");
        page.push_str(&curve("ROC curve", "share of false alarms", "share found", &evaluation.roc, false));
        page.push_str("<figcaption>ROC curve of high risk</figcaption></figure>");
    }
    if !evaluation.reliability.is_empty() && evaluation.settings.high_from.is_some() {
        let points: Vec<_> =
            evaluation.reliability.iter().map(|&(_, said, happened)| (said, happened)).collect();
        page.push_str("<figure>");
        page.push_str(&curve("Reliability curve", "probability said", "share that came true", &points, true));
        let counts: Vec<_> = evaluation.reliability.iter().map(|point| point.0.to_string()).collect();
        let _ = write!(
            page,
            "<figcaption>Reliability in 15 equal widths <small>(cases: {})</small></figcaption></figure>",
            counts.join(", ")
        );
    }
    page.push_str("</div>");
    if !evaluation.confusion.is_empty() {
        page.push_str("<figure>");
        page.push_str(&table("Confusion", &evaluation.settings.labels, &evaluation.confusion));
        page.push_str(
            "<figcaption>What was said of what is true; darker: more of the row</figcaption></figure>",
        );
    }
}

fn figures(page: &mut String, evaluation: &Evaluation) {
    page.push_str("<h2>Figures</h2><table><tr><th>figure</th><th>value</th><th>95 %</th><th></th></tr>");
    for figure in &evaluation.figures {
        // What does not apply here is left out; what applies and is undefined says so.
        let Some(value) = figure.value else { continue };
        let interval = match (figure.low, figure.high) {
            (Some(low), Some(high)) => format!("{low:.3} to {high:.3}"),
            _ => String::new(),
        };
        let _ = write!(
            page,
            "<tr><th>{}</th><td class=\"n\">{value:.3}</td><td>{interval}</td><td class=\"q\">{}</td></tr>",
            figure.name, figure.meaning
        );
    }
    page.push_str("</table>");
    let undefined: Vec<_> =
        evaluation.figures.iter().filter(|figure| figure.value.is_none()).map(|figure| figure.name).collect();
    if !undefined.is_empty() {
        let _ = write!(page, "<p class=\"q\">Not defined here: {}.</p>", undefined.join(", "));
    }
}

fn by_label(page: &mut String, evaluation: &Evaluation) {
    if evaluation.by_label.is_empty() {
        return;
    }
    page.push_str(
        "<h2>Label by label</h2><table><tr><th>label</th><th>cases</th><th>precision</th><th>recall</th><th>F1</th></tr>",
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

fn groups(page: &mut String, evaluation: &Evaluation) {
    if evaluation.groups.is_empty() {
        return;
    }
    page.push_str(
        "<h2>Subgroups</h2><p class=\"q\">At the one threshold of all. Groups with fewer than 20 cases of high risk \
         are counted and not judged.</p><table><tr><th>group</th><th>cases</th><th>high risk</th><th>AUROC</th>\
         <th>found</th><th>false alarms</th><th>said less happened</th></tr>",
    );
    let shown = |figure: Option<[f64; 3]>| match figure {
        Some([value, low, high]) => format!("{value:.3} <small>{low:.3} to {high:.3}</small>"),
        None => "–".to_owned(),
    };
    for group in &evaluation.groups {
        let _ = write!(
            page,
            "<tr><th>{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&group.name),
            group.cases,
            group.positives,
            shown(group.auroc),
            shown(group.sensitivity),
            shown(group.false_alarms),
            shown(group.calibration_in_the_large)
        );
    }
    page.push_str("</table>");
}

fn others(page: &mut String, evaluation: &Evaluation) {
    let value = |value: Option<f64>| value.map_or("not defined".to_owned(), |value| format!("{value:.3}"));
    if let Some(raters) = &evaluation.raters {
        let _ = write!(
            page,
            "<h2>People</h2><p>{} people rated {} cases. Fleiss' kappa {}; each two of them {}; each of them with the \
             scorer {}.</p>",
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
