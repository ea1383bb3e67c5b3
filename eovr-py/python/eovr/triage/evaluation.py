"""Evaluation of a scorer: every metric with its interval, by subgroup, as a page."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal, TypeAlias

from eovr import _native
from eovr.errors import InvalidInputError
from eovr.triage.learning import Model, Order, digest, same_length, sha256_of

__all__ = ["Evaluation", "Figure", "Judgement", "Scorer", "evaluate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The answer of your own scorer for one case.

    Attributes
    ----------
    high : float or None
        The probability or score of high risk. If ``probabilities`` are given, the sum of the high labels replaces it.
    label : str or None
        The label, if the scorer names one.
    probabilities : sequence of float
        The probability of each label, in the order of the labels; empty if unknown.
    flagged : bool
        Whether the scorer raises a flag.
    abstained : bool
        Whether the scorer abstains.
    labels : sequence of str
        All labels, if a case may have several.
    """

    high: float | None = None
    label: str | None = None
    probabilities: Sequence[float] = ()
    flagged: bool = False
    abstained: bool = False
    labels: Sequence[str] = ()


#: The rules, a model, or a callable from a narrative to a :class:`Judgement` or to a score of high risk.
Scorer: TypeAlias = "Literal['rules'] | Model | Callable[[str], Judgement | float]"


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric with its 95 % interval, which contains it; ``method`` names the method of the interval."""

    name: str
    title: str
    meaning: str
    value: float | None
    low: float | None
    high: float | None
    method: str


class Evaluation:
    """All metrics of one scorer on one labelled set. A notebook shows the whole page."""

    __slots__ = ("_native", "report")

    def __init__(self, native: _native.Evaluation) -> None:
        """Use :func:`evaluate`."""
        self._native = native
        #: The whole report: settings, counts, metrics, confusion, curves, subgroups, comparison.
        self.report: dict[str, Any] = json.loads(native.json())

    @property
    def figures(self) -> dict[str, Figure]:
        """The metrics by name: ``auroc``, ``kappa_quadratic``, ``under_triage`` …"""
        return {figure["name"]: Figure(**figure) for figure in self.report["figures"]}

    def html(self) -> str:
        """The report as a self-contained HTML page."""
        return self._native.html()

    def _repr_html_(self) -> str:
        page = html.escape(self.html(), quote=True)
        return f'<iframe srcdoc="{page}" sandbox style="width:100%;height:40rem;border:0"></iframe>'

    def __repr__(self) -> str:
        settings = self.report["settings"]
        auroc = self.figures["auroc"].value
        said = "not defined" if auroc is None else f"{auroc:.3f}"
        return f"Evaluation({settings['scorer']} on {self.report['cases']} cases, AUROC {said})"


def evaluate(
    scorer: Scorer,
    narratives: Iterable[str],
    truth: Iterable[str] | Iterable[Sequence[str]],
    *,
    labels: Sequence[str] | None = None,
    order: Order | None = None,
    high_from: str | None = None,
    groups: Iterable[str] | None = None,
    clusters: Iterable[int] | None = None,
    against: Scorer | None = None,
    data: str = "",
    name: str | None = None,
    prevalence: float | None = None,
    group_by: str = "",
    date: str = "",
    draws: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Evaluates a scorer on a labelled set: every metric with its interval, and by subgroup.

    Parameters
    ----------
    scorer : "rules", Model or callable
        The evaluated scorer. An exception of a callable is raised here, with a note that names the case.
    narratives, truth : iterable of str
        The cases and their true labels. If these are lists, a case may have any number of labels.
    labels : sequence of str, optional
        All labels, from low to high if they have an order. By default those of the model, or those that occur,
        numbers by size and words by the alphabet.
    order : {"ordinal", "nominal"}, optional
        Whether the labels have an order; by default as in the model, else ``ordinal`` if ``labels`` are given.
    high_from : str, optional
        The lowest label that counts as high risk. By default that of the model, else the second of two labels.
    groups : iterable of str, optional
        The subgroup of each case, such as an age band.
    clusters : iterable of int, optional
        The cluster of each case that is not independent: a patient, a hospital.
    against : scorer, optional
        Another scorer on the same cases, to compare with.
    data, name : str, optional
        A description of the set, and the name of the scorer.
    prevalence : float, optional
        The prevalence of high risk at the place of use; PPV and NPV are computed for it, too.
    group_by, date : str, optional
        The grouping criterion, and the date, for the page.
    draws, seed : int, optional
        The draws of the bootstrap, and its seed.

    Examples
    --------
    >>> from eovr import triage
    >>> texts = ["The patient died.", "A form was lost.", "Cardiac arrest after the wrong drug.", "Late lunch tray."]
    >>> found = triage.evaluate("rules", texts * 5, ["high", "low", "high", "low"] * 5,
    ...     labels=["low", "high"], draws=50)
    >>> found.figures["auroc"].value
    1.0
    """
    texts, given = [*narratives], [*truth]
    several = any(not isinstance(label, str) for label in given)
    true = [[label] if isinstance(label, str) else [*label] for label in given]
    more: dict[str, Sequence[object]] = {"truth": true}
    in_groups = None if groups is None else [*groups]
    in_clusters = None if clusters is None else [*clusters]
    if in_groups is not None:
        more["groups"] = in_groups
    if in_clusters is not None:
        more["clusters"] = in_clusters
    same_length(texts, **more)
    ordering = order
    if labels is not None:
        scheme = [*labels]
    elif isinstance(scorer, Model):
        card = scorer.card
        scheme, ordering, place = card["labels"], order or card["order"], card["high_from"]
        high_from = high_from or (None if place is None else scheme[place])
    else:
        scheme, ordering = _sorted({label for row in true for label in row}), order or "nominal"
    places = {label: place for place, label in enumerate(scheme)}
    ordering = ordering or "ordinal"
    if high_from is None and len(scheme) == 2 and not several:
        high_from = scheme[1]
    high_at = None if high_from is None else _place(places, high_from)
    said, probable, title = _judged(scorer, texts, places, ordering)
    rival = None
    if against is not None:
        theirs, _, their_title = _judged(against, texts, places, ordering)
        rival = (their_title, theirs)
    settings = SimpleNamespace(
        scorer=name or title,
        data=data,
        data_sha256=digest(texts, given),
        model=scorer._native if isinstance(scorer, Model) else None,
        model_sha256=sha256_of(scorer.to_bytes()) if isinstance(scorer, Model) else None,
        labels=scheme,
        order=ordering,
        several=several,
        high_from=high_at,
        probabilities=probable,
        prevalence=prevalence,
        group_by=group_by,
        date=date,
        draws=draws,
        seed=seed,
    )
    truths = [[_place(places, label) for label in row] for row in true]
    return Evaluation(_native.Evaluation(settings, texts, truths, said, in_groups, in_clusters, rival))


