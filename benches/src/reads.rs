//! Pages and figures over a million incidents: through the engine, and the same SQL on a bare connection.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use eovr_core::access::Role;
use eovr_core::incident::KIND;
use eovr_core::org::Stamp;
use eovr_core::record::{Cursor, Query, RecordId};
use eovr_core::{Eovr, Session, Timestamp};
use eovr_store_sql::SqlStore;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use tokio::runtime::Runtime;

use crate::ear::Ear;
use crate::stopwatch::median;
use crate::table::Line;
use crate::world::{self, Random};
use crate::{Outcome, Scale, bare, large};

const PAGE: u32 = 50;

const TABLE: &str = "\"incident\"";

/// Without the hint SQLite looks up each old incident in the table for a count.
const FIGURES: &str = "\"incident\" INDEXED BY \"incident$figures$disposition$severity$high_risk\"";

/// The index that the store reads for the whole country, unless the query has times.
const NATIONAL: &str = "\"incident\" INDEXED BY \"incident$national$disposition$severity$high_risk\"";

/// One level of the organisation.
#[derive(Clone, Copy)]
struct Level {
    name: &'static str,
    role: Role,
    /// How many of governorate, administration and facility are fixed.
    depth: usize,
}

const LEVELS: [Level; 4] = [
    Level { name: "facility", role: Role::QualityAdmin, depth: 3 },
    Level { name: "administration", role: Role::AdminManager, depth: 2 },
    Level { name: "governorate", role: Role::GovernorateManager, depth: 1 },
    Level { name: "national", role: Role::TopManagement, depth: 0 },
];

/// One measured place: a session, and the same scope in SQL.
struct View {
    session: Session,
    condition: String,
    values: Vec<Value>,
}

impl View {
    fn of(eovr: &Eovr, level: Level, place: &Stamp) -> Outcome<Self> {
        let parts = [
            ("governorate", &place.governorate),
            ("administration", &place.administration),
            ("facility", &place.facility),
        ];
        let parts = parts.into_iter().take(level.depth);
        let condition: Vec<_> = parts.clone().map(|(column, _)| format!("\"{column}\" = ?")).collect();
        Ok(Self {
            session: eovr.session(world::actor(level.role, place)?),
            condition: condition.join(" AND "),
            values: parts.map(|(_, id)| Value::Text(id.as_str().to_owned())).collect(),
        })
    }

    fn select(&self, columns: &str, from: &str, more: &str, rest: &str) -> String {
        let conditions = [self.condition.as_str(), more].into_iter().filter(|part| !part.is_empty());
        let conditions: Vec<_> = conditions.collect();
        let filter = if conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", conditions.join(" AND "))
        };
        format!("SELECT {columns} FROM {from}{filter}{rest}")
    }

    /// The start of the page in the middle.
    fn middle(&self, connection: &Connection) -> Outcome<Cursor> {
        let count = self.select("count(*)", TABLE, "", "");
        let count: i64 = connection.query_row(&count, params_from_iter(&self.values), |row| row.get(0))?;
        let rest = format!(" ORDER BY \"created_at\" DESC, \"id\" DESC LIMIT 1 OFFSET {}", count / 2);
        let middle = self.select("\"created_at\", \"id\"", TABLE, "", &rest);
        let (created_at, id) = connection
            .query_row(&middle, params_from_iter(&self.values), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Cursor { created_at: Timestamp::from_micros(created_at), id: RecordId::from_bytes(id) })
    }
}

/// The file, opened through the engine and directly.
struct Bench {
    runtime: Runtime,
    eovr: Eovr,
    store: Arc<SqlStore>,
    ear: Arc<Ear>,
    connection: Connection,
}

