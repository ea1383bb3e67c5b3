//! Login, session and logout: the result for a user, and the refusals for an attacker.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::sync::Arc;

use eovr_core::access::{Role, danger};
use eovr_core::identity::authentication::{Authenticated, Authentication, Limits, LoginStep, Opened, Origin};
use eovr_core::identity::password::{Password, PasswordCost, PasswordHash};
use eovr_core::identity::token::{Purpose, Signer};
use eovr_core::identity::{self, NewUser, login, throttle, user};
use eovr_core::memory::MemoryStore;
use eovr_core::ports::Store;
use eovr_core::record::{Query, Record, RecordId};
use eovr_core::seal::Entropy;
use eovr_core::workflow::Label as _;
use eovr_core::{Eovr, ErrorKind, Name, Result};
use eovr_tests::{TestClock, TestEntropy, id, master_key, org};

pub(super) const PASSWORD: &str = "three boats on the nile";
pub(super) const EMAIL: &str = "mona@example.org";
pub(super) const SECRET: [u8; 32] = [9; 32];
pub(super) const FIREFOX: &str = "Firefox on a ward computer";

pub(super) struct Ward {
    pub(super) eovr: Eovr,
    pub(super) authentication: Authentication,
    pub(super) clock: TestClock,
    pub(super) mona: RecordId,
}

pub(super) async fn ward() -> Ward {
    ward_on(Arc::new(MemoryStore::new())).await
}

pub(super) async fn ward_on(store: Arc<dyn Store>) -> Ward {
    let clock = TestClock::new();
    let eovr = Eovr::builder()
        .shared_store(store)
        .org(org())
        .kinds(identity::kinds().unwrap())
        .master_key(master_key())
        .clock(clock.clone())
        .entropy(TestEntropy::default())
        .open()
        .await
        .unwrap();
    let mona = provide(&eovr, EMAIL, Role::QualityAdmin, false).await;
    let authentication = open(&eovr).await;
    Ward { eovr, authentication, clock, mona }
}

pub(super) async fn open(eovr: &Eovr) -> Authentication {
    Authentication::open(eovr.clone(), Signer::new("https://eovr.test", &SECRET).unwrap(), limits())
        .await
        .unwrap()
}

/// The cheapest hash that the engine accepts, because these tests do not measure its cost.
pub(super) fn limits() -> Limits {
    Limits::default()
}

pub(super) fn hash(password: &str) -> PasswordHash {
    PasswordCost::default().hash(&typed(password), &mut Entropy::from_seed(&[3; 32])).unwrap()
}

pub(super) fn typed(password: &str) -> Password {
    Password::typed(password).unwrap()
}

pub(super) async fn provide(eovr: &Eovr, email: &str, role: Role, must_change: bool) -> RecordId {
    let setup = eovr.session(danger::unrestricted("test", "make accounts").unwrap());
    let account = NewUser {
        role,
        email: email.to_owned(),
        display_name: "Mona".to_owned(),
        password_hash: Some(hash(PASSWORD).to_string()),
        must_change,
    };
    setup.create(&user::KIND, &id("CAI-1-1"), account.command()).await.unwrap().id
}

impl Ward {
    pub(super) async fn log_in(&self, email: &str, password: &str) -> Result<LoginStep> {
        self.log_in_with(FIREFOX, email, password).await
    }

    async fn log_in_with(&self, client: &str, email: &str, password: &str) -> Result<LoginStep> {
        self.log_in_from(Origin::client(client), email, password).await
    }

    pub(super) async fn log_in_from(&self, origin: Origin, email: &str, password: &str) -> Result<LoginStep> {
        let tried = self.authentication.begin(email, origin).await?.try_password(&typed(password)).unwrap();
        self.authentication.login(tried).await
    }

    /// How many events of this action the account's chain has.
    pub(super) async fn says(&self, action: user::Action) -> usize {
        let topic = format!("\"user.{}\"", action.name());
        let feed = self.eovr.store().feed(0, 10_000).await.unwrap();
        feed.iter().filter(|posted| posted.message.contains(&topic)).count()
    }

    pub(super) async fn prove(&self, who: &Authenticated, password: &str) -> Result<Opened> {
        let tried = self.authentication.begin_again(who).await?.try_password(&typed(password)).unwrap();
        self.authentication.prove(who, tried, None).await
    }

