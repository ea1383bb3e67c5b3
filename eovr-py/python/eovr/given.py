"""Converts arguments of the public API for the native half."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from eovr.records import Asked, Asker, KindTable, Lang, Record

if TYPE_CHECKING:
    from eovr.files import Files
    from eovr.triage import Scorer

__all__ = ["asked", "copied", "parts"]


def parts(
    url: str,
    org: Sequence[Mapping[str, Any]],
    keys: str | bytes,
    previous_keys: str | bytes | None,
    kinds: Sequence[KindTable],
    checks: Mapping[str, Callable[[Record, Asker], bool]] | None,
    incidents: bool,
    schemes: Sequence[str],
    scorer: Scorer | None,
    figures_in_memory: bool,
    files: Files | None,
) -> SimpleNamespace:
    """The parts of an engine."""
    return SimpleNamespace(
        url=url,
        org=json.dumps(list(org)),
        master_key=_key(keys),
        previous_master_key=None if previous_keys is None else _key(previous_keys),
        kinds=[json.dumps(dict(table)) for table in kinds],
        checks=dict(checks or {}),
        incidents=incidents,
        schemes=list(schemes),
        scorer=getattr(scorer, "_native", scorer),
        figures_in_memory=figures_in_memory,
        files=files,
    )


def asked(format: str, to: str | os.PathLike[str] | None, told: Asked) -> SimpleNamespace:
    """The request of an export, as the native half takes it."""
    unknown = set(told) - Asked.__annotations__.keys()
    if unknown:
        raise TypeError(f"export has no argument {', '.join(sorted(unknown))}")
    return SimpleNamespace(
        format=format,
        to=None if to is None else os.fspath(to),
        lang=told.get("lang", Lang.EN),
        kind=told.get("kind", "incident"),
        titles={name: (en, ar) for name, (en, ar) in (told.get("titles") or {}).items()},
        incident=told.get("incident"),
        filter=dict(told.get("filter") or {}),
        since=told.get("since"),
        before=told.get("before"),
        actions=[*told.get("actions", ())],
        actors=[*told.get("actors", ())],
    )


def copied(mapping: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A mapping as the dict that the native half takes."""
    return None if mapping is None else dict(mapping)


def _key(key: str | bytes) -> str:
    """A key as base64."""
    return key if isinstance(key, str) else base64.b64encode(key).decode("ascii")
