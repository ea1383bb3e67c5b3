"""The engine for synchronous programs. `face.py` generates :mod:`eovr.aio` from this file.

A call releases the GIL while it waits, so other threads continue, and Ctrl-C works while a database is away.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack
from uuid import UUID

from eovr import _native, given
from eovr.incident import (
    Action,
    FollowUp,
    Imported,
    ReceiptView,
    Report,
    Reported,
    State,
    Summary,
)
from eovr.records import (
    Actor,
    Asked,
    Asker,
    Cursor,
    DataKey,
    Facet,
    Figures,
    Filter,
    Format,
    KindTable,
    Legal,
    Listed,
    Page,
    Purpose,
    Record,
    StoredEvent,
    Table,
    Trail,
    Visitor,
    Written,
)

if TYPE_CHECKING:
    from eovr.files import File, Files
    from eovr.triage import Scorer

__all__ = ["Eovr", "Incidents", "Session"]


class Eovr:
    """An open engine: kinds, organisation, keys and a store. Threads may share it.

    Examples
    --------
    >>> import eovr
    >>> from eovr import Actor, Report, Role
    >>> org = [{"id": "CAI", "title": {"en": "Cairo", "ar": "القاهرة"}, "administrations": [
    ...     {"id": "CAI-E", "title": {"en": "Cairo East", "ar": "شرق القاهرة"}, "facilities": [
    ...         {"id": "NIL", "title": {"en": "Nile", "ar": "النيل"}, "time_zone": "Africa/Cairo"}]}]}]
    >>> with eovr.Eovr.open("memory:", org=org, keys=eovr.new_key()) as engine:
    ...     nurse = engine.session(Actor("nurse-7", Role.STAFF, at="NIL"))
    ...     told = nurse.incidents.report("NIL", Report(category="patient_accident", description="Fell out of bed."))
    ...     told.number[:4], len(told.receipt)
    ('OVR-', 39)
    """

    def __init__(self, native: _native.Engine) -> None:
        """Use :meth:`open`."""
        self._native = native

    @classmethod
    def open(
        cls,
        url: str,
        *,
        org: Sequence[Mapping[str, Any]],
        keys: str | bytes,
        previous_keys: str | bytes | None = None,
        kinds: Sequence[KindTable] = (),
        checks: Mapping[str, Callable[[Record, Asker], bool]] | None = None,
        incidents: bool = True,
        schemes: Sequence[str] = ("eovr-3x3",),
        scorer: Scorer | None = "rules",
        figures_in_memory: bool = False,
        files: Files | None = None,
    ) -> Self:
        """Opens an engine on a database, and creates missing tables.

        Parameters
        ----------
        url : str
            ``sqlite:///var/lib/eovr/hospital.db`` (``sqlite://hospital.db`` is relative),
            ``postgresql://USER:PASSWORD@HOST/DATABASE``, ``mysql://…`` for MariaDB too,
            ``mongodb://HOST/DATABASE?replicaSet=rs0``, or ``memory:`` for temporary data.
        org : sequence of mappings
            Governorates with their administrations and facilities, as in the example of :class:`Eovr`.
        keys : str or bytes
            The master key: 32 random bytes, or their base64. On MongoDB, 96 bytes select MongoDB's own encryption,
            which pymongo reads with the same key. See :func:`eovr.new_key`.
        previous_keys : str or bytes, optional
            The previous master key; the engine wraps every data key again.
        kinds : sequence of mappings, optional
            Kinds of record of your own, as data.
        checks : mapping from name to callable, optional
            Decides the needs ``check`` of your workflows. A check receives the record and the caller, and returns
            True or False. If it raises, the action is refused, with the exception as its cause.
        incidents : bool, optional
            Whether the engine has the kinds for incidents and follow-up actions.
        schemes : sequence of str, optional
            The available risk schemes, the default first: ``eovr-3x3``, ``va-sac``, ``nsw-sac``,
            ``npsa-5x5``.
        scorer : "rules", Model, callable or None, optional
            The scorer of new reports. A callable, as in :func:`eovr.triage.evaluate`, maps a narrative to the
            probability of high risk (0 to 1), which orders reports, or to a :class:`eovr.triage.Judgement`, which
            can also raise a flag. Its ``__name__`` and, if it has one, its ``version`` are stored with the
            suggestion. A report waits at most a second for it. An exception goes to :func:`sys.unraisablehook`. The
            rules are the floor of every scorer, and decide alone if it has no answer.
        figures_in_memory : bool, optional
            Keeps the counts in memory, so that figures of a whole country take a millisecond.
        files : Files, optional
            Storage for sealed attachments: :class:`Folder`, or an object of yours with its methods.

        Raises
        ------
        ConfigError
            Parts do not fit; the message says which.
        KeyUnavailableError
            The store's data keys are wrapped with another master key.
        UnavailableError
            The store cannot be reached.
        """
        parts = given.parts(
            url, org, keys, previous_keys, kinds, checks, incidents, schemes, scorer, figures_in_memory, files
        )
        call = _native.open(parts)
        return cls(call.wait())

    def session(self, actor: Actor | Visitor) -> Session:
        """The engine bound to an actor. The host has authenticated the actor.

        Raises
        ------
        ConfigError
            The actor's unit is not of the role's level, or not in the organisation.
        """
        return Session(self._native.session(actor))

    def receipt(self, code: str) -> ReceiptView:
        """The report, as the holder of its receipt may see it.

        Raises
        ------
        NotFoundError
            No report has this code.
        """
        call = self._native.receipts().view(code)
        return call.wait()

    def answer_with_receipt(self, code: str, answer: str) -> Written:
        """Answers the open question of a report.

        Raises
        ------
        NotFoundError, RefusedError
            No report has this code; the report has no open question.
        """
        call = self._native.receipts().answer(code, answer)
        return call.wait()

    def remark_with_receipt(self, code: str, remark: str) -> Written:
        """Adds a remark; possible in every state."""
        call = self._native.receipts().remark(code, remark)
        return call.wait()

    def correct_with_receipt(
        self,
        code: str,
        *,
        set: Mapping[str, Facet | None] | None = None,
        write: Mapping[str, str | None] | None = None,
    ) -> Written:
        """Corrects a report, within 30 minutes after it was made.

        Raises
        ------
        RefusedError
            The 30 minutes are over.
        """
        call = self._native.receipts().correct(code, given.copied(set), given.copied(write))
        return call.wait()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of all kinds of record."""
        return tuple(self._native.kinds())

    def kind(self, name: str) -> dict[str, Any]:
        """One kind as data: facets, fields, workflow."""
        table: dict[str, Any] = json.loads(self._native.kind(name))
        return table

    def diagram(self, kind: str) -> str:
        """The workflow of a kind as a Mermaid state diagram."""
        return self._native.diagram(kind)

    def actions(self) -> str:
        """The permissions of all actions of all kinds, as a Markdown table."""
        return self._native.actions()

    @property
    def closed(self) -> bool:
        """Whether the engine is unusable: closed, or opened before this process was forked."""
        return self._native.is_closed()

    def close(self) -> None:
        """Closes the engine. Closing it again does nothing."""
        call = self._native.close()
        call.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, of: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Eovr({'closed' if self.closed else ', '.join(self.kinds)})"


