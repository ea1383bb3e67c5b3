"""The data that the peer writes and reads on every database."""

import secrets
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

SERIES = "OVR-2026"

PAGE = 50

# The number of places and incidents that the queries cycle through.
SAMPLES = 16

# The first of the last twelve months of the data.
TREND_FROM = 202512

# eovr seals these seven fields, including the file number; here they are in the clear.
NARRATIVE = {
    "description": "At 02:40 the patient in bed 12 was given 10 mg of the wrong drug by infusion pump. The vials look "
    "alike and the second check was skipped because the ward was short of two nurses. The patient became drowsy and "
    "the blood pressure fell to 85/50; no loss of consciousness. The infusion was stopped after about ten minutes, "
    "fluids were given, and the pressure was normal again within the hour. The family was told in the morning.",
    "specific_error": "Two labels with similar names were stored in the same drawer.",
    "involved_person": "charge nurse, night shift",
    "immediate_action": "Stopped the infusion, called the physician on duty, watched the patient for four hours.",
    "responsible_manager": "head nurse, ward 3",
    "ai_reasons": "; ".join(
        f"{finding}: 12 points, because of words {at} to {at + 3} of the description"
        for at, finding in enumerate(
            (
                "wrong drug",
                "infusion",
                "drowsy",
                "pressure fell",
                "check skipped",
                "short of staff",
                "stopped",
                "fluids",
            )
        )
    ),
}

CODES = {
    "version": 1,
    "category": "medication",
    "location": "ward-3-west",
    "factors": "communication,workload",
    "disclosed": True,
    "reporter_type": "staff",
    "actual_harm": "mild",
    "potential_harm": "severe",
    "ai_model": "rules",
    "ai_version": "1",
    "ai_score": 62,
    "ai_band": "high",
}

PLACE = {"governorate": "G03", "administration": "G03-4", "facility": "G03-4-5"}


def new_incident(number: str) -> dict:
    """A new incident without narrative and file number."""
    at = time.time_ns() // 1000
    when = time.gmtime(at // 1_000_000)
    return {
        "id": uuid7(),
        "number": number,
        **PLACE,
        "author": "usr_0193a7f2c1d4",
        "state": "created",
        "created_at": at,
        "updated_at": at,
        "month": when.tm_year * 100 + when.tm_mon,
        "occurred_at": at - 7_200_000_000,
        "severity": None,
        "high_risk": True,
        "disposition": None,
        **CODES,
    }


def new_file_number() -> str:
    return f"MF-{secrets.randbelow(100_000_000):08}"


def uuid7() -> uuid.UUID:
    """Ordered by time, so that new rows are neighbours in an index."""
    random = secrets.randbits(74)
    millis = time.time_ns() // 1_000_000
    return uuid.UUID(int=millis << 80 | 7 << 76 | (random >> 62) << 64 | 2 << 62 | random & (1 << 62) - 1)


# The columns of a file of incidents: one line each, separated by tabs, `\N` for null.
COLUMNS = (
    "id number governorate administration facility author state created_at updated_at month severity high_risk "
    "disposition"
).split()

INTEGERS = {"created_at", "updated_at", "month", "high_risk"}


def read_rows(file: str) -> Iterator[dict]:
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            texts = zip(COLUMNS, line.rstrip("\n").split("\t"), strict=True)
            yield {name: None if text == r"\N" else int(text) if name in INTEGERS else text for name, text in texts}


def batches(rows: Iterator[dict], size: int) -> Iterator[list[dict]]:
    while batch := list(islice(rows, size)):
        yield batch


@dataclass
class Samples:
    """Incidents to load, and places to list: a sample of the rows, so that busy places are frequent."""

    rows: list[tuple[uuid.UUID, str, str]]
    turn: int = 0

    @classmethod
    def of(cls, file: str) -> "Samples":
        rows = [(uuid.UUID(row["id"]), row["governorate"], row["administration"]) for row in read_rows(file)]
        return cls(rows[:: max(1, len(rows) // SAMPLES)][:SAMPLES])

    def next(self) -> tuple[uuid.UUID, str, str]:
        self.turn += 1
        return self.rows[self.turn % len(self.rows)]
