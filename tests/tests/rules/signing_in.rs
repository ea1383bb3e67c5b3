//! Password guessing and lock-out: an attacker cannot lock out a known client, and no answer tells which accounts
//! exist.

#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::sync::Arc;

use eovr_core::access::{Role, Tier, danger};
use eovr_core::identity::authentication::{Authentication, Limits, LoginStep, Network, Opened, Origin};
use eovr_core::identity::password::PasswordHash;
use eovr_core::identity::token::Signer;
use eovr_core::identity::{NewUser, login, throttle, user};
use eovr_core::record::{Query, Record};
use eovr_core::{Command, ErrorKind};
use eovr_store_sql::SqlStore;
use eovr_tests::id;
use futures_util::future::join_all;

use super::authentication::{
    EMAIL, FIREFOX, PASSWORD, SECRET, Ward, hash, opened, provide, turned_away, ward, ward_on,
};

const TOP: &str = "top@example.org";
const WRONG: &str = "four boats on the nile";

/// A client in a network, with the credentials that an earlier login gave it.
fn from(network: &str, known: Option<&Opened>) -> Origin {
    Origin {
        client: FIREFOX.to_owned(),
        network: Some(Network::of(network.parse().unwrap())),
        devices: known.map(|known| known.devices.clone()).unwrap_or_default(),
    }
}

impl Ward {
    async fn counts(&self) -> Vec<Record> {
        let auditor = self.eovr.session(danger::unrestricted("test", "look").unwrap());
        auditor.find(&Query::of(throttle::KIND).limit(500)).await.unwrap().items
    }

    /// Fails to log in from another network until that network is locked out.
    async fn attackers_cause_a_lockout(&self) {
        for _ in 0..Limits::default().attempts {
            turned_away(self.log_in_from(from("198.51.100.9", None), EMAIL, WRONG).await);
        }
        turned_away(self.log_in_from(from("198.51.100.9", None), EMAIL, PASSWORD).await);
    }
}

#[tokio::test]
async fn an_attacker_cannot_lock_out_a_known_client() {
    let ward = ward().await;
    let known = opened(ward.log_in_from(from("203.0.113.7", None), EMAIL, PASSWORD).await);
    ward.attackers_cause_a_lockout().await;
    for pauses in 1..=6 {
        ward.clock.pass_seconds(16 * 60);
        turned_away(ward.log_in_from(from("198.51.100.9", None), EMAIL, WRONG).await);
        // With the earlier browser from any network, and with another browser from the earlier network.
        opened(ward.log_in_from(from("192.0.2.1", Some(&known)), EMAIL, PASSWORD).await);
        let beside = ward.log_in_from(from("203.0.113.99", None), EMAIL, PASSWORD).await;
        assert!(beside.is_ok(), "after {pauses} times 16 minutes");
    }
}

#[tokio::test]
async fn one_attempt_after_a_pause_locks_nothing_and_each_lockout_is_longer() {
    let ward = ward().await;
    ward.attackers_cause_a_lockout().await;
    ward.clock.pass_seconds(15 * 60 + 1);
    turned_away(ward.log_in(EMAIL, WRONG).await);
    for _ in 0..3 {
        turned_away(ward.log_in(EMAIL, WRONG).await);
    }
    let last_of_the_round = ward.log_in(EMAIL, WRONG).await;
    turned_away(last_of_the_round);
    ward.clock.pass_seconds(15 * 60 + 1);
    turned_away(ward.log_in(EMAIL, PASSWORD).await);
    // An attempt at a closed door does not extend the lock-out.
    ward.clock.pass_seconds(15 * 60);
    ward.come_in().await;
    // A successful login resets the counter.
    for _ in 0..4 {
        turned_away(ward.log_in(EMAIL, WRONG).await);
    }
    ward.come_in().await;
}

#[tokio::test]
async fn a_lockout_does_not_end_open_sessions() {
    let ward = ward().await;
    let mona = ward.admitted().await;
    ward.attackers_cause_a_lockout().await;
    ward.clock.pass_seconds(6 * 60);
    let proven = ward.prove(&mona, PASSWORD).await.unwrap();
    let mona = ward.authentication.authenticate(&proven.access).await.unwrap();
    let old = ward.authentication.begin_again(&mona).await.unwrap();
    let old = old.try_password(&super::authentication::typed(PASSWORD)).unwrap();
    ward.authentication.change_password(&mona, old, &hash("a lamp beside the window")).await.unwrap();
}

#[tokio::test]
async fn wrong_proofs_count_for_their_own_login_only() {
    let ward = ward().await;
    let (here, there) = (ward.admitted().await, ward.admitted().await);
    for _ in 0..5 {
        turned_away(ward.prove(&here, WRONG).await);
    }
    turned_away(ward.prove(&here, PASSWORD).await);
    ward.prove(&there, PASSWORD).await.unwrap();
    ward.come_in().await;
}

