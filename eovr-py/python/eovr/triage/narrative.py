"""Findings in a narrative, and removal of identifiers."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from eovr import _native

__all__ = ["Finding", "What", "findings", "redact"]


class What(enum.StrEnum):
    """The class of a finding."""

    TYPE = "type"
    FACTOR = "factor"
    DRUG = "drug"
    DEVICE = "device"
    PERSON = "person"
    BODY_SITE = "body_site"
    TIME = "time"
    NAME = "name"
    BLAME = "blame"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding, and its span.

    Attributes
    ----------
    what : What
        The class: the kind of event, a contributing factor, a drug, a device, a person's role, a part of the body,
        a time; or text that the reporter may want to change: a name, a word of blame.
    code : str
        A stable code of the meaning; for a time of day ``HH:MM``, for a name always ``name``.
    span : tuple of int
        The span: ``narrative[start:end]`` is the text of the finding.
    """

    what: What
    code: str
    span: tuple[int, int]


def findings(narrative: str) -> tuple[Finding, ...]:
    """Finds terms of the English and Arabic word lists, in the order of the text. A person decides what to change.

    Parameters
    ----------
    narrative : str
        The narrative. Only the first 64 KiB are read.

    Examples
    --------
    >>> from eovr import triage
    >>> text = "The careless nurse Fatima gave heparin twice."
    >>> [(str(found.what), text[slice(*found.span)]) for found in triage.findings(text)]
    [('blame', 'careless'), ('person', 'nurse'), ('name', 'Fatima'), ('drug', 'heparin')]
    """
    return tuple(Finding(What(what), code, span) for what, code, span in _native.findings(narrative))


def redact(narrative: str) -> str:
    """Replaces identifiers of persons by a word for their kind, in English and in Arabic.

    It uses titles, lists and patterns, so it misses names that are on no list and have no title. So the result is not
    anonymous. Text beyond the first 64 KiB is left out.

    Parameters
    ----------
    narrative : str
        The narrative.

    Examples
    --------
    >>> from eovr import triage
    >>> triage.redact("Mr. John Smith, MRN 123456, fell on 12/03/2024; call 0100 123 4567.")
    'Mr. [name], MRN [file number], fell on [date]; call [phone].'
    """
    return _native.redact(narrative)
