//! Message files, read and compared.

use std::collections::BTreeMap;

use fluent_syntax::ast::{
    Entry, Expression, InlineExpression, Pattern, PatternElement, Resource, Variant, VariantKey,
};

/// The messages of one file, by their id.
pub(crate) type Messages = BTreeMap<String, Message>;

/// One message.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Message {
    /// Its arguments, and whether each is a number.
    pub(crate) arguments: BTreeMap<String, Sort>,
    pub(crate) pieces: Vec<Piece>,
}

/// How a message uses an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Number,
    Text,
}

/// A part of a message.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece {
    Literal(String),
    Number(String),
    Text(String),
    /// One of several forms: by the exact number, by the language's plural category, and the form of `other`.
    Plural {
        of: String,
        exact: Vec<(u64, Vec<Piece>)>,
        by_category: Vec<(Category, Vec<Piece>)>,
        other: Vec<Piece>,
    },
}

/// The plural categories of Unicode's CLDR that have a form of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    Zero,
    One,
    Two,
    Few,
    Many,
}

/// Words that a function of Rust cannot be called.
const RESERVED: &[&str] = &[
    "as", "async", "await", "box", "break", "const", "continue", "crate", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match",
    "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super",
    "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
    "yield",
];

/// Reads a file. What is wrong with it goes to `flaws`, with the file's path.
pub(crate) fn read(path: &str, text: &str, flaws: &mut Vec<String>) -> Messages {
    let resource: Resource<&str> = match fluent_syntax::parser::parse(text) {
        Ok(resource) => resource,
        Err((_, errors)) => {
            for error in errors {
                let line = text.get(..error.pos.start).unwrap_or_default().lines().count().max(1);
                flaws.push(format!("{path}:{line}: {}", error.kind));
            }
            return Messages::new();
        }
    };
    let mut messages = Messages::new();
    for entry in resource.body {
        let (id, pattern) = match entry {
            Entry::Message(message) => (message.id.name, message.value),
            Entry::Term(term) => {
                flaws.push(format!(
                    "{path}: `-{}` is a term: write its words into the messages",
                    term.id.name
                ));
                continue;
            }
            _ => continue,
        };
        let mut message = Message::default();
        let read = pattern.ok_or("it has no text").and_then(|pattern| message.read(&pattern));
        match read {
            Ok(pieces) => message.pieces = pieces,
            Err(flaw) => flaws.push(format!("{path}: `{id}`: {flaw}")),
        }
        if RESERVED.contains(&id.replace('-', "_").as_str()) {
            flaws.push(format!("{path}: `{id}` is a word of Rust: choose another id"));
        }
        if messages.insert(id.to_owned(), message).is_some() {
            flaws.push(format!("{path}: `{id}` is there twice"));
        }
    }
    messages
}

/// Compares the two languages: each has every message, and an argument is the same sort of thing in both. A language may
/// leave out an argument of the other, as in "one report".
pub(crate) fn compare(folder: &str, english: &Messages, arabic: &Messages, flaws: &mut Vec<String>) {
    for (here, there, name) in [(english, arabic, "ar"), (arabic, english, "en")] {
        for (id, message) in here {
            let Some(other) = there.get(id) else {
                flaws.push(format!("`{id}` is missing in {folder}/{name}.ftl"));
                continue;
            };
            let differs = |(argument, sort): &(&String, &Sort)| {
                other.arguments.get(*argument).is_some_and(|other| other != *sort)
            };
            if let Some((argument, _)) = message.arguments.iter().find(differs)
                && name == "ar"
            {
                flaws.push(format!("`{id}`: `{argument}` is a number in one language and text in the other"));
            }
        }
    }
}

