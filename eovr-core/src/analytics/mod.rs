//! What each figure means, which tier may ask for it, and where it comes from.
//!
//! A store counts by reading an index: for the whole country that takes longer with every year. So an
//! engine may keep the counts themselves, in a [`Cube`] for each kind: a few megabytes whatever the number
//! of records, and a national figure in microseconds. It is built from one census of the store and follows
//! the store's feed from there; before every answer the engine reads what is new in the feed, so a figure
//! is what the store itself would have said between the question and the answer. Whatever looks wrong on
//! the way (a position left out, a message that cannot be read, a count below zero) throws the cube away,
//! and the next question builds a new one: an answer may be slow, never wrong.
//!
//! All nodes on one store should tally the same facets: at a message of one that does not, a cube is built
//! anew, so its figures are right and slow.

mod asked;
mod counts;
mod cube;
mod places;
#[cfg(test)]
mod tests;
mod told;

pub use self::cube::Cube;
use crate::access::{ActionRow, Tiers};
use crate::error::Result;
use crate::name::Name;
use crate::record::{Cell, Column};

/// Counts, and where they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// A cell for each combination that occurs, in the order of the keys.
    pub cells: Vec<Cell>,
    /// Who counted.
    pub source: Source,
}

/// Who counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The store.
    Store,
    /// The cube, up to date with the store's feed.
    Memory,
    /// The cube the months that lie wholly before or after a moment, and after it the store the month or
    /// two in between. Every record is counted once, though the two halves are a moment apart.
    Both,
}

/// The rows of the action table for figures: summary from tier 2, trends from tier 3, comparison of
/// places from tier 4.
pub(crate) fn actions() -> Result<(Name, Vec<ActionRow>)> {
    let row = |name: &str, lowest: u8| Ok(ActionRow::new(Name::new(name)?, Tiers::new(lowest, 5)?));
    Ok((Name::new("analytics")?, vec![row("summary", 2)?, row("trends", 3)?, row("compare", 4)?]))
}

/// Which of them a tally is: counting by place compares, counting by time shows a trend, anything else
/// is a summary of what the actor sees.
pub fn action_for(by: &[Column]) -> &'static str {
    let place = |column: &Column| {
        matches!(column, Column::Governorate | Column::Administration | Column::Facility | Column::Author)
    };
    let time = |column: &Column| matches!(column, Column::Month | Column::Created);
    match () {
        () if by.iter().any(place) => "compare",
        () if by.iter().any(time) => "trends",
        () => "summary",
    }
}

/// Cells in the order of their keys, those of the same key added up.
pub(crate) fn in_order(mut cells: Vec<Cell>) -> Vec<Cell> {
    // Stable, because it is quick where much is in order already: both halves of an answer are.
    cells.sort_by(|one, next| one.key.cmp(&next.key));
    cells.dedup_by(|next, kept| {
        let same = next.key == kept.key;
        if same {
            kept.count += next.count;
        }
        same
    });
    cells
}