    pub(super) async fn come_in(&self) -> Opened {
        opened(self.log_in(EMAIL, PASSWORD).await)
    }

    pub(super) async fn admitted(&self) -> Authenticated {
        self.authentication.authenticate(&self.come_in().await.access).await.unwrap()
    }

    pub(super) async fn record(&self, kind: &Name, id: RecordId) -> Record {
        let auditor = self.eovr.session(danger::unrestricted("test", "look").unwrap());
        auditor.load(kind, id).await.unwrap()
    }

    pub(super) async fn why(&self, login: RecordId) -> Option<String> {
        self.record(&login::KIND, login).await.facet("reason").and_then(|v| v.as_text().map(str::to_owned))
    }
}

#[track_caller]
pub(super) fn opened(entry: Result<LoginStep>) -> Opened {
    match entry {
        Ok(LoginStep::Open(opened)) => opened,
        other => panic!("no login: {other:?}"),
    }
}

#[track_caller]
pub(super) fn turned_away<T: std::fmt::Debug>(result: Result<T>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
    error.to_string()
}

#[tokio::test]
async fn a_login_with_the_password_has_the_rights_of_the_account() {
    let ward = ward().await;
    let mona = ward.admitted().await;
    assert_eq!(mona.user, ward.mona);
    assert_eq!(mona.session.actor().id().as_str(), ward.mona.to_string());
    assert_eq!(mona.session.actor().capacity(), "quality_admin");
    assert!(!mona.two_factors);
    let logins = ward.authentication.logins(&mona).await.unwrap();
    assert_eq!(logins.len(), 1);
    assert!(logins.iter().all(|login| login.this_one && login.client.as_deref() == Some(FIREFOX)));
}

#[tokio::test]
async fn every_failed_login_gets_the_same_answer() {
    let ward = ward().await;
    let wrong = turned_away(ward.log_in(EMAIL, "four boats on the nile").await);
    let unknown = turned_away(ward.log_in("no.account@example.org", PASSWORD).await);
    assert_eq!(wrong, unknown);
    for _ in 0..5 {
        turned_away(ward.log_in(EMAIL, "five boats on the nile").await);
    }
    let locked = turned_away(ward.log_in(EMAIL, PASSWORD).await);
    assert_eq!(wrong, locked, "locked, and the password is right");
}

#[tokio::test]
async fn an_account_says_when_it_is_locked_or_entered_with_something_new() {
    let ward = ward().await;
    let long = format!("Mozilla/5.0 {}", "Hospital browser ".repeat(30));
    for (client, so_often) in [
        ("Mozilla/5.0 Firefox/145.0", 0), // the first client of an account is not reported as new
        ("Mozilla/5.0 Firefox/146.0", 0), // an update
        ("Mozilla/5.0 Chrome/142.0", 1),
        ("Mozilla/5.0 Firefox/146.0", 1),
        ("", 2),
        (&long, 3),
        (&long, 3), // the stored name of the client is shortened
    ] {
        opened(ward.log_in_with(client, EMAIL, PASSWORD).await);
        assert_eq!(ward.says(user::Action::EnterAnew).await, so_often, "{client}");
    }
    for round in 0..2 * limits().attempts {
        turned_away(ward.log_in(EMAIL, "five boats on the nile").await);
        turned_away(ward.log_in("no.account@example.org", PASSWORD).await);
        let locked = usize::from(round + 1 >= limits().attempts);
        assert_eq!(
            ward.says(user::Action::Lock).await,
            locked,
            "attempt {round}: an event without a real lock-out"
        );
    }
}

#[tokio::test]
async fn an_attempt_at_no_account_writes_as_much_as_one_at_an_account() {
    let ward = ward().await;
    let changes = async || ward.eovr.store().feed(0, 10_000).await.unwrap().len();
    // Also at the attempt that causes the lock-out, and during it.
    for attempt in 1..=2 * limits().attempts + 2 {
        let before = changes().await;
        turned_away(ward.log_in(EMAIL, "four boats on the nile").await);
        let known = changes().await - before;
        turned_away(ward.log_in("no.account@example.org", PASSWORD).await);
        assert_eq!(changes().await - before - known, known, "attempt {attempt}");
        assert_eq!(known, if attempt == limits().attempts { 2 } else { 1 }, "attempt {attempt}");
    }
}

