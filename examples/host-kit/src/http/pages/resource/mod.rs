//! Pages of a kind, from its declaration: a list with filters, a form for a new record, and a record with its actions.

mod input;
mod list;
mod record;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use eovr_core::kind::Kind;
use eovr_core::org::OrgId;
use eovr_core::record::{RecordId, Value};
use eovr_core::{Command, Error, ErrorKind, Name, Session, export};
use maud::html;

use self::input::Draft;
use super::{Form, Reader, keyed};
use crate::http::body::{Params, read_path};
use crate::http::caller::Caller;
use crate::http::kit::{HostState, Kit};
use crate::http::problem::{Code, Problem};
use crate::http::routes::{Access, Endpoint, Routes};
use crate::ui::Language;
use crate::ui::form::Mistakes;
use crate::ui::pieces::{Tone, note};
use crate::ui::words::Words;

/// The pages of one kind.
///
/// ```
/// use eovr_core::{Name, name};
/// use eovr_host::http::kit::HostState;
/// use eovr_host::http::pages::Resource;
/// use eovr_host::http::routes::Routes;
///
/// const BED: Name = name!("bed");
///
/// /// `/beds`, `/beds/new`, `/beds/{id}` and its actions.
/// fn beds<S: HostState>(routes: Routes<S>) -> Routes<S> {
///     Resource::new("/beds", BED)
///         .titled(&[
///             ("bed", "Beds", "الأسرّة"),
///             ("ward", "Ward", "القسم"),
///             ("free", "Free", "شاغر"),
///             ("occupied", "Occupied", "مشغول"),
///         ])
///         .pages(routes)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Resource {
    path: &'static str,
    kind: Name,
    titles: &'static [(&'static str, &'static str, &'static str)],
}

impl Resource {
    /// The pages of a kind below a path.
    pub fn new(path: &'static str, kind: Name) -> Self {
        Self { path, kind, titles: &[] }
    }

