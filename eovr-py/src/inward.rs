//! Arguments from Python, checked on conversion: a wrong type is a `TypeError` with the argument's name, and a value
//! that no engine could store is an `InvalidInputError`.

use eovr_core::access::{Actor, Role, Seat};
use eovr_core::decide::Command;
use eovr_core::kind::{Kind, Sealing};
use eovr_core::org::{Org, OrgId};
use eovr_core::record::{ActorId, Clause, Column, Cursor, Query, RecordId, Test, Value};
use eovr_core::{Error, Name, Session, Timestamp};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyDateTime, PyDict, PyInt, PyString, PyTuple};

use crate::failure::{Failure, Outcome, config};

/// Valid Unicode text.
#[derive(Clone)]
pub(crate) struct Text(pub(crate) String);

/// The name of a kind.
pub(crate) struct KindName(pub(crate) Name);

/// A time: an aware `datetime`.
pub(crate) struct Moment(pub(crate) Timestamp);

/// A record's id: a `UUID`, or its text.
pub(crate) struct Id(pub(crate) RecordId);

/// The value of a facet.
pub(crate) struct Facet(pub(crate) Value);

impl<'py> FromPyObject<'_, 'py> for Text {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let text = object.cast::<PyString>().map_err(|_| wrong(&object, "str"))?;
        let whole = text.to_str().map_err(|_| {
            invalid("a text holds half of a surrogate pair", "give text that can be written as UTF-8")
        })?;
        Ok(Self(whole.to_owned()))
    }
}

impl<'py> FromPyObject<'_, 'py> for KindName {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(Name::new(&object.extract::<Text>()?.0).map_err(Failure::from)?))
    }
}

impl<'py> FromPyObject<'_, 'py> for Moment {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let at = object.cast::<PyDateTime>().map_err(|_| wrong(&object, "datetime"))?;
        if at.call_method0("utcoffset")?.is_none() {
            let help = "give one that is aware, such as `datetime.now(timezone.utc)`";
            return Err(invalid("a datetime has no time zone", help));
        }
        static EPOCH: PyOnceLock<(Py<PyAny>, Py<PyAny>)> = PyOnceLock::new();
        let (epoch, micro) = EPOCH.get_or_try_init(object.py(), || {
            let face = object.py().import("eovr.records")?;
            Ok::<_, PyErr>((face.getattr("EPOCH")?.unbind(), face.getattr("MICROSECOND")?.unbind()))
        })?;
        let since = at.call_method1("__sub__", (epoch,))?;
        Ok(Self(Timestamp::from_micros(since.call_method1("__floordiv__", (micro,))?.extract()?)))
    }
}

impl<'py> FromPyObject<'_, 'py> for Id {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyString>() {
            let text: Text = object.extract()?;
            return Ok(Self(text.0.parse().map_err(Failure::Eovr)?));
        }
        let id: uuid::Uuid = object.extract().map_err(|_| wrong(&object, "UUID"))?;
        Ok(Self(RecordId::from_bytes(id.into_bytes())))
    }
}

impl<'py> FromPyObject<'_, 'py> for Facet {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(if object.is_instance_of::<PyString>() {
            Value::from(object.extract::<Text>()?.0)
        } else if let Ok(truth) = object.cast::<PyBool>() {
            Value::Bool(truth.is_true())
        } else if object.is_instance_of::<PyInt>() {
            let number = object
                .extract()
                .map_err(|_| invalid("a number is too large", "give one that 64 bits hold"))?;
            Value::Int(number)
        } else if object.is_instance_of::<PyDateTime>() {
            Value::Time(object.extract::<Moment>()?.0)
        } else if let Ok(bytes) = object.cast::<PyBytes>() {
            Value::Bytes(bytes.as_bytes().to_vec())
        } else if let Ok(number) = object.extract::<i64>() {
            // Integers of numpy are no `int`, but implement `__index__`.
            Value::Int(number)
        } else if let Ok(id) = object.extract::<uuid::Uuid>() {
            Value::from(RecordId::from_bytes(id.into_bytes()))
        } else {
            return Err(wrong(&object, "str, int, bool, datetime, UUID or bytes"));
        }))
    }
}

