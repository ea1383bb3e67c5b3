use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::access::ActionRow;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Name;
use crate::workflow::{Rule, Table};

/// A checked table. A `Machine` guarantees that its table is sound: every state is reachable, every state can reach an
/// end, no two rules conflict, every action has a permission.
#[derive(Clone, Debug)]
pub struct Machine {
    table: Table,
    // state -> action -> index of the rule
    steps: BTreeMap<Name, BTreeMap<Name, usize>>,
    actions: BTreeMap<Name, ActionRow>,
    ends: BTreeSet<Name>,
    digest: [u8; 32],
}

impl Machine {
    /// Checks a table.
    ///
    /// ```
    /// use eovr_core::workflow::{Machine, Table};
    ///
    /// # let workflow = serde_json::json!({
    /// #     "start": "ringing", "create": "raise",
    /// #     "states": [{"name": "ringing"}, {"name": "closed", "end": true}],
    /// #     "actions": [{"name": "raise", "tiers": [1, 5], "sets": ["fridge", "tenths_celsius"]},
    /// #                 {"name": "close", "tiers": [1, 5], "sets": ["cause"]}],
    /// #     "rules": [{"from": ["ringing"], "action": "close", "to": "closed", "needs": ["note"]}]
    /// # });
    /// # let workflow: eovr_core::workflow::Table = serde_json::from_value(workflow)?;
    /// let without_rules = Table { rules: Vec::new(), ..workflow.clone() };
    /// let error = Machine::new(without_rules).unwrap_err();
    /// assert_eq!(error.message(), "the workflow is not sound: action `close` has no rule");
    /// assert!(Machine::new(workflow).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `Config`, naming the row: an unknown or duplicate state or action, two rules for one action in one state, a rule
    /// without a source state or from an end state, a state that is unreachable or cannot reach an end, an action
    /// without a rule.
    pub fn new(table: Table) -> Result<Self> {
        let states = unique(table.states.iter().map(|state| &state.name), "state")?;
        unique(table.actions.iter().map(|row| &row.name), "action")?;
        let actions: BTreeMap<Name, ActionRow> =
            table.actions.iter().map(|row| (row.name.clone(), row.clone())).collect();
        let ends: BTreeSet<Name> =
            table.states.iter().filter(|state| state.end).map(|state| state.name.clone()).collect();
        let known = |name: &Name| match states.contains(name) {
            true => Ok(()),
            false => Err(unsound(format!("state `{name}` is not declared"), one_of(&states))),
        };

        known(&table.start)?;
        if !actions.contains_key(&table.create) {
            return Err(unsound(
                format!("action `{}` creates records and has no permission row", table.create),
                one_of(actions.keys()),
            ));
        }
        let mut steps: BTreeMap<Name, BTreeMap<Name, usize>> =
            states.iter().map(|state| (state.clone(), BTreeMap::new())).collect();
        let mut used = BTreeSet::from([table.create.clone()]);
        for (index, rule) in table.rules.iter().enumerate() {
            if !actions.contains_key(&rule.action) {
                return Err(unsound(
                    format!("action `{}` has a rule and no permission row", rule.action),
                    one_of(actions.keys()),
                ));
            }
            used.insert(rule.action.clone());
            if rule.from.is_empty() {
                return Err(unsound(format!("a rule for `{}` names no state", rule.action), one_of(&states)));
            }
            rule.to.as_ref().map_or(Ok(()), known)?;
            for from in &rule.from {
                known(from)?;
                if ends.contains(from) && rule.to.as_ref().is_some_and(|to| to != from) {
                    return Err(unsound(
                        format!("`{from}` is an end, and `{}` leads out of it", rule.action),
                        "an action of an end keeps the state; or let it be no end",
                    ));
                }
                let doubled = steps.entry(from.clone()).or_default().insert(rule.action.clone(), index);
                if doubled.is_some() {
                    return Err(unsound(
                        format!("two rules for `{}` in state `{from}`", rule.action),
                        "one rule for each action in each state",
                    ));
                }
            }
        }
        if let Some(idle) = actions.keys().find(|name| !used.contains(*name)) {
            return Err(unsound(
                format!("action `{idle}` has no rule"),
                "a rule with the states in which it is possible",
            ));
        }
        let machine = Self { digest: digest(&table)?, table, steps, actions, ends };
        machine.check_paths(&states)?;
        Ok(machine)
    }

