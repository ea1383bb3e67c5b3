"""The learning scorer as a scikit-learn estimator, for its pipelines and searches.

>>> from eovr.triage import EovrTriage
>>> texts = ["the patient fell in the bathroom", "the wrong dose was given"] * 20
>>> clf = EovrTriage(seed=7).fit(texts, ["fall", "medication"] * 20)
>>> clf.predict(["somebody fell on the stairs"])
array(['fall'], dtype='<U10')
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from eovr.triage import learning

__all__ = ["EovrTriage"]

#: With fewer rows, held-out rows have no meaning.
FEWEST = 10


class EovrTriage(ClassifierMixin, BaseEstimator):
    """Ridge logistic regression over hashed words and pieces of words, in English and Arabic.

    It takes a sequence of texts, as scikit-learn's own vectorizers do, and its tags say so. ``fit`` chooses penalty and
    calibration on held-out rows, so there is nothing to tune. ``predict`` takes the
    most likely class, as in all of scikit-learn; ``model_.read`` chooses by the rule of its card, which may
    give another class if the classes have an order.

    Parameters
    ----------
    seed : int, default=0
        The seed of the random generator.
    order : {"ordinal", "nominal"} or None, default=None
        Whether the classes have an order. ``None`` means no order, as everywhere in scikit-learn.
    high_from : label or None, default=None
        The lowest class that counts as high risk.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted; columns of ``predict_proba`` are in this order.
    model_ : eovr.triage.Model
        The model, for every API of eovr.
    """

    def __init__(self, *, seed: int = 0, order: str | None = None, high_from: Any = None) -> None:
        self.seed = seed
        self.order = order
        self.high_from = high_from

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learns from texts and their classes, at least ten rows.

        Parameters
        ----------
        X : sequence of str
            The narratives.
        y : sequence
            Their classes.
        """
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        texts = _texts(X)
        target = column_or_1d(y, warn=True)
        check_classification_targets(target)
        self.classes_, places = np.unique(target, return_inverse=True)
        if len(texts) < FEWEST:
            raise ValueError(f"n_samples={len(texts)}: at least {FEWEST} texts are needed to learn from")
        if len(self.classes_) < 2:
            raise ValueError("y has one class: at least two are needed")
        if self.order == "ordinal" and _are_words(self.classes_):
            raise ValueError("classes that are words have no order: give numbers, from low to high")
        names = [str(label) for label in self.classes_]
        self.model_ = learning.train(
            texts,
            [names[place] for place in places],
            seed=self.seed,
            # Levels define an order, so they are passed only if there is one.
            order=self.order or "nominal",  # type: ignore[arg-type]
            levels=names if self.order == "ordinal" else None,
            high_from=None if self.high_from is None else str(self.high_from),
        )
        index = {label: place for place, label in enumerate(self.model_.labels)}
        # The index of each class among the model's labels.
        self._columns = np.array([index[label] for label in names])
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """The probability of each class, calibrated on held-out rows of the training data.

        Returns
        -------
        ndarray of shape (n_texts, n_classes)
        """
        return self._probabilities(X)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The chosen class of each text.

        Returns
        -------
        ndarray of shape (n_texts,)
        """
        likeliest = self._probabilities(X).argmax(axis=1)
        chosen: NDArray[Any] = self.classes_[likeliest]
        return chosen

    def _probabilities(self, X: ArrayLike) -> NDArray[np.float64]:
        check_is_fitted(self)
        data, _, _ = self.model_._native.read_many(_texts(X))
        rows = np.frombuffer(data, dtype=np.float64).reshape(-1, len(self.classes_))[:, self._columns]
        # The model computes in 32 bits; rows must add up to 1 in 64.
        scaled: NDArray[np.float64] = rows / rows.sum(axis=1, keepdims=True)
        return scaled

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        return tags


def _texts(X: Any) -> list[str]:
    if isinstance(X, str):
        raise ValueError("expected a sequence of texts, got one text")
    texts = [*X]
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"expected texts, got {type(text).__name__}")
    if not texts:
        raise ValueError("found no texts: at least one is needed")
    # numpy's strings are subclasses of `str`; the engine takes plain ones.
    return [str(text) for text in texts]


def _are_words(classes: NDArray[Any]) -> bool:
    return classes.dtype.kind not in "iub"
