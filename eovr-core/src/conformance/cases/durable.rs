use std::sync::Arc;

use crate::access::Scope;
use crate::conformance::fixture::{LABEL, PARCEL, World, kind, pack};
use crate::conformance::join::{Boxed, join_all, poll_at_most};
use crate::conformance::report::check;
use crate::conformance::{Case, Failure, Subject};
use crate::decide::Command;
use crate::error::Result;
use crate::kind::Catalog;
use crate::record::Query;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "prepare_again",
        promise: "prepare may be called again, by many nodes at once and with more kinds; it only adds",
        run: |subject| Box::pin(prepare(subject)),
    },
    Case {
        name: "dropped_halfway",
        promise: "a commit whose future is dropped is applied completely or not at all",
        run: |subject| Box::pin(dropped(subject)),
    },
    Case {
        name: "reads_dropped_halfway",
        promise: "a read or a lease whose future is dropped does not disturb later calls",
        run: |subject| Box::pin(dropped_reads(subject)),
    },
];

const CRATE_TABLE: &str = r#"{
    "name": "crate",
    "facets": [{"name": "select", "type": "int"}],
    "workflow": {
        "start": "open", "create": "open_up",
        "states": [{"name": "open"}, {"name": "shut", "end": true}],
        "actions": [{"name": "open_up", "tiers": [1, 5], "sets": ["select"]}, {"name": "shut", "tiers": [1, 5]}],
        "rules": [{"from": ["open"], "action": "shut", "to": "shut"}]
    }
}"#;

async fn prepare(subject: Subject) -> Result<(), Failure> {
    let store = Arc::clone(&subject.store);
    let world = World::open(subject).await?;
    world.pack("n-1-1", pack().set("tag", "red").write("contents", "words")).await?;
    let before = world.dump().await?;
    store.prepare(world.eovr.catalog()).await?;
    check!(world.dump().await? == before, "preparing again changed something");
    let catalog = world.eovr.catalog();
    let nodes = (0..20).map(|_| -> Boxed<'_, Result<()>> { Box::pin(store.prepare(catalog)) });
    join_all(nodes).await.into_iter().collect::<Result<()>>()?;
    check!(world.dump().await? == before, "preparing on twenty nodes at once changed something");
    let more = Catalog::new([kind(CRATE_TABLE)?], &[])?;
    store.prepare(&more).await?;
    store.prepare(world.eovr.catalog()).await?;
    check!(world.dump().await? == before, "preparing another kind changed something");
    for kind in more.kinds() {
        let page = store.find(&Scope::everything(), &Query::of(kind.name().clone())).await?;
        check!(page.items.is_empty(), "a kind that was just prepared has records");
    }
    Ok(())
}

async fn dropped(subject: Subject) -> Result<(), Failure> {
    let mut world = World::open(subject).await?;
    let session = world.top()?;
    let parcel = world.pack("n-1-1", pack()).await?.id();
    let other = world.pack("n-1-1", pack()).await?.id();
    for polls in 1..=16 {
        let before = session.load(&PARCEL, parcel).await?;
        let sizes = world.dump().await?;
        let id = world.new_id();
        let commit = world.decide_label(&before, id, Command::new("stick").write("words", "up"))?;
        let done = poll_at_most(world.store.commit(commit), polls).await;
        // After another change has succeeded, the dropped commit has ended, applied or not.
        session.act(&PARCEL, other, Command::new("change").set("order", polls as i64)).await?;
        let now = world.dump().await?;
        let after = session.load(&PARCEL, parcel).await?;
        let is_new = after.version() == before.version() + 1;
        check!(is_new || after == before, "dropped after {polls} polls: the parent is neither old nor new");
        if let Some(done) = done {
            done?;
            check!(is_new, "a commit returned and its effect is missing");
        }
        let child = session.load(&LABEL, id).await.is_ok();
        check!(child == is_new, "dropped after {polls} polls: parent new {is_new}, child there {child}");
        let events: usize = now.events.iter().map(Vec::len).sum();
        let events_before: usize = sizes.events.iter().map(Vec::len).sum();
        let (records, more) = if is_new { (1, 2) } else { (0, 0) };
        let whole = now.records.len() == sizes.records.len() + records
            && events == events_before + more + 1
            && now.messages.len() == sizes.messages.len() + more + 1;
        check!(whole, "dropped after {polls} polls: {} became {}", sizes.sizes(), now.sizes());
        let trail = session.trail(&PARCEL, parcel).await?;
        check!(trail.verdict.is_intact(), "dropped after {polls} polls: {:?}", trail.verdict);
    }
    Ok(())
}

async fn dropped_reads(subject: Subject) -> Result<(), Failure> {
    let world = World::open(subject).await?;
    let record = world.pack("n-1-1", pack().set("tag", "red")).await?;
    let before = world.dump().await?;
    let everything = Scope::everything();
    let (kind, now) = (record.envelope().kind.clone(), world.now());
    let query = Query::of(kind.clone());
    for polls in 1..=8 {
        let _ = poll_at_most(world.store.load(&everything, &kind, record.id()), polls).await;
        let _ = poll_at_most(world.store.find(&everything, &query), polls).await;
        let _ = poll_at_most(world.store.events(&everything, &kind, record.id()), polls).await;
        let _ = poll_at_most(world.store.lease(10, now, now), polls).await;
        let after = world.dump().await?;
        check!(after == before, "reads dropped after {polls} polls changed something");
    }
    Ok(())
}