#[tokio::test]
async fn tier_5_unlocks_an_account_with_a_reason() {
    for reset in [false, true] {
        let ward = ward().await;
        provide(&ward.eovr, TOP, Role::TopManagement, false).await;
        let top = opened(ward.log_in(TOP, PASSWORD).await);
        let top = ward.authentication.authenticate(&top.access).await.unwrap();
        ward.attackers_cause_a_lockout().await;
        turned_away(ward.log_in(EMAIL, PASSWORD).await);
        if reset {
            ward.authentication.reset_password(&top, ward.mona, &hash(PASSWORD)).await.unwrap();
            assert!(matches!(ward.log_in(EMAIL, PASSWORD).await, Ok(LoginStep::NewPassword(_))));
        } else {
            ward.authentication.unlock(&top, ward.mona, "she called from the ward").await.unwrap();
            ward.come_in().await;
        }
        for count in ward.counts().await {
            let auditor = ward.eovr.session(danger::unrestricted("test", "look").unwrap());
            let trail = auditor.trail(&throttle::KIND, count.id()).await.unwrap();
            assert!(trail.verdict.is_intact());
        }
        // A user cannot unlock their own account, and no tier below the top unlocks one.
        let mona = provide(&ward.eovr, "nour@example.org", Role::QualityAdmin, false).await;
        let nour = opened(ward.log_in("nour@example.org", PASSWORD).await);
        let nour = ward.authentication.authenticate(&nour.access).await.unwrap();
        let refused = ward.authentication.unlock(&nour, mona, "I am in a hurry").await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Denied);
    }
}

/// On SQLite, whose commits wait for each other, so that attempts race.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_attempts_get_the_same_answer_with_and_without_an_account() {
    let folder = tempfile::tempdir().unwrap();
    let store =
        SqlStore::open(&format!("sqlite://{}", folder.path().join("eovr.db").display())).await.unwrap();
    let ward = Arc::new(ward_on(Arc::new(store)).await);
    for round in 0..3 {
        let attempts = (0..96).map(|number| {
            let ward = ward.clone();
            let email = match number % 6 {
                0 => EMAIL.to_owned(),
                // The same unknown address many times, and many other addresses.
                1 | 2 => "no.account@example.org".to_owned(),
                _ => format!("no.account.{number}@example.org"),
            };
            tokio::spawn(async move { ward.authentication.begin(&email, Origin::default()).await.map(drop) })
        });
        for (number, begun) in join_all(attempts).await.into_iter().enumerate() {
            let begun = begun.unwrap();
            assert!(begun.is_ok(), "round {round}, attempt {number}: {}", begun.unwrap_err());
        }
    }
}

#[tokio::test]
async fn unknown_addresses_use_a_few_hundred_counters_and_store_no_address() {
    let ward = ward().await;
    for number in 0..1500 {
        let email = format!("no.account.{number}@example.org");
        drop(ward.authentication.begin(&email, from("198.51.100.9", None)).await.unwrap());
    }
    let mut counted = 0;
    let auditor = ward.eovr.session(danger::unrestricted("test", "look").unwrap());
    let mut query = Query::of(throttle::KIND).limit(500);
    loop {
        let page = auditor.find(&query).await.unwrap();
        counted += page.items.len();
        assert!(page.items.iter().all(|count| count.facet("user").is_none()));
        match page.next {
            Some(next) => query = query.after(Some(next)),
            None => break,
        }
    }
    assert!((300..=512).contains(&counted), "{counted}");
}

#[tokio::test]
async fn a_login_step_ends_when_its_password_changes() {
    let ward = ward().await;
    provide(&ward.eovr, TOP, Role::TopManagement, false).await;
    let top = opened(ward.log_in(TOP, PASSWORD).await);
    let top = ward.authentication.authenticate(&top.access).await.unwrap();
    let nour = provide(&ward.eovr, "nour@example.org", Role::Staff, true).await;
    let LoginStep::NewPassword(stolen) = ward.log_in("nour@example.org", PASSWORD).await.unwrap() else {
        panic!("the password must be changed first")
    };
    ward.authentication.reset_password(&top, nour, &hash("another first password")).await.unwrap();
    let attackers = hash("a password of the attacker");
    turned_away(ward.authentication.owner_of_token(&stolen).await);
    turned_away(ward.authentication.replace_password(&stolen, &attackers, &Origin::default()).await);
    let LoginStep::NewPassword(token) =
        ward.log_in("nour@example.org", "another first password").await.unwrap()
    else {
        panic!("the password must be changed first")
    };
    opened(
        ward.authentication
            .replace_password(&token, &hash("a lamp beside the window"), &Origin::default())
            .await,
    );
    turned_away(ward.authentication.replace_password(&token, &attackers, &Origin::default()).await);
}

