"""Triage: scores of narratives, a scorer that learns, and the evaluation of any scorer.

The scores order work. A score is no diagnosis and no probability of harm, and none of these scorers has been validated
on hospital incidents. A person decides. A suggestion may bring a report forward, but never hold it back.

>>> from eovr import triage
>>> said = triage.score("The patient was given ten times the dose and stopped breathing.")
>>> said.band, said.high_risk
(<Band.HIGH: 'high'>, True)
>>> triage.score("The patient fell. No injury.").high_risk
False
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eovr.triage.challenges import (
    ChallengeOutcome,
    ChallengeText,
    CountShare,
    Tally,
    challenge,
    challenge_texts,
)
from eovr.triage.evaluation import Evaluation, Figure, Judgement, Scorer, evaluate
from eovr.triage.learning import Answer, Model, train
from eovr.triage.narrative import Finding, What, findings, redact
from eovr.triage.scoring import Band, Explanation, Reason, Share, Suggestion, explain, score, score_many

if TYPE_CHECKING:
    from eovr.triage.estimator import EovrTriage

__all__ = [
    "Answer",
    "Band",
    "ChallengeOutcome",
    "ChallengeText",
    "CountShare",
    "EovrTriage",
    "Evaluation",
    "Explanation",
    "Figure",
    "Finding",
    "Judgement",
    "Model",
    "Reason",
    "Scorer",
    "Share",
    "Suggestion",
    "Tally",
    "What",
    "challenge",
    "challenge_texts",
    "evaluate",
    "explain",
    "findings",
    "redact",
    "score",
    "score_many",
    "train",
]


def __getattr__(name: str) -> Any:
    # scikit-learn takes a second to import, and few hosts want it.
    if name == "EovrTriage":
        from eovr.triage.estimator import EovrTriage

        return EovrTriage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
