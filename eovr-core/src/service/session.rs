use std::collections::BTreeMap;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::access::{Actor, Permit, Place as Where, Scope, Standing};
use crate::analytics::{self, Figures};
use crate::audit::Attested;
use crate::decide::{self, Command, Commit, Context, Parent, Target};
use crate::error::{Error, ErrorKind, Result, Unmet};
use crate::kind::Kind;
use crate::name::Name;
use crate::org::{OrgId, Stamp};
use crate::ports::{Loaded, Written, observe};
use crate::record::{
    Clause, Column, Listed, Page, Query, Record, RecordId, Tally, Test, Value, ValueType, check_limit,
};
use crate::seal::{Entropy, Place};
use crate::service::race::TRIES;
use crate::service::{Eovr, Keys, keys};
use crate::workflow::Need;

/// The engine bound to one actor, with all its operations.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
/// # let report = testing::report();
/// # let id = nurse.incidents().report(&nile, report).await?.written.id;
/// // Each session sees and does what its actor may.
/// assert!(quality.incidents().act(id, Action::Start, None).await.is_ok());
/// let error = nurse.incidents().act(id, Action::Evaluate, None).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Denied);
/// # Ok(()) });
/// ```
#[derive(Clone, Debug)]
pub struct Session {
    eovr: Eovr,
    actor: Actor,
}

/// An action that the actor could perform on a record now.
///
/// ```
/// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
/// # testing::run(async {
/// # let eovr = testing::hospital().await?;
/// # let nile = OrgId::new("NIL")?;
/// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
/// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
/// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
/// # let report = testing::report();
/// # let id = nurse.incidents().report(&nile, report).await?.written.id;
/// let record = quality.incidents().load(id).await?;
/// let legal = quality.legal(&record).await?;
/// let action = |name: &str| legal.iter().find(|legal| legal.action == name);
/// assert!(action("start").is_some_and(|start| start.unmet.is_empty()));
/// assert!(action("complete").is_none());
/// # Ok(()) });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Legal {
    /// The action.
    pub action: Name,
    /// The unmet needs; empty: the action is possible now.
    pub unmet: Vec<Unmet>,
}

impl Session {
    pub(super) fn new(eovr: Eovr, actor: Actor) -> Self {
        Self { eovr, actor }
    }

    /// The engine.
    pub fn eovr(&self) -> &Eovr {
        &self.eovr
    }

    /// The actor of the session.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The actor's scope, which a store requires for a direct query.
    pub fn scope(&self) -> Scope {
        Scope::of(&self.actor)
    }

    /// Creates a record in a facility.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// let command = Command::new("report")
    ///     .set("category", "medication")
    ///     .set("reporter_type", "staff")
    ///     .write("description", "The patient was given ten times the dose.");
    /// let written = nurse.create(&KIND, &nile, command).await?;
    /// assert_eq!(written.version, 1);
    /// assert!(written.number.is_some_and(|number| number.starts_with("OVR-")));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`decide::decide`]; `NotFound` where the actor's scope has no such facility.
    pub async fn create(&self, kind: &Name, facility: &OrgId, command: Command) -> Result<Written> {
        let mut entropy = self.eovr.entropy()?;
        let id = self.eovr.new_id(self.eovr.now(), &mut entropy);
        self.create_as(kind, facility, id, command).await
    }

    /// Creates a record under an id that the caller has chosen. A repeated call is a `Conflict` and makes no second
    /// record.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let command = Command::new("report").set("category", "medication").set("reporter_type", "staff");
    /// # let command = command.write("description", "The patient was given ten times the dose.");
    /// let id = RecordId::derived("hospital.import.v1", &[b"4711"]);
    /// nurse.create_as(&KIND, &nile, id, command.clone()).await?;
    /// let error = nurse.create_as(&KIND, &nile, id, command).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Conflict);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`Session::create`].
    pub async fn create_as(
        &self,
        kind: &Name,
        facility: &OrgId,
        id: RecordId,
        command: Command,
    ) -> Result<Written> {
        let action = command.action.clone();
        let made = async {
            let stamp = self.eovr.org().stamp(facility).cloned();
            self.make(kind, stamp.ok_or_else(|| self.unknown_facility())?, id, command).await
        };
        self.observed("create", kind, &action, made).await
    }

