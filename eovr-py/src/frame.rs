//! Tables for pandas, polars and DuckDB: Arrow, passed by the PyCapsule interface without a copy.

use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BinaryBuilder, BooleanBuilder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
    UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use eovr_core::kind::{Kind, Sealing};
use eovr_core::record::{Column, Envelope, Query, Value, ValueType};
use eovr_core::service::Trail;
use eovr_core::{Error, Name, Session};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_arrow::ffi::{ArrayIterator, to_schema_pycapsule, to_stream_pycapsule};

use crate::export::Pages;
use crate::failure::Outcome;
use crate::outward::Counted;

/// A table.
#[pyclass(frozen, module = "eovr")]
pub(crate) struct Frame(RecordBatch);

impl Frame {
    pub(crate) fn new(batch: RecordBatch) -> Self {
        Self(batch)
    }
}

#[pymethods]
impl Frame {
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = self.0.schema();
        let field = Arc::new(Field::new_struct("", schema.fields().clone(), false));
        let array: ArrayRef = Arc::new(arrow_array::StructArray::from(self.0.clone()));
        let reader = Box::new(ArrayIterator::new(vec![Ok(array)], field));
        Ok(to_stream_pycapsule(py, reader, requested_schema)?)
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Ok(to_schema_pycapsule(py, self.0.schema().as_ref())?)
    }

    fn __len__(&self) -> usize {
        self.0.num_rows()
    }

    /// The names of the columns, in order.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.0.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    fn __repr__(&self) -> String {
        format!("Frame({} rows, {} columns)", self.0.num_rows(), self.0.num_columns())
    }
}

/// A column that is being filled.
enum Filling {
    Text(StringBuilder),
    Int(Int64Builder),
    Count(UInt64Builder),
    Bool(BooleanBuilder),
    Time(TimestampMicrosecondBuilder),
    Bytes(BinaryBuilder),
}

impl Filling {
    fn new(value_type: ValueType) -> Self {
        match value_type {
            ValueType::Text => Self::Text(StringBuilder::new()),
            ValueType::Int => Self::Int(Int64Builder::new()),
            ValueType::Bool => Self::Bool(BooleanBuilder::new()),
            ValueType::Time => Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            ValueType::Bytes => Self::Bytes(BinaryBuilder::new()),
        }
    }

    /// A value of another type counts as unset; no store returns one.
    fn push(&mut self, value: Option<&Value>) {
        match self {
            Self::Text(column) => column.append_option(value.and_then(Value::as_text)),
            Self::Int(column) => column.append_option(value.and_then(Value::as_int)),
            Self::Bool(column) => column.append_option(value.and_then(Value::as_bool)),
            Self::Time(column) => {
                column.append_option(value.and_then(Value::as_time).map(|at| at.as_micros()));
            }
            Self::Bytes(column) => column.append_option(value.and_then(Value::as_bytes)),
            Self::Count(column) => column.append_null(),
        }
    }

    fn text(&mut self, text: Option<&str>) {
        if let Self::Text(column) = self {
            column.append_option(text);
        }
    }

    fn count(&mut self, count: u64) {
        if let Self::Count(column) = self {
            column.append_value(count);
        }
    }

    fn finish(self) -> (ArrayRef, DataType) {
        let array: ArrayRef = match self {
            Self::Text(mut column) => ArrayBuilder::finish(&mut column),
            Self::Int(mut column) => ArrayBuilder::finish(&mut column),
            Self::Count(mut column) => ArrayBuilder::finish(&mut column),
            Self::Bool(mut column) => ArrayBuilder::finish(&mut column),
            Self::Time(mut column) => ArrayBuilder::finish(&mut column),
            Self::Bytes(mut column) => ArrayBuilder::finish(&mut column),
        };
        let data_type = array.data_type().clone();
        (array, data_type)
    }
}

/// The columns of a table of records: the envelope, these facets, these fields opened.
pub(crate) struct Columns {
    facets: Vec<(Name, ValueType)>,
    fields: Vec<Name>,
    /// Records without one of these facets are left out.
    set: Vec<String>,
}

/// The envelope's columns.
const ENVELOPE: [(&str, ValueType); 12] = [
    ("id", ValueType::Text),
    ("number", ValueType::Text),
    ("governorate", ValueType::Text),
    ("administration", ValueType::Text),
    ("facility", ValueType::Text),
    ("author", ValueType::Text),
    ("parent", ValueType::Text),
    ("state", ValueType::Text),
    ("version", ValueType::Int),
    ("month", ValueType::Int),
    ("created_at", ValueType::Time),
    ("updated_at", ValueType::Time),
];

