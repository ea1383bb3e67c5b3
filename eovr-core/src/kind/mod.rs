//! Record kinds as data: facets, sealed fields, workflow.
//!
//! The incident is a kind, and so are users, facilities and keys. A host declares its own kinds in Rust or in JSON
//! ([`KindTable`]) and gets the same checks, sealing, audit and scope. A store makes one table or collection for each
//! kind of the [`Catalog`].

mod catalog;
mod draft;
mod plan;
mod sound;
mod spec;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use self::catalog::Catalog;
pub use self::draft::Draft;
pub use self::plan::{Plan, Stranded};
pub use self::spec::{FacetSpec, FieldSpec, KindTable, NumberSpec, ParentSpec, Sealing};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Name;
use crate::workflow::Machine;

/// A checked kind.
#[derive(Clone)]
pub struct Kind {
    table: KindTable,
    machine: Machine,
    facets: BTreeMap<Name, FacetSpec>,
    fields: BTreeMap<Name, FieldSpec>,
    complete: Option<Arc<dyn Complete>>,
    silent_changes: bool,
}

/// A kind's own computation: facets that no command may set, such as a risk score, and rules over several facets. It
/// must be pure, like everything in a decision.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let org = testing::org()?;
/// # let workflow = serde_json::json!({
/// #     "start": "ringing", "create": "raise",
/// #     "states": [{"name": "ringing"}, {"name": "closed", "end": true}],
/// #     "actions": [{"name": "raise", "tiers": [1, 5], "sets": ["fridge", "tenths_celsius"]},
/// #                 {"name": "close", "tiers": [1, 5], "sets": ["cause"]}],
/// #     "rules": [{"from": ["ringing"], "action": "close", "to": "closed", "needs": ["note"]}]
/// # });
/// # let workflow: eovr_core::workflow::Table = serde_json::from_value(workflow)?;
/// use eovr_core::kind::{Complete, Draft, FacetSpec, FieldSpec, Kind, KindTable};
///
/// /// Blood is spoilt above eight degrees.
/// #[derive(Debug)]
/// struct Spoilt;
///
/// impl Complete for Spoilt {
///     fn complete(&self, draft: &mut Draft<'_>) -> Result<()> {
///         let warm = draft.facet("tenths_celsius").and_then(Value::as_int).is_some_and(|tenths| tenths > 80);
///         draft.set("spoilt", Some(warm.into()))
///     }
/// }
///
/// # let facets = vec![
/// #     FacetSpec::text(name!("fridge")), FacetSpec::int(name!("tenths_celsius")),
/// #     FacetSpec::bool(name!("spoilt")).computed(),
/// # ];
/// # let fields = vec![FieldSpec::text(name!("cause"), 5..=500)];
/// # let table = KindTable::new(name!("fridge_alarm"), workflow).facets(facets).fields(fields);
/// let kind = Kind::new(table)?.completed_by(Spoilt);
/// # let eovr = Eovr::builder().store(MemoryStore::new()).org(org).kind(kind)
/// #     .master_key(MasterKey::from_bytes(&[7; 32])).open().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// let raise = Command::new("raise").set("fridge", "blood-2").set("tenths_celsius", 112);
/// let id = nurse.create(&name!("fridge_alarm"), &nile, raise).await?.id;
/// assert_eq!(nurse.load(&name!("fridge_alarm"), id).await?.bool("spoilt"), Some(true));
/// # Ok(()) });
/// ```
pub trait Complete: fmt::Debug + Send + Sync {
    /// Reads a planned change, and sets computed facets or refuses the change.
    ///
    /// # Errors
    /// `InvalidInput` where the facets are inconsistent.
    fn complete(&self, draft: &mut Draft<'_>) -> Result<()>;
}

impl<T: ?Sized + Complete> Complete for Arc<T> {
    fn complete(&self, draft: &mut Draft<'_>) -> Result<()> {
        (**self).complete(draft)
    }
}

/// The engine's own action on every kind: a key holder vouches for a chain that an older release wrote. It changes only
/// the length of the chain.
pub(crate) const VOUCH: Name = Name::from_static("vouch");

impl Kind {
    /// Checks a kind.
    ///
    /// ```
    /// use eovr_core::kind::{FacetSpec, FieldSpec, Kind, KindTable};
    /// use eovr_core::name;
    ///
    /// # let workflow = serde_json::json!({
    /// #     "start": "ringing", "create": "raise",
    /// #     "states": [{"name": "ringing"}, {"name": "closed", "end": true}],
    /// #     "actions": [{"name": "raise", "tiers": [1, 5], "sets": ["fridge", "tenths_celsius"]},
    /// #                 {"name": "close", "tiers": [1, 5], "sets": ["cause"]}],
    /// #     "rules": [{"from": ["ringing"], "action": "close", "to": "closed", "needs": ["note"]}]
    /// # });
    /// # let workflow: eovr_core::workflow::Table = serde_json::from_value(workflow)?;
    /// let table = KindTable::new(name!("fridge_alarm"), workflow)
    ///     .facets([FacetSpec::text(name!("fridge")).required(), FacetSpec::int(name!("tenths_celsius"))])
    ///     .fields([FieldSpec::text(name!("cause"), 5..=500)]);
    /// let error = Kind::new(table.clone().fields([])).unwrap_err();
    /// assert_eq!(error.message(), "kind `fridge_alarm`: `close` sets `cause`, which is not declared");
    /// assert_eq!(error.help(), Some("one of `fridge`, `tenths_celsius`"));
    /// assert!(Kind::new(table)?.facet("fridge").is_some_and(|fridge| fridge.required));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `Config` where a name is reserved or declared twice, an action sets an undeclared or computed facet, a later
    /// action sets an original field, a facet or field has no possible value or a length that no store accepts, a rule
    /// requires something undeclared or impossible, or the workflow is unsound. The help says what would be accepted.
    pub fn new(table: KindTable) -> Result<Self> {
        let machine =
            Machine::new(table.workflow.clone()).map_err(|error| error.with("kind", &table.name))?;
        sound::check(&table).map_err(|sound::Problem { said, help }| {
            Error::new(ErrorKind::Config, format!("kind `{}`: {said}", table.name)).with_help(help)
        })?;
        let facets: BTreeMap<_, _> =
            table.facets.iter().map(|facet| (facet.name.clone(), facet.clone())).collect();
        let fields: BTreeMap<_, _> =
            table.fields.iter().map(|field| (field.name.clone(), field.clone())).collect();
        let changes = |facet: &FacetSpec| {
            let later = table.workflow.actions.iter().filter(|row| row.name != *machine.create());
            facet.computed || later.clone().any(|row| row.sets.contains(&facet.name))
        };
        let silent_changes = facets.values().any(|facet| facet.silent && changes(facet));
        Ok(Self { table, machine, facets, fields, complete: None, silent_changes })
    }

