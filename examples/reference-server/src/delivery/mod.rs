//! The delivery: takes messages out of the outbox and notifies people and systems.
//!
//! It runs in the background, and no request waits for it. Each node has one. A lease or a claim stops two nodes from
//! sending the same notice.

mod mail;
mod smtp;
#[cfg(test)]
mod tests;
mod verdict;
mod webhook;
mod words;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use eovr_core::identity::alert::Alert;
use eovr_core::incident;
use eovr_core::notice::{Channel, Claim, Dispatcher, Due, Recipient, account_rules, alert_rules};
use eovr_core::{Eovr, Result};
use eovr_host::http::auth::{Alarm, Auth};
use eovr_host::http::problem::subject;
use eovr_host::output::Failure;
use eovr_host::signals::Signals;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use sha2::{Digest as _, Sha256};

use self::mail::Mail;
use self::verdict::{Fault, Unsent};
use self::webhook::Webhook;

/// The interval between two looks into the outbox.
const LOOK: Duration = Duration::from_secs(1);

/// The topic whose notices are gathered in one mail and limited, because every visitor at a poster can cause one.
const GATHERED: &str = "incident.report";

/// How mail and webhooks are set up.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(id = "delivery")]
pub(crate) struct Args {
    /// The mail service: `smtps://USER:PASSWORD@HOST`, `smtp://USER:PASSWORD@HOST?tls=required`, or the address of
    /// SendGrid's API (`https://api.sendgrid.com/v3/mail/send`), whose key is EOVR_MAIL_KEY. Without it no mail is sent
    #[arg(long, value_name = "URL", env = "EOVR_MAIL", hide_env_values = true)]
    mail: Option<String>,
    /// The sender address of mail
    #[arg(long, value_name = "ADDRESS", env = "EOVR_MAIL_FROM", requires = "mail")]
    mail_from: Option<String>,
    /// Mails per hour to one person about new reports; one later mail covers all reports beyond the limit; 0: no limit
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    report_mails_per_hour: u32,
    /// A system that receives every change, signed with EOVR_WEBHOOK_SECRET
    #[arg(long, value_name = "URL", env = "EOVR_WEBHOOK", hide_env_values = true)]
    webhook: Option<String>,
}

impl Args {
    /// A description of the recipients; `None` if the server sends no mail and has no webhook.
    ///
    /// # Errors
    /// As [`Delivery::new`]; if mail and its password would go over an unencrypted connection.
    pub(crate) fn check(&self) -> Result<Option<String>, Failure> {
        let mut told = Vec::new();
        if let Some(url) = &self.mail {
            if !Mail::new(url, self.mail_from.as_deref())?.is_protected() {
                return Err(Failure::usage(
                    "mail and its password would go over an unencrypted connection",
                    "write smtps://USER:PASSWORD@HOST, or smtp://USER:PASSWORD@HOST?tls=required",
                ));
            }
            told.push("people");
        }
        if let Some(url) = &self.webhook {
            Webhook::new(url)?;
            told.push("another system");
        }
        Ok((!told.is_empty()).then(|| format!("for {}", told.join(" and "))))
    }
}

/// The delivery of a server.
pub(crate) struct Delivery {
    dispatcher: Dispatcher,
    mail: Option<Mail>,
    /// The rate limit of mails about new reports, by recipient.
    reports: Option<DefaultKeyedRateLimiter<String>>,
    webhook: Option<Webhook>,
    /// The address of the server for people.
    public_url: Option<String>,
    signals: Signals,
}

impl Delivery {
    /// Sets up the delivery. If `analysed`, it opens an analysis for each new report.
    ///
    /// # Errors
    /// If an address is not valid or a secret is missing.
    pub(crate) fn new(
        eovr: &Eovr,
        args: &Args,
        public_url: Option<&str>,
        analysed: bool,
    ) -> Result<Self, Failure> {
        let from = args.mail_from.as_deref();
        let mail = args.mail.as_deref().map(|url| Mail::new(url, from)).transpose()?;
        let webhook = args.webhook.as_deref().map(Webhook::new).transpose()?;
        let mut channels = vec![Channel::InApp];
        channels.extend(mail.is_some().then_some(Channel::Email));
        channels.extend(webhook.is_some().then_some(Channel::Webhook));
        let mut rules = [incident::notice_rules(), account_rules(), alert_rules()].concat();
        if analysed {
            rules.push(incident::analysis_rule());
        }
        let dispatcher = Dispatcher::new(eovr, rules, &channels)?;
        let signals = Signals::new(mail.is_some());
        let reports = NonZero::new(args.report_mails_per_hour);
        let reports = reports.map(|most| RateLimiter::keyed(Quota::per_hour(most)));
        Ok(Self { dispatcher, mail, reports, webhook, public_url: public_url.map(str::to_owned), signals })
    }