class Session:
    """The engine bound to one actor. All calls on records go through it."""

    __slots__ = ("_native", "incidents")

    def __init__(self, native: _native.Session) -> None:
        """Use :meth:`Eovr.session`."""
        self._native = native
        self.incidents = Incidents(self)

    def create(
        self,
        kind: str,
        facility: str,
        action: str,
        *,
        set: Mapping[str, Facet | None] | None = None,
        write: Mapping[str, str | None] | None = None,
        note: str | None = None,
        id: UUID | str | None = None,
    ) -> Written:
        """Creates a record in a facility.

        Parameters
        ----------
        kind, facility, action : str
            The kind, the facility, and the workflow's action that creates the record.
        set : mapping, optional
            Facets: codes, numbers, aware datetimes.
        write : mapping, optional
            Texts that will be sealed.
        note : str, optional
            The reason, for the audit trail. Sealed.
        id : UUID, optional
            Your own id as an idempotency key: the same call again is a :class:`ConflictError` and no second record.

        Raises
        ------
        InvalidInputError, RefusedError, DeniedError
            A value breaks a rule; the workflow refuses; this actor may not.
        NotFoundError
            The facility does not exist in the actor's scope.
        """
        call = self._native.create(kind, facility, action, given.copied(set), given.copied(write), note, id)
        return call.wait()

    def create_child(
        self,
        kind: str,
        parent: UUID | str,
        action: str,
        *,
        set: Mapping[str, Facet | None] | None = None,
        write: Mapping[str, str | None] | None = None,
        note: str | None = None,
        id: UUID | str | None = None,
    ) -> Written:
        """Creates a record that belongs to another.

        Raises
        ------
        NotFoundError, RefusedError
            The parent is out of scope; its workflow does not allow this child now. Otherwise as :meth:`create`.
        """
        call = self._native.create_child(
            kind, parent, action, given.copied(set), given.copied(write), note, id
        )
        return call.wait()

    def act(
        self,
        kind: str,
        id: UUID | str,
        action: str,
        *,
        set: Mapping[str, Facet | None] | None = None,
        write: Mapping[str, str | None] | None = None,
        note: str | None = None,
        expecting: int | None = None,
    ) -> Written:
        """Does an action on a record.

        Parameters
        ----------
        kind, id, action
            The record and the action.
        set, write : mapping, optional
            Facets and texts; the value ``None`` removes one.
        note : str, optional
            The reason, for the audit trail. Sealed.
        expecting : int, optional
            Act only if the record still has this version; by default, act on the newest version.

        Raises
        ------
        RefusedError
            The workflow does not allow it now; ``error.legal`` lists the allowed actions.
        ConflictError
            The record has another version than the expected one.
        NotFoundError, DeniedError, InvalidInputError
            Out of scope; not for this actor; a value breaks a rule.
        """
        call = self._native.act(kind, id, action, given.copied(set), given.copied(write), note, expecting)
        return call.wait()

    def load(self, kind: str, id: UUID | str) -> Record:
        """Loads one record. Its texts stay sealed; :meth:`open` opens one.

        Raises
        ------
        NotFoundError
            The record is absent or out of scope.
        """
        call = self._native.load(kind, id)
        return call.wait()

    def open(self, record: Record, field: str) -> str | None:
        """Opens a sealed field; ``None`` if it is not set.

        Raises
        ------
        TamperedError, KeyUnavailableError
            The value was changed; its key is missing.
        """
        return self._native.open(record._kept, field)

    def find(
        self,
        kind: str,
        filter: Filter | None = None,
        *,
        after: Cursor | None = None,
        limit: int = 50,
    ) -> Page[Record]:
        """A page of records, newest first.

        Parameters
        ----------
        kind : str
            The kind of record.
        filter : mapping, optional
            From column to test: ``{"state": "created", "severity": In(["severe"]), "created": From(day)}``.
            Columns are the facets, and ``number``, ``governorate``, ``administration``, ``facility``,
            ``author``, ``parent``, ``state``, ``month``, ``created``. A searchable sealed field matches by
            its text.
        after : Cursor, optional
            The ``next`` of the previous page.
        limit : int, optional
            1 to 500.

        Raises
        ------
        DeniedError, InvalidInputError
            The kind is not for this tier; the kind has no such column.
        """
        call = self._native.find(kind, given.copied(filter), after, limit)
        return call.wait()

    def records(self, kind: str, filter: Filter | None = None) -> Iterator[Record]:
        """All matching records, newest first, read page by page."""
        after: Cursor | None = None
        while True:
            page = self.find(kind, filter, after=after, limit=500)
            for record in page.items:
                yield record
            after = page.next
            if after is None:
                return

    def list(
        self,
        kind: str,
        facets: Sequence[str],
        filter: Filter | None = None,
        *,
        after: Cursor | None = None,
        limit: int = 50,
    ) -> Page[Listed]:
        """A page of records with these facets and without sealed fields, which is faster than :meth:`find`."""
        call = self._native.list(kind, [*facets], given.copied(filter), after, limit)
        return call.wait()

    def tally(self, kind: str, by: Sequence[str] = (), filter: Filter | None = None) -> Figures:
        """Counts the records for each combination of at most four columns.

        Raises
        ------
        DeniedError
            Grouping by place needs tier 4, by time tier 3, by other columns tier 2.
        """
        call = self._native.tally(kind, [*by], given.copied(filter))
        return call.wait()

    def legal(self, kind: str, id: UUID | str) -> tuple[Legal, ...]:
        """The actions that the actor could do on a record now, each with its unmet needs."""
        call = self._native.legal(kind, id)
        return call.wait()

    def trail(self, kind: str, id: UUID | str) -> Trail:
        """The verified audit trail of a record. A broken chain raises no error; the verdict has its position."""
        call = self._native.trail(kind, id)
        return call.wait()

    def events(self, kind: str, id: UUID | str) -> tuple[StoredEvent, ...]:
        """The events of a record as stored, for an independent verifier."""
        call = self._native.events(kind, id)
        return call.wait()

    def frame(
        self,
        kind: str,
        facets: Sequence[str] | None = None,
        *,
        fields: Sequence[str] = (),
        filter: Filter | None = None,
    ) -> _native.Frame:
        """All matching records, as a table that pandas, polars and DuckDB read without a copy.

        Parameters
        ----------
        kind : str
            The kind of record.
        facets : sequence of str, optional
            The facets; by default all that are meaningful to people.
        fields : sequence of str, optional
            Sealed fields to open. The table is then patient data. From tier 2.
        filter : mapping, optional
            As in :meth:`find`.
        """
        call = self._native.frame(
            kind, None if facets is None else [*facets], [*fields], given.copied(filter), []
        )
        return call.wait()

    def audit_frame(self, kind: str, filter: Filter | None = None) -> _native.Frame:
        """The audit events of the matching records, as a table; each chain is verified. From tier 2."""
        call = self._native.audit_frame(kind, given.copied(filter))
        return call.wait()

    def export(self, format: Format | str, **asked: Unpack[Asked]) -> bytes:
        """Exports the incidents that the actor may see, or the records of another ``kind``.

        Parameters
        ----------
        format : Format
            The format of the file.
        **asked
            As in :class:`eovr.records.Asked`: the language, the records, the events.

        Raises
        ------
        DeniedError
            A list needs tier 2 or above.
        InvalidInputError
            The format is made for incidents, and ``kind`` is another one.
        """
        call = self._native.export(given.asked(format, None, asked))
        made = call.wait()
        assert isinstance(made, bytes)
        return made

    def export_to(self, path: str | os.PathLike[str], format: Format | str, **asked: Unpack[Asked]) -> Path:
        """Exports into a file, page by page, so that memory stays constant.

        An existing file of this name is replaced atomically when the new one is complete.

        Raises
        ------
        DeniedError, UnavailableError
            As :meth:`export`; the file cannot be written.
        """
        call = self._native.export(given.asked(format, path, asked))
        made = call.wait()
        assert isinstance(made, Path)
        return made

    def rotate_key(self, purpose: Purpose | str) -> UUID:
        """Creates a new data key for sealing; older keys still open. Tier 5."""
        call = self._native.rotate_key(purpose)
        return call.wait()

    def destroy_key(self, id: UUID | str, reason: str) -> None:
        """Destroys a retired key. Its sealed values become unreadable in every copy of the store."""
        call = self._native.destroy_key(id, reason)
        call.wait()

    def data_keys(self) -> tuple[DataKey, ...]:
        """The data keys, newest first, without their bytes. Tier 5."""
        call = self._native.data_keys()
        return call.wait()


