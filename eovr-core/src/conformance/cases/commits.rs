use crate::conformance::fixture::{LABEL, PARCEL, World, pack};
use crate::conformance::report::{check, check_kind};
use crate::conformance::twin::copy;
use crate::conformance::{Case, Failure, Subject};
use crate::decide::{Command, Commit, Guard};
use crate::error::ErrorKind::Conflict;
use crate::record::Record;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "all_or_nothing",
        promise: "a commit of several records is applied completely or not at all",
        run: |subject| Box::pin(all_or_nothing(subject)),
    },
    Case {
        name: "stale_version",
        promise: "a change of an outdated version is a conflict and changes nothing",
        run: |subject| Box::pin(stale_version(subject)),
    },
    Case {
        name: "create_once",
        promise: "creating a record that exists is a conflict and changes nothing",
        run: |subject| Box::pin(create_once(subject)),
    },
    Case {
        name: "change_of_nothing",
        promise: "changing a record that does not exist is a conflict and creates nothing",
        run: |subject| Box::pin(change_of_nothing(subject)),
    },
    Case {
        name: "guards_hold",
        promise: "a commit whose guard names another version than the store has is a conflict and changes nothing",
        run: |subject| Box::pin(guards(subject)),
    },
    Case {
        name: "receipt_says_what_was_written",
        promise: "the receipt lists each record of the commit, in its order, with its version and number",
        run: |subject| Box::pin(receipt(subject)),
    },
];

async fn all_or_nothing(subject: Subject) -> Result<(), Failure> {
    let mut world = World::open(subject).await?;
    let old = world.pack("n-1-1", pack().set("order", 1)).await?;
    let changed = world.decide_on(&old, Command::new("send")).await?;
    world.store.commit(changed).await?;
    let before = world.dump().await?;

    // The conflicting part is once last, once first and once in the middle.
    for place in 0..3 {
        let mut parts = vec![
            world.decide_pack("n-1-2", world.now_id(1), pack().set("tag", "one"))?,
            world.decide_pack("s-1-2", world.now_id(2), pack().set("tag", "two"))?,
        ];
        parts.insert(place, world.decide_on(&old, Command::new("attach")).await?);
        let whole = parts.into_iter().fold(Commit::new(), Commit::and);
        check_kind(world.store.commit(whole).await, Conflict, "a commit with one stale part")?;
        let after = world.dump().await?;
        check!(after == before, "half a commit was applied: {} became {}", before.sizes(), after.sizes());
    }

    // A parent and a child: the parent's side is stale.
    let id = world.new_id();
    let stale = world.decide_label(&old, id, Command::new("stick").write("words", "up"))?;
    check_kind(world.store.commit(stale).await, Conflict, "a child of a stale parent")?;
    check!(world.dump().await? == before, "a child was written without its parent's side");

    // The failed commits blocked nothing: the same parts without the stale one are accepted.
    let one = world.decide_pack("n-1-2", world.now_id(1), pack().set("tag", "one"))?;
    let two = world.decide_pack("s-1-2", world.now_id(2), pack().set("tag", "two"))?;
    let receipt = world.store.commit(one.and(two)).await?;
    let (was, is) = (before.sizes(), world.dump().await?);
    check!(receipt.written.len() == 2, "two records were committed, {} written", receipt.written.len());
    let whole =
        is.records.len() == before.records.len() + 2 && is.messages.len() == before.messages.len() + 2;
    check!(whole, "two records were committed: {was} became {}", is.sizes());
    let numbers: Vec<_> = is.records.iter().filter_map(|record| record.envelope.number.clone()).collect();
    let mut distinct = numbers.clone();
    distinct.sort();
    distinct.dedup();
    check!(distinct.len() == numbers.len(), "a number was given twice after failed commits: {numbers:?}");
    Ok(())
}

async fn stale_version(subject: Subject) -> Result<(), Failure> {
    let world = World::open(subject).await?;
    let first = world.pack("n-1-1", pack().set("order", 1).write("contents", "one")).await?;
    let mut versions = vec![first.clone()];
    for order in 2..6 {
        let newest = versions.last().unwrap_or(&first);
        let command = Command::new("change").set("order", order).write("contents", format!("{order}"));
        let commit = world.decide_on(newest, command).await?;
        world.store.commit(commit).await?;
        versions.push(world.top()?.load(&PARCEL, first.id()).await?);
    }
    let before = world.dump().await?;
    versions.pop();
    for stale in &versions {
        let commit = world.decide_on(stale, Command::new("change").set("order", 99)).await?;
        let what = format!("a change of version {} where the store has version 5", stale.version());
        check_kind(world.store.commit(commit).await, Conflict, &what)?;
        check!(world.dump().await? == before, "{what} left something behind");
    }
    // A version of the future is as wrong as an outdated one.
    let mut ahead = world.top()?.load(&PARCEL, first.id()).await?;
    ahead.envelope.version += 3;
    let commit = world.decide_on(&ahead, Command::new("send")).await?;
    check_kind(world.store.commit(commit).await, Conflict, "a change of a future version")?;
    check!(world.dump().await? == before, "a change of a future version left something behind");
    Ok(())
}