    pub(crate) fn signals(&self) -> Signals {
        self.signals.clone()
    }

    /// Runs until it is dropped.
    pub(crate) async fn work(self, auth: Arc<Auth>) {
        let mut every = tokio::time::interval(LOOK);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            if let Err(error) = self.round(&auth.alarm).await {
                tracing::warn!(target: "eovr_server::delivery", kind = error.kind().name(), "failed, will retry");
                auth.alarm.of(&error);
            }
        }
    }

    async fn round(&self, alarm: &Alarm) -> Result<()> {
        let mut sorted = 0;
        loop {
            let some = self.dispatcher.route().await?;
            some.unread.iter().for_each(|error| alarm.of(error));
            match some.messages {
                0 => break,
                some => sorted += some,
            }
        }
        if sorted > 0 {
            self.signals.arrived();
        }
        if let Some(mail) = &self.mail {
            let sent = self.mails(mail, alarm).await;
            mail.rest().await;
            sent?;
        }
        if let Some(webhook) = &self.webhook {
            self.tell(webhook, alarm).await?;
        }
        Ok(())
    }

    async fn tell(&self, webhook: &Webhook, alarm: &Alarm) -> Result<()> {
        let mut away = None;
        for due in self.dispatcher.due(Channel::Webhook).await? {
            // After a failure of the whole system, the other messages are deferred, because each would wait for the
            // same timeout.
            if let Some(pause) = away {
                self.defer(By::Webhook, &[due], pause, alarm).await?;
                continue;
            }
            let (claims, lost) = self.claim(By::Webhook, vec![due], alarm).await;
            lost?;
            for claim in claims {
                let outcome = match &claim.to {
                    Recipient::System { message } => webhook.tell(claim.due.position, message).await,
                    Recipient::Person { .. } => {
                        Err(Unsent::of_recipient("the recipient is a person, not a system"))
                    }
                };
                away = met_by_all(&claim, &outcome);
                self.settle(By::Webhook, &claim, outcome, alarm).await?;
            }
        }
        Ok(())
    }

    async fn mails(&self, mail: &Mail, alarm: &Alarm) -> Result<()> {
        let due = self.dispatcher.due(Channel::Email).await?;
        let (reports, others): (Vec<_>, Vec<_>) = due.into_iter().partition(|due| due.topic == GATHERED);
        let single = others.into_iter().map(|due| vec![due]);
        let mut away = None;
        for all in single.chain(gathered(reports)) {
            // After a failure that affects all mail, the other mails are deferred, because repeated wrong passwords
            // can lock the account.
            match away {
                Some(pause) => self.defer(By::Mail, &all, pause, alarm).await?,
                None => away = self.mail(mail, all, alarm).await?,
            }
        }
        self.reports.iter().for_each(RateLimiter::retain_recent);
        Ok(())
    }

    /// Sends one mail about one or several notices to one person. A person who has reached the limit gets one later
    /// mail about all notices up to then. If the failure affects all mail, it returns the pause in seconds.
    async fn mail(&self, mail: &Mail, all: Vec<Due>, alarm: &Alarm) -> Result<Option<i64>> {
        if let Some(first) = all.first()
            && let Some(pause) = self.held_back(first)
        {
            self.defer(By::Mail, &all, pause, alarm).await?;
            return Ok(None);
        }
        let (claims, lost) = self.claim(By::Mail, all, alarm).await;
        let Some(first) = claims.first() else { return lost.map(|()| None) };
        let outcome = self.write(mail, first, &claims).await;
        self.signals.mailed(outcome.is_ok());
        for claim in &claims {
            self.settle(By::Mail, claim, outcome.clone(), alarm).await?;
        }
        lost.map(|()| met_by_all(first, &outcome))
    }

    /// The seconds until the recipient's rate limit allows a mail about new reports; `None` if it allows one now.
    fn held_back(&self, due: &Due) -> Option<i64> {
        let reports = self.reports.as_ref().filter(|_| due.topic == GATHERED)?;
        let until = reports.check_key(&due.recipient).err()?;
        let seconds = until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
        Some(seconds.try_into().unwrap_or(i64::MAX))
    }

    /// Claims the notices right before they are sent, and leaves out those that another node has claimed. An error ends
    /// it; the notices claimed before it are counted as attempts and have to be sent.
    async fn claim(&self, by: By, all: Vec<Due>, alarm: &Alarm) -> (Vec<Claim>, Result<()>) {
        let mut claims = Vec::new();
        for due in all {
            match by.passed_over(self.dispatcher.claim(due).await, alarm) {
                Ok(claim) => claims.extend(claim.flatten()),
                Err(error) => return (claims, Err(error)),
            }
        }
        (claims, Ok(()))
    }

    async fn defer(&self, by: By, all: &[Due], seconds: i64, alarm: &Alarm) -> Result<()> {
        for due in all {
            by.passed_over(self.dispatcher.defer(due, seconds).await, alarm)?;
        }
        Ok(())
    }

    async fn write(&self, mail: &Mail, first: &Claim, all: &[Claim]) -> Result<(), Unsent> {
        let Recipient::Person { email, .. } = &first.to else {
            return Err(Unsent::of_recipient("the recipient is a system, not a person"));
        };
        let url = self.public_url.as_deref();
        let letter = match all.len() {
            0 | 1 => words::letter(&first.due.topic, &first.due.about, url),
            more => words::of_reports(more, url),
        };
        mail.send(email, &identity(all), &letter).await
    }

    async fn settle(&self, by: By, claim: &Claim, outcome: Result<(), Unsent>, alarm: &Alarm) -> Result<()> {
        let Err(Unsent { why, fault, .. }) = outcome else {
            metrics::counter!("eovr_notices_sent_total", "by" => by.name()).increment(1);
            return by.passed_over(self.dispatcher.sent(claim).await, alarm).map(drop);
        };
        // The log has the reason and never the recipient.
        tracing::warn!(target: "eovr_server::delivery", by = by.name(), fault = fault.name(), why, "not sent");
        metrics::counter!("eovr_notices_failed_total", "by" => by.name()).increment(1);
        if fault == Fault::Ours || fault == Fault::Passing && claim.is_last() {
            alarm.alert(by.alert(), Some(&why), None);
        }
        by.passed_over(self.dispatcher.failed(claim, fault == Fault::Recipient).await, alarm).map(drop)
    }
}

