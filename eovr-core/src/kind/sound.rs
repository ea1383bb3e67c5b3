//! Checks whether a kind can work: its declarations, what its actions set, and what its rules require.

use std::collections::BTreeSet;

use crate::kind::{FacetSpec, FieldSpec, Kind, KindTable, NumberSpec, ParentSpec, Sealing, VOUCH};
use crate::name::Name;
use crate::record::ValueType;
use crate::time::Timestamp;
use crate::workflow::{Need, Rule};

/// Columns that every table has, columns that PostgreSQL and InnoDB add, and words with another meaning in a query or
/// an export.
const RESERVED: [&str; 30] = [
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
    "db_row_id",
    "db_trx_id",
    "db_roll_ptr",
];

/// The most characters of all sealed fields together. A store that takes less refuses the text itself, because how much
/// it takes depends on the bytes of the letters: a document of MongoDB has at most 16 MiB.
const MOST_CHARS: u64 = 20_000_000;

/// Whether no facet and no field may have this name.
pub(super) fn is_reserved(name: &Name) -> bool {
    RESERVED.contains(&name.as_str())
}

/// Why a kind cannot work, and what would be accepted.
pub(super) struct Problem {
    pub(super) said: String,
    pub(super) help: String,
}

fn problem(said: impl Into<String>, help: impl Into<String>) -> Problem {
    Problem { said: said.into(), help: help.into() }
}

/// The first error of a kind that its workflow alone does not show.
pub(super) fn check(table: &KindTable) -> Result<(), Problem> {
    let NameSets { facets, fields } = names(table)?;
    table.facets.iter().try_for_each(facet)?;
    table.fields.iter().try_for_each(field)?;
    lengths(table)?;
    table.number.as_ref().map_or(Ok(()), number)?;
    table.parent.as_ref().map_or(Ok(()), |of| parent(table, of))?;
    if table.workflow.actions.iter().any(|row| row.name == VOUCH) {
        return Err(problem(format!("`{VOUCH}` is an action of the engine"), "give the action another name"));
    }
    sets(table, &facets, &fields)?;
    let declared: BTreeSet<&Name> = facets.union(&fields).copied().collect();
    table.workflow.rules.iter().try_for_each(|rule| needs(rule, &declared))?;
    let mut tallied = BTreeSet::new();
    for name in &table.tallied {
        if !facets.contains(name) {
            return Err(problem(format!("`{name}` is tallied and not a facet"), one_of(&facets)));
        }
        if !tallied.insert(name) {
            return Err(problem(format!("`{name}` is tallied twice"), "name it once"));
        }
    }
    Ok(())
}

/// The names of a kind.
struct NameSets<'k> {
    facets: BTreeSet<&'k Name>,
    fields: BTreeSet<&'k Name>,
}

fn names(table: &KindTable) -> Result<NameSets<'_>, Problem> {
    let name = table.name.as_str();
    // PostgreSQL names the index of a primary key `…_pkey`, and an index and a table cannot share a name.
    if Kind::STORES_OWN.contains(&name) || name.starts_with("sqlite_") || name.ends_with("_pkey") {
        let own = Kind::STORES_OWN.join("`, `");
        return Err(problem(
            "stores keep something else under that name",
            format!("another name than `{own}`, `sqlite_…` and `…_pkey`"),
        ));
    }
    let facets: BTreeSet<_> = table.facets.iter().map(|facet| &facet.name).collect();
    let fields: BTreeSet<_> = table.fields.iter().map(|field| &field.name).collect();
    if let Some(name) = facets.iter().chain(&fields).find(|name| is_reserved(name)) {
        return Err(problem(
            format!("`{name}` is reserved"),
            format!("another name than `{}`", RESERVED.join("`, `")),
        ));
    }
    let mut seen = BTreeSet::new();
    let all =
        table.facets.iter().map(|facet| &facet.name).chain(table.fields.iter().map(|field| &field.name));
    if let Some(twice) = all.into_iter().find(|name| !seen.insert(*name)) {
        return Err(problem(format!("two facets or fields share the name `{twice}`"), "rename one of them"));
    }
    Ok(NameSets { facets, fields })
}

