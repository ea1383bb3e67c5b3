use crate::access::{Actor, Role};
use crate::conformance::Failure;
use crate::conformance::fixture::{FACILITIES, LABEL, PARCEL, World, claim_value, member, name, visitor};
use crate::conformance::random::Random;
use crate::decide::Command;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Name;
use crate::org::OrgId;
use crate::record::{Clause, Column, Query, RecordId, Tally, Test, Value};
use crate::time::Timestamp;

/// The records of a random history.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) parcels: Vec<RecordId>,
    pub(super) labels: Vec<RecordId>,
}

impl Made {
    pub(super) fn of(&self, kind: &Name) -> &[RecordId] {
        if *kind == LABEL { &self.labels } else { &self.parcels }
    }
}

/// Texts that a database may confuse where it compares by language rules or where a query is built wrongly.
pub(super) const TEXTS: [&str; 22] = [
    "a",
    "A",
    "a ",
    " a",
    "\u{e9}",
    "e\u{301}",
    "ss",
    "\u{df}",
    "أحمد",
    "احمد",
    "١٢٣",
    "123",
    "0123",
    "1e3",
    "null",
    "%",
    "_",
    "'; --",
    "\\",
    "\"",
    "日本語",
    "👩‍⚕️🩺",
];

pub(super) const INTS: [i64; 8] =
    [i64::MIN, i64::MIN + 1, -1, 0, 1, 9_007_199_254_740_993, i64::MAX - 1, i64::MAX];

/// Years 1 to 9999, and times one microsecond apart.
pub(super) const MICROS: [i64; 7] = [
    -62_135_596_800_000_000,
    -1,
    0,
    1_798_617_600_123_455,
    1_798_617_600_123_456,
    1_798_617_600_123_457,
    Timestamp::MAX.as_micros(),
];

pub(super) const BYTES: [&[u8]; 6] = [&[], &[0], &[0, 0], &[1], &[0x80, 0xff], b"text"];

/// Random steps of every sort. The engine may refuse a step; a `Bug` ends the history.
pub(super) async fn play(world: &mut World, made: &mut Made, steps: usize) -> Result<(), Failure> {
    for _ in 0..steps {
        match step(world, made).await {
            Err(error) if error.kind() == ErrorKind::Bug => return Err(error.into()),
            Err(error) if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Config) => {
                return Err(error.into());
            }
            _ => {}
        }
    }
    Ok(())
}

async fn step(world: &mut World, made: &mut Made) -> Result<()> {
    match world.random.below(100) {
        // Most steps happen in the same microsecond, so that pages must tell records apart by id.
        0..10 => {
            let micros = [1, 999, 1_000_000, 3_600_000_000, 86_400_000_000 * 9];
            let micros = world.random.pick(&micros).copied();
            world.clock.pass_micros(micros.unwrap_or(1));
            Ok(())
        }
        10..60 => {
            let facility = pick(&mut world.random, &FACILITIES)?;
            let actor = some_actor(&mut world.random, facility)?;
            let command = set(&mut world.random, Command::new("pack"), true);
            let written = world.eovr.session(actor).create(&PARCEL, &OrgId::new(facility)?, command).await?;
            made.parcels.push(written.id);
            Ok(())
        }
        60..75 => {
            let id = pick(&mut world.random, &made.parcels)?;
            let command = Command::new("stick").write("words", "مرحبا");
            let command = command
                .set_some("tag", tag(&mut world.random, 20))
                .set_some("copies", int(&mut world.random));
            // Mostly an actor of the parcel's own place. An actor of another place must not find it.
            let elsewhere = pick(&mut world.random, &FACILITIES)?;
            let home = world.top()?.load(&PARCEL, id).await?.envelope().stamp.facility.clone();
            let facility = if world.random.percent(80) { home.as_str() } else { elsewhere };
            let actor = some_actor(&mut world.random, facility)?;
            let written = world.eovr.session(actor).create_child(&LABEL, id, command).await?;
            made.labels.push(written.id);
            Ok(())
        }
        75..80 => {
            let id = pick(&mut world.random, &made.labels)?;
            world.top()?.act(&LABEL, id, Command::new("peel")).await.map(drop)
        }
        _ => {
            let id = pick(&mut world.random, &made.parcels)?;
            let session = world.top()?;
            let record = session.load(&PARCEL, id).await?;
            let action = pick(&mut world.random, &["change", "change", "change", "send", "deliver", "lose"])?;
            let command = Command::new(action).note("because");
            let command = if action == "change" { set(&mut world.random, command, false) } else { command };
            // Sometimes with an outdated or a future version.
            let version =
                record.version() + [0, 0, 0, 0, 1, 7].get(world.random.below(6)).copied().unwrap_or(0);
            let commit = world.decide_on(&record, command.expecting(version)).await?;
            world.store.commit(commit).await?;
            if world.random.percent(30) {
                // The same decision a second time is too late.
                let late = world.decide_on(&record, Command::new("attach")).await?;
                world.store.commit(late).await?;
            }
            Ok(())
        }
    }
}

fn pick<T: Copy>(random: &mut Random, of: &[T]) -> Result<T> {
    random.pick(of).copied().ok_or_else(|| Error::invalid("there is no record yet"))
}

