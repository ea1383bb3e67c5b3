use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::{ActionRow, ActionTable};
use crate::error::{Error, ErrorKind, Result};
use crate::kind::Kind;
use crate::name::Name;
use crate::workflow::Need;

/// The kinds of a host, checked together, and the single table of permissions.
#[derive(Clone, Debug)]
pub struct Catalog {
    kinds: BTreeMap<Name, Arc<Kind>>,
    actions: ActionTable,
}

impl Catalog {
    /// Checks that the kinds fit together.
    ///
    /// `more` contains actions that belong to no kind, such as reading figures, by the part of the host they belong to.
    ///
    /// # Errors
    /// `Config` where two kinds have the same name or the same prefix of numbers, a named parent or child kind does not
    /// exist, no record can be the first of a chain of parents, or nothing sets a required or computed value.
    pub fn new(kinds: impl IntoIterator<Item = Kind>, more: &[(Name, Vec<ActionRow>)]) -> Result<Self> {
        let mut catalog = Self { kinds: BTreeMap::new(), actions: ActionTable::default() };
        for kind in kinds {
            if catalog.kinds.contains_key(kind.name()) {
                let help = "one kind for each name";
                return Err(config(format!("kind `{}` stands twice", kind.name()), help));
            }
            catalog.actions.add(kind.name(), &kind.table().workflow.actions)?;
            catalog.kinds.insert(kind.name().clone(), Arc::new(kind));
        }
        for (of, rows) in more {
            catalog.actions.add(of, rows)?;
        }
        catalog.kinds.values().try_for_each(|kind| check_sources(kind))?;
        catalog.kinds.values().try_for_each(|kind| catalog.check_relations(kind))?;
        catalog.check_numbers()?;
        Ok(catalog)
    }

    /// Two kinds with one prefix would share one series of numbers.
    fn check_numbers(&self) -> Result<()> {
        let mut prefixes = BTreeMap::new();
        for kind in self.kinds() {
            let Some(number) = &kind.table().number else { continue };
            if let Some(other) = prefixes.insert(number.prefix.to_ascii_uppercase(), kind.name()) {
                return Err(config(
                    format!(
                        "kinds `{other}` and `{}` share the number prefix `{}`",
                        kind.name(),
                        number.prefix
                    ),
                    "a prefix of its own for each kind; `a` and `A` are the same",
                ));
            }
        }
        Ok(())
    }

    /// Whether the parents of a kind come back to it, so that no record could be the first.
    fn is_its_own_ancestor(&self, kind: &Kind) -> bool {
        let parent =
            |kind: &Kind| kind.table().parent.as_ref().and_then(|parent| self.kinds.get(&parent.kind));
        let ancestors = std::iter::successors(parent(kind), |kind| parent(kind));
        ancestors.take(self.kinds.len()).any(|ancestor| ancestor.name() == kind.name())
    }

    fn check_relations(&self, kind: &Kind) -> Result<()> {
        if let Some(parent) = &kind.table().parent {
            let of = self.kinds.get(&parent.kind);
            let adds = of
                .is_some_and(|of| of.machine().table().rules.iter().any(|rule| rule.action == parent.action));
            if !adds {
                let help = match of {
                    Some(of) => format!(
                        "an action with a rule: `{}`",
                        names(of.machine().table().actions.iter().map(|row| &row.name))
                    ),
                    None => format!("a kind of this catalogue: `{}`", names(self.kinds.keys())),
                };
                return Err(config(
                    format!(
                        "kind `{}` wants `{}` to have an action `{}`",
                        kind.name(),
                        parent.kind,
                        parent.action
                    ),
                    help,
                ));
            }
        }
        if self.is_its_own_ancestor(kind) {
            return Err(config(
                format!(
                    "kind `{}` belongs to a kind that belongs to it, so no record can be the first",
                    kind.name()
                ),
                "a kind without a parent at the top",
            ));
        }
        if let (Some(parent), Some(of)) = (
            &kind.table().parent,
            kind.table().parent.as_ref().and_then(|parent| self.kinds.get(&parent.kind)),
        ) {
            let rules = of.machine().table().rules.iter().filter(|rule| rule.action == parent.action);
            let never = |need: &&Need| matches!(need, Need::Note | Need::ChildrenClosed(_));
            if let Some(need) = rules.flat_map(|rule| &rule.needs).find(never) {
                return Err(config(
                    format!(
                        "action `{}` of `{}` adds children, and its need `{}` can never be met then",
                        parent.action,
                        parent.kind,
                        need.name()
                    ),
                    "take the need away, or add children by another action",
                ));
            }
        }
        let rules = kind.machine().table().rules.iter();
        for (rule, need) in rules.flat_map(|rule| rule.needs.iter().map(move |need| (rule, need))) {
            let Need::ChildrenClosed(child) = need else { continue };
            let parent = self.kinds.get(child).and_then(|child| child.table().parent.as_ref());
            if parent.is_none_or(|parent| parent.kind != *kind.name()) {
                let children = names(self.children(kind.name()).map(Kind::name));
                return Err(config(
                    format!(
                        "action `{}` needs `{child}` closed, and kind `{}` has no children of that kind",
                        rule.action,
                        kind.name()
                    ),
                    format!("its children are `{children}`"),
                ));
            }
        }
        Ok(())
    }

