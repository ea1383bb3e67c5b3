"""eovr beside the plain-Python way, in one run, as ratios: python benches/beside_python.py [--quick]

Each row does the same work twice: with eovr, and with the libraries that a Python program would use instead.
The submission needs a MongoDB replica set; EOVR_MONGODB is its URL.

The best of several rounds counts, because other load only makes a round slower.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import subprocess
import sys
import time
import urllib.parse
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import eovr
import openpyxl
import polars as pl
from eovr import Actor, Eovr, Report, Role, triage
from bson.binary import STANDARD
from bson.codec_options import CodecOptions
from pydantic import BaseModel
from pymongo import MongoClient
from pymongo.encryption import Algorithm, ClientEncryption
from pymongo.write_concern import WriteConcern
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from transitions import Machine

QUICK = "--quick" in sys.argv[1:]
ROUNDS = 2 if QUICK else 5
ORG = [{"id": "CAI", "title": {"en": "Cairo", "ar": "القاهرة"}, "administrations": [
    {"id": "CAI-E", "title": {"en": "Cairo East", "ar": "شرق القاهرة"}, "facilities": [
        {"id": "NIL", "title": {"en": "Nile", "ar": "النيل"}, "time_zone": "Africa/Cairo"}]}]}]  # fmt: skip


def best(work: Callable[[], object], count: int) -> float:
    """Seconds per operation, in the best of some rounds."""
    seconds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return min(seconds) / count


@dataclass
class Row:
    """One comparison: the subject, our time, the peer's time, and the target ratio."""

    what: str
    ours: float
    peer: float | None
    bar: str
    met: bool

    def __str__(self) -> str:
        peer = f"{self.peer * 1e6:12.1f}" if self.peer is not None else f"{'':12}"
        ratio = f"{self.peer / self.ours:7.1f}x" if self.peer is not None else f"{'':8}"
        return f"{self.what:34}{self.ours * 1e6:12.1f}{peer}{ratio}  {self.bar:10}{'met' if self.met else 'NOT MET'}"


def call_overhead() -> Row:
    """A call with almost no work in the engine: the cost of the binding itself."""
    count = 2_000 if QUICK else 20_000
    with Eovr.open("memory:", org=ORG, keys=eovr.new_key()) as engine:
        session = engine.session(Actor("q", Role.QUALITY_ADMIN, at="NIL"))

        def work() -> None:
            for _ in range(count):
                session.list("incident", (), limit=1)

        ours = best(work, count)
    return Row("a call (an empty list), us", ours, None, "< 5 us", ours < 5e-6)


def importing() -> Row:
    """`import eovr` in a fresh interpreter, minus an interpreter that imports nothing."""

    def seconds(code: str) -> float:
        runs = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            runs.append(time.perf_counter() - begun)
        return min(runs)

    ours = seconds("import eovr") - seconds("pass")
    return Row("import, us", ours, None, "< 100 ms", ours < 0.1)


class Event(BaseModel):
    """One event of the peer's audit chain."""

    seq: int
    at: datetime
    actor: str
    action: str
    source: str
    dest: str
    note: str | None
    prev: str


class Document:
    """The peer's record: `transitions` for the workflow, pydantic and SHA-256 for the audit."""

    state: str

    def __init__(self) -> None:
        self.trail: list[tuple[str, str]] = []
        self.machine = Machine(
            self,
            states=["draft", "checked", "closed"],
            initial="draft",
            transitions=[
                ["check", "draft", "checked"],
                ["return_", "checked", "draft"],
                ["close", "checked", "closed"],
            ],
            after_state_change="record",
            send_event=True,
        )

    def record(self, event: Any) -> None:
        """Adds an event to the chain."""
        body = Event(
            seq=len(self.trail) + 1,
            at=datetime.now(UTC),
            actor="q",
            action=event.event.name,
            source=event.transition.source,
            dest=event.transition.dest,
            note=None,
            prev=self.trail[-1][1] if self.trail else "0" * 64,
        ).model_dump_json()
        self.trail.append((body, hashlib.sha256(body.encode()).hexdigest()))


