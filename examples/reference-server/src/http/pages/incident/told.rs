//! What was told: the narrative with the words that drove the flag, the facts, and the conversation with the reporter.

use std::ops::Range;

use eovr_core::incident::{Harm, IncidentFacets as Facets, taxonomy};
use eovr_core::triage::Reason;
use eovr_host::http::problem::Problem;
use eovr_host::ui::pieces::{Said, badge, card, code, facts, more};
use maud::{Markup, html};
use zeroize::Zeroizing;

use super::View;
use crate::http::incidents::readable;
use crate::http::pages::receipt::speaker;
use crate::http::pages::{title, tone};

impl View<'_> {
    /// The narrative. The words that the scorer counted are marked.
    pub(super) fn narrative(&self) -> Result<Markup, Problem> {
        let reasons = self.reasons()?;
        let mut marks: Vec<Range<usize>> = reasons.iter().filter_map(|reason| reason.span.clone()).collect();
        marks.sort_by_key(|mark| mark.start);
        let more_told = [
            (self.words.specific_error(), "specific_error"),
            (self.words.immediate_action(), "immediate_action"),
            (self.words.notes(), "notes"),
        ];
        let mut rest = Vec::new();
        for (label, field) in more_told {
            if let Some(Some(text)) = self.opened(field)? {
                rest.push((label, html! { (Said { text: &text, marks: &[] }) }));
            }
        }
        Ok(html! {
            @match self.opened("description")? {
                None => p { (self.words.unreadable()) },
                Some(None) => span.soft { (self.words.not_said()) },
                Some(Some(text)) => (Said { text: &text, marks: &marks }),
            }
            @if !rest.is_empty() { (facts(&rest)) }
            @if !reasons.is_empty() {
                (more(self.words.why_flagged(), &html! {
                    ul {
                        @for reason in &reasons {
                            li { (title(self.reader.language, &reason.rule)) " (" bdi dir="ltr" { (reason.points) } ")" }
                        }
                    }
                }))
            }
        })
    }

    /// The reasons of the scorer; none where they cannot be read.
    fn reasons(&self) -> Result<Vec<Reason>, Problem> {
        let text = self.opened("ai_reasons")?.flatten();
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// A sealed text; `None` where its key was destroyed.
    pub(super) fn opened(&self, field: &str) -> Result<Option<Option<Zeroizing<String>>>, Problem> {
        readable(self.app, self.session.open(self.record, field))
    }

    /// A sealed text as it is shown.
    fn shown(&self, field: &str) -> Result<Markup, Problem> {
        Ok(match self.opened(field)? {
            None => html! { (self.words.unreadable()) },
            Some(None) => self.unsaid(),
            Some(Some(text)) => html! { bdi { (*text) } },
        })
    }

    fn unsaid(&self) -> Markup {
        html! { span.soft { (self.words.not_said()) } }
    }

    pub(super) fn facts(&self) -> Result<Markup, Problem> {
        let (language, words) = (self.reader.language, self.words);
        let (envelope, of) = (self.record.envelope(), Facets::of(self.record));
        let org = self.session.eovr().org();
        let facility = &envelope.stamp.facility;
        let zone = org.zone(facility);
        let place =
            org.title(facility).map_or(facility.as_str(), |title| language.pick(&title.en, &title.ar));
        let or_not =
            |value: Option<String>| value.map_or_else(|| self.unsaid(), |value| html! { bdi { (value) } });
        let state = envelope.state.as_str();
        let subtype = of.category().zip(of.subtype()).and_then(|(category, subtype)| {
            let found = taxonomy::find_subtype(category, subtype).ok()?;
            Some(language.pick(found.title_en, found.title_ar).to_owned())
        });
        let harm = |code: Option<&str>| {
            let harm: Option<Harm> = code.and_then(|code| code.parse().ok());
            harm.map(|harm| language.pick(harm.title_en(), harm.title_ar()).to_owned())
        };
        let factors: Vec<_> = of.factors().map(|factor| title(language, factor)).collect();
        let factors = (!factors.is_empty()).then(|| factors.join(language.pick(", ", "، ")));
        let yes_or_no = |told: bool| if told { words.yes() } else { words.no() };
        Ok(facts(&[
            (words.number(), code(envelope.number.as_deref().unwrap_or("–"))),
            (words.state(), badge(tone(state), &title(language, state))),
            (words.facility(), html! { bdi { (place) } }),
            (words.category(), or_not(of.category().map(|category| title(language, category)))),
            (words.subtype(), or_not(subtype)),
            (words.reported_on(), or_not(Some(language.moment(envelope.created_at, &zone)))),
            (words.occurred_on(), or_not(of.occurred_at().map(|at| language.moment(at, &zone)))),
            (words.place(), or_not(of.location().map(str::to_owned))),
            (words.reporter(), or_not(of.reporter_type().map(|reporter| title(language, reporter)))),
            (words.harm(), or_not(harm(of.actual_harm()))),
            (words.file_number(), self.shown("medical_file_number")?),
            (words.involved(), self.shown("involved_person")?),
            (words.disclosed(), or_not(of.disclosed().map(|told| yes_or_no(told).to_owned()))),
            (words.factors(), or_not(factors)),
        ]))
    }

    /// Questions, answers and remarks, the oldest first.
    pub(super) fn conversation(&self) -> Markup {
        let zone = self.session.eovr().org().zone(&self.record.envelope().stamp.facility);
        let said: Vec<_> = self
            .trail
            .entries
            .iter()
            .filter(|entry| ["ask", "answer", "add_remark"].contains(&entry.event.action.as_str()))
            .filter_map(|entry| Some((entry, entry.note.as_ref()?)))
            .collect();
        html! {
            @if !said.is_empty() {
                (card(self.words.conversation(), &html! {
                    @for (entry, text) in said {
                        div.speech {
                            small {
                                (speaker(self.words, entry.event.action.as_str())) " · "
                                (self.reader.language.moment(entry.event.at, &zone))
                            }
                            (Said { text, marks: &[] })
                        }
                    }
                }))
            }
        }
    }
}
