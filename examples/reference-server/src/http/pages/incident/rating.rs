//! The risk: what a person and what the scorer says, side by side, and the matrix to click.

use axum::extract::State;
use axum::response::Response;
use eovr_core::incident::{IncidentFacets as Facets, KIND};
use eovr_core::risk::{self, Direction, Scheme, Step};
use eovr_host::http::caller::Caller;
use eovr_host::http::pages::{Form, Reader};
use eovr_host::http::problem::Problem;
use eovr_host::ui::form::Choice;
use eovr_host::ui::pieces::{badge, facts, more};
use maud::{Markup, html};

use super::{View, after, command};
use crate::http::app::App;
use crate::http::pages::list::{of_band, title_of_band};
use crate::http::pages::title;
use crate::http::path::Incident;

/// The name of a cell in a form: severity and probability.
const CELL: &str = "cell";

pub(super) async fn assess(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
    Incident(id): Incident,
    sent: Form,
) -> Result<Response, Problem> {
    let (severity, probability) = sent.text(CELL).split_once(' ').unwrap_or_default();
    let command = command("assess", &sent)
        .set_some("risk_scheme", sent.some("scheme"))
        .set("severity", severity)
        .set("probability", probability);
    let done = session.act(&KIND, id, command).await;
    after((&app, &session, &reader), id, &sent, &["severity", "probability"], done).await
}

pub(super) async fn review(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
    Incident(id): Incident,
    sent: Form,
) -> Result<Response, Problem> {
    let command = command("review_ai", &sent).set_some("ai_review", sent.some("ai_review"));
    let done = session.act(&KIND, id, command).await;
    after((&app, &session, &reader), id, &sent, &["ai_review", "note"], done).await
}

impl View<'_> {
    pub(super) fn risk(&self) -> Markup {
        let (words, of) = (self.words, Facets::of(self.record));
        let band = |band: Option<&str>| match band {
            Some(band) => badge(of_band(band), &title_of_band(self.reader, band)),
            None => html! { span.soft { (words.not_rated()) } },
        };
        let suggested = html! {
            (band(of.ai_band()))
            @if let Some(score) = of.ai_score().and_then(|score| u64::try_from(score).ok()) {
                " " (words.out_of_hundred(score))
            }
            @if let Some(review) = of.ai_review() { " " small { (title(self.reader.language, review)) } }
        };
        let analyst = of.analyst_band().map(|suggested| (words.risk_by_analyst(), band(Some(suggested))));
        let rows: Vec<_> = [(words.risk_by_person(), band(of.risk_band())), (words.risk_by_ai(), suggested)]
            .into_iter()
            .chain(analyst)
            .collect();
        html! {
            (facts(&rows))
            @if self.may("assess") { (more(words.do_assess(), &self.matrix())) }
            @if self.may("review_ai") { (more(words.do_review_ai(), &self.review_form())) }
        }
    }

    /// The matrix of the scheme: a table of radio buttons, each named in full.
    fn matrix(&self) -> Markup {
        let (words, of) = (self.words, Facets::of(self.record));
        let scheme = of.risk_scheme().and_then(|id| risk::builtin().iter().find(|scheme| scheme.id() == id));
        let default = risk::three_by_three();
        let scheme: &Scheme = scheme.unwrap_or(&default);
        let table = scheme.table();
        let chosen = match (of.severity(), of.probability()) {
            (Some(severity), Some(probability)) => format!("{severity} {probability}"),
            _ => String::new(),
        };
        let chosen = self.typed("assess", CELL, &chosen).to_owned();
        let form = html! {
            input type="hidden" name="scheme" value=(scheme.id());
            div.scroll tabindex="0" role="region" aria-label=(words.matrix_caption()) { table.matrix {
                caption { (words.matrix_caption()) }
                thead {
                    tr {
                        td {}
                        @for probability in &table.probabilities { th scope="col" { (self.step_title(probability)) } }
                    }
                }
                tbody {
                    @for (severity, cells) in table.severities.iter().zip(&table.cells) {
                        tr {
                            th scope="row" { (self.step_title(severity)) }
                            @for (probability, cell) in table.probabilities.iter().zip(cells) {
                                @let value = format!("{} {}", severity.code, probability.code);
                                @let band = cell.band.name();
                                td class={ "cell cell--" (band) } {
                                    label {
                                        input type="radio" name=(CELL) value=(value) checked[value == chosen];
                                        span.hide {
                                            (words.matrix_cell(self.step_title(probability), self.step_title(severity))) ": "
                                        }
                                        strong { (self.reader.language.number(u64::from(cell.score))) }
                                        small { (title_of_band(self.reader, band)) }
                                    }
                                }
                            }
                        }
                    }
                }
            } }
            p.soft { @if table.direction == Direction::LowerIsWorse { (words.lower_is_worse()) } @else { (words.higher_is_worse()) } }
            button { (words.do_assess()) }
        };
        self.form("assess", "assess", &form)
    }

    fn step_title<'b>(&self, step: &'b Step) -> &'b str {
        let title = self.reader.language.pick(&step.title, &step.title_ar);
        if title.is_empty() { &step.code } else { title }
    }

    fn review_form(&self) -> Markup {
        let words = self.words;
        let verdicts = ["accepted", "overridden"].map(|code| (code, title(self.reader.language, code)));
        let verdicts = verdicts.each_ref().map(|(code, title)| Choice::new(code, title));
        let chosen =
            self.typed("review_ai", "ai_review", Facets::of(self.record).ai_review().unwrap_or_default());
        self.form("ai-review", "review_ai", &html! {
            (self.field("ai_review", "ai_review", words.ai_right()).radios(&verdicts, chosen))
            (self.field("note", "note-review", words.reason()).hint(words.kept_in_trail()).optional().lines(2_000, self.typed("review_ai", "note", "")))
            button { (words.do_review_ai()) }
        })
    }
}