PAPER: dict[str, Any] = {
    "name": "paper",
    "workflow": {
        "start": "draft",
        "create": "write",
        "states": [{"name": "draft"}, {"name": "checked"}, {"name": "closed", "end": True}],
        "actions": [{"name": name, "tiers": [1, 5]} for name in ("write", "check", "return_", "close")],
        "rules": [
            {"from": ["draft"], "action": "check", "to": "checked", "needs": ["human"]},
            {"from": ["checked"], "action": "return_", "to": "draft", "needs": ["human"]},
            {"from": ["checked"], "action": "close", "to": "closed", "needs": ["human"]},
        ],
    },
}


def transition() -> Row:
    """Two transitions, each with its event; both in memory, so that no disk hides the cost of the code."""
    count = 200 if QUICK else 2_000
    with Eovr.open("memory:", org=ORG, keys=eovr.new_key(), kinds=[PAPER], incidents=False) as engine:
        session = engine.session(Actor("q", Role.QUALITY_ADMIN, at="NIL"))

        def ours() -> None:
            id = session.create("paper", "NIL", "write").id
            for _ in range(count):
                session.act("paper", id, "check")
                session.act("paper", id, "return_")

        mine = best(ours, 2 * count)

    def peer() -> None:
        document = Document()
        for _ in range(count):
            document.check()  # type: ignore[attr-defined]
            document.return_()  # type: ignore[attr-defined]

    theirs = best(peer, 2 * count)
    return Row("a transition with its event, us", mine, theirs, ">= 20x", theirs / mine >= 20)


WORDS = [
    "patient",
    "fell",
    "dose",
    "given",
    "wrong",
    "nurse",
    "ward",
    "night",
    "alarm",
    "oxygen",
    "blood",
    "late",
    "wristband",
    "label",
    "family",
    "stairs",
]


def narratives(count: int) -> tuple[list[str], list[str]]:
    """Generated narratives of fifty words with three labels, the same in each run."""
    texts, labels = [], []
    for row in range(count):
        digest = hashlib.sha256(str(row).encode()).digest() * 2
        texts.append(" ".join(WORDS[byte % len(WORDS)] for byte in digest[:50]))
        labels.append(("low", "middle", "high")[digest[0] % 3])
    return texts, labels


def scoring() -> Row:
    """A trained scorer's probabilities for many narratives, beside TF-IDF of the same features."""
    texts, labels = narratives(500 if QUICK else 4_000)
    model = triage.train(texts[:400], labels[:400], seed=1)
    # Words, pairs of words and pieces of words, the same features as ours.
    peer = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5)), LogisticRegression(max_iter=200)
    ).fit(texts[:400], labels[:400])
    mine = best(lambda: model._native.read_many(texts), len(texts))
    theirs = best(lambda: peer.predict_proba(texts), len(texts))
    return Row("a narrative's probabilities, us", mine, theirs, ">= 20x", theirs / mine >= 20)


def workbook() -> Row:
    """Incidents as a workbook: ours with every text opened and checked for formulas, openpyxl of plain cells."""
    count = 200 if QUICK else 3_000
    with Eovr.open("memory:", org=ORG, keys=eovr.new_key()) as engine:
        session = engine.session(Actor("q", Role.QUALITY_ADMIN, at="NIL"))
        for text in narratives(count)[0]:
            session.incidents.report("NIL", Report(category="patient_accident", description=text))
        mine = best(lambda: session.export("xlsx"), count)
        table = pl.read_csv(io.BytesIO(session.export("csv")), infer_schema=False)

    def peer() -> None:
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet()
        sheet.append(table.columns)
        for row in table.iter_rows():
            sheet.append(row)
        book.save(io.BytesIO())

    theirs = best(peer, count)
    return Row("a row of a workbook, us", mine, theirs, ">= 10x", theirs / mine >= 10)


SEALED = {
    "description": "At 02:40 the patient in bed 12 was given 10 mg of the wrong drug by infusion pump. The vials look alike and "
    "the second check was skipped because the ward was short of two nurses. The blood pressure fell to 85/50.",
    "specific_error": "Two labels with similar names were stored in the same drawer.",
    "involved_person": "charge nurse, night shift",
    "immediate_action": "Stopped the infusion, called the physician on duty, watched the patient for four hours.",
    "responsible_manager": "head nurse, ward 3",
}


