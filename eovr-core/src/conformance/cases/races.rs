use std::collections::BTreeSet;

use crate::access::Scope;
use crate::conformance::fixture::{LABEL, PARCEL, World, pack, stamp};
use crate::conformance::join::{Boxed, join_all};
use crate::conformance::report::check;
use crate::conformance::{Case, Failure, Subject};
use crate::decide::{Command, Guard};
use crate::error::{Error, ErrorKind, Result};
use crate::ports::{Parcel, Written};
use crate::record::{Column, Query, Test, Value};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "one_writer_wins",
        promise: "of many changes to one version at once, exactly one succeeds and the others are conflicts",
        run: |subject| Box::pin(writers(subject)),
    },
    Case {
        name: "no_writer_is_lost",
        promise: "when many callers change one record at once and retry, every change is applied in the end",
        run: |subject| Box::pin(patient_writers(subject)),
    },
    Case {
        name: "one_claim_wins",
        promise: "of many claims of one unique value at once, exactly one succeeds and the others are conflicts",
        run: |subject| Box::pin(claims(subject)),
    },
    Case {
        name: "numbers_in_a_race",
        promise: "records created at once get different numbers",
        run: |subject| Box::pin(creators(subject)),
    },
    Case {
        name: "guards_in_a_race",
        promise: "of commits that are made while the record of their guard changes, those before the change are made, \
                  and none behind it",
        run: |subject| Box::pin(guarded(subject)),
    },
    Case {
        name: "leases_in_a_race",
        promise: "when many callers lease at once, each message goes to exactly one of them",
        run: |subject| Box::pin(leases(subject)),
    },
];

const RACERS: u8 = 12;

type Raced<'a> = Boxed<'a, Result<Written>>;

/// The results of the successful calls, after a check that the others failed with a conflict.
fn winners(results: Vec<Result<Written>>) -> Result<Vec<Written>, Failure> {
    let mut winners = Vec::new();
    for result in results {
        match result {
            Ok(written) => winners.push(written),
            Err(error) if error.kind() == ErrorKind::Conflict => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(winners)
}

async fn writers(subject: Subject) -> Result<(), Failure> {
    let world = World::open(subject).await?;
    let id = world.pack("n-1-1", pack()).await?.id();
    let (session, kind) = (world.top()?, PARCEL);
    for version in 1..=6 {
        let racers = (0..RACERS).map(|racer| -> Raced<'_> {
            let command = Command::new("change").set("order", i64::from(racer)).expecting(version);
            Box::pin(session.act(&kind, id, command))
        });
        let won = winners(join_all(racers).await)?;
        check!(won.len() == 1, "{} of {RACERS} replaced version {version}", won.len());
    }
    let trail = session.trail(&PARCEL, id).await?;
    check!(
        trail.record.version() == 7,
        "after six changes the version should be 7: {}",
        trail.record.version()
    );
    check!(trail.entries.len() == 7, "seven events were written: {}", trail.entries.len());
    check!(trail.verdict.is_intact(), "{:?}", trail.verdict);
    Ok(())
}

async fn patient_writers(subject: Subject) -> Result<(), Failure> {
    let world = World::open(subject).await?;
    let id = world.pack("n-1-1", pack()).await?.id();
    let (session, parcel, label) = (world.top()?, PARCEL, LABEL);
    // Half of the racers add a child, because a child also changes its parent.
    let racers = (0..RACERS).map(|racer| -> Raced<'_> {
        match racer % 2 {
            0 => Box::pin(session.act(&parcel, id, Command::new("change").set("order", i64::from(racer)))),
            _ => Box::pin(session.create_child(&label, id, Command::new("stick").write("words", "up"))),
        }
    });
    let won = winners(join_all(racers).await)?.len();
    check!(won == usize::from(RACERS), "{won} of {RACERS} got through");
    let trail = session.trail(&PARCEL, id).await?;
    check!(
        trail.record.version() == u64::from(RACERS) + 1,
        "a change was lost: {:?}",
        trail.record.envelope()
    );
    check!(trail.verdict.is_intact(), "{:?}", trail.verdict);
    let children = Query::of(LABEL).filter(Column::Parent, Test::Is(Value::from(id)));
    let children = world.store.find(&Scope::everything(), &children).await?.items.len();
    check!(children == usize::from(RACERS / 2), "the record has {children} children");
    Ok(())
}

