"""eovr: incident reporting for hospitals, as a library.

Workflow, scope, risk, sealing, audit and triage on the database that you have. :class:`Eovr` is the door,
:class:`Session` the only handle with verbs; :mod:`eovr.aio` has the same two for programs that await, and
:mod:`eovr.triage` reads narratives.

>>> import eovr
>>> len(eovr.new_key())
44
"""

from __future__ import annotations

import atexit
import base64
import secrets

from eovr import _native, aio, triage
from eovr._native import Frame
from eovr.blocking import Eovr, Incidents, Session
from eovr.errors import *
from eovr.errors import __all__ as _errors
from eovr.incident import *
from eovr.incident import __all__ as _incident
from eovr.records import *
from eovr.records import __all__ as _records

__all__ = [
    "Eovr",
    "Frame",
    "Incidents",
    "Session",
    "aio",
    "new_key",
    "triage",
    *_errors,
    *_incident,
    *_records,
]

__version__ = _native.__version__


def new_key(*, mongodb: bool = False) -> str:
    """A new master key, for your secret store: without it nobody reads what was sealed.

    Parameters
    ----------
    mongodb : bool, optional
        96 bytes instead of 32, for MongoDB's own encryption.
    """
    return base64.b64encode(secrets.token_bytes(96 if mongodb else 32)).decode("ascii")


atexit.register(_native._end)