class Submission(BaseModel):
    """The peer's report."""

    number: str
    facility: str
    category: str
    actual_harm: str
    medical_file_number: str
    description: str
    specific_error: str
    involved_person: str
    immediate_action: str
    responsible_manager: str


def submission() -> Row:
    """A report with six sealed fields, audit events and a message in one MongoDB transaction, from eight threads.

    The peer validates with pydantic, seals with MongoDB's own library, and writes report, event and message in a
    transaction of pymongo. It neither scores the report nor chains its events.
    """
    server = os.environ.get("EOVR_MONGODB")
    what = "a sealed report on MongoDB, us"
    if not server:
        print(f"{what}: not measured, EOVR_MONGODB names no server", flush=True)
        return Row(what, float("nan"), None, ">= 3x", False)
    threads, each = 8, 10 if QUICK else 150
    parts = urllib.parse.urlsplit(server)

    def url() -> str:
        return urllib.parse.urlunsplit(parts._replace(path=f"/eovr_bench_{secrets.token_hex(4)}"))

    def by_all(one: Callable[[], object]) -> Callable[[], object]:
        def work() -> None:
            with ThreadPoolExecutor(threads) as pool:
                for done in [pool.submit(lambda: [one() for _ in range(each)]) for _ in range(threads)]:
                    done.result()

        return work

    with Eovr.open(url(), org=ORG, keys=eovr.new_key(mongodb=True)) as engine:
        session = engine.session(Actor("q", Role.STAFF, at="NIL"))

        def ours() -> None:
            number = f"MRN-{secrets.token_hex(4)}"
            session.incidents.report(
                "NIL", Report(category="medication", actual_harm="mild", medical_file_number=number, **SEALED)
            )

        mine = best(by_all(ours), threads * each)

    place = url()
    client: MongoClient[dict[str, Any]] = MongoClient(place, uuidRepresentation="standard")
    database = client.get_default_database()
    options: CodecOptions[dict[str, Any]] = CodecOptions(uuid_representation=STANDARD)
    sealing = ClientEncryption({"local": {"key": secrets.token_bytes(96)}}, f"{database.name}.__keyVault", client, options)
    key = sealing.create_data_key("local")
    database.incidents.create_index("number", unique=True)
    database.incidents.create_index([("facility", 1), ("created_at", -1)])
    database.counters.insert_one({"_id": "OVR", "value": 0})
    random, same = Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Random, Algorithm.AEAD_AES_256_CBC_HMAC_SHA_512_Deterministic

    def peer() -> None:
        counter = database.counters.find_one_and_update({"_id": "OVR"}, {"$inc": {"value": 1}}, return_document=True)
        report = Submission(
            number=f"OVR-{counter['value']:06}",
            facility="NIL",
            category="medication",
            actual_harm="mild",
            medical_file_number=f"MRN-{secrets.token_hex(4)}",
            **SEALED,
        ).model_dump()
        for name in SEALED:
            report[name] = sealing.encrypt(report[name], random, key_id=key)
        report["medical_file_number"] = sealing.encrypt(report["medical_file_number"], same, key_id=key)
        report |= {"_id": uuid.uuid4(), "created_at": datetime.now(UTC), "state": "new"}
        told = {"incident": report["_id"], "at": report["created_at"], "action": "report", "actor": "q"}

        def insert(session: Any) -> None:
            database.incidents.insert_one(report, session=session)
            database.audit.insert_one(dict(told), session=session)
            database.outbox.insert_one(dict(told), session=session)

        with client.start_session() as session:
            session.with_transaction(insert, write_concern=WriteConcern("majority"))

    theirs = best(by_all(peer), threads * each)
    client.close()
    return Row(what, mine, theirs, ">= 3x", theirs / mine >= 3)


def main() -> Literal[0, 1]:
    """Prints a row for each comparison."""
    print(f"{'':34}{'eovr':>12}{'Python':>12}{'ratio':>8}  {'bar':10}")
    for row in (call_overhead, importing, transition, submission, scoring, workbook):
        print(row(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
