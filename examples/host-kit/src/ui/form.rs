//! Forms: fields with their label, hint and mistake, and the summary of all mistakes above them.
//!
//! The patterns are those of NHS.UK and GOV.UK: optional fields are marked and required ones are not, every mistake is said
//! in the summary and again at its field, and no control is ever disabled.

use maud::{Markup, html};

use super::language::Language;
use super::words::Words;

/// What is wrong with a form that came back, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes(Vec<(String, String)>);

impl Mistakes {
    /// Adds the sentence about one field. A field has one mistake at a time: the first.
    pub fn add(&mut self, field: impl Into<String>, sentence: impl Into<String>) {
        let field = field.into();
        if self.of(&field).is_none() {
            self.0.push((field, sentence.into()));
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sentence about one field.
    pub fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(of, _)| of == field).map(|(_, sentence)| sentence.as_str())
    }

    /// The summary above a form, which takes the focus; nothing where there is no mistake.
    pub fn summary(&self, language: Language) -> Markup {
        html! {
            @if !self.is_empty() {
                // The alert is inside of what takes the focus: screen readers would otherwise read one of the two only.
                div.summary tabindex="-1" data-focus {
                    div role="alert" {
                        h2 { (Words(language).problem()) }
                        ul {
                            @for (field, sentence) in &self.0 { li { a href={ "#" (field) } { (sentence) } } }
                        }
                    }
                }
            }
        }
    }
}

/// One field of a form.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// The language of the page.
    pub language: Language,
    /// Its name, which is also the id of its control.
    pub name: &'a str,
    /// The id of its control, where a page has several fields of one name.
    pub id: Option<&'a str>,
    /// Its label, or the question.
    pub label: &'a str,
    /// What helps to fill it in.
    pub hint: Option<&'a str>,
    /// Whether it may stay empty.
    pub optional: bool,
    /// The mistakes of the form.
    pub mistakes: &'a Mistakes,
}

/// What a one-line field takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Words.
    #[default]
    Text,
    /// A code, a file number: always from left to right.
    Code,
    /// A whole number, with the number keys on phones.
    Number,
    /// An e-mail address.
    Email,
    /// The password of an account.
    Password,
    /// A new password, which browsers offer to make.
    NewPassword,
    /// A code from an application or a message.
    OneTimeCode,
}

/// One of the answers to choose from.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// The value that the form sends.
    pub value: &'a str,
    /// Its words.
    pub text: &'a str,
    /// More words below it.
    pub hint: Option<&'a str>,
}

impl<'a> Choice<'a> {
    /// A choice without a hint.
    pub const fn new(value: &'a str, text: &'a str) -> Self {
        Self { value, text, hint: None }
    }
}

impl<'a> Field<'a> {
    /// A field that must be filled in.
    pub const fn new(language: Language, name: &'a str, label: &'a str, mistakes: &'a Mistakes) -> Self {
        Self { language, name, id: None, label, hint: None, optional: false, mistakes }
    }

