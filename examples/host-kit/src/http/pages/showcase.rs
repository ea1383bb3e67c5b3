//! `/ui`: each piece of the page kit, in both directions beside each other, for the people who build pages with it.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::Reader;
use crate::http::kit::{HostState, Kit};
use crate::http::routes::{Access, Endpoint, Routes};
use crate::ui::Language;
use crate::ui::chart::{Chart, Limits, Point};
use crate::ui::form::{Choice, Field, Mistakes, Sort};
use crate::ui::pieces::{self, Said, Step, Tone, badge, card, code, empty, facts, more, note};
use crate::ui::table::{Column, Filter, List, filters, pager};
use crate::ui::words::Words;

/// Adds the page. A host leaves it out in production.
pub fn showcase<S: HostState>(routes: Routes<S>) -> Routes<S> {
    routes.add(Endpoint::page("/ui", Access::Public, "Shows each piece of a page"), show)
}

async fn show(State(kit): State<Kit>, reader: Reader) -> Response {
    let main = html! {
        div.cols.even {
            @for language in Language::ALL {
                div lang=(language.locale()) dir=(language.direction()) {
                    (small(language)) (fields(language)) (lists(language)) (charts(language))
                }
            }
        }
    };
    reader.page(&kit, "/ui", &main)
}

fn small(language: Language) -> Markup {
    let words = Words(language);
    let steps = [
        Step { text: words.sample_new(), done: true, here: false },
        Step { text: words.sample_open(), done: false, here: true },
        Step { text: words.sample_closed(), done: false, here: false },
    ];
    let tones = [Tone::Plain, Tone::Good, Tone::Warning, Tone::Bad];
    let path = format!("/ui#{}", language.tag());
    let id = format!("{}-question", language.tag());
    html! {
        (card("note · badge", &html! {
            @for tone in tones { (note(tone, words.sample_sentence())) }
            p { @for tone in tones { (badge(tone, words.sample_open())) " " } }
        }))
        (card("steps · tabs · facts", &html! {
            (pieces::steps(language, &steps))
            (pieces::tabs(words.menu(), &[(&path, words.sample_new()), ("/", words.sample_open())], &path))
            (facts(&[(words.name(), code("A-17")), (words.email(), html! { (words.sample_sentence()) })]))
        }))
        (card("more · confirmation · empty · Said", &html! {
            (more(words.show_as_table(), &html! { p { (words.sample_sentence()) } }))
            (pieces::confirmation(language, &id, words.sign_out(), words.sample_sentence(), &html! { button { (words.sign_out()) } }))
            (empty(words.no_data(), Some(("/", words.to_the_start()))))
            (Said { text: words.sample_sentence(), marks: std::slice::from_ref(&(0..6)) })
        }))
    }
}

fn fields(language: Language) -> Markup {
    let words = Words(language);
    let named = |part: &str| format!("{}-{part}", language.tag());
    let (line, lines, select, radios, boxes, day, files) = (
        named("line"),
        named("lines"),
        named("select"),
        named("radios"),
        named("boxes"),
        named("on"),
        named("files"),
    );
    let choices = [Choice::new("a", words.sample_new()), Choice::new("b", words.sample_open())];
    let (mut mistakes, none) = (Mistakes::default(), Mistakes::default());
    mistakes.add(&*line, words.does_not_fit());
    let field = |name| Field::new(language, name, words.name(), &none).hint(words.sample_sentence());
    card(
        "form",
        &html! {
            (mistakes.summary(language))
            (Field::new(language, &line, words.name(), &mistakes).line(Sort::Text, "?"))
            (field(&lines).optional().lines(500, words.sample_sentence()))
            (field(&select).select(&choices, "b"))
            (field(&radios).radios(&choices, "a"))
            (field(&boxes).checkboxes(&choices, &["a", "b"]))
            (field(&day).day(["1", "12", "2026"]))
            (field(&files).files("image/png"))
            div.buttons { button type="button" { (words.proceed()) } button.second type="button" { (words.cancel()) } }
        },
    )
}

fn lists(language: Language) -> Markup {
    let words = Words(language);
    let choices = [Choice::new("open", words.sample_open())];
    let filter = |name, choices, chosen| Filter { name, label: words.name(), choices, chosen };
    let columns = [Column::new(words.name()), Column { title: words.sample_number(), number: true }];
    let rows = [1_u64, 23, 4567]
        .map(|number| vec![html! { (words.sample_open()) }, html! { (language.number(number)) }])
        .into();
    card(
        "table",
        &html! {
            (filters(language, "/ui", &[filter("state", &choices, "open"), filter("search", &[], "")]))
            (List { caption: words.sample_sentence(), columns: &columns, rows }.html())
            (pager(language, Some("/ui"), Some("/ui")))
        },
    )
}

fn charts(language: Language) -> Markup {
    let words = Words(language);
    let values = [Some(3.0), Some(5.0), None, Some(4.0), Some(9.0), Some(2.0)];
    let points: Vec<_> = (1..)
        .zip(values)
        .map(|(month, value)| Point {
            name: language.month(2026, month),
            value,
            path: None,
            marked: (value == Some(9.0)).then(|| words.sample_open().to_owned()),
        })
        .collect();
    let [line, bars] = ["line", "bars"].map(|part| format!("{}-{part}", language.tag()));
    let chart = |id| Chart {
        language,
        id,
        title: words.sample_sentence(),
        sentence: words.sample_sentence(),
        names: words.month(),
        numbers: words.sample_number(),
        decimals: 0,
    };
    card(
        "chart",
        &html! {
            (chart(&line).line(&points, Some(Limits { centre: 4.6, between: Some((0.0, 11.0)) })))
            (chart(&bars).bars(&points))
        },
    )
}
