//! Notifications: their recipients, how often they are sent, and what they must not contain.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

mod delivery;

use std::sync::Arc;

use eovr_core::access::{Role, danger};
use eovr_core::identity::{self, NewUser, user};
use eovr_core::incident::{self, Action, FollowUp, FollowUpKind, KIND};
use eovr_core::name;
use eovr_core::notice::{self, Channel, Claim, Dispatcher, Inbox, NoticeRule, Recipient, To};
use eovr_core::record::{ActorId, Query, Record, RecordId};
use eovr_core::{Eovr, ErrorKind, Session, Timestamp};
use eovr_tests::spy::Spy;
use eovr_tests::{TestClock, TestEntropy, id, master_key, org, report};

struct Ward {
    store: Arc<Spy>,
    eovr: Eovr,
    clock: TestClock,
    nurse: RecordId,
    quality: RecordId,
    dispatcher: Dispatcher,
}

async fn ward() -> Ward {
    let store = Spy::new();
    let clock = TestClock::new();
    let (of, rows) = incident::notice_actions().unwrap();
    let eovr = Eovr::builder()
        .shared_store(store.clone())
        .org(org())
        .kinds(incident::kinds(incident::Settings::default()).unwrap())
        .kinds(identity::kinds().unwrap())
        .kind(notice::kind().unwrap())
        .actions(of, rows)
        .master_key(master_key())
        .clock(clock.clone())
        .entropy(TestEntropy::default())
        .open()
        .await
        .unwrap();
    let nurse = account(&eovr, Role::Staff, "CAI-1-1").await;
    let quality = account(&eovr, Role::QualityAdmin, "CAI-1-1").await;
    account(&eovr, Role::QualityAdmin, "CAI-1-2").await;
    account(&eovr, Role::AdminManager, "CAI-1-2").await;
    account(&eovr, Role::AdminManager, "CAI-2-1").await;
    account(&eovr, Role::GovernorateManager, "CAI-2-1").await;
    account(&eovr, Role::GovernorateManager, "ALX-1-1").await;
    account(&eovr, Role::TopManagement, "CAI-1-1").await;
    let channels = [Channel::InApp, Channel::Email, Channel::Webhook];
    let dispatcher = Dispatcher::new(&eovr, incident::notice_rules(), &channels).unwrap();
    let ward = Ward { store, eovr, clock, nurse, quality, dispatcher };
    ward.sort().await;
    ward
}

/// An account with this role, whose address is built from role and place.
async fn account(eovr: &Eovr, role: Role, facility: &str) -> RecordId {
    let account = NewUser {
        role,
        email: format!("{}.{facility}@example.org", role.name()),
        display_name: "Mona".to_owned(),
        password_hash: None,
        must_change: false,
    };
    all(eovr).create(&user::KIND, &id(facility), account.command()).await.unwrap().id
}

fn all(eovr: &Eovr) -> Session {
    eovr.session(danger::unrestricted("test", "look").unwrap())
}

impl Ward {
    async fn session(&self, account: RecordId) -> Session {
        let account = all(&self.eovr).load(&user::KIND, account).await.unwrap();
        self.eovr.session(user::actor(&account).unwrap())
    }

    async fn told(&self, words: &str) -> RecordId {
        let nurse = self.session(self.nurse).await;
        nurse.incidents().report(&id("CAI-1-1"), report(words)).await.unwrap().written.id
    }

    async fn sort(&self) {
        while self.dispatcher.route().await.unwrap().messages > 0 {}
    }

    async fn notices(&self) -> Vec<Record> {
        let query = Query::of(notice::KIND).limit(Query::LARGEST_PAGE);
        all(&self.eovr).find(&query).await.unwrap().items
    }

    async fn unread(&self, who: RecordId) -> Vec<Record> {
        let inbox = Inbox::of(&self.eovr, ActorId::new(&who.to_string()).unwrap()).unwrap();
        inbox.unread(100, None).await.unwrap().items
    }

    /// Claims all due notices of this channel.
    async fn claimed(&self, channel: Channel) -> Vec<Claim> {
        let mut claims = Vec::new();
        for due in self.dispatcher.due(channel).await.unwrap() {
            claims.extend(self.dispatcher.claim(due).await.unwrap());
        }
        claims
    }

