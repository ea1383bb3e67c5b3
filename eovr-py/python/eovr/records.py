"""Arguments and results: plain, frozen, typed.

>>> from eovr import Actor, Role
>>> Actor("nurse-7", Role.STAFF, at="NIL")
Actor(id='nurse-7', role=<Role.STAFF: 'staff'>, at='NIL', machine=False, own_records_only=False)
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Protocol, Self, TypeAlias, TypedDict, TypeVar
from uuid import UUID

from eovr.errors import Unmet

if TYPE_CHECKING:
    from eovr import _native
    from eovr._native import Frame

__all__ = [
    "Actor",
    "Asked",
    "Asker",
    "Before",
    "Cell",
    "Change",
    "Cursor",
    "DataKey",
    "Entry",
    "Envelope",
    "Facet",
    "Figures",
    "Filter",
    "Format",
    "From",
    "In",
    "Lang",
    "Legal",
    "Listed",
    "Not",
    "Page",
    "Purpose",
    "Record",
    "Role",
    "StoredEvent",
    "Table",
    "Test",
    "Trail",
    "Verdict",
    "Visitor",
    "Written",
]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def moment(micros: int) -> datetime:
    """The time this many microseconds after 1970, in UTC."""
    return EPOCH + timedelta(microseconds=micros)


#: The value of a facet: a code, an integer, a boolean, an aware datetime, the id of a record, bytes.
Facet: TypeAlias = str | int | bool | datetime | UUID | bytes


class Table(Protocol):
    """A table of pandas, polars, pyarrow, DuckDB or eovr: any object with the Arrow PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The table, as a PyCapsule."""


class Role(enum.StrEnum):
    """The five roles, from tier 1 to tier 5."""

    STAFF = "staff"
    QUALITY_ADMIN = "quality_admin"
    ADMIN_MANAGER = "admin_manager"
    GOVERNORATE_MANAGER = "governorate_manager"
    TOP_MANAGEMENT = "top_management"


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller, with a role. The host has authenticated the caller; eovr has no login here.

    Attributes
    ----------
    id : str
        The host's id of the caller: 1 to 128 printable characters without spaces. Use an opaque id and no e-mail
        address, because the audit trail keeps it for ever.
    role : Role
        The role.
    at : str or None
        The id of the role's organisational unit: a facility (staff, quality admin), an administration (admin
        manager) or a governorate (governorate manager); ``None`` for top management.
    machine : bool
        An AI model or a job. A machine never meets the need ``human``, so it may propose and not approve.
    own_records_only : bool
        Restricts the actor to its own records.
    """

    id: str
    role: Role
    at: str | None = None
    machine: bool = False
    own_records_only: bool = False


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person without an account in a facility, who may report there and read nothing.

    Attributes
    ----------
    id : str
        The visitor's access, such as ``qr-poster-7``, and never a person.
    at : str
        The facility's id.
    """

    id: str
    at: str


@dataclass(frozen=True, slots=True)
class Asker:
    """The caller, as a check receives it: id, capacity (a role, ``visitor``, ``holder``), tier, whether human."""

    id: str
    capacity: str
    tier: int | None
    human: bool


@dataclass(frozen=True, slots=True)
class Written:
    """A written record: its id, its new version, its number if the kind has numbers."""

    id: UUID
    version: int
    number: str | None


@dataclass(frozen=True, slots=True)
class Envelope:
    """The part that every record has.

    Attributes
    ----------
    kind : str
        The kind.
    id : UUID
        Unique for ever; sorts by time of creation (version 7).
    number : str or None
        The human-readable number, ``OVR-2026-000123``.
    facility, administration, governorate : str
        Its place in the organisation at its creation.
    author : str
        The actor who created it.
    parent : UUID or None
        The record that it belongs to.
    state : str
        Its state in the workflow of its kind.
    version : int
        1 at creation, plus one for each change.
    created_at, updated_at : datetime
        The times, by the server's clock, in UTC.
    month : int
        Year and month of creation on the facility's wall clock, ``yyyymm``.
    """

    kind: str
    id: UUID
    number: str | None
    facility: str
    administration: str
    governorate: str
    author: str
    parent: UUID | None
    state: str
    version: int
    created_at: datetime
    updated_at: datetime
    month: int


class _ReadOnly(dict[str, Any]):
    """Read-only facets and changes of the engine, as a dict."""

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("facets and changes are read-only; `dict(…)` makes a copy")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)


class _Frozen:
    """An immutable object of an engine: a copy is the object itself, and it cannot be pickled."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} belongs to its engine and cannot be pickled")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


