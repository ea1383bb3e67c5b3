//! Durable reports: through the engine, and as bare transactions of the same rows.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use eovr_core::Session;
use eovr_core::access::Role;
use eovr_core::org::OrgId;
use eovr_store_sql::{Durability, SqlConfig, SqlStore};
use rusqlite::Connection;
use sqlx::SqliteConnection;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::bare::{self, Bound, Rows};
use crate::stopwatch::{Cost, Stopwatch, take_turns};
use crate::table::Line;
use crate::{Outcome, Scale, world};

const CALLERS: usize = 8;

/// The row `submit-1`.
pub(crate) fn one_caller(scale: Scale) -> Outcome<Vec<Line>> {
    let (rounds, count) = (scale.pick(25, 5), scale.pick(100, 20));
    let mut bench = Bench::new((rounds + 1) * count)?;
    let Bench { runtime, ours, sqlx, sqlite, rows, bound, insert, .. } = &mut bench;
    let sqlite: &Mutex<Connection> = sqlite;
    let mut engine = || runtime.block_on(submit(ours, 1, count));
    let mut with_sqlx = || {
        let share = bound.drain(..count).collect();
        runtime.block_on(each_in_its_own(sqlx, vec![share], insert))
    };
    let mut with_sqlite = || {
        let connection = sqlite.lock().unwrap_or_else(PoisonError::into_inner);
        let batch: Vec<Rows> = rows.drain(..count).collect();
        let watch = Stopwatch::start();
        batch.iter().try_for_each(|row| row.commit(&connection, insert))?;
        Ok(watch.each(count))
    };
    let costs = take_turns(rounds, &mut [&mut engine, &mut with_sqlx, &mut with_sqlite])?;
    let [engine, sqlx, sqlite] = costs.as_slice() else { return Err("three contestants".into()) };
    let cpu = |floor: &Cost, name: &str| {
        Line::new("submit, 1 caller: CPU", format!("{:.0} µs", engine.cpu))
            .floor(format!("{:.0} µs  {name}", floor.cpu), engine.cpu / floor.cpu)
    };
    let wall = |what: &str, ours: f64, floor: f64, name: &str| {
        Line::new(format!("submit, 1 caller: {what}"), format!("{ours:.0} µs"))
            .floor(format!("{floor:.0} µs  {name}"), ours / floor)
            .target("≤ 1.3 ×", ours <= 1.3 * floor)
    };
    // Both do the work of the bare transaction, and more.
    let disturbed = |low: f64, floor: f64| low < floor;
    let (bare, by_sqlx) = ("rusqlite, prepared", "sqlx, statement by statement");
    Ok(vec![
        wall("wall", engine.wall, sqlite.wall, bare)
            .unless_disturbed(disturbed(engine.wall.min(sqlx.wall), sqlite.wall)),
        wall("wall", engine.wall, sqlx.wall, by_sqlx),
        wall("wall, quietest quarter", engine.quiet, sqlite.quiet, bare)
            .unless_disturbed(disturbed(engine.quiet.min(sqlx.quiet), sqlite.quiet)),
        wall("wall, quietest quarter", engine.quiet, sqlx.quiet, by_sqlx),
        cpu(sqlite, bare),
        cpu(sqlx, by_sqlx),
    ])
}

