//! The inputs of an action, one for each value that it sets, by the declaration of the value.

use eovr_core::kind::{FacetSpec, FieldSpec, Kind};
use eovr_core::record::ValueType;
use eovr_core::{Command, Name};
use maud::{Markup, html};

use super::Resource;
use crate::http::kit::Kit;
use crate::http::pages::{Form, Reader};
use crate::ui::form::{Choice, Field, Mistakes, Sort};
use crate::ui::latin;
use crate::ui::words::Words;

/// As many answers are shown beside each other; more become a list to open.
const BESIDE: usize = 5;
/// A text of at most so many characters has one line.
const ONE_LINE: u32 = 200;

/// A form of a kind, empty or as it came back.
pub(super) struct Draft<'a> {
    pub(super) resource: &'a Resource,
    pub(super) reader: &'a Reader,
    pub(super) kind: &'a Kind,
    pub(super) sent: Option<&'a Form>,
    pub(super) mistakes: &'a Mistakes,
    /// What makes the ids of this form its own, where a page has several.
    pub(super) prefix: &'a str,
}

/// The values that an action sets and that a person can type, in the order of the kind.
pub(super) fn names<'a>(kind: &'a Kind, action: &str) -> impl Iterator<Item = &'a Name> + use<'a> {
    let sets: Vec<Name> = kind.machine().action(action).map(|row| row.sets.to_vec()).unwrap_or_default();
    let facets = kind
        .facets()
        .filter(|facet| !facet.silent && !facet.computed && facet.value_type != ValueType::Bytes);
    let fields = kind.fields().filter(|field| !field.secret);
    let all = facets.map(|facet| &facet.name).chain(fields.map(|field| &field.name));
    all.filter(move |name| sets.contains(name))
}

impl Draft<'_> {
    /// The inputs of an action. `value` is what is shown where nothing was typed.
    pub(super) fn inputs(&self, action: &str, value: &dyn Fn(&str) -> String) -> Markup {
        html! {
            @for name in names(self.kind, action) {
                @match (self.kind.facet(name.as_str()), self.kind.field(name.as_str())) {
                    (Some(facet), _) => (self.facet(facet, value)),
                    (None, Some(field)) => (self.text(field, value)),
                    (None, None) => {}
                }
            }
        }
    }

    fn facet(&self, facet: &FacetSpec, value: &dyn Fn(&str) -> String) -> Markup {
        let (language, name) = (self.reader.language, facet.name.as_str());
        let (label, id) = (self.resource.title(language, name), self.id(name));
        let field = self.field(name, &label, &id, facet.required);
        let shown = self.typed(name, value);
        let words = Words(language);
        match facet.value_type {
            ValueType::Bool => {
                field.radios(&[Choice::new("true", words.yes()), Choice::new("false", words.no())], &shown)
            }
            ValueType::Time => field.day(self.sent.map_or([""; 3], |sent| sent.day(name))),
            ValueType::Int => field.line(Sort::Number, &shown),
            _ if facet.one_of.is_empty() => field.line(Sort::Text, &shown),
            _ => {
                let titles: Vec<_> =
                    facet.one_of.iter().map(|code| (code, self.resource.title(language, code))).collect();
                let choices: Vec<_> = titles.iter().map(|(code, title)| Choice::new(code, title)).collect();
                if choices.len() > BESIDE {
                    field.select(&choices, &shown)
                } else {
                    field.radios(&choices, &shown)
                }
            }
        }
    }

    fn text(&self, spec: &FieldSpec, value: &dyn Fn(&str) -> String) -> Markup {
        let name = spec.name.as_str();
        let (label, id) = (self.resource.title(self.reader.language, name), self.id(name));
        let field = self.field(name, &label, &id, spec.required);
        let shown = self.typed(name, value);
        if spec.max_chars <= ONE_LINE {
            field.line(Sort::Text, &shown)
        } else {
            field.lines(spec.max_chars, &shown)
        }
    }

    fn field<'b>(&'b self, name: &'b str, label: &'b str, id: &'b str, required: bool) -> Field<'b> {
        let field = Field::new(self.reader.language, name, label, self.mistakes).with_id(id);
        if required { field } else { field.optional() }
    }

    fn id(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}-{name}", self.prefix) }
    }

    fn typed(&self, name: &str, value: &dyn Fn(&str) -> String) -> String {
        self.sent.map_or_else(|| value(name), |sent| sent.text(name).to_owned())
    }

    /// The command with what was typed. A value that was set and is now empty is cleared.
    pub(super) fn command(
        &self,
        mut command: Command,
        action: &str,
        kit: &Kit,
        mistakes: &mut Mistakes,
        is_set: &dyn Fn(&str) -> bool,
    ) -> Command {
        let words = Words(self.reader.language);
        let Some(sent) = self.sent else { return command };
        for name in names(self.kind, action).map(Name::as_str) {
            let typed = sent.text(name);
            match (self.kind.facet(name), self.kind.field(name)) {
                (Some(facet), _) if facet.value_type == ValueType::Time => {
                    match sent.moment(name, 12, &self.reader.zone(kit)) {
                        Some(Some(at)) => command = command.set(name, at),
                        Some(None) if facet.required => mistakes.add(name, words.needed()),
                        Some(None) => {}
                        None => mistakes.add(name, words.does_not_fit()),
                    }
                }
                (Some(facet), _) if typed.is_empty() => match (facet.required, is_set(name)) {
                    (true, _) => mistakes.add(name, words.needed()),
                    (false, true) => command = command.clear(name),
                    (false, false) => {}
                },
                (Some(facet), _) => match facet.value_type {
                    ValueType::Int => match latin(typed).parse::<i64>() {
                        Ok(int) => command = command.set(name, int),
                        Err(_) => mistakes.add(name, words.does_not_fit()),
                    },
                    ValueType::Bool => command = command.set(name, typed == "true"),
                    _ => command = command.set(name, typed),
                },
                (None, Some(field)) if typed.is_empty() => match (field.required, is_set(name)) {
                    (true, _) => mistakes.add(name, words.needed()),
                    (false, true) => command = command.erase(name),
                    (false, false) => {}
                },
                (None, Some(_)) => command = command.write(name, typed),
                (None, None) => {}
            }
        }
        command
    }
}
