//! Results for Python: the classes of `eovr`, built from the engine's results.

use std::sync::Arc;

use eovr_core::access::Actor;
use eovr_core::analytics::{Figures, Source};
use eovr_core::attachment::File;
use eovr_core::audit::{StoredEvent, Verdict};
use eovr_core::incident::{ReceiptView, Reported, Summary};
use eovr_core::ports::Written;
use eovr_core::record::{Column, Cursor, Envelope, Listed, Page, Record, RecordId, TallyCell, Value};
use eovr_core::service::{DataKeyInfo, Entry, Legal, Trail};
use eovr_core::{Name, Timestamp};
use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyFrozenSet, PyTuple};

use crate::failure::{Failure, unmet};
use crate::files::Read;
use crate::frame::{self, Frame};
use crate::imported::Imported;

/// A result that any thread can convert for Python.
pub(crate) trait Outward: Send + 'static {
    /// Builds the object.
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>>;
}

/// A record of the engine, for later calls about it. Python holds it as an opaque object.
#[pyclass(frozen, module = "eovr._native")]
pub(crate) struct Kept(pub(crate) Arc<Record>);

/// A class of `eovr`.
fn class<'py>(
    py: Python<'py>,
    cell: &'static PyOnceLock<Py<PyAny>>,
    name: &str,
) -> PyResult<&'py Bound<'py, PyAny>> {
    cell.import(py, "eovr", name)
}

/// `made!(py, "Written", (a, b))`: an object of that class of `eovr`, which is looked up once.
macro_rules! made {
    ($py:expr, $name:literal, $arguments:expr) => {{
        static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        class($py, &CLASS, $name)?.call1($arguments)
    }};
}

impl Outward for () {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(py.None())
    }
}

impl Outward for Py<PyAny> {
    fn outward(self, _: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(self)
    }
}

impl Outward for RecordId {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        id(self).into_py_any(py)
    }
}

impl Outward for Written {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(made!(py, "Written", (id(self.id), self.version, self.number))?.unbind())
    }
}

impl Outward for Reported {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let Written { id: record, version, number } = self.written;
        let receipt = self.receipt.to_string();
        Ok(made!(py, "Reported", (id(record), version, number, receipt))?.unbind())
    }
}

impl Outward for Imported {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let ids = PyTuple::new(py, self.ids.into_iter().map(|row| row.map(id)))?;
        let rejected = self
            .rejected
            .iter()
            .map(|(row, error)| made!(py, "Rejected", (*row, error.message(), error.help())));
        let rejected = PyTuple::new(py, rejected.collect::<PyResult<Vec<_>>>()?)?;
        Ok(made!(py, "Imported", (ids, self.there, rejected))?.unbind())
    }
}

impl Outward for Read {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let File { name, media, bytes } = self.0;
        Ok(made!(py, "File", (name.as_str(), media.name(), PyBytes::new(py, &bytes)))?.unbind())
    }
}

impl Outward for Record {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let sealed = PyFrozenSet::new(py, self.sealed_fields().keys().map(Name::as_str))?;
        let facets = facets(py, self.facets())?;
        let envelope = envelope(py, self.envelope())?;
        let kept = Kept(Arc::new(self));
        Ok(made!(py, "Record", (envelope, facets, sealed, kept))?.unbind())
    }
}

/// A record of a list, and the requested facets.
pub(crate) struct Shown(pub(crate) Listed, pub(crate) Arc<[String]>);

impl Outward for Shown {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let Self(listed, names) = self;
        let shown = PyDict::new(py);
        for name in names.iter() {
            let facet = listed.facet(name).map(|facet| value(py, facet)).transpose()?;
            facet.map_or(Ok(()), |facet| shown.set_item(name, facet))?;
        }
        Ok(made!(py, "Listed", (envelope(py, listed.envelope())?, read_only(&shown)?))?.unbind())
    }
}

impl<T: Outward> Outward for Vec<T> {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let items = self.into_iter().map(|item| item.outward(py)).collect::<PyResult<Vec<_>>>()?;
        Ok(PyTuple::new(py, items)?.into_any().unbind())
    }
}

