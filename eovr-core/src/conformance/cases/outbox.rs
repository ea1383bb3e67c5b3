use std::collections::BTreeSet;

use crate::access::{Role, Scope};
use crate::conformance::fixture::{SLIP, World, member, pack};
use crate::conformance::history::{Made, play};
use crate::conformance::report::check;
use crate::conformance::{Case, Failure, Subject};
use crate::decide::Command;
use crate::error::Result;
use crate::org::OrgId;
use crate::ports::Parcel;
use crate::record::{Column, Query, Tally};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "message_with_every_change",
        promise: "each change posts its own message and no other",
        run: |subject| Box::pin(messages(subject)),
    },
    Case {
        name: "lease_holds",
        promise: "a leased message is not leased again until its lease ends, and then with a higher count of attempts",
        run: |subject| Box::pin(lease(subject)),
    },
    Case {
        name: "acknowledge_removes",
        promise: "an acknowledged message is never leased again; unknown ids are ignored",
        run: |subject| Box::pin(acknowledge(subject)),
    },
    Case {
        name: "internal_stays_inside",
        promise: "records of an internal kind are found and are in the feed like all others, but not in the outbox",
        run: |subject| Box::pin(internal(subject)),
    },
    Case {
        name: "outbox_as_reference",
        promise: "leases and acknowledgements in any order give the same as the reference store, oldest first",
        run: |subject| Box::pin(reference(subject)),
    },
];

/// An outbox with only the messages of this many new records.
async fn filled(subject: Subject, records: usize) -> Result<World, Failure> {
    let world = World::open(subject).await?;
    let now = world.now();
    let first = world.store.lease(1000, now, now).await?;
    world.store.acknowledge(&first.iter().map(|parcel| parcel.id).collect::<Vec<_>>()).await?;
    for _ in 0..records {
        world.pack("n-1-1", pack()).await?;
    }
    Ok(world)
}

fn ids(parcels: &[Parcel]) -> Vec<u64> {
    parcels.iter().map(|parcel| parcel.id).collect()
}

async fn messages(subject: Subject) -> Result<(), Failure> {
    let mut world = filled(subject, 0).await?;
    let parcel = world.pack("s-1-2", pack().set("group", "not for the outbox")).await?;
    let id = world.new_id();
    let commit = world.decide_label(&parcel, id, Command::new("stick").write("words", "not either"))?;
    let wanted: Vec<_> = commit.changes().iter().map(|change| change.message().clone()).collect();
    world.store.commit(commit).await?;
    let now = world.now();
    let got = world.store.lease(10, now, now).await?;
    check!(got.len() == 3, "three records were written and {} messages posted", got.len());
    for (parcel, wanted) in got.iter().skip(1).zip(&wanted) {
        let message: serde_json::Value = serde_json::from_str(&parcel.message)
            .map_err(|error| Failure::new(format!("a message is not JSON: {error}")))?;
        let wanted = serde_json::to_value(wanted).unwrap_or_default();
        check!(message == wanted, "the message should be {wanted} and is {message}");
    }
    check!(!got.iter().any(|parcel| parcel.message.contains("not ")), "a message carries text of the record");
    Ok(())
}

async fn lease(subject: Subject) -> Result<(), Failure> {
    let world = filled(subject, 5).await?;
    let (store, now) = (&world.store, world.now());
    let until = now.plus_seconds(60);
    check!(store.lease(0, now, until).await?.is_empty(), "a lease of zero gives messages");
    let first = store.lease(2, now, until).await?;
    check!(first.len() == 2, "two of five were requested: {first:?}");
    check!(first.iter().all(|parcel| parcel.attempts == 1), "this is the first attempt: {first:?}");
    let second = store.lease(10, now, until).await?;
    check!(second.len() == 3, "three of five are left: {second:?}");
    let order: Vec<u64> = ids(&first).into_iter().chain(ids(&second)).collect();
    check!(order.is_sorted_by(|one, next| one < next), "not oldest first: {order:?}");
    check!(store.lease(10, now, until).await?.is_empty(), "a message was leased twice at once");
    let early = crate::time::Timestamp::from_micros(until.as_micros() - 1);
    check!(store.lease(10, early, until).await?.is_empty(), "a message was leased before its lease ended");
    let again = store.lease(10, until, until.plus_seconds(60)).await?;
    check!(ids(&again) == order, "after their leases ended all are leased again: {again:?}");
    check!(again.iter().all(|parcel| parcel.attempts == 2), "this is the second attempt: {again:?}");
    let kept = again.iter().map(|parcel| &parcel.message);
    let same = kept.eq(first.iter().chain(&second).map(|parcel| &parcel.message));
    check!(same, "a message changed between two attempts");
    Ok(())
}