/// An attribute of an object of `eovr.records`; an error names it.
pub(crate) fn field<'py, T>(object: &Bound<'py, PyAny>, name: &str) -> PyResult<T>
where
    T: for<'a> FromPyObject<'a, 'py, Error = PyErr>,
{
    object.getattr(name)?.extract().map_err(|error: PyErr| named(object.py(), name, error))
}

/// The same for an attribute that may be `None`.
pub(crate) fn optional<'py, T>(object: &Bound<'py, PyAny>, name: &str) -> PyResult<Option<T>>
where
    T: for<'a> FromPyObject<'a, 'py, Error = PyErr>,
{
    let value = object.getattr(name)?;
    if value.is_none() {
        return Ok(None);
    }
    value.extract().map(Some).map_err(|error: PyErr| named(object.py(), name, error))
}

fn named(py: Python<'_>, name: &str, error: PyErr) -> PyErr {
    if error.is_instance_of::<PyTypeError>(py) {
        return PyTypeError::new_err(format!("`{name}`: {}", error.value(py)));
    }
    error
}

/// A command: the action, the facets and fields that it sets (`None` removes), and the reason.
pub(crate) fn command(
    action: Text,
    set: Option<&Bound<'_, PyDict>>,
    write: Option<&Bound<'_, PyDict>>,
    note: Option<Text>,
    expecting: Option<u64>,
) -> Outcome<Command> {
    let mut command = Command::new(action.0);
    for (name, value) in set.into_iter().flat_map(|set| set.iter()) {
        let Text(name) = name.extract()?;
        command = match value.is_none() {
            true => command.clear(&name),
            false => {
                let Facet(facet) = value.extract().map_err(|error| named(value.py(), &name, error))?;
                command.set(&name, facet)
            }
        };
    }
    for (name, text) in write.into_iter().flat_map(|write| write.iter()) {
        let Text(name) = name.extract()?;
        command = match text.is_none() {
            true => command.erase(&name),
            false => command.write(&name, text.extract::<Text>()?.0),
        };
    }
    if let Some(Text(note)) = note {
        command = command.note(note);
    }
    Ok(match expecting {
        Some(version) => command.expecting(version),
        None => command,
    })
}

/// The query for a page, from the columns and tests of a dict.
pub(crate) fn query(
    session: &Session,
    kind: &Name,
    filter: Option<&Bound<'_, PyDict>>,
    after: Option<&Bound<'_, PyAny>>,
    limit: u32,
) -> Outcome<Query> {
    let mut query = Query::of(kind.clone()).limit(limit);
    query.clauses = clauses(session, kind, filter)?;
    query.after = after.map(cursor).transpose()?;
    Ok(query)
}

fn cursor(object: &Bound<'_, PyAny>) -> PyResult<Cursor> {
    Ok(Cursor { created_at: field::<Moment>(object, "created_at")?.0, id: field::<Id>(object, "id")?.0 })
}

/// The conditions of a dict from column to test: a value, `None`, a test of `eovr.records`, or a tuple of
/// tests that must all hold.
pub(crate) fn clauses(
    session: &Session,
    kind: &Name,
    filter: Option<&Bound<'_, PyDict>>,
) -> Outcome<Vec<Clause>> {
    let Some(filter) = filter else { return Ok(Vec::new()) };
    let kind = session.eovr().catalog().kind(kind)?;
    let mut clauses = Vec::new();
    for (name, tests) in filter.iter() {
        let Text(name) = name.extract()?;
        let column = column(&name)?;
        match tests.cast::<PyTuple>() {
            Ok(tests) => {
                for one in tests.iter() {
                    clauses.push(clause(session, kind, column.clone(), &one)?);
                }
            }
            Err(_) => clauses.push(clause(session, kind, column, &tests)?),
        }
    }
    Ok(clauses)
}

