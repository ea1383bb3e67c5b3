//! Follow-up actions: what is to be done, by whom, until when.

use axum::extract::State;
use axum::response::Response;
use eovr_core::incident::{FOLLOW_UP, FollowUp, FollowUpKind, Strength};
use eovr_core::record::Record;
use eovr_core::workflow::Label as _;
use eovr_core::{Error, ErrorKind};
use eovr_host::http::caller::Caller;
use eovr_host::http::pages::{Form, Reader};
use eovr_host::http::problem::Problem;
use eovr_host::ui::form::{Choice, Mistakes, Sort};
use eovr_host::ui::pieces::{Tone, badge, card, more};
use maud::{Markup, html};

use super::{Came, View, after, command, main};
use crate::http::app::App;
use crate::http::incidents::readable;
use crate::http::pages::title;
use crate::http::path::{FollowUpAction, Incident};

pub(super) async fn add(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
    Incident(id): Incident,
    sent: Form,
) -> Result<Response, Problem> {
    let words = super::Words(reader.language);
    let record = session.incidents().load(id).await?;
    let zone = app.kit.eovr.org().zone(&record.envelope().stamp.facility);
    let mut mistakes = Mistakes::default();
    // Due at the end of the day.
    let due_at = sent.moment("due", 23, &zone).flatten();
    if due_at.is_none() {
        mistakes.add("due", words.day_wrong());
    }
    if sent.text("task").chars().count() < 5 {
        mistakes.add("task", words.write_something());
    }
    if sent.text("owner").is_empty() {
        mistakes.add("owner", words.write_something());
    }
    let (Some(due_at), true) = (due_at, mistakes.is_empty()) else {
        let came = Came { sent: Some(&sent), mistakes, said: None };
        let (title, main) = main(&app, &session, &reader, None, id, came).await?;
        return Ok(reader.page_at(&app.kit, axum::http::StatusCode::UNPROCESSABLE_ENTITY, &title, &main));
    };
    let follow_up = FollowUp {
        task: sent.text("task").to_owned(),
        owner: sent.text("owner").to_owned(),
        due_at,
        kind: FollowUpKind::named(sent.text("purpose")).unwrap_or(FollowUpKind::Corrective),
        strength: Strength::named(sent.text("strength")),
    };
    let done = match sent.seed(&app.kit)? {
        Some(seed) => match session.incidents().follow_up_as(id, seed.record(), follow_up).await {
            // Sent twice: it is there already.
            Err(error)
                if error.kind() == ErrorKind::Conflict
                    && session.load(&FOLLOW_UP, seed.record()).await.is_ok() =>
            {
                Ok(())
            }
            done => done.map(drop),
        },
        None => session.incidents().follow_up(id, follow_up).await.map(drop),
    };
    after((&app, &session, &reader), id, &sent, &["task", "owner"], done).await
}

pub(super) async fn end(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
    Incident(id): Incident,
    FollowUpAction(action): FollowUpAction,
    sent: Form,
) -> Result<Response, Problem> {
    let record = session.load(&FOLLOW_UP, action).await?;
    if record.envelope().parent != Some(id) {
        return Err(Error::not_found(FOLLOW_UP).into());
    }
    let verb = if sent.text("end") == "cancel" { "cancel" } else { "finish" };
    let command = command(verb, &sent).write_some("evidence", sent.some("evidence"));
    let done = session.act(&FOLLOW_UP, action, command).await;
    after((&app, &session, &reader), id, &sent, &["evidence", "note"], done).await
}

impl View<'_> {
    pub(super) async fn follow_ups(&self) -> Result<Markup, Problem> {
        let all = self.session.incidents().follow_ups(self.record.id()).await?;
        let mut items = Vec::new();
        for record in &all {
            items.push(self.follow_up(record)?);
        }
        Ok(card(
            self.words.follow_ups(),
            &html! {
                @if items.is_empty() { p.soft { (self.words.no_follow_ups()) } }
                @for item in items { (item) }
                @if self.may("open_follow_up") { (more(self.words.do_open_follow_up(), &self.follow_up_form())) }
            },
        ))
    }

    fn follow_up(&self, record: &Record) -> Result<Markup, Problem> {
        let (language, words) = (self.reader.language, self.words);
        let zone = self.session.eovr().org().zone(&record.envelope().stamp.facility);
        let task = readable(self.app, self.session.open(record, "task"))?.flatten();
        let evidence = readable(self.app, self.session.open(record, "evidence"))?.flatten();
        let state = record.state().as_str();
        let due = record.time("due_at");
        let overdue = state == "open" && due.is_some_and(|due| due < self.app.kit.auth.authentication.now());
        let tone = if state == "done" { Tone::Good } else { Tone::Plain };
        let id = format!("evidence-{}", record.id());
        Ok(html! {
            div.speech {
                p { bdi { (task.as_ref().map_or("–", |task| task.as_str())) } }
                small {
                    (words.owner()) ": " bdi { (record.text("owner").unwrap_or("–")) }
                    @if let Some(due) = due { " · " (words.due()) ": " (language.day(due, &zone)) }
                    @for facet in ["purpose", "strength"] {
                        @if let Some(code) = record.text(facet) { " · " (title(language, code)) }
                    }
                }
                p {
                    (badge(tone, &title(language, state)))
                    @if overdue { " " (badge(Tone::Bad, words.overdue())) }
                }
                @if let Some(evidence) = &evidence { p { (words.evidence()) ": " bdi { (evidence.as_str()) } } }
                @if state == "open" {
                    (more(words.do_finish(), &html! {
                        form method="post" action={ "/incidents/" (self.record.id()) "/follow-ups/" (record.id()) } novalidate {
                            input type="hidden" name="version" value=(record.version());
                            (self.field("evidence", &id, words.evidence()).hint(words.evidence_hint()).lines(2_000, ""))
                            button { (words.do_finish()) }
                        }
                    }))
                }
            }
        })
    }

    fn follow_up_form(&self) -> Markup {
        let (language, words) = (self.reader.language, self.words);
        let titled = |codes: Vec<&'static str>| -> Vec<(&'static str, String)> {
            codes.into_iter().map(|code| (code, title(language, code))).collect()
        };
        let purposes = titled(FollowUpKind::ALL.iter().map(|one| one.name()).collect());
        let strengths = titled(Strength::ALL.iter().map(|one| one.name()).collect());
        let [purposes, strengths] = [&purposes, &strengths]
            .map(|all| all.iter().map(|(code, title)| Choice::new(code, title)).collect::<Vec<_>>());
        let typed = |name, value| self.typed("follow_up", name, value);
        let due =
            self.sent.filter(|sent| sent.text("part") == "follow_up").map_or([""; 3], |sent| sent.day("due"));
        self.form("follow-ups", "follow_up", &html! {
            (self.field("task", "task", words.task()).lines(2_000, typed("task", "")))
            (self.field("owner", "owner", words.owner()).line(Sort::Text, typed("owner", "")))
            (self.field("due", "due", words.due()).hint(words.which_day_hint()).day(due))
            (self.field("purpose", "purpose", words.purpose()).radios(&purposes, typed("purpose", "corrective")))
            (self.field("strength", "strength", words.strength()).hint(words.strength_hint()).optional().radios(&strengths, typed("strength", "")))
            button { (words.do_open_follow_up()) }
        })
    }
}
