"""Tables, as pandas, polars, pyarrow and DuckDB read them."""

from __future__ import annotations

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from eovr import (
    Action,
    Actor,
    DeniedError,
    Eovr,
    Frame,
    Harm,
    InvalidInputError,
    NotFoundError,
    Role,
    Table,
    aio,
)

from conftest import DOSE, KEY, ORG, a_report, nurse, quality, top


@pytest.fixture
def filled(memory: Eovr) -> Eovr:
    for count in range(1200):
        category = "patient_accident" if count % 3 else "medication"
        harm = None if count % 2 else Harm.MILD
        nurse(memory).incidents.report("NIL", a_report(category=category, actual_harm=harm))
    return memory


def test_a_list_is_read_by_every_library(filled: Eovr) -> None:
    frame = quality(filled).frame("incident")
    assert len(frame) == 1200 and repr(frame).startswith("Frame(1200 rows")
    table = pa.table(frame)
    assert table.column_names == frame.columns
    assert table.schema.field("created_at").type == pa.timestamp("us", tz="UTC")
    assert table.schema.field("ai_score").type == pa.int64()
    assert "receipt" not in frame.columns and "description" not in frame.columns

    ours = pd.DataFrame.from_arrow(frame)
    assert (ours["category"] == "patient_accident").sum() == 800
    assert str(ours["created_at"].dtype).startswith("datetime64[us, UTC")
    assert pl.DataFrame(frame)["actual_harm"].null_count() == 600
    counted = duckdb.sql("select category, count(*) from frame group by 1 order by 1")
    assert counted is not None and counted.fetchall() == [("medication", 400), ("patient_accident", 800)]
    # A table can be read more than once, and after the engine is closed.
    filled.close()
    assert pa.table(frame).equals(table)


def test_facets_and_a_filter_are_chosen(filled: Eovr) -> None:
    frame = quality(filled).frame("incident", ["category"], filter={"category": "patient_accident"})
    assert len(frame) == 800 and frame.columns[-1] == "category"
    assert len(quality(filled).frame("incident", [], filter={"category": "blood_product"})) == 0
    with pytest.raises(InvalidInputError, match="no such facet"):
        quality(filled).frame("incident", ["made_up"])


def test_texts_are_opened_only_for_actors_who_may_export(memory: Eovr) -> None:
    nurse(memory).incidents.report("NIL", a_report())
    frame = quality(memory).frame("incident", ["category"], fields=["description", "notes"])
    assert pl.DataFrame(frame)["description"].to_list() == [DOSE]
    assert pl.DataFrame(frame)["notes"].to_list() == [None]
    with pytest.raises(DeniedError):
        nurse(memory).frame("incident", ["category"], fields=["description"])


def test_figures_and_trails_are_tables(memory: Eovr) -> None:
    told = [nurse(memory).incidents.report("NIL", a_report()) for _ in range(3)]
    quality(memory).incidents.act(told[0].id, Action.START)
    figures = pl.DataFrame(quality(memory).tally("incident", ["state", "severity"]))
    assert figures.to_dicts() == [
        {"state": "created", "severity": None, "count": 2},
        {"state": "in_progress", "severity": None, "count": 1},
    ]
    months = pa.table(top(memory).tally("incident", ["month", "facility"]))
    assert months.schema.field("month").type == pa.int64()
    trail = pl.DataFrame(quality(memory).incidents.trail(told[0].id))
    assert trail["action"].to_list() == ["report", "start"] and trail["intact"].all()
    audit = pl.DataFrame(quality(memory).audit_frame("incident"))
    assert len(audit) == 4 and audit["actor"].n_unique() == 2
    with pytest.raises(DeniedError):
        nurse(memory).audit_frame("incident")


def test_labelled_narratives_are_a_set_to_learn_from(memory: Eovr) -> None:
    incidents = quality(memory).incidents
    rated = incidents.report("NIL", a_report())
    incidents.report("NIL", a_report())
    incidents.assess(rated.id, "severe", "rare")
    frame = incidents.labelled("severity")
    table = pl.DataFrame(frame)
    assert table["severity"].to_list() == ["severe"] and table["description"].to_list() == [DOSE]


def test_an_empty_table_has_its_columns(memory: Eovr) -> None:
    frame = quality(memory).frame("incident", ["category"])
    assert isinstance(frame, Frame) and len(frame) == 0
    assert pl.DataFrame(frame).schema["category"] == pl.String


OLD = {
    "description": ["Fell out of bed.", "Slipped in the bath.", None, "أُعطي المريض ضعف الجرعة."],
    "category": ["patient_accident", None, "medication", "medication"],
    "actual_harm": ["mild", None, None, "no_harm"],
}


IN_ARROW = pa.table(OLD)
TABLES = [pl.DataFrame(OLD), pd.DataFrame(OLD), IN_ARROW, duckdb.sql("select * from IN_ARROW")]


