"""A scorer of the host on an engine's reports: it may raise, hang or return nonsense."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from eovr import Eovr, Record, triage

from conftest import DOSE, KEY, ORG, a_report, nurse, quality


#: The rules give this text a low score, and the texts of the other tests a high one.
CALM = "The form of the night shift came late and lay on another shelf when somebody looked for it in the morning round."


@contextmanager
def asking(url: str, scorer: Any, story: str = CALM) -> Iterator[Callable[[], Record]]:
    """An engine with this scorer; yields a function that reports the story and loads the incident."""
    with Eovr.open(url, org=ORG, keys=KEY, scorer=scorer) as engine:

        def report() -> Record:
            told = nurse(engine).incidents.report("NIL", a_report(category="clinical_process", description=story))
            return quality(engine).incidents.load(told.id)

        yield report


def machine(record: Record) -> dict[str, Any]:
    return {name: value for name, value in record.facets.items() if name.startswith("ai_") or name == "high_risk"}


def by_the_rules(record: Record) -> bool:
    """Whether the rules decided, because the scorer gave no answer."""
    said = machine(record)
    return (said["ai_model"], said["high_risk"]) == ("eovr-rules", True)


class Length:
    """A scorer that rates long narratives as grave."""

    version = "2026-11"

    def __call__(self, narrative: str) -> float:
        return min(1.0, len(narrative) / 1000)


def test_a_scorer_of_the_host_scores_reports_and_is_evaluated(url: str) -> None:
    with asking(url, Length()) as report:
        said = machine(report())
    assert (said["ai_model"], said["ai_version"]) == ("Length", "2026-11")
    assert said["ai_score"] == round(len(CALM) / 10)
    assert said["ai_band"] == "low" and said["ai_high_risk"] is False
    assert triage.evaluate(Length(), ["a" * 900, "b"], ["1", "0"], draws=10).report["cases"] == 2


def test_a_number_orders_reports_and_raises_no_flag(url: str) -> None:
    with asking(url, lambda narrative: 0.99) as report:
        said = machine(report())
    assert said["ai_score"] == 99 and said["ai_high_risk"] is False and said["high_risk"] is False


def test_its_flag_makes_a_report_urgent(url: str) -> None:
    with asking(url, lambda narrative: triage.Judgement(high=0.8, flagged=True)) as report:
        said = machine(report())
    assert said["ai_band"] == "extreme" and said["ai_high_risk"] is True and said["high_risk"] is True


@pytest.fixture
def unraisable(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """The exceptions that reached `sys.unraisablehook`."""
    heard: list[BaseException] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda given: heard.append(given.exc_value))
    return heard


def test_it_raises_and_never_lowers_the_score_of_the_rules(url: str) -> None:
    with asking(url, lambda narrative: 0.01, DOSE) as report:
        said = machine(report())
    assert said["ai_model"] == "eovr-rules" and said["ai_score"] >= 45
    assert said["ai_high_risk"] is True and said["high_risk"] is True


def test_an_exception_loses_the_score_and_never_the_report(
    url: str, unraisable: list[BaseException]
) -> None:
    def scorer(narrative: str) -> float:
        raise ValueError("no model today")

    with asking(url, scorer, DOSE) as report:
        assert by_the_rules(report())
    assert [str(error) for error in unraisable] == ["no model today"]


@pytest.mark.parametrize("answer", ["high", None, float("nan"), 1.5, -0.1, object(), triage.Judgement(high=7.0)])
def test_an_invalid_answer_is_ignored(url: str, unraisable: list[BaseException], answer: Any) -> None:
    with asking(url, lambda narrative: answer, DOSE) as report:
        assert by_the_rules(report())
    assert len(unraisable) == 1


@pytest.mark.parametrize("answer", [triage.Judgement(), triage.Judgement(high=0.9, abstained=True)])
def test_a_scorer_may_abstain(url: str, unraisable: list[BaseException], answer: triage.Judgement) -> None:
    with asking(url, lambda narrative: answer, DOSE) as report:
        assert by_the_rules(report())
    assert unraisable == []


def test_a_hanging_scorer_does_not_block_reports(url: str, unraisable: list[BaseException]) -> None:
    go_on, asked = threading.Event(), threading.Semaphore(0)

    def scorer(narrative: str) -> float:
        asked.release()
        go_on.wait()
        return 1.0

    with asking(url, scorer, DOSE) as report:
        assert by_the_rules(report())
        assert asked.acquire(timeout=60)
        # The scorer is still busy with the first report; these do not wait for it.
        assert all(by_the_rules(report()) for _ in range(3))
        assert not asked.acquire(blocking=False)
        go_on.set()
        # Shortly after, the engine asks it again.
        assert any(machine(report())["ai_model"] == "scorer" for _ in range(10_000))
    assert [type(error) for error in unraisable] == [TimeoutError]
