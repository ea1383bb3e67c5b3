//! The steps of the workflow: the bar, the buttons of the legal actions, and why the others are not.

use axum::extract::State;
use axum::response::Response;
use eovr_core::error::Unmet;
use eovr_core::incident::{Disposition, KIND, State as Step};
use eovr_core::service::Legal;
use eovr_core::workflow::Label as _;
use eovr_host::http::caller::Caller;
use eovr_host::http::pages::{Form, Reader};
use eovr_host::http::problem::Problem;
use eovr_host::ui::form::Choice;
use eovr_host::ui::pieces::{self, card, more};
use maud::{Markup, html};

use super::{View, after, command};
use crate::http::app::App;
use crate::http::incidents::STEPS;
use crate::http::pages::title;
use crate::http::path::Incident;

/// The most characters of a note.
const LONGEST: u32 = 10_000;

pub(super) async fn act(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
    Incident(id): Incident,
    sent: Form,
) -> Result<Response, Problem> {
    let command = command(sent.text("part"), &sent).set_some("disposition", sent.some("disposition"));
    let done = session.act(&KIND, id, command).await;
    after((&app, &session, &reader), id, &sent, &["note", "disposition"], done).await
}

impl View<'_> {
    pub(super) fn step_bar(&self) -> Markup {
        let here = self.record.state().as_str();
        let at = Step::ALL.iter().position(|state| state.name() == here);
        let titles: Vec<_> =
            Step::ALL.iter().map(|state| title(self.reader.language, state.name())).collect();
        let steps: Vec<_> = titles
            .iter()
            .enumerate()
            // A question is a detour: it is shown while it waits.
            .filter(|(place, _)| Step::ALL.get(*place) != Some(&Step::MoreInfoNeeded) || at == Some(*place))
            .map(|(place, text)| pieces::Step {
                text,
                done: at.is_some_and(|at| place < at),
                here: at == Some(place),
            })
            .collect();
        pieces::steps(self.reader.language, &steps)
    }

    pub(super) fn next(&self) -> Markup {
        let words = self.words;
        // In the order of the work, not of the alphabet.
        let of = |step: &str| self.legal.iter().find(|legal| legal.action.as_str() == step);
        let ours = || STEPS.iter().filter_map(|step| of(step));
        card(
            words.what_next(),
            &html! {
                @if ours().next().is_none() { p { (words.nothing_to_do()) } }
                @for legal in ours().filter(|legal| self.may(legal.action.as_str())) { (self.step(legal)) }
                @for legal in ours().filter(|legal| !self.may(legal.action.as_str())) {
                    @if let Some(why) = legal.unmet.iter().find_map(|unmet| self.lacks(unmet)) {
                        p.soft { (self.verb(legal.action.as_str())) ": " (why) }
                    }
                }
            },
        )
    }

    fn step(&self, legal: &Legal) -> Markup {
        let (action, words) = (legal.action.as_str(), self.words);
        let needs_note = legal.unmet.iter().any(|unmet| unmet.need == "note");
        let id = format!("note-{action}");
        let (label, hint) = match action {
            "ask" => (words.question(), words.question_hint()),
            "answer" => (words.your_answer(), words.kept_in_trail()),
            _ => (words.note(), words.kept_in_trail()),
        };
        let note = self.field("note", &id, label).hint(hint);
        let note = if needs_note { note } else { note.optional() };
        let as_what = [Disposition::Duplicate, Disposition::NotReportable]
            .map(|one| (one.name(), title(self.reader.language, one.name())));
        let as_what = as_what.each_ref().map(|(code, title)| Choice::new(code, title));
        let button = self.verb(action);
        let form = self.form("act", action, &html! {
            @if action == "dispose" {
                (self.field("disposition", "disposition", words.dispose_as()).radios(&as_what, self.typed(action, "disposition", "")))
            }
            (note.lines(LONGEST, self.typed(action, "note", "")))
            button { (button) }
        });
        let open = self.sent.is_some_and(|sent| sent.text("part") == action);
        if open { form } else { more(&button, &form) }
    }

    /// An action as what can be done: the engine's titles say what was done.
    fn verb(&self, action: &str) -> String {
        let words = self.words;
        let verb = match action {
            "start" => words.do_start(),
            "evaluate" => words.do_evaluate(),
            "ask" => words.do_ask(),
            "answer" => words.do_answer(),
            "take_action" => words.do_take_action(),
            "complete" => words.do_complete(),
            "complete_early" => words.do_complete_early(),
            "add_remark" => words.do_add_remark(),
            "dispose" => words.do_dispose(),
            "restore" => words.do_restore(),
            other => return title(self.reader.language, other),
        };
        verb.to_owned()
    }

    /// What an action lacks that a person can see to.
    fn lacks(&self, unmet: &Unmet) -> Option<&'static str> {
        (unmet.need == "children_closed").then(|| self.words.needs_follow_ups_closed())
    }
}
