"""Kinds of record of the host, as a dict, with checks in Python."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from eovr import Asker, ConfigError, Eovr, InvalidInputError, Record, RefusedError

from conftest import KEY, ORG, nurse, quality

ALARM: dict[str, Any] = {
    "name": "fridge_alarm",
    "number": {"prefix": "ALM", "width": 4},
    "facets": [
        {"name": "fridge", "type": "text", "required": True, "indexed": True},
        {"name": "tenths_celsius", "type": "int", "required": True, "range": [-400, 400]},
    ],
    "fields": [{"name": "cause", "min_chars": 5}],
    "workflow": {
        "start": "ringing",
        "create": "raise",
        "states": [{"name": "ringing"}, {"name": "checked"}, {"name": "closed", "end": True}],
        "actions": [
            {"name": "raise", "tiers": [1, 5], "sets": ["fridge", "tenths_celsius"]},
            {"name": "check", "tiers": [1, 5], "sets": ["tenths_celsius"]},
            {"name": "close", "tiers": [2, 5], "sets": ["cause"]},
        ],
        "rules": [
            {"from": ["ringing"], "action": "check", "to": "checked", "needs": ["human", "note"]},
            {
                "from": ["checked"],
                "action": "close",
                "to": "closed",
                "needs": ["human", {"field": "cause"}, {"check": "cool_again"}],
            },
        ],
    },
}


def opened(url: str, check: Callable[[Record, Asker], Any]) -> Eovr:
    return Eovr.open(url, org=ORG, keys=KEY, kinds=[ALARM], incidents=False, checks={"cool_again": check})


def test_a_kind_of_the_host_works(url: str) -> None:
    asked: list[tuple[str, str, bool]] = []

    def cool_again(record: Record, asker: Asker) -> bool:
        asked.append((record.state, asker.capacity, asker.human))
        return int(record.facets["tenths_celsius"]) < 80  # type: ignore[arg-type]

    with opened(url, cool_again) as engine:
        assert "fridge_alarm" in engine.kinds and "incident" not in engine.kinds
        assert engine.kind("fridge_alarm")["workflow"]["start"] == "ringing"
        assert "ringing --> checked" in engine.diagram("fridge_alarm")
        assert "| fridge_alarm | close |" in engine.actions()
        raised = nurse(engine).create(
            "fridge_alarm", "NIL", "raise", set={"fridge": "blood-2", "tenths_celsius": 112}
        )
        assert raised.number is not None and raised.number.startswith("ALM-")
        act = quality(engine).act
        act("fridge_alarm", raised.id, "check", note="the door was ajar")
        with pytest.raises(RefusedError, match="`cool_again` to pass"):
            act("fridge_alarm", raised.id, "close", write={"cause": "a worn seal"})
        assert asked[-1] == ("checked", "quality_admin", True)


def test_a_check_that_passes_lets_pass(url: str) -> None:
    with opened(url, lambda record, asker: True) as engine:
        act = quality(engine).act
        raised = nurse(engine).create(
            "fridge_alarm", "NIL", "raise", set={"fridge": "blood-2", "tenths_celsius": 48}
        )
        act("fridge_alarm", raised.id, "check", note="seen", set={"tenths_celsius": 47})
        act("fridge_alarm", raised.id, "close", write={"cause": "a worn seal"})
        record = quality(engine).load("fridge_alarm", raised.id)
        assert (record.state, record.version, record.facets["tenths_celsius"]) == ("closed", 3, 47)
        assert quality(engine).open(record, "cause") == "a worn seal"


@pytest.mark.parametrize("answer", [lambda r, a: 1 / 0, lambda r, a: "yes", lambda r: True])
def test_a_check_that_raises_refuses(url: str, answer: Callable[..., Any]) -> None:
    with opened(url, answer) as engine:
        act = quality(engine).act
        raised = nurse(engine).create(
            "fridge_alarm", "NIL", "raise", set={"fridge": "blood-2", "tenths_celsius": 48}
        )
        act("fridge_alarm", raised.id, "check", note="seen")
        with pytest.raises(RefusedError) as caught:
            act("fridge_alarm", raised.id, "close", write={"cause": "a worn seal"})
        assert isinstance(caught.value.__cause__, ZeroDivisionError | TypeError)
        assert quality(engine).load("fridge_alarm", raised.id).state == "checked"


def test_a_check_may_not_call_the_engine(url: str) -> None:
    holder: list[Eovr] = []

    def asks_back(record: Record, asker: Asker) -> bool:
        return quality(holder[0]).tally("fridge_alarm").total > 0

    with opened(url, asks_back) as engine:
        holder.append(engine)
        act = quality(engine).act
        raised = nurse(engine).create(
            "fridge_alarm", "NIL", "raise", set={"fridge": "blood-2", "tenths_celsius": 48}
        )
        act("fridge_alarm", raised.id, "check", note="seen")
        with pytest.raises(RefusedError) as caught:
            act("fridge_alarm", raised.id, "close", write={"cause": "a worn seal"})
        assert isinstance(caught.value.__cause__, ConfigError)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda kind: kind["workflow"]["states"].append({"name": "lost"}), "lost"),
        (lambda kind: kind["facets"].append({"name": "state", "type": "text"}), "reserved"),
        (lambda kind: kind["facets"].append({"name": "x", "type": "float"}), "float"),
        (lambda kind: kind.update(name="Fridge Alarm"), "name"),
        (lambda kind: kind.update(surprise=1), "surprise"),
        (lambda kind: kind.pop("workflow"), "workflow"),
    ],
)
def test_a_kind_that_is_not_sound_is_refused(
    url: str, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    kind = copy.deepcopy(ALARM)
    change(kind)
    with pytest.raises((ConfigError, InvalidInputError), match=said):
        Eovr.open(url, org=ORG, keys=KEY, kinds=[kind], checks={"cool_again": lambda r, a: True})


def test_a_kind_without_its_check_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="cool_again"):
        Eovr.open(url, org=ORG, keys=KEY, kinds=[ALARM])


def test_whole_numbers_of_numpy_are_taken(url: str) -> None:
    with opened(url, lambda record, asker: True) as engine:
        value: Any = np.int32(112)
        raised = nurse(engine).create(
            "fridge_alarm", "NIL", "raise", set={"fridge": "blood-2", "tenths_celsius": value}
        )
        assert quality(engine).load("fridge_alarm", raised.id).facets["tenths_celsius"] == 112


def test_values_off_the_scale_are_refused(url: str) -> None:
    with opened(url, lambda record, asker: True) as engine:
        for value in (401, -401, 2**63, True, "112"):
            with pytest.raises(InvalidInputError):
                nurse(engine).create(
                    "fridge_alarm", "NIL", "raise", set={"fridge": "blood-2", "tenths_celsius": value}
                )
        with pytest.raises(TypeError, match="tenths_celsius"):
            nurse(engine).create("fridge_alarm", "NIL", "raise", set={"tenths_celsius": 11.2})  # type: ignore[dict-item]
        assert quality(engine).find("fridge_alarm").items == ()