#[tokio::test]
async fn five_wrong_attempts_lock_for_a_quarter_of_an_hour_even_after_a_restart() {
    let mut ward = ward().await;
    for _ in 0..5 {
        turned_away(ward.log_in(EMAIL, "four boats on the nile").await);
    }
    ward.authentication = open(&ward.eovr).await;
    turned_away(ward.log_in(EMAIL, PASSWORD).await);
    ward.clock.pass_seconds(15 * 60 - 1);
    turned_away(ward.log_in(EMAIL, PASSWORD).await);
    ward.clock.pass_seconds(2);
    ward.come_in().await;
    // A successful login resets the counter.
    for _ in 0..4 {
        turned_away(ward.log_in(EMAIL, "four boats on the nile").await);
    }
    ward.come_in().await;
}

#[tokio::test]
async fn many_attempts_at_once_are_no_more_than_many_in_a_row() {
    let ward = Arc::new(ward().await);
    let mut attempts = Vec::new();
    for _ in 0..12 {
        // All attempts pass the check before the first one verifies its password.
        attempts.push(ward.authentication.begin(EMAIL, Origin::default()).await.unwrap());
    }
    let mut right = 0;
    for attempt in attempts {
        right += usize::from(
            ward.authentication.login(attempt.try_password(&typed(PASSWORD)).unwrap()).await.is_ok(),
        );
    }
    assert_eq!(right, 5);
}

#[tokio::test]
async fn a_password_from_an_administrator_allows_only_its_change() {
    let ward = ward().await;
    let nour = provide(&ward.eovr, "nour@example.org", Role::Staff, true).await;
    let LoginStep::NewPassword(token) = ward.log_in("nour@example.org", PASSWORD).await.unwrap() else {
        panic!("the password must be changed first")
    };
    turned_away(ward.authentication.authenticate(&token).await);
    turned_away(ward.authentication.second_step(&token, "000000", &Origin::default()).await);
    let new = hash("a lamp beside the window");
    let nour_is_in =
        opened(ward.authentication.replace_password(&token, &new, &Origin::client(FIREFOX)).await);
    assert_eq!(ward.authentication.authenticate(&nour_is_in.access).await.unwrap().user, nour);
    turned_away(ward.authentication.replace_password(&token, &new, &Origin::client(FIREFOX)).await);
    turned_away(ward.log_in("nour@example.org", PASSWORD).await);
    opened(ward.log_in("nour@example.org", "a lamp beside the window").await);
}

#[tokio::test]
async fn a_changed_password_ends_every_other_login() {
    let ward = ward().await;
    let (other, here) = (ward.come_in().await, ward.admitted().await);
    let attempt = || ward.authentication.begin_again(&here);
    let wrong = attempt().await.unwrap().try_password(&typed("four boats on the nile")).unwrap();
    turned_away(ward.authentication.change_password(&here, wrong, &hash("a lamp beside the window")).await);
    let old = attempt().await.unwrap().try_password(&typed(PASSWORD)).unwrap();
    ward.authentication.change_password(&here, old, &hash("a lamp beside the window")).await.unwrap();
    turned_away(ward.authentication.authenticate(&other.access).await);
    turned_away(ward.authentication.refresh(&other.refresh).await);
    assert_eq!(ward.why(other.login).await.as_deref(), Some("changed"));
    assert_eq!(ward.why(here.login).await, None);
}

#[tokio::test]
async fn an_access_token_lasts_a_quarter_of_an_hour_and_is_good_for_nothing_else() {
    let ward = ward().await;
    let mona = ward.come_in().await;
    ward.clock.pass_seconds(15 * 60 - 1);
    ward.authentication.authenticate(&mona.access).await.unwrap();
    ward.clock.pass_seconds(1);
    turned_away(ward.authentication.authenticate(&mona.access).await);
    turned_away(ward.authentication.second_step(&mona.access, "000000", &Origin::default()).await);
    turned_away(
        ward.authentication.replace_password(&mona.access, &hash(PASSWORD), &Origin::default()).await,
    );
    assert!(mona.access.parse::<identity::RefreshToken>().is_err());
    turned_away(ward.authentication.authenticate(&mona.refresh.reveal()).await);
}

