"""The exceptions of eovr: one class for each error kind of the engine.

The message names the problem, :attr:`EovrError.help` the accepted input. Neither repeats text of a report, because
messages end up in logs, and people read logs who may not read reports.

>>> import eovr
>>> issubclass(eovr.NotFoundError, LookupError), issubclass(eovr.InvalidInputError, ValueError)
(True, True)
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

__all__ = [
    "BugError",
    "Cause",
    "ConfigError",
    "ConflictError",
    "DeniedError",
    "EovrError",
    "ErrorKind",
    "InvalidInputError",
    "KeyUnavailableError",
    "NotFoundError",
    "Refusal",
    "RefusedError",
    "TamperedError",
    "UnauthenticatedError",
    "UnavailableError",
    "UncertainError",
    "Unmet",
]


class ErrorKind(enum.StrEnum):
    """The error kinds, by the names that the engine uses everywhere."""

    INVALID_INPUT = "invalid_input"
    REFUSED = "refused"
    UNAUTHENTICATED = "unauthenticated"
    DENIED = "denied"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TAMPERED = "tampered"
    KEY = "key"
    UNAVAILABLE = "unavailable"
    UNCERTAIN = "uncertain"
    CONFIG = "config"
    BUG = "bug"


@dataclass(frozen=True, slots=True)
class Unmet:
    """One need of an action that is not met.

    Attributes
    ----------
    need : str
        Its name in the table of actions: ``human``, ``note``, ``children_closed`` …
    wants : str
        What would meet it, as text.
    """

    need: str
    wants: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the workflow refused an action, and which actions it allows.

    A user interface can draw its buttons from it.

    Attributes
    ----------
    kind, state, action : str
        The record's kind and state, and the refused action.
    legal : tuple of str
        The actions of this state, for any actor.
    unmet : tuple of Unmet
        The needs that the action does not meet; empty if the state does not have this action.
    """

    kind: str
    state: str
    action: str
    legal: tuple[str, ...]
    unmet: tuple[Unmet, ...]


class Cause(Exception):
    """The underlying error: of a driver, a file, a parser."""


class EovrError(Exception):
    """The base class of all errors of eovr.

    Attributes
    ----------
    kind : ErrorKind
        The error kind; each kind has a class.
    message : str
        The problem, in a sentence.
    help : str or None
        The accepted input, if known.
    operation : str or None
        The method during which it happened.
    field : str or None
        The facet, field or argument that the problem is about.
    context : Mapping of str to str
        Facts: ids, names, numbers.
    refusal : Refusal or None
        The workflow's answer; only on :class:`RefusedError`.
    """

    kind: ClassVar[ErrorKind] = ErrorKind.BUG

    def __init__(
        self,
        message: str,
        *,
        help: str | None = None,
        operation: str | None = None,
        field: str | None = None,
        context: Mapping[str, str] | None = None,
        refusal: Refusal | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.help = help
        self.operation = operation
        self.context: Mapping[str, str] = MappingProxyType(dict(context or {}))
        self.refusal = refusal

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.kind in (ErrorKind.CONFLICT, ErrorKind.UNAVAILABLE)

    @property
    def legal(self) -> tuple[str, ...]:
        """The actions of this state; empty on errors other than a refusal."""
        return self.refusal.legal if self.refusal else ()

    def __str__(self) -> str:
        return f"{self.message}; {self.help}" if self.help else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # With its context, so that a process pool returns the complete error.
        return _rebuilt, (
            type(self),
            self.message,
            self.help,
            self.operation,
            dict(self.context),
            self.refusal,
        )


def _rebuilt(
    of: type[EovrError],
    message: str,
    help: str | None,
    operation: str | None,
    context: dict[str, str],
    refusal: Refusal | None,
) -> EovrError:
    return of(message, help=help, operation=operation, context=context, refusal=refusal)


class InvalidInputError(EovrError, ValueError):
    """A value breaks a rule of its kind: too short, off the scale, an unknown name, a naive datetime."""

    kind = ErrorKind.INVALID_INPUT


class RefusedError(EovrError):
    """The workflow does not allow this action now; :attr:`legal` lists the allowed actions."""

    kind = ErrorKind.REFUSED


class UnauthenticatedError(EovrError):
    """The caller is not authenticated: a password, code or token is missing, wrong or used up."""

    kind = ErrorKind.UNAUTHENTICATED


class DeniedError(EovrError):
    """This actor may not do this in any state."""

    kind = ErrorKind.DENIED


class NotFoundError(EovrError, LookupError):
    """The record does not exist, or is out of the actor's scope. The two cases look the same."""

    kind = ErrorKind.NOT_FOUND


class ConflictError(EovrError):
    """Another caller changed the record first; load it again and decide again."""

    kind = ErrorKind.CONFLICT


class TamperedError(EovrError):
    """A stored value or an audit chain differs from what eovr wrote."""

    kind = ErrorKind.TAMPERED


class KeyUnavailableError(EovrError):
    """A key is missing, wrong, or destroyed."""

    kind = ErrorKind.KEY


class UnavailableError(EovrError):
    """The store cannot be reached or cannot write. Nothing was changed; retry later."""

    kind = ErrorKind.UNAVAILABLE


class UncertainError(EovrError):
    """The connection to the store was lost during a change. Load the record to see whether the change was made."""

    kind = ErrorKind.UNCERTAIN


class ConfigError(EovrError):
    """The engine's parts do not fit together, or the engine is closed."""

    kind = ErrorKind.CONFIG


class BugError(EovrError):
    """eovr broke its own contract. Please report this bug."""

    kind = ErrorKind.BUG


#: The class of each kind, for the native half.
BY_KIND: dict[str, type[EovrError]] = {
    of.kind.value: of
    for of in (
        InvalidInputError,
        RefusedError,
        UnauthenticatedError,
        DeniedError,
        NotFoundError,
        ConflictError,
        TamperedError,
        KeyUnavailableError,
        UnavailableError,
        UncertainError,
        ConfigError,
        BugError,
    )
}