fn facet(facet: &FacetSpec) -> Result<(), Problem> {
    let FacetSpec { name, value_type, one_of, range, not_before, not_future, .. } = facet;
    for (what, of, is_said) in [
        ("one_of", ValueType::Text, !one_of.is_empty()),
        ("range", ValueType::Int, range.is_some()),
        ("not_before", ValueType::Time, not_before.is_some()),
        ("not_future", ValueType::Time, *not_future),
    ] {
        if is_said && *value_type != of {
            let (is, of) = (value_type.name(), of.name());
            return Err(problem(
                format!("`{name}` is {is} and has `{what}`, which is for {of}"),
                format!("take `{what}` away, or let `{name}` be {of}"),
            ));
        }
    }
    if !one_of.iter().all(|value| FacetSpec::is_code(value)) {
        return Err(problem(
            format!("a value of `{name}` is not a code"),
            "each value of `one_of` has 1 to 200 bytes without control characters",
        ));
    }
    if let Some((low, high)) = range.filter(|(low, high)| low > high) {
        return Err(problem(
            format!("the minimum of `{name}` is above its maximum"),
            format!("`range` is the minimum and then the maximum: {high}, {low}"),
        ));
    }
    if not_before.is_some_and(|first| !(Timestamp::MIN..=Timestamp::MAX).contains(&first)) {
        return Err(problem(
            format!("`not_before` of `{name}` is out of range"),
            format!("a moment from {} to {}", Timestamp::MIN, Timestamp::MAX),
        ));
    }
    Ok(())
}

fn field(field: &FieldSpec) -> Result<(), Problem> {
    let FieldSpec { name, sealing, min_chars, max_chars, .. } = field;
    if *max_chars < (*min_chars).max(1) {
        return Err(problem(
            format!("`{name}` has at least {min_chars} characters and at most {max_chars}"),
            format!("`max_chars` is at least {}", (*min_chars).max(1)),
        ));
    }
    // Databases limit the length of an index entry.
    if *sealing == Sealing::Deterministic && *max_chars > FieldSpec::LONGEST_SEARCHABLE {
        let most = FieldSpec::LONGEST_SEARCHABLE;
        return Err(problem(
            format!(
                "`{name}` can be searched for and may have {max_chars} characters, which is more than {most}"
            ),
            format!("`max_chars` of a field with deterministic sealing is at most {most}"),
        ));
    }
    Ok(())
}

fn lengths(table: &KindTable) -> Result<(), Problem> {
    let all: u64 = table.fields.iter().map(|field| u64::from(field.max_chars)).sum();
    match table.fields.iter().max_by_key(|field| field.max_chars) {
        Some(longest) if all > MOST_CHARS => Err(problem(
            format!("its fields may have {all} characters together, most of them `{}`", longest.name),
            format!("`max_chars` of all fields together is at most {MOST_CHARS}"),
        )),
        _ => Ok(()),
    }
}

fn number(number: &NumberSpec) -> Result<(), Problem> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !(1..=8).contains(&number.prefix.len()) || !number.prefix.chars().all(plain) {
        return Err(problem("a number's prefix has 1 to 8 letters, digits and `-` alone", "such as `OVR`"));
    }
    if number.width > NumberSpec::WIDEST {
        let (width, most) = (number.width, NumberSpec::WIDEST);
        return Err(problem(
            format!("a number has at least {width} digits, which is more than {most}"),
            format!("`width` is at most {most}"),
        ));
    }
    Ok(())
}

fn parent(table: &KindTable, of: &ParentSpec) -> Result<(), Problem> {
    if of.kind == table.name {
        return Err(problem("its records belong to records of the same kind", "the parent is another kind"));
    }
    if of.most == Some(0) {
        return Err(problem(
            format!("a `{}` may have no record of it", of.kind),
            "`most` is 1 or more; without it there is no limit",
        ));
    }
    Ok(())
}

fn sets(table: &KindTable, facets: &BTreeSet<&Name>, fields: &BTreeSet<&Name>) -> Result<(), Problem> {
    let create = &table.workflow.create;
    if table.workflow.rules.iter().any(|rule| rule.action == *create) {
        return Err(problem(
            format!("`{create}` creates, and a rule lets it change as well"),
            "change records by another action",
        ));
    }
    let computed = |name: &Name| table.facets.iter().any(|facet| facet.name == *name && facet.computed);
    let original = |name: &Name| table.fields.iter().any(|field| field.name == *name && field.original);
    for row in &table.workflow.actions {
        for name in &row.sets {
            let sets = format!("`{}` sets `{name}`", row.name);
            if computed(name) {
                let help = format!("take `{name}` from the action, or let it not be computed");
                return Err(problem(format!("{sets}, which is computed"), help));
            }
            if !facets.contains(name) && !fields.contains(name) {
                let declared = facets.union(fields).copied().collect();
                return Err(problem(format!("{sets}, which is not declared"), one_of(&declared)));
            }
            if row.name != *create && original(name) {
                let help = format!("only `{create}` sets it");
                return Err(problem(format!("{sets}, which keeps its original"), help));
            }
        }
    }
    Ok(())
}

