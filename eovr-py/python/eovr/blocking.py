"""The engine, for programs that wait for each answer. :mod:`eovr.aio` is made of this file, and awaits.

A call releases the interpreter while it waits, so threads go on, and Ctrl-C works while a database is away.
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
        """Opens an engine on a database, and makes the tables that are missing.

        Parameters
        ----------
        url : str
            ``sqlite:///var/lib/eovr/hospital.db`` (``sqlite://hospital.db`` is relative),
            ``postgresql://USER:PASSWORD@HOST/DATABASE``, ``mysql://…`` for MariaDB too,
            ``mongodb://HOST/DATABASE?replicaSet=rs0``, or ``memory:`` for what nobody needs tomorrow.
        org : sequence of mappings
            Governorates with their administrations and facilities, as in the example of :class:`Eovr`.
        keys : str or bytes
            The master key: 32 random bytes, or their base64. On MongoDB 96 bytes stand for its own encryption,
            which pymongo reads with the same key. See :func:`eovr.new_key`.
        previous_keys : str or bytes, optional
            The master key before; every data key is wrapped anew.
        kinds : sequence of mappings, optional
            Kinds of record of your own, as data.
        checks : mapping from name to callable, optional
            Answers the needs ``check`` of your workflows. A check is told the record and who asks, and answers
            True or False. What it raises is no yes: the action is refused, with the exception as its cause.
        incidents : bool, optional
            Whether the incident and its follow-up action are among the kinds.
        schemes : sequence of str, optional
            The risk schemes that may be used, the default first: ``eovr-3x3``, ``va-sac``, ``nsw-sac``,
            ``npsa-5x5``.
        scorer : "rules", Model, callable or None, optional
            What reads a new report. A callable is one that :func:`eovr.triage.evaluate` takes too: from a narrative
            to how likely high risk is (0 to 1), which orders reports, or to a :class:`eovr.triage.Judgement`, which
            can raise a flag as well; its ``__name__`` and its
            ``version``, where it has one, stand beside what it says. A report waits a second for it and no longer.
            What it raises goes to :func:`sys.unraisablehook`. The rules are the floor of whatever a scorer says, and
            speak alone where it says nothing.
        figures_in_memory : bool, optional
            Keeps the counts in memory, for a whole country's figures in a millisecond.
        files : Files, optional
            Where attachments are kept, sealed: :class:`Folder`, or an object of yours that has its methods.

        Raises
        ------
        ConfigError
            Parts do not fit; the message says which.
        KeyUnavailableError
            The master key is not the one that the store's keys are wrapped with.
        UnavailableError
            The store cannot be reached.
        """
        parts = given.parts(
            url, org, keys, previous_keys, kinds, checks, incidents, schemes, scorer, figures_in_memory, files
        )
        call = _native.open(parts)
        return cls(call.wait())

    def session(self, actor: Actor | Visitor) -> Session:
        """The engine bound to an actor. The host has verified who it is.

        Raises
        ------
        ConfigError
            The actor's place is not of the role's level, or not in the organisation.
        """
        return Session(self._native.session(actor))

    def receipt(self, code: str) -> ReceiptView:
        """What the holder of a receipt sees.

        Raises
        ------
        NotFoundError
            No report has this code.
        """
        call = self._native.receipts().view(code)
        return call.wait()

    def answer_with_receipt(self, code: str, answer: str) -> Written:
        """Answers the question that a report waits on.

        Raises
        ------
        NotFoundError, RefusedError
            No report has this code; no question was asked.
        """
        call = self._native.receipts().answer(code, answer)
        return call.wait()

    def remark_with_receipt(self, code: str, remark: str) -> Written:
        """Adds to the story; possible in every state."""
        call = self._native.receipts().remark(code, remark)
        return call.wait()

    def correct_with_receipt(
        self,
        code: str,
        *,
        set: Mapping[str, Facet | None] | None = None,
        write: Mapping[str, str | None] | None = None,
    ) -> Written:
        """Corrects a report, within the 30 minutes that every reporter has.

        Raises
        ------
        RefusedError
            Later than that.
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
        """Who may do what, over all kinds, as a table in Markdown."""
        return self._native.actions()

    @property
    def closed(self) -> bool:
        """Whether nothing can be asked any more: closed, or opened before this process was forked."""
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
    """The engine bound to one actor: the only handle with verbs."""

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
            What, where, and the action of its workflow that creates it.
        set : mapping, optional
            Facets: codes, numbers, aware datetimes.
        write : mapping, optional
            Texts that will be sealed.
        note : str, optional
            Why, for the audit trail. Sealed.
        id : UUID, optional
            An id of your own, so that the same call made again is a :class:`ConflictError` and no second record.

        Raises
        ------
        InvalidInputError, RefusedError, DeniedError
            A rule is broken; the workflow says no; this actor may not.
        NotFoundError
            There is no such facility in the actor's scope.
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
            The parent is out of scope; its workflow takes no such child now. Else as :meth:`create`.
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
            What is done with which record.
        set, write : mapping, optional
            Facets and texts; ``None`` as a value takes one away.
        note : str, optional
            Why, for the audit trail. Sealed.
        expecting : int, optional
            Only if the record still has this version; otherwise it is decided on the newest.

        Raises
        ------
        RefusedError
            The workflow does not allow it now; ``error.legal`` says what it does.
        ConflictError
            The record has another version than the expected one.
        NotFoundError, DeniedError, InvalidInputError
            Out of scope; not for this actor; a value breaks a rule.
        """
        call = self._native.act(kind, id, action, given.copied(set), given.copied(write), note, expecting)
        return call.wait()

    def load(self, kind: str, id: UUID | str) -> Record:
        """One record. Its texts stay sealed until :meth:`open` is asked for one.

        Raises
        ------
        NotFoundError
            For absent and out of scope alike.
        """
        call = self._native.load(kind, id)
        return call.wait()

    def open(self, record: Record, field: str) -> str | None:
        """Opens a sealed field; ``None`` where it is not set.

        Raises
        ------
        TamperedError, KeyUnavailableError
            The value is not what was sealed there; its key is gone.
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
            What.
        filter : mapping, optional
            From column to test: ``{"state": "created", "severity": In(["severe"]), "created": From(day)}``.
            Columns are the facets, and ``number``, ``governorate``, ``administration``, ``facility``,
            ``author``, ``parent``, ``state``, ``month``, ``created``. A searchable sealed field is found by
            its text.
        after : Cursor, optional
            The ``next`` of the page before.
        limit : int, optional
            1 to 500.

        Raises
        ------
        DeniedError, InvalidInputError
            The kind is not for this tier; it has no such column.
        """
        call = self._native.find(kind, given.copied(filter), after, limit)
        return call.wait()

    def records(self, kind: str, filter: Filter | None = None) -> Iterator[Record]:
        """All records that pass, newest first, read page by page."""
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
        """A page of records with these facets and without what is sealed, in less time."""
        call = self._native.list(kind, [*facets], given.copied(filter), after, limit)
        return call.wait()

    def tally(self, kind: str, by: Sequence[str] = (), filter: Filter | None = None) -> Figures:
        """Counts, for each combination of some columns, at most four.

        Raises
        ------
        DeniedError
            By place from tier 4, by time from tier 3, others from tier 2.
        """
        call = self._native.tally(kind, [*by], given.copied(filter))
        return call.wait()

    def legal(self, kind: str, id: UUID | str) -> tuple[Legal, ...]:
        """What the actor could do with a record now, with what each action still lacks."""
        call = self._native.legal(kind, id)
        return call.wait()

    def trail(self, kind: str, id: UUID | str) -> Trail:
        """The audit trail of a record, verified. A broken chain is no error: the verdict says where."""
        call = self._native.trail(kind, id)
        return call.wait()

    def events(self, kind: str, id: UUID | str) -> tuple[StoredEvent, ...]:
        """The events of a record as they are stored, for a verifier that is not ours."""
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
        """All records that pass, as a table that pandas, polars and DuckDB read without a copy.

        Parameters
        ----------
        kind : str
            What.
        facets : sequence of str, optional
            Which facets; all that mean something to people, where none are named.
        fields : sequence of str, optional
            Sealed fields that are opened: with them the table is patient data. From tier 2.
        filter : mapping, optional
            As in :meth:`find`.
        """
        call = self._native.frame(
            kind, None if facets is None else [*facets], [*fields], given.copied(filter), []
        )
        return call.wait()

    def audit_frame(self, kind: str, filter: Filter | None = None) -> _native.Frame:
        """The audit events of the records that pass, as a table; each chain is verified. From tier 2."""
        call = self._native.audit_frame(kind, given.copied(filter))
        return call.wait()

    def export(self, format: Format | str, **asked: Unpack[Asked]) -> bytes:
        """Writes incidents for other programs, as far as the actor sees them.

        Parameters
        ----------
        format : Format
            What to make.
        **asked
            As :class:`eovr.records.Asked` has it: the language, which incidents, which events.

        Raises
        ------
        DeniedError
            A list is for tier 2 and above.
        """
        call = self._native.export(given.asked(format, None, asked))
        made = call.wait()
        assert isinstance(made, bytes)
        return made

    def export_to(self, path: str | os.PathLike[str], format: Format | str, **asked: Unpack[Asked]) -> Path:
        """The same into a file, page by page, however many there are.

        A file of this name is replaced once the new one is whole, and never by half of one.

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
        """Makes a new data key that seals from now on; older ones still open. Tier 5."""
        call = self._native.rotate_key(purpose)
        return call.wait()

    def destroy_key(self, id: UUID | str, reason: str) -> None:
        """Destroys a key that no longer seals: what it sealed is unreadable in every copy of the store."""
        call = self._native.destroy_key(id, reason)
        call.wait()

    def data_keys(self) -> tuple[DataKey, ...]:
        """The data keys, newest first, without their bytes. Tier 5."""
        call = self._native.data_keys()
        return call.wait()


