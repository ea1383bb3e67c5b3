//! The list of a kind.

use std::collections::BTreeMap;

use axum::response::Response;
use eovr_core::Session;
use eovr_core::record::{Column as Of, Listed, Query, Test, Value, ValueType};
use maud::{Markup, html};

use super::Resource;
use crate::http::kit::Kit;
use crate::http::page::place;
use crate::http::pages::Reader;
use crate::http::problem::Problem;
use crate::http::reply::HandedOut;
use crate::ui::form::Choice;
use crate::ui::pieces::{Tone, badge, code, empty};
use crate::ui::table::{Column, Filter, List, filters, pager};
use crate::ui::words::Words;

/// The rows of a page.
const ROWS: u32 = 25;
/// The facets that a row shows.
const FACETS: usize = 5;
const STATE: &str = "state";
const AFTER: &str = "after";

/// What the address asks for: filters, and where the page begins. A value that is none of the known ones filters nothing.
pub(super) type Asked = BTreeMap<String, String>;

/// A filter: its name in the address, the column, and the codes to choose from.
struct Offered<'a> {
    name: &'a str,
    column: Of,
    codes: Vec<&'a str>,
}

impl Resource {
    pub(super) async fn list(
        &self,
        kit: &Kit,
        session: &Session,
        reader: &Reader,
        asked: &Asked,
    ) -> Result<Response, Problem> {
        let (language, words) = (reader.language, Words(reader.language));
        let kind = self.kind(session)?;
        let shown: Vec<_> = kind
            .facets()
            .filter(|facet| !facet.silent && facet.value_type != ValueType::Bytes)
            .take(FACETS)
            .collect();
        let mut query = Query::of(self.kind.clone()).limit(ROWS);
        let states: Vec<&str> =
            kind.table().workflow.states.iter().map(|state| state.name.as_str()).collect();
        let choices = kind.facets().filter(|facet| !facet.one_of.is_empty() && !facet.silent);
        let mut offered = vec![Offered { name: STATE, column: Of::State, codes: states }];
        offered.extend(choices.map(|facet| Offered {
            name: facet.name.as_str(),
            column: Of::Facet(facet.name.clone()),
            codes: facet.one_of.iter().map(String::as_str).collect(),
        }));
        for Offered { name, column, codes } in &offered {
            if let Some(value) = asked.get(*name).filter(|value| codes.contains(&value.as_str())) {
                query = query.filter(column.clone(), Test::Is(value.as_str().into()));
            }
        }
        query = query.after(asked.get(AFTER).map(|after| place(after)).transpose()?);
        let names: Vec<&str> = shown.iter().map(|facet| facet.name.as_str()).collect();
        let page = session.list(&query, &names).await?;
        for id in &page.damaged {
            kit.auth.alarm.tampered(&id.to_string(), None);
        }
        let titles: Vec<String> = names.iter().map(|name| self.title(language, name)).collect();
        let columns: Vec<_> = [words.number(), words.state(), words.made_on()]
            .into_iter()
            .chain(titles.iter().map(String::as_str))
            .map(Column::new)
            .collect();
        let rows: Vec<_> = page.items.iter().map(|record| self.row(kit, reader, record, &names)).collect();
        let count = rows.len();
        let create = kind.machine().create().as_str();
        let may_create = kind.machine().action(create).is_some_and(|row| row.allows(session.actor()));
        let next = page.next.map(|next| self.address(asked, Some(&next.to_string())));
        let first = asked.contains_key(AFTER).then(|| self.address(asked, None));
        let title = self.title(language, self.kind.as_str());
        let main = html! {
            @if may_create { p { a.button href={ (self.path) "/new" } { (self.title(language, create)) } } }
            (self.filters(reader, asked, &offered))
            @if count == 0 { (empty(words.nothing_here(), None)) }
            @else { (List { caption: &title, columns: &columns, rows }.html()) }
            (pager(language, first.as_deref(), next.as_deref()))
        };
        let mut response = reader.page(kit, &title, &main);
        response.extensions_mut().insert(HandedOut::of(count));
        Ok(response)
    }

    fn row(&self, kit: &Kit, reader: &Reader, record: &Listed, names: &[&str]) -> Vec<Markup> {
        let language = reader.language;
        let envelope = record.envelope();
        let short = envelope.id.to_string();
        let number = envelope.number.as_deref().unwrap_or_else(|| short.get(..13).unwrap_or(&short));
        let zone = kit.eovr.org().zone(&envelope.stamp.facility);
        let first = [
            html! { a href={ (self.path) "/" (envelope.id) } { (code(number)) } },
            badge(Tone::Plain, &self.title(language, envelope.state.as_str())),
            html! { (language.day(envelope.created_at, &zone)) },
        ];
        let facets = names.iter().map(|name| match record.facet(name) {
            Some(value) => html! { bdi { (self.shown(reader, kit, value)) } },
            None => html! {},
        });
        first.into_iter().chain(facets).collect()
    }

    /// A value in words.
    pub(super) fn shown(&self, reader: &Reader, kit: &Kit, value: &Value) -> String {
        let (language, words) = (reader.language, Words(reader.language));
        match value {
            Value::Text(text) => match self.titles.iter().any(|(known, ..)| **known == **text) {
                true => self.title(language, text),
                false => text.to_string(),
            },
            Value::Int(int) => language.digits(&int.to_string()).into_owned(),
            Value::Bool(yes) => if *yes { words.yes() } else { words.no() }.to_owned(),
            Value::Time(at) => language.moment(*at, &reader.zone(kit)),
            _ => String::new(),
        }
    }

    fn filters(&self, reader: &Reader, asked: &Asked, offered: &[Offered<'_>]) -> Markup {
        let language = reader.language;
        let label = |name: &str| match name {
            STATE => Words(language).state().to_owned(),
            name => self.title(language, name),
        };
        let labels: Vec<_> = offered.iter().map(|one| label(one.name)).collect();
        let titled = |codes: &[&str]| codes.iter().map(|code| self.title(language, code)).collect::<Vec<_>>();
        let titles: Vec<_> = offered.iter().map(|one| titled(&one.codes)).collect();
        let choices: Vec<Vec<_>> = offered
            .iter()
            .zip(&titles)
            .map(|(one, titles)| {
                one.codes.iter().zip(titles).map(|(code, title)| Choice::new(code, title)).collect()
            })
            .collect();
        let all: Vec<_> = offered
            .iter()
            .zip(&labels)
            .zip(&choices)
            .map(|((one, label), choices)| Filter {
                name: one.name,
                label,
                choices,
                chosen: asked.get(one.name).map_or("", String::as_str),
            })
            .collect();
        filters(language, self.path, &all)
    }

    fn address(&self, asked: &Asked, after: Option<&str>) -> String {
        let pairs = asked.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs = pairs.filter(|(name, _)| ![AFTER, "lang"].contains(name));
        let pairs = pairs.chain(after.map(|after| (AFTER, after)));
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        if query.is_empty() { self.path.to_owned() } else { format!("{}?{query}", self.path) }
    }
}
