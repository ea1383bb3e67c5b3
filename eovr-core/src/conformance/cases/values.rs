use crate::access::Scope;
use crate::conformance::fixture::{LABEL, PARCEL, World, claim_value, name, pack};
use crate::conformance::history::{BYTES, INTS, MICROS, TEXTS};
use crate::conformance::report::{check, check_kind};
use crate::conformance::{Case, Failure, Subject};
use crate::decide::Command;
use crate::error::{ErrorKind, Result};
use crate::record::{Column, Query, Record, RecordId, Test, Value};
use crate::time::Timestamp;
use crate::typed;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "values_come_back",
        promise: "texts, numbers, truth values, moments to the microsecond and bytes come back exactly",
        run: |subject| Box::pin(come_back(subject)),
    },
    Case {
        name: "values_are_told_apart",
        promise: "values are equal only where they are identical, in any language",
        run: |subject| Box::pin(told_apart(subject)),
    },
    Case {
        name: "absent_is_not_empty",
        promise: "a value that is not set is absent, and is not empty, zero or false",
        run: |subject| Box::pin(absent(subject)),
    },
    Case {
        name: "sealed_comes_back",
        promise: "sealed bytes of any length come back exactly, and a search for equal bytes finds them",
        run: |subject| Box::pin(sealed(subject)),
    },
    Case {
        name: "envelope_comes_back",
        promise: "every part of the envelope comes back, and changes only where a commit changes it",
        run: |subject| Box::pin(envelope(subject)),
    },
];

/// Texts of all allowed lengths.
fn texts() -> Vec<String> {
    let long = |c: char| c.to_string().repeat(200 / c.len_utf8());
    let mut texts: Vec<String> = TEXTS.iter().map(|text| (*text).to_owned()).collect();
    texts.extend([long('x'), long('م'), long('😀'), long('\u{10ffff}'), "\u{200f}\u{feff}".to_owned()]);
    texts
}

/// Each facet with each of its values.
fn all_values() -> Vec<(&'static str, Value)> {
    let mut all: Vec<(&str, Value)> = texts().into_iter().map(|text| ("group", Value::from(text))).collect();
    all.extend(INTS.map(|int| ("order", Value::Int(int))));
    all.extend([true, false].map(|bool| ("fragile", Value::Bool(bool))));
    all.extend(MICROS.map(|micros| ("sent_at", Value::Time(Timestamp::from_micros(micros)))));
    all.extend(BYTES.map(|bytes| ("mark", Value::Bytes(bytes.to_vec()))));
    all.push(("mark", Value::Bytes((0..=255).cycle().take(2000).collect())));
    all
}

async fn come_back(subject: Subject) -> Result<(), Failure> {
    let world = World::open(subject).await?;
    for (facet, value) in all_values() {
        let record = world.pack("n-1-1", pack().set(facet, value.clone())).await?;
        check!(record.facet(facet) == Some(&value), "{facet} was {value:?} and is {:?}", record.facet(facet));
        check!(record.facets().len() == 1, "only `{facet}` was set: {:?}", record.facets());
        // Also by a change over another value.
        let session = world.top()?;
        let other =
            world.pack("n-1-1", pack().set("group", "x").set("order", 5).set("fragile", true)).await?;
        session.act(&PARCEL, other.id(), Command::new("change").set(facet, value.clone())).await?;
        let other = session.load(&PARCEL, other.id()).await?;
        check!(
            other.facet(facet) == Some(&value),
            "{facet} was changed to {value:?}: {:?}",
            other.facet(facet)
        );
    }
    let nul = world.pack("n-1-1", pack().set("group", "a\0b")).await;
    check_kind(nul, ErrorKind::InvalidInput, "a text with a control character")?;
    Ok(())
}

async fn told_apart(subject: Subject) -> Result<(), Failure> {
    let world = World::open(subject).await?;
    let mut made: Vec<(&str, Value, RecordId)> = Vec::new();
    for (facet, value) in all_values() {
        let record = world.pack("n-1-1", pack().set(facet, value.clone())).await?;
        made.push((facet, value, record.id()));
    }
    for (facet, value, _) in &made {
        let same = |(other, kept, _): &&(&str, Value, RecordId)| other == facet && kept == value;
        let mut wanted: Vec<RecordId> = made.iter().filter(same).map(|(.., id)| *id).collect();
        wanted.sort();
        let found = ids(&world, facet, Test::Is(value.clone())).await?;
        check!(found == wanted, "equal to {value:?}: {found:?} and not {wanted:?}");
        if matches!(value, Value::Bytes(_)) {
            continue; // compared for equality alone
        }
        let low = |(other, kept, _): &&(&str, Value, RecordId)| other == facet && kept < value;
        let mut wanted: Vec<RecordId> = made.iter().filter(low).map(|(.., id)| *id).collect();
        wanted.sort();
        let found = ids(&world, facet, Test::Before(value.clone())).await?;
        check!(found == wanted, "`{facet}` less than {value:?}: {found:?} and not {wanted:?}");
    }
    Ok(())
}

async fn ids(world: &World, facet: &str, test: Test) -> Result<Vec<RecordId>> {
    let query = Query::of(PARCEL).filter(Column::Facet(name(facet)?), test);
    let page = world.store.find(&Scope::everything(), &query.limit(Query::LARGEST_PAGE)).await?;
    let mut ids: Vec<RecordId> = page.items.iter().map(|record| record.envelope.id).collect();
    ids.sort();
    Ok(ids)
}

