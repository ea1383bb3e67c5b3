"""Scorers: suggestions, training and evaluation."""

from __future__ import annotations

import json
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from eovr import EovrError, InvalidInputError, triage
from eovr.triage import Band, Judgement, Model

FALLS = ["the patient fell in the bathroom", "slipped on the wet floor", "found on the floor beside the bed"]
DRUGS = ["the wrong dose was given", "ten times the insulin", "the drip ran too fast all night"]


def rows(count: int, seed: int = 7) -> tuple[list[str], list[str]]:
    chance = random.Random(seed)
    labels = [chance.choice(["fall", "medication"]) for _ in range(count)]
    words = ["today", "on ward three", "again", "late", "مساء", "by night shift"]
    texts = [
        f"{chance.choice(FALLS if label == 'fall' else DRUGS)} {chance.choice(words)} {chance.choice(words)}"
        for label in labels
    ]
    return texts, labels


@pytest.fixture(scope="module")
def model() -> Model:
    return triage.train(*rows(300), seed=7, name="synthetic")


def test_spans_are_places_in_the_text() -> None:
    text = "😀 عانى المريض 😀: cardiac arrest, and no fall."
    said = triage.score(text)
    words = {reason.rule: text[slice(*reason.span)] for reason in said.reasons if reason.span}
    assert "cardiac arrest" in words.values()
    assert "fall" in words["negated.fall"]
    assert said.score == min(100, sum(reason.points for reason in said.reasons))


def test_grading_counts_and_is_checked() -> None:
    assert triage.score("", actual_harm="severe").high_risk
    assert triage.score("").abstained and triage.score("").band is Band.LOW
    with pytest.raises(InvalidInputError, match="near_miss"):
        triage.score("a fall", actual_harm="terrible")


def test_a_notebook_shows_the_words_and_escapes_them() -> None:
    shown = triage.explain('<script>alert(1)</script> The patient died & "fell".')._repr_html_()
    assert "<script>" not in shown and "&lt;script&gt;" in shown
    assert "<mark" in shown and "died</mark>" in shown


def test_many_are_scored_like_one() -> None:
    texts = [*FALLS, "The patient died.", ""]
    table = pl.DataFrame(triage.score_many(texts))
    alone = [triage.score(text) for text in texts]
    assert table["score"].to_list() == [said.score for said in alone]
    assert table["band"].to_list() == [said.band for said in alone]
    assert table["abstained"].to_list() == [said.abstained for said in alone]


def test_a_model_learns_and_goes_round(model: Model, tmp_path: Any) -> None:
    assert model.labels == ("fall", "medication")
    answer = model.read("somebody slipped and fell")
    assert answer.label == "fall" and sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
    model.save(tmp_path / "model")
    assert Model.load(tmp_path / "model") == model == pickle.loads(pickle.dumps(model))
    assert model == triage.train(*rows(300), seed=7, name="synthetic")
    card = model.card
    assert card["name"] == "synthetic" and "Not validated" in card["limits"]
    assert len(card["data_sha256"]) == 64
    for damaged in (b"", b"no model", model.to_bytes()[:-1], model.to_bytes() + b"x"):
        with pytest.raises(EovrError):
            Model.from_bytes(damaged)


def test_shares_add_up_to_the_margin(model: Model) -> None:
    text = "the patient fell, مساء, in the bathroom"
    _, margin, rest, words = model._native.explain(text)
    assert sum(share for _, _, share in words) + rest == pytest.approx(margin, abs=1e-4)
    explained = model.explain(text)
    assert "bathroom" in [text[slice(*share.span)] for share in explained.shares]
    assert "<mark" in explained._repr_html_()


