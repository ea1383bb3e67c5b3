//! Charts as SVG. Their text stays text: browsers shape it, and screen readers get a title, a sentence and a table with the
//! same numbers. Colours come from the style sheet, for light, dark and high contrast.

use maud::{Markup, html};

use super::language::Language;
use super::words::Words;

const WIDTH: f64 = 720.0;
/// The height of a line chart, and the room for the names of months, above the line, and for the numbers of the axis.
const HEIGHT: f64 = 280.0;
const FOOT: f64 = 34.0;
const HEAD: f64 = 14.0;
const SIDE: f64 = 46.0;
/// The room beside the last point, for half of the name of its month.
const END: f64 = 44.0;
/// The height of a bar with its gap, and the room for names and for numbers beside it.
const ROW: f64 = 26.0;
const NAMES: f64 = 220.0;
const NUMBERS: f64 = 70.0;

/// What a chart says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Chart<'a> {
    /// The language of the page.
    pub language: Language,
    /// Its id on the page.
    pub id: &'a str,
    /// Its title.
    pub title: &'a str,
    /// What a person would say who looks at it.
    pub sentence: &'a str,
    /// What its names are, such as `Month`.
    pub names: &'a str,
    /// What its numbers are, such as `Reports`.
    pub numbers: &'a str,
    /// How many decimals its numbers have.
    pub decimals: usize,
}

/// One value of a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    /// Its name, such as a month.
    pub name: String,
    /// Its value; `None` where there are no data, which is a gap and not zero.
    pub value: Option<f64>,
    /// The page with what was counted.
    pub path: Option<String>,
    /// Why it is marked, such as the rule of a control chart that it breaks.
    pub marked: Option<String>,
}

/// The lines of a control chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The centre line.
    pub centre: f64,
    /// The lower and the upper limit.
    pub between: Option<(f64, f64)>,
}

