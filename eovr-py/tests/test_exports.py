"""Exports, read back by programs that are not ours."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path

import openpyxl
import pytest
from eovr import (
    Actor,
    DeniedError,
    Eovr,
    InvalidInputError,
    NotFoundError,
    Role,
    UnavailableError,
    aio,
)

from conftest import DOSE, KEY, ORG, a_report, elsewhere, nurse, quality
from test_kinds import ALARM

FORMULA = '=HYPERLINK("http://evil") said the monitor'


@pytest.fixture
def told(engine: Eovr) -> str:
    nurse(engine).incidents.report("NIL", a_report())
    return str(nurse(engine).incidents.report("NIL", a_report(description=FORMULA)).id)


def test_lists(engine: Eovr, told: str) -> None:
    session = quality(engine)
    made = session.export("csv")
    rows = [*csv.DictReader(io.StringIO(made.decode("utf-8-sig")))]
    assert len(rows) == 2 and rows[1]["description"] == DOSE
    assert not rows[0]["description"].startswith("=")
    lines = session.export("ndjson")
    assert {json.loads(line)["description"] for line in lines.splitlines()} == {DOSE, FORMULA}
    assert len(json.loads(session.export("fhir_r4"))["entry"]) >= 2
    assert json.loads(session.export("fhir_r5"))["resourceType"] == "Bundle"
    assert len(session.export("mim").splitlines()) == 2
    assert b"description" not in session.export("deidentified")


@pytest.mark.parametrize("lang", ["en", "ar", "both"])
def test_a_workbook_opens(engine: Eovr, told: str, tmp_path: Path, lang: str) -> None:
    path = quality(engine).export_to(tmp_path / "list.xlsx", "xlsx", lang=lang)
    assert path == tmp_path / "list.xlsx"
    book = openpyxl.load_workbook(tmp_path / "list.xlsx")
    cells = [str(cell.value) for sheet in book for row in sheet for cell in row if cell.value]
    assert any(DOSE in cell for cell in cells)
    assert [entry.name for entry in tmp_path.iterdir() if entry.suffix in (".xlsx", ".part")] == ["list.xlsx"]


def test_a_file_is_replaced_once_it_is_whole(engine: Eovr, told: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("before")
    with pytest.raises(InvalidInputError):
        quality(engine).export_to(path, "csv", filter={"made_up": 1})
    assert path.read_text() == "before"
    quality(engine).export_to(path, "csv")
    assert DOSE in path.read_text()
    with pytest.raises(UnavailableError) as caught:
        quality(engine).export_to(tmp_path / "no" / "folder" / "list.csv", "csv")
    assert caught.value.__cause__ is not None


def test_a_report_is_a_pdf(engine: Eovr, told: str) -> None:
    made = quality(engine).export("pdf", incident=told, lang="both")
    assert made.startswith(b"%PDF-") and len(made) > 10_000
    for wrong in ({"format": "pdf"}, {"format": "csv", "incident": told}, {"format": "odt"}):
        with pytest.raises(InvalidInputError):
            quality(engine).export(**wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="sheet"):
        quality(engine).export("csv", sheet=1)  # type: ignore[call-arg]
    with pytest.raises(NotFoundError):
        elsewhere(engine).export("pdf", incident=told)


def test_a_kind_of_the_host(url: str, tmp_path: Path) -> None:
    with Eovr.open(url, org=ORG, keys=KEY, kinds=[ALARM], checks={"cool_again": lambda r, a: True}) as engine:
        raised = nurse(engine).create(
            "fridge_alarm", "NIL", "raise", set={"fridge": "@blood-2", "tenths_celsius": 112}
        )
        nurse(engine).incidents.report("NIL", a_report())
        session = quality(engine)
        made = session.export("csv", kind="fridge_alarm").decode()
        (row,) = csv.DictReader(io.StringIO(made))
        assert (row["number"], row["fridge"], row["tenths_celsius"]) == (raised.number, "'@blood-2", "112")
        (line,) = session.export("ndjson", kind="fridge_alarm").splitlines()
        assert json.loads(line)["tenths_celsius"] == 112
        titles = {"fridge_alarm": ("Alarms", "إنذارات"), "fridge": ("Fridge", "الثلاجة"), "ringing": ("Rings", "يرن")}
        path = tmp_path / "alarms.xlsx"
        session.export_to(path, "xlsx", kind="fridge_alarm", lang="ar", titles=titles)
        (sheet,) = openpyxl.load_workbook(path)
        cells = [cell.value for row in sheet for cell in row]
        assert sheet.title == "إنذارات" and {"الثلاجة", "يرن", 112} <= {*cells}
        assert b'"events":1' in session.export("audit_json", kind="fridge_alarm").replace(b" ", b"")
        for format in ("fhir_r4", "mim", "deidentified"):
            with pytest.raises(InvalidInputError, match="`incident`, and not for `fridge_alarm`"):
                session.export(format, kind="fridge_alarm")
        with pytest.raises(InvalidInputError, match="no such kind"):
            session.export("csv", kind="fridge")
        with pytest.raises(InvalidInputError, match="`tenths_celsius`"):
            session.export("xlsx", kind="fridge_alarm", titles={"degrees": ("Degrees", "درجات")})


def test_audit_events(engine: Eovr, told: str) -> None:
    quality(engine).incidents.act(told, "start")
    made = quality(engine).export("audit_csv", actions=["start"])
    rows = [*csv.DictReader(io.StringIO(made.decode("utf-8-sig")))]
    assert [(row["actor"], row["action"]) for row in rows] == [("quality-1", "start")]
    assert b'"events":3' in quality(engine).export("audit_json").replace(b" ", b"")
    assert quality(engine).export("audit_pdf", lang="ar")[:5] == b"%PDF-"


def test_a_list_is_not_for_tier_one(engine: Eovr, told: str) -> None:
    for format in ("csv", "xlsx", "fhir_r4", "audit_csv", "deidentified"):
        with pytest.raises(DeniedError):
            nurse(engine).export(format)


def test_an_export_that_is_cancelled_leaves_nothing_behind(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()

    async def cancelled() -> None:
        async with await aio.Eovr.open(url, org=ORG, keys=KEY) as engine:
            session = engine.session(Actor("quality-1", Role.QUALITY_ADMIN, at="NIL"))
            for _ in range(50):
                await session.incidents.report("NIL", a_report())
            left = 0
            for wait in (0.0, 0.001, 0.002, 0.004):
                task = asyncio.ensure_future(session.export_to(folder / "list.csv", "csv"))
                await asyncio.sleep(wait)
                left += not task.done()
                task.cancel()
                await asyncio.wait([task])
            assert left > 0
            await session.export_to(folder / "list.csv", "csv")

    asyncio.run(cancelled())
    assert [entry.name for entry in folder.iterdir()] == ["list.csv"]
