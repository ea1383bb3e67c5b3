//! Checks whether a kind can work: its declarations, what its actions set, and what its rules require.

use std::collections::BTreeSet;

use crate::kind::{FacetSpec, FieldSpec, KindTable, NumberSpec, Sealing, VOUCH};
use crate::name::Name;
use crate::record::ValueType;
use crate::time::Timestamp;
use crate::workflow::{Need, Rule};

/// Columns that every table has, columns that PostgreSQL adds, and words with another meaning in a query or an export.
const RESERVED: [&str; 27] = [
    "id",
    "number",
    "governorate",
    "administration",
    "facility",
    "author",
    "parent",
    "state",
    "version",
    "created_at",
    "updated_at",
    "month",
    "seq",
    "head",
    "sealed",
    "note",
    "kind",
    "created",
    "facility_name",
    "unreadable",
    "position",
    "cmax",
    "cmin",
    "ctid",
    "tableoid",
    "xmax",
    "xmin",
];

/// Whether no facet and no field may have this name.
pub(super) fn is_reserved(name: &Name) -> bool {
    RESERVED.contains(&name.as_str())
}

/// The stores' own tables and collections.
const STORES_OWN: [&str; 5] = ["counters", "events", "layout", "layout_columns", "outbox"];

/// The first error of a kind that its workflow alone does not show.
pub(super) fn check(table: &KindTable) -> Result<(), String> {
    let NameSets { facets, fields } = names(table)?;
    table.facets.iter().try_for_each(facet)?;
    table.fields.iter().try_for_each(field)?;
    table.number.as_ref().map_or(Ok(()), number)?;
    if table.workflow.actions.iter().any(|row| row.name == VOUCH) {
        return Err(format!("`{VOUCH}` is an action of the engine"));
    }
    sets(table, &facets, &fields)?;
    let declared = |name: &Name| facets.contains(name) || fields.contains(name);
    table.workflow.rules.iter().try_for_each(|rule| needs(rule, declared))?;
    let mut tallied = BTreeSet::new();
    for name in &table.tallied {
        if !facets.contains(name) {
            return Err(format!("`{name}` is tallied and not a facet"));
        }
        if !tallied.insert(name) {
            return Err(format!("`{name}` is tallied twice"));
        }
    }
    Ok(())
}

/// The names of a kind.
struct NameSets<'k> {
    facets: BTreeSet<&'k Name>,
    fields: BTreeSet<&'k Name>,
}

fn names(table: &KindTable) -> Result<NameSets<'_>, String> {
    if STORES_OWN.contains(&table.name.as_str()) || table.name.as_str().starts_with("sqlite_") {
        return Err("stores keep something else under that name".to_owned());
    }
    let facets: BTreeSet<_> = table.facets.iter().map(|facet| &facet.name).collect();
    let fields: BTreeSet<_> = table.fields.iter().map(|field| &field.name).collect();
    if let Some(name) = facets.iter().chain(&fields).find(|name| is_reserved(name)) {
        return Err(format!("`{name}` is reserved"));
    }
    if facets.len() + fields.len() != table.facets.len() + table.fields.len() || !facets.is_disjoint(&fields)
    {
        return Err("two facets or fields share a name".to_owned());
    }
    Ok(NameSets { facets, fields })
}

fn facet(facet: &FacetSpec) -> Result<(), String> {
    let FacetSpec { name, value_type, one_of, range, not_before, not_future, .. } = facet;
    for (what, of, is_said) in [
        ("one_of", ValueType::Text, !one_of.is_empty()),
        ("range", ValueType::Int, range.is_some()),
        ("not_before", ValueType::Time, not_before.is_some()),
        ("not_future", ValueType::Time, *not_future),
    ] {
        if is_said && *value_type != of {
            return Err(format!(
                "`{name}` is {} and has `{what}`, which is for {}",
                value_type.name(),
                of.name()
            ));
        }
    }
    if !one_of.iter().all(|value| FacetSpec::is_code(value)) {
        return Err(format!("a value of `{name}` is not a code"));
    }
    if range.is_some_and(|(low, high)| low > high) {
        return Err(format!("the minimum of `{name}` is above its maximum"));
    }
    if not_before.is_some_and(|first| !(Timestamp::MIN..=Timestamp::MAX).contains(&first)) {
        return Err(format!("`not_before` of `{name}` is out of range"));
    }
    Ok(())
}

fn field(field: &FieldSpec) -> Result<(), String> {
    let FieldSpec { name, sealing, min_chars, max_chars, .. } = field;
    if *max_chars < (*min_chars).max(1) {
        return Err(format!("`{name}` has at least {min_chars} characters and at most {max_chars}"));
    }
    // Databases limit the length of an index entry.
    if *sealing == Sealing::Deterministic && *max_chars > FieldSpec::LONGEST_SEARCHABLE {
        return Err(format!(
            "`{name}` can be searched for and may have {max_chars} characters, which is more than {}",
            FieldSpec::LONGEST_SEARCHABLE
        ));
    }
    Ok(())
}

fn number(number: &NumberSpec) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !(1..=8).contains(&number.prefix.len()) || !number.prefix.chars().all(plain) {
        return Err("a number's prefix has 1 to 8 letters, digits and `-` alone".to_owned());
    }
    if number.width > NumberSpec::WIDEST {
        return Err(format!(
            "a number has at least {} digits, which is more than {}",
            number.width,
            NumberSpec::WIDEST
        ));
    }
    Ok(())
}

