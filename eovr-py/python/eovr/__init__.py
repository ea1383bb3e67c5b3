"""eovr: incident reporting for hospitals, as a library.

Workflow, scope, risk, sealing, audit and triage on your own database. :class:`Eovr` opens an engine, and a
:class:`Session` acts for one actor. :mod:`eovr.aio` has the same classes for asynchronous programs, and
:mod:`eovr.triage` scores narratives.

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
        # Imported on first use, so that other programs start sooner. Hidden from type checkers, which would
        # accept any name as a module.
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
    """A new master key for your secret store. Sealed values cannot be read without it.

    Parameters
    ----------
    mongodb : bool, optional
        96 bytes instead of 32, for MongoDB's own encryption.
    """
    return base64.b64encode(os.urandom(96 if mongodb else 32)).decode("ascii")


atexit.register(_native._end)
