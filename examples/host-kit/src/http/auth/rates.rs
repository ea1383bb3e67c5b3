//! Rate limits.
//!
//! Each process counts for itself, so behind a load balancer with n nodes a client gets n times the limit.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZero;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use sha2::{Digest as _, Sha256};

use super::failures::{Attempt, Failures};
use crate::http::problem::Problem;

/// What is limited separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// Failed attempts to log in, per address.
    Login,
    /// Token refreshes, per login.
    Renewal,
    /// Requests of visitors, per address.
    Visit,
    /// Checks of draft narratives, per address.
    Draft,
    /// Requests of an authenticated caller.
    Api,
    /// Uploads of an authenticated caller.
    Upload,
    /// Reports per poster.
    Poster,
    /// Reports per facility through its posters, within an hour.
    Facility,
}

/// The limits; 0 means no limit.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(id = "rates")]
pub struct Allowed {
    /// Failed attempts to log in per minute and address, with a wrong password or code; 0, here and below: no limit
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().failures_per_minute)]
    pub failures_per_minute: u32,
    /// Attempts to log in and token refreshes per minute and address, successful or not
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().arrivals_per_minute)]
    pub arrivals_per_minute: u32,
    /// Token refreshes per minute and login
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().renewals_per_minute)]
    pub renewals_per_minute: u32,
    /// Requests of visitors per minute and address
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().visits_per_minute)]
    pub visits_per_minute: u32,
    /// Checks of draft narratives per minute and address
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().drafts_per_minute)]
    pub drafts_per_minute: u32,
    /// Requests per minute of an authenticated caller
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().requests_per_minute)]
    pub requests_per_minute: u32,
    /// Uploads per minute of an authenticated caller
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().files_per_minute)]
    pub files_per_minute: u32,
    /// Reports per minute and poster
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().reports_per_minute_and_poster)]
    pub reports_per_minute_and_poster: u32,
    /// Reports per hour and facility through its posters
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().reports_per_hour_and_facility)]
    pub reports_per_hour_and_facility: u32,
}

impl Default for Allowed {
    fn default() -> Self {
        Self {
            failures_per_minute: 30,
            arrivals_per_minute: 600,
            renewals_per_minute: 12,
            visits_per_minute: 30,
            drafts_per_minute: 120,
            requests_per_minute: 1200,
            files_per_minute: 60,
            reports_per_minute_and_poster: 20,
            reports_per_hour_and_facility: 120,
        }
    }
}

impl Allowed {
    /// No limits.
    pub const ANY: Self = Self {
        failures_per_minute: 0,
        arrivals_per_minute: 0,
        renewals_per_minute: 0,
        visits_per_minute: 0,
        drafts_per_minute: 0,
        requests_per_minute: 0,
        files_per_minute: 0,
        reports_per_minute_and_poster: 0,
        reports_per_hour_and_facility: 0,
    };
}

/// The key of a limiter. It is a digest, so it has a fixed length and a memory dump reveals no id.
pub(super) type Key = [u8; 32];
type Limiter = DefaultKeyedRateLimiter<Key>;

/// The counters.
pub struct Rates {
    failures: Option<Failures>,
    arrivals: Option<Limiter>,
    renewals: Option<Limiter>,
    visits: Option<Limiter>,
    drafts: Option<Limiter>,
    requests: Option<Limiter>,
    files: Option<Limiter>,
    posters: Option<Limiter>,
    facilities: Option<Limiter>,
    clock: DefaultClock,
}

impl Rates {
    /// Counts from zero, with these limits.
    pub fn new(allowed: Allowed) -> Self {
        let per_minute = |rate| NonZero::new(rate).map(|rate| RateLimiter::keyed(Quota::per_minute(rate)));
        let per_hour = |rate| NonZero::new(rate).map(|rate| RateLimiter::keyed(Quota::per_hour(rate)));
        Self {
            failures: NonZero::new(allowed.failures_per_minute).map(|most| Failures::new(most.get())),
            arrivals: per_minute(allowed.arrivals_per_minute),
            renewals: per_minute(allowed.renewals_per_minute),
            visits: per_minute(allowed.visits_per_minute),
            drafts: per_minute(allowed.drafts_per_minute),
            requests: per_minute(allowed.requests_per_minute),
            files: per_minute(allowed.files_per_minute),
            posters: per_minute(allowed.reports_per_minute_and_poster),
            facilities: per_hour(allowed.reports_per_hour_and_facility),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request by its client's address. Returns the attempt if only failures count. All clients without a
    /// known address share one limit.
    ///
    /// # Errors
    /// `TooMany`, with the seconds until the next request is allowed.
    pub async fn by_address(
        &self,
        category: Category,
        client: Option<IpAddr>,
    ) -> Result<Option<Attempt>, Problem> {
        let who = key(client.map(|client| household(client).to_string()).unwrap_or_default().as_bytes());
        match category {
            Category::Login => {
                self.check(self.arrivals.as_ref(), &who)?;
                let Some(failures) = &self.failures else { return Ok(None) };
                failures.begin(who).await.map(Some)
            }
            // The limit per login is checked separately, by [`Rates::by_name`].
            Category::Renewal => self.check(self.arrivals.as_ref(), &who).map(|()| None),
            other => self.check(self.of(other), &who).map(|()| None),
        }
    }

    /// Counts a request by the id of its caller or its subject.
    ///
    /// # Errors
    /// As [`Rates::by_address`].
    pub fn by_name(&self, category: Category, name: &str) -> Result<(), Problem> {
        self.check(self.of(category), &key(name.as_bytes()))
    }

    /// Drops keys without recent requests.
    pub fn tidy(&self) {
        let Self { arrivals, renewals, visits, drafts, requests, files, posters, facilities, .. } = self;
        let all = [arrivals, renewals, visits, drafts, requests, files, posters, facilities];
        for limiter in all.into_iter().flatten() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        self.failures.iter().for_each(Failures::tidy);
    }

    fn of(&self, category: Category) -> Option<&Limiter> {
        match category {
            Category::Login => self.arrivals.as_ref(),
            Category::Renewal => self.renewals.as_ref(),
            Category::Visit => self.visits.as_ref(),
            Category::Draft => self.drafts.as_ref(),
            Category::Api => self.requests.as_ref(),
            Category::Upload => self.files.as_ref(),
            Category::Poster => self.posters.as_ref(),
            Category::Facility => self.facilities.as_ref(),
        }
    }

    fn check(&self, limiter: Option<&Limiter>, who: &Key) -> Result<(), Problem> {
        let Some(limiter) = limiter else { return Ok(()) };
        limiter.check_key(who).map_err(|until| {
            let seconds = until.wait_time_from(self.clock.now()).as_secs() + 1;
            Problem::too_many(u32::try_from(seconds).unwrap_or(u32::MAX))
        })
    }
}

/// The unit that a limit counts: an IPv4 address, or the /64 network of an IPv6 address, because one IPv6 line has 2⁶⁴
/// addresses.
pub fn household(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V4(client) => client.into(),
        IpAddr::V6(client) => Ipv6Addr::from_bits(client.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

fn key(of: &[u8]) -> Key {
    Sha256::digest(of).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_of_an_ipv6_line_are_one_household() {
        let of = |text: &str| household(text.parse().unwrap()).to_string();
        assert_eq!(of("203.0.113.7"), "203.0.113.7");
        assert_eq!(of("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("2001:db8:1:2:ffff::1"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:3::9"), of("2001:db8:1:2::9"));
    }
}