impl<T: Outward> Outward for Page<T> {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let next = self.next.map(|next| cursor(py, next)).transpose()?;
        Ok(made!(py, "Page", (self.items.outward(py)?, next))?.unbind())
    }
}

impl Outward for Legal {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(made!(py, "Legal", (self.action.as_str(), unmet(py, &self.unmet)?))?.unbind())
    }
}

/// Counts, and their grouping columns.
pub(crate) struct Counted {
    pub(crate) by: Vec<(String, Column)>,
    pub(crate) types: Vec<eovr_core::record::ValueType>,
    pub(crate) figures: Figures,
}

impl Outward for Counted {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let frame = Frame::new(frame::figures(&self).map_err(Failure::Eovr)?);
        let by = PyTuple::new(py, self.by.iter().map(|(name, _)| name))?;
        let cell = |cell: TallyCell| {
            let key = cell.key.iter().map(|part| part.as_ref().map(|part| value(py, part)).transpose());
            let key = PyTuple::new(py, key.collect::<PyResult<Vec<_>>>()?)?;
            made!(py, "Cell", (key, cell.count))
        };
        let cells = self.figures.cells.into_iter().map(cell).collect::<PyResult<Vec<_>>>()?;
        let source = match self.figures.source {
            Source::Store => "store",
            Source::Memory => "memory",
            Source::Both => "both",
        };
        Ok(made!(py, "Figures", (by, PyTuple::new(py, cells)?, source, frame))?.unbind())
    }
}

impl Outward for Summary {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let cell = |cell: eovr_core::incident::StateBySeverity| {
            made!(py, "StateBySeverity", (cell.state, cell.severity, cell.count))
        };
        let cells = self.cells.into_iter().map(cell).collect::<PyResult<Vec<_>>>()?;
        let cells = PyTuple::new(py, cells)?;
        let all = (self.total, cells, self.high_risk, self.pending_review, self.overdue);
        Ok(made!(py, "Summary", all)?.unbind())
    }
}

impl Outward for Trail {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let frame = Frame::new(frame::events(std::slice::from_ref(&self)).map_err(Failure::Eovr)?);
        let entries = self.entries.iter().map(|one| entry(py, one)).collect::<PyResult<Vec<_>>>()?;
        let entries = PyTuple::new(py, entries)?;
        let verdict = match &self.verdict {
            Verdict::Intact { events, authenticated } => {
                made!(py, "Verdict", (true, *events, py.None(), *authenticated))?
            }
            Verdict::Broken { seq, finding } => made!(py, "Verdict", (false, *seq, finding, 0))?,
            other => made!(py, "Verdict", (false, 0, format!("{other:?}"), 0))?,
        };
        Ok(made!(py, "Trail", (self.record.outward(py)?, entries, verdict, frame))?.unbind())
    }
}

impl Outward for StoredEvent {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(made!(py, "StoredEvent", (self.body, PyBytes::new(py, &self.hash)))?.unbind())
    }
}

impl Outward for DataKeyInfo {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let at = moment(py, self.created_at)?;
        Ok(made!(py, "DataKey", (id(self.id), self.purpose.name(), at, self.destroyed))?.unbind())
    }
}

impl Outward for ReceiptView {
    fn outward(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let one = |said: eovr_core::incident::Exchange| {
            made!(py, "Exchange", (moment(py, said.at)?, said.action, said.text.as_str()))
        };
        let exchange = self.exchange.into_iter().map(one).collect::<PyResult<Vec<_>>>()?;
        let times = (moment(py, self.created_at)?, moment(py, self.updated_at)?);
        let exchange = PyTuple::new(py, exchange)?;
        let all = (self.number, self.state, times.0, times.1, exchange, self.waiting);
        Ok(made!(py, "ReceiptView", all)?.unbind())
    }
}

/// The actor, as a check receives it.
pub(crate) fn asker<'py>(py: Python<'py>, actor: &Actor) -> PyResult<Bound<'py, PyAny>> {
    let tier = actor.tier().map(|tier| tier.number());
    made!(py, "Asker", (actor.id().as_str(), actor.capacity(), tier, actor.is_human()))
}