/// The facets of a table if the caller names none: those with a meaning outside of the core.
pub(crate) fn shown(kind: &Kind) -> Vec<String> {
    let facets = kind.facets().filter(|facet| facet.value_type != ValueType::Bytes && !facet.silent);
    facets.map(|facet| facet.name.to_string()).collect()
}

impl Columns {
    pub(crate) fn new(kind: &Kind, facets: &[String], fields: &[String], set: Vec<String>) -> Outcome<Self> {
        let unknown = |what: &str, known: Vec<&str>| {
            Error::invalid(format!("`{}` has no such {what}", kind.name()))
                .with_help(format!("accepted: `{}`", known.join("`, `")))
        };
        let facets = facets.iter().map(|name| match kind.facet(name) {
            Some(facet) => Ok((facet.name.clone(), facet.value_type)),
            None => Err(unknown("facet", kind.facets().map(|facet| facet.name.as_str()).collect())),
        });
        let fields = fields.iter().map(|name| match kind.field(name) {
            Some(field) => Ok(field.name.clone()),
            None => Err(unknown("field", kind.fields().map(|field| field.name.as_str()).collect())),
        });
        Ok(Self { facets: facets.collect::<Result<_, _>>()?, fields: fields.collect::<Result<_, _>>()?, set })
    }
}

/// All records that match, page by page. Without fields, the store does not even read the sealed values.
pub(crate) async fn records(session: &Session, query: Query, columns: Columns) -> Outcome<RecordBatch> {
    let Columns { facets, fields, set: needed } = columns;
    if !fields.is_empty() {
        crate::export::allowed(session, "list")?;
    }
    let mut envelope: Vec<_> = ENVELOPE.iter().map(|(_, value_type)| Filling::new(*value_type)).collect();
    let mut set: Vec<_> = facets.iter().map(|(_, value_type)| Filling::new(*value_type)).collect();
    let mut texts: Vec<_> = fields.iter().map(|_| Filling::new(ValueType::Text)).collect();
    if fields.is_empty() {
        let names: Vec<&str> = facets.iter().map(|(name, _)| name.as_str()).collect();
        let mut query = Some(query);
        while let Some(asked) = query.take() {
            let page = session.list(&asked, &names).await?;
            for listed in page.items.iter().filter(|one| needed.iter().all(|name| one.facet(name).is_some()))
            {
                enclose(&mut envelope, listed.envelope());
                set.iter_mut().zip(&names).for_each(|(column, name)| column.push(listed.facet(name)));
            }
            query = page.next.map(|next| asked.after(Some(next)));
        }
    } else {
        let mut pages = Pages::new(session.clone(), query);
        while let Some(page) = pages.next().await? {
            for record in page.iter().filter(|one| needed.iter().all(|name| one.facet(name).is_some())) {
                enclose(&mut envelope, record.envelope());
                let shown = set.iter_mut().zip(&facets);
                shown.for_each(|(column, (name, _))| column.push(record.facet(name.as_str())));
                for (column, name) in texts.iter_mut().zip(&fields) {
                    let text = match session.open(record, name.as_str()) {
                        // Its key was destroyed, or it is damaged; the other rows are complete.
                        Err(error) if error.is_unreadable() => None,
                        text => text?,
                    };
                    column.text(text.as_ref().map(|text| text.as_str()));
                }
            }
        }
    }
    let names = ENVELOPE.iter().map(|(name, _)| *name);
    let names = names.chain(facets.iter().map(|(name, _)| name.as_str()));
    let names = names.chain(fields.iter().map(Name::as_str)).map(str::to_owned);
    Ok(batch(names.zip(envelope.into_iter().chain(set).chain(texts)))?)
}

fn enclose(columns: &mut [Filling], envelope: &Envelope) {
    let text = |text: &str| Some(Value::from(text));
    let values = [
        text(&envelope.id.to_string()),
        envelope.number.as_deref().and_then(text),
        text(envelope.stamp.governorate.as_str()),
        text(envelope.stamp.administration.as_str()),
        text(envelope.stamp.facility.as_str()),
        text(envelope.author.as_str()),
        envelope.parent.map(Value::from),
        text(envelope.state.as_str()),
        i64::try_from(envelope.version).ok().map(Value::Int),
        Some(Value::Int(i64::from(envelope.month))),
        Some(Value::Time(envelope.created_at)),
        Some(Value::Time(envelope.updated_at)),
    ];
    columns.iter_mut().zip(&values).for_each(|(column, value)| column.push(value.as_ref()));
}

