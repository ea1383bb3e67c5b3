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
import importlib
import os
from typing import TYPE_CHECKING

from eovr import _native
from eovr._native import Frame
from eovr.blocking import Eovr, Incidents, Session
from eovr.errors import *
from eovr.errors import __all__ as _errors
from eovr.files import *
from eovr.files import __all__ as _files
from eovr.incident import *
from eovr.incident import __all__ as _incident
from eovr.records import *
from eovr.records import __all__ as _records

if TYPE_CHECKING:
    from eovr import aio, triage
else:

    def __getattr__(name):
        # Loaded by whoever uses them: a program that does not starts sooner. Hidden from type checkers, which
        # would take any name for a module.
        if name in ("aio", "triage"):
            return importlib.import_module(f"eovr.{name}")
        raise AttributeError(f"module 'eovr' has no attribute {name!r}")


__all__ = [
    "Eovr",
    "Frame",
    "Incidents",
    "Session",
    "aio",
    "new_key",
    "triage",
    *_errors,
    *_files,
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
    return base64.b64encode(os.urandom(96 if mongodb else 32)).decode("ascii")


atexit.register(_native._end)
