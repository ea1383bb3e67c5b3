//! A file with a million incidents, made once and kept in the target folder.
//!
//! One report goes through the engine; its row is the template of all others, which differ in id, number, place,
//! author, state, times and rating. Rows are inserted by time of creation, as in production, and the indexes are built
//! afterwards. The file has no events for these rows, because lists and figures read none.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eovr_core::Timestamp;
use eovr_core::access::Role;
use eovr_core::org::Stamp;
use eovr_core::record::RecordId;
use eovr_store_sql::SqlStore;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use crate::world::{self, NOW, Random};
use crate::{Outcome, Scale, bare, table};

/// Increase it when the rows change.
const VERSION: u32 = 1;

/// 47 months before [`NOW`].
const FIRST: i64 = 1_672_531_200_000_000;

/// The file, created if it is missing or has another schema.
pub(crate) fn file(scale: Scale) -> Outcome<PathBuf> {
    let (rows, name) = scale.pick((1_000_000, "eovr-bench-1m.db"), (27_000, "eovr-bench-27k.db"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.parent().unwrap_or(folder).join(name);
    let fresh = tempfile::tempdir_in(folder)?;
    let small = fresh.path().join("template.db");
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(one_report(&small))?;
    let tag = format!("{VERSION} {rows} {}", schema(&Connection::open(&small)?)?);
    if path.exists() && read_tag(&Connection::open(&path)?)?.as_deref() == Some(&tag) {
        return Ok(path);
    }
    let watch = std::time::Instant::now();
    let making = path.with_extension("making");
    std::fs::copy(&small, &making)?;
    fill(&mut Connection::open(&making)?, rows, &tag)?;
    for suffix in ["-wal", "-shm"] {
        // Left over from a file of an earlier schema; usually absent.
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    std::fs::rename(&making, &path)?;
    let size = std::fs::metadata(&path)?.len() >> 20;
    table::say(&format!("made {} with {rows} rows, {size} MiB, in {:.0?}", path.display(), watch.elapsed()));
    Ok(path)
}

async fn one_report(path: &Path) -> Outcome<()> {
    let place = world::stamp(3, 4, 5)?;
    {
        let store = SqlStore::open(&format!("sqlite://{}", path.display())).await?;
        let eovr = world::engine(Arc::new(store)).await?;
        let nurse = eovr.session(world::actor(Role::Staff, &place)?);
        nurse.incidents().report(&place.facility, world::report(1)).await?;
    }
    // The store's writer closes the file when the last handle is dropped. After this checkpoint of the log, the file
    // can be copied alone.
    Ok(bare::open(path)?.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}

fn schema(connection: &Connection) -> Outcome<String> {
    let all = "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema ORDER BY name)";
    Ok(connection.query_row(all, [], |row| row.get(0))?)
}

fn read_tag(connection: &Connection) -> Outcome<Option<String>> {
    let there = "SELECT 1 FROM sqlite_schema WHERE name = 'bench'";
    if connection.query_row(there, [], |_| Ok(())).optional()?.is_none() {
        return Ok(None);
    }
    Ok(connection.query_row("SELECT tag FROM bench", [], |row| row.get(0)).optional()?)
}

fn fill(connection: &mut Connection, rows: u64, tag: &str) -> Outcome<()> {
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; \
         PRAGMA temp_store = MEMORY; PRAGMA threads = 2;",
    )?;
    let columns = bare::columns(connection)?;
    let template = template(connection, &columns)?;
    let indexes = indexes(connection)?;
    for (name, _) in &indexes {
        connection.execute_batch(&format!("DROP INDEX \"{name}\""))?;
    }
    let transaction = connection.transaction()?;
    {
        let marks = vec!["?"; columns.len()].join(", ");
        let insert = format!("INSERT INTO \"incident\" ({}) VALUES ({marks})", bare::quoted(&columns));
        let mut insert = transaction.prepare(&insert)?;
        let zone = world::org()?.zone(&world::stamp(0, 0, 0)?.facility);
        let mut random = Random(2026);
        for index in 0..rows {
            let created_at =
                Timestamp::from_micros(FIRST + (NOW - FIRST) / i64::try_from(rows)? * i64::try_from(index)?);
            let (year, month) = created_at.year_month(&zone);
            let month = i64::from(year) * 100 + i64::from(month);
            let row = Row::draw(index, created_at, month, &mut random)?;
            let values = columns.iter().zip(&template).map(|(column, value)| row.value(column, value));
            insert.execute(params_from_iter(values))?;
        }
    }
    transaction.commit()?;
    for (_, create) in &indexes {
        connection.execute_batch(create)?;
    }
    connection.execute("CREATE TABLE bench (tag TEXT NOT NULL) STRICT", [])?;
    connection.execute("INSERT INTO bench (tag) VALUES (?)", [tag])?;
    connection.execute_batch("PRAGMA journal_mode = WAL")?;
    Ok(())
}

fn template(connection: &Connection, columns: &[String]) -> Outcome<Vec<Value>> {
    let all = format!("SELECT {} FROM \"incident\"", bare::quoted(columns));
    let row = connection.query_row(&all, [], |row| (0..columns.len()).map(|at| row.get(at)).collect())?;
    // Records are never deleted; the store puts the trigger back when it opens the file.
    connection.execute_batch("DROP TRIGGER \"incident_refuse_delete\"; DELETE FROM \"incident\"")?;
    Ok(row)
}

fn indexes(connection: &Connection) -> Outcome<Vec<(String, String)>> {
    let mut statement = connection.prepare(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'incident' AND sql IS NOT NULL",
    )?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// The individual values of one row.
struct Row {
    id: RecordId,
    number: String,
    stamp: Stamp,
    author: String,
    state: &'static str,
    created_at: i64,
    updated_at: i64,
    month: i64,
    severity: Option<&'static str>,
    high_risk: bool,
    disposition: Option<&'static str>,
    digests: [Vec<u8>; 3],
}

impl Row {
    fn draw(index: u64, created_at: Timestamp, month: i64, random: &mut Random) -> Outcome<Self> {
        let age = NOW - created_at.as_micros();
        let state = state(age / 86_400_000_000, random.below(100));
        let severity = match random.below(10) {
            _ if state == "created" || state == "in_progress" => None,
            0..3 => None,
            3..7 => Some("minor"),
            7..9 => Some("moderate"),
            _ => Some("severe"),
        };
        let stamp = random.stamp()?;
        Ok(Self {
            id: RecordId::from_parts(created_at, random.bytes(10).as_slice().try_into()?),
            number: format!("OVR-{}-{index:07}", month / 100),
            author: format!("usr_{}_{:02}", stamp.facility, random.below(40)),
            stamp,
            state,
            created_at: created_at.as_micros(),
            updated_at: created_at.as_micros() + age / 1000 * i64::try_from(random.below(100))?,
            month,
            severity,
            high_risk: severity == Some("severe") || random.below(20) == 0,
            disposition: match random.below(50) {
                0 => Some("duplicate"),
                1 => Some("not_reportable"),
                _ => None,
            },
            digests: [random.bytes(32), random.bytes(32), random.bytes(45)],
        })
    }

    fn value(&self, column: &str, template: &Value) -> Value {
        let text = |text: &str| Value::Text(text.to_owned());
        let or_null = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
        let [head, receipt, file] = &self.digests;
        match column {
            "id" => Value::Blob(self.id.as_bytes().to_vec()),
            "number" => text(&self.number),
            "governorate" => text(self.stamp.governorate.as_str()),
            "administration" => text(self.stamp.administration.as_str()),
            "facility" => text(self.stamp.facility.as_str()),
            "author" => text(&self.author),
            "state" => text(self.state),
            "created_at" => Value::Integer(self.created_at),
            "updated_at" => Value::Integer(self.updated_at),
            "month" => Value::Integer(self.month),
            "head" => Value::Blob(head.clone()),
            "receipt" => Value::Blob(receipt.clone()),
            // The header, which says how the value is sealed, stays; the sealed bytes differ in each row.
            "medical_file_number" => match template {
                Value::Blob(sealed) => {
                    Value::Blob(sealed.iter().take(18).chain(file).take(sealed.len()).copied().collect())
                }
                other => other.clone(),
            },
            "severity" => or_null(self.severity),
            "disposition" => or_null(self.disposition),
            "high_risk" => Value::Integer(i64::from(self.high_risk)),
            _ => template.clone(),
        }
    }
}

/// Old reports are mostly completed, new ones mostly open.
fn state(days: i64, draw: u64) -> &'static str {
    let closed = if days > 60 { 90 } else { 20 };
    match draw {
        draw if draw < closed => "completed",
        draw => match draw % 5 {
            0 => "created",
            1 => "in_progress",
            2 => "evaluating",
            3 => "more_info_needed",
            _ => "action_taken",
        },
    }
}