impl Bench {
    fn open(path: &Path) -> Outcome<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let url = format!("sqlite://{}", path.display());
        let store = Arc::new(runtime.block_on(SqlStore::open(&url))?);
        let ear = Arc::new(Ear::on(store.clone()));
        let eovr = runtime.block_on(world::engine(store.clone()))?;
        Ok(Self { runtime, eovr, store, ear, connection: bare::open(path)? })
    }

    fn views(&self, level: Level, count: usize) -> Outcome<Vec<View>> {
        let mut random = Random(7);
        (0..count).map(|_| View::of(&self.eovr, level, &random.stamp()?)).collect()
    }

    /// Reads every row and every value, and keeps nothing: the minimum of any reader.
    fn read(&self, sql: &str, values: &[Value]) -> Outcome<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                black_box(row.get_ref(column)?);
            }
        }
        Ok(())
    }
}

/// The rows `list`.
pub(crate) fn list_rows(scale: Scale) -> Outcome<Vec<Line>> {
    let bench = Bench::open(&large::file(scale)?)?;
    let columns = bare::quoted(&bare::columns(&bench.connection)?);
    let mut lines = Vec::new();
    for deep in [false, true] {
        for level in LEVELS {
            let (mut ours, mut floor) = (Vec::new(), Vec::new());
            let views = bench.views(level, if level.depth == 0 { 1 } else { scale.pick(20, 5) })?;
            for view in &views {
                let after = if deep { Some(view.middle(&bench.connection)?) } else { None };
                let count = scale.pick(300, 30) / views.len();
                for (took, least) in page_times(&bench, view, after, &columns, count)? {
                    ours.push(took);
                    floor.push(least);
                }
            }
            let (ours, floor) = (median(ours), median(floor));
            let what = format!("list page, {}, {}", if deep { "deep" } else { "first" }, level.name);
            lines.push(
                Line::new(what, format!("{ours:.2} ms"))
                    .floor(format!("{floor:.2} ms  rusqlite, same rows"), ours / floor)
                    .target("< 1 ms", ours < 1.0),
            );
        }
    }
    Ok(lines)
}

/// Pairs of milliseconds: through the engine, and bare.
fn page_times(
    bench: &Bench,
    view: &View,
    after: Option<Cursor>,
    columns: &str,
    count: usize,
) -> Outcome<Vec<(f64, f64)>> {
    let query = Query::of(KIND).limit(PAGE).after(after);
    let (more, mut values) = ("(\"created_at\", \"id\") < (?, ?)", view.values.clone());
    if let Some(after) = after {
        values.push(Value::Integer(after.created_at.as_micros()));
        values.push(Value::Blob(after.id.as_bytes().to_vec()));
    }
    values.push(Value::Integer(i64::from(PAGE) + 1));
    let rest = " ORDER BY \"created_at\" DESC, \"id\" DESC LIMIT ?";
    let sql = view.select(columns, TABLE, if after.is_some() { more } else { "" }, rest);
    let mut pairs = Vec::with_capacity(count);
    for round in 0..=count {
        let watch = Instant::now();
        black_box(bench.runtime.block_on(view.session.find(&query))?);
        let took = watch.elapsed();
        let watch = Instant::now();
        bench.read(&sql, &values)?;
        // The first round of each place warms up.
        if round > 0 {
            pairs.push((took.as_secs_f64() * 1e3, watch.elapsed().as_secs_f64() * 1e3));
        }
    }
    Ok(pairs)
}

