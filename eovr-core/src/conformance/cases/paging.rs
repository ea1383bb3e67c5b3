use std::collections::BTreeSet;

use crate::access::Scope;
use crate::conformance::fixture::{PARCEL, World, pack, scopes};
use crate::conformance::history::{Made, play, query};
use crate::conformance::report::check;
use crate::conformance::{Case, Failure, Subject};
use crate::record::{Cursor, Query, RecordId, StoredRecord};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "pages_join",
        promise: "pages of any size together give all records, newest first and each exactly once",
        run: |subject| Box::pin(join(subject)),
    },
    Case {
        name: "cursor_stays_right",
        promise: "a cursor stays right while new records arrive",
        run: |subject| Box::pin(arrivals(subject)),
    },
];

fn place(record: &StoredRecord) -> Cursor {
    Cursor { created_at: record.envelope.created_at, id: record.envelope.id }
}

async fn join(subject: Subject) -> Result<(), Failure> {
    let mut world = World::twin(subject).await?;
    let mut made = Made::default();
    play(&mut world, &mut made, 90).await?;
    let scopes = scopes()?;
    for limit in 1..=7 {
        for round in 0..4 {
            let everything = Scope::everything();
            let scope =
                if round < 2 { &everything } else { world.random.pick(&scopes).unwrap_or(&everything) };
            let mut asked = Query::of(PARCEL);
            if round % 2 == 1 {
                asked.clauses = query(&mut world, &made, &PARCEL).await?.clauses;
            }
            let whole = world.store.find(scope, &asked.clone().limit(Query::LARGEST_PAGE)).await?;
            check!(whole.next.is_none(), "there is another page behind all of {}", whole.items.len());
            let mut joined: Vec<StoredRecord> = Vec::new();
            let mut asked = asked.limit(limit);
            loop {
                let page = world.store.find(scope, &asked).await?;
                let full = page.items.len() == limit as usize;
                check!(
                    full || page.next.is_none(),
                    "a page of {limit} has {} records and a next page",
                    page.items.len()
                );
                joined.extend(page.items);
                match page.next {
                    Some(next) => asked = asked.after(Some(next)),
                    None => break,
                }
            }
            check!(joined == whole.items, "pages of {limit} together differ from all records");
            let falls = joined.is_sorted_by(|one, next| place(one) > place(next));
            check!(falls, "pages of {limit} are not newest first");
        }
    }
    Ok(())
}

async fn arrivals(subject: Subject) -> Result<(), Failure> {
    let mut world = World::twin(subject).await?;
    for _ in 0..15 {
        // Several records in one microsecond, so that a page may end between them.
        world.pack("n-1-1", pack()).await?;
        world.clock.pass_micros(if world.random.percent(30) { 1 } else { 0 });
        world.pack("s-1-1", pack()).await?;
    }
    for limit in 1..=7 {
        world.clock.pass_micros(1);
        let everything = Scope::everything();
        let all = Query::of(PARCEL).limit(Query::LARGEST_PAGE);
        let there: Vec<RecordId> = world
            .store
            .find(&everything, &all)
            .await?
            .items
            .iter()
            .map(|record| record.envelope.id)
            .collect();
        let mut walked = Vec::new();
        let mut asked = Query::of(PARCEL).limit(limit);
        loop {
            let page = world.store.find(&everything, &asked).await?;
            walked.extend(page.items.iter().map(|record| record.envelope.id));
            world.pack("n-1-1", pack()).await?;
            match page.next {
                Some(next) => asked = asked.after(Some(next)),
                None => break,
            }
        }
        let distinct: BTreeSet<_> = walked.iter().collect();
        check!(distinct.len() == walked.len(), "pages of {limit} show a record twice while others arrive");
        check!(walked == there, "pages of {limit} miss a record, or show a later one, while others arrive");
    }
    Ok(())
}