async fn acknowledge(subject: Subject) -> Result<(), Failure> {
    let world = filled(subject, 4).await?;
    let (store, now) = (&world.store, world.now());
    let until = now.plus_seconds(1);
    let all = ids(&store.lease(10, now, until).await?);
    let (odd, even): (Vec<_>, Vec<_>) = all.iter().enumerate().partition(|(place, _)| place % 2 == 1);
    let odd: Vec<u64> = odd.into_iter().map(|(_, id)| *id).collect();
    let even: Vec<u64> = even.into_iter().map(|(_, id)| *id).collect();
    store.acknowledge(&odd).await?;
    store.acknowledge(&odd).await?;
    store.acknowledge(&[u64::MAX >> 1, 0]).await?;
    store.acknowledge(&[]).await?;
    let left = ids(&store.lease(10, until, until).await?);
    check!(left == even, "two of four were acknowledged: {left:?} are left and not {even:?}");
    // Later messages come after the earlier ones, even where the newest message was removed.
    store.acknowledge(&all).await?;
    world.pack("n-1-1", pack()).await?;
    let newest = ids(&store.lease(10, until, until).await?);
    let later = newest.iter().all(|id| all.iter().all(|old| old < id));
    check!(newest.len() == 1 && later, "a later message has no later place: {newest:?} after {all:?}");
    Ok(())
}

async fn internal(subject: Subject) -> Result<(), Failure> {
    let world = filled(subject, 0).await?;
    let before = world.store.feed(0, 1000).await?.len();
    let slip = |shelf: &str| Command::new("write").set("shelf", shelf);
    let ada = world.staff("ada", "n-1-1")?;
    ada.create(&SLIP, &OrgId::new("n-1-1")?, slip("a")).await?;
    let torn = world.top()?.create(&SLIP, &OrgId::new("s-1-2")?, slip("b")).await?;
    world.top()?.act(&SLIP, torn.id, Command::new("tear")).await?;
    let now = world.now();
    let got = world.store.lease(10, now, now).await?;
    check!(got.is_empty(), "the outbox has a message of an internal kind: {got:?}");
    world.pack("s-1-2", pack()).await?;
    let got = world.store.lease(10, now, now).await?;
    check!(got.len() == 1, "one message was posted after those of an internal kind: {got:?}");
    let feed = world.store.feed(0, 1000).await?.len();
    check!(feed == before + 4, "four changes were made and {} are in the feed", feed - before);

    let all = Query::of(SLIP).limit(10);
    let seen = [
        (member("ada", Role::Staff, "n-1-1")?, 1),
        (member("ada", Role::Staff, "n-1-1")?.own_records_only(), 1),
        (member("ben", Role::Staff, "n-1-1")?.own_records_only(), 0),
        (member("eve", Role::AdminManager, "s-1-1")?, 1),
        (member("gus", Role::GovernorateManager, "n-1-1")?, 1),
        (member("top", Role::TopManagement, "n-1-1")?, 2),
    ];
    for (actor, count) in seen {
        let scope = Scope::of(&actor);
        let found = world.store.find(&scope, &all).await?.items.len();
        let tally = Tally::of(SLIP).by(Column::Facility).by(Column::State);
        let counted: u64 = world.store.tally(&scope, &tally).await?.iter().map(|cell| cell.count).sum();
        check!(
            found == count && counted == count as u64,
            "of {count} slips {found} are found and {counted} counted by {:?}",
            scope.reach()
        );
    }
    let census = world.store.census(&SLIP, &[Column::Facility]).await?;
    check!(census.cells.len() == 2, "two facilities have a slip: {census:?}");
    Ok(())
}

async fn reference(subject: Subject) -> Result<(), Failure> {
    let mut world = World::twin(subject).await?;
    let mut made = Made::default();
    let mut held: BTreeSet<u64> = BTreeSet::new();
    for _ in 0..60 {
        play(&mut world, &mut made, 4).await?;
        let limit = u32::try_from(world.random.below(9)).unwrap_or(1);
        let seconds = i64::try_from(world.random.below(5)).unwrap_or(1);
        let now = world.now();
        let leased = world.store.lease(limit, now, now.plus_seconds(seconds)).await?;
        held.extend(leased.iter().map(|parcel| parcel.id));
        if world.random.percent(50) {
            let done: Vec<u64> = held.iter().copied().filter(|_| world.random.percent(50)).collect();
            world.store.acknowledge(&done).await?;
            held.retain(|id| !done.contains(id));
        }
        world.clock.pass_micros(700_000);
    }
    Ok(())
}
