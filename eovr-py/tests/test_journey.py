"""The life of a report, with the users of a hospital."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from eovr import (
    Action,
    Actor,
    Before,
    DeniedError,
    Eovr,
    FollowUp,
    FollowUpKind,
    From,
    Harm,
    In,
    Not,
    NotFoundError,
    RefusedError,
    Reporter,
    Role,
    State,
    Visitor,
)

from conftest import DOSE, a_report, elsewhere, nurse, quality, top


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(days=7)


def test_a_report_is_walked_to_its_end(engine: Eovr) -> None:
    told = nurse(engine).incidents.report("NIL", a_report(actual_harm=Harm.SEVERE))
    assert told.number == f"OVR-{datetime.now(UTC):%Y}-000001"
    session = quality(engine)
    incidents = session.incidents
    incidents.act(told.id, Action.START)
    incidents.act(told.id, "evaluate")
    incidents.assess(told.id, "severe", "rare")
    due = FollowUp(task="Separate the vials", owner="quality-1", due_at=soon(), kind=FollowUpKind.PREVENTIVE)
    child = incidents.follow_up(told.id, due)
    incidents.act(told.id, Action.TAKE_ACTION)
    with pytest.raises(RefusedError) as refused:
        incidents.act(told.id, Action.COMPLETE)
    assert refused.value.refusal is not None
    assert [unmet.need for unmet in refused.value.refusal.unmet] == ["children_closed"]
    assert incidents.finish_follow_up(child.id, "two shelves").version == 2
    incidents.act(told.id, Action.COMPLETE)

    record = incidents.load(told.id)
    assert record.state == State.COMPLETED
    assert record.facets["risk_score"] == 3 and record.facets["risk_band"] == "high"
    assert record.facets["ai_band"] == "extreme"
    assert "description" in record.sealed and session.open(record, "description") == DOSE
    assert session.open(record, "notes") is None
    trail = incidents.trail(told.id)
    assert trail.verdict.intact and trail.verdict.seq == len(trail.entries) == record.version
    assert [entry.to_state for entry in trail.entries][-1] == "completed"
    assert trail.entries[0].actor == "nurse-7" and trail.entries[0].human


def test_a_refusal_lists_the_legal_actions(engine: Eovr) -> None:
    told = nurse(engine).incidents.report("NIL", a_report())
    session = quality(engine)
    with pytest.raises(RefusedError) as refused:
        session.incidents.act(told.id, Action.COMPLETE)
    assert "start" in refused.value.legal
    legal = {legal.action: legal.unmet for legal in session.incidents.legal(told.id)}
    assert legal["start"] == ()
    assert [unmet.need for unmet in legal["amend"]] == ["note"]
    machine = engine.session(Actor("model-1", Role.QUALITY_ADMIN, at="NIL", machine=True))
    with pytest.raises(RefusedError, match="a person to decide"):
        machine.incidents.act(told.id, Action.START)


def test_out_of_scope_looks_like_absent(engine: Eovr) -> None:
    told = nurse(engine).incidents.report("NIL", a_report())
    with pytest.raises(NotFoundError) as out_of_scope:
        elsewhere(engine).incidents.load(told.id)
    with pytest.raises(NotFoundError) as absent:
        elsewhere(engine).incidents.load("00000000-0000-7000-8000-000000000000")
    assert str(out_of_scope.value) == str(absent.value)
    assert elsewhere(engine).incidents.list().items == ()
    assert elsewhere(engine).tally("incident").total == 0


def test_a_receipt_answers_without_an_account(engine: Eovr) -> None:
    visitor = engine.session(Visitor("qr-poster-7", at="NIL"))
    told = visitor.incidents.report("NIL", a_report(reporter=Reporter.PATIENT))
    assert told.receipt not in repr(told)
    session = quality(engine)
    session.incidents.act(told.id, Action.START)
    session.incidents.act(told.id, Action.EVALUATE)
    session.incidents.act(told.id, Action.ASK, note="Which ward?")
    seen = engine.receipt(told.receipt.lower())
    assert seen.waiting and [said.text for said in seen.exchange] == ["Which ward?"]
    engine.answer_with_receipt(told.receipt, "The third.")
    engine.remark_with_receipt(told.receipt, "It was at night.")
    engine.correct_with_receipt(told.receipt, set={"location": "ward-3"})
    seen = engine.receipt(told.receipt)
    assert [said.action for said in seen.exchange] == ["ask", "answer", "add_remark"]
    assert session.incidents.load(told.id).facets["location"] == "ward-3"
    with pytest.raises(NotFoundError):
        engine.receipt("7K2M-" * 7 + "7K2M")


def test_an_anonymous_report_names_no_author(engine: Eovr) -> None:
    told = nurse(engine).incidents.report("NIL", a_report(reporter=Reporter.ANONYMOUS))
    assert quality(engine).incidents.load(told.id).envelope.author == "anonymous"


def test_a_closed_incident_goes_on_in_a_new_one(engine: Eovr) -> None:
    incidents = quality(engine).incidents
    told = incidents.report("NIL", a_report())
    for action in (Action.START, Action.EVALUATE, Action.TAKE_ACTION, Action.COMPLETE):
        incidents.act(told.id, action)
    again = incidents.reopen(told.id, "it happened again", a_report())
    assert incidents.load(again.id).facets["continues"] == str(told.id)
    assert incidents.load(told.id).facets["disposition"] == "reopened"


def test_a_query_filters_by_column(engine: Eovr) -> None:
    session = nurse(engine)
    start = datetime.now(UTC)
    falls = [session.incidents.report("NIL", a_report(category="patient_accident")) for _ in range(3)]
    session.incidents.report("NIL", a_report(medical_file_number="١٢ 34"))
    reviewer = quality(engine)
    find = reviewer.find
    assert len(find("incident", {"category": "patient_accident"}).items) == 3
    assert len(find("incident", {"category": In(["patient_accident", "medication"])}).items) == 4
    assert len(find("incident", {"category": Not("patient_accident")}).items) == 1
    assert len(find("incident", {"severity": None, "state": "created"}).items) == 4
    between = (From(start), Before(datetime.now(UTC) + timedelta(minutes=1)))
    assert len(find("incident", {"created": between}).items) == 4
    assert len(find("incident", {"created": Before(start)}).items) == 0
    assert len(find("incident", {"medical_file_number": "1234"}).items) == 1
    assert len(reviewer.incidents.of_file("12 ٣٤").items) == 1

    page = find("incident", {"category": "patient_accident"}, limit=2)
    rest = find("incident", {"category": "patient_accident"}, limit=2, after=page.next)
    assert {one.id for one in page.items + rest.items} == {one.id for one in falls}
    assert rest.next is None
    assert len([*reviewer.records("incident")]) == 4
    listed = reviewer.list("incident", ["category"], {"category": "patient_accident"})
    assert [dict(one.facets) for one in listed.items] == [{"category": "patient_accident"}] * 3


def test_figures_follow_the_tiers(engine: Eovr) -> None:
    for category in ("patient_accident", "patient_accident", "medication"):
        nurse(engine).incidents.report("NIL", a_report(category=category))
    figures = quality(engine).tally("incident", ["category"])
    assert [(cell.key, cell.count) for cell in figures.cells] == [
        (("medication",), 1),
        (("patient_accident",), 2),
    ]
    assert figures.total == 3
    with pytest.raises(DeniedError):
        quality(engine).tally("incident", ["facility"])
    assert top(engine).tally("incident", ["facility"]).cells[0].key == ("NIL",)
    summary = quality(engine).incidents.summary()
    assert (summary.total, summary.pending_review, summary.overdue) == (3, 3, 0)


def test_figures_from_memory_are_the_same(url: str) -> None:
    from conftest import KEY, ORG

    with Eovr.open(url, org=ORG, keys=KEY, figures_in_memory=True) as engine:
        nurse(engine).incidents.report("NIL", a_report())
        figures = quality(engine).tally("incident", ["state"])
        assert figures.source == "memory" and figures.total == 1


def test_a_chain_can_be_checked_without_eovr(engine: Eovr) -> None:
    incidents = quality(engine).incidents
    told = incidents.report("NIL", a_report())
    incidents.act(told.id, Action.START)
    before = "0" * 64
    events = quality(engine).events("incident", told.id)
    for seq, event in enumerate(events, start=1):
        assert hashlib.sha256(b"eovr.event.v1\n" + event.body.encode()).digest() == event.hash
        body = json.loads(event.body)
        assert body["seq"] == seq and body["prev"] == before
        before = event.hash.hex()
    assert len(events) == 2


def test_keys_are_rotated_and_destroyed(engine: Eovr) -> None:
    old = nurse(engine).incidents.report("NIL", a_report())
    session = top(engine)
    first = next(key for key in session.data_keys() if key.purpose == "fields")
    session.rotate_key("fields")
    new = nurse(engine).incidents.report("NIL", a_report())
    session.destroy_key(first.id, "erased on request")
    reader = quality(engine)
    assert reader.open(reader.incidents.load(new.id), "description") == DOSE
    from eovr import KeyUnavailableError

    with pytest.raises(KeyUnavailableError):
        reader.open(reader.incidents.load(old.id), "description")
    assert reader.incidents.trail(old.id).verdict.intact


def test_values_come_back_as_they_went_in(engine: Eovr) -> None:
    at = datetime(2026, 3, 14, 15, 9, 26, 535897, tzinfo=timezone(timedelta(hours=2)))
    told = nurse(engine).incidents.report("NIL", a_report(occurred_at=at, disclosed=False))
    record = quality(engine).incidents.load(told.id)
    assert record.facets["occurred_at"] == at
    assert record.facets["disclosed"] is False
    assert record.id == told.id and record.envelope.created_at.tzinfo is UTC
