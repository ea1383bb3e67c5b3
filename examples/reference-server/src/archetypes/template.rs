//! How a template becomes a sentence.
//!
//! - `{patient}`, `{ward}`, `{doctor}`, `{item}`, `{other}` are the facts of this report.
//! - `[20|30|45]` is drawn anew each time.
//! - `<he|she>` follows the patient's sex, which Arabic needs in verbs and adjectives as well.

use super::cast::Sex;
use super::random::SplitMix64;

/// The facts that stay the same throughout one report.
pub(super) struct Facts {
    pub(super) sex: Sex,
    pub(super) patient: String,
    pub(super) doctor: String,
    pub(super) ward: &'static str,
    pub(super) item: &'static str,
    pub(super) other: &'static str,
}

impl Facts {
    /// One of the wordings with its slots filled, as a sentence with a capital.
    pub(super) fn tell(&self, wordings: &[&str], random: &mut SplitMix64) -> String {
        let template = random.pick(wordings).copied().unwrap_or_default();
        let mut text = String::with_capacity(template.len() + 40);
        let mut rest = template;
        while let Some((before, slot, after)) = next_slot(rest) {
            text.push_str(before);
            match slot {
                Slot::Fact(name) => text.push_str(self.fact(name)),
                Slot::Choice(options) => {
                    let options: Vec<&str> = options.split('|').collect();
                    text.push_str(random.pick(&options).copied().unwrap_or_default());
                }
                Slot::Sex(forms) => {
                    let (male, female) = forms.split_once('|').unwrap_or((forms, forms));
                    text.push_str(if self.sex == Sex::Male { male } else { female });
                }
            }
            rest = after;
        }
        text.push_str(rest);
        capital(&text)
    }

    /// An unknown name keeps its braces, and a test looks for braces.
    fn fact(&self, name: &str) -> &str {
        match name {
            "patient" => &self.patient,
            "doctor" => &self.doctor,
            "ward" => self.ward,
            "item" => self.item,
            "other" => self.other,
            _ => "{}",
        }
    }
}

enum Slot<'a> {
    Fact(&'a str),
    Choice(&'a str),
    Sex(&'a str),
}

/// The text before the first slot, the slot, and the text after it.
fn next_slot(template: &str) -> Option<(&str, Slot<'_>, &str)> {
    let (before, opened) = template.split_at_checked(template.find(['{', '[', '<'])?)?;
    let mut letters = opened.chars();
    let opening = letters.next()?;
    let inside = letters.as_str();
    let closing = match opening {
        '{' => '}',
        '[' => ']',
        _ => '>',
    };
    let (inside, after) = inside.split_once(closing)?;
    let slot = match opening {
        '{' => Slot::Fact(inside),
        '[' => Slot::Choice(inside),
        _ => Slot::Sex(inside),
    };
    Some((before, slot, after))
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sex: Sex, template: &str, expected: &str) {
        let facts = Facts {
            sex,
            patient: "a man of 60".to_owned(),
            doctor: "Dr Adel".to_owned(),
            ward: "the ward",
            item: "",
            other: "",
        };
        assert_eq!(facts.tell(&[template], &mut SplitMix64::new(1)), expected);
    }

    #[test]
    fn slots_are_filled() {
        check(Sex::Male, "{patient} slipped in {ward}.", "A man of 60 slipped in the ward.");
        check(Sex::Male, "<he|she> fell", "He fell");
        check(Sex::Female, "سقط<|ت> <المريض|المريضة>.", "سقطت المريضة.");
        check(Sex::Male, "سقط<|ت> <المريض|المريضة>.", "سقط المريض.");
        check(Sex::Male, "[x|x] and [y]", "X and y");
        check(Sex::Male, "{unknown}", "{}");
        check(Sex::Male, "open [end", "Open [end");
        check(Sex::Male, "", "");
    }
}