impl Message {
    fn read(&mut self, pattern: &Pattern<&str>) -> Result<Vec<Piece>, &'static str> {
        let piece = |element: &PatternElement<&str>| match element {
            PatternElement::TextElement { value } => Ok(Piece::Literal((*value).to_owned())),
            PatternElement::Placeable { expression } => self.expression(expression),
        };
        pattern.elements.iter().map(piece).collect()
    }

    fn expression(&mut self, expression: &Expression<&str>) -> Result<Piece, &'static str> {
        match expression {
            Expression::Inline(inline) => self.inline(inline),
            Expression::Select { selector, variants } => self.select(selector, variants),
        }
    }

    fn inline(&mut self, inline: &InlineExpression<&str>) -> Result<Piece, &'static str> {
        match inline {
            InlineExpression::StringLiteral { value } => Ok(Piece::Literal((*value).to_owned())),
            InlineExpression::VariableReference { id } => {
                // A number that also chooses the form is a number here, too.
                let sort = *self.arguments.entry(id.name.to_owned()).or_insert(Sort::Text);
                Ok(match sort {
                    Sort::Number => Piece::Number(id.name.to_owned()),
                    Sort::Text => Piece::Text(id.name.to_owned()),
                })
            }
            InlineExpression::FunctionReference { id, .. } if id.name == "NUMBER" => {
                self.number(inline).map(Piece::Number)
            }
            InlineExpression::Placeable { expression } => self.expression(expression),
            _ => Err("a message may use text, `{ $name }`, `{ NUMBER($count) }` and plural forms"),
        }
    }

    /// The name of the argument that is used as a number.
    fn number(&mut self, inline: &InlineExpression<&str>) -> Result<String, &'static str> {
        let name = match inline {
            InlineExpression::VariableReference { id } => id.name,
            InlineExpression::FunctionReference { id, arguments } if id.name == "NUMBER" => {
                match (arguments.positional.as_slice(), arguments.named.as_slice()) {
                    ([InlineExpression::VariableReference { id }], []) => id.name,
                    _ => return Err("`NUMBER` takes one argument, `NUMBER($count)`"),
                }
            }
            _ => return Err("only a number chooses a form, `{ $count -> … }`"),
        };
        match self.arguments.insert(name.to_owned(), Sort::Number) {
            Some(Sort::Text) => Err("an argument is text before it is a number: use `NUMBER` everywhere"),
            _ => Ok(name.to_owned()),
        }
    }

    fn select(
        &mut self,
        selector: &InlineExpression<&str>,
        variants: &[Variant<&str>],
    ) -> Result<Piece, &'static str> {
        let of = self.number(selector)?;
        let (mut exact, mut by_category, mut other) = (Vec::new(), Vec::new(), None);
        for variant in variants {
            let form = self.read(&variant.value)?;
            match variant.key {
                VariantKey::NumberLiteral { value } => {
                    exact.push((value.parse().map_err(|_| "a form is for a whole number")?, form));
                }
                VariantKey::Identifier { name: "other" } => other = Some(form),
                VariantKey::Identifier { name } => {
                    let category = match name {
                        "zero" => Category::Zero,
                        "one" => Category::One,
                        "two" => Category::Two,
                        "few" => Category::Few,
                        "many" => Category::Many,
                        _ => return Err("a form is for `zero`, `one`, `two`, `few`, `many` or `other`"),
                    };
                    by_category.push((category, form));
                }
            }
        }
        let other = other.ok_or("the form `*[other]` is missing")?;
        Ok(Piece::Plural { of, exact, by_category, other })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaws(english: &str, arabic: &str) -> Vec<String> {
        let mut flaws = Vec::new();
        let (english, arabic) = (read("en.ftl", english, &mut flaws), read("ar.ftl", arabic, &mut flaws));
        compare("i18n", &english, &arabic, &mut flaws);
        flaws
    }

    #[test]
    fn each_flaw_is_named_with_its_message() {
        let both = |text: &str| flaws(text, text);
        assert_eq!(both("save = Save\n"), [""; 0]);
        let said = [
            (flaws("save = Save\n", ""), "`save` is missing in i18n/ar.ftl"),
            (flaws("", "save = حفظ\n"), "`save` is missing in i18n/en.ftl"),
            (
                flaws("a = { $n }\n", "a = { NUMBER($n) }\n"),
                "`a`: `n` is a number in one language and text in the other",
            ),
            (flaws("a = 1\na = 2\n", "a = 1\n"), "en.ftl: `a` is there twice"),
            (flaws("a = { $n ->\n *[one] x\n }\n", "a = x\n"), "en.ftl: `a`: the form `*[other]` is missing"),
            (flaws("match = x\n", "match = x\n"), "en.ftl: `match` is a word of Rust: choose another id"),
            (flaws("-app = x\n", ""), "en.ftl: `-app` is a term: write its words into the messages"),
        ];
        for (flaws, expected) in said {
            assert!(flaws.iter().any(|flaw| flaw == expected), "{expected}: {flaws:?}");
        }
        assert!(flaws("a = { $n\n", "a = x\n").iter().any(|flaw| flaw.starts_with("en.ftl:1: ")));
    }

    #[test]
    fn a_language_may_leave_a_number_out() {
        let english = "late = { $count ->\n [one] One is late\n *[other] { $count } are late\n }\n";
        assert_eq!(flaws(english, "late = متأخر\n"), [""; 0]);
        let mut none = Vec::new();
        let read = read("en.ftl", english, &mut none);
        assert_eq!(read["late"].arguments["count"], Sort::Number);
    }
}
