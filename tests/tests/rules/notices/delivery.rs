//! Delivery of notices: claims, retries, and failures that must not block other notices.

use eovr_core::ErrorKind;
use eovr_core::access::Role;
use eovr_core::identity::{NewUser, user};
use eovr_core::name;
use eovr_core::notice::{self, Channel, HELD_SECONDS, MOST_ATTEMPTS, Parked, Retried};
use eovr_core::record::{Record, RecordId, Value};
use eovr_tests::id;

use super::{account, all, text, ward};

#[tokio::test]
async fn a_failed_notice_is_retried_and_parked_in_the_end() {
    let ward = ward().await;
    ward.told("A form was filed in the wrong folder.").await;
    ward.sort().await;
    let claims = ward.claimed(Channel::Email).await;
    ward.dispatcher.failed(&claims[0], false).await.unwrap();
    ward.clock.pass_seconds(28);
    assert!(ward.dispatcher.due(Channel::Email).await.unwrap().is_empty(), "no pause");
    ward.clock.pass_seconds(2);
    assert_eq!(ward.dispatcher.due(Channel::Email).await.unwrap().len(), 1, "a longer pause");
    let mut attempts = 1;
    for _ in 0..100 {
        ward.clock.pass_seconds(6 * 3600);
        for claim in ward.claimed(Channel::Email).await {
            attempts += 1;
            ward.dispatcher.failed(&claim, false).await.unwrap();
        }
    }
    assert_eq!(attempts, MOST_ATTEMPTS);
    let parked =
        ward.notices().await.into_iter().filter(|notice| notice.state().as_str() == "parked").count();
    assert_eq!(parked, 1);
}

/// A slow node does not send a notice that another node has claimed or sent in the meantime.
#[tokio::test]
async fn one_node_at_a_time_holds_a_notice() {
    let ward = ward().await;
    ward.told("A form was filed in the wrong folder.").await;
    ward.sort().await;
    let list = || async { ward.dispatcher.due(Channel::Email).await.unwrap().remove(0) };
    let (here, there, late) = (list().await, list().await, list().await);
    let first = ward.dispatcher.claim(here).await.unwrap().unwrap();
    assert!(ward.dispatcher.claim(there).await.unwrap().is_none(), "two nodes had it at once");
    ward.clock.pass_seconds(HELD_SECONDS - 2);
    assert!(ward.dispatcher.due(Channel::Email).await.unwrap().is_empty(), "it is held");
    // The first node reports its result after its claim has expired.
    ward.clock.pass_seconds(2);
    let second = ward.claimed(Channel::Email).await.remove(0);
    ward.dispatcher.failed(&first, true).await.unwrap();
    ward.dispatcher.sent(&second).await.unwrap();
    assert!(ward.dispatcher.claim(late).await.unwrap().is_none(), "it was sent");
    let states: Vec<_> =
        ward.notices().await.into_iter().filter(|notice| text(notice, "channel") == "email").collect();
    assert_eq!(states.iter().map(|notice| notice.state().as_str()).collect::<Vec<_>>(), ["delivered"]);
}

#[tokio::test]
async fn a_deferred_notice_counts_no_attempt() {
    let ward = ward().await;
    ward.told("A form was filed in the wrong folder.").await;
    ward.sort().await;
    for _ in 0..MOST_ATTEMPTS {
        let due = ward.dispatcher.due(Channel::Email).await.unwrap().remove(0);
        ward.dispatcher.defer(&due, 180).await.unwrap();
        ward.clock.pass_seconds(178);
        assert!(ward.dispatcher.due(Channel::Email).await.unwrap().is_empty());
        ward.clock.pass_seconds(2);
    }
    let claim = ward.claimed(Channel::Email).await.remove(0);
    assert_eq!((claim.is_last(), claim.pause_seconds()), (false, 30), "{claim:?}");
}