    /// The sorted addresses of all due mails. Marks each mail as sent.
    async fn mailed(&self) -> Vec<String> {
        let mut addresses = Vec::new();
        for claim in self.claimed(Channel::Email).await {
            if let Recipient::Person { email, .. } = &claim.to {
                addresses.push(email.to_string());
            }
            self.dispatcher.sent(&claim).await.unwrap();
        }
        addresses.sort();
        addresses
    }
}

fn text(record: &Record, facet: &str) -> String {
    record.text(facet).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_report_notifies_the_quality_admin_and_a_grave_one_also_higher_tiers() {
    let ward = ward().await;
    ward.told("A form was filed in the wrong folder.").await;
    ward.sort().await;
    assert_eq!(ward.mailed().await, ["quality_admin.cai-1-1@example.org"]);
    assert_eq!(ward.mailed().await, [""; 0], "it was sent twice");
    ward.told("The patient died after the wrong drug was given.").await;
    ward.sort().await;
    let expected = [
        "admin_manager.cai-1-2@example.org",
        "governorate_manager.cai-2-1@example.org",
        "quality_admin.cai-1-1@example.org",
    ];
    assert_eq!(ward.mailed().await, expected);
}

#[tokio::test]
async fn the_reporter_is_notified_of_a_new_state_and_can_mark_it_as_read() {
    let ward = ward().await;
    let incident = ward.told("A form was filed in the wrong folder.").await;
    ward.session(ward.quality).await.incidents().act(incident, Action::Start, None).await.unwrap();
    ward.sort().await;
    let unread = ward.unread(ward.nurse).await;
    assert_eq!(unread.len(), 1);
    assert_eq!(
        (text(&unread[0], "topic"), text(&unread[0], "about")),
        ("incident.start".into(), incident.to_string())
    );
    let of = |who: RecordId| Inbox::of(&ward.eovr, ActorId::new(&who.to_string()).unwrap()).unwrap();
    let wrong = of(ward.quality).read(unread[0].id()).await.unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::NotFound, "an account read the notification of another");
    for _ in 0..2 {
        of(ward.nurse).read(unread[0].id()).await.unwrap();
    }
    assert!(ward.unread(ward.nurse).await.is_empty());
}

#[tokio::test]
async fn the_owner_of_a_follow_up_action_is_notified() {
    let ward = ward().await;
    let incident = ward.told("A form was filed in the wrong folder.").await;
    let quality = ward.session(ward.quality).await;
    quality.incidents().act(incident, Action::Start, None).await.unwrap();
    let follow_up = FollowUp {
        task: "Label the folders".to_owned(),
        owner: ward.nurse.to_string(),
        due_at: Timestamp::from_micros(1_800_000_000_000_000),
        kind: FollowUpKind::Corrective,
        strength: None,
    };
    quality.incidents().follow_up(incident, follow_up).await.unwrap();
    ward.sort().await;
    let topics: Vec<_> = ward.unread(ward.nurse).await.iter().map(|notice| text(notice, "topic")).collect();
    assert!(topics.contains(&"follow_up.add".to_owned()), "{topics:?}");
}

/// An owner outside the scope of the record gets no notification, because the account cannot open the record.
#[tokio::test]
async fn an_owner_of_another_facility_is_not_notified() {
    let ward = ward().await;
    let stranger = account(&ward.eovr, Role::QualityAdmin, "ALX-1-1").await;
    ward.sort().await;
    let incident = ward.told("The pump of bed 7 ran dry in the night.").await;
    let quality = ward.session(ward.quality).await;
    quality.incidents().act(incident, Action::Start, None).await.unwrap();
    for owner in [stranger, ward.quality] {
        let follow_up = FollowUp {
            task: "Check the alarms of all pumps.".to_owned(),
            owner: owner.to_string(),
            due_at: Timestamp::from_micros(1_800_000_000_000_000),
            kind: FollowUpKind::Corrective,
            strength: None,
        };
        quality.incidents().follow_up(incident, follow_up).await.unwrap();
    }
    ward.sort().await;
    assert!(ward.unread(stranger).await.is_empty());
    assert!(!ward.unread(ward.quality).await.is_empty());
}