#[tokio::test]
async fn a_password_verified_before_a_reset_opens_nothing_after_it() {
    let ward = ward().await;
    provide(&ward.eovr, TOP, Role::TopManagement, false).await;
    let top = opened(ward.log_in(TOP, PASSWORD).await);
    let top = ward.authentication.authenticate(&top.access).await.unwrap();
    let attempt = ward.authentication.begin(EMAIL, Origin::default()).await.unwrap();
    let tried = attempt.try_password(&super::authentication::typed(PASSWORD)).unwrap();
    ward.authentication.reset_password(&top, ward.mona, &hash("another first password")).await.unwrap();
    turned_away(ward.authentication.login(tried).await);
    let auditor = ward.eovr.session(danger::unrestricted("test", "look").unwrap());
    let logins = auditor.find(&Query::of(login::KIND)).await.unwrap().items;
    let open = logins.iter().filter(|login| login.state().as_str() == "open");
    assert_eq!(open.count(), 1, "the one of the top");
}

#[tokio::test]
async fn a_first_password_expires_after_some_days() {
    let ward = ward().await;
    provide(&ward.eovr, "nour@example.org", Role::Staff, true).await;
    ward.clock.pass_seconds(7 * 24 * 3600 - 60);
    assert!(matches!(ward.log_in("nour@example.org", PASSWORD).await, Ok(LoginStep::NewPassword(_))));
    ward.clock.pass_seconds(120);
    turned_away(ward.log_in("nour@example.org", PASSWORD).await);
    // A password that the user chose does not expire.
    ward.clock.pass_seconds(400 * 24 * 3600);
    ward.come_in().await;
}

#[tokio::test]
async fn a_proof_gives_new_tokens_and_ends_the_old_ones() {
    let ward = ward().await;
    let elsewhere = super::authentication::open(&ward.eovr).await;
    let before = ward.come_in().await;
    elsewhere.authenticate(&before.access).await.unwrap();
    ward.clock.pass_seconds(60);
    let mona = ward.authentication.authenticate(&before.access).await.unwrap();
    let after = ward.prove(&mona, PASSWORD).await.unwrap();
    turned_away(ward.authentication.authenticate(&before.access).await);
    assert_eq!(ward.authentication.authenticate(&after.access).await.unwrap().login, mona.login);
    // A node that saw the login before the proof accepts the newer token at once.
    elsewhere.authenticate(&after.access).await.unwrap();
    turned_away(elsewhere.authenticate(&before.access).await);
    let renewed = ward.authentication.refresh(&after.refresh).await.unwrap();
    ward.authentication.authenticate(&renewed.access).await.unwrap();
    // The old refresh token is now a stolen copy: its use ends the login for both.
    ward.clock.pass_seconds(60);
    turned_away(ward.authentication.refresh(&before.refresh).await);
}

#[tokio::test]
async fn a_required_second_factor_must_be_set_up_first() {
    let ward = ward().await;
    provide(&ward.eovr, TOP, Role::TopManagement, false).await;
    let limits = Limits { second_factor_from: Some(Tier::new(4).unwrap()), ..Limits::default() };
    let authentication =
        Authentication::open(ward.eovr.clone(), Signer::new("https://eovr.test", &SECRET).unwrap(), limits)
            .await
            .unwrap();
    let ward = Ward { authentication, ..ward };
    assert!(!ward.come_in().await.lacks_factor, "a quality admin need not");
    let top = opened(ward.log_in(TOP, PASSWORD).await);
    assert!(top.lacks_factor);
    let refused = ward.authentication.authenticate(&top.access).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Denied, "{refused}");
    let enrolling = ward.authentication.authenticate_to_enrol(&top.access).await.unwrap();
    assert!(enrolling.lacks_factor);
    ward.authentication.enrol_factor(&enrolling, "eovr").await.unwrap();
    let refused = ward.authentication.remove_factor(&enrolling, &hash(PASSWORD)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert_eq!(
        ward.authentication.authenticate(&top.access).await.unwrap_err().kind(),
        ErrorKind::Denied,
        "not confirmed yet"
    );
}