    /// The same kind with computed facets.
    #[must_use]
    pub fn completed_by(mut self, complete: impl Complete + 'static) -> Self {
        self.complete = Some(Arc::new(complete));
        self
    }

    /// The kind's name.
    pub fn name(&self) -> &Name {
        &self.table.name
    }

    /// The kind as data.
    pub fn table(&self) -> &KindTable {
        &self.table
    }

    /// Its workflow.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// One facet's declaration.
    pub fn facet(&self, name: &str) -> Option<&FacetSpec> {
        self.facets.get(name)
    }

    /// One field's declaration.
    pub fn field(&self, name: &str) -> Option<&FieldSpec> {
        self.fields.get(name)
    }

    /// All facets, by name.
    pub fn facets(&self) -> impl Iterator<Item = &FacetSpec> {
        self.facets.values()
    }

    /// All sealed fields, by name.
    pub fn fields(&self) -> impl Iterator<Item = &FieldSpec> {
        self.fields.values()
    }

    /// The names of the stores' own tables, collections and indexes, and `event` and `counter`, because a collection is
    /// named in the plural. No kind may have one of them.
    pub const STORES_OWN: [&'static str; 9] = [
        "counter",
        "counters",
        "event",
        "events",
        "events_record_seq_key",
        "layout",
        "layout_columns",
        "outbox",
        "outbox_free",
    ];

    /// Whether a name is reserved, for example because every table has a column with it. No facet and no field may have
    /// it.
    pub fn is_reserved(name: &Name) -> bool {
        sound::is_reserved(name)
    }

    /// Whether a facet whose values are not in events may change after creation.
    pub(crate) fn has_silent_changes(&self) -> bool {
        self.silent_changes
    }

    /// Whether the kind computes facets.
    pub(crate) fn completes_itself(&self) -> bool {
        self.complete.is_some()
    }

    pub(crate) fn complete(&self, draft: &mut Draft<'_>) -> Result<()> {
        self.complete.as_ref().map_or(Ok(()), |complete| complete.complete(draft))
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kind({})", self.table.name)
    }
}