    fn check_paths(&self, states: &BTreeSet<Name>) -> Result<()> {
        let reached = closure([self.table.start.clone()].into(), |state| self.targets(state));
        if let Some(lost) = states.difference(&reached).next() {
            return Err(unsound(
                format!("state `{lost}` cannot be reached from `{}`", self.table.start),
                "a rule that leads to it",
            ));
        }
        let ending = closure(self.ends.clone(), |state| {
            states.iter().filter(|from| self.targets(from).contains(state)).cloned().collect()
        });
        match states.difference(&ending).next() {
            Some(stuck) => Err(unsound(
                format!("no end can be reached from state `{stuck}`"),
                "a rule that leads on from it, or `\"end\": true`",
            )),
            None => Ok(()),
        }
    }

    fn targets(&self, state: &Name) -> Vec<Name> {
        self.legal(state.as_str()).filter_map(|rule| rule.to.clone()).collect()
    }

    /// The checked table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The rule for an action in a state; `None` where the action is not possible there.
    pub fn step(&self, state: &str, action: &str) -> Option<&Rule> {
        self.table.rules.get(*self.steps.get(state)?.get(action)?)
    }

    /// The rules of a state, by name of action.
    pub fn legal(&self, state: &str) -> impl Iterator<Item = &Rule> {
        self.steps.get(state).into_iter().flatten().filter_map(|(_, index)| self.table.rules.get(*index))
    }

    /// The row of an action: its permission and its fields.
    pub fn action(&self, name: &str) -> Option<&ActionRow> {
        self.actions.get(name)
    }

    /// The action that creates a record.
    pub fn create(&self) -> &Name {
        &self.table.create
    }

    /// Whether the table has this state.
    pub(crate) fn has_state(&self, state: &str) -> bool {
        self.steps.contains_key(state)
    }

    /// Whether this is an end state.
    pub fn is_end(&self, state: &str) -> bool {
        self.ends.contains(state)
    }

    /// SHA-256 of the table's JSON. Each event stores the digest of the rules that allowed it.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

fn unique<'a>(names: impl Iterator<Item = &'a Name>, what: &str) -> Result<BTreeSet<Name>> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.clone()) {
            return Err(unsound(format!("{what} `{name}` stands twice"), "each name once"));
        }
    }
    Ok(seen)
}

fn closure(start: BTreeSet<Name>, next: impl Fn(&Name) -> Vec<Name>) -> BTreeSet<Name> {
    let mut reached = start.clone();
    let mut frontier: Vec<Name> = start.into_iter().collect();
    while let Some(state) = frontier.pop() {
        for state in next(&state) {
            if reached.insert(state.clone()) {
                frontier.push(state);
            }
        }
    }
    reached
}

fn digest(table: &Table) -> Result<[u8; 32]> {
    let json =
        serde_json::to_vec(table).map_err(|error| Error::bug("a table is always JSON").because(error))?;
    Ok(Sha256::digest(json).into())
}

fn unsound(message: String, help: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, format!("the workflow is not sound: {message}")).with_help(help)
}

fn one_of<'a>(names: impl IntoIterator<Item = &'a Name>) -> String {
    let names: Vec<_> = names.into_iter().map(Name::as_str).collect();
    match names.is_empty() {
        true => "the table declares none".to_owned(),
        false => format!("one of `{}`", names.join("`, `")),
    }
}
