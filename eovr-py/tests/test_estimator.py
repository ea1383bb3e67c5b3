"""The estimator in scikit-learn."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from eovr.triage import EovrTriage
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks

from test_triage import rows


class OfNumbers(EovrTriage):
    """The same estimator on numbers written as words, for scikit-learn's checks that generate numbers."""

    def fit(self, X, y):  # type: ignore[no-untyped-def]
        from sklearn.utils.validation import validate_data

        X, y = validate_data(self, X, y)
        return super().fit(_in_words(X), y)

    def predict(self, X):  # type: ignore[no-untyped-def]
        return super().predict(_in_words(self._validated(X)))

    def predict_proba(self, X):  # type: ignore[no-untyped-def]
        return super().predict_proba(_in_words(self._validated(X)))

    def _validated(self, X):  # type: ignore[no-untyped-def]
        from sklearn.utils.validation import check_is_fitted, validate_data

        check_is_fitted(self)
        return validate_data(self, X, reset=False)

    def __sklearn_tags__(self):  # type: ignore[no-untyped-def]
        tags = super().__sklearn_tags__()
        tags.input_tags.string = False
        tags.input_tags.one_d_array = False
        tags.input_tags.two_d_array = True
        tags.classifier_tags.poor_score = True
        return tags


def _in_words(X):  # type: ignore[no-untyped-def]
    return [" ".join(f"c{column}x{round(float(value), 2)}" for column, value in enumerate(row)) for row in X]


def test_it_passes_the_checks_that_scikit_learn_has_for_texts() -> None:
    with warnings.catch_warnings():
        # scikit-learn warns about checks that it skips, because it generates no texts.
        warnings.simplefilter("ignore")
        assert estimator_checks.check_estimator(EovrTriage()) is not None


@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        pytest.param(one, check, id=str(getattr(check, "func", check).__name__))
        for one, check in estimator_checks.estimator_checks_generator(OfNumbers())
    ],
)
def test_it_passes_the_checks_for_classifiers_when_told_numbers_in_words(estimator, check) -> None:  # type: ignore[no-untyped-def]
    check(estimator)


def test_it_learns_and_answers_in_the_order_of_its_classes() -> None:
    texts, labels = rows(200)
    clf = EovrTriage(seed=1).fit(texts, labels)
    assert [*clf.classes_] == ["fall", "medication"]
    probabilities = clf.predict_proba(["fell out of bed", "wrong dose"])
    assert probabilities.shape == (2, 2) and np.allclose(probabilities.sum(axis=1), 1)
    assert probabilities[0, 0] > 0.5 > probabilities[1, 0]
    assert clf.score(*rows(100, seed=2)) == 1.0


@pytest.mark.parametrize("kind", [list, tuple, np.array, "pandas", "polars"])
def test_texts_come_in_many_shapes(kind) -> None:  # type: ignore[no-untyped-def]
    import pandas as pd
    import polars as pl

    texts, labels = rows(60)
    make = {"pandas": pd.Series, "polars": pl.Series}.get(kind, kind)
    clf = EovrTriage().fit(make(texts), np.array(labels))
    assert [*clf.predict(make(texts))] == labels


def test_numbers_as_classes_come_back_as_numbers() -> None:
    texts, labels = rows(120)
    numbers = [10 if label == "fall" else 9 for label in labels]
    clf = EovrTriage().fit(texts, numbers)
    assert clf.classes_.tolist() == [9, 10] and clf.predict(texts).tolist() == numbers


def test_it_works_in_pipelines_and_searches() -> None:
    texts, labels = rows(100)
    clf = EovrTriage(seed=3)
    assert clone(clf).get_params() == clf.get_params() == {"seed": 3, "order": None, "high_from": None}
    assert cross_val_score(clf, texts, labels, cv=3).mean() == 1.0
    search = GridSearchCV(clf, {"seed": [0, 1]}, cv=2).fit(texts, labels)
    assert search.best_score_ == 1.0
    lower = FunctionTransformer(lambda X: [text.lower() for text in X])
    assert make_pipeline(lower, clf).fit(texts, labels).score(texts, labels) == 1.0
    again = pickle.loads(pickle.dumps(clf.fit(texts, labels)))
    assert np.array_equal(again.predict_proba(texts), clf.predict_proba(texts))
    assert isinstance(OneVsRestClassifier(clf).fit(texts, labels).predict(texts), np.ndarray)


def test_invalid_input_is_refused() -> None:
    with pytest.raises(NotFittedError):
        EovrTriage().predict(["a fall"])
    for wrong in ("one text", [], [1, 2], [["nested"]]):
        with pytest.raises((TypeError, ValueError)):
            EovrTriage().fit(wrong, ["a", "b"])


def test_the_engine_accepts_the_model() -> None:
    from eovr.triage import Model

    texts, labels = rows(60)
    clf = EovrTriage().fit(texts, labels)
    assert Model.from_bytes(clf.model_.to_bytes()).read(texts[0]).label == labels[0]


def test_words_have_no_order_of_their_own() -> None:
    with pytest.raises(ValueError, match="give numbers"):
        EovrTriage(order="ordinal").fit(*rows(60))
