//! What somebody who watches over the server should know at once: in the log, and as a meter.
//!
//! Addresses are masked: the log is read by people who may not know who works here.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many failed logins within a minute are an attack, or a broken client.
const BURST: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);

/// Counts what failed.
#[derive(Default)]
pub(super) struct Alarm(Mutex<Vec<Instant>>);

impl Alarm {
    /// Somebody could not come in.
    pub(super) fn turned_away(&self, email: &str) {
        tracing::warn!(target: "eovr_server::security", account = masked(email), "login failed");
        metrics::counter!("eovr_logins_failed_total").increment(1);
        if self.is_burst(Instant::now()) {
            raise("login_burst");
        }
    }

    /// Somebody was given another role.
    pub(super) fn role_changed(&self) {
        raise("role_changed");
    }

    /// Once for each burst: it is over when a minute passes with fewer.
    fn is_burst(&self, now: Instant) -> bool {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = recent.len();
        recent.retain(|at| now.duration_since(*at) < MINUTE);
        if recent.len() < BURST {
            recent.push(now);
        }
        before < BURST && recent.len() == BURST
    }
}

fn raise(alert: &'static str) {
    tracing::error!(target: "eovr_server::security", alert, "alert");
    metrics::counter!("eovr_alerts_total", "alert" => alert).increment(1);
}

/// Enough to recognise an address that one knows, too little to learn one.
fn masked(email: &str) -> String {
    let first = |text: &str| text.chars().next().filter(|c| c.is_alphanumeric()).unwrap_or('*');
    match email.rsplit_once('@') {
        Some((name, host)) => format!("{}***@{}***", first(name), first(host)),
        None => "***".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_not_to_be_read() {
        assert_eq!(masked("mona.abdelrahman@hospital.example"), "m***@h***");
        assert_eq!(masked("no address, but Mr Hassan"), "***");
        assert_eq!(masked("@"), "****@****");
        assert_eq!(masked("منى@مستشفى.مصر"), "م***@م***");
    }

    #[test]
    fn twenty_in_a_minute_are_told_once() {
        let alarm = Alarm::default();
        let start = Instant::now();
        let told = |from: u64, to: u64| {
            (from..to).filter(|second| alarm.is_burst(start + Duration::from_secs(*second))).count()
        };
        assert_eq!(told(0, 19), 0);
        assert_eq!(told(19, 50), 1);
        assert_eq!(told(500, 600), 1);
    }
}
