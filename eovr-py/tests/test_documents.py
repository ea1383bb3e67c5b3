"""The examples run, both APIs agree, and the type stub describes the whole native half."""

from __future__ import annotations

import doctest
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import eovr
import pytest
from eovr import _native

ROOT = Path(__file__).parents[1]
MODULES = [
    "eovr",
    "eovr.aio",
    "eovr.blocking",
    "eovr.errors",
    "eovr.incident",
    "eovr.records",
    "eovr.triage",
    "eovr.triage.estimator",
    "eovr.triage.evaluation",
    "eovr.triage.learning",
    "eovr.triage.scoring",
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0
    assert found.attempted > 0


def test_the_examples_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = doctest.testfile(str(ROOT / "README.md"), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert found.failed == 0 and found.attempted > 5


def test_aio_is_generated_from_blocking() -> None:
    done = subprocess.run([sys.executable, ROOT / "face.py", "--check"], check=False)
    assert done.returncode == 0, "run `python face.py`"


def test_everything_public_is_described() -> None:
    for name in eovr.__all__:
        thing = getattr(eovr, name)
        if inspect.isclass(thing):
            assert thing.__doc__, name
            members = (member for member in vars(thing).items() if not member[0].startswith("_"))
            for member, value in members:
                if inspect.isfunction(value) or isinstance(value, property | classmethod):
                    assert inspect.getdoc(value), f"{name}.{member}"


def test_the_type_stub_names_everything_of_the_native_half() -> None:
    stub = (ROOT / "python" / "eovr" / "_native.pyi").read_text(encoding="utf-8")
    for name in dir(_native):
        if name.startswith("__") and name != "__version__":
            continue
        assert f"def {name}(" in stub or f"class {name}" in stub or f"{name}:" in stub, name
        thing = getattr(_native, name)
        if inspect.isclass(thing):
            own = stub.split(f"class {name}", 1)[1].split("\nclass ", 1)[0]
            for member in vars(thing):
                if not member.startswith("__"):
                    assert f"def {member}(" in own, f"{name}.{member}"


def test_importing_brings_nothing_heavy() -> None:
    code = "import eovr, sys; print(*sorted({'numpy', 'sklearn', 'asyncio'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
