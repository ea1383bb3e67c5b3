"""A scorer that learns from labelled narratives."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from eovr import _native
from eovr.errors import InvalidInputError
from eovr.triage.scoring import Explanation, Share, suggested

if TYPE_CHECKING:
    import hashlib

__all__ = ["Answer", "Model", "train"]

#: Whether labels have an order.
Order: TypeAlias = Literal["ordinal", "nominal"]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a model for a narrative.

    Attributes
    ----------
    label : str
        The chosen label. It need not be the most likely one: see the card.
    probabilities : Mapping of str to float
        The probability of each label, calibrated on held-out rows of the model's data.
    high : float or None
        The probability of a high label, if the model has high labels.
    abstained : bool
        The model does not know most of the text, so its answer has no meaning.
    labels : tuple of str
        All chosen labels if a narrative may have several; otherwise the one label.
    """

    label: str
    probabilities: Mapping[str, float]
    high: float | None
    abstained: bool
    labels: tuple[str, ...] = ()


class Model:
    """A scorer trained by :func:`train`: 0.8 MB for five classes, and no words of its training data."""

    __slots__ = ("_native",)

    def __init__(self, native: _native.Model) -> None:
        """Use :func:`train`, :meth:`load` or :meth:`from_bytes`."""
        self._native = native

    @classmethod
    def from_bytes(cls, data: bytes) -> Model:
        """Reads a model that :meth:`to_bytes` wrote, here or in Rust.

        Raises
        ------
        InvalidInputError, TamperedError
            The bytes are no model; they were changed.
        """
        return cls(_native.Model.from_bytes(data))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Reads a model file."""
        return cls.from_bytes(Path(path).read_bytes())

    def to_bytes(self) -> bytes:
        """The model as a file, the same bytes on every machine."""
        return self._native.to_bytes()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a model file."""
        Path(path).write_bytes(self.to_bytes())

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, from low to high if they have an order."""
        return tuple(self._native.labels)

    @property
    def card(self) -> dict[str, Any]:
        """The model card: training data, quality on held-out rows, limits of use."""
        card: dict[str, Any] = json.loads(self._native.card)
        return card

    @property
    def several(self) -> bool:
        """Whether a narrative may have several labels, or none."""
        return bool(self.card.get("several", False))

    @property
    def name(self) -> str:
        """The name of the model."""
        return self._native.name[0]

    @property
    def version(self) -> str:
        """A digest, which differs if the same narrative could get another score."""
        return self._native.name[1]

    def read(self, narrative: str) -> Answer:
        """Scores a narrative."""
        label, probabilities, high, abstained, chosen = self._native.read(narrative)
        labels = self.labels
        said = tuple(labels[place] for place in chosen) if self.several else (labels[label],)
        return Answer(labels[label], dict(zip(labels, probabilities, strict=True)), high, abstained, said)

    def explain(self, narrative: str) -> Explanation:
        """Shows the words for and against high risk (without high labels, for the chosen label)."""
        words = self._native.explain(narrative)[3]
        shares = tuple(Share((start, end), share) for start, end, share in words)
        return Explanation(narrative, suggested(_native.explain(self._native, narrative)), shares)

    def __repr__(self) -> str:
        return f"Model({self.name!r}, {len(self.labels)} labels, {self.version[:8]})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Model.from_bytes, (self.to_bytes(),)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self._native.name)


def train(
    narratives: Iterable[str],
    labels: Iterable[str] | Iterable[Sequence[str]],
    *,
    seed: int = 0,
    name: str = "",
    date: str = "",
    held_out: Iterable[bool] | None = None,
    order: Order | None = None,
    levels: Sequence[str] | None = None,
    high_from: str | None = None,
) -> Model:
    """Learns from labelled narratives. The same rows and seed give the same bytes on every machine.

    Parameters
    ----------
    narratives, labels : iterable of str
        The rows, at least ten. If labels are lists, each narrative may have any number of them.
    seed : int, optional
        The seed of the random generator.
    name : str, optional
        The model's name; it should name the data.
    date : str, optional
        The date for the card; another date gives other bytes.
    held_out : iterable of bool, optional
        The validation rows, if there are more than 20,000 rows; with fewer, each row is held out in turn.
    order : {"ordinal", "nominal"}, optional
        Whether the labels have an order. By default words have none; for whole numbers the narratives decide,
        and the card says why.
    levels : sequence of str, optional
        All labels, from low to high.
    high_from : str, optional
        The lowest label that counts as high risk.

    Raises
    ------
    InvalidInputError
        Whole-number labels may be levels or kinds: pass ``order``. Too few rows, one label only, a narrative without a
        word; ``error.context["row"]`` is the row.

    Examples
    --------
    >>> from eovr import triage
    >>> rows = [("the patient fell in the bathroom", "fall"), ("the wrong dose was given", "medication")] * 20
    >>> model = triage.train(*zip(*rows), seed=7)
    >>> model.read("somebody fell on the stairs").label
    'fall'
    """
    texts, given = [*narratives], [*labels]
    several = any(not isinstance(label, str) for label in given)
    names = [[label] if isinstance(label, str) else [*label] for label in given]
    held = [False] * len(texts) if held_out is None else [*held_out]
    same_length(texts, labels=names, held_out=held)
    plan = SimpleNamespace(
        seed=seed,
        name=name,
        data_sha256=digest(texts, given),
        split="",
        date=date,
        order=order,
        levels=None if levels is None else [*levels],
        high_from=high_from,
    )
    return Model(_native.train(texts, names, several, held, plan))


def same_length(texts: Sequence[object], **others: Sequence[object]) -> None:
    """Refuses columns of different length."""
    for name, other in others.items():
        if len(other) != len(texts):
            raise InvalidInputError(
                f"`{name}` has {len(other)} rows, and there are {len(texts)} narratives",
                help="give one for each",
            )


def sha256_of(data: bytes) -> str:
    """SHA-256 of bytes, as hexadecimal digits."""
    sha256 = _sha256()
    sha256.update(data)
    return sha256.hexdigest()


def digest(texts: Sequence[str], labels: Sequence[object]) -> str:
    """SHA-256 of the rows, so that a card and a report name their data."""
    sha256 = _sha256()
    for row in zip(texts, labels, strict=True):
        for cell in row:
            data = str(cell).encode("utf-8", "surrogatepass")
            sha256.update(len(data).to_bytes(8, "big"))
            sha256.update(data)
    return sha256.hexdigest()


def _sha256() -> hashlib._Hash:
    # Imported here, because it loads OpenSSL, which takes an eighth of the time of `import eovr`.
    import hashlib

    return hashlib.sha256()
