use std::collections::BTreeMap;

use super::listing::Listing;
use eovr_host::output::Out;

/// The numbers of rows by result.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) rows: u64,
    pub(super) accepted: u64,
    pub(super) rejected: u64,
    pub(super) there: u64,
    /// Those among `there` that an account has disposed of as not reportable.
    pub(super) set_aside: u64,
}

/// The most ranges of lines, and the most imports, that the summary names.
const NAMED: usize = 20;

/// Prints which rows were recognised as reports of other imports by their text alone.
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
            "{} of them have the text of a report from import {earlier}: {}",
            rows.len(),
            lines(&rows)
        ));
    }
    if others > 0 {
        out.line(format_args!("and more, from {others} other imports"));
    }
    out.line(
        "a new report with the same text is not imported: if one of these lines is a new report, take this import \
         and the earlier one back, and import both lists with `--id COLUMN`",
    );
}

/// The lines of these rows. Consecutive rows are one range.
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
