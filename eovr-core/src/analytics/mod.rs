//! Figures: their meaning, the tier that may request each, and their source.
//!
//! A store counts by reading an index, and for the whole country that takes longer every year. Therefore an engine
//! can keep the counts itself, in one [`Cube`] for each kind. A cube is a few megabytes whatever the number of
//! records, and answers a national figure in microseconds. It is built from one census of the store and then follows
//! the store's feed. Before every answer the engine reads the new messages of the feed, so a figure is what the store
//! itself would have answered between the request and the response. On any inconsistency (a missing position, an
//! unreadable message, a negative count) the engine discards the cube, and the next request builds a new one. So an
//! answer may be slow, but never wrong.
//!
//! All nodes on one store should tally the same facets. A message from a node that tallies others makes the engine
//! build a new cube, so its figures stay correct but are slow.

mod asked;
mod counts;
mod cube;
mod places;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use self::cube::Cube;
use crate::access::{ActionRow, Tiers};
use crate::error::Result;
use crate::name;
use crate::name::Name;
use crate::record::{Column, TallyCell};

/// Counts and their source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// One cell for each combination that occurs, in the order of the keys.
    pub cells: Vec<TallyCell>,
    /// The source of the counts.
    pub source: Source,
}

/// The source of counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The store.
    Store,
    /// The cube, up to date with the store's feed.
    Memory,
    /// The cube counted the months entirely before or after a moment, and the store the one or two months in between.
    /// Every record is counted once, although the two parts are read a moment apart.
    Both,
}

/// The rows of the action table for figures: summary from tier 2, trends from tier 3, comparison of places from tier
/// 4.
pub(crate) fn actions() -> Result<(Name, Vec<ActionRow>)> {
    let row = |name, lowest| Ok(ActionRow::new(name, Tiers::new(lowest, 5)?));
    let rows = vec![row(name!("summary"), 2)?, row(name!("trends"), 3)?, row(name!("compare"), 4)?];
    Ok((name!("analytics"), rows))
}

/// The action that a tally requires: counting by place is a comparison, counting by time is a trend, anything else is
/// a summary of what the actor sees.
///
/// ```
/// use eovr_core::analytics::action_for;
/// use eovr_core::record::Column;
///
/// assert_eq!(action_for(&[Column::State]), "summary");
/// assert_eq!(action_for(&[Column::Month, Column::State]), "trends");
/// assert_eq!(action_for(&[Column::Facility, Column::Month]), "compare");
/// ```
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

/// Sorts cells by key, and adds up cells with the same key.
pub(crate) fn in_order(mut cells: Vec<TallyCell>) -> Vec<TallyCell> {
    // A stable sort, because it is fast on the two sorted parts of an answer.
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