class Incidents:
    """Incidents, as one actor may work with them: typed verbs over the session's general ones."""

    __slots__ = ("_native", "_session")

    def __init__(self, session: Session) -> None:
        """Use ``session.incidents``."""
        self._session = session
        self._native = session._native.incidents()

    def report(self, facility: str, report: Report, *, id: UUID | str | None = None) -> Reported:
        """Reports what happened in a facility.

        Parameters
        ----------
        facility : str
            Where.
        report : Report
            What.
        id : UUID, optional
            An id of your own, so that the same report sent again is a :class:`ConflictError`.

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
        """Reports each row of a table: existing reports, out of pandas, polars, pyarrow or DuckDB.

        A row that breaks a rule is rejected, and the others are reported. The id of an incident follows from
        the facility, ``name`` and what stands in the row: a table that is imported again adds nothing, however it
        was sorted, one that has grown adds what is new, and an import that was stopped is simply run again. Two
        rows with the same in them stay two.

        Parameters
        ----------
        facility : str
            Where all of it happened.
        table : object with ``__arrow_c_stream__``
            Its columns are called as the words of :class:`Report`; ``description`` must be there. They are
            text, and ``occurred_at`` is a moment with a time zone.
        category : str, optional
            For rows that name none.
        name : str, optional
            What the table is called.

        Raises
        ------
        InvalidInputError
            Another column, or one of another type; nothing is reported then.
        NotFoundError, DeniedError, UnavailableError
            No such facility in scope; not for this actor; the store is away, and rows before are reported.

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
        """Does an action; :meth:`Session.act` also sets and writes."""
        call = self._session._native.act("incident", id, action, None, None, note, None)
        return call.wait()

    def assess(
        self, id: UUID | str, severity: str, probability: str, *, scheme: str | None = None
    ) -> Written:
        """Rates severity and probability on a scheme; score and band follow from its table.

        Raises
        ------
        InvalidInputError
            Off the scale; the message has the accepted codes.
        """
        call = self._native.assess(id, severity, probability, scheme)
        return call.wait()

    def follow_up(self, id: UUID | str, follow_up: FollowUp, *, own_id: UUID | str | None = None) -> Written:
        """Adds a follow-up action.

        Raises
        ------
        RefusedError
            Nobody has taken the incident up, or it is closed.
        """
        call = self._native.follow_up(id, follow_up, own_id)
        return call.wait()

    def finish_follow_up(self, follow_up: UUID | str, evidence: str) -> Written:
        """Finishes a follow-up action, with what shows that it was done."""
        call = self._native.finish_follow_up(follow_up, evidence)
        return call.wait()

    def follow_ups(self, id: UUID | str) -> tuple[Record, ...]:
        """The follow-up actions of an incident, newest first."""
        call = self._native.follow_ups(id)
        return call.wait()

    def attach(
        self, id: UUID | str, name: str, data: bytes, *, attachment_id: UUID | str | None = None
    ) -> Written:
        """Adds a photograph or a paper to an incident: JPEG, PNG or PDF, by its bytes and not by its name.

        Parameters
        ----------
        id : UUID or str
            The incident.
        name : str
            What people call the file.
        data : bytes
            The file, at most 10 MiB. Where a photograph was taken, and when, is taken out.
        attachment_id : UUID, optional
            An id of your own, so that the same file sent again is a :class:`ConflictError`.

        Raises
        ------
        InvalidInputError, RefusedError, NotFoundError
            Another sort of file, too large, one too many; not in this state; no such incident in scope.
        ConfigError
            The engine was given no place for files.
        """
        call = self._native.attach(id, name, data, attachment_id)
        return call.wait()

    def attachments(self, id: UUID | str) -> tuple[Record, ...]:
        """The files of an incident, newest first, those taken away included."""
        call = self._native.attachments(id)
        return call.wait()

    def read_attachment(self, id: UUID | str, attachment: UUID | str) -> File:
        """Opens a file of an incident. Who read it and when stands in its trail before it is given.

        Raises
        ------
        NotFoundError, RefusedError, TamperedError, KeyUnavailableError
            None such with that incident; it was taken away; it is not what was kept; its key is gone.
        """
        call = self._native.read_attachment(id, attachment)
        return call.wait()

    def remove_attachment(self, id: UUID | str, attachment: UUID | str, reason: str) -> Written:
        """Takes a file away for good, and says why. That it was there stays known."""
        call = self._native.remove_attachment(id, attachment, reason)
        return call.wait()

    def reopen(self, closed: UUID | str, reason: str, report: Report) -> Reported:
        """Lets the work on a closed incident go on in a new report. Both happen, or neither."""
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
        """The incidents of one patient file in scope, however the number was typed."""
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
        """What the actor could do with an incident now."""
        call = self._session._native.legal("incident", id)
        return call.wait()

    def summary(self) -> Summary:
        """The figures of what the actor sees. From tier 2."""
        call = self._native.summary()
        return call.wait()

    def labelled(self, label: str, *, filter: Filter | None = None) -> _native.Frame:
        """Incidents that people have labelled, with their narratives: a set to train and evaluate with.

        Parameters
        ----------
        label : str
            The facet that holds the label, such as ``severity`` or ``category``. Incidents without one are
            left out.
        filter : mapping, optional
            Which incidents, as in :meth:`Session.find`.

        Returns
        -------
        Frame
            With the columns ``description`` and, by its name, the label. It is patient data. From tier 2.
        """
        facets = [*dict.fromkeys([label, "category", "actual_harm", "potential_harm"])]
        call = self._session._native.frame("incident", facets, ["description"], given.copied(filter), [label])
        return call.wait()
