//! Security events. Each event goes to the log and to a metric at once, and to the security log, which has one record
//! per day.
//!
//! The log masks e-mail addresses and cuts IP addresses to their network, because its readers may not be entitled to
//! know who works here. The request id links to the log line of the request itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use eovr_core::access::{Actor, Seat, Standing};
use eovr_core::identity::alert::Alert;
use eovr_core::identity::watch::{Concern, SecurityLog};
use eovr_core::workflow::Label as _;
use eovr_core::{Eovr, Error, ErrorKind, Result, Timestamp};

use super::alerts::Alerts;
use super::client::Trace;
use crate::http::problem::subject;

/// This many failed logins within a minute count as an attack or a broken client.
const BURST: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);
/// This many wrong codes for one account within an hour count as guessing.
const GUESSES: usize = 3;
/// This many records read by one account within an hour raise [`Concern::BulkRead`].
const BULK: u32 = 2_000;
/// The threshold at night, when no reviewer works on lists.
const AT_NIGHT: u32 = 400;
const HOUR: Duration = Duration::from_secs(3600);
/// The most notes per write to the security log.
const MOST_NOTES: usize = 20;

/// Counts failed logins and the records that each account reads.
#[derive(Default)]
pub struct Alarm {
    failed: Mutex<Vec<Instant>>,
    /// The times of wrong codes, by account.
    codes: Mutex<HashMap<String, Vec<Instant>>>,
    noted: Mutex<Noted>,
    readers: Mutex<HashMap<String, Reader>>,
    alerts: Alerts,
}