/// The outgoing channels.
#[derive(Clone, Copy)]
enum By {
    Mail,
    Webhook,
}

impl By {
    fn name(self) -> &'static str {
        match self {
            Self::Mail => "email",
            Self::Webhook => "webhook",
        }
    }

    fn alert(self) -> Alert {
        match self {
            Self::Mail => Alert::MailFailed,
            Self::Webhook => Alert::WebhookFailed,
        }
    }

    /// Logs and reports an unreadable notice or address, so that the other notices are still sent.
    fn passed_over<T>(self, done: Result<T>, alarm: &Alarm) -> Result<Option<T>> {
        match done {
            Err(error) if error.is_unreadable() => {
                let (by, kind, record) = (self.name(), error.kind().name(), subject(&error));
                tracing::warn!(target: "eovr_server::delivery", by, kind, record, "not sent: it cannot be read");
                metrics::counter!("eovr_notices_failed_total", "by" => by).increment(1);
                alarm.of(&error);
                Ok(None)
            }
            done => done.map(Some),
        }
    }
}

/// The pause in seconds for all other messages, if the failure affects them too.
fn met_by_all(claim: &Claim, outcome: &Result<(), Unsent>) -> Option<i64> {
    outcome.as_ref().is_err_and(|unsent| unsent.for_all).then(|| claim.pause_seconds())
}

/// The id of a mail about these notices. It is the same at each attempt; other notices make another mail.
fn identity(all: &[Claim]) -> String {
    if let [one] = all {
        return one.due.id().to_string();
    }
    let mut ids: Vec<_> = all.iter().map(|claim| claim.due.id()).collect();
    ids.sort_unstable();
    let digest = ids.iter().fold(Sha256::new(), |digest, id| digest.chain_update(id.to_string()));
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The notices, grouped by recipient.
fn gathered(all: Vec<Due>) -> Vec<Vec<Due>> {
    let mut people: BTreeMap<String, Vec<Due>> = BTreeMap::new();
    for due in all {
        people.entry(due.recipient.clone()).or_default().push(due);
    }
    people.into_values().collect()
}