fn some_actor(random: &mut Random, facility: &str) -> Result<Actor> {
    match random.below(10) {
        0..4 => member("ada", Role::Staff, facility),
        4..6 => member("ben", Role::QualityAdmin, facility),
        6 => member("eve", Role::AdminManager, facility),
        7 => member("gus", Role::GovernorateManager, facility),
        8 => visitor(facility),
        _ => member("top", Role::TopManagement, facility),
    }
}

fn set(random: &mut Random, command: Command, new: bool) -> Command {
    let mut command = command
        .set_some("tag", tag(random, 60))
        .set_some("shelf", some(random, &["a", "b", "c"]))
        .set_some("group", some(random, &TEXTS))
        .set_some("order", int(random))
        .set_some("fragile", some(random, &[true, false]))
        .set_some("sent_at", some(random, &MICROS).map(Timestamp::from_micros))
        .set_some("mark", some(random, &BYTES).map(|bytes| Value::Bytes(bytes.to_vec())))
        .write_some("contents", some(random, &TEXTS))
        .write_some("owner", some(random, &TEXTS).filter(|text| !text.trim().is_empty()));
    if random.percent(15) {
        command = command.set("claim", claim_value(u8::try_from(random.below(12)).unwrap_or(0)));
    }
    if !new && random.percent(40) {
        command = command.clear("tag").clear("claim").clear("group").clear("mark").erase("owner");
    }
    command
}

fn some<T: Copy>(random: &mut Random, of: &[T]) -> Option<T> {
    if random.percent(70) { random.pick(of).copied() } else { None }
}

fn int(random: &mut Random) -> Option<i64> {
    some(random, &INTS)
}

fn tag(random: &mut Random, of: usize) -> Option<String> {
    random.percent(30).then(|| format!("tag {}", random.below(of)))
}

/// A column of the kind.
fn column(random: &mut Random, kind: &Name) -> Result<Column> {
    let envelope = [
        Column::Number,
        Column::Governorate,
        Column::Administration,
        Column::Facility,
        Column::Author,
        Column::Parent,
        Column::State,
        Column::Month,
        Column::Created,
    ];
    let facets: &[&str] = match kind {
        kind if *kind == LABEL => &["tag", "copies"],
        _ => &["tag", "shelf", "group", "order", "fragile", "sent_at", "mark", "claim", "owner"],
    };
    if random.percent(40) {
        return random.pick(&envelope).cloned().ok_or_else(|| Error::bug("there are columns"));
    }
    Ok(Column::Facet(name(pick(random, facets)?)?))
}

/// A value of the column's type, mostly one that some record has.
async fn value(world: &mut World, made: &Made, kind: &Name, column: &Column) -> Result<Value> {
    for _ in 0..4 {
        let id = pick(&mut world.random, made.of(kind))?;
        let record = world.top()?.load(kind, id).await?;
        if let Some(value) = column.of(&record)
            && world.random.percent(90)
        {
            return Ok(value);
        }
    }
    Ok(match column {
        Column::Month => Value::Int(202_613),
        Column::Created => Value::Time(world.now()),
        Column::Facet(facet) => match facet.as_str() {
            "order" | "copies" => Value::Int(2),
            "fragile" => Value::Bool(true),
            "sent_at" => Value::Time(Timestamp::from_micros(1)),
            "mark" | "claim" | "owner" => Value::Bytes(vec![0, 1]),
            _ => Value::from("b"),
        },
        _ => Value::from("m"),
    })
}

async fn clause(world: &mut World, made: &Made, kind: &Name) -> Result<Clause> {
    let column = column(&mut world.random, kind)?;
    let one = value(world, made, kind, &column).await?;
    let ordered = !matches!(one, Value::Bytes(_));
    let test = match world.random.below(7) {
        0 => Test::Is(one),
        1 => Test::Not(one),
        2 => Test::In(Vec::new()),
        3 => Test::In(vec![one, value(world, made, kind, &column).await?]),
        4 if ordered => Test::From(one),
        5 if ordered => Test::Before(one),
        _ => Test::Absent,
    };
    Ok(Clause { column, test })
}

/// A query with zero to three conditions.
pub(super) async fn query(world: &mut World, made: &Made, kind: &Name) -> Result<Query> {
    let mut query = Query::of(kind.clone());
    for _ in 0..world.random.below(4) {
        query.clauses.push(clause(world, made, kind).await?);
    }
    if world.random.below(4) == 0 {
        let facets = &world.eovr.catalog().kind(kind)?.table().facets;
        let mut shown: Vec<Name> = facets.iter().map(|facet| facet.name.clone()).collect();
        shown.retain(|_| world.random.below(2) == 0);
        query.shown = Some(shown);
    }
    let limits = [1, 2, 3, 7, 50, Query::LARGEST_PAGE];
    Ok(query.limit(pick(&mut world.random, &limits)?))
}

/// A tally by zero to four columns, with zero to two conditions.
pub(super) async fn tally(world: &mut World, made: &Made, kind: &Name) -> Result<Tally> {
    let mut tally = Tally::of(kind.clone());
    for _ in 0..world.random.below(Tally::MOST_COLUMNS + 1) {
        let column = column(&mut world.random, kind)?;
        if !tally.by.contains(&column) {
            tally = tally.by(column);
        }
    }
    for _ in 0..world.random.below(3) {
        tally.clauses.push(clause(world, made, kind).await?);
    }
    Ok(tally)
}