/// The step of authentication that failed.
pub(in crate::http) enum Failed<'a> {
    /// The password, for this e-mail address.
    Password(&'a str),
    /// The second-factor code of this account. The password was right.
    Code(&'a str),
    /// A step whose token is not valid.
    Step,
    /// A fresh proof, within a login of this account.
    Proof(&'a str),
}

impl Failed<'_> {
    /// The name of the step, and the account in the form that the log may show.
    fn said(&self) -> (&'static str, String) {
        match self {
            Self::Password(email) => ("password", masked(email)),
            Self::Code(account) => ("code", (*account).to_owned()),
            Self::Step => ("step", "***".to_owned()),
            Self::Proof(account) => ("proof", (*account).to_owned()),
        }
    }
}

/// Counts and notes that are not in the security log yet.
#[derive(Default)]
struct Noted {
    counts: BTreeMap<Concern, u64>,
    notes: Vec<String>,
}

/// What one account has read within the hour.
struct Reader {
    since: Instant,
    records: u32,
    /// Whether the alert of this hour was raised already.
    told: bool,
}

impl Alarm {
    /// The server refused a request.
    pub fn note(&self, concern: Concern, trace: &Trace) {
        tracing::warn!(
            target: "eovr_host::security",
            concern = concern.name(),
            network = trace.network(),
            request_id = trace.request_id(),
            "turned away"
        );
        self.count(concern, None);
    }

    /// A login or a proof failed.
    pub(super) fn failed(&self, failed: &Failed<'_>, trace: &Trace) {
        let (step, account) = failed.said();
        tracing::warn!(
            target: "eovr_host::security",
            step,
            account,
            network = trace.network(),
            request_id = trace.request_id(),
            "login failed"
        );
        metrics::counter!("eovr_logins_failed_total", "step" => step).increment(1);
        // The client that reaches the code step has already given the right password.
        let guessed = matches!(failed, Failed::Code(_)).then(|| format!("second factor guessed: {account}"));
        self.count(Concern::LoginFailed, guessed);
        if let Failed::Code(account) = failed
            && self.is_guessed(account, Instant::now())
        {
            self.alert(Alert::FactorGuessed, Some(account), Some(trace));
        }
        if self.is_burst(Instant::now()) {
            self.raise(Concern::LoginBurst, None);
        }
    }

    /// An account was given another role.
    pub(super) fn role_changed(&self) {
        self.raise(Concern::RoleChanged, None);
    }

    /// A record does not match its audit chain, or a sealed field was changed.
    pub fn tampered(&self, record: &str, trace: Option<&Trace>) {
        self.alert(Alert::RecordTampered, Some(record), trace);
    }

    /// As [`Alarm::tampered`], for an error from background work.
    pub fn of(&self, error: &Error) {
        if error.kind() == ErrorKind::Tampered {
            self.tampered(&subject(error), None);
        }
    }

    /// An event that the daily counts have no name for. It is alerted once a day per subject.
    pub fn alert(&self, alert: Alert, subject: Option<&str>, trace: Option<&Trace>) {
        if self.alerts.raise(alert, subject, trace) {
            let mut noted = lock(&self.noted);
            if noted.notes.len() < MOST_NOTES {
                noted.notes.push(format!("{}: {}", alert.name(), subject.unwrap_or("the host")));
            }
        }
    }

    /// Whether a tampered record was found today.
    pub fn met_tampering(&self) -> bool {
        self.alerts.met_tampering()
    }

    /// An account reads this many records.
    pub fn read(&self, actor: &Actor, records: u32, eovr: &Eovr, now: Timestamp) {
        if let Some(concern) = self.is_too_much(actor.id().as_str(), records, is_night(actor, eovr, now)) {
            self.raise(concern, Some(actor.id().as_str()));
        }
    }

    /// Writes the pending counts and notes to the security log.
    ///
    /// # Errors
    /// The store's error; the next call writes them again.
    pub async fn write(&self, log: &SecurityLog) -> Result<()> {
        self.alerts.write(log).await?;
        let Noted { counts, notes } = std::mem::take(&mut *lock(&self.noted));
        if counts.is_empty() && notes.is_empty() {
            return Ok(());
        }
        let note = (!notes.is_empty()).then(|| notes.join("\n"));
        let written = log.add(&counts, note.as_deref()).await;
        if written.is_err() {
            let mut noted = lock(&self.noted);
            counts
                .into_iter()
                .for_each(|(concern, count)| *noted.counts.entry(concern).or_default() += count);
            noted.notes.extend(notes);
            noted.notes.truncate(MOST_NOTES);
        }
        written
    }

    /// Drops accounts without a read or a wrong code within the last hour.
    pub fn tidy(&self) {
        lock(&self.readers).retain(|_, reader| reader.since.elapsed() < HOUR);
        lock(&self.codes).retain(|_, wrong| wrong.last().is_some_and(|at| at.elapsed() < HOUR));
    }

    /// `subject`: the account that the concern is about.
    fn raise(&self, concern: Concern, subject: Option<&str>) {
        if let Some(alert) = Alert::named(concern.name()) {
            self.alerts.raise(alert, subject, None);
        }
        self.count(concern, subject.map(|subject| format!("{}: {subject}", concern.name())));
    }

    fn count(&self, concern: Concern, note: Option<String>) {
        let mut noted = lock(&self.noted);
        *noted.counts.entry(concern).or_default() += 1;
        if noted.notes.len() < MOST_NOTES {
            noted.notes.extend(note);
        }
    }

    /// True once per burst. A burst ends when a minute passes with fewer failures.
    fn is_burst(&self, now: Instant) -> bool {
        let mut recent = lock(&self.failed);
        let before = recent.len();
        recent.retain(|at| now.duration_since(*at) < MINUTE);
        if recent.len() < BURST {
            recent.push(now);
        }
        before < BURST && recent.len() == BURST
    }

    fn is_guessed(&self, account: &str, now: Instant) -> bool {
        let mut codes = lock(&self.codes);
        let wrong = codes.entry(account.to_owned()).or_default();
        wrong.retain(|at| now.duration_since(*at) < HOUR);
        if wrong.len() < GUESSES {
            wrong.push(now);
        }
        wrong.len() >= GUESSES
    }

    /// The concern, once per account and hour.
    fn is_too_much(&self, who: &str, records: u32, night: bool) -> Option<Concern> {
        let mut readers = lock(&self.readers);
        let reader = readers.entry(who.to_owned()).or_insert_with(Reader::new);
        if reader.since.elapsed() >= HOUR {
            *reader = Reader::new();
        }
        reader.records = reader.records.saturating_add(records);
        let concern = match reader.records {
            BULK.. => Concern::BulkRead,
            AT_NIGHT.. if night => Concern::OffHoursRead,
            _ => return None,
        };
        let told = std::mem::replace(&mut reader.told, true);
        (!told).then_some(concern)
    }
}

impl Reader {
    fn new() -> Self {
        Self { since: Instant::now(), records: 0, told: false }
    }
}

/// From 22:00 to 06:00 in the time zone of the account's facility; for accounts above facility level, in the time zone
/// of the organisation's first facility.
fn is_night(actor: &Actor, eovr: &Eovr, now: Timestamp) -> bool {
    let org = eovr.org();
    let facility = match actor.standing() {
        Standing::Member { seat: Seat::Facility(stamp), .. } => Some(&stamp.facility),
        _ => org.stamps().next().map(|stamp| &stamp.facility),
    };
    let Some(zone) = facility.map(|facility| org.zone(facility)) else { return false };
    let hour = jiff::Timestamp::from_microsecond(now.as_micros()).map(|now| now.to_zoned(zone).hour());
    hour.is_ok_and(|hour| !(6..22).contains(&hour))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The first letters only: a reader who knows the address recognises it, and other readers cannot learn it.
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
    fn the_log_masks_addresses() {
        assert_eq!(masked("mona.abdelrahman@hospital.example"), "m***@h***");
        assert_eq!(masked("no address, but Mr Hassan"), "***");
        assert_eq!(masked("@"), "****@****");
        assert_eq!(masked("منى@مستشفى.مصر"), "م***@م***");
    }

    #[test]
    fn twenty_failures_in_a_minute_raise_one_alert() {
        let alarm = Alarm::default();
        let start = Instant::now();
        let told = |from: u64, to: u64| {
            (from..to).filter(|second| alarm.is_burst(start + Duration::from_secs(*second))).count()
        };
        assert_eq!(told(0, 19), 0);
        assert_eq!(told(19, 50), 1);
        assert_eq!(told(500, 600), 1);
    }

    #[test]
    fn bulk_reading_raises_one_alert_per_hour() {
        let alarm = Alarm::default();
        let told = |night: bool, lists: usize| {
            (0..lists).filter_map(|_| alarm.is_too_much("quality-1", 50, night)).collect::<Vec<_>>()
        };
        assert_eq!(told(false, 39), []);
        assert_eq!(told(false, 30), [Concern::BulkRead]);
        let alarm = Alarm::default();
        let one = |night| alarm.is_too_much("quality-1", 50, night);
        assert_eq!((0..7).find_map(|_| one(true)), None);
        assert_eq!(one(true), Some(Concern::OffHoursRead));
        assert_eq!(alarm.is_too_much("quality-2", 50, true), None);
    }
}
