//! `/analytics`: reports by month as a run chart with its rules, and by place, with what was counted behind each figure.

use axum::extract::State;
use axum::response::Response;
use eovr_core::Session;
use eovr_core::incident::{Comparison, Level, Months, OfMonth};
use eovr_host::http::caller::Caller;
use eovr_host::http::pages::Reader;
use eovr_host::http::problem::Problem;
use eovr_host::ui::chart::{Chart, Limits, Point};
use eovr_host::ui::pieces::{card, empty};
use maud::{Markup, html};

use super::words::Words;
use crate::http::app::App;

/// The months of the chart.
const MONTHS: usize = 24;
/// From this tier on, an actor is responsible for several facilities.
const COMPARING: u8 = 4;
/// As many points on one side of the median are a shift (Perla, Provost and Murray, BMJ Qual Saf 2011).
const SHIFT: usize = 6;

pub(super) async fn show(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
) -> Result<Response, Problem> {
    let words = Words(reader.language);
    let trend = session.incidents().trend(Months { from: None, to: None }, None).await?;
    let from = trend.months.len().saturating_sub(MONTHS);
    let months = trend.months.get(from..).unwrap_or_default();
    let main = html! {
        @if months.is_empty() { (empty(words.no_figures(), None)) }
        @else {
            (card(words.by_month(), &by_month(&reader, months)))
            (places(&session, &reader).await?)
        }
    };
    Ok(reader.page(&app.kit, words.analytics(), &main))
}

fn by_month(reader: &Reader, months: &[OfMonth]) -> Markup {
    let (language, words) = (reader.language, Words(reader.language));
    let values: Vec<Option<f64>> = months.iter().map(|month| month.count.map(|count| count as f64)).collect();
    let median = median(&values);
    let shifted = shifts(&values, median);
    let points: Vec<_> = months
        .iter()
        .zip(&values)
        .zip(&shifted)
        .map(|((month, value), shifted)| Point {
            name: named(reader, month.month),
            value: *value,
            path: value.map(|_| format!("/incidents?month={}-{:02}", month.month / 100, month.month % 100)),
            marked: shifted.then(|| words.shift().to_owned()),
        })
        .collect();
    let total = months.iter().filter_map(|month| month.count).sum::<u64>();
    let most = months.iter().filter(|month| month.count.is_some()).max_by_key(|month| month.count);
    let sentence = match most {
        Some(month) => {
            words.months_sentence(&named(reader, month.month), month.count.unwrap_or_default(), total)
        }
        None => words.no_figures().to_owned(),
    };
    let chart = Chart {
        language,
        id: "months",
        title: words.by_month(),
        sentence: &sentence,
        names: words.month(),
        numbers: words.reports(),
        decimals: 0,
    };
    html! {
        (chart.line(&points, Some(Limits { centre: median, between: None })))
        p.soft { (words.median_says(&language.decimal(median, 1))) }
    }
}

/// Places beside each other, for those who are responsible for several.
async fn places(session: &Session, reader: &Reader) -> Result<Markup, Problem> {
    let (language, words) = (reader.language, Words(reader.language));
    if session.actor().tier().is_none_or(|tier| tier.number() < COMPARING) {
        return Ok(html! {});
    }
    let compared =
        session.incidents().compare(Level::Facility, Months { from: None, to: None }, None).await?;
    let org = session.eovr().org();
    let mut points: Vec<_> = compared
        .places
        .iter()
        .map(|place| {
            let title = org.stamps().find(|stamp| stamp.facility.as_str() == place.place);
            let title = title.and_then(|stamp| org.title(&stamp.facility));
            Point {
                name: title
                    .map_or(place.place.clone(), |title| language.pick(&title.en, &title.ar).to_owned()),
                value: Some(place.count as f64),
                path: Some(format!("/incidents?facility={}", place.place)),
                marked: None,
            }
        })
        .collect();
    points.sort_by(|a, b| a.name.cmp(&b.name));
    let (en, ar) = Comparison::NOTE;
    let chart = Chart {
        language,
        id: "places",
        title: words.by_place(),
        sentence: language.pick(en, ar),
        names: words.facility(),
        numbers: words.reports(),
        decimals: 0,
    };
    Ok(card(words.by_place(), &chart.bars(&points)))
}

fn named(reader: &Reader, month: u32) -> String {
    let (year, month) =
        (i16::try_from(month / 100).unwrap_or_default(), i8::try_from(month % 100).unwrap_or_default());
    reader.language.month(year, month)
}

fn median(values: &[Option<f64>]) -> f64 {
    let mut known: Vec<f64> = values.iter().copied().flatten().collect();
    known.sort_by(f64::total_cmp);
    let middle = known.len() / 2;
    match (known.get(middle), known.len() % 2) {
        (Some(upper), 0) => (upper + known.get(middle.wrapping_sub(1)).unwrap_or(upper)) / 2.0,
        (Some(middle), _) => *middle,
        (None, _) => 0.0,
    }
}

/// Which points belong to a shift: six or more in a row on one side of the median. A point on the median neither breaks nor
/// makes a run; a gap ends it.
fn shifts(values: &[Option<f64>], median: f64) -> Vec<bool> {
    let mut marked = vec![false; values.len()];
    let mut run: Vec<usize> = Vec::new();
    let mut above = false;
    let mut close = |run: &mut Vec<usize>| {
        if run.len() >= SHIFT {
            run.iter().for_each(|at| marked.iter_mut().skip(*at).take(1).for_each(|mark| *mark = true));
        }
        run.clear();
    };
    for (at, value) in values.iter().enumerate() {
        match value {
            None => close(&mut run),
            Some(value) if *value == median => {}
            Some(value) => {
                if (*value > median) != above {
                    close(&mut run);
                }
                above = *value > median;
                run.push(at);
            }
        }
    }
    close(&mut run);
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_points_on_one_side_of_the_median_are_a_shift() {
        let values = |all: &[i32]| -> Vec<Option<f64>> {
            all.iter().map(|value| (*value >= 0).then(|| f64::from(*value))).collect()
        };
        let marked = |all: &[i32], median: f64| {
            shifts(&values(all), median).iter().map(|mark| if *mark { '!' } else { '.' }).collect::<String>()
        };
        assert_eq!(marked(&[1, 9, 9, 9, 9, 9, 9, 1], 5.0), ".!!!!!!.");
        assert_eq!(marked(&[9, 9, 9, 9, 9, 1, 1], 5.0), ".......");
        // A point on the median stands aside, and a month without data ends a run.
        assert_eq!(marked(&[9, 9, 9, 5, 9, 9, 9], 5.0), "!!!.!!!");
        assert_eq!(marked(&[9, 9, 9, -1, 9, 9, 9], 5.0), ".......");
        assert_eq!(median(&values(&[3, 1, -1, 2])), 2.0);
        assert_eq!((median(&values(&[4, 1, 2, 3])), median(&[])), (2.5, 0.0));
    }
}
