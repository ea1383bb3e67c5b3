use crate::access::{Reach, Scope};
use crate::conformance::fixture::{LABEL, PARCEL, World, pack, scopes, stamp};
use crate::conformance::history::{Made, play, query, tally};
use crate::conformance::report::check;
use crate::conformance::{Case, Failure, Subject};
use crate::decide::Command;
use crate::error::Result;
use crate::name;
use crate::org::{OrgId, Stamp};
use crate::record::{Column, Query, Tally, Test};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "load_in_scope",
        promise: "load gives a record under every scope that covers it, and under no other",
        run: |subject| Box::pin(load(subject)),
    },
    Case {
        name: "find_in_scope",
        promise: "find gives the records in scope that match, for every column and test, with the requested facets",
        run: |subject| Box::pin(find(subject)),
    },
    Case {
        name: "tally_in_scope",
        promise: "tally counts the records in scope that match, by zero to four columns, in order",
        run: |subject| Box::pin(count(subject)),
    },
    Case {
        name: "tally_after_a_move",
        promise: "a facility that has moved and kept its id is one cell in a count by facility",
        run: |subject| Box::pin(moved(subject)),
    },
    Case {
        name: "events_in_scope",
        promise: "events gives a record's events under every scope that covers the record, and under no other",
        run: |subject| Box::pin(events(subject)),
    },
    Case {
        name: "out_of_scope_is_absent",
        promise: "a record out of scope looks the same as a record that does not exist",
        run: |subject| Box::pin(out_of_scope(subject)),
    },
];

async fn played(subject: Subject, steps: usize) -> Result<(World, Made), Failure> {
    let mut world = World::twin(subject).await?;
    let mut made = Made::default();
    play(&mut world, &mut made, steps).await?;
    let (parcels, labels) = (made.parcels.len(), made.labels.len());
    check!(parcels > steps / 4 && labels > 0, "{steps} steps made {parcels} records and {labels} children");
    Ok((world, made))
}

async fn load(subject: Subject) -> Result<(), Failure> {
    let (world, made) = played(subject, 120).await?;
    for scope in scopes()? {
        for kind in [PARCEL, LABEL] {
            for id in made.of(&kind).iter().take(40) {
                world.store.load(&scope, &kind, *id).await?;
            }
        }
    }
    Ok(())
}

async fn find(subject: Subject) -> Result<(), Failure> {
    let (mut world, made) = played(subject, 250).await?;
    let scopes = scopes()?;
    for scope in &scopes {
        for kind in [PARCEL, LABEL, name!("data_key")] {
            world.store.find(scope, &Query::of(kind).limit(Query::LARGEST_PAGE)).await?;
        }
    }
    for round in 0..600 {
        let kind = if round % 4 == 0 { LABEL } else { PARCEL };
        let asked = query(&mut world, &made, &kind).await?;
        // Half of the queries use the scope that covers everything, because they find the most records.
        let everything = Scope::everything();
        let scope =
            if round % 2 == 0 { &everything } else { world.random.pick(&scopes).unwrap_or(&everything) };
        world.store.find(scope, &asked).await?;
    }
    Ok(())
}

async fn count(subject: Subject) -> Result<(), Failure> {
    let (mut world, made) = played(subject, 250).await?;
    let scopes = scopes()?;
    for scope in &scopes {
        world.store.tally(scope, &Tally::of(PARCEL)).await?;
        world.store.tally(scope, &Tally::of(LABEL)).await?;
    }
    for round in 0..400 {
        let kind = if round % 4 == 0 { LABEL } else { PARCEL };
        let asked = tally(&mut world, &made, &kind).await?;
        let everything = Scope::everything();
        let scope =
            if round % 2 == 0 { &everything } else { world.random.pick(&scopes).unwrap_or(&everything) };
        world.store.tally(scope, &asked).await?;
    }
    Ok(())
}

async fn moved(subject: Subject) -> Result<(), Failure> {
    let world = World::twin(subject).await?;
    let kind = world.eovr.catalog().kind(&PARCEL)?;
    let first = stamp("n-1-1")?;
    let then = Stamp { administration: OrgId::new("n-2")?, ..first.clone() };
    let now = Stamp { governorate: OrgId::new("s")?, administration: OrgId::new("s-1")?, ..first.clone() };
    for (number, stamp) in (1..).zip([first, then, now.clone(), now]) {
        let id = world.now_id(number);
        world.store.commit(world.top()?.decide_new(kind, id, stamp, None, pack())?).await?;
    }
    let everything = Scope::everything();
    let parcels = || Tally::of(kind.name().clone());
    let cells = world.store.tally(&everything, &parcels().by(Column::Facility)).await?;
    check!(cells.iter().map(|cell| cell.count).eq([4]), "four records of one facility are {cells:?}");
    for asked in [
        parcels().by(Column::Governorate),
        parcels().by(Column::Administration),
        parcels().by(Column::Facility).by(Column::Governorate),
        parcels().by(Column::Administration).by(Column::Facility),
        parcels().by(Column::Facility).by(Column::Month),
        parcels().by(Column::Facility).filter(Column::Administration, Test::Not("s-1".into())),
    ] {
        world.store.tally(&everything, &asked).await?;
    }
    Ok(())
}

async fn events(subject: Subject) -> Result<(), Failure> {
    let (world, made) = played(subject, 120).await?;
    for scope in scopes()? {
        for kind in [PARCEL, LABEL] {
            for id in made.of(&kind).iter().take(25) {
                world.store.events(&scope, &kind, *id).await?;
            }
        }
    }
    Ok(())
}

async fn out_of_scope(subject: Subject) -> Result<(), Failure> {
    let mut world = World::open(subject).await?;
    let parcel = world.pack("n-1-1", pack().set("tag", "red").write("owner", "ada")).await?;
    let id = world.new_id();
    let commit = world.decide_label(&parcel, id, Command::new("stick").write("words", "up"))?;
    world.store.commit(commit).await?;
    let never = world.new_id();
    let (store, kinds) = (&world.store, [PARCEL, LABEL, name!("data_key")]);
    for scope in scopes()?.into_iter().filter(|scope| !scope.matches(&parcel)) {
        for kind in &kinds {
            for id in [parcel.id(), id, never] {
                let reach = scope.reach();
                check!(store.load(&scope, kind, id).await?.is_none(), "load of {kind:?} leaks to {reach:?}");
                check!(
                    store.events(&scope, kind, id).await?.is_empty(),
                    "events of {kind:?} leak to {reach:?}"
                );
            }
            let page = store.find(&scope, &Query::of(kind.clone())).await?;
            check!(
                page.items.is_empty() && page.next.is_none(),
                "find leaks {kind:?} to {:?}",
                scope.reach()
            );
            let cells = store.tally(&scope, &Tally::of(kind.clone())).await?;
            check!(cells.is_empty(), "tally leaks {kind:?} to {:?}: {cells:?}", scope.reach());
        }
    }
    // A record is not found under another kind either, even under the scope that covers everything.
    let everything = Scope::everything();
    check!(matches!(everything.reach(), Reach::Country), "everything is the country");
    for (kind, id) in [(LABEL, parcel.id()), (PARCEL, id), (PARCEL, never)] {
        check!(store.load(&everything, &kind, id).await?.is_none(), "load under the wrong kind finds");
        check!(store.events(&everything, &kind, id).await?.is_empty(), "events under the wrong kind");
    }
    Ok(())
}
