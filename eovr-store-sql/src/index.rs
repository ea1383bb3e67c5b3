//! The indexes of a kind's table, and the choice of a covering index for counts.

use eovr_core::Name;

use crate::dialect::mysql;
use crate::schema::{ENVELOPE, PLACE, Schema, quoted};

/// An index with its definition.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    /// Its name in the database.
    pub(crate) name: String,
    pub(crate) create: String,
    columns: Vec<String>,
    /// The maximum bytes of an entry.
    width: usize,
}

/// One index for each tier of scope, in the order of pages; those for figures; one for each unique or indexed column.
/// The narrowest come first. Internal kinds have no index by place.
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
        // The name depends on the sort of index, so that a facet that becomes unique gets the unique index.
        indexes.push(match slot.unique {
            true => index(schema, &format!("unique${name}"), vec![name], true),
            false => index(schema, &format!("facet${name}"), vec![name, "created_at", "id"], false),
        });
    }
    indexes.sort_by_key(|index| index.width);
    indexes
}

/// One index covers every figure. National figures read each entry of an index, so the usual ones have their own index,
/// whose entries are a tenth as large.
fn figures(schema: &Schema) -> impl Iterator<Item = Index> {
    let tallied: Vec<_> = schema.tallied.iter().map(Name::as_str).collect();
    // The name contains the covered columns, so that other tallied facets get another index.
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

    /// Whether it has all of these columns, so that the table is not read.
    pub(crate) fn covers(&self, columns: &[&str]) -> bool {
        columns.iter().all(|column| self.columns.iter().any(|own| own == column))
    }
}

fn index(schema: &Schema, name: &str, columns: Vec<&str>, unique: bool) -> Index {
    // Kind names contain no `$`, so names are unambiguous.
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

/// PostgreSQL silently truncates names to 63 bytes, so two indexes could get the same name. The end of a long name is
/// replaced by its hash (FNV-1a), which is the same in every release.
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
