//! Pages of a list: how many, and where one goes on.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use eovr_core::Timestamp;
use eovr_core::record::{Cursor, RecordId};
use serde::{Deserialize, Serialize, Serializer};
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
        self.after.as_deref().map(Place::read).transpose()
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
    next.map(|next| Place(next).to_string())
}

/// Where a page ended, as text that means something to us alone.
pub(crate) struct Place(pub(crate) Cursor);

impl Place {
    /// # Errors
    /// `InvalidInput` where it is none.
    pub(crate) fn read(text: &str) -> Result<Cursor, Problem> {
        let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        let parts = bytes.split_first_chunk::<8>();
        let parts = parts.and_then(|(at, id)| Some((*at, <[u8; 16]>::try_from(id).ok()?)));
        let (at, id) = parts
            .ok_or_else(|| Problem::invalid("after", "it is no place in the list", "the `next` of a page"))?;
        let created_at = Timestamp::from_micros(i64::from_be_bytes(at));
        Ok(Cursor { created_at, id: RecordId::from_bytes(id) })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 24];
        let at = self.0.created_at.as_micros().to_be_bytes();
        bytes.iter_mut().zip(at.iter().chain(self.0.id.as_bytes())).for_each(|(to, from)| *to = *from);
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