/// The error of a rule that no actor and no record can satisfy.
fn needs(rule: &Rule, declared: &BTreeSet<&Name>) -> Result<(), Problem> {
    let action = &rule.action;
    for [one, other] in [[Need::Human, Need::Software], [Need::Author, Need::NotAuthor]] {
        if rule.needs.contains(&one) && rule.needs.contains(&other) {
            let (one, other) = (one.name(), other.name());
            return Err(problem(
                format!("`{action}` needs `{one}` and `{other}`, which never meet"),
                format!("keep `{one}` or `{other}`"),
            ));
        }
    }
    for need in &rule.needs {
        match need {
            Need::Field(name) if !declared.contains(name) => {
                return Err(problem(
                    format!("`{action}` needs `{name}`, which is not declared"),
                    one_of(declared),
                ));
            }
            Need::WithinMinutes(0) => {
                return Err(problem(
                    format!("`{action}` needs to happen in the moment of creation"),
                    "`within_minutes` is 1 or more",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

fn one_of(names: &BTreeSet<&Name>) -> String {
    let names: Vec<_> = names.iter().map(|name| name.as_str()).collect();
    match names.is_empty() {
        true => "the kind declares none".to_owned(),
        false => format!("one of `{}`", names.join("`, `")),
    }
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
            "parent": null,
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
        assert!(place == "/name" || refused.to_string().contains("bench"), "{refused}");
        assert!(refused.help().is_some(), "it does not say what would be accepted: {refused}");
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
            ("/name", json!("event"), "under that name"),
            ("/name", json!("events"), "under that name"),
            ("/name", json!("outbox_free"), "under that name"),
            ("/name", json!("bench_pkey"), "under that name"),
            ("/number/prefix", json!(""), "1 to 8"),
            ("/number/prefix", json!("abcdefghijklmnop"), "1 to 8"),
            ("/number/width", json!(255), "more than 18"),
            ("/facets/0/one_of", json!(["pump", ""]), "not a code"),
            ("/facets/1", facet(json!({"range": [5, 1]})), "is above its maximum"),
            ("/facets/1", facet(json!({"one_of": ["1"]})), "`one_of`"),
            ("/facets/1", facet(json!({"not_future": true})), "`not_future`"),
            ("/facets/1/name", json!("xmin"), "`xmin` is reserved"),
            ("/facets/1/name", json!("db_row_id"), "`db_row_id` is reserved"),
            ("/facets/1/name", json!("asset"), "share the name `asset`"),
            ("/facets/1", facet(json!({"computed": true})), "`release` sets `grade`, which is computed"),
            ("/fields/0/name", json!("asset"), "share the name `asset`"),
            ("/fields/0/max_chars", json!(40_000_000), "at most 20000000"),
            ("/parent", json!({"kind": "bench", "action": "release"}), "another kind"),
            ("/parent", json!({"kind": "ward", "action": "visit", "most": 0}), "`most` is 1 or more"),
            ("/parent", json!({"kind": "ward", "action": "visit"}), "`visit`"),
            ("/fields/0/max_chars", json!(2), "at most 2"),
            ("/fields/0", json!({"name": "story", "max_chars": 0}), "at most 0"),
            ("/tallied", json!(["asset", "asset"]), "tallied twice"),
            ("/workflow/actions/0/sets", json!(["asset"]), "`raise` does not set it"),
            ("/workflow/actions/1/sets", json!([]), "no action sets it"),
            ("/workflow/actions/1/sets", json!(["graed"]), "`release` sets `graed`, which is not declared"),
            ("/workflow/actions/1/name", json!("vouch"), "`release`"),
            ("/workflow/create", json!("found"), "`found`"),
            ("/workflow/rules/0/to", json!("gone"), "`gone`"),
            ("/workflow/rules/0/action", json!("relaese"), "`relaese`"),
            (
                "/workflow/rules/0/needs",
                json!([{"field": "graed"}]),
                "one of `asset`, `due`, `grade`, `story`",
            ),
            ("/workflow/rules/0/needs", json!([{"children_closed": "visit"}]), "`visit`"),
            ("/workflow/rules/0/needs", json!(["human", "software"]), "never meet"),
            ("/workflow/rules/0/needs", json!(["not_author", "author"]), "never meet"),
            ("/workflow/rules/0/needs", json!([{"within_minutes": 0}]), "moment of creation"),
        ] {
            let said = problem(place, becomes);
            assert!(said.contains(wanted), "{place}: {said}");
        }
    }
}