class _Holding(_Frozen):
    """Holds the engine's own record beside the fields; `dataclasses.asdict` leaves it out."""

    __slots__ = ("_kept",)
    _kept: _native.Kept


class _Tabled(_Frozen):
    """Also holds its content as a table, for pandas, polars and DuckDB."""

    __slots__ = ("frame",)
    frame: Frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.frame.__arrow_c_stream__(requested_schema)


@dataclass(frozen=True, slots=True, repr=False)
class Record(_Holding):
    """A record: its envelope, its facets, and the names of its sealed fields.

    ``session.open(record, field)`` opens a sealed field.

    Attributes
    ----------
    envelope : Envelope
        Ids, place, state, version, times.
    facets : Mapping of str to Facet
        The codes, numbers and times that are set.
    sealed : frozenset of str
        The names of the sealed fields that are set.
    """

    envelope: Envelope
    facets: Mapping[str, Facet]
    sealed: frozenset[str]
    kept: InitVar[_native.Kept]

    def __post_init__(self, kept: _native.Kept) -> None:
        object.__setattr__(self, "_kept", kept)

    @property
    def id(self) -> UUID:
        """Short for the envelope's id."""
        return self.envelope.id

    @property
    def number(self) -> str | None:
        """Short for the envelope's number."""
        return self.envelope.number

    @property
    def state(self) -> str:
        """Short for the envelope's state."""
        return self.envelope.state

    @property
    def version(self) -> int:
        """Short for the envelope's version."""
        return self.envelope.version

    def __repr__(self) -> str:
        # Without values, because a log may show this, and a code may contain misplaced confidential text.
        said = f"{self.envelope.kind} {self.number or self.id}, {self.state}, version {self.version}"
        return f"Record({said}, facets {', '.join(self.facets) or 'none'})"


@dataclass(frozen=True, slots=True, repr=False)
class Listed:
    """A record of a list: its envelope and the requested facets."""

    envelope: Envelope
    facets: Mapping[str, Facet]

    def __repr__(self) -> str:
        said = f"{self.envelope.kind} {self.envelope.number or self.envelope.id}, {self.envelope.state}"
        return f"Listed({said}, facets {', '.join(self.facets) or 'none'})"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The end of a page. It stays valid while new records arrive."""

    created_at: datetime
    id: UUID


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page, newest first.

    Attributes
    ----------
    items : tuple
        The records.
    next : Cursor or None
        The start of the next page; ``None`` on the last.
    """

    items: tuple[T, ...]
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class Not:
    """Matches if a column is not this value, or not set."""

    test: ClassVar[str] = "not"
    value: Facet


@dataclass(frozen=True, slots=True)
class In:
    """Matches if a column is one of these values, at most 1000."""

    test: ClassVar[str] = "in"
    values: Sequence[Facet]


@dataclass(frozen=True, slots=True)
class From:
    """Matches if a column is this value or more."""

    test: ClassVar[str] = "from"
    value: Facet


@dataclass(frozen=True, slots=True)
class Before:
    """Matches if a column is less than this value."""

    test: ClassVar[str] = "before"
    value: Facet


#: A value (equal to it), ``None`` (not set), or a test.
Test: TypeAlias = Facet | None | Not | In | From | Before
#: From column to test; all tests of a tuple must match.
Filter: TypeAlias = Mapping[str, Test | tuple[Test, ...]]


