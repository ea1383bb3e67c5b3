"""The HTTP service that a good team writes today: the peer of the benchmark `http`.

FastAPI, Pydantic, SQLAlchemy and uvicorn with uvloop and httptools, on SQLite with the durability that eovr has:
a report is on the disk before the response. It validates requests, inserts one row, and lists the newest. It has no
authorisation, triage, sealing, audit chain, outbox or receipt.

Slower alternatives are left out: aiosqlite's thread for each connection, one session for each request.

    python service.py FILE WORKERS    serves on a free port of this machine, and prints it
"""

import os
import secrets
import socket
import sys
import time
import uuid
from datetime import UTC, datetime
from typing import Annotated, Literal

import uvicorn
from fastapi import FastAPI, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints
from sqlalchemy import Boolean, Column, Engine, Index, Integer, MetaData, String, Table, create_engine, event, select
from uvicorn.supervisors import Multiprocess

FILE = "EOVR_SERVICE_FILE"

PLACE = {"governorate": "G03", "administration": "G03-4"}

TABLES = MetaData()


def text(name: str) -> Column:
    return Column(name, String)


INCIDENTS = Table(
    "incidents",
    TABLES,
    Column("serial", Integer, primary_key=True),
    Column("id", String, unique=True),
    Column("version", Integer),
    *map(text, "governorate administration facility author state created_at updated_at".split()),
    *map(text, "category subtype description specific_error occurred_at location reporter involved_person".split()),
    *map(text, "medical_file_number immediate_action responsible_manager disclosure_responsible notes".split()),
    Column("disclosed", Boolean),
    *map(text, "factors actual_harm potential_harm severity risk_band ai_band disposition".split()),
    Column("risk_score", Integer),
    Column("ai_score", Integer),
    Column("high_risk", Boolean),
    Index("by_time", "created_at", "id"),
    Index("by_facility", "governorate", "administration", "facility", "created_at", "id"),
    Index("by_state", "state", "created_at", "id"),
)

Line = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Harm = Literal["unsafe_condition", "near_miss", "no_harm", "additional_care", "mild", "moderate", "severe", "death"]


class NewIncident(BaseModel):
    model_config = ConfigDict(extra="forbid")
    facility: Code = "G03-4-5"
    category: Code
    subtype: Code | None = None
    description: Annotated[str, StringConstraints(min_length=10, max_length=60_000)]
    specific_error: Prose | None = None
    occurred_at: AwareDatetime | None = None
    location: Code | None = None
    reporter: Literal["staff", "patient", "anonymous"] = "staff"
    involved_person: Line | None = None
    medical_file_number: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    immediate_action: Prose | None = None
    responsible_manager: Line | None = None
    disclosed: bool | None = None
    disclosure_responsible: Line | None = None
    notes: Prose | None = None
    factors: list[Code] = []
    actual_harm: Harm | None = None
    potential_harm: Harm | None = None


class Receipt(BaseModel):
    id: str
    version: int
    number: str


class Item(BaseModel):
    id: str
    number: str
    version: int
    state: str
    facility: str
    category: str | None
    subtype: str | None
    severity: str | None
    risk_score: int | None
    risk_band: str | None
    actual_harm: str | None
    ai_score: int | None
    ai_band: str | None
    high_risk: bool | None
    disposition: str | None
    occurred_at: str | None
    created_at: str
    updated_at: str


class Page(BaseModel):
    items: list[Item]
    next: str | None


LISTED = [INCIDENTS.c[name] for name in Item.model_fields if name != "number"]
NEWEST = select(INCIDENTS.c.serial, *LISTED).order_by(INCIDENTS.c.created_at.desc(), INCIDENTS.c.id.desc())
INSERT = INCIDENTS.insert()


def opened(connections: int) -> Engine:
    engine = create_engine(f"sqlite:///{os.environ[FILE]}", pool_size=connections, max_overflow=0)
    event.listen(engine, "connect", greet)
    return engine


def greet(connection, _record) -> None:
    cursor = connection.cursor()
    for setting in ("journal_mode = WAL", "synchronous = FULL", "busy_timeout = 30000", "cache_size = -65536"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


app = FastAPI()
if FILE in os.environ:
    # Writers queue here, because waiting on the file lock takes whole milliseconds.
    writing, reading = opened(1), opened(8)


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/api/incidents", status_code=201)
def report(new: NewIncident) -> Receipt:
    told = new.model_dump()
    now = written(datetime.now(UTC))
    told["occurred_at"] = written(new.occurred_at) if new.occurred_at else None
    told["factors"] = ",".join(new.factors)
    told |= PLACE
    told |= {"id": uuid7(), "version": 1, "author": "usr_0193a7f2c1d4", "state": "created"}
    told |= {"created_at": now, "updated_at": now}
    with writing.begin() as connection:
        (serial,) = connection.execute(INSERT, told).inserted_primary_key
    return Receipt(id=told["id"], version=1, number=number(serial))


@app.get("/api/incidents")
def newest(limit: Annotated[int, Query(ge=1, le=100)] = 50) -> Page:
    with reading.connect() as connection:
        rows = connection.execute(NEWEST.limit(limit)).mappings().all()
    items = [Item(number=number(row["serial"]), **row) for row in rows]
    return Page(items=items, next=items[-1].id if items else None)


def number(serial: int) -> str:
    return f"OVR-2026-{serial:06}"


def written(at: datetime) -> str:
    """In UTC and of fixed length, so that text order is time order."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def uuid7() -> str:
    """Ordered by time, so that new rows are neighbours in an index."""
    random = secrets.randbits(74)
    millis = time.time_ns() // 1_000_000
    return str(uuid.UUID(int=millis << 80 | 7 << 76 | (random >> 62) << 64 | 2 << 62 | random & (1 << 62) - 1))


def main(file: str, workers: int) -> None:
    os.environ[FILE] = file
    TABLES.create_all(opened(1))
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config("service:app", log_level="warning", access_log=False, workers=workers)
    if workers == 1:
        uvicorn.Server(config).run(sockets=[listener])
    else:
        Multiprocess(config, sockets=[listener]).run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
