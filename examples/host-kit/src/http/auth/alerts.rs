//! Pending alerts. Each goes to the log and to a metric at once, and within seconds to a record that tier 5 is notified
//! of.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use eovr_core::identity::alert::Alert;
use eovr_core::identity::watch::SecurityLog;
use eovr_core::workflow::Label as _;
use eovr_core::{ErrorKind, Result};

use super::client::Trace;

/// The most alerts per day. Beyond ten thousand tampered records, a complete list has no further use.
const MOST: usize = 10_000;
const DAY: u64 = 24 * 3600;

/// The alerts raised today, and those that are not written yet.
#[derive(Default)]
pub(crate) struct Alerts(Mutex<Today>);

#[derive(Default)]
struct Today {
    day: u64,
    told: BTreeSet<(Alert, String)>,
    waiting: VecDeque<Waiting>,
}

#[derive(Clone)]
struct Waiting {
    alert: Alert,
    subject: Option<String>,
    note: Option<String>,
}

impl Alerts {
    /// Raises an alert in the log and as a metric. Returns whether it is the first of today about this subject.
    pub(crate) fn raise(&self, alert: Alert, subject: Option<&str>, trace: Option<&Trace>) -> bool {
        let (request_id, network) = trace.map(|trace| (trace.request_id(), trace.network())).unzip();
        let note = request_id.zip(network.as_ref());
        let note = note.map(|(request_id, network)| format!("request {request_id} from {network}"));
        let first = self.waits(alert, subject, note);
        if first || !is_met_again(alert) {
            let alert = alert.name();
            tracing::error!(target: "eovr_host::security", alert, subject, request_id, network, "alert");
            metrics::counter!("eovr_alerts_total", "alert" => alert).increment(1);
        }
        first
    }

    /// Whether a tampered record was found today.
    pub(crate) fn met_tampering(&self) -> bool {
        let mut today = self.today();
        today.begin(day());
        today.told.iter().any(|(alert, _)| is_of_a_record(*alert))
    }

    /// Writes the pending alerts.
    ///
    /// # Errors
    /// The store's error; the remaining alerts are written by the next call.
    pub(crate) async fn write(&self, log: &SecurityLog) -> Result<()> {
        // An alert leaves the queue after it is written. If the write is interrupted, the next call writes the alert
        // again, and the store finds that it exists already.
        loop {
            let Some(next) = self.today().waiting.front().cloned() else { return Ok(()) };
            match log.raise(next.alert, next.subject.as_deref(), next.note.as_deref()).await {
                // An alert that the store rejects must not block the ones after it.
                Err(error) if error.kind() == ErrorKind::InvalidInput => {
                    tracing::error!(target: "eovr_host::security", alert = next.alert.name(), "the store refuses an alert");
                }
                written => drop(written?),
            }
            self.today().waiting.pop_front();
        }
    }

    fn waits(&self, alert: Alert, subject: Option<&str>, note: Option<String>) -> bool {
        let mut today = self.today();
        today.begin(day());
        if today.told.len() >= MOST || !today.told.insert((alert, subject.unwrap_or_default().to_owned())) {
            return false;
        }
        today.waiting.push_back(Waiting { alert, subject: subject.map(str::to_owned), note });
        true
    }

    fn today(&self) -> MutexGuard<'_, Today> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Today {
    /// Starts a new day, on which each subject is alerted again. Pending alerts stay pending.
    fn begin(&mut self, day: u64) {
        if std::mem::replace(&mut self.day, day) != day {
            self.told.clear();
        }
    }
}

fn is_of_a_record(alert: Alert) -> bool {
    alert == Alert::RecordTampered
}

/// These alerts recur with each request for the record, or with each message, so only the first is logged.
fn is_met_again(alert: Alert) -> bool {
    is_of_a_record(alert) || matches!(alert, Alert::MailFailed | Alert::WebhookFailed)
}

fn day() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_alerted_once_a_day() {
        let alerts = Alerts::default();
        assert!(!alerts.met_tampering());
        let raise = |record| alerts.raise(Alert::RecordTampered, Some(record), None);
        assert_eq!([raise("a"), raise("a"), raise("b")], [true, false, true]);
        assert!(alerts.met_tampering());
        alerts.today().begin(0);
        assert!(raise("a"), "another day");
    }
}
