"""The FastAPI example over HTTP, on a server of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from conftest import DOSE, KEY

EXAMPLE = Path(__file__).parents[2] / "examples" / "python-fastapi"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    file = tmp_path_factory.mktemp("hospital") / "hospital.db"
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "hospital:app", "--port", str(port), "--log-level", "warning"],
        cwd=EXAMPLE,
        env={**os.environ, "EOVR_URL": f"sqlite://{file}", "EOVR_KEY": KEY},
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=("amal", "nurse"), timeout=20) as client:
            until = time.monotonic() + 30
            while True:
                try:
                    client.get("/openapi.json")
                    break
                except httpx.TransportError:
                    assert server.poll() is None and time.monotonic() < until, "the server did not start"
            yield client
    finally:
        server.terminate()
        assert server.wait(30) is not None


QUALITY = ("omar", "quality")


def test_a_report_is_made_and_taken_up(client: httpx.Client) -> None:
    answer = client.post(
        "/incidents", json={"category": "medication", "description": DOSE, "actual_harm": "severe"}
    )
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["number"].startswith("OVR-") and len(told["receipt"]) == 39
    path = f"/incidents/{told['id']}"
    assert client.post(f"{path}/start").status_code == 403
    assert client.post(f"{path}/start", auth=QUALITY).json()["version"] == 2
    refused = client.post(f"{path}/start", auth=QUALITY)
    assert refused.status_code == 409 and "evaluate" in refused.json()["legal"]


def test_a_request_without_the_password_is_refused(client: httpx.Client) -> None:
    for auth in (("amal", "wrong"), ("unknown", "nurse"), ("omar", "nurse")):
        assert client.post("/incidents", auth=auth, json={}).status_code == 401


def test_a_wrong_request_gets_a_reason(client: httpx.Client) -> None:
    short = client.post("/incidents", json={"category": "patient_accident", "description": "short"})
    assert short.status_code == 422 and "`description` has 5 characters" in short.json()["error"]
    naive = {"category": "patient_accident", "description": DOSE, "occurred_at": "2026-03-14T12:00:00"}
    assert "time zone" in client.post("/incidents", json=naive).json()["error"]
    absent = "/incidents/00000000-0000-7000-8000-000000000000/start"
    assert client.post(absent, auth=QUALITY).status_code == 404


def test_the_example_stays_short() -> None:
    lines = (EXAMPLE / "hospital.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 60
