//! One record: its values, what can be done with it, and its history.

use eovr_core::Session;
use eovr_core::kind::Kind;
use eovr_core::record::{Record, RecordId};
use eovr_core::service::Legal;
use maud::{Markup, html};

use super::input::Draft;
use super::{Resource, typed};
use crate::http::kit::Kit;
use crate::http::pages::{Form, Reader, keyed};
use crate::http::problem::Problem;
use crate::ui::form::{Field, Mistakes};
use crate::ui::pieces::{Said, Tone, badge, card, facts, more, note};
use crate::ui::words::Words;

/// The most characters of a note.
const LONGEST: u32 = 10_000;

impl Resource {
    /// Title and content of a record's page. A form that came back is shown with what was typed.
    pub(super) async fn record(
        &self,
        kit: &Kit,
        session: &Session,
        reader: &Reader,
        id: RecordId,
        sent: Option<&Form>,
        mistakes: &Mistakes,
    ) -> Result<(String, Markup), Problem> {
        let (language, words) = (reader.language, Words(reader.language));
        let kind = self.kind(session)?;
        let trail = session.trail(&self.kind, id).await?;
        let record = &trail.record;
        if !trail.verdict.is_intact() {
            kit.auth.alarm.tampered(&id.to_string(), None);
        }
        let legal = session.legal(record).await?;
        let zone = kit.eovr.org().zone(&record.envelope().stamp.facility);
        let title = match &record.envelope().number {
            Some(number) => format!("{} {number}", self.title(language, self.kind.as_str())),
            None => self.title(language, self.kind.as_str()),
        };
        let mut actions = Vec::new();
        for legal in &legal {
            if legal.unmet.iter().all(|unmet| unmet.need == "note") {
                actions.push(self.action(session, reader, kind, record, legal, sent, mistakes));
            }
        }
        let main = html! {
            (mistakes.summary(language))
            @if !trail.verdict.is_intact() { (note(Tone::Bad, words.trail_broken())) }
            div.cols {
                div { (card(words.facts(), &self.values(kit, session, reader, kind, record)?)) }
                div {
                    (card(words.actions(), &html! {
                        @if actions.is_empty() { p.soft { (words.nothing_here()) } }
                        @for action in actions { (action) }
                    }))
                    (card(words.history(), &html! {
                        @for entry in &trail.entries {
                            div.speech {
                                small { (language.moment(entry.event.at, &zone)) }
                                p { (self.title(language, entry.event.action.as_str())) }
                                @if let Some(note) = &entry.note { (Said { text: note, marks: &[] }) }
                            }
                        }
                    }))
                }
            }
        };
        Ok((title, main))
    }

    fn values(
        &self,
        kit: &Kit,
        session: &Session,
        reader: &Reader,
        kind: &Kind,
        record: &Record,
    ) -> Result<Markup, Problem> {
        let (language, words) = (reader.language, Words(reader.language));
        let envelope = record.envelope();
        let mut rows = vec![
            (words.state().to_owned(), badge(Tone::Plain, &self.title(language, envelope.state.as_str()))),
            (words.made_on().to_owned(), html! { (language.moment(envelope.created_at, &reader.zone(kit))) }),
        ];
        for facet in kind.facets().filter(|facet| !facet.silent) {
            if let Some(value) = record.facet(facet.name.as_str()) {
                let shown = self.shown(reader, kit, value);
                rows.push((self.title(language, facet.name.as_str()), html! { bdi { (shown) } }));
            }
        }
        for field in kind.fields().filter(|field| !field.secret) {
            let name = field.name.as_str();
            let text = match session.open(record, name) {
                Ok(text) => text,
                Err(error) if error.is_unreadable() => {
                    kit.auth.alarm.of(&error);
                    rows.push((self.title(language, name), html! { (words.unreadable()) }));
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if let Some(text) = text {
                rows.push((self.title(language, name), html! { (Said { text: &text, marks: &[] }) }));
            }
        }
        let rows: Vec<_> = rows.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        Ok(facts(&rows))
    }

    #[expect(clippy::too_many_arguments, reason = "a form needs the record, its reader and what came back")]
    fn action(
        &self,
        session: &Session,
        reader: &Reader,
        kind: &Kind,
        record: &Record,
        legal: &Legal,
        sent: Option<&Form>,
        mistakes: &Mistakes,
    ) -> Markup {
        let (language, words) = (reader.language, Words(reader.language));
        let action = legal.action.as_str();
        let sent = sent.filter(|sent| sent.text("part") == action);
        let none = Mistakes::default();
        let mistakes = if sent.is_some() { mistakes } else { &none };
        let draft = Draft { resource: self, reader, kind, sent, mistakes, prefix: action };
        let value = |name: &str| match record.facet(name) {
            Some(value) => typed(value),
            None => {
                session.open(record, name).ok().flatten().map_or_else(String::new, |text| text.to_string())
            }
        };
        let id = format!("{action}-note");
        let note = Field::new(language, "note", words.reason(), mistakes).with_id(&id);
        let note = if legal.unmet.is_empty() { note.optional() } else { note };
        let title = self.title(language, action);
        let form = html! {
            form method="post" action={ (self.path) "/" (record.id()) "/act" } novalidate {
                (keyed(""))
                input type="hidden" name="part" value=(action);
                input type="hidden" name="version" value=(record.version());
                (draft.inputs(action, &value))
                (note.lines(LONGEST, sent.map_or("", |sent| sent.text("note"))))
                button { (title) }
            }
        };
        if sent.is_some() { form } else { more(&title, &form) }
    }
}
