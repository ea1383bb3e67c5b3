//! The accreditation panel: what an incident says about the standards of Joint Commission International.

use axum::extract::State;
use axum::response::Response;
use eovr_core::incident::jci::{Edition, Status};
use eovr_core::incident::{IncidentFacets as Facets, KIND, jci};
use eovr_host::http::caller::Caller;
use eovr_host::http::pages::{Form, Reader};
use eovr_host::http::problem::Problem;
use eovr_host::ui::form::{Choice, Sort};
use eovr_host::ui::pieces::{Said, card, code, facts, more};
use maud::{Markup, html};

use super::{View, after, command};
use crate::http::app::App;
use crate::http::path::Incident;

/// The edition whose chapters the form offers.
const EDITION: Edition = Edition::Jci8;
/// The most characters of a text.
const LONGEST: u32 = 10_000;

const FIELDS: &[&str] =
    &["jci_chapter", "jci_standard", "jci_element", "jci_status", "jci_evidence", "jci_gap", "jci_plan"];

pub(super) async fn fill(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
    Incident(id): Incident,
    sent: Form,
) -> Result<Response, Problem> {
    let mut command = command("edit_jci", &sent).set("jci_edition", EDITION.code());
    for name in ["jci_chapter", "jci_standard", "jci_element", "jci_status"] {
        command = match sent.some(name) {
            Some(value) => command.set(name, value),
            None => command.clear(name),
        };
    }
    for name in ["jci_evidence", "jci_gap", "jci_plan"] {
        command = match sent.some(name) {
            Some(text) => command.write(name, text),
            None => command.erase(name),
        };
    }
    let done = session.act(&KIND, id, command).await;
    after((&app, &session, &reader), id, &sent, FIELDS, done).await
}

impl View<'_> {
    pub(super) fn panel(&self) -> Result<Markup, Problem> {
        let (language, words, of) = (self.reader.language, self.words, Facets::of(self.record));
        let edition = of.jci_edition().and_then(|code| code.parse::<Edition>().ok()).unwrap_or(EDITION);
        let chapter = of.jci_chapter().and_then(|code| edition.chapter(code).ok());
        let status = of.jci_status().and_then(|code| code.parse::<Status>().ok());
        let mut rows: Vec<(&str, Markup)> = Vec::new();
        if let Some(chapter) = chapter {
            let title = language.pick(chapter.title_en, chapter.title_ar);
            rows.push((words.jci_chapter(), html! { (code(chapter.code)) " " (title) }));
        }
        if let Some(standard) = of.jci_standard() {
            rows.push((words.jci_standard(), code(standard)));
        }
        if let Some(status) = status {
            rows.push((words.jci_status(), html! { (language.pick(status.title_en(), status.title_ar())) }));
        }
        for (label, field) in [
            (words.jci_evidence(), "jci_evidence"),
            (words.jci_gap(), "jci_gap"),
            (words.jci_plan(), "jci_plan"),
        ] {
            if let Some(Some(text)) = self.opened(field)? {
                rows.push((label, html! { (Said { text: &text, marks: &[] }) }));
            }
        }
        Ok(card(
            words.jci(),
            &html! {
                @if rows.is_empty() { p.soft { (words.jci_empty()) } } @else { (facts(&rows)) }
                @if self.may("edit_jci") { (more(words.do_edit_jci(), &self.panel_form()?)) }
            },
        ))
    }

    fn panel_form(&self) -> Result<Markup, Problem> {
        let (language, words, of) = (self.reader.language, self.words, Facets::of(self.record));
        // A chapter is proposed from the category; a person decides.
        let proposed = of
            .category()
            .and_then(|category| jci::propose(EDITION, category, of.subtype()).ok())
            .map(|chapter| chapter.code);
        let chapters: Vec<_> = EDITION
            .chapters()
            .iter()
            .map(|chapter| {
                let title = language.pick(chapter.title_en, chapter.title_ar);
                (chapter.code, format!("{} · {title}", chapter.code))
            })
            .collect();
        let chapters: Vec<_> = chapters.iter().map(|(code, title)| Choice::new(code, title)).collect();
        let statuses: Vec<_> = Status::ALL
            .iter()
            .map(|status| Choice::new(status.code(), language.pick(status.title_en(), status.title_ar())))
            .collect();
        let typed = |name, value: Option<&str>| self.typed("jci", name, value.unwrap_or_default()).to_owned();
        let chapter = typed("jci_chapter", of.jci_chapter().or(proposed));
        let texts = [
            ("jci_evidence", words.jci_evidence()),
            ("jci_gap", words.jci_gap()),
            ("jci_plan", words.jci_plan()),
        ];
        let mut fields = Vec::new();
        for (name, label) in texts {
            let text = self.opened(name)?.flatten();
            let value = typed(name, text.as_ref().map(|text| text.as_str()));
            fields.push(self.field(name, name, label).optional().lines(LONGEST, &value));
        }
        let standard = typed("jci_standard", of.jci_standard());
        let element = typed("jci_element", of.jci_element());
        Ok(self.form("jci", "jci", &html! {
            (self.field("jci_chapter", "jci_chapter", words.jci_chapter()).hint(words.jci_proposed()).select(&chapters, &chapter))
            (self.field("jci_standard", "jci_standard", words.jci_standard()).optional().line(Sort::Code, &standard))
            (self.field("jci_element", "jci_element", words.jci_element()).optional().line(Sort::Code, &element))
            (self.field("jci_status", "jci_status", words.jci_status()).optional().radios(&statuses, &typed("jci_status", of.jci_status())))
            @for field in fields { (field) }
            button { (words.save()) }
        }))
    }
}