async fn absent(subject: Subject) -> Result<(), Failure> {
    let world = World::open(subject).await?;
    let facets = ["tag", "shelf", "group", "order", "fragile", "sent_at", "mark", "claim"];
    let full = pack()
        .set("tag", "t")
        .set("shelf", "a")
        .set("group", "0")
        .set("order", 0)
        .set("fragile", false)
        .set("sent_at", Timestamp::from_micros(0))
        .set("mark", Value::Bytes(Vec::new()))
        .set("claim", claim_value(0))
        .write("contents", "words")
        .write("owner", "words");
    let full = world.pack("n-1-1", full).await?;
    let empty = world.pack("n-1-1", pack()).await?;
    check!(full.facets().len() == facets.len(), "not every set value is there: {:?}", full.facets());
    check!(empty.facets().is_empty(), "nothing was set: {:?}", empty.facets());
    check!(empty.sealed_fields().is_empty(), "nothing was written: {:?}", empty.sealed_fields());
    for facet in facets {
        let found = ids(&world, facet, Test::Absent).await?;
        check!(found == [empty.id()], "`{facet}` is absent in one record: {found:?}");
        let value = full.facet(facet).cloned().unwrap_or(Value::Bool(false));
        let found = ids(&world, facet, Test::Not(value)).await?;
        check!(found == [empty.id()], "`{facet}` differs in one record, which has no value: {found:?}");
    }
    let found = ids(&world, "owner", Test::Absent).await?;
    check!(found == [empty.id()], "`owner` is absent in one record: {found:?}");

    let clear = facets.iter().fold(Command::new("change"), |command, facet| command.clear(facet));
    let session = world.top()?;
    session.act(&PARCEL, full.id(), clear.erase("contents").erase("owner")).await?;
    let cleared = session.load(&PARCEL, full.id()).await?;
    check!(cleared.facets().is_empty(), "every facet was cleared: {:?}", cleared.facets());
    check!(cleared.sealed_fields().is_empty(), "all was erased: {:?}", cleared.sealed_fields());
    Ok(())
}

async fn sealed(subject: Subject) -> Result<(), Failure> {
    let world = World::open(subject).await?;
    let session = world.top()?;
    let long = ["x", "م", "😀"].map(|text| text.repeat(60_000));
    let texts = TEXTS.iter().map(|text| (*text).to_owned()).chain(long).chain(["a\0b\u{1}\n".to_owned()]);
    for text in texts.filter(|text| !typed::is_blank(text)) {
        let record =
            world.pack("s-1-1", pack().write("contents", text.clone()).write("story", "once")).await?;
        let opened = session.open(&record, "contents")?;
        let chars = text.chars().count();
        check!(opened.is_some_and(|opened| *opened == text), "a sealed text of {chars} characters changed");
    }
    for owner in ["Ada", "ada", "أحمد"] {
        let record = world.pack("s-1-1", pack().write("owner", owner)).await?;
        let (column, test) = session.sealed_is(&PARCEL, "owner", owner)?;
        let found = session.find(&Query::of(PARCEL).filter(column, test)).await?;
        let found: Vec<_> = found.items.iter().map(Record::id).collect();
        check!(found == [record.id()], "one record has this sealed value: {found:?}");
    }
    Ok(())
}

async fn envelope(subject: Subject) -> Result<(), Failure> {
    let mut world = World::open(subject).await?;
    let nurse = world.staff("nurse-أ-7", "s-1-2")?;
    let id = world.new_id();
    let stamp = crate::conformance::fixture::stamp("s-1-2")?;
    let created_at = world.now();
    nurse.create_as(&PARCEL, &stamp.facility, id, pack().set("order", 1)).await?;
    world.clock.pass_micros(1);
    let updated_at = world.now();
    nurse.act(&PARCEL, id, Command::new("send")).await?;
    let record = nurse.load(&PARCEL, id).await?;
    let envelope = record.envelope();
    check!(envelope.kind == PARCEL && envelope.id == id, "another record came back: {envelope:?}");
    check!(envelope.stamp == stamp, "the stamp changed: {envelope:?}");
    check!(envelope.author.as_str() == "nurse-أ-7", "the author changed: {envelope:?}");
    check!(envelope.parent.is_none(), "the parent changed: {envelope:?}");
    check!(envelope.state == "sent" && envelope.version == 2, "state or version is wrong: {envelope:?}");
    check!(envelope.created_at == created_at, "the time of creation is not to the microsecond: {envelope:?}");
    check!(envelope.updated_at == updated_at, "the time of change is not to the microsecond: {envelope:?}");
    check!(envelope.month == 202_612, "the month is wrong: {envelope:?}");
    let events = world.store.events(&Scope::everything(), &PARCEL, id).await?;
    let last = events.last().map(|event| event.hash);
    check!(last == Some(envelope.head.hash) && envelope.head.seq == 2, "the head is wrong: {envelope:?}");
    check!(record.facet("order") == Some(&Value::Int(1)), "a change of state lost a facet");
    let child = nurse.create_child(&LABEL, id, Command::new("stick").write("words", "up")).await?;
    let child = nurse.load(&LABEL, child.id).await?;
    check!(child.envelope().parent == Some(id), "the child's parent is {:?}", child.envelope().parent);
    Ok(())
}