impl Chart<'_> {
    /// Values in the order of time, the oldest first. In Arabic, time runs from right to left and the axis stands on the right.
    pub fn line(&self, points: &[Point], limits: Option<Limits>) -> Markup {
        let upper = limits.and_then(|limits| limits.between).map_or(0.0, |(_, upper)| upper);
        let most = points.iter().filter_map(|point| point.value).fold(upper.max(1.0), f64::max);
        let step = step(most);
        let top = (most / step).ceil() * step;
        let y = |value: f64| HEAD + (1.0 - value / top) * (HEIGHT - HEAD - FOOT);
        let x = |at: usize| {
            let inner = (at as f64 + 0.5) / points.len().max(1) as f64 * (WIDTH - SIDE - END);
            if self.is_rtl() { WIDTH - SIDE - inner } else { SIDE + inner }
        };
        let (from, to) = if self.is_rtl() { (END, WIDTH - SIDE) } else { (SIDE, WIDTH - END) };
        // The text's own direction turns `start` and `end` around, so a number ends at the axis in both languages.
        let axis = if self.is_rtl() { WIDTH - SIDE + 8.0 } else { SIDE - 8.0 };
        let across = |class: &str, value: f64| {
            html! {
                line class=(class) x1=(place(from)) x2=(place(to)) y1=(place(y(value))) y2=(place(y(value))) {}
            }
        };
        let steps = (0..=20).map(|at| f64::from(at) * step).take_while(|value| *value <= top);
        // A name for each point where there is room, otherwise for every second, third …
        let every = points.len().div_ceil(12).max(1);
        self.figure(HEIGHT, points, &html! {
            @for value in steps {
                (across("grid", value))
                text x=(place(axis)) y=(place(y(value) + 4.0)) text-anchor="end" { (self.number(value, 0)) }
            }
            @if let Some(limits) = limits {
                (across("centre", limits.centre))
                @if let Some((lower, upper)) = limits.between {
                    (across("limit", lower.max(0.0))) (across("limit", upper))
                }
            }
            @for run in runs(points) {
                polyline.line points=(run.iter().map(|(at, value)| format!("{},{}", place(x(*at)), place(y(*value)))).collect::<Vec<_>>().join(" ")) {}
            }
            @for (at, point) in points.iter().enumerate() {
                @if let Some(value) = point.value { (self.dot(point, x(at), y(value), value)) }
                @if at % every == 0 {
                    text x=(place(x(at))) y=(place(HEIGHT - 10.0)) text-anchor="middle" { (point.name) }
                }
            }
        })
    }

    /// Values by name, in the order given. Bars grow from where reading begins.
    pub fn bars(&self, points: &[Point]) -> Markup {
        let most = points.iter().filter_map(|point| point.value).fold(f64::MIN_POSITIVE, f64::max);
        let height = ROW * points.len().max(1) as f64 + 4.0;
        self.figure(height, points, &html! {
            @for (at, point) in points.iter().enumerate() {
                @let value = point.value.unwrap_or_default();
                @let length = value / most * (WIDTH - NAMES - NUMBERS);
                @let top = at as f64 * ROW;
                @let (name, bar, number) = match self.is_rtl() {
                    true => (WIDTH - NAMES + 8.0, WIDTH - NAMES - length, WIDTH - NAMES - length - 6.0),
                    false => (NAMES - 8.0, NAMES, NAMES + length + 6.0),
                };
                text x=(place(name)) y=(place(top + 18.0)) text-anchor="end" { (point.name) }
                (self.linked(point, value, &html! {
                    rect.bar.marked[point.marked.is_some()] x=(place(bar)) y=(place(top + 4.0)) width=(place(length)) height=(place(ROW - 8.0)) {}
                }))
                text x=(place(number)) y=(place(top + 18.0)) text-anchor="start" {
                    @match point.value { Some(value) => (self.number(value, self.decimals)), None => "–" }
                }
            }
        })
    }

    fn dot(&self, point: &Point, x: f64, y: f64, value: f64) -> Markup {
        let radius = if point.marked.is_some() { "7" } else { "4" };
        let why = point.marked.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
        self.linked(
            point,
            value,
            &html! {
                circle.dot.marked[point.marked.is_some()] cx=(place(x)) cy=(place(y)) r=(radius) {
                    title { (point.name) ": " (self.number(value, self.decimals)) (why) }
                }
            },
        )
    }

    /// A point that leads to what was counted. The keyboard reaches the same pages in the table below.
    fn linked(&self, point: &Point, value: f64, inside: &Markup) -> Markup {
        let name = format!("{}: {}", point.name, self.number(value, self.decimals));
        html! {
            @if let Some(path) = &point.path { a href=(path) tabindex="-1" aria-label=(name) { (inside) } }
            @else { (inside) }
        }
    }

    fn figure(&self, height: f64, points: &[Point], inside: &Markup) -> Markup {
        html! {
            figure {
                svg.chart role=(if points.iter().any(|point| point.path.is_some()) { "group" } else { "img" }) viewBox={ "0 0 " (WIDTH) " " (height) } width=(WIDTH) height=(height)
                    aria-labelledby={ (self.id) "-title " (self.id) "-sentence" } direction=(self.language.direction()) {
                    title id={ (self.id) "-title" } { (self.title) }
                    desc id={ (self.id) "-sentence" } { (self.sentence) }
                    (inside)
                }
                figcaption { (self.sentence) }
                (self.table(points))
            }
        }
    }

    fn table(&self, points: &[Point]) -> Markup {
        let words = Words(self.language);
        html! {
            details.more {
                summary { (words.show_as_table()) }
                div.scroll tabindex="0" role="region" aria-label=(self.title) {
                    table {
                        caption { (self.title) }
                        thead { tr { th scope="col" { (self.names) } th.num scope="col" { (self.numbers) } } }
                        tbody {
                            @for point in points {
                                tr {
                                    th scope="row" {
                                        @if let Some(path) = &point.path { a href=(path) { (point.name) } }
                                        @else { (point.name) }
                                    }
                                    td.num {
                                        @match point.value {
                                            Some(value) => (self.number(value, self.decimals)),
                                            None => { "–" span.hide { (words.no_data()) } }
                                        }
                                        @if let Some(why) = &point.marked { " " small { (why) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn number(&self, value: f64, decimals: usize) -> String {
        self.language.decimal(value, decimals)
    }

    fn is_rtl(&self) -> bool {
        self.language == Language::Ar
    }
}

/// A coordinate, with one decimal.
fn place(at: f64) -> String {
    format!("{at:.1}")
}

/// The steps of an axis: 1, 2 or 5 times a power of ten, four or five of them.
fn step(most: f64) -> f64 {
    let raw = (most / 4.0).max(1.0);
    let power = 10_f64.powf(raw.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= raw).unwrap_or(power)
}

/// The runs of values without a gap, each with its places.
fn runs(points: &[Point]) -> Vec<Vec<(usize, f64)>> {
    let mut runs = vec![Vec::new()];
    for (at, point) in points.iter().enumerate() {
        match (point.value, runs.last_mut()) {
            (Some(value), Some(run)) => run.push((at, value)),
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| run.len() > 1);
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(language: Language) -> Chart<'static> {
        Chart {
            language,
            id: "c",
            title: "Reports",
            sentence: "3 in May",
            names: "Month",
            numbers: "Reports",
            decimals: 0,
        }
    }

    fn points(values: &[Option<f64>]) -> Vec<Point> {
        let point = |(at, value): (usize, &Option<f64>)| Point {
            name: format!("m{at}"),
            value: *value,
            ..Point::default()
        };
        values.iter().enumerate().map(point).collect()
    }

    #[test]
    fn a_month_without_data_is_a_gap() {
        let html = chart(Language::En)
            .line(&points(&[Some(1.0), Some(2.0), None, Some(0.0), Some(4.0)]), None)
            .into_string();
        assert_eq!(html.matches("<polyline").count(), 2);
        assert_eq!(html.matches("<circle").count(), 4);
        assert!(html.contains("<td class=\"num\">–"));
    }

    #[test]
    fn time_runs_as_the_language_does() {
        let first = |language| {
            let html = chart(language).line(&points(&[Some(1.0), Some(2.0)]), None).into_string();
            let at = html.find("cx=\"").unwrap() + 4;
            html[at..].split('"').next().unwrap().parse::<f64>().unwrap()
        };
        assert!(first(Language::En) < WIDTH / 2.0 && first(Language::Ar) > WIDTH / 2.0);
    }

    #[test]
    fn an_empty_chart_is_a_chart() {
        for points in [points(&[]), points(&[None])] {
            for language in Language::ALL {
                assert!(chart(language).line(&points, None).into_string().contains("<svg"));
                assert!(!chart(language).bars(&points).into_string().contains("NaN"));
            }
        }
        assert_eq!(step(0.0), 1.0);
        assert_eq!(step(37.0), 10.0);
        assert_eq!(step(900.0), 500.0);
    }
}
