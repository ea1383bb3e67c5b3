"""What goes in and what comes out: plain, frozen, typed.

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
    """The moment so many microseconds after 1970, in UTC."""
    return EPOCH + timedelta(microseconds=micros)


#: What a facet holds: a code, a whole number, a truth value, an aware moment, the id of a record, bytes.
Facet: TypeAlias = str | int | bool | datetime | UUID | bytes


class Table(Protocol):
    """A table of pandas, polars, pyarrow, DuckDB, or ours: whatever hands itself over as Arrow."""

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
    """Who asks, with a role. The host has verified who it is: eovr logs nobody in here.

    Attributes
    ----------
    id : str
        How the host names them: 1 to 128 printable characters without spaces. An opaque id and no e-mail
        address, since it stands in the audit trail for ever.
    role : Role
        The role.
    at : str or None
        Where it is held: the id of a facility (staff, quality admin), an administration (admin manager) or a
        governorate (governorate manager); nothing for top management.
    machine : bool
        An AI model or a job. It never meets the need ``human``: it may propose, never approve.
    own_records_only : bool
        Sees only what it wrote itself.
    """

    id: str
    role: Role
    at: str | None = None
    machine: bool = False
    own_records_only: bool = False


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody without an account who stands in a facility: may report there, and sees nothing.

    Attributes
    ----------
    id : str
        How the visitor came in, such as ``qr-poster-7``; never who it is.
    at : str
        The facility's id.
    """

    id: str
    at: str


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as a check is told: id, capacity (a role, ``visitor``, ``holder``), tier, whether human."""

    id: str
    capacity: str
    tier: int | None
    human: bool


@dataclass(frozen=True, slots=True)
class Written:
    """A record that was written: its id, its version now, its number where the kind has numbers."""

    id: UUID
    version: int
    number: str | None


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every record carries.

    Attributes
    ----------
    kind : str
        The kind.
    id : UUID
        Unique for ever; sorts by time of creation (version 7).
    number : str or None
        What people say on the phone, ``OVR-2026-000123``.
    facility, administration, governorate : str
        Where it belongs, as it was when it was created.
    author : str
        Who created it.
    parent : UUID or None
        The record that it belongs to.
    state : str
        Its state in the workflow of its kind.
    version : int
        1 at creation, one more with every change.
    created_at, updated_at : datetime
        When, by the server's clock, in UTC.
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
    """Facets and changes as the engine gave them: a dict to whoever reads."""

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("what the engine gave is not changed here; `dict(…)` makes a copy")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)


class _Frozen:
    """A copy of what never changes is the thing itself, and only its engine can make one."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} belongs to its engine: keep what you need of it")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


class _Holding(_Frozen):
    """Holds the engine's own record beside the fields: it is no part of what `dataclasses.asdict` gives."""

    __slots__ = ("_kept",)
    _kept: _native.Kept


class _Tabled(_Frozen):
    """Holds the same as a table beside the fields, for pandas, polars and DuckDB."""

    __slots__ = ("frame",)
    frame: Frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.frame.__arrow_c_stream__(requested_schema)