@pytest.mark.parametrize(
    ("texts", "labels", "said"),
    [
        (["a fall"] * 5, ["a", "b"] * 2 + ["a"], "too few rows"),
        (["a fall"] * 20, ["a"] * 20, "one label"),
        (["a fall"] * 19 + ["…"], ["a", "b"] * 10, "no word"),
        (["a fall"] * 19, ["a", "b"] * 10, "19 narratives"),
        (["a fall"] * 20, ["a", ""] * 10, "label is empty"),
    ],
)
def test_rows_without_information_are_refused(texts: list[str], labels: list[str], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        triage.train(texts, labels)


def test_whole_numbers_may_be_levels_or_kinds() -> None:
    texts = [f"report {place % 3} of some ward" for place in range(30)]
    labels = [str(place % 3) for place in range(30)]
    with pytest.raises(InvalidInputError, match="levels or kinds"):
        triage.train(texts, labels)
    assert triage.train(texts, labels, order="ordinal").card["order"] == "ordinal"


def test_a_narrative_may_have_several_labels() -> None:
    parts = {
        "fall": "the patient fell in the bathroom",
        "drug": "the wrong dose was given",
        "fire": "smoke in the kitchen",
    }
    chance = random.Random(3)
    truth = [[name for name in parts if chance.random() < 0.5] for _ in range(160)]
    texts = [" and ".join(["a report", *(parts[name] for name in names)]) for names in truth]
    model = triage.train(texts, truth, seed=1, date="2026-11-30")
    assert model.several and model.card["date"] == "2026-11-30"
    assert set(model.read("the patient fell, the wrong dose was given").labels) == {"fall", "drug"}
    assert Model.from_bytes(model.to_bytes()) == model
    found = triage.evaluate(model, texts, truth, draws=20)
    assert found.figures["micro_f1"].value == pytest.approx(1.0, abs=0.1)
    assert found.figures["kappa"].value is None


def test_a_page_for_an_appendix(model: Model) -> None:
    texts, labels = rows(120, seed=8)
    clusters = [place % 12 for place in range(120)]
    found = triage.evaluate(
        model, texts, labels, clusters=clusters, prevalence=0.05, date="2026-11-30", draws=50
    )
    assert found.report["clusters"] == 12 and "12 clusters" in found.report["warnings"][0]
    page = found.html()
    parts = ("Reporting checklist", "Training card", "Latin script", "2026-11-30", "PPV at the stated prevalence")
    for part in parts:
        assert part in page
    for figure in found.figures.values():
        if figure.value is not None and figure.low is not None and figure.high is not None:
            assert figure.low <= figure.value <= figure.high


def test_a_scorer_is_evaluated_in_full(model: Model) -> None:
    texts, labels = rows(120, seed=8)
    groups = ["ward" if place % 2 else "theatre" for place in range(120)]
    found = triage.evaluate(model, texts, labels, groups=groups, against="rules", data="synthetic", draws=100)
    assert found.figures["accuracy"].value == 1.0
    assert found.report["comparison"]["other"] == "eovr-rules 1"
    difference, low, high = found.report["comparison"]["auroc"]
    assert low <= difference <= high < 0, "the rules cannot tell a fall from a drug"
    assert {group["name"] for group in found.report["groups"]} == {"ward", "theatre"}
    assert found.report["settings"]["scorer"].startswith("synthetic ")
    assert "</svg>" in found.html() and found.html().startswith("<!doctype html>")
    assert 'sandbox style="' in found._repr_html_()
    assert json.loads(json.dumps(found.report)) == found.report
    again = triage.evaluate(model, texts, labels, groups=groups, against="rules", data="synthetic", draws=100)
    assert again.report == found.report


def test_figures_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import cohen_kappa_score, roc_auc_score

    chance = random.Random(11)
    truth = [chance.choice("012") for _ in range(300)]
    scores = {
        str(case): min(1.0, max(0.0, int(label) / 2 + chance.gauss(0, 0.4)))
        for case, label in enumerate(truth)
    }
    said = {case: str(round(2 * score)) for case, score in scores.items()}
    found = triage.evaluate(
        lambda case: Judgement(high=scores[case], label=said[case], flagged=scores[case] > 0.7),
        [str(case) for case in range(300)],
        truth,
        labels=["0", "1", "2"],
        high_from="2",
        draws=50,
    )
    high = [label == "2" for label in truth]
    assert found.figures["auroc"].value == pytest.approx(roc_auc_score(high, [*scores.values()]))
    kappa = cohen_kappa_score(truth, [*said.values()], weights="quadratic")
    assert found.figures["kappa_quadratic"].value == pytest.approx(kappa)
    figure = found.figures["auroc"]
    assert figure.low is not None and figure.value is not None and figure.low < figure.value


def test_an_exception_in_a_scorer_is_raised_with_its_case() -> None:
    def scorer(text: str) -> float:
        if text == "third":
            raise ZeroDivisionError("not today")
        return 0.5

    with pytest.raises(ZeroDivisionError) as caught:
        triage.evaluate(scorer, ["first", "second", "third"], ["a", "b", "a"])
    assert caught.value.__notes__ == ["raised by the scorer at case 2"]


@pytest.mark.parametrize(
    "scorer",
    [
        lambda text: "high",
        lambda text: None,
        lambda text: float("nan"),
        lambda text: Judgement(label="unheard of"),
        lambda text: Judgement(high=0.5, probabilities=["x"]),  # type: ignore[list-item]
        7,
        "gpt",
    ],
)
def test_useless_scorers_are_refused(scorer: Any) -> None:
    with pytest.raises((InvalidInputError, TypeError, ValueError)):
        triage.evaluate(scorer, ["one", "two"], ["a", "b"], draws=10)


@pytest.mark.parametrize(
    "change",
    [
        {"narratives": [], "truth": []},
        {"truth": ["a"]},
        {"truth": ["a", "c"], "labels": ["a", "b"]},
        {"groups": ["one"]},
        {"high_from": "a"},
        {"order": "sideways"},
    ],
)
def test_sets_that_cannot_be_evaluated(change: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"narratives": ["one", "two"], "truth": ["a", "b"], "draws": 10}
    asked |= change
    if change == {"high_from": "a"}:
        assert triage.evaluate("rules", **asked).report["settings"]["high_from"] == 0
        return
    with pytest.raises(InvalidInputError):
        triage.evaluate("rules", **asked)


def test_a_model_reads_new_reports(model: Model, url: str) -> None:
    from eovr import Eovr

    from conftest import KEY, ORG, a_report, nurse, quality

    for scorer, name in ((model, "synthetic"), ("rules", "eovr-rules"), (None, None)):
        with Eovr.open("memory:", org=ORG, keys=KEY, scorer=scorer) as engine:
            told = nurse(engine).incidents.report("NIL", a_report())
            assert quality(engine).incidents.load(told.id).facets.get("ai_model") == name


def test_findings_and_redaction_of_a_narrative() -> None:
    told = "🩺 الممرضة فاطمة أعطت heparin مرتين؛ call 0100 123 4567."
    found = {str(one.what): told[slice(*one.span)] for one in triage.findings(told)}
    assert found["drug"] == "heparin" and found["name"] == "فاطمة"
    assert triage.redact(told) == "🩺 الممرضة [name] أعطت heparin مرتين؛ call [phone]."
    assert triage.findings("") == () and triage.redact("") == ""
    for wrong in (None, b"bytes", "half \ud800"):
        with pytest.raises((TypeError, InvalidInputError)):
            triage.findings(wrong)  # type: ignore[arg-type]


def test_any_scorer_can_take_a_challenge_set(tmp_path: Path) -> None:
    texts = triage.challenge_texts()
    grave = {text.text for text in texts if text.expect == "grave"}
    perfect = triage.challenge(lambda text: (float(text in grave), text in grave))
    assert perfect.all.solved.rate == perfect.all.ordered.rate == 1.0
    # A text that leaves the grave event open must not score 0.
    assert set(perfect.wrong) == {text.id for text in texts if text.expect == "possible"}
    ours = triage.challenge()
    assert set(ours.languages) == {"ar", "en"} and ours.all.found.of == len(grave)

    own = tmp_path / "own.csv"
    head = "id,pair,idea,kind,rule,language,variety,expect,text\n"
    own.write_text(head + "a,p,i,denied,r,en,general,grave,died\nb,p,i,denied,r,en,general,quiet,did not die\n")
    assert triage.challenge(lambda text: (1.0, True), cases=own).all.false_flags.rate == 1.0
    own.write_text(head + "a,p,i,denied,r,en,general,grave,died\n")
    with pytest.raises(InvalidInputError):
        triage.challenge(cases=own)
