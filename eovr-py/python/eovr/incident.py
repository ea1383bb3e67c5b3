"""Incidents: what a reporter tells, what can be done with it, and what is answered.

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
    """How far an incident went, mildest first."""

    UNSAFE_CONDITION = "unsafe_condition"
    NEAR_MISS = "near_miss"
    NO_HARM = "no_harm"
    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"
    DEATH = "death"


class Reporter(enum.StrEnum):
    """Who reports. An anonymous report carries no actor's id, even where somebody was logged in."""

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
    """What can be done with an incident."""

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
    """What a reporter tells. Only category and description are asked for; the rest can follow.

    Attributes
    ----------
    category : str
        What kind of event: a code of the taxonomy, such as ``medication`` or ``patient_accident``.
    description : str
        What happened, in the reporter's own words: 10 to 60,000 characters. Sealed, and kept as written.
    subtype : str or None
        Which more exactly: a code below the category.
    specific_error : str or None
        What exactly went wrong. Sealed.
    occurred_at : datetime or None
        When it happened: aware, from 2000 on, not in the future.
    location : str or None
        The code of a ward or unit.
    reporter : Reporter
        Who reports.
    involved_person, medical_file_number, immediate_action, responsible_manager : str or None
        Sealed; equal file numbers can be found.
    disclosed : bool or None
        Whether the patient was told.
    disclosure_responsible, notes : str or None
        Sealed.
    factors : sequence of str
        What contributed: ``staff``, ``communication``, ``equipment`` …
    actual_harm, potential_harm : Harm or None
        What harm it did, and what it could have done.
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
    """A report that was made.

    Attributes
    ----------
    id, version, number
        As of :class:`Written`.
    receipt : str
        With this code the reporter can follow the report without an account. It is shown once: only its
        digest is kept.
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
        Its place in the table, from 0.
    problem : str
        Which rule; never what stands in the row.
    help : str or None
        What would have been accepted.
    """

    row: int
    problem: str
    help: str | None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a table of reports.

    Attributes
    ----------
    ids : tuple of UUID or None
        The incident of each row, in order; ``None`` where the row was rejected.
    there : int
        How many of them an earlier import had made.
    rejected : tuple of Rejected
        The rows that break a rule.
    """

    ids: tuple[UUID | None, ...] = field(repr=False)
    there: int
    rejected: tuple[Rejected, ...]


class FollowUpKind(enum.StrEnum):
    """What a follow-up action is for: against this event, or against the next."""

    CORRECTIVE = "corrective"
    PREVENTIVE = "preventive"


class Strength(enum.StrEnum):
    """How much an action can be relied on, after the action hierarchy of RCA² (NPSF, 2015)."""

    STRONGER = "stronger"
    INTERMEDIATE = "intermediate"
    WEAKER = "weaker"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """Something to be done about an incident: by whom, until when.

    Attributes
    ----------
    task : str
        What is to be done; 5 characters at least. Sealed.
    owner : str
        Who sees to it: an actor's id.
    due_at : datetime
        Until when; aware.
    kind : FollowUpKind
        Against this event or against the next.
    strength : Strength or None
        How much it can be relied on.
    """

    task: str = field(repr=False)
    owner: str
    due_at: datetime
    kind: FollowUpKind
    strength: Strength | None = None


@dataclass(frozen=True, slots=True)
class StateBySeverity:
    """How many incidents of one state and severity; ``None``: nobody has rated them."""

    state: str
    severity: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """How many incidents there are in scope. Disposed reports are left out.

    Attributes
    ----------
    total : int
        All of them.
    cells : tuple of StateBySeverity
        Each combination that occurs.
    high_risk : int
        Of high risk, and not completed.
    pending_review : int
        Reported, and nobody has looked yet.
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
    """What the holder of a receipt sees: where the report stands, and what was asked."""

    number: str | None
    state: str
    created_at: datetime
    updated_at: datetime
    exchange: tuple[Exchange, ...]
    waiting: bool
