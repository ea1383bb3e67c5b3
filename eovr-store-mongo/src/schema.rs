//! The mapping of a kind to a collection with indexes, computed once at start.

use std::collections::BTreeMap;

use eovr_core::Name;
use eovr_core::kind::{Kind, Sealing};
use eovr_core::record::{Column, ValueType};
use mongodb::bson::{Document, doc};

/// The store's own collections.
pub(crate) const COUNTERS: &str = "counters";
pub(crate) const EVENTS: &str = "events";
pub(crate) const OUTBOX: &str = "outbox";

/// The type name of a sealed field.
const SEALED: &str = "sealed";

const PLACE: [&str; 3] = ["governorate", "administration", "facility"];

const BY_FACILITY: &str = "by_facility";
const BY_MONTH: &str = "by_month";

/// One field of a document after the envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    /// The facet's type; `None`: a sealed field.
    pub(crate) facet: Option<ValueType>,
    unique: bool,
    indexed: bool,
}

/// A covering index: it answers queries for these fields without reading records.
pub(crate) struct Covering<'s> {
    pub(crate) index: String,
    /// Its first field.
    pub(crate) leading: Column,
    pub(crate) fields: Vec<&'s str>,
}

/// The collection of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    pub(crate) name: Name,
    pub(crate) collection: String,
    pub(crate) slots: BTreeMap<Name, Slot>,
    tallied: Vec<Name>,
    numbered: bool,
    is_child: bool,
    internal: bool,
}

impl Schema {
    pub(crate) fn of(kind: &Kind) -> Self {
        let collection = plural(kind.name().as_str());
        let facets = kind.facets().map(|facet| {
            let slot = Slot { facet: Some(facet.value_type), unique: facet.unique, indexed: facet.indexed };
            (facet.name.clone(), slot)
        });
        let fields = kind.fields().map(|field| {
            let indexed = field.sealing == Sealing::Deterministic;
            (field.name.clone(), Slot { facet: None, unique: false, indexed })
        });
        Self {
            name: kind.name().clone(),
            collection,
            slots: facets.chain(fields).collect(),
            tallied: kind.table().tallied.clone(),
            numbered: kind.table().number.is_some(),
            is_child: kind.table().parent.is_some(),
            internal: kind.table().internal,
        }
    }

    /// One index for each tier of scope, in the order of pages; one that covers the figures, and one for the monthly
    /// figures; one for each unique or indexed field. Internal kinds have no index by place.
    pub(crate) fn indexes(&self) -> Vec<Document> {
        let tier = |depth: usize| PLACE.iter().take(depth).copied();
        let mut indexes = vec![paged("by_time", tier(0))];
        if !self.internal {
            indexes.extend([
                paged("by_governorate", tier(1)),
                paged("by_administration", tier(2)),
                paged(BY_FACILITY, tier(3)),
                paged("by_author", ["author"]),
            ]);
        }
        if !self.tallied.is_empty() {
            let key: Document = self.figures().map(|name| (name.to_owned(), 1.into())).collect();
            indexes.push(doc! { "name": self.figures_name(), "key": key });
            indexes.push(doc! { "name": BY_MONTH, "key": { "month": 1 } });
        }
        if self.numbered {
            indexes.push(unique("by_number", "number"));
        }
        if self.is_child {
            indexes.push(paged("by_parent", ["parent"]));
        }
        for (name, slot) in self.slots.iter().filter(|(_, slot)| slot.unique || slot.indexed) {
            // The name depends on the sort of index, so that a facet that becomes unique gets the unique index.
            indexes.push(match slot.unique {
                true => unique(&format!("unique_{name}"), name.as_str()),
                false => paged(&format!("facet_{name}"), [name.as_str()]),
            });
        }
        indexes
    }

    /// Whether there are indexes by place and by author.
    pub(crate) fn by_place(&self) -> bool {
        !self.internal
    }

    /// Whether an index on the column selects few records.
    pub(crate) fn finds_few(&self, column: &Column) -> bool {
        match column {
            Column::Number => true,
            Column::Author => self.by_place(),
            Column::Parent => self.is_child,
            Column::Facet(name) => self.slots.get(name).is_some_and(|slot| slot.unique || slot.indexed),
            _ => false,
        }
    }