fn sets(table: &KindTable, facets: &BTreeSet<&Name>, fields: &BTreeSet<&Name>) -> Result<(), String> {
    let create = &table.workflow.create;
    if table.workflow.rules.iter().any(|rule| rule.action == *create) {
        return Err(format!("`{create}` creates, and a rule lets it change as well"));
    }
    let computed = |name: &Name| table.facets.iter().any(|facet| facet.name == *name && facet.computed);
    let original = |name: &Name| table.fields.iter().any(|field| field.name == *name && field.original);
    for row in &table.workflow.actions {
        for name in &row.sets {
            if computed(name) {
                return Err(format!("`{}` sets `{name}`, which is computed", row.name));
            }
            if !facets.contains(name) && !fields.contains(name) {
                return Err(format!("`{}` sets `{name}`, which is not declared", row.name));
            }
            if row.name != *create && original(name) {
                return Err(format!("`{}` sets `{name}`, which keeps its original", row.name));
            }
        }
    }
    Ok(())
}

/// The error of a rule that no actor and no record can satisfy.
fn needs(rule: &Rule, declared: impl Fn(&Name) -> bool) -> Result<(), String> {
    let action = &rule.action;
    for [one, other] in [[Need::Human, Need::Software], [Need::Author, Need::NotAuthor]] {
        if rule.needs.contains(&one) && rule.needs.contains(&other) {
            return Err(format!(
                "`{action}` needs `{}` and `{}`, which never meet",
                one.name(),
                other.name()
            ));
        }
    }
    for need in &rule.needs {
        match need {
            Need::Field(name) if !declared(name) => {
                return Err(format!("`{action}` needs `{name}`, which is not declared"));
            }
            Need::WithinMinutes(0) => {
                return Err(format!("`{action}` needs to happen in the moment of creation"));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::error::ErrorKind;
    use crate::kind::{Catalog, Kind};

    fn bench() -> Value {
        json!({
            "name": "bench",
            "number": {"prefix": "BEN", "width": 4},
            "facets": [
                {"name": "asset", "type": "text", "required": true, "one_of": ["pump", "bed"]},
                {"name": "grade", "type": "int", "range": [1, 5]},
                {"name": "due", "type": "time", "not_before": "2026-01-01T00:00:00Z"}
            ],
            "fields": [{"name": "story", "required": true, "min_chars": 3, "max_chars": 400}],
            "tallied": ["asset"],
            "workflow": {
                "start": "open", "create": "raise",
                "states": [{"name": "open"}, {"name": "closed", "end": true}],
                "actions": [
                    {"name": "raise", "tiers": [1, 5], "sets": ["asset", "story"]},
                    {"name": "release", "tiers": [2, 5], "sets": ["grade"]}
                ],
                "rules": [{"from": ["open"], "action": "release", "to": "closed", "needs": ["human", {"field": "grade"}]}]
            }
        })
    }

    /// The error of the test kind with one part replaced.
    fn problem(place: &str, becomes: Value) -> String {
        let mut table = bench();
        *table.pointer_mut(place).unwrap() = becomes;
        let kind = serde_json::from_value(table).map(Kind::new).unwrap();
        let refused = kind.and_then(|kind| Catalog::new([kind], &[]).map(drop)).expect_err("it was accepted");
        assert_eq!(refused.kind(), ErrorKind::Config);
        refused.to_string()
    }

    #[test]
    fn a_kind_that_can_never_work_is_refused() {
        assert!(Kind::new(serde_json::from_value(bench()).unwrap()).is_ok());
        let facet = |more: Value| {
            let mut facet = json!({"name": "grade", "type": "int"});
            facet.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            facet
        };
        for (place, becomes, wanted) in [
            ("/name", json!("outbox"), "under that name"),
            ("/name", json!("sqlite_bench"), "under that name"),
            ("/number/prefix", json!(""), "1 to 8"),
            ("/number/prefix", json!("abcdefghijklmnop"), "1 to 8"),
            ("/number/width", json!(255), "more than 18"),
            ("/facets/0/one_of", json!(["pump", ""]), "not a code"),
            ("/facets/1", facet(json!({"range": [5, 1]})), "is above its maximum"),
            ("/facets/1", facet(json!({"one_of": ["1"]})), "`one_of`"),
            ("/facets/1", facet(json!({"not_future": true})), "`not_future`"),
            ("/facets/1/name", json!("xmin"), "reserved"),
            ("/fields/0/max_chars", json!(2), "at most 2"),
            ("/fields/0", json!({"name": "story", "max_chars": 0}), "at most 0"),
            ("/tallied", json!(["asset", "asset"]), "tallied twice"),
            ("/workflow/actions/0/sets", json!(["asset"]), "`raise` does not set it"),
            ("/workflow/actions/1/sets", json!([]), "no action sets it"),
            ("/workflow/rules/0/needs", json!([{"field": "graed"}]), "not declared"),
            ("/workflow/rules/0/needs", json!(["human", "software"]), "never meet"),
            ("/workflow/rules/0/needs", json!(["not_author", "author"]), "never meet"),
            ("/workflow/rules/0/needs", json!([{"within_minutes": 0}]), "moment of creation"),
        ] {
            let said = problem(place, becomes);
            assert!(said.contains(wanted), "{place}: {said}");
        }
    }
}
