//! How often somebody may ask.
//!
//! Each process counts for itself: behind a balancer with several nodes a client has as many times more.

use std::net::IpAddr;
use std::num::NonZero;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use sha2::{Digest as _, Sha256};

use crate::http::problem::Problem;

/// What is counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    /// Attempts to log in, from one address.
    Login,
    /// What visitors and holders of a receipt send, from one address.
    Public,
    /// Looks at what is not sent yet, from one address.
    Draft,
    /// What somebody who is in asks.
    Api,
    /// Files that somebody sends.
    Upload,
}

/// Requests a minute, for each category.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PerMinute {
    pub(crate) login: u32,
    pub(crate) public: u32,
    pub(crate) draft: u32,
    /// 0: not counted.
    pub(crate) api: u32,
    pub(crate) upload: u32,
}

impl Default for PerMinute {
    fn default() -> Self {
        Self { login: 30, public: 30, draft: 120, api: 1200, upload: 60 }
    }
}

type Key = [u8; 32];
type Limiter = DefaultKeyedRateLimiter<Key>;

/// The counters.
pub(crate) struct Rates {
    login: Option<Limiter>,
    public: Option<Limiter>,
    draft: Option<Limiter>,
    api: Option<Limiter>,
    upload: Option<Limiter>,
    clock: DefaultClock,
}

impl Rates {
    pub(crate) fn new(rates: PerMinute) -> Self {
        let limiter = |rate| NonZero::new(rate).map(|rate| RateLimiter::keyed(Quota::per_minute(rate)));
        Self {
            login: limiter(rates.login),
            public: limiter(rates.public),
            draft: limiter(rates.draft),
            api: limiter(rates.api),
            upload: limiter(rates.upload),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request of a client. One whose address is not known is counted with all such.
    ///
    /// # Errors
    /// `TooMany`, with the seconds after which it would pass.
    pub(crate) fn by_address(&self, category: Category, client: Option<IpAddr>) -> Result<(), Problem> {
        let text = client.map(|client| client.to_string()).unwrap_or_default();
        self.count(category, text.as_bytes())
    }

    /// Counts a request of somebody who is in.
    ///
    /// # Errors
    /// As [`Rates::by_address`].
    pub(crate) fn by_caller(&self, category: Category, caller: &str) -> Result<(), Problem> {
        self.count(category, caller.as_bytes())
    }

    /// Forgets who has not asked for a while.
    pub(crate) fn tidy(&self) {
        for limiter in [&self.login, &self.public, &self.draft, &self.api, &self.upload].into_iter().flatten()
        {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    fn count(&self, category: Category, who: &[u8]) -> Result<(), Problem> {
        let limiter = match category {
            Category::Login => &self.login,
            Category::Public => &self.public,
            Category::Draft => &self.draft,
            Category::Api => &self.api,
            Category::Upload => &self.upload,
        };
        let Some(limiter) = limiter else { return Ok(()) };
        // A digest has one length, whatever an id has, and tells a dump of memory nothing.
        let key: Key = Sha256::digest(who).into();
        limiter.check_key(&key).map_err(|until| {
            let seconds = until.wait_time_from(self.clock.now()).as_secs() + 1;
            Problem::too_many(u32::try_from(seconds).unwrap_or(u32::MAX))
        })
    }
}
