//! Pages of a list: how many, and where one goes on.

use eovr_core::record::Cursor;
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::Problem;
use super::values;

/// The most on a page.
const MOST: u32 = 100;

/// Which page of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct After {
    /// Where the page before ended: its `next`.
    #[param(value_type = Option<values::Place>, inline)]
    after: Option<String>,
    /// How many, 1 to 100; 50 where nothing is said.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

impl After {
    /// # Errors
    /// `InvalidInput` where it is no place in a list.
    pub(crate) fn cursor(&self) -> Result<Option<Cursor>, Problem> {
        self.after.as_deref().map(place).transpose()
    }

    /// # Errors
    /// As [`limit`].
    pub(crate) fn limit(&self) -> Result<u32, Problem> {
        limit(self.limit)
    }
}

/// How many, where nothing is said too.
///
/// # Errors
/// `InvalidInput` outside 1 to 100.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    let limit = asked.unwrap_or(50);
    if (1..=MOST).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::invalid("limit", "a page of that size cannot be had", format!("1 to {MOST}")))
}

/// What to ask for to get the next page.
pub(crate) fn next(next: Option<Cursor>) -> Option<String> {
    next.map(|next| next.to_string())
}

/// Where a page ended, as the client hands it back.
///
/// # Errors
/// `InvalidInput` where it is no place in a list.
pub(crate) fn place(text: &str) -> Result<Cursor, Problem> {
    text.parse().map_err(|_| Problem::invalid("after", "it is no place in the list", "the `next` of a page"))
}