/// The types of the columns that a tally groups by.
pub(crate) fn types(kind: &Kind, by: &[Column]) -> Vec<ValueType> {
    let of = |column: &Column| match column {
        Column::Month => ValueType::Int,
        Column::Created => ValueType::Time,
        Column::Facet(name) => match kind.field(name.as_str()) {
            Some(field) if field.sealing == Sealing::Deterministic => ValueType::Bytes,
            _ => kind.facet(name.as_str()).map_or(ValueType::Text, |facet| facet.value_type),
        },
        _ => ValueType::Text,
    };
    by.iter().map(of).collect()
}

/// Counts: a column for each grouping column, and `count`.
pub(crate) fn figures(counted: &Counted) -> Result<RecordBatch, Error> {
    let mut columns: Vec<_> = counted.types.iter().map(|value_type| Filling::new(*value_type)).collect();
    let mut counts = Filling::Count(UInt64Builder::new());
    for cell in &counted.figures.cells {
        columns.iter_mut().zip(&cell.key).for_each(|(column, part)| column.push(part.as_ref()));
        counts.count(cell.count);
    }
    let names = counted.by.iter().map(|(name, _)| name.clone()).chain(["count".to_owned()]);
    batch(names.zip(columns.into_iter().chain([counts])))
}

const EVENTS: [(&str, ValueType); 12] = [
    ("kind", ValueType::Text),
    ("record", ValueType::Text),
    ("seq", ValueType::Int),
    ("at", ValueType::Time),
    ("actor", ValueType::Text),
    ("capacity", ValueType::Text),
    ("human", ValueType::Bool),
    ("action", ValueType::Text),
    ("from", ValueType::Text),
    ("to", ValueType::Text),
    ("note", ValueType::Text),
    ("intact", ValueType::Bool),
];

/// A row for each event of some trails; `intact` is whether the whole chain verifies.
pub(crate) fn events(trails: &[Trail]) -> Result<RecordBatch, Error> {
    let mut columns: Vec<_> = EVENTS.iter().map(|(_, value_type)| Filling::new(*value_type)).collect();
    let text = |text: &str| Some(Value::from(text));
    for trail in trails {
        for entry in &trail.entries {
            let event = &entry.event;
            let values = [
                text(event.kind.as_str()),
                text(&event.record),
                i64::try_from(event.seq).ok().map(Value::Int),
                Some(Value::Time(event.at)),
                text(event.actor.as_str()),
                text(&event.capacity),
                Some(Value::Bool(event.human)),
                text(event.action.as_str()),
                event.from.as_ref().and_then(|state| text(state.as_str())),
                text(event.to.as_str()),
                entry.note.as_ref().and_then(|note| text(note.as_str())),
                Some(Value::Bool(trail.verdict.is_intact())),
            ];
            columns.iter_mut().zip(&values).for_each(|(column, value)| column.push(value.as_ref()));
        }
    }
    batch(EVENTS.iter().map(|(name, _)| (*name).to_owned()).zip(columns))
}

/// The suggestions of a scorer, a row for each narrative.
pub(crate) fn suggestions(all: &[eovr_core::triage::Suggestion]) -> Result<RecordBatch, Error> {
    let types = [ValueType::Int, ValueType::Text, ValueType::Bool, ValueType::Bool];
    let mut columns = types.map(Filling::new);
    for one in all {
        let values = [
            Value::Int(i64::from(one.score)),
            Value::from(one.band.name()),
            Value::Bool(one.high_risk),
            Value::Bool(one.abstained),
        ];
        columns.iter_mut().zip(&values).for_each(|(column, value)| column.push(Some(value)));
    }
    let names = ["score", "band", "high_risk", "abstained"].map(str::to_owned);
    batch(names.into_iter().zip(columns))
}

fn batch(columns: impl Iterator<Item = (String, Filling)>) -> Result<RecordBatch, Error> {
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for (name, column) in columns {
        let (array, data_type) = column.finish();
        fields.push(Field::new(name, data_type, true));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| Error::bug("columns are equally long").because(error))
}