    /// With a sentence that helps.
    #[must_use]
    pub const fn hint(self, hint: &'a str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    /// It may stay empty.
    #[must_use]
    pub const fn optional(self) -> Self {
        Self { optional: true, ..self }
    }

    /// With an id of its own, where a page has several fields of one name.
    #[must_use]
    pub const fn with_id(self, id: &'a str) -> Self {
        Self { id: Some(id), ..self }
    }

    /// A field of one line.
    pub fn line(&self, sort: Sort, value: &str) -> Markup {
        let (kind, mode, complete) = match sort {
            Sort::Text => ("text", None, None),
            Sort::Code => ("text", None, Some("off")),
            Sort::Number => ("text", Some("numeric"), Some("off")),
            Sort::Email => ("email", None, Some("username")),
            Sort::Password => ("password", None, Some("current-password")),
            Sort::NewPassword => ("password", None, Some("new-password")),
            Sort::OneTimeCode => ("text", Some("numeric"), Some("one-time-code")),
        };
        let direction = if sort == Sort::Text { "auto" } else { "ltr" };
        let short = matches!(sort, Sort::Code | Sort::Number | Sort::OneTimeCode);
        self.labelled(html! {
            input id=(self.id()) name=(self.name) type=(kind) value=[(!value.is_empty()).then_some(value)] dir=(direction)
                inputmode=[mode] autocomplete=[complete] spellcheck=[(sort != Sort::Text).then_some("false")]
                autocapitalize=[(sort != Sort::Text).then_some("none")] class=[short.then_some("short")]
                aria-describedby=[self.described()] aria-invalid=[self.invalid()];
        })
    }

    /// A field of several lines, with the most characters that it takes.
    pub fn lines(&self, most: u32, value: &str) -> Markup {
        self.labelled(html! {
            textarea id=(self.id()) name=(self.name) dir="auto" maxlength=(most) data-counted rows="5"
                aria-describedby=[self.described()] aria-invalid=[self.invalid()] {
                // A parser of HTML drops a line feed at the beginning.
                "\n" (value)
            }
        })
    }

    /// A list to choose one from, for many answers; the first is empty.
    pub fn select(&self, choices: &[Choice<'_>], chosen: &str) -> Markup {
        self.labelled(html! {
            select id=(self.id()) name=(self.name) aria-describedby=[self.described()] aria-invalid=[self.invalid()] {
                option value="" { (Words(self.language).choose()) }
                @for choice in choices {
                    option value=(choice.value) selected[choice.value == chosen] { (choice.text) }
                }
            }
        })
    }

    /// Some answers to choose one from. The summary leads to the first.
    pub fn radios(&self, choices: &[Choice<'_>], chosen: &str) -> Markup {
        self.grouped(&html! {
            div.choices {
                @for (at, choice) in choices.iter().enumerate() {
                    label.choice {
                        input type="radio" name=(self.name) value=(choice.value)
                            id=[(at == 0).then_some(self.id())] checked[choice.value == chosen];
                        span { (choice.text) @if let Some(hint) = choice.hint { small { (hint) } } }
                    }
                }
            }
        })
    }

    /// Some answers, each of which is chosen or not.
    pub fn checkboxes(&self, choices: &[Choice<'_>], chosen: &[&str]) -> Markup {
        self.grouped(&html! {
            div.choices {
                @for (at, choice) in choices.iter().enumerate() {
                    label.choice {
                        input type="checkbox" name=(self.name) value=(choice.value)
                            id=[(at == 0).then_some(self.id())] checked[chosen.contains(&choice.value)];
                        span { (choice.text) @if let Some(hint) = choice.hint { small { (hint) } } }
                    }
                }
            }
        })
    }

    /// A day, as three fields that take every sort of digits; browsers show pickers of days in their own language only.
    pub fn day(&self, [day, month, year]: [&str; 3]) -> Markup {
        let words = Words(self.language);
        let part = |name: &str, label: &str, value: &str, size: u8| {
            let name = format!("{}-{name}", self.name);
            html! {
                label.part {
                    span { (label) }
                    input id=(name) name=(name) value=[(!value.is_empty()).then_some(value)] inputmode="numeric" dir="ltr"
                        autocomplete="off" size=(size) maxlength=(size) aria-invalid=[self.invalid()];
                }
            }
        };
        self.grouped(&html! {
            div.parts id=(self.id()) {
                (part("day", words.day(), day, 2)) (part("month", words.month(), month, 2)) (part("year", words.year(), year, 4))
            }
        })
    }

    /// Files to attach, with what is accepted said first.
    pub fn files(&self, accepts: &str) -> Markup {
        self.labelled(html! {
            input id=(self.id()) name=(self.name) type="file" multiple accept=(accepts)
                aria-describedby=[self.described()] aria-invalid=[self.invalid()];
        })
    }

    fn labelled(&self, control: Markup) -> Markup {
        html! {
            div.field.field--error[self.mistake().is_some()] {
                label for=(self.id()) { (self.label) (self.marked_optional()) }
                (self.notes()) (control)
            }
        }
    }

    fn grouped(&self, controls: &Markup) -> Markup {
        html! {
            fieldset.field.field--error[self.mistake().is_some()] aria-describedby=[self.described()] {
                legend { (self.label) (self.marked_optional()) }
                (self.notes()) (controls)
            }
        }
    }

    fn marked_optional(&self) -> Markup {
        html! { @if self.optional { " " span.optional { "(" (Words(self.language).optional()) ")" } } }
    }

    fn notes(&self) -> Markup {
        html! {
            @if let Some(hint) = self.hint { p.hint id={ (self.id()) "-hint" } { (hint) } }
            @if let Some(sentence) = self.mistake() {
                p.error id={ (self.id()) "-error" } {
                    span.hide { (Words(self.language).error_prefix()) " " } (sentence)
                }
            }
        }
    }

    fn id(&self) -> &str {
        self.id.unwrap_or(self.name)
    }

    fn mistake(&self) -> Option<&str> {
        self.mistakes.of(self.name)
    }

    fn invalid(&self) -> Option<&'static str> {
        self.mistake().map(|_| "true")
    }

    fn described(&self) -> Option<String> {
        let hint = self.hint.map(|_| format!("{}-hint", self.id()));
        let mistake = self.mistake().map(|_| format!("{}-error", self.id()));
        let ids: Vec<String> = hint.into_iter().chain(mistake).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_said_at_its_field_and_in_the_summary() {
        let mut mistakes = Mistakes::default();
        mistakes.add("what", "Write what happened");
        mistakes.add("what", "a second one");
        let field = Field::new(Language::En, "what", "What happened?", &mistakes).hint("In your own words");
        let html = field.lines(100, "<b>\u{202e}").into_string();
        assert!(
            html.contains("aria-describedby=\"what-hint what-error\"")
                && html.contains("aria-invalid=\"true\"")
        );
        assert!(html.contains("&lt;b&gt;") && !html.contains("<b>"), "{html}");
        let summary = mistakes.summary(Language::En).into_string();
        assert!(summary.contains("href=\"#what\"") && summary.contains("Write what happened"), "{summary}");
        assert!(!summary.contains("second"));
        assert_eq!(Mistakes::default().summary(Language::Ar).into_string(), "");
    }
}