/// A damaged account and a notice that was changed in the database do not block the other notices.
#[tokio::test]
async fn a_damaged_recipient_or_notice_does_not_block_others() {
    let ward = ward().await;
    ward.told("The patient died after the wrong drug was given.").await;
    ward.sort().await;
    let due = ward.dispatcher.due(Channel::Email).await.unwrap();
    assert_eq!(due.len(), 3);
    let (account, notice) = (due[0].recipient.parse::<RecordId>().unwrap(), due[1].id());
    ward.store.spoil(move |record| {
        if record.envelope.id == account {
            record.sealed.values_mut().for_each(|bytes| bytes[40] ^= 1);
        }
        if record.envelope.id == notice {
            record.facets.insert(name!("about"), Value::from("another"));
        }
    });
    let mut claims = Vec::new();
    for due in ward.dispatcher.due(Channel::Email).await.unwrap() {
        claims.push((due.id(), ward.dispatcher.claim(due).await));
    }
    let (damaged, good): (Vec<_>, Vec<_>) = claims.into_iter().partition(|(_, claim)| claim.is_err());
    assert!(matches!(&good[..], [(_, Ok(Some(_)))]), "{good:?}");
    assert!(damaged.iter().all(|(_, claim)| claim.as_ref().unwrap_err().kind() == ErrorKind::Tampered));
    let states = ward.notices().await;
    let parked: Vec<_> = states.iter().filter(|notice| notice.state().as_str() == "parked").collect();
    assert_eq!(
        parked.iter().map(|notice| text(notice, "recipient")).collect::<Vec<_>>(),
        [account.to_string()]
    );
}

/// An unreadable account does not block the notices to other accounts.
#[tokio::test]
async fn a_damaged_account_does_not_block_notices_to_others() {
    let ward = ward().await;
    let second = NewUser {
        role: Role::QualityAdmin,
        email: "second@example.org".to_owned(),
        display_name: "Salma".to_owned(),
        password_hash: None,
        must_change: false,
    };
    let second = all(&ward.eovr).create(&user::KIND, &id("CAI-1-1"), second.command()).await.unwrap().id;
    let quality = ward.quality;
    ward.sort().await;
    ward.told("A form was filed in the wrong folder.").await;
    ward.store.spoil(move |record| {
        if record.envelope.id == quality {
            record.facets.insert(name!("role"), Value::from("owner"));
        }
    });
    let sorted = ward.dispatcher.route().await.unwrap();
    assert_eq!(sorted.messages, 1);
    let unread: Vec<_> = sorted.unread.iter().flat_map(|error| error.context()).collect();
    assert_eq!(unread, [&("user", quality.to_string())]);
    assert_eq!(ward.unread(second).await.len(), 1);
}

#[tokio::test]
async fn only_tier_5_sees_and_retries_parked_notices() {
    let ward = ward().await;
    ward.told("A form was filed in the wrong folder.").await;
    ward.sort().await;
    let first = ward.claimed(Channel::Email).await;
    assert!(!first[0].is_last());
    ward.dispatcher.failed(&first[0], true).await.unwrap();
    let top = account(&ward.eovr, Role::TopManagement, "CAI-2-1").await;
    let parked = Parked::of(&ward.session(top).await);
    let page = parked.list(10, None).await.unwrap();
    assert_eq!(page.items.iter().map(Record::id).collect::<Vec<_>>(), [first[0].due.id()]);
    let others = Parked::of(&ward.session(ward.quality).await);
    assert!(others.list(10, None).await.is_err() || others.list(10, None).await.unwrap().items.is_empty());
    assert!(others.retry(first[0].due.id()).await.is_err());
    assert!(ward.dispatcher.due(Channel::Email).await.unwrap().is_empty(), "a lower tier retried the mail");
    parked.retry(first[0].due.id()).await.unwrap();
    // It is the same mail, at its first attempt again.
    let again = ward.claimed(Channel::Email).await;
    assert_eq!(again.iter().map(|claim| claim.due.id()).collect::<Vec<_>>(), [first[0].due.id()]);
    let error = parked.retry(first[0].due.id()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "it is not parked");
    let mut last = again;
    while !last[0].is_last() {
        ward.clock.pass_seconds(6 * 3600);
        last = ward.claimed(Channel::Email).await;
    }
    ward.dispatcher.failed(&last[0], false).await.unwrap();
    assert_eq!(parked.retry_all().await.unwrap(), Retried { waiting: 1, more: false });
    assert_eq!(parked.retry_all().await.unwrap(), Retried { waiting: 0, more: false });
    assert_eq!(ward.dispatcher.due(Channel::Email).await.unwrap().len(), 1);
    let trail = all(&ward.eovr).trail(&notice::KIND, first[0].due.id()).await.unwrap();
    assert!(trail.verdict.is_intact());
    let retried = trail.entries.iter().filter(|entry| entry.event.action.as_str() == "retry");
    assert_eq!(
        retried.map(|entry| entry.event.actor.to_string()).collect::<Vec<_>>(),
        [top.to_string(), top.to_string()]
    );
}