fn clause(session: &Session, kind: &Kind, column: Column, test: &Bound<'_, PyAny>) -> Outcome<Clause> {
    let test = self::test(test)?;
    if let (Column::Facet(name), Test::Is(Value::Text(text))) = (&column, &test) {
        let field = kind.field(name.as_str());
        if field.is_some_and(|field| field.sealing == Sealing::Deterministic) {
            let (column, test) = session.sealed_is(kind.name(), name.as_str(), text)?;
            return Ok(Clause { column, test });
        }
    }
    Ok(Clause { column, test })
}

fn test(object: &Bound<'_, PyAny>) -> PyResult<Test> {
    if object.is_none() {
        return Ok(Test::Absent);
    }
    let Some(how) = object.getattr_opt("test")? else { return Ok(Test::Is(object.extract::<Facet>()?.0)) };
    let value = || field::<Facet>(object, "value").map(|value| value.0);
    match how.extract::<Text>()?.0.as_str() {
        "not" => Ok(Test::Not(value()?)),
        "from" => Ok(Test::From(value()?)),
        "before" => Ok(Test::Before(value()?)),
        "in" => {
            let values = object.getattr("values")?.try_iter()?;
            Ok(Test::In(values.map(|value| Ok(value?.extract::<Facet>()?.0)).collect::<PyResult<_>>()?))
        }
        _ => Err(wrong(object, "a value, None, or a test of eovr")),
    }
}

/// A column by its name.
pub(crate) fn column(name: &str) -> Outcome<Column> {
    Ok(match name {
        "number" => Column::Number,
        "governorate" => Column::Governorate,
        "administration" => Column::Administration,
        "facility" => Column::Facility,
        "author" => Column::Author,
        "parent" => Column::Parent,
        "state" => Column::State,
        "month" => Column::Month,
        "created" => Column::Created,
        facet => Column::Facet(Name::new(facet)?),
    })
}

/// An actor of `eovr.records`; its place is looked up in the organisation.
pub(crate) fn actor(org: &Org, object: &Bound<'_, PyAny>) -> Outcome<Actor> {
    let id = ActorId::new(&field::<Text>(object, "id")?.0)?;
    let at: Option<Text> = optional(object, "at")?;
    let Some(role) = object.getattr_opt("role")? else {
        let facility = facility(org, at)?;
        return Ok(Actor::visitor(id, facility));
    };
    let role: Role = role.extract::<Text>()?.0.parse()?;
    let seat = match (role, at) {
        (Role::TopManagement, None) => Seat::Country,
        (Role::TopManagement, Some(_)) => {
            return Err(config("top management sits at the top", "leave `at` out"));
        }
        (role, at) => org.seat(role, &place(at, role.level())?)?,
    };
    let mut actor = Actor::new(id, role, seat)?;
    if object.getattr("machine")?.is_truthy()? {
        actor = actor.as_machine();
    }
    if object.getattr("own_records_only")?.is_truthy()? {
        actor = actor.own_records_only();
    }
    Ok(actor)
}

fn facility(org: &Org, at: Option<Text>) -> Outcome<eovr_core::org::Stamp> {
    let id = place(at, "facility")?;
    org.stamp(&id).cloned().ok_or_else(|| unknown("facility"))
}

fn place(at: Option<Text>, level: &str) -> Outcome<OrgId> {
    let at =
        at.ok_or_else(|| config(format!("this role sits in a {level}"), "give the id of one as `at`"))?;
    Ok(OrgId::new(&at.0)?)
}

fn unknown(level: &str) -> Failure {
    config(format!("the organisation has no such {level}"), "give an id that stands in `org`")
}

fn invalid(message: &str, help: &str) -> PyErr {
    Failure::Eovr(Error::invalid(message).with_help(help)).into()
}

fn wrong(object: &Bound<'_, PyAny>, wanted: &str) -> PyErr {
    // The message has the type and never the value, because the value may be text of a report.
    let given = object.get_type().name().map(|name| name.to_string()).unwrap_or_default();
    PyTypeError::new_err(format!("expected {wanted}, got {given}"))
}
