//! Messages as functions.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::messages::{Message, Messages, Piece, Sort};

/// The source of the type `Words`, with a function for each message that both languages have.
pub(crate) fn generated(kit: &str, english: &Messages, arabic: &Messages) -> String {
    let mut code = format!(
        "use {kit}::Language;\n\
         /// The words of the pages in one language.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq)]\n\
         pub(crate) struct Words(pub(crate) Language);\n\
         impl Words {{\n"
    );
    for (id, message) in english {
        if let Some(other) = arabic.get(id) {
            code.push_str(&function(kit, id, message, other));
        }
    }
    code.push_str("}\n");
    code
}

fn function(kit: &str, id: &str, english: &Message, arabic: &Message) -> String {
    let name = id.replace('-', "_");
    if let (Some(english), Some(arabic)) = (literal(&english.pieces), literal(&arabic.pieces)) {
        return format!(
            "pub(crate) const fn {name}(self) -> &'static str {{ match self.0 {{ Language::En => {english:?}, \
             Language::Ar => {arabic:?} }} }}\n"
        );
    }
    let arguments: BTreeMap<&String, &Sort> = english.arguments.iter().chain(&arabic.arguments).collect();
    let parameters = arguments.iter().fold(String::new(), |mut all, (argument, sort)| {
        let sort = match sort {
            Sort::Number => "u64",
            Sort::Text => "&str",
        };
        let _ = write!(all, ", {}: {sort}", argument.replace('-', "_"));
        all
    });
    let unused = |message: &Message| {
        let absent = arguments.keys().filter(|argument| !message.arguments.contains_key(**argument));
        absent.fold(String::new(), |all, argument| format!("{all}let _ = {}; ", argument.replace('-', "_")))
    };
    format!(
        "pub(crate) fn {name}(self{parameters}) -> String {{ let mut said = String::new(); match self.0 {{ \
         Language::En => {{ {}{} }} Language::Ar => {{ {}{} }} }} said }}\n",
        unused(english),
        statements(kit, &english.pieces),
        unused(arabic),
        statements(kit, &arabic.pieces),
    )
}

/// The text of a message that is nothing else.
fn literal(pieces: &[Piece]) -> Option<String> {
    let texts = pieces.iter().map(|piece| match piece {
        Piece::Literal(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn statements(kit: &str, pieces: &[Piece]) -> String {
    pieces.iter().fold(String::new(), |all, piece| all + &statement(kit, piece))
}

fn statement(kit: &str, piece: &Piece) -> String {
    match piece {
        Piece::Literal(text) => match text.chars().collect::<Vec<_>>()[..] {
            [sign] => format!("said.push({sign:?}); "),
            _ => format!("said.push_str({text:?}); "),
        },
        Piece::Number(name) => format!("said.push_str(&self.0.number({})); ", name.replace('-', "_")),
        // A first strong isolate, so that a name of the other direction does not move the words around it.
        Piece::Text(name) => {
            format!(
                "said.push('\\u{{2068}}'); said.push_str({}); said.push('\\u{{2069}}'); ",
                name.replace('-', "_")
            )
        }
        Piece::Plural { of, exact, by_category, other } => {
            let of = of.replace('-', "_");
            let mut arms = String::new();
            for (number, form) in exact {
                let _ = write!(arms, "({number}, _) => {{ {} }} ", statements(kit, form));
            }
            for (category, form) in by_category {
                let _ = write!(arms, "(_, {kit}::Plural::{category:?}) => {{ {} }} ", statements(kit, form));
            }
            format!("match ({of}, self.0.plural({of})) {{ {arms}_ => {{ {} }} }} ", statements(kit, other))
        }
    }
}