@pytest.mark.parametrize("table", TABLES, ids=["polars", "pandas", "pyarrow", "duckdb"])
def test_existing_reports_are_imported_from_a_table(memory: Eovr, table: Table) -> None:
    imported = nurse(memory).incidents.import_narratives("NIL", table, category="patient_accident")
    assert [row.row for row in imported.rejected] == [2] and "description" in imported.rejected[0].problem
    assert imported.there == 0 and imported.ids[2] is None
    kept = [quality(memory).load("incident", id) for id in imported.ids if id is not None]
    assert [record.facets["category"] for record in kept] == ["patient_accident", "patient_accident", "medication"]
    assert [record.facets.get("actual_harm") for record in kept] == ["mild", None, "no_harm"]
    assert quality(memory).open(kept[2], "description") == OLD["description"][3]
    # A second import adds nothing; another name makes it another table.
    again = nurse(memory).incidents.import_narratives("NIL", table, category="patient_accident")
    assert again.ids == imported.ids and again.there == 3
    other = nurse(memory).incidents.import_narratives("NIL", table, category="patient_accident", name="other")
    assert other.there == 0 and len(quality(memory).find("incident").items) == 6


def test_a_row_is_recognised_at_any_position(memory: Eovr) -> None:
    told = ["Fell out of bed.", "The lift was stuck.", "The lift was stuck."]
    first = nurse(memory).incidents.import_narratives("NIL", pl.DataFrame({"description": told}))
    assert first.there == 0 and len(set(first.ids)) == 3
    grown = pl.DataFrame({"description": ["The pump stopped.", *reversed(told)]})
    again = nurse(memory).incidents.import_narratives("NIL", grown)
    assert again.there == 3 and set(again.ids[1:]) == set(first.ids)


def test_an_imported_moment_keeps_its_place_in_time(memory: Eovr) -> None:
    when = [datetime(2026, 3, 1, 9, 30, tzinfo=ZoneInfo("Africa/Cairo"))]
    for unit in ("ms", "us", "ns"):
        moments = pl.Series(when).cast(pl.Datetime(unit, "Africa/Cairo"))
        table = pl.DataFrame({"description": ["Fell out of bed."], "occurred_at": moments})
        imported = nurse(memory).incidents.import_narratives("NIL", table, name=unit)
        assert imported.ids[0] is not None
        assert quality(memory).load("incident", imported.ids[0]).facets["occurred_at"] == when[0]


def test_a_table_without_reports_is_refused_completely(memory: Eovr) -> None:
    incidents = nurse(memory).incidents
    wrong = [
        (pl.DataFrame({"narrative": ["Fell out of bed."]}), "nothing that a report has"),
        (pl.DataFrame({"category": ["medication"]}), "no column `description`"),
        (pl.DataFrame({"description": [7]}), "of another type"),
        (pl.DataFrame({"description": ["Fell out of bed."], "occurred_at": [datetime(2026, 3, 1)]}), "no time zone"),
        (pl.DataFrame({"description": ["Fell out of bed."], "occurred_at": ["2026-03-01"]}), "of another type"),
    ]
    for table, said in wrong:
        with pytest.raises(InvalidInputError, match=said):
            incidents.import_narratives("NIL", table)
    with pytest.raises(TypeError):
        incidents.import_narratives("NIL", ["Fell out of bed."])  # type: ignore[arg-type]
    unknown = pl.DataFrame({"description": ["Fell out of bed.", "Slipped in the bath."], "actual_harm": ["a bit", "mild"]})
    imported = incidents.import_narratives("NIL", unknown)
    assert [row.row for row in imported.rejected] == [0] and imported.rejected[0].help is not None
    with pytest.raises(NotFoundError):
        incidents.import_narratives("SUN", unknown)
    assert incidents.import_narratives("NIL", pl.DataFrame({"description": []}, schema={"description": pl.String})).ids == ()


def test_the_same_rows_at_another_facility_are_other_reports(engine: Eovr) -> None:
    table = pl.DataFrame({"description": ["Fell in the corridor."]})
    here = engine.session(Actor("import", Role.STAFF, at="NIL")).incidents.import_narratives("NIL", table)
    there = engine.session(Actor("import", Role.STAFF, at="SUN")).incidents.import_narratives("SUN", table)
    assert (here.there, there.there) == (0, 0) and here.ids != there.ids
    again = engine.session(Actor("import", Role.STAFF, at="SUN")).incidents.import_narratives("SUN", table)
    assert (again.there, again.ids) == (1, there.ids)


def test_a_large_table_is_imported_by_an_awaiting_program(url: str) -> None:
    table = pl.DataFrame({"description": [f"Fell in ward {ward}." for ward in range(2000)]})

    async def imported() -> int:
        async with await aio.Eovr.open(url, org=ORG, keys=KEY) as engine:
            clerk = engine.session(Actor("import", Role.STAFF, at="NIL"))
            done = await clerk.incidents.import_narratives("NIL", table)
            return len({*done.ids})

    assert asyncio.run(imported()) == 2000
