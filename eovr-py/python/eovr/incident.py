"""Incidents: reports, actions and results.

>>> from eovr import Report
>>> Report(category="medication", description="Ten times the dose was given.")
Report(category='medication', subtype=None, occurred_at=None, location=None, \
reporter=<Reporter.STAFF: 'staff'>, disclosed=None, factors=(), actual_harm=None, potential_harm=None)
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

__all__ = [
    "Action",
    "Exchange",
    "FollowUp",
    "FollowUpKind",
    "Harm",
    "Imported",
    "ReceiptView",
    "Rejected",
    "Report",
    "Reported",
    "Reporter",
    "State",
    "StateBySeverity",
    "Strength",
    "Summary",
]


class Harm(enum.StrEnum):
    """The harm of an incident, mildest first."""

    UNSAFE_CONDITION = "unsafe_condition"
    NEAR_MISS = "near_miss"
    NO_HARM = "no_harm"
    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"
    DEATH = "death"


class Reporter(enum.StrEnum):
    """The reporter. An anonymous report stores no actor's id, even from a session of a known actor."""

    STAFF = "staff"
    PATIENT = "patient"
    ANONYMOUS = "anonymous"


class State(enum.StrEnum):
    """The six states of an incident."""

    CREATED = "created"
    IN_PROGRESS = "in_progress"
    EVALUATING = "evaluating"
    MORE_INFO_NEEDED = "more_info_needed"
    ACTION_TAKEN = "action_taken"
    COMPLETED = "completed"


class Action(enum.StrEnum):
    """The actions on an incident."""

    REPORT = "report"
    START = "start"
    EVALUATE = "evaluate"
    ASK = "ask"
    ANSWER = "answer"
    TAKE_ACTION = "take_action"
    COMPLETE = "complete"
    COMPLETE_EARLY = "complete_early"
    CORRECT = "correct"
    AMEND = "amend"
    ADD_REMARK = "add_remark"
    ASSESS = "assess"
    EDIT_JCI = "edit_jci"
    REVIEW_AI = "review_ai"
    OPEN_FOLLOW_UP = "open_follow_up"
    ATTACH = "attach"
    DISPOSE = "dispose"
    RESTORE = "restore"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report. Category and description are required; the rest can follow.

    Attributes
    ----------
    category : str
        The kind of event: a code of the taxonomy, such as ``medication`` or ``patient_accident``.
    description : str
        What happened, in the reporter's own words: 10 to 60,000 characters. Sealed, and kept as written.
    subtype : str or None
        A code below the category.
    specific_error : str or None
        The exact error. Sealed.
    occurred_at : datetime or None
        When it happened: an aware datetime, from 2000 on, not in the future.
    location : str or None
        The code of a ward or unit.
    reporter : Reporter
        The kind of reporter.
    involved_person, medical_file_number, immediate_action, responsible_manager : str or None
        Sealed; incidents can be found by file number.
    disclosed : bool or None
        Whether the patient was told.
    disclosure_responsible, notes : str or None
        Sealed.
    factors : sequence of str
        Contributing factors: ``staff``, ``communication``, ``equipment`` …
    actual_harm, potential_harm : Harm or None
        The actual harm, and the potential harm.
    """

    category: str
    description: str = field(repr=False)
    subtype: str | None = None
    specific_error: str | None = field(default=None, repr=False)
    occurred_at: datetime | None = None
    location: str | None = None
    reporter: Reporter = Reporter.STAFF
    involved_person: str | None = field(default=None, repr=False)
    medical_file_number: str | None = field(default=None, repr=False)
    immediate_action: str | None = field(default=None, repr=False)
    responsible_manager: str | None = field(default=None, repr=False)
    disclosed: bool | None = None
    disclosure_responsible: str | None = field(default=None, repr=False)
    notes: str | None = field(default=None, repr=False)
    factors: Sequence[str] = ()
    actual_harm: Harm | None = None
    potential_harm: Harm | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """The result of a report.

    Attributes
    ----------
    id, version, number
        As of :class:`Written`.
    receipt : str
        With this code the reporter can follow the report without an account. It is shown once, because the store
        keeps only its digest.
    """

    id: UUID
    version: int
    number: str | None
    receipt: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row of an import that breaks a rule.

    Attributes
    ----------
    row : int
        Its index in the table, from 0.
    problem : str
        The broken rule, without content of the row.
    help : str or None
        The accepted input.
    """

    row: int
    problem: str
    help: str | None


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import.

    Attributes
    ----------
    ids : tuple of UUID or None
        The incident of each row, in order; ``None`` for a rejected row.
    there : int
        How many of them existed from an earlier import.
    rejected : tuple of Rejected
        The rows that break a rule.
    """

    ids: tuple[UUID | None, ...] = field(repr=False)
    there: int
    rejected: tuple[Rejected, ...]


class FollowUpKind(enum.StrEnum):
    """The aim of a follow-up action: correct this event, or prevent the next."""

    CORRECTIVE = "corrective"
    PREVENTIVE = "preventive"


class Strength(enum.StrEnum):
    """How effective an action is, after the action hierarchy of RCA² (NPSF, 2015)."""

    STRONGER = "stronger"
    INTERMEDIATE = "intermediate"
    WEAKER = "weaker"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """A follow-up action of an incident, with its owner and due date.

    Attributes
    ----------
    task : str
        The task; at least 5 characters. Sealed.
    owner : str
        The id of the responsible actor.
    due_at : datetime
        The due date, an aware datetime.
    kind : FollowUpKind
        Corrective or preventive.
    strength : Strength or None
        How effective it is.
    """

    task: str = field(repr=False)
    owner: str
    due_at: datetime
    kind: FollowUpKind
    strength: Strength | None = None


@dataclass(frozen=True, slots=True)
class StateBySeverity:
    """The number of incidents of one state and severity; ``None`` if they are not rated."""

    state: str
    severity: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """The number of incidents in scope, without disposed reports.

    Attributes
    ----------
    total : int
        All incidents.
    cells : tuple of StateBySeverity
        Each combination that occurs.
    high_risk : int
        High-risk incidents that are not completed.
    pending_review : int
        Reports without a reviewer.
    overdue : int
        Not completed within 45 days.
    """

    total: int
    cells: tuple[StateBySeverity, ...]
    high_risk: int
    pending_review: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question to the reporter, or an answer or addition by the reporter."""

    at: datetime
    action: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """The holder's view of a report: its state, and the questions."""

    number: str | None
    state: str
    created_at: datetime
    updated_at: datetime
    exchange: tuple[Exchange, ...]
    waiting: bool
