//! Random tables: the engine accepts a table exactly if a naive check finds it sound.

use eovr_core::access::{ActionRow, Tiers};
use eovr_core::workflow::{Machine, Need, Rule, StateRow, Table};
use eovr_core::{ErrorKind, Name};
use proptest::collection::vec;
use proptest::prelude::*;

const STATES: [&str; 5] = ["s0", "s1", "s2", "s3", "s4"];
const ACTIONS: [&str; 4] = ["a0", "a1", "a2", "a3"];

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn need() -> impl Strategy<Value = Need> {
    prop_oneof![
        Just(Need::Human),
        Just(Need::Software),
        Just(Need::Author),
        Just(Need::NotAuthor),
        Just(Need::Note),
        Just(Need::Field(name("x"))),
        (0..99_u32).prop_map(Need::WithinMinutes),
        Just(Need::ChildrenClosed(name("child"))),
        Just(Need::Check(name("check"))),
    ]
}

/// Tables that are often sound and sometimes broken in every way: a path through all states, with gaps and some random
/// rules.
fn table() -> impl Strategy<Value = Table> {
    (1..=4_usize, 1..=4_usize).prop_flat_map(|(states, actions)| {
        // Sometimes one name more than is declared.
        let state = prop_oneof![30 => 0..states, 1 => 0..5_usize].prop_map(|index| name(STATES[index]));
        let action = prop_oneof![30 => 0..actions, 1 => 0..4_usize].prop_map(|index| name(ACTIONS[index]));
        let from = prop_oneof![9 => vec(state.clone(), 1), 2 => vec(state.clone(), 0..4)];
        let to = proptest::option::weighted(0.7, state.clone());
        let by_chance = vec((from, action.clone(), to, vec(need(), 0..2)), 0..4);
        let way = vec((prop::bool::weighted(0.93), action.clone()), states - 1);
        let ends = vec(prop::bool::weighted(0.15), states);
        let last = prop::bool::weighted(0.9);
        let start = prop_oneof![9 => Just(name(STATES[0])), 1 => state];
        let doubled = prop_oneof![20 => Just(0), 1 => Just(1), 1 => Just(2)];
        (start, action, by_chance, way, ends, last, doubled).prop_map(
            move |(start, create, by_chance, way, mut ends, last, doubled)| {
                ends[states - 1] = last;
                let row = |(state, end): (&&str, bool)| StateRow { name: name(state), end };
                let mut states: Vec<_> = STATES.iter().zip(ends).map(row).collect();
                let row = |action: &&str| ActionRow::new(name(action), Tiers::new(1, 5).unwrap());
                let mut rows: Vec<_> = ACTIONS.iter().take(actions).map(row).collect();
                if doubled == 1 {
                    states.push(states[0].clone());
                }
                if doubled == 2 {
                    rows.push(rows[0].clone());
                }
                let way = way.into_iter().enumerate().filter(|(_, (there, _))| *there);
                let mut rules: Vec<_> = way
                    .map(|(index, (_, action))| Rule {
                        from: vec![name(STATES[index])],
                        action,
                        to: Some(name(STATES[index + 1])),
                        needs: Vec::new(),
                    })
                    .collect();
                let rule = |(from, action, to, needs)| Rule { from, action, to, needs };
                rules.extend(by_chance.into_iter().map(rule));
                Table { start, create, states, actions: rows, rules }
            },
        )
    })
}

/// The rules of soundness, one loop each, on text alone.
fn is_sound(table: &Table) -> bool {
    let states: Vec<&str> = table.states.iter().map(|state| state.name.as_str()).collect();
    let actions: Vec<&str> = table.actions.iter().map(|row| row.name.as_str()).collect();
    let twice = |names: &[&str]| (0..names.len()).any(|one| names[..one].contains(&names[one]));
    if twice(&states) || twice(&actions) {
        return false;
    }
    if !states.contains(&table.start.as_str()) || !actions.contains(&table.create.as_str()) {
        return false;
    }
    let is_end = |name: &str| table.states.iter().any(|state| state.name == *name && state.end);
    let mut steps: Vec<(&str, &str, &str)> = Vec::new();
    for rule in &table.rules {
        if rule.from.is_empty() || !actions.contains(&rule.action.as_str()) {
            return false;
        }
        for from in &rule.from {
            let to = rule.to.as_ref().unwrap_or(from).as_str();
            let from = from.as_str();
            if !states.contains(&from) || !states.contains(&to) || (is_end(from) && to != from) {
                return false;
            }
            if steps.iter().any(|(known, action, _)| *known == from && rule.action == **action) {
                return false;
            }
            steps.push((from, rule.action.as_str(), to));
        }
    }
    let idle = |action: &&str| table.create != **action && !steps.iter().any(|(_, used, _)| used == action);
    if actions.iter().any(idle) {
        return false;
    }
    // Which state leads to which, in any number of steps.
    let leads = |from: &str, to: &str| {
        let mut seen = vec![from];
        for _ in 0..states.len() {
            for (one, _, next) in &steps {
                if seen.contains(one) && !seen.contains(next) {
                    seen.push(next);
                }
            }
        }
        seen.contains(&to)
    };
    let ends: Vec<&str> = states.iter().copied().filter(|state| is_end(state)).collect();
    states.iter().all(|state| leads(table.start.as_str(), state) && ends.iter().any(|end| leads(state, end)))
}

#[test]
fn a_table_is_accepted_exactly_where_it_is_sound() {
    let config = ProptestConfig { cases: 30_000, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let accepted = std::cell::Cell::new(0);
    runner
        .run(&table(), |table| {
            let sound = is_sound(&table);
            match Machine::new(table.clone()) {
                Ok(machine) => {
                    prop_assert!(sound, "accepted and not sound: {table:?}");
                    accepted.set(accepted.get() + 1);
                    let json = serde_json::to_string(machine.table()).unwrap();
                    let again = Machine::new(serde_json::from_str(&json).unwrap()).unwrap();
                    prop_assert_eq!(machine.table(), again.table());
                    prop_assert_eq!(machine.digest(), again.digest());
                }
                Err(error) => {
                    prop_assert!(!sound, "refused and sound: {error}: {table:?}");
                    prop_assert_eq!(error.kind(), ErrorKind::Config);
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(accepted.get() > 1000, "only {} tables were sound: nothing was tried", accepted.get());
}

#[test]
fn another_table_has_another_digest() {
    let table = |tiers| Table {
        start: name("s0"),
        create: name("a0"),
        states: vec![StateRow { name: name("s0"), end: true }],
        actions: vec![ActionRow::new(name("a0"), tiers)],
        rules: Vec::new(),
    };
    let one = Machine::new(table(Tiers::new(1, 5).unwrap())).unwrap();
    let other = Machine::new(table(Tiers::new(2, 5).unwrap())).unwrap();
    assert_ne!(one.digest(), other.digest());
}
