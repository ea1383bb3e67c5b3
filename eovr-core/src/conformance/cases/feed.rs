use crate::conformance::fixture::{LABEL, PARCEL, World, pack, stamp};
use crate::conformance::history::{Made, play};
use crate::conformance::join::{Boxed, join_all};
use crate::conformance::report::check;
use crate::conformance::{Case, Failure, Subject};
use crate::decide::Command;
use crate::error::Result;
use crate::name;
use crate::ports::Posted;
use crate::record::Column;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "feed_is_the_log",
        promise: "the feed has the message of every change, from position 1, without a gap, byte for byte, even if acknowledged",
        run: |subject| Box::pin(log(subject)),
    },
    Case {
        name: "feed_grows_at_its_end",
        promise: "a new message never appears before one that was already read, even while many callers commit",
        run: |subject| Box::pin(growing(subject)),
    },
    Case {
        name: "census_at_its_position",
        promise: "a census counts every change up to its position and no later one",
        run: |subject| Box::pin(census(subject)),
    },
    Case {
        name: "census_in_a_race",
        promise: "a census is one snapshot while many callers commit at once",
        run: |subject| Box::pin(census_in_a_race(subject)),
    },
];

fn contiguous(posted: &[Posted], after: u64) -> bool {
    posted.iter().map(|posted| posted.position).eq((after + 1..).take(posted.len()))
}

async fn log(subject: Subject) -> Result<(), Failure> {
    let mut world = World::open(subject).await?;
    let start = world.store.feed(0, 1000).await?;
    check!(!start.is_empty() && contiguous(&start, 0), "the feed does not begin at position 1: {start:?}");
    let last = start.len() as u64;
    let parcel = world.pack("s-1-2", pack()).await?;
    let id = world.new_id();
    let commit = world.decide_label(&parcel, id, Command::new("stick").write("words", "up"))?;
    let written =
        commit.changes().first().map(|change| serde_json::to_string(change.message()).unwrap_or_default());
    world.store.commit(commit).await?;
    let stale = world.decide_on(&parcel, Command::new("attach")).await?;
    check!(world.store.commit(stale).await.is_err(), "a stale change was accepted");
    world.pack("n-1-1", pack()).await?;

    let feed = world.store.feed(last, 1000).await?;
    check!(feed.len() == 4, "four changes were committed and {} are in the feed", feed.len());
    check!(contiguous(&feed, last), "the positions after {last} have a gap: {feed:?}");
    check!(
        feed.get(1).map(|posted| &posted.message) == written.as_ref(),
        "the message is not the one that was committed, byte for byte: {feed:?}"
    );
    // The outbox leases the same messages with the same positions, and the feed keeps them.
    let now = world.now();
    let parcels = world.store.lease(1000, now, now).await?;
    let leased = parcels.iter().map(|parcel| (parcel.id, &parcel.message));
    let posted = start.iter().chain(&feed).map(|posted| (posted.position, &posted.message));
    check!(leased.eq(posted), "the outbox and the feed differ");
    world.store.acknowledge(&parcels.iter().map(|parcel| parcel.id).collect::<Vec<_>>()).await?;
    check!(world.store.feed(last, 1000).await? == feed, "an acknowledged message left the feed");
    check!(
        world.store.feed(last, 2).await? == feed.get(..2).unwrap_or_default(),
        "a limit of two gives other messages"
    );
    check!(world.store.feed(last + 4, 10).await?.is_empty(), "there are messages behind the end of the feed");
    check!(world.store.feed(last, 0).await?.is_empty(), "a limit of zero gives messages");
    Ok(())
}

type Step<'a> = Boxed<'a, Result<Vec<Posted>>>;

async fn growing(subject: Subject) -> Result<(), Failure> {
    let world = World::open(subject).await?;
    let (session, facility) = (world.top()?, stamp("n-1-1")?.facility);
    let id = world.pack("n-1-1", pack()).await?.id();
    let mut read: Vec<Posted> = Vec::new();
    for _ in 0..4 {
        let steps = (0..24).map(|step| -> Step<'_> {
            match step % 3 {
                0 => Box::pin(async { session.create(&PARCEL, &facility, pack()).await.map(|_| Vec::new()) }),
                1 => Box::pin(async {
                    let label = Command::new("stick").write("words", "up");
                    session.create_child(&LABEL, id, label).await.map(|_| Vec::new())
                }),
                _ => Box::pin(world.store.feed(0, 1000)),
            }
        });
        let mut seen = Vec::new();
        for step in join_all(steps).await {
            seen.push(step?);
        }
        seen.push(world.store.feed(0, 1000).await?);
        seen.sort_by_key(Vec::len);
        for feed in seen {
            check!(contiguous(&feed, 0), "a reader saw a gap: {} messages", feed.len());
            // Earlier messages are unchanged, and new ones come after them.
            let common = feed.len().min(read.len());
            check!(feed.get(..common) == read.get(..common), "the feed changed before its end");
            if feed.len() > read.len() {
                read = feed;
            }
        }
    }
    Ok(())
}

async fn census(subject: Subject) -> Result<(), Failure> {
    let mut world = World::twin(subject).await?;
    let mut made = Made::default();
    let columns = [
        Column::Governorate,
        Column::Administration,
        Column::Facility,
        Column::Month,
        Column::State,
        Column::Facet(name!("shelf")),
        Column::Facet(name!("fragile")),
    ];
    for _ in 0..12 {
        // The twin compares cells and position with the reference.
        for columns in [columns.as_slice(), columns.get(4..5).unwrap_or_default(), &[]] {
            world.store.census(&PARCEL, columns).await?;
        }
        world.store.census(&LABEL, columns.get(..5).unwrap_or_default()).await?;
        world.store.feed(0, 1000).await?;
        play(&mut world, &mut made, 10).await?;
    }
    Ok(())
}

async fn census_in_a_race(subject: Subject) -> Result<(), Failure> {
    let world = World::open(subject).await?;
    let (session, facility) = (world.top()?, stamp("n-1-1")?.facility);
    let (kind, before) = (PARCEL, world.store.feed(0, 1000).await?.len() as u64);
    let steps = (0..40).map(|step| -> Boxed<'_, Result<Option<(u64, u64)>>> {
        match step % 2 {
            0 => Box::pin(async { session.create(&PARCEL, &facility, pack()).await.map(|_| None) }),
            _ => Box::pin(async {
                let census = world.store.census(&kind, &[]).await?;
                Ok(Some((census.position, census.cells.iter().map(|cell| cell.count).sum())))
            }),
        }
    });
    for step in join_all(steps).await {
        if let Some((position, count)) = step? {
            check!(
                position == before + count,
                "{count} records are counted at position {position}, {before} were there before"
            );
        }
    }
    Ok(())
}