    /// With titles: `(name, English, Arabic)`. A name is that of the kind, of a facet or field, of a state, an action, or a value
    /// of a choice. A name without a title is shown readably, `blood_group` as "Blood group".
    #[must_use]
    pub fn titled(self, titles: &'static [(&'static str, &'static str, &'static str)]) -> Self {
        Self { titles, ..self }
    }

    /// Adds the pages.
    pub fn pages<S: HostState>(self, routes: Routes<S>) -> Routes<S> {
        let this = Arc::new(self);
        // Routes live as long as the program.
        let below = |end: &str| -> &'static str { format!("{}{end}", this.path).leak() };
        let reads = || Access::Reads(this.kind.clone());
        let (lists, starts, creates, shows, acts) =
            (this.clone(), this.clone(), this.clone(), this.clone(), this.clone());
        routes
            .add(
                Endpoint::page(this.path, reads(), "Lists records"),
                move |State(kit): State<Kit>, Caller(session): Caller, reader: Reader, asked: Params<list::Asked>| async move {
                    lists.list(&kit, &session, &reader, &asked.0).await
                },
            )
            .add(
                Endpoint::page(below("/new"), Access::Signed, "Shows the form of a new record"),
                move |State(kit): State<Kit>, Caller(session): Caller, reader: Reader| async move {
                    starts.empty_form(&kit, &session, &reader)
                },
            )
            .add(
                Endpoint::form(below("/new"), Access::Signed, "Makes a new record"),
                move |State(kit): State<Kit>, Caller(session): Caller, reader: Reader, sent: Form| async move {
                    creates.create(&kit, &session, &reader, &sent).await
                },
            )
            .add(
                Endpoint::page(below("/{id}"), reads(), "Shows a record and its actions"),
                move |State(kit): State<Kit>, Caller(session): Caller, reader: Reader, named: Named| async move {
                    let id = named.of(&shows.kind)?;
                    let (title, main) = shows.record(&kit, &session, &reader, id, None, &Mistakes::default()).await?;
                    Ok::<_, Problem>(reader.page(&kit, &title, &main))
                },
            )
            .add(
                Endpoint::form(below("/{id}/act"), Access::Signed, "Does an action"),
                move |State(kit): State<Kit>, Caller(session): Caller, reader: Reader, named: Named, sent: Form| async move {
                    let id = named.of(&acts.kind)?;
                    acts.act(&kit, &session, &reader, id, &sent).await
                },
            )
    }

    /// The title of a name.
    fn title(&self, language: Language, name: &str) -> String {
        if let Some((_, en, ar)) = self.titles.iter().find(|(known, ..)| *known == name) {
            return language.pick(en, ar).to_owned();
        }
        if let Some(title) = export::title(name, language.into()) {
            return title.into_owned();
        }
        let mut readable = name.replace('_', " ");
        if let Some(first) = readable.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        readable
    }

    fn kind<'a>(&self, session: &'a Session) -> Result<&'a Kind, Problem> {
        Ok(session.eovr().catalog().kind(&self.kind)?)
    }

    fn empty_form(&self, kit: &Kit, session: &Session, reader: &Reader) -> Result<Response, Problem> {
        self.new_form(kit, session, reader, None, &Mistakes::default())
    }

    fn new_form(
        &self,
        kit: &Kit,
        session: &Session,
        reader: &Reader,
        sent: Option<&Form>,
        mistakes: &Mistakes,
    ) -> Result<Response, Problem> {
        let kind = self.kind(session)?;
        let create = kind.machine().create();
        let draft = Draft { resource: self, reader, kind, sent, mistakes, prefix: "" };
        let main = html! {
            div.narrow {
                (mistakes.summary(reader.language))
                form method="post" action={ (self.path) "/new" } novalidate {
                    (keyed(sent.map_or("", Form::key)))
                    (draft.inputs(create.as_str(), &|_| String::new()))
                    button { (self.title(reader.language, create.as_str())) }
                }
            }
        };
        Ok(reader.form(kit, &self.title(reader.language, create.as_str()), &main, mistakes))
    }

    async fn create(
        &self,
        kit: &Kit,
        session: &Session,
        reader: &Reader,
        sent: &Form,
    ) -> Result<Response, Problem> {
        let kind = self.kind(session)?;
        let create = kind.machine().create().clone();
        let mut mistakes = Mistakes::default();
        let draft = Draft {
            resource: self,
            reader,
            kind,
            sent: Some(sent),
            mistakes: &Mistakes::default(),
            prefix: "",
        };
        let command = draft.command(Command::new(&create), create.as_str(), kit, &mut mistakes, &|_| false);
        if !mistakes.is_empty() {
            return self.new_form(kit, session, reader, Some(sent), &mistakes);
        }
        let facility = own_facility(session)?;
        let made = match sent.seed(kit)? {
            None => session.create(&self.kind, &facility, command).await.map(|written| written.id),
            Some(seed) => match session.create_as(&self.kind, &facility, seed.record(), command).await {
                // Sent twice: it is there already.
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    session.load(&self.kind, seed.record()).await.map(|record| record.id())
                }
                made => made.map(|written| written.id),
            },
        };
        match made {
            Ok(id) => Ok(Redirect::to(&format!("{}/{id}", self.path)).into_response()),
            Err(error) => {
                let mistakes = self.mistakes(reader, kind, create.as_str(), error)?;
                self.new_form(kit, session, reader, Some(sent), &mistakes)
            }
        }
    }

    async fn act(
        &self,
        kit: &Kit,
        session: &Session,
        reader: &Reader,
        id: RecordId,
        sent: &Form,
    ) -> Result<Response, Problem> {
        let kind = self.kind(session)?;
        let action = sent.text("part");
        let record = session.load(&self.kind, id).await?;
        let mut mistakes = Mistakes::default();
        let draft = Draft {
            resource: self,
            reader,
            kind,
            sent: Some(sent),
            mistakes: &Mistakes::default(),
            prefix: action,
        };
        let command = match sent.text("version").parse() {
            Ok(version) => Command::new(action).expecting(version),
            Err(_) => Command::new(action),
        };
        let command = match sent.some("note") {
            Some(note) => command.note(note),
            None => command,
        };
        let is_set = |name: &str| {
            record.facet(name).is_some() || session.open(&record, name).is_ok_and(|text| text.is_some())
        };
        let command = draft.command(command, action, kit, &mut mistakes, &is_set);
        let mut status = StatusCode::UNPROCESSABLE_ENTITY;
        let mut said = None;
        if mistakes.is_empty() {
            match session.act(&self.kind, id, command).await {
                Ok(_) => return Ok(Redirect::to(&format!("{}/{id}", self.path)).into_response()),
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    (status, said) = (StatusCode::CONFLICT, Some(Words(reader.language).changed_meanwhile()));
                }
                Err(error) => mistakes = self.mistakes(reader, kind, action, error)?,
            }
        }
        let (title, main) = self.record(kit, session, reader, id, Some(sent), &mistakes).await?;
        let main = html! { @if let Some(said) = said { (note(Tone::Bad, said)) } (main) };
        Ok(reader.page_at(kit, status, &title, &main))
    }

    /// The fields of an action that the engine refused.
    fn mistakes(
        &self,
        reader: &Reader,
        kind: &Kind,
        action: &str,
        error: Error,
    ) -> Result<Mistakes, Problem> {
        let names: Vec<&str> = input::names(kind, action).map(Name::as_str).chain(["note"]).collect();
        reader.mistakes(error.into(), &names)
    }
}

/// The id of the record that the path names.
struct Named(Option<RecordId>);

impl Named {
    fn of(&self, kind: &Name) -> Result<RecordId, Problem> {
        self.0.ok_or_else(|| Error::not_found(kind.clone()).into())
    }
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(read_path(parts, state, "id").await))
    }
}

/// The facility of a new record: the first in the actor's scope.
fn own_facility(session: &Session) -> Result<OrgId, Problem> {
    let (org, scope) = (session.eovr().org(), session.scope());
    let mut within = org.stamps().filter(|stamp| scope.covers(stamp));
    let facility = within.next().map(|stamp| stamp.facility.clone());
    facility.ok_or_else(|| Problem::new(Code::Denied))
}

/// A value as a form shows it.
fn typed(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Bool(yes) => yes.to_string(),
        _ => String::new(),
    }
}
