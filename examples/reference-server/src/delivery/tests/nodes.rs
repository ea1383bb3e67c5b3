//! Several nodes that deliver with one shared database.

use std::sync::Arc;
use std::time::Duration;

use eovr_core::access::{Role, danger};
use eovr_core::identity::{NewUser, user};
use eovr_core::incident::{self, Report, Settings};
use eovr_core::notice::{self, Parked};
use eovr_core::org::OrgId;
use eovr_core::ports::Clock as _;
use eovr_core::record::{Query, Record, RecordId};
use eovr_core::{Command, Eovr, Session, Timestamp, identity};
use eovr_host::http::auth::Alarm;
use eovr_tests::spy::Spy;
use eovr_tests::{TestClock, master_key, org};
use tokio::time::timeout;

use super::super::{Args, Delivery};
use super::{Barrier, Failing, Played, Tested};

const PATIENCE: Duration = Duration::from_secs(30);
const FACILITY: &str = "CAI-1-1";

/// A database, and the clock that all nodes share.
struct Beside {
    store: Arc<Spy>,
    clock: TestClock,
    eovr: Eovr,
}

async fn engine(store: &Arc<Spy>, clock: &TestClock) -> Failing<Eovr> {
    let (of, rows) = incident::notice_actions()?;
    let eovr = Eovr::builder()
        .shared_store(store.clone())
        .org(org())
        .kinds(incident::kinds(Settings::default())?.into_iter().chain(identity::kinds()?))
        .kind(notice::kind()?)
        .actions(of, rows)
        .master_key(master_key())
        .clock(clock.clone());
    Ok(eovr.open().await?)
}

impl Beside {
    async fn open() -> Failing<Self> {
        let (store, clock) = (Spy::new(), TestClock::new());
        let eovr = engine(&store, &clock).await?;
        Ok(Self { store, clock, eovr })
    }

    /// The delivery of one more node, which sends its mail through this server.
    async fn delivery(&self, played: &Played) -> Failing<Delivery> {
        let args = Args {
            mail: Some(played.listen().await?),
            mail_from: Some("eovr@hospital.example".to_owned()),
            report_mails_per_hour: 1,
            webhook: None,
        };
        let eovr = engine(&self.store, &self.clock).await?;
        Delivery::new(&eovr, &args, None, false).map_err(|failure| format!("{failure:?}").into())
    }

    fn all(&self) -> Failing<Session> {
        Ok(self.eovr.session(danger::unrestricted("test", "look")?))
    }

    async fn account(&self, name: &str, role: Role) -> Failing<RecordId> {
        let account = NewUser {
            role,
            email: format!("{name}@hospital.example"),
            display_name: name.to_owned(),
            password_hash: None,
            must_change: false,
        };
        Ok(self.all()?.create(&user::KIND, &OrgId::new(FACILITY)?, account.command()).await?.id)
    }

    /// Creates the accounts of Mona, Hassan and Salma and changes their passwords, so that a mail to each is due.
    async fn three_notified_accounts(&self) -> Failing<[RecordId; 3]> {
        let mona = self.account("mona", Role::QualityAdmin).await?;
        let hassan = self.account("hassan", Role::QualityAdmin).await?;
        let salma = self.account("salma", Role::QualityAdmin).await?;
        let accounts = [mona, hassan, salma];
        let top = self.account("top", Role::TopManagement).await?;
        let top = user::actor(&self.all()?.load(&user::KIND, top).await?)?;
        for account in accounts {
            let reset = Command::new(user::Action::ResetPassword).write("password_hash", "$argon2id$none");
            self.eovr.session(top.clone()).act(&user::KIND, account, reset).await?;
        }
        Ok(accounts)
    }

    async fn reported(&self) -> Tested {
        let report = Report {
            category: "medication".to_owned(),
            description: "A form was filed in the wrong folder.".to_owned(),
            ..Report::default()
        };
        let nurse = eovr_tests::actor("nurse-7", Role::Staff, FACILITY);
        self.eovr.session(nurse).incidents().report(&OrgId::new(FACILITY)?, report).await?;
        Ok(())
    }

    /// The notices of the mail channel.
    async fn mails(&self) -> Failing<Vec<Record>> {
        let query = Query::of(notice::KIND).limit(Query::LARGEST_PAGE);
        let mut notices = self.all()?.find(&query).await?.items;
        notices.retain(|notice| text(notice, "channel") == "email");
        Ok(notices)
    }
}

fn text<'a>(record: &'a Record, facet: &str) -> &'a str {
    record.text(facet).unwrap_or_default()
}

