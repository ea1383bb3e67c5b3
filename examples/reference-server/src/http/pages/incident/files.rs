//! Photographs and documents of an incident, and its report as PDF.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use eovr_core::attachment;
use eovr_core::incident::ATTACHMENT;
use eovr_host::http::caller::Caller;
use eovr_host::http::pages::{Files, Reader};
use eovr_host::http::problem::Problem;
use eovr_host::http::routes::Access;
use eovr_host::ui::form::Field;
use eovr_host::ui::pieces::{card, more};
use maud::{Markup, html};

use super::{Came, View, main};
use crate::http::app::App;
use crate::http::incidents::{attachments, readable};
use crate::http::path::Incident;

/// What the engine takes.
const ACCEPTED: &str = "image/jpeg,image/png,application/pdf";

pub(super) fn reads() -> Access {
    Access::Reads(ATTACHMENT)
}

pub(super) async fn attach(
    State(app): State<App>,
    Caller(session): Caller,
    reader: Reader,
    Incident(id): Incident,
    Files(files): Files,
) -> Result<Response, Problem> {
    let mut refused = None;
    for (name, bytes) in files {
        if let Err(error) = attachments::of(&session, &app).attach(id, &name, &bytes).await {
            refused.get_or_insert(Problem::from(error));
        }
    }
    match refused {
        None => Ok(Redirect::to(&format!("/incidents/{id}")).into_response()),
        Some(problem) => {
            let words = super::Words(reader.language);
            let came = Came { said: Some(words.file_refused()), ..Came::default() };
            let (title, main) = main(&app, &session, &reader, None, id, came).await?;
            Ok(reader.page_at(&app.kit, problem.status(), &title, &main))
        }
    }
}

impl View<'_> {
    pub(super) async fn files(&self) -> Result<Markup, Problem> {
        let (id, words) = (self.record.id(), self.words);
        let records = attachments::of(self.session, self.app).list(id).await?;
        let mut files = Vec::new();
        for record in records.iter().filter(|record| record.state().as_str() == "kept") {
            let name = readable(self.app, attachment::name(self.session, record))?;
            let name = name.map_or_else(|| words.unreadable().to_owned(), |name| name.to_string());
            files.push((record.id(), name));
        }
        let field = Field::new(self.reader.language, "file", words.choose_files(), self.mistakes);
        Ok(card(
            words.files(),
            &html! {
                @if files.is_empty() { p.soft { (words.no_files()) } }
                ul.plain {
                    @for (file, name) in &files { li { a href={ "/incidents/" (id) "/files/" (file) } { bdi { (name) } } } }
                }
                @if self.may("attach") {
                    (more(words.do_attach(), &html! {
                        form method="post" action={ "/incidents/" (id) "/files" } enctype="multipart/form-data" {
                            (field.hint(words.files_hint()).files(ACCEPTED))
                            button { (words.do_attach()) }
                        }
                    }))
                }
            },
        ))
    }

    /// The incident on paper.
    pub(super) fn papers(&self) -> Markup {
        let (id, words) = (self.record.id(), self.words);
        card(
            words.papers(),
            &html! {
                ul.plain {
                    li { a href={ "/exports/incidents/" (id) ".pdf?lang=ar" } { (words.pdf_in_arabic()) } }
                    li { a href={ "/exports/incidents/" (id) ".pdf?lang=en" } { (words.pdf_in_english()) } }
                    li { a href={ "/incidents/" (id) "/trail" } { (words.trail()) } }
                }
            },
        )
    }
}
