//! The engine bound to one actor: the general verbs, for records of every kind.

use std::sync::Arc;

use eovr_core::org::OrgId;
use eovr_core::record::{Query, Tally};
use eovr_core::seal::Purpose;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::call::Call;
use crate::engine::Host;
use crate::export;
use crate::failure::{Outcome, guarded};
use crate::frame::{self, Frame};
use crate::incidents::Incidents;
use crate::inward::{self, Id, KindName, Text};
use crate::outward::{Counted, Kept, Outward, Shown};

/// One actor's session.
#[pyclass(frozen, module = "eovr._native")]
pub(crate) struct Session {
    host: Host,
    session: eovr_core::Session,
}

type Dict<'a, 'py> = Option<&'a Bound<'py, PyDict>>;

impl Session {
    pub(crate) fn new(host: Host, session: eovr_core::Session) -> Self {
        Self { host, session }
    }

    /// The session for a call, if the engine is open.
    fn ask(&self) -> Outcome<eovr_core::Session> {
        self.host.runtime.check()?;
        Ok(self.session.clone())
    }

    fn call<T: Outward>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Outcome<T>> + Send + 'static,
    ) -> Outcome<Call> {
        Ok(Call::new(&self.host.runtime, operation, work))
    }
}

#[pymethods]
impl Session {
    /// The incidents, for this actor.
    fn incidents(&self) -> Incidents {
        Incidents::new(self.host.clone(), self.session.clone())
    }

    #[expect(clippy::too_many_arguments, reason = "Python passes them by name")]
    #[pyo3(signature = (kind, facility, action, set, write, note, id))]
    fn create(
        &self,
        kind: KindName,
        facility: Text,
        action: Text,
        set: Dict<'_, '_>,
        write: Dict<'_, '_>,
        note: Option<Text>,
        id: Option<Id>,
    ) -> Outcome<Call> {
        guarded(|| {
            let session = self.ask()?;
            let facility = OrgId::new(&facility.0)?;
            let command = inward::command(action, set, write, note, None)?;
            self.call("create", async move {
                Ok(match id {
                    Some(Id(id)) => session.create_as(&kind.0, &facility, id, command).await?,
                    None => session.create(&kind.0, &facility, command).await?,
                })
            })
        })
    }

    #[expect(clippy::too_many_arguments, reason = "Python passes them by name")]
    #[pyo3(signature = (kind, parent, action, set, write, note, id))]
    fn create_child(
        &self,
        kind: KindName,
        parent: Id,
        action: Text,
        set: Dict<'_, '_>,
        write: Dict<'_, '_>,
        note: Option<Text>,
        id: Option<Id>,
    ) -> Outcome<Call> {
        guarded(|| {
            let session = self.ask()?;
            let command = inward::command(action, set, write, note, None)?;
            self.call("create_child", async move {
                Ok(match id {
                    Some(Id(id)) => session.create_child_as(&kind.0, parent.0, id, command).await?,
                    None => session.create_child(&kind.0, parent.0, command).await?,
                })
            })
        })
    }

    #[expect(clippy::too_many_arguments, reason = "Python passes them by name")]
    #[pyo3(signature = (kind, id, action, set, write, note, expecting))]
    fn act(
        &self,
        kind: KindName,
        id: Id,
        action: Text,
        set: Dict<'_, '_>,
        write: Dict<'_, '_>,
        note: Option<Text>,
        expecting: Option<u64>,
    ) -> Outcome<Call> {
        guarded(|| {
            let session = self.ask()?;
            let command = inward::command(action, set, write, note, expecting)?;
            self.call("act", async move { Ok(session.act(&kind.0, id.0, command).await?) })
        })
    }

    fn load(&self, kind: KindName, id: Id) -> Outcome<Call> {
        let session = self.ask()?;
        self.call("load", async move { Ok(session.load(&kind.0, id.0).await?) })
    }

    /// Opens a sealed field. It does not wait, so it is no `Call`.
    fn open(&self, kept: &Bound<'_, Kept>, field: Text) -> Outcome<Option<String>> {
        guarded(|| {
            let session = self.ask()?;
            let text = session.open(&kept.get().0, &field.0).map_err(|error| error.during("open"))?;
            Ok(text.map(|text| text.as_str().to_owned()))
        })
    }

    #[pyo3(signature = (kind, filter, after, limit))]
    fn find(
        &self,
        kind: KindName,
        filter: Dict<'_, '_>,
        after: Option<&Bound<'_, PyAny>>,
        limit: u32,
    ) -> Outcome<Call> {
        guarded(|| {
            let session = self.ask()?;
            let query = inward::query(&session, &kind.0, filter, after, limit)?;
            self.call("find", async move { Ok(session.find(&query).await?) })
        })
    }

    #[pyo3(signature = (kind, facets, filter, after, limit))]
    fn list(
        &self,
        kind: KindName,
        facets: Vec<Text>,
        filter: Dict<'_, '_>,
        after: Option<&Bound<'_, PyAny>>,
        limit: u32,
    ) -> Outcome<Call> {
        guarded(|| {
            let session = self.ask()?;
            let query = inward::query(&session, &kind.0, filter, after, limit)?;
            let names: Arc<[String]> = facets.into_iter().map(|name| name.0).collect();
            self.call("list", async move {
                let asked: Vec<&str> = names.iter().map(String::as_str).collect();
                let page = session.list(&query, &asked).await?;
                Ok(page.try_map(|listed| Ok(Shown(listed, names.clone())))?)
            })
        })
    }