class Incidents:
    """The incidents of one actor: typed methods over the session's general ones."""

    __slots__ = ("_native", "_session")

    def __init__(self, session: Session) -> None:
        """Use ``session.incidents``."""
        self._session = session
        self._native = session._native.incidents()

    def report(self, facility: str, report: Report, *, id: UUID | str | None = None) -> Reported:
        """Reports an incident in a facility.

        Parameters
        ----------
        facility : str
            The id of the facility.
        report : Report
            The report.
        id : UUID, optional
            Your own id as an idempotency key: the same report again is a :class:`ConflictError`.

        Raises
        ------
        InvalidInputError, NotFoundError, DeniedError
            The report breaks a rule; no such facility in scope; not for this actor.
        """
        call = self._native.report(facility, report, id)
        return call.wait()

    def import_narratives(
        self, facility: str, table: Table, *, category: str = "clinical_process", name: str = "table"
    ) -> Imported:
        """Imports existing reports: each row of a table of pandas, polars, pyarrow or DuckDB.

        A row that breaks a rule is rejected, and the others are reported. The id of an incident is derived from the
        facility, ``name`` and the row's content. So a second import of the same table adds nothing in any order, a
        longer table adds its new rows, and an interrupted import is simply repeated. Two equal rows stay two
        incidents.

        Parameters
        ----------
        facility : str
            The facility of all rows.
        table : object with ``__arrow_c_stream__``
            Its columns have the names of the attributes of :class:`Report`; ``description`` is required. They are
            text, and ``occurred_at`` is a time with a time zone.
        category : str, optional
            For rows without a category.
        name : str, optional
            The name of the data set.

        Raises
        ------
        InvalidInputError
            An unknown column, or a column of another type; then no row is reported.
        NotFoundError, DeniedError, UnavailableError
            No such facility in scope; not for this actor; the store is unavailable, and earlier rows are reported.

        Examples
        --------
        >>> import polars
        >>> from eovr import Actor, Eovr, Role, new_key
        >>> org = [{"id": "CAI", "title": {"en": "Cairo", "ar": "القاهرة"}, "administrations": [
        ...     {"id": "CAI-E", "title": {"en": "Cairo East", "ar": "شرق القاهرة"}, "facilities": [
        ...         {"id": "NIL", "title": {"en": "Nile", "ar": "النيل"}, "time_zone": "Africa/Cairo"}]}]}]
        >>> table = polars.DataFrame({"description": ["Fell out of bed.", ""], "actual_harm": ["mild", None]})
        >>> with Eovr.open("memory:", org=org, keys=new_key()) as engine:
        ...     clerk = engine.session(Actor("import", Role.STAFF, at="NIL"))
        ...     imported = clerk.incidents.import_narratives("NIL", table, category="patient_accident")
        >>> [row.row for row in imported.rejected], imported.there
        ([1], 0)
        """
        call = self._native.import_narratives(facility, table, category, name)
        return call.wait()

    def act(self, id: UUID | str, action: Action | str, note: str | None = None) -> Written:
        """Does an action; :meth:`Session.act` can also set facets and write texts."""
        call = self._session._native.act("incident", id, action, None, None, note, None)
        return call.wait()

    def assess(
        self, id: UUID | str, severity: str, probability: str, *, scheme: str | None = None
    ) -> Written:
        """Rates severity and probability on a scheme; score and band follow from its table.

        Raises
        ------
        InvalidInputError
            A code is not on the scale; the message has the accepted codes.
        """
        call = self._native.assess(id, severity, probability, scheme)
        return call.wait()

    def follow_up(self, id: UUID | str, follow_up: FollowUp, *, own_id: UUID | str | None = None) -> Written:
        """Adds a follow-up action.

        Raises
        ------
        RefusedError
            The incident is not yet taken up, or it is closed.
        """
        call = self._native.follow_up(id, follow_up, own_id)
        return call.wait()

    def finish_follow_up(self, follow_up: UUID | str, evidence: str) -> Written:
        """Finishes a follow-up action, with evidence."""
        call = self._native.finish_follow_up(follow_up, evidence)
        return call.wait()

    def follow_ups(self, id: UUID | str) -> tuple[Record, ...]:
        """The follow-up actions of an incident, newest first."""
        call = self._native.follow_ups(id)
        return call.wait()

    def attach(
        self, id: UUID | str, name: str, data: bytes, *, attachment_id: UUID | str | None = None
    ) -> Written:
        """Attaches a file to an incident: JPEG, PNG or PDF, recognised by its content and not by its name.

        Parameters
        ----------
        id : UUID or str
            The incident.
        name : str
            The name of the file.
        data : bytes
            The file, at most 10 MiB. Place and time of a photograph are removed.
        attachment_id : UUID, optional
            Your own id as an idempotency key: the same file again is a :class:`ConflictError`.

        Raises
        ------
        InvalidInputError, RefusedError, NotFoundError
            Another file type, too large, too many files; not in this state; no such incident in scope.
        ConfigError
            The engine has no storage for files.
        """
        call = self._native.attach(id, name, data, attachment_id)
        return call.wait()

    def attachments(self, id: UUID | str) -> tuple[Record, ...]:
        """The files of an incident, newest first, including removed ones."""
        call = self._native.attachments(id)
        return call.wait()

    def read_attachment(self, id: UUID | str, attachment: UUID | str) -> File:
        """Opens a file of an incident. The audit trail records the download first.

        Raises
        ------
        NotFoundError, RefusedError, TamperedError, KeyUnavailableError
            The incident has no such file; it was removed; it was changed; its key is missing.
        """
        call = self._native.read_attachment(id, attachment)
        return call.wait()

    def remove_attachment(self, id: UUID | str, attachment: UUID | str, reason: str) -> Written:
        """Removes a file for good, with a reason. The audit trail keeps the fact that it existed."""
        call = self._native.remove_attachment(id, attachment, reason)
        return call.wait()

    def reopen(self, closed: UUID | str, reason: str, report: Report) -> Reported:
        """Continues a closed incident in a new report. The two changes are one transaction."""
        call = self._native.reopen(closed, reason, report)
        return call.wait()

    def list(
        self,
        state: State | str | None = None,
        filter: Filter | None = None,
        *,
        after: Cursor | None = None,
        limit: int = 50,
    ) -> Page[Record]:
        """A page of incidents, newest first, of one state or of all."""
        asked = {**(filter or {})} if state is None else {**(filter or {}), "state": state}
        call = self._session._native.find("incident", asked, after, limit)
        return call.wait()

    def of_file(self, number: str) -> Page[Record]:
        """The incidents in scope of one patient file, with any spelling of its number."""
        call = self._native.of_file(number)
        return call.wait()

    def load(self, id: UUID | str) -> Record:
        """One incident."""
        call = self._session._native.load("incident", id)
        return call.wait()

    def trail(self, id: UUID | str) -> Trail:
        """The audit trail of one incident, verified."""
        call = self._session._native.trail("incident", id)
        return call.wait()

    def legal(self, id: UUID | str) -> tuple[Legal, ...]:
        """The actions that the actor could do on an incident now."""
        call = self._session._native.legal("incident", id)
        return call.wait()

    def summary(self) -> Summary:
        """The figures of the incidents in scope. From tier 2."""
        call = self._native.summary()
        return call.wait()

    def labelled(self, label: str, *, filter: Filter | None = None) -> _native.Frame:
        """Incidents with a label and their narratives, for training and evaluation.

        Parameters
        ----------
        label : str
            The facet that holds the label, such as ``severity`` or ``category``. Incidents without a label
            are left out.
        filter : mapping, optional
            The incidents, as in :meth:`Session.find`.

        Returns
        -------
        Frame
            A table with the column ``description`` and the label's column. It is patient data. From tier 2.
        """
        facets = [*dict.fromkeys([label, "category", "actual_harm", "potential_harm"])]
        call = self._session._native.frame("incident", facets, ["description"], given.copied(filter), [label])
        return call.wait()
