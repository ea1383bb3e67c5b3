//! What each figure means, and which tier may ask for it.

use crate::access::{ActionRow, Tiers};
use crate::error::Result;
use crate::name::Name;
use crate::record::Column;

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