@dataclass(frozen=True, slots=True, repr=False)
class Record(_Holding):
    """A record: its envelope, its facets, and which of its fields are sealed.

    What is sealed is opened with ``session.open(record, field)``.

    Attributes
    ----------
    envelope : Envelope
        Ids, place, state, version, times.
    facets : Mapping of str to Facet
        Codes, numbers and times that are set.
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
        # Values stay out of logs: a code may hold somebody's words in the wrong place.
        said = f"{self.envelope.kind} {self.number or self.id}, {self.state}, version {self.version}"
        return f"Record({said}, facets {', '.join(self.facets) or 'none'})"


@dataclass(frozen=True, slots=True, repr=False)
class Listed:
    """A record as a list shows it: its envelope and the facets that were asked for."""

    envelope: Envelope
    facets: Mapping[str, Facet]

    def __repr__(self) -> str:
        said = f"{self.envelope.kind} {self.envelope.number or self.envelope.id}, {self.envelope.state}"
        return f"Listed({said}, facets {', '.join(self.facets) or 'none'})"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended. It stays right while new records arrive."""

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
        Where the next page begins; ``None`` on the last.
    """

    items: tuple[T, ...]
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class Not:
    """Passes where a column is not this value, or not set."""

    test: ClassVar[str] = "not"
    value: Facet


@dataclass(frozen=True, slots=True)
class In:
    """Passes where a column is one of these values, at most 1000."""

    test: ClassVar[str] = "in"
    values: Sequence[Facet]


@dataclass(frozen=True, slots=True)
class From:
    """Passes where a column is this value or more."""

    test: ClassVar[str] = "from"
    value: Facet


@dataclass(frozen=True, slots=True)
class Before:
    """Passes where a column is less than this value."""

    test: ClassVar[str] = "before"
    value: Facet


#: A value (equal to it), ``None`` (not set), or a test.
Test: TypeAlias = Facet | None | Not | In | From | Before
#: From column to test; a tuple of tests must hold altogether.
Filter: TypeAlias = Mapping[str, Test | tuple[Test, ...]]


@dataclass(frozen=True, slots=True)
class Legal:
    """An action that the actor could do with a record now; nothing ``unmet``: at once."""

    action: str
    unmet: tuple[Unmet, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One count: the values counted by, in the order of :attr:`Figures.by`, and how many."""

    key: tuple[Facet | None, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Figures(_Tabled):
    """Counts. pandas, polars and DuckDB read it as a table.

    Attributes
    ----------
    by : tuple of str
        The columns counted by.
    cells : tuple of Cell
        A cell for each combination that occurs, in the order of the keys.
    source : str
        Who counted: ``store``, ``memory`` or ``both``.
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
        """All of them together."""
        return sum(cell.count for cell in self.cells)


@dataclass(frozen=True, slots=True, repr=False)
class Change:
    """A facet before and after, or a sealed field as base64; ``None``: nothing stood there."""

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
        Its place in the record's chain, from 1.
    at : datetime
        When, in UTC.
    actor, capacity : str
        Who, and as what: a role, ``visitor``, ``holder`` or ``system``.
    human : bool
        Whether a person decided.
    action : str
        What was done.
    from_state : str or None
        The state before; none at creation.
    to_state : str
        The state after.
    note : str or None
        Why, opened; absent also where its key was destroyed.
    changes : Mapping of str to Change
        What changed.
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
    """What the verifier found in a chain.

    Attributes
    ----------
    intact : bool
        Whether nothing was found: the chain is whole, and the record is what its last event left.
    seq : int
        How many events it has, or the place of the first thing found.
    finding : str or None
        What is wrong there.
    authenticated : int
        How many events, from the first, a code vouches for that only a holder of the key can make; fewer than
        ``seq`` where an older release wrote the last ones.
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
        What happened, in order.
    verdict : Verdict
        What the verifier found.
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

    The hash is SHA-256 of ``b"eovr.event.v1\\n"`` and the body, so a chain is checked with nothing of ours.
    """

    body: str
    hash: bytes

    def __repr__(self) -> str:
        return f"StoredEvent({len(self.body)} characters, {self.hash.hex()[:8]})"


class Purpose(enum.StrEnum):
    """What a data key is for: sealing at random, or so that equal values can be found."""

    FIELDS = "fields"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class DataKey:
    """A data key, as far as it may be shown."""

    id: UUID
    purpose: str
    created_at: datetime
    destroyed: bool


class Format(enum.StrEnum):
    """What an export can be.

    The list as Excel, CSV or one JSON object a line; an HL7 FHIR bundle; WHO's minimal information model;
    counts without persons as CSV; one incident as PDF; audit events.
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
    """The language of what people read."""

    EN = "en"
    AR = "ar"
    BOTH = "both"


class Asked(TypedDict, total=False):
    """What an export may be told.

    Attributes
    ----------
    lang : Lang
        The language of what people read, Excel and PDF; English where nothing is said.
    incident : UUID
        The incident of a PDF.
    filter : mapping
        Which incidents, as in :meth:`eovr.Session.find`.
    since, before : datetime
        Audit: events from this moment on, and before that one.
    actions, actors : sequence of str
        Audit: events of these actions, by these actors; empty: all.
    """

    lang: Lang | str
    incident: UUID | str
    filter: Filter
    since: datetime
    before: datetime
    actions: Sequence[str]
    actors: Sequence[str]


#: A kind as data: what :func:`eovr.Eovr.open` takes. See ``KindTable`` in the Rust documentation.
KindTable: TypeAlias = Mapping[str, Any]