async fn create_once(subject: Subject) -> Result<(), Failure> {
    let mut world = World::open(subject).await?;
    let id = world.new_id();
    let commit = world.decide_pack("n-1-1", id, pack().set("group", "first"))?;
    let mut again = Commit::new();
    commit.changes().iter().for_each(|change| again.push(copy(change)));
    world.store.commit(commit).await?;
    let before = world.dump().await?;
    check_kind(world.store.commit(again).await, Conflict, "the same creation twice")?;
    check!(world.dump().await? == before, "the same creation twice left something behind");
    let other = world.decide_pack("s-2-2", id, pack().set("group", "second"))?;
    check_kind(world.store.commit(other).await, Conflict, "another record under the same id")?;
    check!(world.dump().await? == before, "another record under the same id left something behind");
    Ok(())
}

async fn change_of_nothing(subject: Subject) -> Result<(), Failure> {
    let mut world = World::open(subject).await?;
    let before = world.dump().await?;
    let id = world.new_id();
    let never = world.decide_pack("n-1-1", id, pack())?;
    let never = never.into_changes().into_iter().next();
    let never = never.ok_or_else(|| Failure::new("a decision changes a record"))?.record;
    let commit = world.decide_on(&never, Command::new("send")).await?;
    check_kind(world.store.commit(commit).await, Conflict, "a change of a record that does not exist")?;
    check!(world.dump().await? == before, "a change of a missing record left something behind");
    Ok(())
}

async fn guards(subject: Subject) -> Result<(), Failure> {
    let mut world = World::open(subject).await?;
    let ground = world.pack("n-1-1", pack()).await?;
    let other = world.pack("s-1-2", pack()).await?;
    let guard =
        |record: &Record, version| Guard { kind: record.envelope().kind.clone(), id: record.id(), version };
    let mut wrong = vec![("a future version", guard(&ground, 2)), ("an earlier version", guard(&ground, 0))];
    wrong.push(("a record that does not exist", Guard { id: world.new_id(), ..guard(&ground, 1) }));
    wrong.push(("a record of another kind", Guard { kind: LABEL, ..guard(&ground, 1) }));
    for (what, wrong) in wrong {
        let before = world.dump().await?;
        let mut commit = world.decide_pack("n-1-2", world.now_id(1), pack())?;
        commit = commit.and(world.decide_on(&other, Command::new("send")).await?);
        commit.guard(guard(&ground, 1));
        commit.guard(wrong);
        check_kind(world.store.commit(commit).await, Conflict, &format!("a commit guarded by {what}"))?;
        check!(world.dump().await? == before, "a commit guarded by {what} left something behind");
    }
    let mut commit = world.decide_pack("n-1-2", world.now_id(1), pack())?;
    commit = commit.and(world.decide_on(&other, Command::new("send")).await?);
    commit.guard(guard(&ground, 1));
    let written = world.store.commit(commit).await?.written;
    check!(written.len() == 2, "two records were committed, and {} were written", written.len());
    let now = world.top()?.load(&PARCEL, ground.id()).await?;
    check!(now.version() == 1, "a guard changed the record that it names: {:?}", now.envelope());
    Ok(())
}

async fn receipt(subject: Subject) -> Result<(), Failure> {
    let mut world = World::open(subject).await?;
    let parcel = world.pack("n-1-1", pack()).await?;
    let id = world.new_id();
    let commit = world.decide_label(&parcel, id, Command::new("stick").write("words", "this side up"))?;
    let written = world.store.commit(commit).await?.written;
    let [label, attached] = written.as_slice() else {
        return Err(Failure::new(format!("two records were committed, and the receipt has {written:?}")));
    };
    check!(label.id == id && label.version == 1, "the first part was the child: {label:?}");
    check!(
        attached.id == parcel.id() && attached.version == 2,
        "the second part was the parent: {attached:?}"
    );
    let kept = world.top()?.load(&LABEL, id).await?;
    check!(label.number == kept.envelope().number, "the receipt and the record differ in the number");
    check!(label.number.is_some(), "a record that requires a number has none");
    check!(attached.number == parcel.envelope().number, "a change alters the number: {attached:?}");
    check!(kept.envelope().parent == Some(parcel.id()), "the child has lost its parent");
    Ok(())
}
