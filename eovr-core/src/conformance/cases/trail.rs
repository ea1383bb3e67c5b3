use crate::access::Scope;
use crate::audit::{self, StoredEvent};
use crate::conformance::fixture::{PARCEL, World, pack};
use crate::conformance::history::{Made, play};
use crate::conformance::report::check;
use crate::conformance::{Case, Failure, Subject};
use crate::decide::Command;
use crate::record::Record;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "events_in_order",
        promise: "events come back byte for byte, in the order of the chain, and are only ever added",
        run: |subject| Box::pin(order(subject)),
    },
    Case {
        name: "chains_verify",
        promise: "after any history, the chain of every record verifies",
        run: |subject| Box::pin(verify(subject)),
    },
];

async fn order(subject: Subject) -> Result<(), Failure> {
    let world = World::open(subject).await?;
    let mut record = world.pack("n-1-1", pack()).await?;
    let everything = Scope::everything();
    let first = world.store.events(&everything, &PARCEL, record.id()).await?;
    check!(first.len() == 1, "a new record has one event: {}", first.len());
    let mut expected = bytes(first);
    // More than ten events, because an order by text would show then.
    for number in 0..14 {
        let command = Command::new("change").set("order", number).note("ملاحظة: \"quoted\" \\ 🩺");
        let commit = world.decide_on(&record, command).await?;
        expected.extend(commit.changes().iter().map(|change| StoredEvent::from(change.link())));
        world.store.commit(commit).await?;
        // Other chains grow at the same time.
        world.pack("n-1-1", pack()).await?;
        record = world.top()?.load(&PARCEL, record.id()).await?;
        let events = bytes(world.store.events(&everything, &PARCEL, record.id()).await?);
        check!(events == expected, "after {} changes the chain is not what was committed", number + 1);
    }
    let kind = world.eovr.catalog().kind(&PARCEL)?;
    let verdict = audit::verify(kind, &record, &expected);
    check!(verdict.is_intact(), "{verdict:?}");
    Ok(())
}

/// Clears the copies beside an event, because each store may keep its own.
fn bytes(events: Vec<StoredEvent>) -> Vec<StoredEvent> {
    events.into_iter().map(|event| StoredEvent { beside: None, ..event }).collect()
}

async fn verify(subject: Subject) -> Result<(), Failure> {
    let mut world = World::twin(subject).await?;
    let mut made = Made::default();
    play(&mut world, &mut made, 150).await?;
    let dump = world.dump().await?;
    for (stored, events) in dump.records.into_iter().zip(dump.events) {
        let record: Record = stored.try_into()?;
        let kind = world.eovr.catalog().kind(&record.envelope().kind)?;
        let verdict = audit::verify(kind, &record, &events);
        check!(verdict.is_intact(), "{:?}: {verdict:?}", record.envelope());
    }
    Ok(())
}
