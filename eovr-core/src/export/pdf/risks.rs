//! The risk section: the matrix as a picture, beside it the person's rating and the scorer's suggestion.

use super::flow::{Flow, INK, INNER, LABEL, MUTED, NAVY, RULE, SMALL, Side, leading};
use super::fonts::Weight;
use super::incident::Incident;
use super::lines::Style;
use super::tags::Role;
use crate::export::columns::{Column, UNREADABLE};
use crate::export::reasons;
use crate::export::titles::{self, Lang, Words, words};
use crate::risk::{self, Band, Scheme};

const HUMAN: Words = words("Rated by a person", "تقييم بشري");
const AI: Words = words("Suggested by AI", "اقتراح الذكاء الاصطناعي");
const NOT_RATED: Words = words("Not rated yet", "لم يُقيَّم بعد");
const NO_SUGGESTION: Words = words("No suggestion", "لا يوجد اقتراح");
const SEVERITY: Words = words("Severity", "الشدة");
const PROBABILITY: Words = words("Probability", "الاحتمالية");
const MATRIX_OF: Words = words("Risk matrix", "مصفوفة الخطر");
const REVIEW: Words = words("Review", "المراجعة");
const WAITING: Words = words("Waiting for a person", "بانتظار مراجعة بشرية");
const REASONS: Words = words("Reasons of the suggestion", "أسباب الاقتراح");
const ADVICE: Words = words(
    "The suggestion orders work lists. It is no diagnosis, and a person decides.",
    "الاقتراح لترتيب قوائم العمل، وليس تشخيصًا، والقرار للإنسان.",
);

/// The background and text colour of a state or a band.
pub(super) fn paint(code: &str) -> (u32, u32) {
    match code {
        "in_progress" => (0x00DD_EBF7, 0x001F_4E78),
        "evaluating" => (0x00FF_F2CC, 0x007F_6000),
        "more_info_needed" => (0x00FC_E4D6, 0x0083_3C0B),
        "action_taken" => (0x00E4_DFEC, 0x0040_3151),
        "completed" => (0x00E2_EFDA, 0x0037_5623),
        "low" => (0x00C6_E0B4, 0x0024_3F14),
        "medium" => (0x00FF_E699, 0x0066_4D00),
        "high" => (0x00F4_B084, 0x0061_2A07),
        "extreme" => (0x00C0_0000, 0x00FF_FFFF),
        _ => (0x00E7_E6E6, 0x003B_3838),
    }
}

const MATRIX: f32 = 232.0;
const GAP: f32 = 14.0;

pub(super) fn draw(flow: &mut Flow<'_>, of: &Incident<'_>, title: Words) {
    let facets = of.incident.facets();
    let shipped = risk::builtin().iter().find(|scheme| Some(scheme.id()) == facets.risk_scheme());
    let scheme = of.scheme.or(shipped);
    let tall = scheme.map_or(0.0, height).max(if flow.lang == Lang::Both { 132.0 } else { 112.0 });
    flow.section(title, tall + 40.0);
    let top = flow.y;
    let from = match scheme {
        Some(scheme) => {
            flow.tree.begin(Role::Figure, shows(flow.lang, scheme, of));
            matrix(flow, scheme, facets.severity(), facets.probability());
            flow.tree.end();
            MATRIX + GAP
        }
        None => 0.0,
    };
    let wide = (INNER - from - GAP) / 2.0;
    flow.y = top;
    human(flow, of, (from, wide), tall);
    flow.y = top;
    suggested(flow, of, (from + wide + GAP, wide), tall);
    flow.y = top + tall + 4.0;
    why(flow, of);
}

/// The alternative text of the picture, for screen readers.
fn shows(lang: Lang, scheme: &Scheme, of: &Incident<'_>) -> String {
    let step = |name: &str| {
        let code = of.incident.code(name)?;
        Some(Column::named(name)?.words(of.incident, code, lang).into_owned())
    };
    let rated = match (step("severity"), step("probability")) {
        (Some(severity), Some(probability)) => {
            format!("{} {severity}, {} {probability}", SEVERITY.of(lang), PROBABILITY.of(lang))
        }
        _ => NOT_RATED.of(lang).into_owned(),
    };
    format!("{} ({}): {rated}", MATRIX_OF.of(lang), scheme.id())
}

const ROW: f32 = 23.0;
const NAMES: f32 = 62.0;

fn height(scheme: &Scheme) -> f32 {
    let rows = scheme.table().severities.len() as f32;
    16.0 + rows * ROW + 30.0
}

