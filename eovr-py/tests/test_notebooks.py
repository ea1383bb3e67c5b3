"""The notebooks of `examples/notebooks`, run from the first cell to the last."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "examples" / "notebooks"


def outputs(name: str, folder: Path) -> list[str]:
    """The output of a notebook's cells, as text."""
    execute = Path(sys.executable).with_name("jupyter-execute")
    command = [execute, NOTEBOOKS / name, "--output", folder / name, "--timeout", "240"]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-3000:]
    notebook = nbformat.read(folder / name, as_version=4)
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output.get("text") or output["data"]["text/plain"] for output in shown]


def test_no_notebook_is_stored_with_its_output() -> None:
    for path in NOTEBOOKS.glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        kept = [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]
        assert not kept, f"{path.name} holds results: clear them before it is committed"


def test_from_a_report_to_a_workbook(tmp_path: Path) -> None:
    shown = outputs("report_review_export.ipynb", tmp_path)
    assert re.fullmatch(r"\['OVR-\d{4}-000001', .*'OVR-\d{4}-000004'\]", shown[0])
    everything = "\n".join(shown)
    assert "allowed now:" in everything and "start" in everything
    assert "Verdict(intact=True, seq=2, finding=None, authenticated=2)" in everything
    assert "('Number', 'Status'," in everything
    assert "%PDF-1.7" in everything


@pytest.mark.skipif("EOVR_DATA" not in os.environ, reason="EOVR_DATA is not set: there is no labelled set to read")
def test_a_benchmark_of_triage(tmp_path: Path) -> None:
    shown = outputs("triage_benchmark.ipynb", tmp_path)
    table = next(text for text in shown if "auroc" in text and "scikit-learn" in text)
    auroc = {row[0]: float(row[1]) for row in re.findall(r"│ (\S+)\s+┆ (0\.\d+) \(", table)}
    assert set(auroc) == {"rules", "scikit-learn", "eovr"}
    assert auroc["rules"] < 0.75 < 0.9 < auroc["eovr"]
    assert "Evaluation(nhs-fft" in shown[-1]