    /// Creates a record in a place that the organisation need not have yet.
    pub(crate) async fn create_at(&self, kind: &Name, stamp: Stamp, command: Command) -> Result<Written> {
        let id = self.eovr.new_id(self.eovr.now(), &mut self.eovr.entropy()?);
        let action = command.action.clone();
        self.observed("create", kind, &action, self.make(kind, stamp, id, command)).await
    }

    async fn make(&self, kind: &Name, stamp: Stamp, id: RecordId, command: Command) -> Result<Written> {
        let kind = self.eovr.catalog().kind(kind)?.clone();
        let decided = || self.decide_new(&kind, id, stamp.clone(), None, command.clone());
        let receipt = self.eovr.commit_sealed(|| decided().map_err(|error| error.during("create"))).await?;
        first(receipt.written)
    }

    /// Creates a child record.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// quality.incidents().act(id, Action::Start, None).await?;
    /// let task = Command::new("add")
    ///     .write("task", "Store the look-alike vials apart")
    ///     .set("owner", "pharmacist-2")
    ///     .set("due_at", "2027-01-31T12:00:00Z".parse::<Timestamp>()?)
    ///     .set("purpose", "preventive");
    /// let child = quality.create_child(&FOLLOW_UP, id, task).await?.id;
    /// assert_eq!(quality.load(&FOLLOW_UP, child).await?.envelope().parent, Some(id));
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`Session::create`]; `NotFound` where the parent is out of scope, `Refused` where its workflow accepts no
    /// such child in this state.
    pub async fn create_child(&self, kind: &Name, parent: RecordId, command: Command) -> Result<Written> {
        let id = self.eovr.new_id(self.eovr.now(), &mut self.eovr.entropy()?);
        self.create_child_as(kind, parent, id, command).await
    }

    /// Creates a child record under an id that the caller has chosen. A repeated call is a `Conflict`.
    ///
    /// # Errors
    /// As [`Session::create_child`].
    pub async fn create_child_as(
        &self,
        kind: &Name,
        parent: RecordId,
        id: RecordId,
        command: Command,
    ) -> Result<Written> {
        let action = command.action.clone();
        self.observed("create_child", kind, &action, self.make_child(kind, parent, id, command)).await
    }

    async fn make_child(
        &self,
        kind: &Name,
        parent: RecordId,
        id: RecordId,
        command: Command,
    ) -> Result<Written> {
        let kind = self.eovr.catalog().kind(kind)?.clone();
        let of = kind.table().parent.as_ref().map(|parent| parent.kind.clone());
        let of =
            of.ok_or_else(|| Error::invalid(format!("a `{}` belongs to no other record", kind.name())))?;
        let mut lost = None;
        for _ in 0..TRIES {
            let parent = self.to_decide_on(&of, parent).await?;
            if let Some(error) = in_vain(&mut lost, &parent) {
                return Err(error);
            }
            let stamp = parent.envelope().stamp.clone();
            let limited = kind.table().parent.as_ref().is_some_and(|parent| parent.most.is_some());
            let open = if limited { self.count_open(&kind, parent.id()).await? } else { 0 };
            let beside = Parent { record: &parent, open };
            let commit = self.decide_new(&kind, id, stamp, Some(beside), command.clone())?;
            match self.eovr.commit(commit).await {
                Err(error) if keys::have_changed(&error) => observe::repeated(&error),
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    observe::repeated(&error);
                    lost = Some((parent.version(), error));
                }
                done => return first(done?.written),
            }
        }
        Err(too_busy())
    }

    /// Performs an action on a record.
    ///
    /// Where the record changes concurrently, a command with an expected version fails with `Conflict`; a command
    /// without one is decided again on the newer record.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// let amend = Command::new("amend").set("location", "ward-3").note("the reporter named another ward");
    /// let written = quality.act(&KIND, id, amend.clone().expecting(1)).await?;
    /// assert_eq!(written.version, 2);
    /// // Another reviewer still looks at version 1.
    /// let error = quality.act(&KIND, id, amend.expecting(1)).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Conflict);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`decide::decide`]; `NotFound` where the record is out of scope.
    pub async fn act(&self, kind: &Name, id: RecordId, command: Command) -> Result<Written> {
        let action = command.action.clone();
        self.observed("act", kind, &action, self.perform(kind, id, command)).await
    }

    async fn perform(&self, kind: &Name, id: RecordId, command: Command) -> Result<Written> {
        let kind = self.eovr.catalog().kind(kind)?.clone();
        if kind.machine().action(&command.action).is_none() {
            // Checked first, because a refusal names the state and its allowed actions.
            self.may_read(&kind)?;
        }
        let mut lost = None;
        for _ in 0..TRIES {
            let record = self.to_decide_on(kind.name(), id).await?;
            if let Some(error) = in_vain(&mut lost, &record) {
                return Err(error);
            }
            let commit = self.decide_attested(&kind, &record, command.clone()).await;
            let commit = commit.map_err(|error| error.during("act").with("record", id))?;
            match self.eovr.commit(commit).await {
                Err(error) if keys::have_changed(&error) => observe::repeated(&error),
                // Decide again on the newer record. A command that expects the older version then fails, and the error
                // names both versions.
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    observe::repeated(&error);
                    lost = Some((record.version(), error));
                }
                done => return first(done?.written),
            }
        }
        Err(too_busy())
    }

    /// One record. Its texts stay sealed until [`Session::open`] opens one.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// assert_eq!(nurse.load(&KIND, id).await?.version(), 1);
    /// // For a nurse of another hospital the record does not exist.
    /// let stranger = eovr.session(member("nurse-9", Role::Staff, "DEL")?);
    /// assert_eq!(stranger.load(&KIND, id).await.unwrap_err().kind(), ErrorKind::NotFound);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `NotFound` where the record is absent or out of scope; `Denied` where this tier may not read the kind.
    pub async fn load(&self, kind: &Name, id: RecordId) -> Result<Record> {
        let work = async {
            let kind = self.eovr.catalog().kind(kind)?;
            self.may_read(kind)?;
            self.record(kind.name(), id).await
        };
        self.observed("load", kind, "", work).await
    }

    /// Opens one sealed field; `None` where it is not set.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// let record = nurse.load(&KIND, id).await?;
    /// let text = nurse.open(&record, "description")?.unwrap();
    /// assert_eq!(*text, "The patient was given ten times the dose.");
    /// assert!(nurse.open(&record, "notes")?.is_none());
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `Tampered` where the value was not sealed for this field; `Key` where its key was destroyed or is missing.
    pub fn open(&self, record: &Record, field: &str) -> Result<Option<Zeroizing<String>>> {
        let Some(sealed) = record.sealed(field) else { return Ok(None) };
        let place = Place { kind: record.envelope().kind.as_str(), record: record.id().uuid(), field };
        let plain = self.eovr.cipher().open(&place, sealed);
        text(plain.map_err(|error| error.with("record", record.id()).with("field", field))?).map(Some)
    }

    /// A page of records.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// let by_author = Query::of(KIND).filter(Column::Author, Test::Is("nurse-7".into()));
    /// let page = quality.find(&by_author).await?;
    /// assert_eq!(page.items[0].id(), id);
    /// assert_eq!(page.next, None);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `Denied` where this tier may not read the kind; `InvalidInput` where the query names something that the kind
    /// does not have.
    pub async fn find(&self, query: &Query) -> Result<Page<Record>> {
        self.observed("find", &query.kind, "", self.find_page(query)).await
    }

    async fn find_page(&self, query: &Query) -> Result<Page<Record>> {
        let kind = self.eovr.catalog().kind(&query.kind)?;
        self.may_read(kind)?;
        query.clauses.iter().try_for_each(|clause| known_clause(kind, clause))?;
        check_limit(query.limit)?;
        let scope = Scope::of(&self.actor);
        let page = self.eovr.store().find(&scope, query).await?.try_map(Record::try_from)?;
        self.eovr.meet(page.items.iter().flat_map(Record::keys)).await;
        Ok(page)
    }

    /// A page of records with these facets and without sealed fields. A store reads it faster.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// let page = quality.list(&Query::of(KIND), &["category"]).await?;
    /// let listed = &page.items[0];
    /// assert_eq!(listed.facet("category").and_then(Value::as_text), Some("medication"));
    /// assert_eq!(listed.facet("reporter_type"), None); // set, and not requested
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`Session::find`]; `InvalidInput` where the kind has no such facet.
    pub async fn list(&self, query: &Query, facets: &[&str]) -> Result<Page<Listed>> {
        self.observed("list", &query.kind, "", self.list_page(query, facets)).await
    }

    async fn list_page(&self, query: &Query, facets: &[&str]) -> Result<Page<Listed>> {
        let kind = self.eovr.catalog().kind(&query.kind)?;
        self.may_read(kind)?;
        query.clauses.iter().try_for_each(|clause| known_clause(kind, clause))?;
        check_limit(query.limit)?;
        let known = |name: &&str| match kind.facet(name) {
            Some(spec) => Ok(spec.name.clone()),
            None => Err(Error::invalid(format!("`{}` has no such facet", kind.name()))),
        };
        let shown = facets.iter().map(known).collect::<Result<_>>()?;
        let query = Query { shown: Some(shown), ..query.clone() };
        let page = self.eovr.store().find(&Scope::of(&self.actor), &query).await?;
        page.try_map(|stored| {
            let mut facets = stored.facets;
            facets.retain(|name, _| query.shown().is_some_and(|shown| shown.contains(name)));
            Ok(Listed { envelope: stored.envelope, facets })
        })
    }

    /// The test for records whose deterministically sealed field has this text.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// let report = Report { medical_file_number: Some("MF-7".to_owned()), ..report };
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// let (column, test) = quality.sealed_is(&KIND, "medical_file_number", "MF-7")?;
    /// let page = quality.find(&Query::of(KIND).filter(column, test)).await?;
    /// assert_eq!(page.items[0].id(), id);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` where the kind has no such field.
    pub fn sealed_is(&self, kind: &Name, field: &str, text: &str) -> Result<(Column, Test)> {
        let kind = self.eovr.catalog().kind(kind)?;
        let spec = kind.field(field).filter(|spec| spec.sealing == crate::kind::Sealing::Deterministic);
        let spec =
            spec.ok_or_else(|| Error::invalid(format!("`{}` has no such searchable field", kind.name())))?;
        let values =
            self.eovr.cipher().search_values(kind.name().as_str(), spec.name.as_str(), text.as_bytes())?;
        let values = values.into_iter().map(|sealed| Value::Bytes(sealed.as_bytes().to_vec())).collect();
        Ok((Column::Facet(spec.name.clone()), Test::In(values)))
    }

    /// Counts records. The columns determine which tier may count ([`analytics::action_for`]).
    ///
    /// The counts are the same with and without [`figures_in_memory`]; the result names its source.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// let figures = quality.tally(&Tally::of(KIND)).await?;
    /// assert_eq!(figures.cells[0].count, 1);
    /// // A quality admin counts the own facility and compares no places.
    /// let by_place = Tally::of(KIND).by(Column::Facility);
    /// assert_eq!(quality.tally(&by_place).await.unwrap_err().kind(), ErrorKind::Denied);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `Denied` below that tier; `InvalidInput` for unknown columns or too many.
    ///
    /// [`figures_in_memory`]: crate::service::EovrBuilder::figures_in_memory
    pub async fn tally(&self, tally: &Tally) -> Result<Figures> {
        self.observed("tally", &tally.kind, "", self.count(tally)).await
    }

    async fn count(&self, tally: &Tally) -> Result<Figures> {
        let kind = self.eovr.catalog().kind(&tally.kind)?;
        self.may_read(kind)?;
        tally.by.iter().try_for_each(|column| known_column(kind, column).map(drop))?;
        tally.clauses.iter().try_for_each(|clause| known_clause(kind, clause))?;
        if tally.by.len() > Tally::MOST_COLUMNS {
            return Err(Error::invalid("too many columns to count by")
                .with_help(format!("count by at most {}", Tally::MOST_COLUMNS)));
        }
        let (of, rows) = analytics::actions()?;
        let row = rows.into_iter().find(|row| row.name == analytics::action_for(&tally.by));
        let row = row.ok_or_else(|| Error::bug("every tally has an action"))?;
        Permit::of(&self.actor, &of, &row, Where::Seen)?;
        self.eovr.figures(kind, &Scope::of(&self.actor), tally).await
    }

    /// The actions on this version of a record, with the unmet needs of each.
    ///
    /// ```
    /// # use eovr_core::{access::*, incident::*, memory::MemoryStore, org::*, record::*, seal::MasterKey, *};
    /// # testing::run(async {
    /// # let eovr = testing::hospital().await?;
    /// # let nile = OrgId::new("NIL")?;
    /// # let member = |name: &str, role, unit: &str| testing::actor(&eovr, name, role, unit);
    /// # let nurse = eovr.session(member("nurse-7", Role::Staff, "NIL")?);
    /// # let quality = eovr.session(member("quality-1", Role::QualityAdmin, "NIL")?);
    /// # let report = testing::report();
    /// # let id = nurse.incidents().report(&nile, report).await?.written.id;
    /// let machine = eovr.session(quality.actor().clone().as_machine());
    /// let record = machine.load(&KIND, id).await?;
    /// let legal = machine.legal(&record).await?;
    /// let start = legal.iter().find(|legal| legal.action == "start").unwrap();
    /// assert_eq!(start.unmet[0].need, "human");
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// `Denied` where this tier may not read the kind; `NotFound` where another session loaded the record and it is out
    /// of this actor's scope; `Unavailable` where the children cannot be counted.
    pub async fn legal(&self, record: &Record) -> Result<Vec<Legal>> {
        let kind = self.eovr.catalog().kind(&record.envelope().kind)?.clone();
        self.may_read(&kind)?;
        if !self.scope().matches(record) {
            return Err(Error::not_found(kind.name().as_str()));
        }
        let open_children = self.open_children(&kind, record, None).await?;
        let keys = self.eovr.keys();
        // The question seals nothing, so it needs no chance.
        let mut entropy = Entropy::from_seed(&[0; 32]);
        let legal = self.with_context(
            &keys,
            &record.envelope().stamp,
            Some(record),
            None,
            &mut entropy,
            |context| Ok(decide::legal(&kind, record, &open_children, context)),
        )?;
        Ok(legal.into_iter().map(|(action, unmet)| Legal { action, unmet }).collect())
    }

    /// Runs an operation on a kind, and tells a subscriber of `tracing` about it.
    fn observed<T>(
        &self,
        operation: &'static str,
        kind: &Name,
        action: &str,
        work: impl Future<Output = Result<T>>,
    ) -> impl Future<Output = Result<T>> {
        let kind = self.eovr.catalog().kind(kind).ok();
        observe::operation(operation, kind.map(|kind| &**kind), action, work)
    }

    pub(crate) async fn record(&self, kind: &Name, id: RecordId) -> Result<Record> {
        let stored = self.eovr.store().load(&Scope::of(&self.actor), kind, id).await?;
        let record = Record::try_from(stored.ok_or_else(|| Error::not_found(kind.as_str()))?)?;
        self.eovr.meet(record.keys()).await;
        Ok(record)
    }

    /// One record, compared with its state after the last event of its chain. Use it where a record grants something,
    /// because an attacker who can write to the database can change a row.
    ///
    /// # Errors
    /// As [`Session::load`]; `Tampered` where the record differs from its last event, or where the engine's key did not
    /// authenticate that event.
    pub async fn attested(&self, kind: &Name, id: RecordId) -> Result<Attested> {
        let kind = self.eovr.catalog().kind(kind)?;
        self.may_read(kind)?;
        self.to_decide_on(kind.name(), id).await
    }

    /// The same for an actor who may act on a record without reading it.
    pub(crate) async fn to_decide_on(&self, kind: &Name, id: RecordId) -> Result<Attested> {
        let (mut refreshed, mut met) = (false, false);
        loop {
            let loaded = self.eovr.store().load_for_decision(&Scope::of(&self.actor), kind, id).await?;
            let Loaded { record, last } = loaded.ok_or_else(|| Error::not_found(kind.as_str()))?;
            let authenticator = self.eovr.authenticator();
            match Attested::of(record.try_into()?, last.as_deref(), authenticator.as_deref()) {
                // Another node may have made a new key.
                Err(error) if error.kind() == ErrorKind::Key && !refreshed => {
                    self.eovr.refresh_audit_keys().await?;
                    refreshed = true;
                }
                // Another node may have written a facet that this node does not know yet, or that a concurrent request
                // has just loaded.
                Err(error) if error.kind() == ErrorKind::Tampered && !met => {
                    drop(error);
                    let _ = self.eovr.store().refresh().await;
                    met = true;
                }
                Err(error) => return Err(error),
                Ok(record) => {
                    self.eovr.meet(record.keys()).await;
                    return Ok(record);
                }
            }
        }
    }

    pub(crate) fn may_read(&self, kind: &Kind) -> Result<()> {
        let may = match self.actor.standing() {
            Standing::Member { role, .. } => kind.table().readers.contains(role.tier()),
            // The product decides what a visitor or a receipt holder sees, not a query.
            Standing::Visitor(_) | Standing::Holder { .. } => false,
            Standing::System(_) => true,
        };
        if may {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Denied,
            format!("`{}` may not read `{}` records", self.actor.capacity(), kind.name()),
        ))
    }

    pub(crate) fn decide_new(
        &self,
        kind: &Kind,
        id: RecordId,
        stamp: Stamp,
        parent: Option<Parent<'_>>,
        command: Command,
    ) -> Result<Commit> {
        let (place, keys, beside) = (stamp.clone(), self.eovr.keys(), command.beside);
        let mut entropy = self.eovr.entropy()?;
        let commit = self.with_context(
            &keys,
            &place,
            parent.map(|parent| &**parent.record),
            None,
            &mut entropy,
            |context| decide::decide(kind, Target::New { id, stamp, parent }, command, context),
        )?;
        keys.guarded(commit, beside)
    }

    /// As [`Session::act`], without the commit; `Conflict` where the record has changed since it was read.
    pub(crate) async fn decide_on(&self, kind: &Kind, record: &Record, command: Command) -> Result<Commit> {
        let attested = self.to_decide_on(kind.name(), record.id()).await?;
        if attested.version() != record.version() {
            return Err(Error::new(ErrorKind::Conflict, "the record has changed since it was read")
                .with("expected_version", record.version())
                .with("current_version", attested.version()));
        }
        self.decide_attested(kind, &attested, command).await
    }

    pub(crate) async fn decide_attested(
        &self,
        kind: &Kind,
        record: &Attested,
        command: Command,
    ) -> Result<Commit> {
        let open_children = self.open_children(kind, record, Some(&command)).await?;
        let (action, keys, beside) = (command.action.clone(), self.eovr.keys(), command.beside);
        let mut entropy = self.eovr.entropy()?;
        let stamp = &record.envelope().stamp;
        let commit =
            self.with_context(&keys, stamp, Some(record), Some(action.as_str()), &mut entropy, |context| {
                decide::decide(
                    kind,
                    Target::Existing { record, open_children: &open_children },
                    command,
                    context,
                )
            })?;
        keys.guarded(commit, beside)
    }

    fn with_context<T>(
        &self,
        keys: &Keys,
        place: &Stamp,
        record: Option<&Record>,
        action: Option<&str>,
        entropy: &mut Entropy,
        decide: impl FnOnce(&mut Context<'_>) -> Result<T>,
    ) -> Result<T> {
        let inner = &self.eovr.inner;
        let authenticator = self.eovr.authenticator();
        let checks = record.map(|record| self.answers(record, action)).transpose()?.unwrap_or_default();
        decide(&mut Context {
            actor: &self.actor,
            catalog: &inner.catalog,
            cipher: &*keys.cipher,
            authenticator: authenticator.as_deref(),
            now: self.eovr.now(),
            zone: &self.eovr.org().zone(&place.facility),
            entropy,
            checks: &checks,
        })
    }

    /// The results of the checks of the record's state: for one action, or for all.
    fn answers(&self, record: &Record, action: Option<&str>) -> Result<BTreeMap<Name, bool>> {
        let kind = self.eovr.catalog().kind(&record.envelope().kind)?;
        let rules = kind.machine().legal(record.state().as_str());
        let rules = rules.filter(|rule| action.is_none_or(|action| rule.action == *action));
        let needs = rules.flat_map(|rule| &rule.needs);
        let asked = needs.filter_map(|need| if let Need::Check(name) = need { Some(name) } else { None });
        let checks = asked.filter_map(|name| self.eovr.inner.checks.get_key_value(name));
        Ok(checks.map(|(name, check)| (name.clone(), check.passes(record, &self.actor))).collect())
    }

    /// The number of open children for each child kind that the workflow needs: for one command, or for all commands of
    /// the state.
    async fn open_children(
        &self,
        kind: &Kind,
        record: &Record,
        command: Option<&Command>,
    ) -> Result<BTreeMap<Name, u64>> {
        let rules = kind.machine().legal(record.state().as_str());
        let asked =
            rules.filter(|rule| command.is_none_or(|command| rule.action == *command.action.as_str()));
        let mut open = BTreeMap::new();
        for need in asked.flat_map(|rule| &rule.needs) {
            let Need::ChildrenClosed(child) = need else { continue };
            let child = self.eovr.catalog().kind(child)?;
            open.insert(child.name().clone(), self.count_open(child, record.id()).await?);
        }
        Ok(open)
    }

    /// The number of a record's children of one kind that are not in an end state.
    async fn count_open(&self, child: &Kind, parent: RecordId) -> Result<u64> {
        let mut tally = Tally::of(child.name().clone()).filter(Column::Parent, Test::Is(Value::from(parent)));
        for end in child.machine().table().states.iter().filter(|state| state.end) {
            tally = tally.filter(Column::State, Test::Not(Value::from(end.name.as_str())));
        }
        let cells = self.eovr.store().tally(&Scope::everything(), &tally).await?;
        Ok(cells.iter().map(|cell| cell.count).sum())
    }

    fn unknown_facility(&self) -> Error {
        let scope = Scope::of(&self.actor);
        let org = self.eovr.org();
        let mine: Vec<_> = org.stamps().filter(|stamp| scope.covers(stamp)).take(8).collect();
        let names: Vec<_> = mine.iter().map(|stamp| format!("`{}`", stamp.facility)).collect();
        let help = match names.is_empty() {
            true => "name a facility of the organisation".to_owned(),
            false => format!("in your scope: {}", names.join(", ")),
        };
        Error::not_found("facility").with_help(help)
    }
}

