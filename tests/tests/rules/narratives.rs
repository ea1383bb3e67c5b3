//! Tests on real narratives, where available: the folder `EOVR_DATA` with CSV files that have a column `text`. This
//! repository contains none, because the texts belong to other people.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::path::PathBuf;

use eovr_core::triage::{Case, EmbeddedRules, Scorer as _, Suggestion};

/// Calls `look` with every narrative and counts them; prints a note if there are none.
fn every_narrative(mut look: impl FnMut(&str, &str)) -> Option<usize> {
    let Some(folder) = std::env::var_os("EOVR_DATA").map(PathBuf::from) else {
        println!("EOVR_DATA is not set: no real narratives were read");
        return None;
    };
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "csv") {
            continue;
        }
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut rows = csv::Reader::from_path(&path).unwrap();
        let Some(column) = rows.headers().unwrap().iter().position(|name| name == "text") else { continue };
        for row in rows.records() {
            look(&file, row.unwrap().get(column).unwrap());
            count += 1;
        }
    }
    assert!(count > 0, "EOVR_DATA has no CSV file with a column `text`");
    println!("{count} real narratives read");
    Some(count)
}

fn score(narrative: &str) -> Suggestion {
    EmbeddedRules.score(&Case { narrative, ..Case::default() })
}

/// On real text, the points of the reasons add up to the score, and each span points into the text.
#[test]
fn every_score_of_a_real_narrative_explains_itself() {
    every_narrative(|file, narrative| {
        let suggestion = score(narrative);
        let sum: i32 = suggestion.reasons.iter().map(|reason| i32::from(reason.points)).sum();
        assert_eq!(sum.clamp(0, 100), i32::from(suggestion.score), "in {file}");
        for span in suggestion.reasons.iter().filter_map(|reason| reason.span.clone()) {
            assert!(
                narrative.get(span).is_some_and(|words| !words.is_empty()),
                "a span misses the text in {file}"
            );
        }
    });
}

/// Device reports close with "no report of death, serious injury or mistreatment". A reader that ignores the "no" flags
/// nearly half of them.
#[test]
fn a_denied_death_raises_no_flag() {
    let (mut reports, mut flagged) = (0, 0);
    every_narrative(|file, narrative| {
        if file.starts_with("maude") {
            reports += 1;
            flagged += u32::from(score(narrative).high_risk);
        }
    });
    println!("{flagged} of {reports} device reports flagged");
    assert!(flagged * 100 <= reports * 5, "{flagged} of {reports} flagged: negation is not understood");
}