@dataclass(frozen=True, slots=True)
class Legal:
    """An action that the actor could do on a record now; at once if ``unmet`` is empty."""

    action: str
    unmet: tuple[Unmet, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One count: the values of the columns :attr:`Figures.by`, in that order, and the count."""

    key: tuple[Facet | None, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Figures(_Tabled):
    """Counts. pandas, polars and DuckDB read it as a table.

    Attributes
    ----------
    by : tuple of str
        The grouping columns.
    cells : tuple of Cell
        A cell for each combination that occurs, in the order of the keys.
    source : str
        The source of the counts: ``store``, ``memory`` or ``both``.
    frame : Frame
        The same as a table, with the column ``count``.
    """

    by: tuple[str, ...]
    cells: tuple[Cell, ...]
    source: str
    table: InitVar[Frame]

    def __post_init__(self, table: Frame) -> None:
        object.__setattr__(self, "frame", table)

    @property
    def total(self) -> int:
        """The sum of all counts."""
        return sum(cell.count for cell in self.cells)


@dataclass(frozen=True, slots=True, repr=False)
class Change:
    """A facet before and after, or a sealed field as base64; ``None`` if it was not set."""

    before: str | int | bool | None
    after: str | int | bool | None

    def __repr__(self) -> str:
        words = ("none" if value is None else "some" for value in (self.before, self.after))
        return f"Change({' to '.join(words)})"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of an audit trail.

    Attributes
    ----------
    seq : int
        Its position in the record's chain, from 1.
    at : datetime
        The time, in UTC.
    actor, capacity : str
        The actor, and its capacity: a role, ``visitor``, ``holder`` or ``system``.
    human : bool
        Whether a person decided.
    action : str
        The action.
    from_state : str or None
        The state before; ``None`` at creation.
    to_state : str
        The state after.
    note : str or None
        The reason, opened; also ``None`` if its key was destroyed.
    changes : Mapping of str to Change
        The changes.
    """

    seq: int
    at: datetime
    actor: str
    capacity: str
    human: bool
    action: str
    from_state: str | None
    to_state: str
    note: str | None = field(repr=False)
    changes: Mapping[str, Change] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of verifying a chain.

    Attributes
    ----------
    intact : bool
        Whether the chain verifies and the record equals the result of its last event.
    seq : int
        The number of events, or the position of the first fault.
    finding : str or None
        The fault.
    authenticated : int
        How many events, from the first, have a message authentication code of the trail's key; fewer than ``seq`` if
        an older release wrote the last ones.
    """

    intact: bool
    seq: int
    finding: str | None
    authenticated: int


@dataclass(frozen=True, slots=True)
class Trail(_Tabled):
    """The audit trail of a record, verified. pandas, polars and DuckDB read it as a table.

    Attributes
    ----------
    record : Record
        The record.
    entries : tuple of Entry
        The events, in order.
    verdict : Verdict
        The result of the verification.
    frame : Frame
        The entries as a table.
    """

    record: Record
    entries: tuple[Entry, ...]
    verdict: Verdict
    table: InitVar[Frame]

    def __post_init__(self, table: Frame) -> None:
        object.__setattr__(self, "frame", table)


@dataclass(frozen=True, slots=True, repr=False)
class StoredEvent:
    """An event as it is stored: the JSON that was hashed, and the hash.

    The hash is SHA-256 of ``b"eovr.event.v1\\n"`` and the body, so a chain can be checked without eovr.
    """

    body: str
    hash: bytes

    def __repr__(self) -> str:
        return f"StoredEvent({len(self.body)} characters, {self.hash.hex()[:8]})"


class Purpose(enum.StrEnum):
    """The purpose of a data key: random sealing, or deterministic sealing for search."""

    FIELDS = "fields"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key, without its bytes."""

    id: UUID
    purpose: str
    created_at: datetime
    destroyed: bool


class Format(enum.StrEnum):
    """The formats of an export.

    The list as Excel, CSV or one JSON object a line, and audit events: of incidents or of another kind.
    For incidents only: an HL7 FHIR bundle; WHO's minimal information model; counts without persons as
    CSV; one incident as PDF.
    """

    CSV = "csv"
    NDJSON = "ndjson"
    XLSX = "xlsx"
    FHIR_R4 = "fhir_r4"
    FHIR_R5 = "fhir_r5"
    MIM = "mim"
    DEIDENTIFIED = "deidentified"
    PDF = "pdf"
    AUDIT_CSV = "audit_csv"
    AUDIT_JSON = "audit_json"
    AUDIT_PDF = "audit_pdf"


class Lang(enum.StrEnum):
    """The language of texts for people."""

    EN = "en"
    AR = "ar"
    BOTH = "both"


class Asked(TypedDict, total=False):
    """The arguments of an export.

    Attributes
    ----------
    lang : Lang
        The language of Excel and PDF; English by default.
    kind : str
        The kind of the records; incidents by default. Another kind has its own columns.
    titles : mapping
        Titles of an Excel list: from the name of the kind, a column, a state or a choice to its title in
        English and in Arabic.
    incident : UUID
        The incident of a PDF.
    filter : mapping
        Which records, as in :meth:`eovr.Session.find`.
    since, before : datetime
        Audit: events from ``since`` on, and before ``before``.
    actions, actors : sequence of str
        Audit: events of these actions, by these actors; empty means all.
    """

    lang: Lang | str
    kind: str
    titles: Mapping[str, tuple[str, str]]
    incident: UUID | str
    filter: Filter
    since: datetime
    before: datetime
    actions: Sequence[str]
    actors: Sequence[str]


#: A kind as data, as :func:`eovr.Eovr.open` takes it. See ``KindTable`` in the Rust documentation.
KindTable: TypeAlias = Mapping[str, Any]
