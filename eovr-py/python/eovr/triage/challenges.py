"""A challenge set for scorers: pairs of similar texts, of which one is a grave incident."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from eovr import _native
from eovr.triage.scoring import Suggestion, score

__all__ = ["ChallengeOutcome", "ChallengeText", "CountShare", "Tally", "challenge", "challenge_texts"]


@dataclass(frozen=True, slots=True)
class ChallengeText:
    """One text, and its expected result.

    Attributes
    ----------
    id, pair, idea : str
        The id of the text, of its pair, and of the idea that pairs in several languages share.
    kind, rule : str
        The subject of the pair, such as ``denied``, and the tested rule of language.
    language, variety : str
        ``en`` or ``ar``; ``general``, ``msa``, ``egyptian`` or ``gulf``.
    expect : str
        ``grave``: must be flagged. ``near`` (it nearly happened) and ``quiet`` (nothing grave happened): must not be
        flagged. ``possible``: the text leaves it open, so the score must not be 0.
    text : str
        The report.
    """

    id: str
    pair: str
    idea: str
    kind: str
    rule: str
    language: str
    variety: str
    expect: str
    text: str


@dataclass(frozen=True, slots=True)
class CountShare:
    """A count, and the total."""

    count: int
    of: int

    @property
    def rate(self) -> float | None:
        """From 0 to 1; ``None`` if the total is 0."""
        return self.count / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Tally:
    """The results of some texts.

    ``found``: flagged grave texts. ``false_flags``: flagged quiet texts. ``near_flags``: flagged near misses.
    ``silent``: ``possible`` texts with the score 0. ``solved``: pairs whose grave text alone was flagged.
    ``ordered``: pairs whose grave text scored higher than every other. ``unanswered``: texts without an answer.
    """

    found: CountShare
    false_flags: CountShare
    near_flags: CountShare
    silent: CountShare
    solved: CountShare
    ordered: CountShare
    unanswered: int


@dataclass(frozen=True, slots=True)
class ChallengeOutcome:
    """Counts over all texts and over groups of them; ``wrong`` has the ids of the texts with a wrong result."""

    all: Tally
    kinds: dict[str, Tally]
    languages: dict[str, Tally]
    varieties: dict[str, Tally]
    rules: dict[str, Tally]
    wrong: list[str]


#: From a text to a suggestion, or to a score on any scale and a flag.
Reader: TypeAlias = "Callable[[str], Suggestion | tuple[float, bool]]"


def challenge_texts(cases: str | PathLike[str] | None = None) -> list[ChallengeText]:
    """The texts of the set that eovr ships (CC BY 4.0), or of your own set in the same format."""
    return [ChallengeText(**text) for text in json.loads(_native.challenge_texts(_read(cases)))]


def challenge(scorer: Reader = score, *, cases: str | PathLike[str] | None = None) -> ChallengeOutcome:
    """Scores every text, and counts the results.

    >>> from eovr import triage
    >>> outcome = triage.challenge(lambda text: (1.0, True))
    >>> outcome.all.found.rate, outcome.all.solved.rate
    (1.0, 0.0)

    Raises
    ------
    InvalidInputError
        ``cases`` is no challenge set; the error names the columns of one.
    """
    file = _read(cases)
    texts = [ChallengeText(**text) for text in json.loads(_native.challenge_texts(file))]
    said = ((text.id, _answer(scorer(text.text))) for text in texts)
    answers = {id: answer for id, answer in said if answer is not None}
    counted: dict[str, Any] = json.loads(_native.challenge_outcome(file, answers))
    groups = {
        name: {key: _tally(value) for key, value in counted[name].items()}
        for name in ("kinds", "languages", "varieties", "rules")
    }
    return ChallengeOutcome(all=_tally(counted["all"]), wrong=counted["wrong"], **groups)


def _read(cases: str | PathLike[str] | None) -> bytes | None:
    return None if cases is None else Path(cases).read_bytes()


def _answer(said: Suggestion | tuple[float, bool]) -> tuple[float, bool] | None:
    if not isinstance(said, Suggestion):
        return said
    return None if said.abstained else (float(said.score), said.high_risk or said.score >= _native.READ_TODAY)


def _tally(counted: dict[str, Any]) -> Tally:
    shares = {name: CountShare(**share) for name, share in counted.items() if name != "unanswered"}
    return Tally(unanswered=counted["unanswered"], **shares)