/// The rows `summary`.
pub(crate) fn summary_rows(scale: Scale) -> Outcome<Vec<Line>> {
    let bench = Bench::open(&large::file(scale)?)?;
    let mut lines = Vec::new();
    for level in LEVELS {
        let (mut ours, mut floor) = (Vec::new(), Vec::new());
        let places = if level.depth == 0 { 1 } else { scale.pick(10, 3) };
        let times = if level.depth < 2 { 5 } else { scale.pick(20, 4) };
        for view in &bench.views(level, places)? {
            let limit = world::NOW - 45 * 24 * 3600 * 1_000_000;
            for round in 0..=times {
                let watch = Instant::now();
                black_box(bench.runtime.block_on(view.session.incidents().summary())?);
                let took = watch.elapsed();
                let watch = Instant::now();
                figures(&bench, view, limit)?;
                if round > 0 {
                    ours.push(took.as_secs_f64() * 1e3);
                    floor.push(watch.elapsed().as_secs_f64() * 1e3);
                }
            }
        }
        let (ours, floor) = (median(ours), median(floor));
        let line = Line::new(format!("summary, {}", level.name), format!("{ours:.2} ms"))
            .floor(format!("{floor:.2} ms  rusqlite, same SQL"), ours / floor);
        lines.push(if level.depth >= 2 { line.target("< 10 ms", ours < 10.0) } else { line });
    }
    Ok(lines)
}

/// The three counts of a summary.
fn figures(bench: &Bench, view: &View, limit: i64) -> Outcome<()> {
    let (state, severity) = ("\"state\"", "\"severity\"");
    let standing = "\"disposition\" IS NULL";
    // Without a place, the whole country.
    let (table, group) = match view.values.is_empty() {
        true => (NATIONAL, "\"disposition\", \"severity\", \"high_risk\", \"state\""),
        false => (FIGURES, "\"state\", \"severity\""),
    };
    let columns = format!("{state}, {severity}, count(*)");
    let by = view.select(&columns, table, standing, &format!(" GROUP BY {group}"));
    bench.read(&by, &view.values)?;
    for (table, test, value) in [(table, "\"high_risk\" = ?", 1), (FIGURES, "\"created_at\" < ?", limit)] {
        let more = format!("{standing} AND {test} AND {state} IS NOT ?");
        let mut values = view.values.clone();
        values.extend([Value::Integer(value), Value::Text("completed".to_owned())]);
        bench.read(&view.select("count(*)", table, &more, ""), &values)?;
    }
    Ok(())
}

/// The second table, `plan`: SQLite's plans for the engine's queries.
pub(crate) fn plans(scale: Scale) -> Outcome<Vec<Line>> {
    let bench = Bench::open(&large::file(scale)?)?;
    let eovr = bench.runtime.block_on(world::engine(bench.ear.clone()))?;
    bench.ear.take();
    let mut lines = Vec::new();
    for level in LEVELS {
        let view = View::of(&eovr, level, &world::stamp(3, 4, 5)?)?;
        let cursor = view.middle(&bench.connection)?;
        for (what, after) in [("first", None), ("deep", Some(cursor))] {
            let query = Query::of(KIND).limit(PAGE).after(after);
            bench.runtime.block_on(view.session.find(&query))?;
            for (scope, query) in bench.ear.take().finds {
                let steps = bench.runtime.block_on(bench.store.explain_find(&scope, &query))?;
                lines.push(plan(format!("list page, {what}, {}", level.name), &steps, true));
            }
        }
        bench.runtime.block_on(view.session.incidents().summary())?;
        for (scope, tally) in bench.ear.take().tallies {
            let steps = bench.runtime.block_on(bench.store.explain_tally(&scope, &tally))?;
            let by = if tally.by.is_empty() { "one count" } else { "by state and severity" };
            lines.push(plan(format!("summary, {}, {by}", level.name), &steps, false));
        }
    }
    Ok(lines)
}

/// A list must scan an index in its own order; figures must not read the table.
fn plan(what: String, steps: &[String], is_list: bool) -> Line {
    let walks = |step: &String| step.contains("USING INDEX") || step.contains("USING COVERING INDEX");
    let good = match is_list {
        true => steps.iter().all(walks),
        false => steps
            .iter()
            .all(|step| step.contains("USING COVERING INDEX") || step.contains("TEMP B-TREE FOR GROUP BY")),
    };
    Line::new(what, steps.join("; ")).target(if is_list { "index in order" } else { "index alone" }, good)
}