#[tokio::test]
async fn a_refresh_token_works_once_and_for_a_short_grace_period() {
    let ward = ward().await;
    let first = ward.come_in().await;
    ward.clock.pass_seconds(600);
    let second = ward.authentication.refresh(&first.refresh).await.unwrap();
    ward.authentication.authenticate(&second.access).await.unwrap();
    // The response was lost and the client asks again; it receives the same token.
    ward.clock.pass_seconds(9);
    let again = ward.authentication.refresh(&first.refresh).await.unwrap();
    assert_eq!(*again.refresh.reveal(), *second.refresh.reveal());
    let third = ward.authentication.refresh(&second.refresh).await.unwrap();
    ward.authentication.authenticate(&third.access).await.unwrap();
}

#[tokio::test]
async fn a_refresh_token_that_comes_back_later_ends_the_login_for_both() {
    for renewals in [1, 2, 7] {
        let ward = ward().await;
        let stolen = ward.come_in().await;
        let mut newest = stolen.refresh.clone();
        let mut access = stolen.access.clone();
        for _ in 0..renewals {
            ward.clock.pass_seconds(600);
            let opened = ward.authentication.refresh(&newest).await.unwrap();
            (newest, access) = (opened.refresh, opened.access);
        }
        ward.clock.pass_seconds(11);
        turned_away(ward.authentication.refresh(&stolen.refresh).await);
        assert_eq!(ward.why(stolen.login).await.as_deref(), Some("reused"), "after {renewals}");
        turned_away(ward.authentication.refresh(&newest).await);
        turned_away(ward.authentication.authenticate(&access).await);
    }
}

#[tokio::test]
async fn a_forged_token_ends_no_login() {
    let ward = ward().await;
    let mona = ward.come_in().await;
    let mut made_up = mona.refresh.reveal().to_string();
    made_up.replace_range(30..40, "AAAAAAAAAA");
    turned_away(ward.authentication.refresh(&made_up.parse().unwrap()).await);
    ward.authentication.authenticate(&mona.access).await.unwrap();
    ward.authentication.refresh(&mona.refresh).await.unwrap();
}

#[tokio::test]
async fn a_token_that_comes_twice_at_once_gets_one_answer() {
    let ward = ward().await;
    let mona = ward.come_in().await;
    let (one, two) =
        tokio::join!(ward.authentication.refresh(&mona.refresh), ward.authentication.refresh(&mona.refresh));
    assert_eq!(*one.unwrap().refresh.reveal(), *two.unwrap().refresh.reveal());
}

#[tokio::test]
async fn an_idle_session_ends_after_a_quarter_of_an_hour() {
    let ward = ward().await;
    let mut mona = ward.come_in().await;
    // A session in use stays open for hours.
    for _ in 0..20 {
        ward.clock.pass_seconds(14 * 60);
        ward.authentication.authenticate(&mona.access).await.unwrap();
        mona = ward.authentication.refresh(&mona.refresh).await.unwrap();
    }
    let idle_at = ward.authentication.authenticate(&mona.access).await.unwrap().idle_at;
    assert_eq!(idle_at.as_micros() - ward.eovr_now(), 15 * 60 * 1_000_000);
    ward.clock.pass_seconds(15 * 60);
    turned_away(ward.authentication.refresh(&mona.refresh).await);
    assert_eq!(ward.why(mona.login).await.as_deref(), Some("idle"));
}