/// The row `submit-8`.
pub(crate) fn eight_callers(scale: Scale) -> Outcome<Vec<Line>> {
    let (rounds, count) = (scale.pick(25, 5), scale.pick(200, 40));
    let mut bench = Bench::new((rounds + 1) * count)?;
    let Bench { runtime, ours, sqlx, sqlite, rows, bound, insert, .. } = &mut bench;
    let sqlite: &Mutex<Connection> = sqlite;
    let mut eight = || runtime.block_on(submit(ours, CALLERS, count));
    let mut one = || runtime.block_on(submit(ours, 1, count));
    let mut with_sqlx = || {
        let mut batch = bound.drain(..count);
        let shares = (0..CALLERS).map(|_| batch.by_ref().take(count / CALLERS).collect()).collect();
        drop(batch);
        runtime.block_on(each_in_its_own(sqlx, shares, insert))
    };
    let mut with_sqlite = || {
        let share = count / CALLERS;
        let batch: Vec<Rows> = rows.drain(..count).collect();
        let watch = Stopwatch::start();
        std::thread::scope(|scope| {
            let caller = |rows: &[Rows]| {
                for row in rows {
                    row.commit(&sqlite.lock().unwrap_or_else(PoisonError::into_inner), insert)?;
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            };
            let callers: Vec<_> = batch.chunks(share).map(|rows| scope.spawn(move || caller(rows))).collect();
            callers.into_iter().try_for_each(|caller| caller.join().map_err(|_| "a caller panicked")?)
        })?;
        Ok(watch.each(count))
    };
    let costs = take_turns(rounds, &mut [&mut eight, &mut one, &mut with_sqlx, &mut with_sqlite])?;
    let [eight, one, sqlx, sqlite] = costs.as_slice() else { return Err("four contestants".into()) };
    let rate = |cost: &Cost| 1e6 / cost.wall;
    let line = |other: &Cost, name: &str| {
        Line::new("submit, 8 callers", format!("{:.0}/s", rate(eight)))
            .floor(format!("{:.0}/s  {name}", rate(other)), rate(eight) / rate(other))
    };
    let kept = |other: &Cost| rate(eight) >= 1.5 * rate(other);
    Ok(vec![
        line(sqlite, "rusqlite, 8 threads, a transaction each")
            .target("≥ 1.5 ×", kept(sqlite))
            .unless_disturbed(rate(sqlite) < rate(one)),
        line(sqlx, "sqlx, 8 tasks, a transaction each").target("≥ 1.5 ×", kept(sqlx)),
        line(one, "ours, 1 caller"),
        Line::new("submit, 8 callers: CPU", format!("{:.0} µs", eight.cpu))
            .floor(format!("{:.0} µs  rusqlite, 8 threads", sqlite.cpu), eight.cpu / sqlite.cpu),
    ])
}

/// A file for each contestant, and enough reports to write.
struct Bench {
    runtime: Runtime,
    ours: Session,
    sqlx: Arc<tokio::sync::Mutex<SqliteConnection>>,
    sqlite: Mutex<Connection>,
    rows: Vec<Rows>,
    bound: Vec<Bound>,
    insert: Arc<str>,
    _folder: TempDir,
}

impl Bench {
    fn new(count: usize) -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let [first, second, third] = ["ours", "sqlx", "rusqlite"].map(|name| folder.path().join(name));
        let ours = runtime.block_on(session(&first))?;
        for path in [&second, &third] {
            drop(runtime.block_on(session(path))?);
        }
        let sqlite = bare::open(&third)?;
        let columns = bare::columns(&sqlite)?;
        let rows = runtime.block_on(made_rows(count, &columns, &folder.path().join("made")))?;
        let bound = rows.iter().map(Rows::bound).collect::<Outcome<_>>()?;
        let sqlx = Arc::new(tokio::sync::Mutex::new(runtime.block_on(bare::open_sqlx(&second))?));
        let insert = bare::insert_statement(&columns);
        Ok(Self { runtime, ours, sqlx, sqlite: Mutex::new(sqlite), rows, bound, insert, _folder: folder })
    }
}

/// The session of a reporter, on a new file.
async fn session(path: &Path) -> Outcome<Session> {
    let store = SqlStore::open(&format!("sqlite://{}", path.display())).await?;
    Ok(world::engine(Arc::new(store)).await?.session(world::actor(Role::Staff, &world::stamp(3, 4, 5)?)?))
}

/// The rows that the engine writes.
async fn made_rows(count: usize, columns: &[String], path: &Path) -> Outcome<Vec<Rows>> {
    let config = SqlConfig::sqlite(path).with_durability(Durability::Process);
    let place = world::stamp(3, 4, 5)?;
    let eovr = world::engine(Arc::new(SqlStore::connect(config).await?)).await?;
    let session = eovr.session(world::actor(Role::Staff, &place)?);
    for number in 0..count {
        session.incidents().report(&place.facility, world::report(number as u64)).await?;
    }
    Rows::of(&bare::open(path)?, columns)
}

/// `count` reports by this many concurrent callers, each a task as in a server.
async fn submit(session: &Session, callers: usize, count: usize) -> Outcome<Cost> {
    let facility: OrgId = world::stamp(3, 4, 5)?.facility;
    let share = count / callers;
    let work: Vec<_> = (0..callers)
        .map(|_| (session.clone(), (0..share).map(|number| world::report(number as u64)).collect::<Vec<_>>()))
        .collect();
    let watch = Stopwatch::start();
    let mut tasks = Vec::with_capacity(callers);
    for (session, reports) in work {
        let facility = facility.clone();
        tasks.push(tokio::spawn(async move {
            for report in reports {
                session.incidents().report(&facility, report).await?;
            }
            Ok::<_, eovr_core::Error>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(watch.each(share * callers))
}

/// Callers that share one connection, with a transaction each.
async fn each_in_its_own(
    connection: &Arc<tokio::sync::Mutex<SqliteConnection>>,
    shares: Vec<Vec<Bound>>,
    insert: &Arc<str>,
) -> Outcome<Cost> {
    let count = shares.iter().map(Vec::len).sum();
    let watch = Stopwatch::start();
    let mut tasks = Vec::with_capacity(shares.len());
    for share in shares {
        let (connection, insert) = (connection.clone(), insert.clone());
        tasks.push(tokio::spawn(async move {
            for next in share {
                next.commit(&mut *connection.lock().await, &insert).await?;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(watch.each(count))
}
