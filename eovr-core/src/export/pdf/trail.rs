//! The audit trail as a table, with the verifier's verdict.

use jiff::tz::TimeZone;

use super::flow::{Cell, Flow, SMALL};
use super::fonts::Weight;
use super::incident::{head, stacked};
use super::lines::Style;
use crate::audit::{Hex, Verdict};
use crate::export::columns::{Column, on_the_wall};
use crate::export::titles::{self, Lang, Words, words};
use crate::service::{Entry, Trail};

const HEADS: &[Words] = &[
    words("No.", "م"),
    words("When", "الوقت"),
    words("Who", "من"),
    words("What", "الحدث"),
    words("Status", "الحالة"),
    words("Note and changes", "الملاحظة والتغييرات"),
];

const CHECKPOINT: Words = words("Signed checkpoint of the log", "نقطة تحقق موقعة من السجل");

pub(super) fn draw(flow: &mut Flow<'_>, trail: &Trail, zone: &TimeZone, checkpoint: Option<&str>) {
    let lang = flow.lang;
    let head_hash = Hex(&trail.record.envelope().head.hash).to_string();
    let (ground, colour) = match trail.verdict.is_intact() {
        true => (0x00E2_EFDA, 0x0037_5623),
        false => (0x00F8_D7DA, 0x0084_1C26),
    };
    let style = Style { size: 9.5, weight: Weight::Bold, colour };
    let mut said = verdict(&trail.verdict, lang);
    said.push_str(&format!("\nSHA-256 {head_hash}"));
    if let Some(checkpoint) = checkpoint {
        said.push_str(&format!("\n{}:\n{checkpoint}", CHECKPOINT.of(lang)));
    }
    flow.notice(&said, style, ground);
    flow.gap(6.0);
    let rows: Vec<Vec<Cell>> = trail.entries.iter().map(|entry| row(entry, zone, lang)).collect();
    flow.table(&[5.0, 13.0, 19.0, 17.0, 19.0, 27.0], Some(&head(HEADS, lang)), &rows);
}

/// The verifier's verdict in words.
fn verdict(verdict: &Verdict, lang: Lang) -> String {
    let (en, ar) = match verdict {
        Verdict::Intact { events, authenticated } if events == authenticated => (
            format!(
                "Verified: {events} events, each follows from the one before and was made by this system, and the record is what the last one left."
            ),
            format!(
                "تم التحقق: عدد الأحداث {events}، كل حدث يتبع ما قبله وأنشأه هذا النظام، والسجل مطابق لآخر حدث."
            ),
        ),
        Verdict::Intact { events, authenticated } => (
            format!(
                "Verified: {events} events, each follows from the one before, and the record is what the last one left. An older release wrote {} of them, which carry no code of this system.",
                events - authenticated
            ),
            format!(
                "تم التحقق: عدد الأحداث {events}، كل حدث يتبع ما قبله، والسجل مطابق لآخر حدث. منها {} كتبها إصدار أقدم ولا تحمل رمز هذا النظام.",
                events - authenticated
            ),
        ),
        Verdict::Broken { seq, finding } => (
            format!("NOT VERIFIED, event {seq}: {finding}."),
            format!("لم يُتحقق من السجل، الحدث رقم {seq}:\n{finding}"),
        ),
    };
    match lang {
        Lang::En => en,
        Lang::Ar => ar,
        Lang::Both => format!("{en}\n{ar}"),
    }
}

pub(super) fn row(entry: &Entry, zone: &TimeZone, lang: Lang) -> Vec<Cell> {
    let event = &entry.event;
    let titled =
        |code: &str| titles::words_of(code).map_or_else(|| code.to_owned(), |words| stacked(words, lang));
    let states = match &event.from {
        Some(from) if *from != event.to => {
            let arrow = if lang.rtl() { "←" } else { "→" };
            let one = |code: &str| {
                titles::words_of(code).map_or_else(|| code.to_owned(), |words| one_of(words, lang))
            };
            format!("{} {arrow} {}", one(from.as_str()), one(event.to.as_str()))
        }
        Some(_) => String::new(),
        None => titled(event.to.as_str()),
    };
    let mut said = entry.note.as_ref().map(|note| note.to_string()).unwrap_or_default();
    let changed: Vec<String> = event.changes.keys().map(|name| changed(name.as_str(), lang)).collect();
    if !changed.is_empty() {
        if !said.is_empty() {
            said.push('\n');
        }
        said.push_str(&changed.join(if lang.rtl() { "، " } else { ", " }));
    }
    let who = format!("{}\n{}", event.actor, titled(&event.capacity));
    let cells = [
        event.seq.to_string(),
        on_the_wall(event.at, zone),
        who,
        titled(event.action.as_str()),
        states,
        said,
    ];
    cells.into_iter().map(|text| Cell::new(text, SMALL)).collect()
}

/// One language where there is no room for two: English beside English headings, Arabic beside Arabic ones.
fn one_of(words: Words, lang: Lang) -> String {
    (if lang.rtl() { words.ar } else { words.en }).to_owned()
}

/// The title of a changed field.
fn changed(name: &str, lang: Lang) -> String {
    let lang = if lang.rtl() { Lang::Ar } else { Lang::En };
    match (Column::named(name), titles::words_of(name)) {
        (Some(column), _) => column.title(lang).into_owned(),
        (None, Some(words)) => words.of(lang).into_owned(),
        (None, None) => name.to_owned(),
    }
}
