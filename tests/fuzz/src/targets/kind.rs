//! Kinds of record that a host declares in JSON.

use std::collections::BTreeSet;

use eovr_core::access::{ActionRow, Actor, Role};
use eovr_core::kind::{FacetSpec, FieldSpec, Kind, KindTable};
use eovr_core::record::{Value, ValueType};
use eovr_core::workflow::{Machine, Need, Rule};
use eovr_core::{Command, ErrorKind, Name, Result};

use super::text;
use crate::fixture::{NOW, actor, engine, id, wait};

/// Kinds as a host might declare them.
pub(crate) const SAMPLES: [&str; 2] = [
    r#"{"name": "bench", "number": {"prefix": "BEN", "width": 4},
        "facets": [{"name": "asset", "type": "text", "required": true, "indexed": true}, {"name": "due", "type": "time",
            "not_before": "2026-01-01T00:00:00Z"}, {"name": "grade", "type": "int", "range": [1, 5]}],
        "fields": [{"name": "story", "required": true, "original": true, "min_chars": 3},
            {"name": "serial", "sealing": "deterministic", "max_chars": 40}],
        "tallied": ["grade"],
        "workflow": {"start": "open", "create": "raise",
            "states": [{"name": "open"}, {"name": "tested"}, {"name": "closed", "end": true}],
            "actions": [{"name": "raise", "tiers": [1, 5], "sets": ["asset", "story", "serial"], "visitor": true},
                {"name": "test", "tiers": [2, 5], "sets": ["grade", "due"]}, {"name": "release", "tiers": [3, 5]}],
            "rules": [{"from": ["open"], "action": "test", "to": "tested", "needs": ["not_author", {"within_minutes": 60}]},
                {"from": ["tested"], "action": "test"},
                {"from": ["tested"], "action": "release", "to": "closed", "needs": ["human", "note"]}]}}"#,
    r#"{"name": "a", "workflow": {"start": "b", "create": "c", "states": [{"name": "b", "end": true}],
        "actions": [{"name": "c", "tiers": [1, 5]}], "rules": []}}"#,
];

/// An accepted kind is written and read as the same kind, and works: an actor can create a record, and a permitted
/// actor can do each action of a state.
pub(crate) fn check(bytes: &[u8]) {
    let Some(Ok(table)) = text(bytes).map(serde_json::from_str::<KindTable>) else { return };
    let name = table.name.clone();
    let Ok(kind) = Kind::new(table) else { return };
    let written = serde_json::to_string(kind.table()).expect("a kind is JSON");
    let read = Kind::new(serde_json::from_str(&written).expect("JSON of a kind")).expect("the same kind");
    assert_eq!(read.machine().digest(), kind.machine().digest(), "another workflow");
    assert_eq!(serde_json::to_string(read.table()).ok().as_deref(), Some(written.as_str()));
    assert!(kind.machine().diagram().starts_with("stateDiagram-v2"));
    if is_alone(&kind) && is_small(&kind) {
        wait(works(kind)).unwrap_or_else(|error| panic!("kind `{name}` was accepted: {error:?}"));
    }
}

/// Whether the kind works without other kinds and without answers of a host.
fn is_alone(kind: &Kind) -> bool {
    let needs = || kind.machine().table().rules.iter().flat_map(|rule| &rule.needs);
    kind.table().parent.is_none()
        && !needs().any(|need| matches!(need, Need::Check(_) | Need::ChildrenClosed(_)))
}

/// Whether the kind can be tried quickly. The current time does not fit facets that require a fixed time.
fn is_small(kind: &Kind) -> bool {
    let now = |facet: &FacetSpec| facet.not_before.is_none_or(|first| first <= NOW);
    kind.machine().table().states.len() <= 12
        && kind.machine().table().actions.len() <= 12
        && kind.fields().all(|field| field.min_chars <= 20_000)
        && kind.facets().all(now)
}

async fn works(kind: Kind) -> Result<()> {
    let machine = kind.machine();
    let mut tried = BTreeSet::new();
    // Each rule is tried on a record of its own, in a state that has the rule.
    for rule in &machine.table().rules {
        for from in &rule.from {
            if tried.insert((from.clone(), rule.action.clone())) {
                let Some(way) = way(machine, from) else { continue };
                walk(&kind, way.into_iter().chain([rule])).await?;
            }
        }
    }
    walk(&kind, []).await
}

