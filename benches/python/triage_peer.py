"""The same work with scikit-learn, as a good team does it today: the peers of the benchmark `triage-peers`.

    triage_peer.py FILE TEXT LABEL SPLIT [ordinal|nominal] HIGH_FROM

fits TF-IDF word + character logistic regression, complement naive Bayes, a calibrated linear SVM and hashed
SGD on the rows of `train`, fits cut points (or nothing, without an order) on `valid`, fits again on both, and
prints the result of each on `test` as one line of JSON: `peer`, `auroc`, `agreement` (quadratic kappa, or macro-F1
without an order), `ece`, `train_cpu` in seconds and `read_cpu` in microseconds for one narrative.
"""

import json
import sys
import warnings
from time import process_time

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import cohen_kappa_score, f1_score, roc_auc_score
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

warnings.filterwarnings("ignore")


def words_and_pieces():
    return make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=2),
    )


def hashed():
    return make_union(
        HashingVectorizer(ngram_range=(1, 2), n_features=2**18, alternate_sign=False),
        HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), n_features=2**18, alternate_sign=False),
    )


def peers(rows: int):
    alpha = 1e-6 if rows > 20_000 else 1e-5
    return {
        "TF-IDF word+char LR": lambda: make_pipeline(words_and_pieces(), LogisticRegression(C=4, max_iter=300)),
        "complement NB": lambda: make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), ComplementNB()
        ),
        "linear SVM": lambda: make_pipeline(
            words_and_pieces(), CalibratedClassifierCV(LinearSVC(C=0.3), cv=3)
        ),
        "hashed SGD": lambda: make_pipeline(
            hashed(), SGDClassifier(loss="log_loss", alpha=alpha, max_iter=20, random_state=1)
        ),
    }


def cuts(expected: np.ndarray, truth: np.ndarray, classes: int) -> list[float]:
    """The cut points on the expected level with the best quadratic kappa."""
    ordered = np.sort(expected)
    best = [ordered[min(int((truth < level).sum()), len(ordered) - 1)] for level in range(1, classes)]

    def kappa(points):
        said = np.searchsorted(points, expected)
        return cohen_kappa_score(truth, said, labels=range(classes), weights="quadratic")

    reached = kappa(best)
    for _ in range(3):
        for place in range(classes - 1):
            for step in range(1, 60):
                other = list(best)
                other[place] = ordered[step * len(ordered) // 60]
                if other == sorted(other) and (now := kappa(other)) > reached:
                    best, reached = other, now
    return best


def ece(p: np.ndarray, truth: np.ndarray) -> float:
    bins = np.minimum((p * 15).astype(int), 14)
    off = [abs(p[bins == b].sum() - truth[bins == b].sum()) for b in range(15)]
    return float(sum(off) / len(p))


def main() -> None:
    file, text, label, split, order, high = sys.argv[1:]
    data = pd.read_csv(file, dtype={text: str}, keep_default_na=False)
    names = sorted(data[label].unique())
    truth = data[label].map({name: place for place, name in enumerate(names)}).to_numpy()
    classes, high_from = len(names), int(high)
    train, valid, test = (data[split].to_numpy() == side for side in ("train", "valid", "test"))
    narratives = data[text]
    for name, make in peers(int(train.sum())).items():
        found = None
        if order == "ordinal":
            first = make().fit(narratives[train], truth[train])
            found = cuts(first.predict_proba(narratives[valid]) @ np.arange(classes), truth[valid], classes)
        began = process_time()
        model = make().fit(narratives[train | valid], truth[train | valid])
        train_cpu = process_time() - began
        began = process_time()
        p = model.predict_proba(narratives[test])
        read_cpu = (process_time() - began) / test.sum() * 1e6
        if high_from >= 0:
            risk, is_high = p[:, high_from:].sum(1).clip(0, 1), truth[test] >= high_from
            auroc, off = roc_auc_score(is_high, risk), ece(risk, is_high)
        else:
            sides = [(truth[test] == c, p[:, c]) for c in range(classes)]
            auroc = float(np.mean([roc_auc_score(side, scores) for side, scores in sides]))
            off = float(np.mean([ece(scores, side) for side, scores in sides]))
        if found is not None:
            said = np.searchsorted(found, p @ np.arange(classes))
            agreement = cohen_kappa_score(truth[test], said, labels=range(classes), weights="quadratic")
        else:
            agreement = f1_score(truth[test], p.argmax(1), average="macro")
        line = {"peer": name, "auroc": auroc, "agreement": agreement, "ece": off}
        print(json.dumps(line | {"train_cpu": train_cpu, "read_cpu": read_cpu}), flush=True)


if __name__ == "__main__":
    main()