    #[pyo3(signature = (kind, by, filter))]
    fn tally(&self, kind: KindName, by: Vec<Text>, filter: Dict<'_, '_>) -> Outcome<Call> {
        guarded(|| {
            let session = self.ask()?;
            let clauses = inward::clauses(&session, &kind.0, filter)?;
            let by: Vec<_> =
                by.into_iter().map(|name| Ok((inward::column(&name.0)?, name.0))).collect::<Outcome<_>>()?;
            let by: Vec<_> = by.into_iter().map(|(column, name)| (name, column)).collect();
            let columns: Vec<_> = by.iter().map(|(_, column)| column.clone()).collect();
            let types = frame::types(session.eovr().catalog().kind(&kind.0)?, &columns);
            let tally = Tally { clauses, by: columns, ..Tally::of(kind.0) };
            self.call("tally", async move {
                let figures = session.tally(&tally).await?;
                Ok(Counted { by, types, figures })
            })
        })
    }

    fn legal(&self, kind: KindName, id: Id) -> Outcome<Call> {
        let session = self.ask()?;
        self.call("legal", async move { Ok(session.legal(&session.load(&kind.0, id.0).await?).await?) })
    }

    fn trail(&self, kind: KindName, id: Id) -> Outcome<Call> {
        let session = self.ask()?;
        self.call("trail", async move { Ok(session.trail(&kind.0, id.0).await?) })
    }

    /// The events of a record as they are stored, byte for byte.
    fn events(&self, kind: KindName, id: Id) -> Outcome<Call> {
        let session = self.ask()?;
        self.call("events", async move {
            // A caller who may not read the record may not read its events.
            let record = session.load(&kind.0, id.0).await?;
            let kind = &record.envelope().kind;
            Ok(session.eovr().store().events(&session.scope(), kind, record.id()).await?)
        })
    }

    /// All records that match, as a table; `fields` are opened, and rows without a facet of `set` are left out.
    #[pyo3(signature = (kind, facets, fields, filter, set))]
    fn frame(
        &self,
        kind: KindName,
        facets: Option<Vec<Text>>,
        fields: Vec<Text>,
        filter: Dict<'_, '_>,
        set: Vec<Text>,
    ) -> Outcome<Call> {
        guarded(|| {
            let session = self.ask()?;
            let query = inward::query(&session, &kind.0, filter, None, Query::LARGEST_PAGE)?;
            let kind = session.eovr().catalog().kind(&kind.0)?.clone();
            let names = |texts: Vec<Text>| texts.into_iter().map(|text| text.0).collect::<Vec<_>>();
            let facets = facets.map_or_else(|| frame::shown(&kind), names);
            let columns = frame::Columns::new(&kind, &facets, &names(fields), names(set))?;
            self.call("frame", async move {
                Ok(Table(Frame::new(frame::records(&session, query, columns).await?)))
            })
        })
    }

    /// Audit events of the matching records, as a table.
    #[pyo3(signature = (kind, filter))]
    fn audit_frame(&self, kind: KindName, filter: Dict<'_, '_>) -> Outcome<Call> {
        guarded(|| {
            let session = self.ask()?;
            export::allowed(&session, "list")?;
            let query = inward::query(&session, &kind.0, filter, None, Query::LARGEST_PAGE)?;
            self.call("audit_frame", async move {
                let mut trails = Vec::new();
                let mut pages = export::Pages::new(session.clone(), query);
                while let Some(page) = pages.next().await? {
                    for record in page {
                        trails.push(session.trail(&kind.0, record.id()).await?);
                    }
                }
                Ok(Table(Frame::new(frame::events(&trails)?)))
            })
        })
    }

    /// Records as a file, or as its bytes.
    fn export(&self, asked: &Bound<'_, PyAny>) -> Outcome<Call> {
        guarded(|| {
            let session = self.ask()?;
            let asked = export::Asked::new(&session, asked)?;
            self.call("export", async move { asked.write(session).await })
        })
    }

    fn rotate_key(&self, purpose: Text) -> Outcome<Call> {
        guarded(|| {
            let session = self.ask()?;
            let purpose = [Purpose::Fields, Purpose::Search].into_iter().find(|one| one.name() == purpose.0);
            let purpose = purpose.ok_or_else(|| {
                eovr_core::Error::invalid("keys have no such purpose")
                    .with_help("accepted: `fields`, `search`")
            })?;
            self.call("rotate_key", async move { Ok(session.rotate_key(purpose).await?) })
        })
    }

    fn destroy_key(&self, id: Id, reason: Text) -> Outcome<Call> {
        let session = self.ask()?;
        self.call("destroy_key", async move { Ok(session.destroy_key(id.0, &reason.0).await?) })
    }

    fn data_keys(&self) -> Outcome<Call> {
        let session = self.ask()?;
        self.call("data_keys", async move { Ok(session.data_keys().await?) })
    }
}

struct Table(Frame);

impl Outward for Table {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, self.0)?.into_any())
    }
}
