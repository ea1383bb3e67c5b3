use std::collections::BTreeMap;

use super::listing::Listing;
use crate::output::Out;

/// What became of the rows.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) rows: u64,
    pub(super) accepted: u64,
    pub(super) rejected: u64,
    pub(super) there: u64,
    /// Of those that are there: set aside since, one by one.
    pub(super) set_aside: u64,
}

/// How many stretches of lines and how many imports are named.
const NAMED: usize = 20;

/// Says which rows are reports of other imports by their words alone.
pub(super) fn say_known_by_words(out: &mut Out, import: &str, listings: &[Listing]) {
    let mut by_import: BTreeMap<&str, Vec<&Listing>> = BTreeMap::new();
    for listing in listings.iter().filter(|one| one.stands() && one.made_by != import) {
        by_import.entry(&listing.made_by).or_default().push(listing);
    }
    if by_import.is_empty() {
        return;
    }
    let others = by_import.len().saturating_sub(NAMED);
    for (earlier, mut rows) in by_import.into_iter().take(NAMED) {
        rows.sort_by_key(|row| row.row);
        out.line(format_args!(
            "{} of them by their words, from import {earlier}: {}",
            rows.len(),
            lines(&rows)
        ));
    }
    if others > 0 {
        out.line(format_args!("and more, from {others} other imports"));
    }
    out.line(
        "a new report in the same words is left out so: where one of these lines is one, take this import and the \
         earlier one back, and import both lists with `--id COLUMN`",
    );
}

/// The lines of these rows; rows that follow each other are one stretch.
fn lines(rows: &[&Listing]) -> String {
    let stretches: Vec<_> = rows.chunk_by(|one, next| one.row + 1 == next.row).collect();
    let named = stretches.iter().take(NAMED).filter_map(|stretch| match stretch {
        [one] => Some(one.line.to_string()),
        [first, .., last] => Some(format!("{}-{}", first.line, last.line)),
        [] => None,
    });
    let named = named.collect::<Vec<_>>().join(", ");
    let others: usize = stretches.iter().skip(NAMED).map(|stretch| stretch.len()).sum();
    let word = if rows.len() == 1 { "line" } else { "lines" };
    match others {
        0 => format!("{word} {named}"),
        others => format!("{word} {named} and {others} others"),
    }
}
