"""What goes wrong, as exceptions: one class for each kind that the engine knows.

A message says what was the matter, :attr:`EovrError.help` what would have been accepted. Neither repeats what
somebody wrote: messages end up in logs, and logs are read by people who may not read reports.

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
    """What kind of thing went wrong, by the names that the engine uses everywhere."""

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
        Its name in the table: ``human``, ``note``, ``children_closed`` …
    wants : str
        What would meet it, in words.
    """

    need: str
    wants: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a workflow said no, and what it would have said yes to.

    A screen can draw its buttons from it.

    Attributes
    ----------
    kind, state, action : str
        What was asked of which record.
    legal : tuple of str
        The actions that the state knows, whoever asks.
    unmet : tuple of Unmet
        What the action lacks; empty where the state does not know it at all.
    """

    kind: str
    state: str
    action: str
    legal: tuple[str, ...]
    unmet: tuple[Unmet, ...]


class Cause(Exception):
    """An error underneath: of a driver, a file, a parser."""


class EovrError(Exception):
    """What all errors of eovr have in common.

    Attributes
    ----------
    kind : ErrorKind
        What kind it is; each has a class of its own.
    message : str
        What was the matter, in a sentence.
    help : str or None
        What would have been accepted, where that can be said.
    operation : str or None
        The verb during which it happened.
    context : Mapping of str to str
        Facts: ids, names, numbers.
    refusal : Refusal or None
        The workflow's own answer; only on :class:`RefusedError`.
    """

    kind: ClassVar[ErrorKind] = ErrorKind.BUG

    def __init__(
        self,
        message: str,
        *,
        help: str | None = None,
        operation: str | None = None,
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
        """Whether the same call may succeed later without being changed."""
        return self.kind in (ErrorKind.CONFLICT, ErrorKind.UNAVAILABLE)

    @property
    def legal(self) -> tuple[str, ...]:
        """The actions that the workflow knows from this state; empty on other errors than a refusal."""
        return self.refusal.legal if self.refusal else ()

    def __str__(self) -> str:
        return f"{self.message}; {self.help}" if self.help else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # With its facts: an error crosses a process pool whole.
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
    """The workflow does not allow this action now; :attr:`legal` says what it does allow."""

    kind = ErrorKind.REFUSED


class UnauthenticatedError(EovrError):
    """Nobody knows who asks."""

    kind = ErrorKind.UNAUTHENTICATED


class DeniedError(EovrError):
    """This actor may not do this at all, whatever the state."""

    kind = ErrorKind.DENIED


class NotFoundError(EovrError, LookupError):
    """There is no such record, or it lies outside the actor's scope: the two look the same."""

    kind = ErrorKind.NOT_FOUND


class ConflictError(EovrError):
    """Somebody else changed the record first; load it again and decide again."""

    kind = ErrorKind.CONFLICT


class TamperedError(EovrError):
    """A stored value or an audit chain is not what was written."""

    kind = ErrorKind.TAMPERED


class KeyUnavailableError(EovrError):
    """A key is missing, wrong, or destroyed."""

    kind = ErrorKind.KEY


class UnavailableError(EovrError):
    """The store cannot be reached or cannot write: retry later, nothing was changed."""

    kind = ErrorKind.UNAVAILABLE


class UncertainError(EovrError):
    """The store was lost in the middle of a change: load the record and look whether it was made."""

    kind = ErrorKind.UNCERTAIN


class ConfigError(EovrError):
    """The host made the engine of parts that do not fit, or uses one that is closed."""

    kind = ErrorKind.CONFIG


class BugError(EovrError):
    """A promise of eovr itself was broken. Please report it."""

    kind = ErrorKind.BUG


#: The class of each kind; the native half looks here.
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
