use crate::error::Result;
use crate::record::{Page, Query, Record};
use crate::service::Session;

/// The pages of a query, in order.
///
/// ```
/// # use eovr_core::{Result, Session, record::Query};
/// # async fn example(session: Session, query: Query) -> Result<()> {
/// let mut pages = session.pages(query);
/// while let Some(page) = pages.next().await? {
///     println!("{} records", page.items.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Pages {
    session: Session,
    query: Option<Query>,
}

impl Session {
    /// The pages of a query, from its cursor to the end. Each has the query's limit.
    pub fn pages(&self, query: Query) -> Pages {
        Pages { session: self.clone(), query: Some(query) }
    }
}

impl Pages {
    /// The next page; `None` after the last.
    ///
    /// # Errors
    /// As [`Session::find`]. After an error the next call reads the same page again.
    pub async fn next(&mut self) -> Result<Option<Page<Record>>> {
        let Some(query) = &self.query else { return Ok(None) };
        let page = self.session.find(query).await?;
        self.query = self.query.take().zip(page.next).map(|(query, next)| query.after(Some(next)));
        Ok(Some(page))
    }
}
