"""The same program on every database. `tests/run python` starts the servers and sets their URLs."""

from __future__ import annotations

import os
import secrets
import subprocess
import urllib.parse
from pathlib import Path

import eovr
import pytest
from eovr import Eovr

from conftest import DOSE, KEY, ORG, a_report, nurse, quality

VARIABLES = ["EOVR_POSTGRES", "EOVR_MARIADB", "EOVR_MONGODB"]


def a_database(variable: str) -> str:
    """The URL of a new database on a server."""
    server = os.environ.get(variable)
    if not server:
        pytest.skip(f"{variable} names no server")
    parts = urllib.parse.urlsplit(server)
    name = f"eovr_py_{secrets.token_hex(4)}"
    if variable == "EOVR_MONGODB":
        return urllib.parse.urlunsplit(parts._replace(path=f"/{name}"))
    if variable == "EOVR_POSTGRES":
        command = [*_psql(), urllib.parse.urlunsplit(parts._replace(path="/postgres"))]
        subprocess.run([*command, "-qc", f"create database {name}"], check=True)
        return urllib.parse.urlunsplit(parts._replace(scheme="postgresql", path=f"/{name}"))
    subprocess.run(
        ["mariadb", "-h", str(parts.hostname), "-P", str(parts.port), "-u", str(parts.username)]
        + ([f"-p{urllib.parse.unquote(parts.password)}"] if parts.password else [])
        + ["-e", f"create database {name} character set utf8mb4"],
        check=True,
    )
    return urllib.parse.urlunsplit(parts._replace(path=f"/{name}"))


def _psql() -> list[str]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"))
    return [str(found[-1])] if found else ["psql"]


def walk(url: str, keys: str) -> None:
    with Eovr.open(url, org=ORG, keys=keys) as engine:
        told = nurse(engine).incidents.report("NIL", a_report(medical_file_number="1234"))
        quality(engine).incidents.act(told.id, "start")
    with Eovr.open(url, org=ORG, keys=keys) as engine:
        session = quality(engine)
        record = session.incidents.load(told.id)
        assert (record.state, session.open(record, "description")) == ("in_progress", DOSE)
        assert session.incidents.of_file("1234").items == (record,)
        assert session.tally("incident", ["state"]).total == 1
        assert session.incidents.trail(told.id).verdict.intact
        with pytest.raises(eovr.RefusedError):
            session.incidents.act(told.id, "start")
        with pytest.raises(eovr.ConflictError):
            session.act("incident", told.id, "evaluate", expecting=1)
        assert len(session.frame("incident")) == 1


def test_sqlite(url: str) -> None:
    walk(url, KEY)


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_server(variable: str) -> None:
    walk(a_database(variable), KEY)


def test_mongodb_with_its_own_encryption() -> None:
    walk(a_database("EOVR_MONGODB"), eovr.new_key(mongodb=True))