/// Draws the table of the scheme in its colours, the worst on top, with a frame around the chosen cell.
fn matrix(flow: &mut Flow<'_>, scheme: &Scheme, severity: Option<&str>, probability: Option<&str>) {
    let table = scheme.table();
    let lang = flow.lang;
    let top = flow.y;
    let wide = (MATRIX - NAMES) / table.probabilities.len().max(1) as f32;
    let tiny = Style { size: 7.5, weight: Weight::Regular, colour: MUTED };
    let score = Style { size: 11.0, weight: Weight::Bold, colour: INK };
    let axis = Style { size: 8.0, weight: Weight::Bold, colour: NAVY };
    flow.label(&SEVERITY.of(lang), axis, Side::Start, (0.0, NAMES), top);
    flow.label(
        &format!("{} ({})", PROBABILITY.of(lang), scheme.id()),
        axis,
        Side::Centre,
        (NAMES, MATRIX - NAMES),
        top,
    );
    let mut chosen = None;
    flow.y = top + 16.0;
    for (step, row) in table.severities.iter().zip(&table.cells).rev() {
        let name = side_by_side(lang, &step.title, &step.title_ar);
        let lines = flow.broken(&name, tiny, NAMES - 4.0);
        let shift = if lines.len() > 1 { 1.0 } else { 6.0 };
        flow.put(&lines, tiny, Side::Start, (0.0, NAMES - 4.0), flow.y + shift);
        let mut from = NAMES;
        for (column, cell) in table.probabilities.iter().zip(row) {
            let (ground, ink) = paint(cell.band.name());
            flow.ground(from, wide, ROW, ground);
            flow.frame(from, wide, ROW, 0x00FF_FFFF, 1.0);
            let style = Style { colour: ink, ..score };
            flow.label(&cell.score.to_string(), style, Side::Centre, (from, wide), flow.y + 4.0);
            if Some(step.code.as_str()) == severity && Some(column.code.as_str()) == probability {
                chosen = Some((from, flow.y));
            }
            from += wide;
        }
        flow.y += ROW;
    }
    let mut from = NAMES;
    for step in &table.probabilities {
        let name = side_by_side(lang, &step.title, &step.title_ar);
        let lines = flow.broken(&name, tiny, wide - 2.0);
        flow.put(&lines, tiny, Side::Centre, (from + 1.0, wide - 2.0), flow.y + 2.0);
        from += wide;
    }
    if let Some((from, y)) = chosen {
        flow.y = y;
        flow.frame(from + 1.0, wide - 2.0, ROW, INK, 2.4);
    }
}

fn side_by_side(lang: Lang, en: &str, ar: &str) -> String {
    match lang {
        Lang::En => en.to_owned(),
        Lang::Ar => ar.to_owned(),
        Lang::Both => format!("{en}\n{ar}"),
    }
}

fn human(flow: &mut Flow<'_>, of: &Incident<'_>, column: (f32, f32), tall: f32) {
    let line = |title: Words, name: &str, lang: Lang| {
        let code = of.incident.code(name)?;
        let value = Column::named(name)?.words(of.incident, code, lang).into_owned();
        Some(format!("{}: {value}", title.of(lang)))
    };
    let both = |lang| [line(SEVERITY, "severity", lang), line(PROBABILITY, "probability", lang)];
    let lines = each(flow.lang).iter().flat_map(|lang| both(*lang)).flatten().collect::<Vec<_>>();
    let (score, band) =
        (of.incident.facets().risk_score(), of.incident.facets().risk_band().and_then(Band::named));
    let card = Card { title: HUMAN, score, of: None, band, none: NOT_RATED };
    card.draw(flow, column, tall, &lines);
}

fn suggested(flow: &mut Flow<'_>, of: &Incident<'_>, column: (f32, f32), tall: f32) {
    let facets = of.incident.facets();
    let (score, band) = (facets.ai_score(), facets.ai_band().and_then(Band::named));
    let review = facets.ai_review().and_then(titles::words_of).unwrap_or(WAITING);
    let model = [facets.ai_model(), facets.ai_version()];
    let model = model.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let reviewed = each(flow.lang).iter().map(|lang| format!("{}: {}", REVIEW.of(*lang), review.of(*lang)));
    let lines: Vec<String> = reviewed.chain([model]).filter(|_| score.is_some()).collect();
    let card = Card { title: AI, score, of: Some(100), band, none: NO_SUGGESTION };
    card.draw(flow, column, tall, &lines);
}

/// The languages of a narrow box, one line each.
fn each(lang: Lang) -> &'static [Lang] {
    match lang {
        Lang::En => &[Lang::En],
        Lang::Ar => &[Lang::Ar],
        Lang::Both => &[Lang::En, Lang::Ar],
    }
}

/// A rating in its own box.
struct Card {
    title: Words,
    score: Option<i64>,
    /// The highest possible score, where a higher score is worse.
    of: Option<i64>,
    band: Option<Band>,
    none: Words,
}

