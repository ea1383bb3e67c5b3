//! How often somebody may ask.
//!
//! Each process counts for itself: behind a balancer with several nodes a client has as many times more.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZero;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use sha2::{Digest as _, Sha256};

use super::failures::{Attempt, Failures};
use crate::http::problem::Problem;

/// What is counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    /// Attempts to log in from one address: those that fail.
    Login,
    /// Renewals of one login.
    Renewal,
    /// What visitors send from one address.
    Visit,
    /// Looks at what is not sent yet, from one address.
    Draft,
    /// What somebody who is in asks.
    Api,
    /// Files that somebody sends.
    Upload,
    /// Reports at one poster.
    Poster,
    /// Reports at the posters of one facility, within an hour.
    Facility,
}

/// How much is let through; 0: any number.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(id = "rates")]
pub(crate) struct Allowed {
    /// Attempts a minute to log in that may fail from one address, with a wrong password or code; 0, here
    /// and below: any number
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().failures_per_minute)]
    pub(crate) failures_per_minute: u32,
    /// Attempts to come in and renewals a minute from one address, whatever becomes of them
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().arrivals_per_minute)]
    pub(crate) arrivals_per_minute: u32,
    /// Renewals a minute of one login
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().renewals_per_minute)]
    pub(crate) renewals_per_minute: u32,
    /// What visitors may send a minute from one address
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().visits_per_minute)]
    pub(crate) visits_per_minute: u32,
    /// Looks a minute at drafts from one address
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().drafts_per_minute)]
    pub(crate) drafts_per_minute: u32,
    /// Requests a minute that somebody who is in may send
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().requests_per_minute)]
    pub(crate) requests_per_minute: u32,
    /// Files a minute that somebody who is in may send
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().files_per_minute)]
    pub(crate) files_per_minute: u32,
    /// Reports a minute at one poster
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().reports_per_minute_and_poster)]
    pub(crate) reports_per_minute_and_poster: u32,
    /// Reports an hour at the posters of one facility
    #[arg(long, value_name = "NUMBER", default_value_t = Self::default().reports_per_hour_and_facility)]
    pub(crate) reports_per_hour_and_facility: u32,
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

#[cfg(test)]
impl Allowed {
    /// Any number of everything.
    pub(crate) const ANY: Self = Self {
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

/// Somebody who is counted. A digest has one length, whatever an id has, and tells a dump of memory nothing.
pub(super) type Key = [u8; 32];
type Limiter = DefaultKeyedRateLimiter<Key>;

/// The counters.
pub(crate) struct Rates {
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
    pub(crate) fn new(allowed: Allowed) -> Self {
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

    /// Counts a request of a client, and gives the attempt that it is, where only its failure counts. A client whose
    /// address is not known is counted with all such.
    ///
    /// # Errors
    /// `TooMany`, with the seconds after which it would pass.
    pub(crate) async fn by_address(
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
            // The login that is renewed is counted where it is known.
            Category::Renewal => self.check(self.arrivals.as_ref(), &who).map(|()| None),
            other => self.check(self.of(other), &who).map(|()| None),
        }
    }

    /// Counts a request by whom or what it is about.
    ///
    /// # Errors
    /// As [`Rates::by_address`].
    pub(crate) fn by_name(&self, category: Category, name: &str) -> Result<(), Problem> {
        self.check(self.of(category), &key(name.as_bytes()))
    }

    /// Forgets who has not asked for a while.
    pub(crate) fn tidy(&self) {
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

/// Whose address it is, as far as can be told: a line with IPv6 has 2⁶⁴ addresses, and is one household all the same.
pub(crate) fn household(client: IpAddr) -> IpAddr {
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
    fn a_line_is_one_household_whatever_address_it_takes() {
        let of = |text: &str| household(text.parse().unwrap()).to_string();
        assert_eq!(of("203.0.113.7"), "203.0.113.7");
        assert_eq!(of("::ffff:203.0.113.7"), "203.0.113.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("2001:db8:1:2:ffff::1"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:3::9"), of("2001:db8:1:2::9"));
    }
}