_Said: TypeAlias = tuple[int | None, list[float], float | None, bool, bool, list[int]]


def _judged(
    scorer: Scorer, texts: list[str], places: Mapping[str, int], order: Order
) -> tuple[list[_Said], bool, str]:
    """The answers, case by case; whether scores are probabilities; the scorer's name."""
    if isinstance(scorer, Model):
        if [*scorer.labels] != [*places]:
            raise InvalidInputError(
                "the model has other labels", help=f"give `labels` as {', '.join(scorer.labels)}, or none"
            )
        said = _native.judge(texts, scorer._native, len(places), order == "ordinal")
        return said, True, f"{scorer.name} {scorer.version}"
    if scorer == "rules":
        return _native.judge(texts, None, len(places), order == "ordinal"), False, "eovr-rules 1"
    if not callable(scorer):
        raise TypeError("expected 'rules', a Model or a callable as scorer")
    judged: list[_Said] = []
    probable = True
    for case, text in enumerate(texts):
        try:
            one = scorer(text)
        except Exception as error:
            error.add_note(f"raised by the scorer at case {case}")
            raise
        if not isinstance(one, Judgement):
            one = Judgement(high=float(one))
        probable = probable and (one.high is None or 0.0 <= one.high <= 1.0)
        label = None if one.label is None else _place(places, one.label)
        chosen = [_place(places, label) for label in one.labels]
        judged.append((label, [*one.probabilities], one.high, one.flagged, one.abstained, chosen))
    return judged, probable, getattr(scorer, "__name__", type(scorer).__name__)


def _place(places: Mapping[str, int], label: str) -> int:
    try:
        return places[label]
    except KeyError:
        raise InvalidInputError(
            "a label is outside the scheme", help=f"accepted: {', '.join(places)}"
        ) from None


def _sorted(labels: set[str]) -> list[str]:
    try:
        return sorted(labels, key=int)
    except ValueError:
        return sorted(labels)
