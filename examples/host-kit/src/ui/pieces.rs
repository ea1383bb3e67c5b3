//! Smaller pieces: notes, badges, facts, steps, tabs, dialogues, text of people.

use std::ops::Range;

use maud::{Markup, Render, html};

use super::language::Language;
use super::words::Words;

/// How good or bad news is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Neither.
    #[default]
    Plain,
    /// Good news.
    Good,
    /// Look at this.
    Warning,
    /// Bad news.
    Bad,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }
}

/// A sentence that stands out. Screen readers say it when it appears.
pub fn note(tone: Tone, text: impl Render) -> Markup {
    html! { div class={ "note note--" (tone.class()) } role="status" { (text) } }
}

/// A short word in a frame, such as a state.
pub fn badge(tone: Tone, text: &str) -> Markup {
    html! { span class={ "badge badge--" (tone.class()) } { (text) } }
}

/// A part of a page with a heading and a frame.
pub fn card(title: &str, inside: &Markup) -> Markup {
    html! { section.card { h2 { (title) } (inside) } }
}

/// Names and values, one under the other.
pub fn facts(facts: &[(&str, Markup)]) -> Markup {
    html! { dl.facts { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } } }
}

/// A code, a number of a file, an address: from left to right in every language.
pub fn code(text: &str) -> Markup {
    html! { bdi.code dir="ltr" { (text) } }
}

/// Words where a list or a chart has nothing to show, with what to do next.
pub fn empty(text: &str, next: Option<(&str, &str)>) -> Markup {
    html! {
        div.empty {
            p { (text) }
            @if let Some((path, text)) = next { p { a.button href=(path) { (text) } } }
        }
    }
}

/// One step of a [step bar](steps).
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Its words.
    pub text: &'a str,
    /// Whether it lies behind.
    pub done: bool,
    /// Whether the record is here.
    pub here: bool,
}

/// The steps of a workflow, with the one where the record is.
pub fn steps(language: Language, all: &[Step<'_>]) -> Markup {
    let words = Words(language);
    html! {
        ol.steps aria-label=(words.steps()) {
            @for step in all {
                li class=[(step.done && !step.here).then_some("done")] aria-current=[step.here.then_some("step")] {
                    (step.text)
                    @if step.here { span.hide { " (" (words.step_now()) ")" } }
                    @else if step.done { span.hide { " (" (words.step_done()) ")" } }
                }
            }
        }
    }
}

/// Links between the parts of one subject. Each part is a page of its own, so that it works without script.
pub fn tabs(label: &str, all: &[(&str, &str)], here: &str) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            ul {
                @for (path, text) in all {
                    li { a href=(path) aria-current=[(*path == here).then_some("page")] { (text) } }
                }
            }
        }
    }
}

/// What stays closed until a person opens it.
pub fn more(title: &str, inside: &Markup) -> Markup {
    html! { details.more { summary { (title) } (inside) } }
}

/// A question before an action that cannot be taken back. The button opens it with script; without, the form is below it.
pub fn confirmation(language: Language, id: &str, button: &str, question: &str, form: &Markup) -> Markup {
    let words = Words(language);
    html! {
        details.more.confirmation data-dialogue=(id) {
            summary.button.second { (button) }
            div id=(id) role="group" aria-labelledby={ (id) "-title" } {
                h3 id={ (id) "-title" } { (question) }
                (form)
                button.second type="button" data-close hidden { (words.cancel()) }
            }
        }
    }
}

/// A text that a person wrote, in its own direction, with some of its words marked. Ranges are bytes; one that does not fall
/// on characters, or overlaps the one before, is left out.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The text.
    pub text: &'a str,
    /// The parts to mark, from the first to the last.
    pub marks: &'a [Range<usize>],
}

impl Render for Said<'_> {
    fn render(&self) -> Markup {
        let text = without_directions(self.text);
        // A text from which characters were taken has other places: it is shown without marks.
        let marks = if text.len() == self.text.len() { self.marks } else { &[] };
        let (mut at, mut parts) = (0, Vec::new());
        for mark in marks {
            if let (Some(before), Some(word)) = (text.get(at..mark.start), text.get(mark.clone())) {
                parts.push((before, word));
                at = mark.end;
            }
        }
        html! {
            div.said dir="auto" {
                @for (before, word) in parts { (before) mark { (word) } }
                (text.get(at..).unwrap_or_default())
            }
        }
    }
}

/// A text without characters that change the direction of what surrounds it.
pub fn without_directions(text: &str) -> String {
    let turns = |sign: char| matches!(sign, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{0}');
    text.chars().filter(|sign| !turns(*sign)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_fall_on_characters_and_never_overlap() {
        let text = "سقط المريض <b>";
        let shown = |marks: &[(usize, usize)]| {
            let marks: Vec<_> = marks.iter().map(|(from, to)| *from..*to).collect();
            Said { text, marks: &marks }.render().into_string()
        };
        let marked = "<div class=\"said\" dir=\"auto\"><mark>سقط</mark> المريض &lt;b&gt;</div>";
        assert_eq!(shown(&[(0, 6)]), marked);
        for wrong in [(0, 5), (1, 6), (90, 99), (6, 0)] {
            assert_eq!(
                shown(&[wrong]),
                "<div class=\"said\" dir=\"auto\">سقط المريض &lt;b&gt;</div>",
                "{wrong:?}"
            );
        }
        assert_eq!(shown(&[(0, 6), (2, 6)]), marked);
        let turned = Said { text: "a\u{202e}b", marks: &[] }.render().into_string();
        assert_eq!(turned, "<div class=\"said\" dir=\"auto\">ab</div>");
    }

    #[test]
    fn the_step_of_the_record_is_said_to_screen_readers() {
        let all = [
            Step { text: "Created", done: true, here: false },
            Step { text: "Evaluating", done: false, here: true },
            Step { text: "Completed", done: false, here: false },
        ];
        let html = steps(Language::En, &all).into_string();
        assert_eq!(html.matches("aria-current=\"step\"").count(), 1);
        assert_eq!(html.matches("class=\"done\"").count(), 1);
    }
}
