"""How a scorer reads: two texts that differ in little, of which one tells of something grave."""

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
    """One text, and what is to be made of it.

    Attributes
    ----------
    id, pair, idea : str
        Its own name; what its pair has in common; what pairs of several languages that say the same have in common.
    kind, rule : str
        What the pair is about, such as ``denied``, and the rule of language that it tests.
    language, variety : str
        ``en`` or ``ar``; ``general``, ``msa``, ``egyptian`` or ``gulf``.
    expect : str
        ``grave``: to be flagged. ``near`` (it nearly happened) and ``quiet`` (nothing grave happened): not to be flagged.
        ``possible``: left open, and must not score nothing.
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
    """So many of so many."""

    count: int
    of: int

    @property
    def rate(self) -> float | None:
        """From 0 to 1; ``None`` of nothing."""
        return self.count / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Tally:
    """What was made of some texts.

    ``found``: grave texts that were flagged. ``false_flags``: quiet texts that were. ``near_flags``: near misses that were.
    ``silent``: texts of what is left open that scored nothing. ``solved``: pairs of which the grave text was flagged and no
    other. ``ordered``: pairs of which the grave text scored higher than every other. ``unanswered``: texts without an answer.
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
    """Counts over all texts and over groups of them; ``wrong`` has the ids of the texts that were judged wrongly."""

    all: Tally
    kinds: dict[str, Tally]
    languages: dict[str, Tally]
    varieties: dict[str, Tally]
    rules: dict[str, Tally]
    wrong: list[str]


#: From a text to a suggestion, or to how grave it is on any scale and whether it is to be read before others.
Reader: TypeAlias = "Callable[[str], Suggestion | tuple[float, bool]]"


def challenge_texts(cases: str | PathLike[str] | None = None) -> list[ChallengeText]:
    """The texts of the set that comes with eovr, under CC BY 4.0, or of one of your own in the same format."""
    return [ChallengeText(**text) for text in json.loads(_native.challenge_texts(_read(cases)))]


def challenge(scorer: Reader = score, *, cases: str | PathLike[str] | None = None) -> ChallengeOutcome:
    """Put every text to a scorer, and count what it made of them.

    >>> from eovr import triage
    >>> outcome = triage.challenge(lambda text: (1.0, True))
    >>> outcome.all.found.rate, outcome.all.solved.rate
    (1.0, 0.0)

    Raises
    ------
    InvalidInputError
        If ``cases`` is no challenge set; the error says which columns it has.
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
