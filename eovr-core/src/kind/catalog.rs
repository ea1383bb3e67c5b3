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
    /// `Config` where two kinds have the same name, a named parent or child kind does not exist, or no action sets a
    /// required value.
    pub fn new(kinds: impl IntoIterator<Item = Kind>, more: &[(Name, Vec<ActionRow>)]) -> Result<Self> {
        let mut catalog = Self { kinds: BTreeMap::new(), actions: ActionTable::default() };
        for kind in kinds {
            catalog.actions.add(kind.name(), &kind.table().workflow.actions)?;
            if let Some(doubled) = catalog.kinds.insert(kind.name().clone(), Arc::new(kind)) {
                return Err(config(format!("kind `{}` stands twice", doubled.name())));
            }
        }
        for (of, rows) in more {
            catalog.actions.add(of, rows)?;
        }
        catalog.kinds.values().try_for_each(|kind| check_sources(kind))?;
        catalog.kinds.values().try_for_each(|kind| catalog.check_relations(kind))?;
        Ok(catalog)
    }

    fn check_relations(&self, kind: &Kind) -> Result<()> {
        if let Some(parent) = &kind.table().parent {
            let of = self.kinds.get(&parent.kind);
            let adds = of
                .is_some_and(|of| of.machine().table().rules.iter().any(|rule| rule.action == parent.action));
            if !adds {
                return Err(config(format!(
                    "kind `{}` wants `{}` to have an action `{}`",
                    kind.name(),
                    parent.kind,
                    parent.action
                )));
            }
        }
        if let (Some(parent), Some(of)) = (
            &kind.table().parent,
            kind.table().parent.as_ref().and_then(|parent| self.kinds.get(&parent.kind)),
        ) {
            let rules = of.machine().table().rules.iter().filter(|rule| rule.action == parent.action);
            let never = |need: &&Need| matches!(need, Need::Note | Need::ChildrenClosed(_));
            if let Some(need) = rules.flat_map(|rule| &rule.needs).find(never) {
                return Err(config(format!(
                    "action `{}` of `{}` adds children, and its need `{}` can never be met then",
                    parent.action,
                    parent.kind,
                    need.name()
                )));
            }
        }
        for need in kind.machine().table().rules.iter().flat_map(|rule| &rule.needs) {
            let Need::ChildrenClosed(child) = need else { continue };
            let parent = self.kinds.get(child).and_then(|child| child.table().parent.as_ref());
            if parent.is_none_or(|parent| parent.kind != *kind.name()) {
                return Err(config(format!("kind `{}` has no children of kind `{child}`", kind.name())));
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
    let workflow = kind.machine().table();
    let sets = |name: &Name, row: &ActionRow| row.sets.contains(name);
    let creates =
        |name: &Name| workflow.actions.iter().any(|row| row.name == workflow.create && sets(name, row));
    let required = kind.facets().filter(|facet| facet.required).map(|facet| &facet.name);
    let required = required.chain(kind.fields().filter(|field| field.required).map(|field| &field.name));
    if let Some(name) = required.into_iter().find(|name| !creates(name)) {
        return Err(config(format!(
            "kind `{}` requires `{name}`, and `{}` does not set it",
            kind.name(),
            workflow.create
        )));
    }
    for rule in &workflow.rules {
        for need in &rule.needs {
            let Need::Field(name) = need else { continue };
            if !workflow.actions.iter().any(|row| sets(name, row)) {
                return Err(config(format!(
                    "action `{}` of `{}` needs `{name}`, and no action sets it",
                    rule.action,
                    kind.name()
                )));
            }
        }
    }
    Ok(())
}

fn config(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}