fn attempts(notice: &Record) -> i64 {
    notice.int("attempts").unwrap_or_default()
}

fn due_at(notice: &Record) -> Option<Timestamp> {
    notice.time("due_at")
}

/// While a slow mail server delays the first mail of one node, another node sends the others, once each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_another_node_has_sent_in_the_meantime_is_not_sent_again() -> Tested {
    let beside = Beside::open().await?;
    beside.three_notified_accounts().await?;
    let barrier = Arc::new(Barrier::default());
    let slow = Played { barrier: Some(barrier.clone()), ..Played::default() };
    let quick = Played::default();
    let (first, second) = (beside.delivery(&slow).await?, beside.delivery(&quick).await?);
    let working = tokio::spawn(async move { first.round(&Alarm::default()).await });
    // The first mail is still being sent one minute later.
    timeout(PATIENCE, barrier.came.acquire()).await??.forget();
    beside.clock.pass_seconds(60);
    second.round(&Alarm::default()).await?;
    barrier.open.add_permits(3);
    timeout(PATIENCE, working).await???;
    let mut recipients = [slow.heard("RCPT"), quick.heard("RCPT")].concat();
    recipients.sort_unstable();
    let once = ["hassan", "mona", "salma"].map(|name| format!("RCPT TO:<{name}@hospital.example>"));
    assert_eq!(recipients, once);
    assert_eq!((slow.heard("RCPT").len(), quick.heard("RCPT").len()), (1, 2));
    assert!(beside.mails().await?.iter().all(|notice| notice.state().as_str() == "delivered"));
    Ok(())
}

/// An account that was changed in the database does not block mail to the others.
#[tokio::test]
async fn a_damaged_account_does_not_block_other_mail() -> Tested {
    let beside = Beside::open().await?;
    let [_, damaged, _] = beside.three_notified_accounts().await?;
    beside.store.spoil(move |record| {
        if record.envelope.id == damaged {
            record.sealed.values_mut().for_each(|bytes| bytes[40] ^= 1);
        }
    });
    let played = Played::default();
    let alarm = Alarm::default();
    beside.delivery(&played).await?.round(&alarm).await?;
    let mut recipients = played.heard("RCPT");
    recipients.sort_unstable();
    assert_eq!(recipients, ["mona", "salma"].map(|name| format!("RCPT TO:<{name}@hospital.example>")));
    assert!(alarm.met_tampering(), "the alarm was not raised");
    let parked = Parked::of(&beside.all()?).list(10, None).await?.items;
    assert_eq!(
        parked.iter().map(|notice| text(notice, "recipient")).collect::<Vec<_>>(),
        [damaged.to_string()]
    );
    Ok(())
}

/// The rate limit defers a mail without counting an attempt.
#[tokio::test]
async fn a_deferred_mail_counts_no_attempt() -> Tested {
    let beside = Beside::open().await?;
    beside.account("mona", Role::QualityAdmin).await?;
    let played = Played::default();
    let delivery = beside.delivery(&played).await?;
    for _ in 0..3 {
        beside.reported().await?;
        delivery.round(&Alarm::default()).await?;
    }
    assert_eq!(played.heard("RCPT").len(), 1, "one an hour");
    let held: Vec<_> =
        beside.mails().await?.into_iter().filter(|notice| notice.state().as_str() == "waiting").collect();
    assert_eq!(held.iter().map(attempts).collect::<Vec<_>>(), [0, 0]);
    let in_half_an_hour = beside.clock.now().plus_seconds(1800);
    assert!(
        held.iter().all(|notice| due_at(notice) > Some(in_half_an_hour)),
        "they are looked at each second"
    );
    Ok(())
}

/// After a failed login, one mail has counted an attempt and the others are deferred.
#[tokio::test]
async fn a_mail_that_waits_after_a_failed_login_counts_no_attempt() -> Tested {
    let beside = Beside::open().await?;
    beside.three_notified_accounts().await?;
    let played = Played::refusing("AUTH", "535 5.7.8 wrong");
    let delivery = beside.delivery(&played).await?;
    for _ in 0..2 {
        delivery.round(&Alarm::default()).await?;
    }
    assert_eq!(played.heard("AUTH").len(), 1, "a wrong password is not tried in a row");
    let mails = beside.mails().await?;
    let mut tried: Vec<_> = mails.iter().map(attempts).collect();
    tried.sort_unstable();
    assert_eq!(tried, [0, 0, 1]);
    beside.clock.pass_seconds(31);
    delivery.round(&Alarm::default()).await?;
    assert_eq!(played.heard("AUTH").len(), 2);
    Ok(())
}