impl Card {
    fn draw(&self, flow: &mut Flow<'_>, (from, wide): (f32, f32), tall: f32, lines: &[String]) {
        let lang = flow.lang;
        let top = flow.y;
        let inside = (from + 6.0, wide - 12.0);
        flow.tree.begin(Role::Paragraph, self.says(lang, lines));
        flow.frame(from, wide, tall, RULE, 0.8);
        flow.ground(from, wide, 3.0, NAVY);
        let title = side_by_side(lang, self.title.en, self.title.ar);
        let laid = flow.broken(&title, LABEL, inside.1);
        flow.put(&laid, LABEL, Side::Start, inside, top + 6.0);
        let mut y = top + 8.0 + laid.len() as f32 * leading(LABEL);
        let Some(score) = self.score else {
            let muted = Style { colour: MUTED, ..SMALL };
            flow.label(&self.none.of(lang), muted, Side::Start, inside, y + 4.0);
            flow.tree.end();
            return;
        };
        let big = Style { size: 22.0, weight: Weight::Bold, colour: INK };
        let laid = flow.broken(&score.to_string(), big, inside.1);
        let number = laid.first().map_or(0.0, |line| line.width);
        flow.put(&laid, big, Side::Start, inside, y - 2.0);
        if let Some(of) = self.of {
            let muted = Style { size: 8.0, weight: Weight::Regular, colour: MUTED };
            flow.label(&format!("/ {of}"), muted, Side::Start, (inside.0 + number + 3.0, 40.0), y + 10.0);
        }
        if let Some(band) = self.band {
            let (ground, ink) = paint(band.name());
            let style = Style { size: 9.0, weight: Weight::Bold, colour: ink };
            let name = if lang.rtl() { band.title_ar() } else { band.title_en() };
            let laid = flow.broken(name, style, inside.1);
            let chip = laid.first().map_or(0.0, |line| line.width) + 10.0;
            let from = inside.0 + (inside.1 - chip).max(0.0);
            flow.y = y + 5.0;
            flow.ground(from, chip, 16.0, ground);
            flow.put(&laid, style, Side::Centre, (from, chip), y + 6.5);
        }
        y += 31.0;
        for text in lines {
            let style = Style { size: 8.5, ..SMALL };
            let laid = flow.broken(text, style, inside.1);
            flow.put(&laid, style, Side::Own, inside, y);
            let high = laid.len() as f32 * leading(style);
            y += high;
        }
        flow.tree.end();
    }

    fn says(&self, lang: Lang, lines: &[String]) -> String {
        let band = self.band.map(|band| lang.pick(band.title_en(), band.title_ar()));
        let score = self.score.map(|score| score.to_string());
        let none = self.none.of(lang).into_owned();
        let parts =
            [self.title.of(lang).into_owned(), score.unwrap_or(none), band.unwrap_or_default().into_owned()];
        parts
            .into_iter()
            .chain(lines.iter().cloned())
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// One of the scorer's reasons, as the incident stores them.
#[derive(serde::Deserialize)]
struct Reason {
    rule: String,
    points: i64,
}

fn why(flow: &mut Flow<'_>, of: &Incident<'_>) {
    if of.incident.facets().ai_model().is_none() {
        return;
    }
    let kept = of.incident.text("ai_reasons");
    let read: Vec<Reason> = kept.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let muted = Style { size: 8.5, weight: Weight::Regular, colour: MUTED };
    let say = |flow: &mut Flow<'_>, text: &str| {
        let lines = flow.broken(text, muted, INNER);
        flow.tree.begin(Role::Paragraph, text);
        flow.put(&lines, muted, Side::Own, (0.0, INNER), flow.y);
        flow.tree.end();
        flow.gap(lines.len() as f32 * leading(muted));
    };
    for lang in each(flow.lang) {
        let comma = lang.pick(", ", "، ");
        let text = match of.incident.is_unreadable("ai_reasons") {
            true => UNREADABLE.of(*lang).into_owned(),
            false => read.iter().filter_map(|reason| reason.says(*lang)).collect::<Vec<_>>().join(&comma),
        };
        if !text.is_empty() {
            say(flow, &format!("{}: {text}", REASONS.of(*lang)));
        }
    }
    each(flow.lang).iter().for_each(|lang| say(flow, &ADVICE.of(*lang)));
}

impl Reason {
    /// The finding and its points. `None` where it has no points.
    fn says(&self, lang: Lang) -> Option<String> {
        let (en, ar) = reasons::named(&self.rule);
        (self.points != 0).then(|| format!("{} {:+}", lang.pick(&en, &ar), self.points))
    }
}
