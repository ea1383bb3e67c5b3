"""An organisation, engines in memory and on SQLite, and people of every role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from eovr import Actor, Eovr, Report, Role, Session

ORG = [
    {
        "id": "CAI",
        "title": {"en": "Cairo", "ar": "القاهرة"},
        "administrations": [
            {
                "id": "CAI-E",
                "title": {"en": "Cairo East", "ar": "شرق القاهرة"},
                "facilities": [
                    {
                        "id": "NIL",
                        "title": {"en": "Nile", "ar": "النيل"},
                        "time_zone": "Africa/Cairo",
                    },
                    {
                        "id": "SUN",
                        "title": {"en": "Sun", "ar": "الشمس"},
                        "time_zone": "Africa/Cairo",
                    },
                ],
            }
        ],
    }
]
KEY = "Zm9yIHRoaXMgZXhhbXBsZSBvbmx5LCBuZXZlciByZWE="

#: Words of a narrative that no message and no log may contain.
MARKER = "xylophone-of-the-patient"
DOSE = f"The patient was given ten times the dose and stopped breathing, {MARKER}."


def a_report(**more: object) -> Report:
    """A report with the marker in it."""
    return Report(**{"category": "medication", "description": DOSE, **more})  # type: ignore[arg-type]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """An SQLite file of its own."""
    return f"sqlite://{tmp_path / 'hospital.db'}"


@pytest.fixture
def engine(url: str) -> Iterator[Eovr]:
    """An engine on it."""
    with Eovr.open(url, org=ORG, keys=KEY) as engine:
        yield engine


@pytest.fixture
def memory() -> Iterator[Eovr]:
    """An engine in memory."""
    with Eovr.open("memory:", org=ORG, keys=KEY) as engine:
        yield engine


def nurse(engine: Eovr) -> Session:
    """A session of tier 1 in the facility Nile."""
    return engine.session(Actor("nurse-7", Role.STAFF, at="NIL"))


def quality(engine: Eovr) -> Session:
    """A session of tier 2 in the facility Nile."""
    return engine.session(Actor("quality-1", Role.QUALITY_ADMIN, at="NIL"))


def elsewhere(engine: Eovr) -> Session:
    """A session of tier 2 without access to the facility Nile."""
    return engine.session(Actor("quality-2", Role.QUALITY_ADMIN, at="SUN"))


def top(engine: Eovr) -> Session:
    """A session of tier 5."""
    return engine.session(Actor("minister", Role.TOP_MANAGEMENT))
