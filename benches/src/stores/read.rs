//! Lists, single incidents and figures at a given size.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use eovr_core::access::Role;
use eovr_core::analytics::Source;
use eovr_core::incident::KIND;
use eovr_core::name;
use eovr_core::org::Stamp;
use eovr_core::record::{Column, Cursor, Query, RecordId, Tally, Test, Value};
use eovr_core::{Eovr, Session};
use tokio::runtime::Runtime;

use crate::stopwatch::{Cost, Stopwatch, take_turns};
use crate::stores::data::Data;
use crate::stores::peer::Peer;
use crate::stores::server::Server;
use crate::stores::{Database, LESS_CPU, Ours, cpu_line, fill, line};
use crate::table::{self, Line};
use crate::{Outcome, Scale, world};

const PAGE: u32 = 50;

/// The first of the last twelve months of the data.
const TREND_FROM: i64 = 202_512;

/// The rows `stores-read`.
pub(crate) fn rows(scale: Scale, size: Option<usize>) -> Outcome<Vec<Line>> {
    let size = size.unwrap_or(scale.pick(100_000, 2_000));
    let peer = Peer::start()?;
    let data = Data::draw(size)?;
    let mut lines = Vec::new();
    for database in Database::ALL {
        lines.extend(on(database, &peer, &data, scale)?);
    }
    Ok(lines)
}

/// The query, and our target.
#[derive(Clone, Copy)]
struct Question {
    what: &'static str,
    /// The query's name in the peer.
    name: &'static str,
    asked: Asked,
    promise: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// The newest page of an administration.
    Page,
    /// The middle of the country's list: by a cursor in ours, by a count and an offset in the peer.
    Deep,
    /// One incident, by its id.
    Load,
    /// Counts of the country.
    Summary,
    Trend,
    Compare,
}

impl Asked {
    fn is_figure(self) -> bool {
        matches!(self, Self::Summary | Self::Trend | Self::Compare)
    }
}

const QUESTIONS: [Question; 6] = [
    Question { what: "list page of 50, first", name: "page", asked: Asked::Page, promise: Some(1.5) },
    Question { what: "list page of 50, half-way", name: "deep", asked: Asked::Deep, promise: Some(50.0) },
    Question { what: "one by id", name: "load", asked: Asked::Load, promise: None },
    Question { what: "state × severity", name: "summary", asked: Asked::Summary, promise: Some(1.0) },
    Question { what: "12 months", name: "trend", asked: Asked::Trend, promise: Some(1.0) },
    Question { what: "every facility", name: "compare", asked: Asked::Compare, promise: Some(1.0) },
];

/// The target for a figure from memory: this many times faster than the peer's.
const FROM_MEMORY: f64 = 300.0;

/// Below this size every table is fast, so rows that depend on the size have no verdict.
const LARGE: usize = 100_000;

fn on(database: Database, peer: &Peer, data: &Data, scale: Scale) -> Outcome<Vec<Line>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let server = Server::start(database)?;
    let (title, name) = (database.title(), database.name());
    let began = Instant::now();
    peer.tell(&format!("open {name} {}", server.create("peer")))?;
    peer.tell(&format!("load {name} {}", data.file().display()))?;
    let url = server.create("ours");
    let ours = runtime.block_on(Ours::open(database, &url))?;
    runtime.block_on(fill::fill(database, &url, &ours, data))?;
    let asking = |in_memory| {
        let eovr = runtime.block_on(ours.engine(in_memory))?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Arc::new(Reader::new(&eovr, data)?))
    };
    let (plain, cube) = (asking(false)?, asking(true)?);
    runtime.block_on(agree(&plain, &cube))?;
    table::say(&format!("{title}: {} incidents on both sides after {:.0?}", data.size, began.elapsed()));

    let (rounds, seconds) = (scale.pick(5, 1), scale.pick(0.5, 0.1));
    let if_large = |promise| Some(promise).filter(|_| data.size >= LARGE);
    let mut lines = Vec::new();
    for question in QUESTIONS {
        let promise = question.promise.and_then(|promise| match question.asked {
            Asked::Page | Asked::Load => Some(promise),
            _ => if_large(promise),
        });
        let what = format!("{}, {title}", question.what);
        let mut theirs = || peer.turn(&format!("ask {name} {} {seconds}", question.name));
        let mut ours = || ask(&runtime, &plain, question.asked, seconds);
        let mut from_memory = || ask(&runtime, &cube, question.asked, seconds);
        if !question.asked.is_figure() {
            let costs = take_turns(rounds, &mut [&mut ours, &mut theirs])?;
            let [ours, theirs] = costs.as_slice() else { return Err("two took part".into()) };
            lines.push(compared(&what, *ours, *theirs, database.peer(), promise));
            lines.push(cpu_line(&what, *ours, *theirs, database.peer(), Some(LESS_CPU)));
            continue;
        }
        let costs = take_turns(rounds, &mut [&mut ours, &mut theirs, &mut from_memory])?;
        let [ours, theirs, from_memory] = costs.as_slice() else { return Err("three took part".into()) };
        lines.push(compared(&what, *ours, *theirs, database.peer(), promise));
        // No target, because whether a database works in our process or in its own is not our achievement.
        lines.push(cpu_line(&what, *ours, *theirs, database.peer(), None));
        let what = format!("{what}, from memory");
        lines.push(compared(&what, *from_memory, *theirs, database.peer(), if_large(FROM_MEMORY)));
    }
    Ok(lines)
}

