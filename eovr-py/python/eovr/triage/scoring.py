"""The embedded rules: a score, and its reasons."""

from __future__ import annotations

import enum
import html
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eovr import _native
from eovr._native import Frame
from eovr.errors import InvalidInputError

if TYPE_CHECKING:
    from eovr.incident import Harm
    from eovr.triage.learning import Model

__all__ = ["Band", "Explanation", "Reason", "Share", "Suggestion", "explain", "score", "score_many"]


class Band(enum.StrEnum):
    """The four bands of a score."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    EXTREME = "extreme"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a score. It contains no words of the report.

    Attributes
    ----------
    rule : str
        The stable name of the rule, such as ``flag.death`` or ``negated.fall``.
    span : tuple of int or None
        The span: ``narrative[start:end]`` is the text of the reason.
    term, gloss : str
        The term of the word list, and its English meaning.
    points : int
        The points of the reason; a denied term adds 0 and is listed.
    """

    rule: str
    span: tuple[int, int] | None
    term: str
    gloss: str
    points: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The suggestion of a scorer. A person decides.

    Attributes
    ----------
    model, version : str
        The scorer.
    score : int
        0 to 100. It orders reports; it is not a probability.
    band : Band
        The score in a word.
    high_risk : bool
        Whether a reviewer should read this report before the others.
    abstained : bool
        The text was too short or unknown. The score then has no meaning and does not mean "harmless".
    reasons : tuple of Reason
        The reasons. Their points add up to the score, limited to 0 to 100.
    """

    model: str
    version: str
    score: int
    band: Band
    high_risk: bool
    abstained: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """One word's part in a model's decision: its span, and its share of the margin."""

    span: tuple[int, int]
    share: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A suggestion with its narrative; a notebook highlights the words that led to it.

    It holds the narrative in the clear; its ``repr`` leaves it out.

    Attributes
    ----------
    narrative : str
        The narrative.
    suggestion : Suggestion
        The suggestion.
    shares : tuple of Share
        The exact share of each word; only from a :class:`Model`.
    """

    narrative: str = field(repr=False)
    suggestion: Suggestion
    shares: tuple[Share, ...] = field(default=(), repr=False)

    def _repr_html_(self) -> str:
        said = self.suggestion
        marks = [(share.span, share.share, "") for share in self.shares] or [
            (reason.span, float(reason.points), reason.gloss) for reason in said.reasons if reason.span
        ]
        most = max((abs(weight) for _, weight, _ in marks), default=0.0) or 1.0
        parts: list[str] = []
        at = 0
        for (start, end), weight, gloss in sorted(marks):
            if start < at:
                continue
            strength = abs(weight) / most
            colour = f"rgba({'200,60,40' if weight > 0 else '60,110,180'},{0.55 * strength:.2f})"
            parts.append(html.escape(self.narrative[at:start]))
            parts.append(
                f'<mark style="background:{colour};color:inherit" title="{html.escape(gloss)} {weight:+.3g}">'
                f"{html.escape(self.narrative[start:end])}</mark>"
            )
            at = end
        parts.append(html.escape(self.narrative[at:]))
        head = "abstained" if said.abstained else f"{said.score}, {said.band}"
        flag = ", high risk" if said.high_risk else ""
        return (
            f'<div dir="auto"><p><strong>{html.escape(head)}{flag}</strong> '
            f"({html.escape(said.model)} {html.escape(said.version)})</p><p>{''.join(parts)}</p></div>"
        )


def score(
    narrative: str,
    *,
    category: str | None = None,
    actual_harm: Harm | str | None = None,
    potential_harm: Harm | str | None = None,
) -> Suggestion:
    """Scores one report by the embedded rules: the reporter's grading, then words in English and Arabic.

    Parameters
    ----------
    narrative : str
        The narrative. Only the first 64 KiB are read.
    category : str, optional
        The kind of event, if known.
    actual_harm, potential_harm : Harm, optional
        The actual harm, and the potential harm.

    Examples
    --------
    >>> from eovr import triage
    >>> [(reason.rule, reason.points) for reason in triage.score("The patient died.").reasons]
    [('flag.death', 45)]
    """
    return suggested(_native.score(narrative, category, _level(actual_harm), _level(potential_harm)))


def score_many(narratives: Iterable[str], model: Model | None = None) -> Frame:
    """Scores many narratives; returns a table of ``score``, ``band``, ``high_risk``, ``abstained``, in their order."""
    return _native.score_many([*narratives], None if model is None else model._native)


def explain(narrative: str) -> Explanation:
    """Scores one narrative by the embedded rules; a notebook highlights the words that led to the score."""
    return Explanation(narrative, score(narrative))


_LEVELS = ("unsafe_condition", "near_miss", "no_harm", "mild", "moderate", "severe", "death")


def _level(harm: Harm | str | None) -> int | None:
    if harm is None:
        return None
    if harm not in _LEVELS:
        raise InvalidInputError("that is no level of harm", help=f"accepted: {', '.join(_LEVELS)}")
    return _LEVELS.index(harm)


def suggested(native: _native._Suggested) -> Suggestion:
    """Converts the suggestion of the native half."""
    model, version, points, band, high_risk, abstained, reasons = native
    return Suggestion(
        model, version, points, Band(band), high_risk, abstained, tuple(Reason(*reason) for reason in reasons)
    )
