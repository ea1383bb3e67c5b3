use crate::conformance::fixture::{LABEL, PARCEL, World, claim_value, pack};
use crate::conformance::report::{check, check_kind};
use crate::conformance::{Case, Failure, Subject};
use crate::decide::Command;
use crate::error::ErrorKind::Conflict;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "unique_is_kept",
        promise: "a unique facet whose value is taken is a conflict, and changes nothing",
        run: |subject| Box::pin(kept(subject)),
    },
    Case {
        name: "unique_is_freed",
        promise: "a value of a unique facet is free again once its record has another value or none",
        run: |subject| Box::pin(freed(subject)),
    },
    Case {
        name: "unique_within_its_kind",
        promise: "a value is unique within one facet of one kind: the same value elsewhere, or no value, is no conflict",
        run: |subject| Box::pin(within(subject)),
    },
];

async fn kept(subject: Subject) -> Result<(), Failure> {
    let mut world = World::open(subject).await?;
    world.pack("n-1-1", pack().set("tag", "red").set("claim", claim_value(1))).await?;
    let blue = world.pack("s-2-2", pack().set("tag", "blue")).await?;
    let before = world.dump().await?;

    let same_text = world.decide_pack("s-1-1", world.now_id(1), pack().set("tag", "red"))?;
    check_kind(world.store.commit(same_text).await, Conflict, "a text that is taken")?;
    let same_bytes = world.decide_pack("s-1-1", world.now_id(2), pack().set("claim", claim_value(1)))?;
    check_kind(world.store.commit(same_bytes).await, Conflict, "bytes that are taken")?;
    let changed = world.decide_on(&blue, Command::new("change").set("tag", "red")).await?;
    check_kind(world.store.commit(changed).await, Conflict, "a change to a text that is taken")?;
    let one = world.decide_pack("n-1-1", world.now_id(3), pack().set("tag", "green"))?;
    let two = world.decide_pack("n-1-2", world.now_id(4), pack().set("tag", "green"))?;
    check_kind(world.store.commit(one.and(two)).await, Conflict, "the same text twice in one commit")?;
    check!(world.dump().await? == before, "a refused value left something behind");
    // Values that differ in case or accents are different values.
    let other = world.new_id();
    world.store.commit(world.decide_pack("n-1-1", other, pack().set("tag", "Red"))?).await?;
    Ok(())
}

async fn freed(subject: Subject) -> Result<(), Failure> {
    let mut world = World::open(subject).await?;
    let mut holder = world.pack("n-1-1", pack().set("tag", "red").set("claim", claim_value(1))).await?;
    let commands = [
        // A record may set its own value again, or leave it.
        Command::new("change").set("order", 1),
        Command::new("change").set("tag", "red").set("claim", claim_value(1)),
        Command::new("change").set("tag", "blue").clear("claim"),
    ];
    for command in commands {
        let commit = world.decide_on(&holder, command).await?;
        world.store.commit(commit).await?;
        holder = world.top()?.load(&PARCEL, holder.id()).await?;
    }
    let id = world.new_id();
    let taken = world.decide_pack("s-1-1", id, pack().set("tag", "red").set("claim", claim_value(1)))?;
    world.store.commit(taken).await?;
    let back = world.decide_on(&holder, Command::new("change").set("tag", "red")).await?;
    check_kind(world.store.commit(back).await, Conflict, "the old value, which another record has now")?;
    let free = world.decide_on(&holder, Command::new("change").clear("tag")).await?;
    world.store.commit(free).await?;
    let id = world.new_id();
    world.store.commit(world.decide_pack("s-1-1", id, pack().set("tag", "blue"))?).await?;
    Ok(())
}

async fn within(subject: Subject) -> Result<(), Failure> {
    let mut world = World::open(subject).await?;
    let parcel = world.pack("n-1-1", pack().set("tag", "red").set("group", "red")).await?;
    world.pack("n-1-1", pack().set("group", "red")).await?;
    let id = world.new_id();
    let label = Command::new("stick").set("tag", "red").write("words", "up");
    world.store.commit(world.decide_label(&parcel, id, label)?).await?;
    let label = world.top()?.load(&LABEL, id).await?;
    check!(label.facet("tag").is_some(), "the child's own value is missing");
    Ok(())
}