fn compared(what: &str, ours: Cost, theirs: Cost, name: &str, promise: Option<f64>) -> Line {
    let (mine, its) = (millis(ours), format!("{}  {name}", millis(theirs)));
    line(what.to_owned(), mine, its, theirs.wall / ours.wall, promise)
}

fn millis(cost: Cost) -> String {
    let millis = cost.wall / 1e3;
    if millis < 1.0 { format!("{millis:.3} ms") } else { format!("{millis:.2} ms") }
}

/// Repeats the query for this long, in a task as in a server.
fn ask(runtime: &Runtime, reader: &Arc<Reader>, asked: Asked, seconds: f64) -> Outcome<Cost> {
    let reader = reader.clone();
    let watch = Stopwatch::start();
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let done = runtime.block_on(runtime.spawn(async move {
        let mut done = 0;
        loop {
            reader.ask(asked).await?;
            done += 1;
            if Instant::now() >= end {
                return Ok::<usize, Box<dyn std::error::Error + Send + Sync>>(done);
            }
        }
    }))??;
    Ok(watch.each(done))
}

/// The sessions that query, and the subjects of the queries.
struct Reader {
    country: Session,
    samples: Vec<(RecordId, Session)>,
    middle: Cursor,
    turn: AtomicUsize,
}

impl Reader {
    fn new(eovr: &Eovr, data: &Data) -> Outcome<Self> {
        let manager = |(id, place): &(RecordId, Stamp)| {
            Ok((*id, eovr.session(world::actor(Role::AdminManager, place)?)))
        };
        Ok(Self {
            country: eovr.session(world::actor(Role::TopManagement, &world::stamp(3, 4, 5)?)?),
            samples: data.samples.iter().map(manager).collect::<Outcome<_>>()?,
            middle: data.middle,
            turn: AtomicUsize::new(0),
        })
    }

    async fn ask(&self, asked: Asked) -> Outcome<()> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.samples.len().max(1);
        let (id, manager) = self.samples.get(turn).ok_or("there are incidents")?;
        match asked {
            Asked::Page => drop(black_box(manager.incidents().newest(PAGE).await?)),
            Asked::Deep => {
                let query = Query::of(KIND).limit(PAGE).after(Some(self.middle));
                drop(black_box(self.country.find(&query).await?));
            }
            Asked::Load => drop(black_box(self.country.incidents().load(*id).await?)),
            Asked::Summary | Asked::Trend | Asked::Compare => {
                drop(black_box(self.country.tally(&tally(asked)?).await?));
            }
        }
        Ok(())
    }
}

/// The same counts as the peer's.
fn tally(asked: Asked) -> Outcome<Tally> {
    let tally = Tally::of(KIND);
    Ok(match asked {
        Asked::Trend => tally.by(Column::Month).filter(Column::Month, Test::From(Value::Int(TREND_FROM))),
        Asked::Compare => tally.by(Column::Facility),
        _ => tally.by(Column::State).by(Column::Facet(name!("severity"))),
    })
}

/// Figures from memory must equal those of the store, or the ratio would mean nothing.
async fn agree(plain: &Reader, cube: &Reader) -> Outcome<()> {
    for asked in [Asked::Summary, Asked::Trend, Asked::Compare] {
        let tally = tally(asked)?;
        let (counted, kept) = (plain.country.tally(&tally).await?, cube.country.tally(&tally).await?);
        if kept.source != Source::Memory || counted.cells != kept.cells {
            return Err("the figures from memory are not those of the store".into());
        }
    }
    Ok(())
}