/// The type of a column's values.
fn known_column(kind: &Kind, column: &Column) -> Result<ValueType> {
    let name = match column {
        Column::Facet(name) => name,
        Column::Month => return Ok(ValueType::Int),
        Column::Created => return Ok(ValueType::Time),
        _ => return Ok(ValueType::Text),
    };
    let searchable =
        kind.field(name.as_str()).is_some_and(|field| field.sealing == crate::kind::Sealing::Deterministic);
    if searchable {
        return Ok(ValueType::Bytes);
    }
    if let Some(facet) = kind.facet(name.as_str()) {
        return Ok(facet.value_type);
    }
    let names: Vec<_> = kind.facets().map(|facet| facet.name.as_str()).collect();
    Err(Error::invalid(format!("`{}` has no such facet", kind.name()))
        .with_help(format!("its facets: `{}`", names.join("`, `"))))
}

/// A clause must have the column's type, because databases differ in how they compare a text with a number.
fn known_clause(kind: &Kind, clause: &Clause) -> Result<()> {
    let wanted = known_column(kind, &clause.column)?;
    let fits = |value: &Value| value.value_type() == wanted;
    if wanted == ValueType::Bytes && matches!(clause.test, Test::From(_) | Test::Before(_)) {
        return Err(Error::invalid("bytes have no order").with_help("test them with is, not, in or absent"));
    }
    let fit = match &clause.test {
        Test::Is(value) | Test::Not(value) | Test::From(value) | Test::Before(value) => fits(value),
        Test::In(values) if values.len() > Test::MOST_VALUES => {
            return Err(Error::invalid("a column is tested with too many values at once")
                .with_help(format!("give at most {}", Test::MOST_VALUES)));
        }
        Test::In(values) => values.iter().all(fits),
        Test::Absent => true,
    };
    if fit {
        return Ok(());
    }
    Err(Error::invalid("a column is tested with a value of another type")
        .with_help(format!("test it with {}", wanted.name())))
}

pub(crate) fn text(plain: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>> {
    match std::str::from_utf8(&plain) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(Error::new(ErrorKind::Tampered, "a sealed value is not text")),
    }
}

/// The error of a lost race that would be lost again: the record has not changed, so another record has the unique
/// value.
fn in_vain(lost: &mut Option<(u64, Error)>, record: &Record) -> Option<Error> {
    lost.take().filter(|(version, _)| *version == record.version()).map(|(_, error)| error)
}

fn first(written: Vec<Written>) -> Result<Written> {
    written.into_iter().next().ok_or_else(|| Error::bug("a commit writes a record"))
}

fn too_busy() -> Error {
    Error::new(ErrorKind::Conflict, "the record kept changing while it was decided on").with_help("try again")
}