#[tokio::test]
async fn the_last_account_of_top_management_stays() {
    let ward = Arc::new(ward().await);
    let mut tops = Vec::new();
    for email in [TOP, "second@example.org"] {
        provide(&ward.eovr, email, Role::TopManagement, false).await;
        let top = opened(ward.log_in(email, PASSWORD).await);
        tops.push(ward.authentication.authenticate(&top.access).await.unwrap());
    }
    for action in [user::Action::Disable, user::Action::Retire] {
        let own = ward.authentication.govern(&tops[0], tops[0].user, action, "I leave").await.unwrap_err();
        assert_eq!(own.kind(), ErrorKind::Denied);
    }
    // The same for a call to the engine instead of the login service.
    let disable = Command::new(user::Action::Disable).note("I leave");
    let own = tops[0].session.act(&user::KIND, tops[0].user, disable).await.unwrap_err();
    assert_eq!(own.kind(), ErrorKind::Denied);
    // Each was admitted before the other acted.
    let disable = async |by: usize, whom: usize| {
        ward.authentication.govern(&tops[by], tops[whom].user, user::Action::Disable, "a quarrel").await
    };
    disable(0, 1).await.unwrap();
    assert_eq!(disable(1, 0).await.unwrap_err().kind(), ErrorKind::Denied);
    opened(ward.log_in(TOP, PASSWORD).await);
}

#[tokio::test]
async fn tier_5_ends_every_login_of_another_account() {
    let ward = ward().await;
    provide(&ward.eovr, TOP, Role::TopManagement, false).await;
    let top = opened(ward.log_in(TOP, PASSWORD).await);
    let top = ward.authentication.authenticate(&top.access).await.unwrap();
    let (one, two) = (ward.come_in().await, ward.come_in().await);
    ward.authentication.end_logins(&top, ward.mona, "a stolen telephone").await.unwrap();
    for login in [&one, &two] {
        turned_away(ward.authentication.authenticate(&login.access).await);
        turned_away(ward.authentication.refresh(&login.refresh).await);
        assert_eq!(ward.why(login.login).await.as_deref(), Some("closed"));
    }
    ward.come_in().await;
}

#[tokio::test]
async fn a_short_password_without_a_second_factor_must_be_changed() {
    let ward = ward().await;
    let setup = ward.eovr.session(danger::unrestricted("test", "as a release before has left it").unwrap());
    let account = NewUser {
        role: Role::Staff,
        email: "nour@example.org".to_owned(),
        display_name: "Nour".to_owned(),
        password_hash: Some(hash("kivu9zpd").to_string()),
        must_change: false,
    };
    setup.create(&user::KIND, &id("CAI-1-1"), account.command()).await.unwrap();
    let LoginStep::NewPassword(token) = ward.log_in("nour@example.org", "kivu9zpd").await.unwrap() else {
        panic!("eight characters without a second factor must not log in")
    };
    let new: PasswordHash = hash("a lamp beside the window");
    opened(ward.authentication.replace_password(&token, &new, &Origin::default()).await);
}

#[tokio::test]
async fn accounts_with_look_alike_addresses_are_refused() {
    let ward = ward().await;
    let setup = ward.eovr.session(danger::unrestricted("test", "make accounts").unwrap());
    for (email, name) in [
        ("no address", "Mona"),
        ("\"Evil\"<evil@x>", "Mona"),
        ("mo na@example.org", "Mona"),
        ("other@example.org", "Mona\r\nBcc: all@example.org"),
        ("other@example.org", "Mo\u{0}na"),
    ] {
        let account = NewUser {
            role: Role::Staff,
            email: email.to_owned(),
            display_name: name.to_owned(),
            password_hash: None,
            must_change: false,
        };
        let refused = setup.create(&user::KIND, &id("CAI-1-1"), account.command()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{email:?} {name:?}");
        assert!(!refused.to_string().contains("Evil"));
    }
    // Invisible characters make no other address: the account exists.
    for email in ["mo\u{200B}na@example.org", "mona\u{202E}@example.org"] {
        let account = NewUser {
            role: Role::Staff,
            email: email.to_owned(),
            display_name: "Mona".to_owned(),
            password_hash: None,
            must_change: false,
        };
        let refused = setup.create(&user::KIND, &id("CAI-1-1"), account.command()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Conflict, "{email:?}");
    }
}

#[tokio::test]
async fn a_login_resets_counts_of_a_node_of_the_previous_release() {
    let ward = ward().await;
    let node = ward.eovr.session(danger::unrestricted("old-node", "count attempts").unwrap());
    let until = eovr_core::ports::Clock::now(&ward.clock).plus_seconds(900);
    let attempt = Command::new(user::Action::Attempt).set("attempts", 5).set("locked_until", until);
    node.act(&user::KIND, ward.mona, attempt).await.unwrap();
    ward.come_in().await;
    let account = ward.record(&user::KIND, ward.mona).await;
    assert!(account.facet("attempts").is_none() && account.facet("locked_until").is_none());
}