/// No notification and no message to a system contains words of the report.
#[tokio::test]
async fn a_notification_tells_of_an_event_and_not_its_content() {
    let ward = ward().await;
    ward.told("Mr Hassan in bed four was given the wrong drug.").await;
    ward.sort().await;
    let notices = ward.notices().await;
    assert!(notices.len() >= 3);
    for notice in &notices {
        assert!(notice.sealed_fields().is_empty() && !format!("{notice:?}").contains("Hassan"));
    }
    let claims = ward.claimed(Channel::Webhook).await;
    let Recipient::System { message } = &claims[0].to else { panic!("not a system: {claims:?}") };
    assert!(message.contains("\"topic\":\"incident.report\"") && !message.contains("Hassan"), "{message}");
}

/// A worker claimed the messages and crashed before or after it made the notifications: each recipient still gets
/// exactly one.
#[tokio::test]
async fn a_message_claimed_twice_is_sent_once() {
    let ward = ward().await;
    ward.told("A form was filed in the wrong folder.").await;
    ward.told("A second form was filed there.").await;
    // A worker claims the messages and crashes.
    let now = Timestamp::from_micros(1_795_334_400_000_000);
    ward.eovr.store().lease(100, now, now.plus_seconds(30)).await.unwrap();
    assert_eq!(ward.dispatcher.route().await.unwrap().messages, 0);
    ward.clock.pass_seconds(31);
    // A worker makes the notifications and its acknowledgement is lost.
    ward.store.lose_acknowledgements(true);
    assert_eq!(ward.dispatcher.route().await.unwrap().messages, 2);
    let made = ward.notices().await.len();
    assert!(made >= 4);
    ward.store.lose_acknowledgements(false);
    ward.clock.pass_seconds(61);
    ward.told("A third form was filed there.").await;
    assert!(
        ward.dispatcher.route().await.unwrap().messages >= 3,
        "the outbox did not hand the messages out again"
    );
    assert_eq!(ward.notices().await.len(), made / 2 * 3);
}

#[tokio::test]
async fn a_disabled_account_gets_no_mail() {
    let ward = ward().await;
    ward.told("A form was filed in the wrong folder.").await;
    ward.sort().await;
    let top = account(&ward.eovr, Role::TopManagement, "CAI-2-1").await;
    let top = ward.session(top).await;
    let disable = eovr_core::Command::new(user::Action::Disable).note("on leave");
    top.act(&user::KIND, ward.quality, disable).await.unwrap();
    assert!(ward.mailed().await.is_empty());
    ward.told("A second form was filed there.").await;
    ward.sort().await;
    assert!(ward.mailed().await.is_empty());
}

#[tokio::test]
async fn a_rule_that_could_never_apply_is_refused() {
    let ward = ward().await;
    let may = To::May { of: incident::NOTICES, action: name!("nothing") };
    let wrong = [
        NoticeRule::new(KIND, name!("explode"), To::Author),
        NoticeRule::new(name!("nothing"), Action::Report, To::Author),
        NoticeRule::new(KIND, Action::Report, may),
        NoticeRule::new(KIND, Action::Report, To::Named(name!("owner"))),
        NoticeRule::new(KIND, Action::Report, To::Itself),
        NoticeRule::everything(notice::KIND),
        NoticeRule::new(KIND, Action::Report, To::Author).when(name!("location"), "ward 3"),
    ];
    for rule in wrong {
        let refused = Dispatcher::new(&ward.eovr, vec![rule.clone()], &[Channel::InApp]);
        assert!(refused.is_err(), "{rule:?}");
    }
    assert!(ward.eovr.catalog().kind(&KIND).is_ok());
}

#[tokio::test]
async fn a_changed_password_is_notified_to_its_account() {
    let ward = ward().await;
    let rules = notice::account_rules();
    let dispatcher = Dispatcher::new(&ward.eovr, rules, &[Channel::InApp]).unwrap();
    let top = account(&ward.eovr, Role::TopManagement, "CAI-2-1").await;
    let reset = eovr_core::Command::new(user::Action::ResetPassword).write("password_hash", "$argon2id$none");
    ward.session(top).await.act(&user::KIND, ward.nurse, reset).await.unwrap();
    while dispatcher.route().await.unwrap().messages > 0 {}
    let topics: Vec<_> = ward.unread(ward.nurse).await.iter().map(|notice| text(notice, "topic")).collect();
    assert_eq!(topics, ["user.reset_password"]);
    assert!(ward.unread(top).await.is_empty());
}
