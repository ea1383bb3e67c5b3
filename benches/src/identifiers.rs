//! De-identification beside Microsoft Presidio, on invented narratives with known identifiers.
//!
//! An identifier is found if all of its letters and digits are removed, under any label. Precision also counts letters
//! and digits: "[name and drug]" is half wrong. Presidio has no model for Arabic, so only its patterns run there.

use std::collections::BTreeMap;
use std::ops::Range;
use std::process::{Command, Stdio};

use eovr_core::triage::deidentify;
use serde::Deserialize;

use crate::table::{Line, say};
use crate::{Outcome, Scale};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/python/deidentify_peer.py");

/// A narrative: its identifiers, and the peer's findings. Spans are in characters, as Python counts.
#[derive(Deserialize)]
struct Labelled {
    lang: String,
    text: String,
    gold: Vec<(usize, usize, String)>,
    peer: Vec<(usize, usize, String)>,
}

/// Letters and digits: to be found, and found.
#[derive(Clone, Copy, Default)]
struct Count {
    there: usize,
    found: usize,
    said: usize,
    right: usize,
}

impl Count {
    fn recall(self) -> f64 {
        self.found as f64 / self.there as f64
    }

    fn precision(self) -> f64 {
        self.right as f64 / self.said as f64
    }
}

/// The row `deidentify-peers`.
pub(crate) fn peer_rows(scale: Scale, size: Option<usize>) -> Outcome<Vec<Line>> {
    let (header, told) = told(size.unwrap_or(scale.pick(2000, 60)))?;
    say(&format!("deidentify: {header}"));
    // Ours and the peer's, by language, and within it by kind and in total.
    let mut counts: BTreeMap<(String, String), [Count; 2]> = BTreeMap::new();
    for told in &told {
        let starts: Vec<usize> =
            told.text.char_indices().map(|(at, _)| at).chain([told.text.len()]).collect();
        let bytes = |from: usize, to: usize| {
            Some(starts.get(from).copied()?..starts.get(to).copied()?).filter(|span| span.start < span.end)
        };
        let spans = |of: &[(usize, usize, String)]| -> Outcome<Vec<Range<usize>>> {
            let spans = of.iter().map(|(from, to, _)| bytes(*from, *to));
            spans.collect::<Option<_>>().ok_or_else(|| "a place outside of its narrative".into())
        };
        let gold = spans(&told.gold)?;
        let said =
            [deidentify::find(&told.text).into_iter().map(|one| one.span).collect(), spans(&told.peer)?];
        for (who, said) in said.iter().enumerate() {
            let mut count = |kind: &str, add: Count| {
                let of = counts.entry((told.lang.clone(), kind.to_owned())).or_default();
                if let Some(of) = of.get_mut(who) {
                    of.there += add.there;
                    of.found += add.found;
                    of.said += add.said;
                    of.right += add.right;
                }
            };
            for (span, (.., kind)) in gold.iter().zip(&told.gold) {
                let found = usize::from(covered(&told.text, span, said));
                let one = Count { there: 1, found, ..Count::default() };
                count(kind, one);
                count("all", one);
            }
            let taken = letters(&told.text, said);
            let right = taken.iter().filter(|at| gold.iter().any(|gold| gold.contains(at))).count();
            count("all", Count { said: taken.len(), right, ..Count::default() });
        }
    }
    let mut lines = Vec::new();
    for ((lang, kind), [ours, peer]) in counts {
        let row = |what: &str, of: fn(Count) -> f64| {
            Line::new(format!("deidentify, {lang}: {kind}, {what}"), format!("{:.3}", of(ours)))
                .floor(format!("{:.3}  Presidio", of(peer)), of(ours) / of(peer))
        };
        lines.push(row(&format!("recall of {}", ours.there), Count::recall));
        if kind == "all" {
            lines.push(row(&format!("precision of {} letters", ours.said), Count::precision));
        }
    }
    Ok(lines)
}

/// Whether the findings cover every letter and digit of a span.
fn covered(text: &str, span: &Range<usize>, said: &[Range<usize>]) -> bool {
    letters(text, std::slice::from_ref(span)).iter().all(|at| said.iter().any(|said| said.contains(at)))
}

/// The positions of the letters and digits of some spans, each once.
fn letters(text: &str, of: &[Range<usize>]) -> Vec<usize> {
    let all = text.char_indices().filter(|(_, c)| c.is_alphanumeric()).map(|(at, _)| at);
    all.filter(|at| of.iter().any(|span| span.contains(at))).collect()
}

fn told(count: usize) -> Outcome<(String, Vec<Labelled>)> {
    let how = "a Python with presidio-analyzer, faker and an English model of spaCy, such as en_core_web_lg";
    let python = std::env::var_os("EOVR_PRESIDIO").or_else(|| std::env::var_os("EOVR_PYTHON"));
    let python = python.ok_or_else(|| format!("EOVR_PRESIDIO is not set: {how}"))?;
    let output = Command::new(&python)
        .args(["-B", SCRIPT])
        .args([count.to_string(), "1".to_owned()])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("`{}`: {error}: {how}", python.display()))?;
    let text = String::from_utf8(output.stdout)?;
    let mut lines = text.lines();
    let header = lines.next().ok_or("the peer ended early; its own words are above")?.to_owned();
    let told: Vec<Labelled> = lines.map(serde_json::from_str).collect::<Result<_, _>>()?;
    if told.len() != count {
        return Err("the peer ended early; its own words are above".into());
    }
    Ok((header, told))
}
