use crate::error::Result;
use crate::ports::{Posted, Store, observe};

/// Reads the feed page by page, from a position to the end.
#[derive(Debug)]
pub(crate) struct Follower {
    position: u64,
    page: u32,
    at_end: bool,
}

impl Follower {
    /// Starts behind this position.
    pub(crate) fn after(position: u64) -> Self {
        Self { position, page: 1000, at_end: false }
    }

    /// Reads this many messages at a time.
    pub(crate) fn page(self, page: u32) -> Self {
        Self { page, ..self }
    }

    /// The position of the last message that was read.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Whether the last page was the end of the feed.
    pub(crate) fn at_end(&self) -> bool {
        self.at_end
    }

    /// The next messages, oldest first.
    pub(crate) async fn next(&mut self, store: &dyn Store) -> Result<Vec<Posted>> {
        let page = observe::operation("feed", None, "", store.feed(self.position, self.page)).await?;
        self.at_end = page.is_empty() || page.len() < self.page as usize;
        self.position = page.last().map_or(self.position, |posted| posted.position);
        Ok(page)
    }
}
