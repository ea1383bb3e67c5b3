//! E-mail addresses: an `@` of any width between two parts that can form an address, in any script.

use super::plain::Sign;
use super::{Identifier, IdentifierKind};

pub(super) fn find(signs: &[Sign], found: &mut Vec<Identifier>) {
    for (at, _) in signs.iter().enumerate().filter(|(_, sign)| sign.c == '@') {
        let inside = |sign: &&Sign| {
            sign.c.is_alphanumeric() || matches!(sign.c, '.' | '_' | '-' | '+' | '%' | '\'' | '’')
        };
        // "name @ example.org" has blanks around the sign.
        let blank = |at: Option<usize>| {
            usize::from(at.and_then(|at| signs.get(at)).is_some_and(|sign| sign.c == ' '))
        };
        let (before, after) = (blank(at.checked_sub(1)), blank(Some(at + 1)));
        let (before, after) = if before == after { (at - before, at + 1 + after) } else { (at, at + 1) };
        let (Some(local), Some(host)) = (signs.get(..before), signs.get(after..)) else { continue };
        let local = local.iter().rev().take_while(inside).count();
        let host: Vec<&Sign> = host.iter().take_while(inside).collect();
        let length = host.iter().rposition(|sign| sign.c.is_alphanumeric()).map_or(0, |last| last + 1);
        let host = host.get(..length).unwrap_or_default();
        let dot = host.iter().rposition(|sign| sign.c == '.');
        // "AST @ baseline.1st" is a measurement.
        let top = dot.and_then(|dot| host.get(dot + 1..)).unwrap_or_default();
        let coded = top.iter().take(4).map(|sign| sign.c).eq("xn--".chars());
        let named = dot.is_some_and(|dot| dot > 0)
            && top.len() > 1
            && (coded || top.iter().all(|sign| sign.c.is_alphabetic()));
        if let (true, true, Some(first), Some(last)) =
            (local > 0, named, signs.get(before - local), host.last())
        {
            found.push(Identifier { kind: IdentifierKind::Email, span: first.span.start..last.span.end });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::redact;

    #[test]
    fn addresses_of_any_script_and_width() {
        for mail in [
            "mona.z@hospital.example",
            "mona.z＠hospital.example",
            "o'brien+ward7@hospital.example",
            "منى@مستشفى.مصر",
            "mona@مستشفى.مصر",
            "jörg@münchen.example",
            "mona\u{200E}@hospital.example",
            "mona@xn--mgbaam7a8h.example",
            "mona @ hospital.example",
        ] {
            assert_eq!(redact(&format!("Mail {mail}. Then")), "Mail [email]. Then");
        }
        for other in ["@ward7", "2 @ 50 mg", "5@ a.b", "a@b", "@@@@", "a@.b", "AST @ base.1st"] {
            assert_eq!(redact(other), other);
        }
    }
}
