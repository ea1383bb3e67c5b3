"""The metrics of scikit-learn and statsmodels for cases on standard input (JSON), to compare with ours. One object for
each case; an undefined metric is left out."""

import json
import sys
import warnings

import numpy as np
from sklearn import metrics as sk
from statsmodels.discrete.discrete_model import Logit
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import fleiss_kappa
from statsmodels.stats.proportion import proportion_confint

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
        except Exception:  # perfectly separated, so there is no line
            pass
        # Scores of 0 and 1 have log odds of 36, where the peer's regression rounds differently.
        if scores.min() > 0 and scores.max() < 1:
            fit = GLM(truth, np.ones((len(p), 1)), family=Binomial(), offset=odds).fit(tol=1e-14, maxiter=200)
            figures["in_the_large"] = fit.params[0]
            figures |= smoothed(truth, scores, odds)
    figures["observed_expected"] = truth.sum() / scores.sum() if scores.sum() > 0 else np.nan
    for percent in (5, 20, 50):
        threshold = percent / 100
        acted = scores >= threshold
        worth = (acted & (truth == 1)).sum() - (acted & (truth == 0)).sum() * threshold / (1 - threshold)
        figures[f"net_benefit_{percent}"] = worth / len(truth)
    figures["wilson_low"], figures["wilson_high"] = proportion_confint(truth.sum(), len(truth), method="wilson")
    return figures


def restricted_cubic(x, knots):
    """Harrell's basis, as in `rms::rcs`."""
    cube = lambda from_: np.maximum(x - from_, 0) ** 3
    first, before, last = knots[0], knots[-2], knots[-1]
    terms = [
        (cube(knot) - cube(before) * (last - knot) / (last - before) + cube(last) * (before - knot) / (last - before))
        / (last - first) ** 2
        for knot in knots[:-2]
    ]
    return np.column_stack([np.ones(len(x)), x, *terms])


def smoothed(truth, scores, odds) -> dict:
    """The curve with five knots, if these differ and the regression converges away from separation."""
    knots = np.quantile(odds, [0.05, 0.275, 0.5, 0.725, 0.95])
    if len(truth) < 60 or np.diff(knots).min() < 0.05:
        return {}
    try:
        fit = Logit(truth, restricted_cubic(odds, knots)).fit(disp=0, method="newton", maxiter=200, tol=1e-14)
        if not fit.mle_retvals["converged"] or np.abs(fit.params).max() > 20:
            return {}
    except Exception:
        return {}
    chance = lambda odds: 1 / (1 + np.exp(-odds))
    apart = np.abs(chance(restricted_cubic(odds, knots) @ fit.params) - scores)
    said = scores.min() + (scores.max() - scores.min()) * 20 / 60
    terms = restricted_cubic(np.array([np.log(said / (1 - said))]), knots)
    middle, half = (terms @ fit.params)[0], 1.959963984540054 * np.sqrt(terms @ fit.cov_params() @ terms.T)[0, 0]
    return {
        "ici": apart.mean(),
        "e50": np.quantile(apart, 0.5),
        "e90": np.quantile(apart, 0.9),
        "curve": chance(middle),
        "curve_low": chance(middle - half),
        "curve_high": chance(middle + half),
    }


def of_several(truth, said, classes: int) -> dict:
    """Metrics of label sets, as indicator matrices."""
    table = lambda rows: np.array([[label in row for label in range(classes)] for row in rows]).astype(int)
    truth, said = table(truth), table(said)
    return {
        "several_exact": sk.accuracy_score(truth, said),
        "several_hamming": sk.hamming_loss(truth, said),
        "several_micro_f1": sk.f1_score(truth, said, average="micro", zero_division=0),
        "several_macro_f1": sk.f1_score(truth, said, average="macro", zero_division=0),
    }


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
    found |= of_several(case["ratings"], case["others"], case["classes"])
    found["mcnemar"] = mcnemar(table, exact=True).pvalue
    found["fleiss"] = fleiss_kappa(np.array(counts))
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}


if __name__ == "__main__":
    json.dump([figures(case) for case in json.load(sys.stdin)], sys.stdout)