fn entry<'py>(py: Python<'py>, entry: &Entry) -> PyResult<Bound<'py, PyAny>> {
    let event = &entry.event;
    let changes = PyDict::new(py);
    for (name, change) in &event.changes {
        let change = made!(py, "Change", (json(py, &change.before)?, json(py, &change.after)?))?;
        changes.set_item(name.as_str(), change)?;
    }
    let who = (event.actor.as_str(), event.capacity.as_str(), event.human);
    let what = (event.action.as_str(), event.from.as_ref().map(Name::as_str), event.to.as_str());
    let note = entry.note.as_ref().map(|note| note.as_str());
    let all = (
        event.seq,
        moment(py, event.at)?,
        who.0,
        who.1,
        who.2,
        what.0,
        what.1,
        what.2,
        note,
        read_only(&changes)?,
    );
    made!(py, "Entry", all)
}

fn json<'py>(py: Python<'py>, value: &serde_json::Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        serde_json::Value::Null => Ok(py.None().into_bound(py)),
        serde_json::Value::Bool(truth) => truth.into_bound_py_any(py),
        serde_json::Value::Number(number) => number.as_i64().into_bound_py_any(py),
        serde_json::Value::String(text) => text.into_bound_py_any(py),
        // A facet is none of these.
        other => other.to_string().into_bound_py_any(py),
    }
}

fn envelope<'py>(py: Python<'py>, envelope: &Envelope) -> PyResult<Bound<'py, PyAny>> {
    let Envelope { stamp, .. } = envelope;
    let parent = envelope.parent.map(id);
    made!(
        py,
        "Envelope",
        PyTuple::new(
            py,
            [
                envelope.kind.as_str().into_bound_py_any(py)?,
                id(envelope.id).into_bound_py_any(py)?,
                envelope.number.as_deref().into_bound_py_any(py)?,
                stamp.facility.as_str().into_bound_py_any(py)?,
                stamp.administration.as_str().into_bound_py_any(py)?,
                stamp.governorate.as_str().into_bound_py_any(py)?,
                envelope.author.as_str().into_bound_py_any(py)?,
                parent.into_bound_py_any(py)?,
                envelope.state.as_str().into_bound_py_any(py)?,
                envelope.version.into_bound_py_any(py)?,
                moment(py, envelope.created_at)?,
                moment(py, envelope.updated_at)?,
                envelope.month.into_bound_py_any(py)?,
            ]
        )?
    )
}

fn facets<'py>(
    py: Python<'py>,
    facets: &std::collections::BTreeMap<Name, Value>,
) -> PyResult<Bound<'py, PyAny>> {
    let all = PyDict::new(py);
    facets.iter().try_for_each(|(name, facet)| all.set_item(name.as_str(), value(py, facet)?))?;
    read_only(&all)
}

/// A read-only dict.
fn read_only<'py>(all: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    CLASS.import(all.py(), "eovr.records", "_ReadOnly")?.call1((all,))
}

fn cursor<'py>(py: Python<'py>, cursor: Cursor) -> PyResult<Bound<'py, PyAny>> {
    made!(py, "Cursor", (moment(py, cursor.created_at)?, id(cursor.id)))
}

fn value<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Text(text) => text.as_ref().into_bound_py_any(py),
        Value::Int(number) => number.into_bound_py_any(py),
        Value::Bool(truth) => truth.into_bound_py_any(py),
        Value::Time(at) => moment(py, *at),
        Value::Bytes(bytes) => Ok(PyBytes::new(py, bytes).into_any()),
    }
}

fn moment(py: Python<'_>, at: Timestamp) -> PyResult<Bound<'_, PyAny>> {
    static MOMENT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    MOMENT.import(py, "eovr.records", "moment")?.call1((at.as_micros(),))
}

fn id(id: RecordId) -> uuid::Uuid {
    uuid::Uuid::from_bytes(*id.as_bytes())
}
