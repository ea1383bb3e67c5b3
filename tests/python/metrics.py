"""The figures of scikit-learn and statsmodels for cases on standard input (JSON), so that ours can be held against
them. One object of figures for each case; what they do not define is left out."""

import json
import sys
import warnings

import numpy as np
from sklearn import metrics as sk
from statsmodels.discrete.discrete_model import Logit
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import fleiss_kappa

warnings.filterwarnings("ignore")


def of_flags(truth, scores) -> dict:
    figures = {
        "brier": sk.brier_score_loss(truth, scores),
        "log_loss": sk.log_loss(truth, scores, labels=[0, 1]),
    }
    if 0 < truth.sum() < len(truth):
        figures["auroc"] = sk.roc_auc_score(truth, scores)
        figures["average_precision"] = sk.average_precision_score(truth, scores)
        p = np.clip(scores, np.finfo(float).eps, 1 - np.finfo(float).eps)
        odds = np.log(p / (1 - p))
        try:
            design = np.column_stack([np.ones(len(p)), odds])
            fit = Logit(truth, design).fit(disp=0, method="newton", maxiter=200, tol=1e-14)
            if fit.mle_retvals["converged"] and np.abs(fit.params).max() < 20:
                figures["intercept"], figures["slope"] = fit.params
        except Exception:  # separated: there is no line
            pass
    return figures


def of_levels(truth, said, classes: int) -> dict:
    labels = range(classes)
    figures = {
        "accuracy": sk.accuracy_score(truth, said),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, said),
        "macro_f1": sk.f1_score(truth, said, average="macro", zero_division=0),
        "macro_f1_of_all": sk.f1_score(truth, said, average="macro", labels=labels, zero_division=0),
    }
    for name, weights in (("kappa", None), ("kappa_linear", "linear"), ("kappa_quadratic", "quadratic")):
        figures[name] = sk.cohen_kappa_score(truth, said, labels=labels, weights=weights)
    return figures


def figures(case: dict) -> dict:
    truth, said = np.array(case["levels"]), np.array(case["said"])
    right = np.array(case["said"]) == truth
    other = np.array(case["other"]) == truth
    table = [[(right & other).sum(), (right & ~other).sum()], [(~right & other).sum(), (~right & ~other).sum()]]
    counts = [[int(row.count(level)) for level in range(case["classes"])] for row in case["ratings"]]
    found = of_flags(np.array(case["truth"]).astype(int), np.array(case["scores"]))
    found |= of_levels(truth, said, case["classes"])
    found["mcnemar"] = mcnemar(table, exact=True).pvalue
    found["fleiss"] = fleiss_kappa(np.array(counts))
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}


if __name__ == "__main__":
    json.dump([figures(case) for case in json.load(sys.stdin)], sys.stdout)
