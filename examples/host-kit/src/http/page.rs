//! Pagination: the size of a page and its cursor.

use eovr_core::record::Cursor;
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::Problem;
use super::values;

/// The most items on a page.
const MOST: u32 = 100;

/// Which page of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// Where the page before ended: its `next`.
    #[param(value_type = Option<values::Place>, inline)]
    after: Option<String>,
    /// How many, 1 to 100; 50 where nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

impl After {
    /// # Errors
    /// `InvalidInput` if `after` is not a cursor.
    pub fn cursor(&self) -> Result<Option<Cursor>, Problem> {
        self.after.as_deref().map(place).transpose()
    }

    /// # Errors
    /// As [`limit`].
    pub fn limit(&self) -> Result<u32, Problem> {
        limit(self.limit)
    }
}

/// The page size; 50 by default.
///
/// # Errors
/// `InvalidInput` outside 1 to 100.
pub fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    let limit = asked.unwrap_or(50);
    if (1..=MOST).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::invalid("limit", "a page cannot have that size", format!("1 to {MOST}")))
}

/// The cursor of the next page, as text.
pub fn next(next: Option<Cursor>) -> Option<String> {
    next.map(|next| next.to_string())
}

/// Parses a cursor.
///
/// # Errors
/// `InvalidInput` if the text is not a cursor.
pub fn place(text: &str) -> Result<Cursor, Problem> {
    text.parse()
        .map_err(|_| Problem::invalid("after", "it is not a cursor of this list", "the `next` of a page"))
}
