"""What a narrative tells, and what may be better left out of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from eovr import _native

__all__ = ["Finding", "What", "findings", "redact"]


class What(enum.StrEnum):
    """What a piece of a narrative tells."""

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
    """One thing that was found, and where.

    Attributes
    ----------
    what : What
        What it tells: the kind of event, what contributed, a drug, a device, somebody by what they are, a part of the
        body, a time; or what the reporter may want to write otherwise: a name, a word of blame.
    code : str
        What is meant, by a stable name; of a time of day ``HH:MM``, of a name always ``name``.
    span : tuple of int
        Where, so that ``narrative[start:end]`` is what it is about.
    """

    what: What
    code: str
    span: tuple[int, int]


def findings(narrative: str) -> tuple[Finding, ...]:
    """Points at what word lists in English and Arabic know, in the order of the text. A person chooses.

    Parameters
    ----------
    narrative : str
        What happened. The first 64 KiB are read.

    Examples
    --------
    >>> from eovr import triage
    >>> text = "The careless nurse Fatima gave heparin twice."
    >>> [(str(found.what), text[slice(*found.span)]) for found in triage.findings(text)]
    [('blame', 'careless'), ('person', 'nurse'), ('name', 'Fatima'), ('drug', 'heparin')]
    """
    return tuple(Finding(What(what), code, span) for what, code, span in _native.findings(narrative))


def redact(narrative: str) -> str:
    """Puts a word for the kind in the place of whatever names a person, in English and in Arabic.

    It goes by titles, lists and shapes, so it misses names that no list has and no title announces: it makes a text less
    telling, not anonymous. What lies beyond the first 64 KiB is left out.

    Parameters
    ----------
    narrative : str
        What happened.

    Examples
    --------
    >>> from eovr import triage
    >>> triage.redact("Mr. John Smith, MRN 123456, fell on 12/03/2024; call 0100 123 4567.")
    'Mr. [name], MRN [file number], fell on [date]; call [phone].'
    """
    return _native.redact(narrative)