    /// One kind.
    ///
    /// # Errors
    /// `InvalidInput` where no kind has this name; the error lists the existing kinds.
    pub fn kind(&self, name: &Name) -> Result<&Arc<Kind>> {
        self.kinds.get(name).ok_or_else(|| {
            let names: Vec<_> = self.kinds.keys().map(Name::as_str).collect();
            Error::invalid("no such kind of record")
                .with_help(format!("known kinds: `{}`", names.join("`, `")))
        })
    }

    /// All kinds, by name.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values().map(|kind| &**kind)
    }

    /// The kinds whose records can be children of a record of this kind.
    pub fn children<'a>(&'a self, of: &'a Name) -> impl Iterator<Item = &'a Kind> {
        self.kinds().filter(move |kind| kind.table().parent.as_ref().is_some_and(|parent| parent.kind == *of))
    }

    /// The table of permissions.
    pub fn actions(&self) -> &ActionTable {
        &self.actions
    }
}

/// Checks that an action sets each required value: at creation where it is required there, and anywhere where a rule
/// needs it.
fn check_sources(kind: &Kind) -> Result<()> {
    if kind.completes_itself() {
        // The kind's own computation is code and cannot be checked here.
        return Ok(());
    }
    if let Some(facet) = kind.facets().find(|facet| facet.computed) {
        return Err(config(
            format!("kind `{}` computes `{}`, and has no computation", kind.name(), facet.name),
            "call `completed_by`, or let an action set the facet",
        ));
    }
    let workflow = kind.machine().table();
    let sets = |name: &Name, row: &ActionRow| row.sets.contains(name);
    let creates =
        |name: &Name| workflow.actions.iter().any(|row| row.name == workflow.create && sets(name, row));
    let required = kind.facets().filter(|facet| facet.required).map(|facet| &facet.name);
    let required = required.chain(kind.fields().filter(|field| field.required).map(|field| &field.name));
    if let Some(name) = required.into_iter().find(|name| !creates(name)) {
        return Err(config(
            format!("kind `{}` requires `{name}`, and `{}` does not set it", kind.name(), workflow.create),
            format!("add `{name}` to what `{}` sets, or let it be optional", workflow.create),
        ));
    }
    for rule in &workflow.rules {
        for need in &rule.needs {
            let Need::Field(name) = need else { continue };
            if !workflow.actions.iter().any(|row| sets(name, row)) {
                return Err(config(
                    format!(
                        "action `{}` of `{}` needs `{name}`, and no action sets it",
                        rule.action,
                        kind.name()
                    ),
                    format!("add `{name}` to what an action sets"),
                ));
            }
        }
    }
    Ok(())
}

fn names<'a>(names: impl Iterator<Item = &'a Name>) -> String {
    names.map(Name::as_str).collect::<Vec<_>>().join("`, `")
}

fn config(message: String, help: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message).with_help(help)
}