#[tokio::test]
async fn no_login_lasts_longer_than_thirty_days() {
    let ward = ward().await;
    let mut mona = ward.come_in().await;
    let mut refused = None;
    for _ in 0..(31 * 24 * 5) {
        ward.clock.pass_seconds(12 * 60);
        match ward.authentication.refresh(&mona.refresh).await {
            Ok(opened) => mona = opened,
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    assert_eq!(refused.unwrap().kind(), ErrorKind::Unauthenticated);
    assert_eq!(ward.why(mona.login).await.as_deref(), Some("expired"));
}

#[tokio::test]
async fn an_eleventh_login_takes_the_place_of_the_one_not_used_for_longest() {
    let ward = ward().await;
    let mut logins = Vec::new();
    for _ in 0..10 {
        logins.push(ward.come_in().await);
        ward.clock.pass_seconds(1);
    }
    logins[0] = ward.authentication.refresh(&logins[0].refresh).await.unwrap();
    ward.come_in().await;
    assert_eq!(ward.why(logins[1].login).await.as_deref(), Some("crowded"));
    ward.authentication.authenticate(&logins[0].access).await.unwrap();
    turned_away(ward.authentication.authenticate(&logins[1].access).await);
}

#[tokio::test]
async fn leaving_ends_one_login_or_all() {
    let ward = ward().await;
    let (one, two, three) = (ward.come_in().await, ward.come_in().await, ward.come_in().await);
    let here = ward.authentication.authenticate(&one.access).await.unwrap();
    ward.authentication.end_login(&here, two.login).await.unwrap();
    turned_away(ward.authentication.authenticate(&two.access).await);
    ward.authentication.logout(&here).await.unwrap();
    turned_away(ward.authentication.authenticate(&one.access).await);
    let last = ward.authentication.authenticate(&three.access).await.unwrap();
    assert_eq!(ward.authentication.logout_everywhere(&last).await.unwrap(), 1);
    turned_away(ward.authentication.refresh(&three.refresh).await);
}

#[tokio::test]
async fn a_user_cannot_end_the_login_of_another() {
    let ward = ward().await;
    let mona = ward.come_in().await;
    provide(&ward.eovr, "nour@example.org", Role::TopManagement, false).await;
    let nour = opened(ward.log_in("nour@example.org", PASSWORD).await);
    let nour = ward.authentication.authenticate(&nour.access).await.unwrap();
    let error = ward.authentication.end_login(&nour, mona.login).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    ward.authentication.authenticate(&mona.access).await.unwrap();
}

#[tokio::test]
async fn a_disabled_account_loses_access_at_once_and_on_other_nodes_within_a_second() {
    let ward = ward().await;
    let elsewhere = open(&ward.eovr).await;
    let mona = ward.come_in().await;
    elsewhere.authenticate(&mona.access).await.unwrap();
    provide(&ward.eovr, "nour@example.org", Role::TopManagement, false).await;
    let nour = opened(ward.log_in("nour@example.org", PASSWORD).await);
    let nour = ward.authentication.authenticate(&nour.access).await.unwrap();
    ward.authentication.govern(&nour, ward.mona, user::Action::Disable, "left the hospital").await.unwrap();
    turned_away(ward.authentication.authenticate(&mona.access).await);
    ward.clock.pass_seconds(1);
    turned_away(elsewhere.authenticate(&mona.access).await);
    turned_away(ward.log_in(EMAIL, PASSWORD).await);
    assert_eq!(ward.why(mona.login).await.as_deref(), Some("closed"));
}

#[tokio::test]
async fn a_new_role_counts_at_the_next_request() {
    let ward = ward().await;
    provide(&ward.eovr, "nour@example.org", Role::TopManagement, false).await;
    let nour = opened(ward.log_in("nour@example.org", PASSWORD).await);
    let nour = ward.authentication.authenticate(&nour.access).await.unwrap();
    ward.authentication.assign(&nour, ward.mona, Role::AdminManager).await.unwrap();
    assert_eq!(ward.admitted().await.session.actor().capacity(), "admin_manager");
    let own = ward.authentication.assign(&nour, nour.user, Role::Staff).await.unwrap_err();
    assert_eq!(own.kind(), ErrorKind::Denied);
    let by_mona =
        ward.authentication.assign(&ward.admitted().await, nour.user, Role::Staff).await.unwrap_err();
    assert_eq!(by_mona.kind(), ErrorKind::Denied, "{by_mona}");
}

#[tokio::test]
async fn critical_actions_need_a_fresh_proof() {
    let ward = ward().await;
    provide(&ward.eovr, "nour@example.org", Role::TopManagement, false).await;
    let nour = opened(ward.log_in("nour@example.org", PASSWORD).await);
    ward.clock.pass_seconds(6 * 60);
    let stale = ward.authentication.authenticate(&nour.access).await.unwrap();
    turned_away(ward.authentication.assign(&stale, ward.mona, Role::Staff).await);
    turned_away(ward.authentication.govern(&stale, ward.mona, user::Action::Disable, "x").await);
    turned_away(ward.authentication.reset_password(&stale, ward.mona, &hash(PASSWORD)).await);
    turned_away(ward.authentication.enrol_factor(&stale, "eovr").await);
    // Another person's password is no proof.
    let attempt = ward.authentication.begin(EMAIL, Origin::default()).await.unwrap();
    turned_away(
        ward.authentication.prove(&stale, attempt.try_password(&typed(PASSWORD)).unwrap(), None).await,
    );
    let proven = ward.prove(&stale, PASSWORD).await.unwrap();
    let fresh = ward.authentication.authenticate(&proven.access).await.unwrap();
    ward.authentication.assign(&fresh, ward.mona, Role::Staff).await.unwrap();
}

#[tokio::test]
async fn every_login_event_is_in_a_chain_that_verifies_and_holds_no_secret() {
    let ward = ward().await;
    let mona = ward.come_in().await;
    turned_away(ward.log_in(EMAIL, "four boats on the nile").await);
    turned_away(ward.log_in("no.account@example.org", "four boats on the nile").await);
    let mona = ward.authentication.refresh(&mona.refresh).await.unwrap();
    let here = ward.authentication.authenticate(&mona.access).await.unwrap();
    ward.authentication.logout(&here).await.unwrap();
    let auditor = ward.eovr.session(danger::unrestricted("test", "look").unwrap());
    let mut actions = Vec::new();
    for kind in [user::KIND, login::KIND, throttle::KIND] {
        for record in auditor.find(&Query::of(kind.clone())).await.unwrap().items {
            let trail = auditor.trail(&kind, record.id()).await.unwrap();
            assert!(trail.verdict.is_intact(), "{:?}", trail.verdict);
            let told = serde_json::to_string(&trail.entries).unwrap();
            for secret in ["boats", "mona", "no.account", "argon2", "Firefox"] {
                assert!(!told.contains(secret), "{secret} in {told}");
            }
            actions.extend(trail.entries.into_iter().map(|entry| format!("{kind}.{}", entry.event.action)));
        }
    }
    for wanted in ["throttle.attempt", "throttle.clear", "login.begin", "login.renew", "login.end"] {
        assert!(actions.iter().any(|action| action == wanted), "{wanted} in {actions:?}");
    }
    let attempts =
        actions.iter().filter(|action| ["throttle.begin", "throttle.attempt"].contains(&action.as_str()));
    assert_eq!(attempts.count(), 3);
}

impl Ward {
    fn eovr_now(&self) -> i64 {
        eovr_core::ports::Clock::now(&self.clock).as_micros()
    }
}

#[tokio::test]
async fn tokens_of_another_secret_issuer_or_time_open_nothing() {
    let ward = ward().await;
    let (mona, now) = (ward.come_in().await, eovr_core::ports::Clock::now(&ward.clock));
    let signed = |issuer: &str, secret: &[u8; 32], at| {
        Signer::new(issuer, secret).unwrap().sign(Purpose::Access, ward.mona, Some(mona.login), at).unwrap()
    };
    ward.authentication.authenticate(&signed("https://eovr.test", &SECRET, now)).await.unwrap();
    turned_away(ward.authentication.authenticate(&signed("https://eovr.test", &[8; 32], now)).await);
    turned_away(ward.authentication.authenticate(&signed("https://elsewhere.test", &SECRET, now)).await);
    turned_away(
        ward.authentication.authenticate(&signed("https://eovr.test", &SECRET, now.plus_seconds(120))).await,
    );
    turned_away(
        ward.authentication.authenticate(&signed("https://eovr.test", &SECRET, now.plus_seconds(-901))).await,
    );
    // A signing secret that was replaced yesterday still verifies if the host configures it.
    let renewed = Signer::new("https://eovr.test", &[8; 32]).unwrap().also_accepting(&SECRET);
    let authentication = Authentication::open(ward.eovr.clone(), renewed, limits()).await.unwrap();
    authentication.authenticate(&mona.access).await.unwrap();
    let next = authentication.refresh(&mona.refresh).await.unwrap();
    authentication.authenticate(&next.access).await.unwrap();
    turned_away(ward.authentication.authenticate(&next.access).await);
}