async fn claims(subject: Subject) -> Result<(), Failure> {
    let world = World::open(subject).await?;
    let facility = stamp("n-1-1")?.facility;
    let (session, kind) = (world.top()?, PARCEL);
    for round in 0..4 {
        let racers = (0..RACERS).map(|_| -> Raced<'_> {
            Box::pin(session.create(&kind, &facility, pack().set("tag", format!("round {round}"))))
        });
        let won = winners(join_all(racers).await)?;
        check!(won.len() == 1, "{} of {RACERS} records hold one unique value", won.len());
    }
    let all = world.store.find(&Scope::everything(), &Query::of(PARCEL)).await?.items.len();
    check!(all == 4, "four of the records should be there, and {all} are");
    Ok(())
}

async fn guarded(subject: Subject) -> Result<(), Failure> {
    let mut world = World::open(subject).await?;
    for _ in 0..6 {
        let ground = world.pack("n-1-1", pack()).await?;
        let guard = Guard { kind: PARCEL, id: ground.id(), version: ground.version() };
        let mut commits = Vec::new();
        for racer in 0..RACERS {
            let mut commit = match racer == RACERS / 2 {
                true => world.decide_on(&ground, Command::new("send")).await?,
                false => {
                    let id = world.new_id();
                    world.decide_pack("n-1-2", id, pack())?
                }
            };
            commit.guard(guard.clone());
            commits.push(commit);
        }
        let start = world.store.census(&PARCEL, &[]).await?.position;
        let store = &world.store;
        let racers = commits.into_iter().map(|commit| -> Raced<'_> {
            let made = async move { store.commit(commit).await };
            Box::pin(async move { first(made.await?.written) })
        });
        let won: BTreeSet<_> = winners(join_all(racers).await)?.into_iter().map(|won| won.id).collect();
        check!(won.contains(&ground.id()), "the change that needs no guard was lost");
        let feed = world.store.feed(start, 1000).await?;
        check!(
            feed.len() == won.len(),
            "{} commits succeeded, and the feed has {} messages",
            won.len(),
            feed.len()
        );
        let change = format!("\"record\":\"{}\"", ground.id());
        let last = feed.last().is_some_and(|posted| posted.message.contains(&change));
        check!(last, "a commit succeeded after a change of the record that its guard names");
    }
    Ok(())
}

fn first(written: Vec<Written>) -> Result<Written> {
    written.into_iter().next().ok_or_else(|| Error::bug("a commit writes a record"))
}

async fn creators(subject: Subject) -> Result<(), Failure> {
    let world = World::open(subject).await?;
    let facility = stamp("n-1-1")?.facility;
    let (session, kind) = (world.top()?, PARCEL);
    let racers = (0..4 * RACERS).map(|_| -> Raced<'_> { Box::pin(session.create(&kind, &facility, pack())) });
    let mut numbers = BTreeSet::new();
    for result in join_all(racers).await {
        let number = result?.number.unwrap_or_default();
        check!(numbers.insert(number.clone()), "`{number}` was given twice");
    }
    Ok(())
}

async fn leases(subject: Subject) -> Result<(), Failure> {
    let world = World::open(subject).await?;
    for _ in 0..20 {
        world.pack("n-1-1", pack()).await?;
    }
    let now = world.now();
    let racers = (0..RACERS).map(|_| -> Boxed<'_, Result<Vec<Parcel>>> {
        Box::pin(world.store.lease(3, now, now.plus_seconds(60)))
    });
    let mut seen = BTreeSet::new();
    for leased in join_all(racers).await {
        for parcel in leased? {
            check!(seen.insert(parcel.id), "message {} was handed out twice at once", parcel.id);
        }
    }
    Ok(())
}