/// The shortest path to a state: the rules that lead there.
fn way<'m>(machine: &'m Machine, to: &Name) -> Option<Vec<&'m Rule>> {
    let mut ways = vec![(&machine.table().start, Vec::new())];
    let mut seen = BTreeSet::from([&machine.table().start]);
    while !ways.is_empty() {
        if let Some((_, way)) = ways.iter().find(|(state, _)| *state == to) {
            return Some(way.clone());
        }
        let mut next = Vec::new();
        for (state, way) in ways {
            for rule in machine.legal(state.as_str()) {
                let Some(to) = rule.to.as_ref().filter(|to| !seen.contains(to)) else { continue };
                seen.insert(to);
                next.push((to, way.iter().copied().chain([rule]).collect()));
            }
        }
        ways = next;
    }
    None
}

/// Creates a record in an engine of its own and does these actions in order.
async fn walk<'r>(kind: &Kind, rules: impl IntoIterator<Item = &'r Rule>) -> Result<()> {
    let eovr = match engine().kind(kind.clone()).open().await {
        Ok(eovr) => eovr,
        // The engine refuses the kind beside its other kinds, because its name is taken or nothing sets a required
        // value.
        Err(error) if error.kind() == ErrorKind::Config => return Ok(()),
        Err(error) => return Err(error),
    };
    let create = kind.machine().action(kind.machine().create().as_str()).expect("a checked kind creates");
    let Some(author) = permitted(kind, create, &[]) else { return Ok(()) };
    let session = eovr.session(author.clone());
    let command = filled(kind, create);
    let record = session.create(kind.name(), &id("F"), command).await?;
    for rule in rules {
        let row = kind.machine().action(rule.action.as_str()).expect("a checked kind says who may");
        let (mine, Some(other)) = (rule.needs.contains(&Need::Author), permitted(kind, row, &rule.needs))
        else {
            return Ok(());
        };
        if mine && (!row.allows(&author) || rule.needs.contains(&Need::Software)) {
            // The rule requires another person than the author: the kind is sound, and this author may not act.
            return Ok(());
        }
        if rule.needs.iter().any(|need| matches!(need, Need::WithinMinutes(0..=1))) {
            return Ok(());
        }
        let session = eovr.session(if mine { author.clone() } else { other });
        let kept = session.load(kind.name(), record.id).await?;
        let unset = |name: &Name| kept.facet(name.as_str()).is_none() && kept.sealed(name.as_str()).is_none();
        let lacks =
            |need: &Need| matches!(need, Need::Field(name) if unset(name) && !row.sets.contains(name));
        if rule.needs.iter().any(lacks) {
            // An action outside this path sets the value.
            return Ok(());
        }
        session.act(kind.name(), record.id, filled(kind, row).note("because")).await?;
    }
    Ok(())
}

/// An actor of the highest permitted tier who may read the result, or the machine that does the action.
fn permitted(kind: &Kind, row: &ActionRow, needs: &[Need]) -> Option<Actor> {
    let may = |role: &Role| row.tiers.contains(role.tier()) && kind.table().readers.contains(role.tier());
    let role = Role::ALL.into_iter().rev().find(may)?;
    let person = actor(if needs.is_empty() { "author" } else { "other" }, role);
    Some(if needs.contains(&Need::Software) { person.as_machine() } else { person })
}

/// The action with every value that it may set.
fn filled(kind: &Kind, row: &ActionRow) -> Command {
    row.sets.iter().fold(Command::new(row.name.as_str()), |command, name| {
        match (kind.facet(name.as_str()), kind.field(name.as_str())) {
            (Some(facet), _) => command.set(name.as_str(), value(facet)),
            (None, Some(field)) => command.write(name.as_str(), words(field).as_str()),
            (None, None) => command,
        }
    })
}

fn value(facet: &FacetSpec) -> Value {
    match facet.value_type {
        ValueType::Text => Value::Text(facet.one_of.first().map_or("code", String::as_str).into()),
        ValueType::Int => Value::Int(facet.range.map_or(1, |(low, _)| low)),
        ValueType::Bool => Value::Bool(true),
        ValueType::Time => Value::Time(facet.not_before.unwrap_or(NOW)),
        ValueType::Bytes => Value::Bytes(vec![1]),
    }
}

fn words(field: &FieldSpec) -> String {
    "x".repeat(field.min_chars.max(1) as usize)
}
