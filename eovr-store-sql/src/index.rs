//! The indexes of a kind's table, and which of them answers a question for counts by itself.

use eovr_core::Name;

use crate::dialect::mysql;
use crate::schema::{ENVELOPE, PLACE, Schema, quoted};

/// An index, and how it is made.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    /// As the database calls it.
    pub(crate) name: String,
    pub(crate) create: String,
    columns: Vec<String>,
    /// Bytes that an entry has at most.
    width: usize,
}

/// One index for each tier of scope, ordered as pages are; those that figures are read from; one for each
/// unique or indexed column. From the narrowest on. What is internal nobody lists by place.
pub(crate) fn indexes(schema: &Schema) -> Vec<Index> {
    let tier = |depth: usize| PLACE.iter().take(depth).copied().chain(["created_at", "id"]).collect();
    let mut indexes = vec![index(schema, "by_time", tier(0), false)];
    if !schema.internal {
        indexes.extend([
            index(schema, "by_governorate", tier(1), false),
            index(schema, "by_administration", tier(2), false),
            index(schema, "by_facility", tier(3), false),
            index(schema, "by_author", vec!["author", "created_at", "id"], false),
        ]);
    }
    if !schema.tallied.is_empty() {
        indexes.extend(figures(schema));
    }
    if schema.numbered {
        indexes.push(index(schema, "by_number", vec!["number"], true));
    }
    if schema.is_child {
        indexes.push(index(schema, "by_parent", vec!["parent", "created_at", "id"], false));
    }
    for slot in schema.slots.iter().filter(|slot| slot.unique || slot.indexed) {
        let name = slot.name.as_str();
        // A name for each sort, so that a facet that becomes unique gets the index that makes it so.
        indexes.push(match slot.unique {
            true => index(schema, &format!("unique${name}"), vec![name], true),
            false => index(schema, &format!("facet${name}"), vec![name, "created_at", "id"], false),
        });
    }
    indexes.sort_by_key(|index| index.width);
    indexes
}

/// One index covers every figure. Figures of the whole country read each entry of an index, so the usual
/// ones have an index of their own whose entries are a tenth of that.
fn figures(schema: &Schema) -> impl Iterator<Item = Index> {
    let tallied: Vec<_> = schema.tallied.iter().map(Name::as_str).collect();
    // Names what it covers, so that a kind that counts by something else gets an index that covers that.
    let named = |name: &str| format!("{name}${}", tallied.join("$"));
    let tallied = tallied.iter().copied();
    let all = PLACE.into_iter().chain(tallied.clone()).chain(["state", "month", "created_at"]).collect();
    let indexes = [
        index(schema, &named("figures"), all, false),
        index(schema, &named("national"), tallied.chain(["state"]).collect(), false),
        index(schema, "by_month", vec!["month"], false),
        index(schema, "by_place", vec!["facility"], false),
    ];
    indexes.into_iter().filter(|index| index.width <= schema.dialect.widest_index())
}

impl Index {
    /// Its columns up to the last of these.
    pub(crate) fn up_to(&self, columns: &[&str]) -> impl Iterator<Item = &str> + Clone {
        let last = self.columns.iter().rposition(|own| columns.contains(&own.as_str()));
        self.columns.iter().map(String::as_str).take(last.map_or(0, |last| last + 1))
    }

    /// Whether it has all of these columns, so that no row of the table is read for them.
    pub(crate) fn covers(&self, columns: &[&str]) -> bool {
        columns.iter().all(|column| self.columns.iter().any(|own| own == column))
    }
}

fn index(schema: &Schema, name: &str, columns: Vec<&str>, unique: bool) -> Index {
    // No name has a `$` in it, so no two of these are alike.
    let name = short(&format!("{}${name}", schema.name));
    let width = columns.iter().map(|column| width(schema, column)).sum();
    let sort = if unique { "UNIQUE " } else { "" };
    let create =
        format!("CREATE {sort}INDEX \"{name}\" ON \"{}\" ({})", schema.name, quoted(columns.iter().copied()));
    Index { name, create, columns: columns.into_iter().map(str::to_owned).collect(), width }
}

fn width(schema: &Schema, column: &str) -> usize {
    let slot = schema.slots.iter().find(|slot| slot.name == *column);
    let envelope = ENVELOPE.iter().find(|(name, ..)| *name == column);
    match (slot, envelope) {
        (Some(slot), _) => mysql::index_width(slot.column_type, true),
        (None, Some((_, column_type, _))) => mysql::index_width(*column_type, false),
        (None, None) => 0,
    }
}

/// PostgreSQL cuts names of more than 63 bytes without a word, and two indexes would share one. The end of
/// a long name becomes its hash (FNV-1a), the same in every release.
fn short(name: &str) -> String {
    const LONGEST: usize = 60;
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{}_{hash:016x}", name.get(..LONGEST - 17).unwrap_or_default())
}