    /// The covering indexes for counts, the narrowest first, because the server reads every entry.
    pub(crate) fn covering(&self) -> impl Iterator<Item = Covering<'_>> {
        let place = PLACE.into_iter().chain(["created_at"]).collect();
        let covering = |index: &str, leading, fields| Covering { index: index.to_owned(), leading, fields };
        let all = [
            covering(BY_MONTH, Column::Month, vec!["month"]),
            covering(BY_FACILITY, Column::Governorate, place),
            covering(&self.figures_name(), Column::Governorate, self.figures().collect()),
        ];
        let has_figures = !self.tallied.is_empty();
        let by_place = self.by_place();
        all.into_iter().filter(
            move |covering| {
                if covering.index == BY_FACILITY { by_place } else { has_figures }
            },
        )
    }

    fn figures(&self) -> impl Iterator<Item = &str> {
        let tallied = self.tallied.iter().map(Name::as_str);
        PLACE.into_iter().chain(tallied).chain(["state", "month", "created_at"])
    }

    /// The name contains the covered fields, so that other tallied facets get another index.
    fn figures_name(&self) -> String {
        let tallied: Vec<_> = self.tallied.iter().map(Name::as_str).collect();
        format!("figures_{}", tallied.join("_"))
    }
}

impl Slot {
    /// A field that this node's kind does not have; `None` where its type belongs to a later release.
    pub(crate) fn carried(type_name: &str) -> Option<Self> {
        let facet = match type_name {
            SEALED => None,
            name => Some(ValueType::named(name)?),
        };
        Some(Self { facet, unique: false, indexed: false })
    }

    /// The type name in the layout.
    pub(crate) fn type_name(&self) -> &'static str {
        self.facet.map_or(SEALED, ValueType::name)
    }
}

/// The indexes of the system collections, by collection.
pub(crate) fn system_indexes() -> [(&'static str, Vec<Document>); 3] {
    let chain = doc! { "name": "by_record", "key": { "record": 1, "seq": 1 }, "unique": true };
    let held = doc! { "name": "by_lease", "key": { "lease": 1 }, "sparse": true };
    [(COUNTERS, Vec::new()), (EVENTS, vec![chain]), (OUTBOX, vec![held])]
}

fn paged<'a>(name: &str, fields: impl IntoIterator<Item = &'a str>) -> Document {
    let mut key: Document = fields.into_iter().map(|field| (field.to_owned(), 1.into())).collect();
    key.extend(doc! { "created_at": -1, "_id": -1 });
    doc! { "name": name, "key": key }
}

/// Unique among the records that have the field.
fn unique(name: &str, field: &str) -> Document {
    doc! {
        "name": name,
        "key": { field: 1 },
        "unique": true,
        "partialFilterExpression": { field: { "$exists": true } },
    }
}

/// The collection name of a kind: `incident` becomes `incidents`. A name that ends in `registry` stays the same:
/// `model_registry`.
fn plural(name: &str) -> String {
    let vowel = |c: char| "aeiou".contains(c);
    if name.ends_with("registry") {
        return name.to_owned();
    }
    match name.strip_suffix('y') {
        Some(stem) if !stem.ends_with(vowel) => format!("{stem}ies"),
        _ if ["s", "x", "z", "ch", "sh"].iter().any(|end| name.ends_with(end)) => format!("{name}es"),
        _ => format!("{name}s"),
    }
}

#[cfg(test)]
mod tests {
    use eovr_core::kind::Kind;

    use super::{plural, system_indexes};

    /// A kind whose collection is one of ours would share it.
    #[test]
    fn no_kind_may_have_a_collection_of_ours() {
        for (collection, _) in system_indexes() {
            let kinds = [Some(collection), collection.strip_suffix('s')];
            for kind in kinds.into_iter().flatten().filter(|kind| plural(kind) == collection) {
                assert!(Kind::STORES_OWN.contains(&kind), "a kind may be called `{kind}`");
            }
            assert!(Kind::STORES_OWN.contains(&collection), "a kind may be called `{collection}`");
        }
    }

    #[test]
    fn collections_are_named_in_the_plural() {
        let pairs = [
            ("incident", "incidents"),
            ("facility", "facilities"),
            ("user", "users"),
            ("data_key", "data_keys"),
            ("follow_up", "follow_ups"),
            ("model_registry", "model_registry"),
            ("address", "addresses"),
            ("box", "boxes"),
            ("switch", "switches"),
            ("y", "ies"),
        ];
        for (kind, collection) in pairs {
            assert_eq!(plural(kind), collection);
        }
    }
}
