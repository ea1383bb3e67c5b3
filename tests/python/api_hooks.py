"""What Schemathesis has to know of our API beside its description; `SCHEMATHESIS_HOOKS` names this file.

Reads one JSON object from the environment, `EOVR_API`: `tokens` (access tokens by path; the one under "" is for
every path that is not named) and `spared` (accounts that others of these tokens belong to).
"""

import datetime
import itertools
import json
import os
import uuid

import schemathesis
from hypothesis import strategies as st
from schemathesis.openapi.checks import RejectedPositiveData

TOLD = json.loads(os.environ["EOVR_API"])
ADDRESSES = itertools.count()

# What no JSON Schema can say of one request, as our problems say it. A request that is refused for another
# reason although it is as described is a failure.
BEYOND_A_SCHEMA = [
    # One member and another: codes that belong together, and what an action needs.
    ("subtype", "not a sub-type of category"),
    ("subtype", "no such sub-type"),
    ("chapter", "no such chapter"),
    ("severity", "`severity` and `probability` go together"),
    ("disposition", "`disposition` cannot be set so"),
    ("gain_low", "`gain_low` is above `gain`"),
    # A reason alone changes nothing.
    ("body", "it changes nothing"),
    # What the caller is: no facility is named, and the caller has none.
    ("facility", "it is missing"),
    # What time it is.
    ("occurred_at", "`occurred_at` lies in the future"),
    # What was sent before.
    ("idempotency-key", "it came with another body before"),
    # What its record is, or has.
    (None, "the report has a disposition already"),
    (None, "a report that was reopened cannot be restored"),
    (None, "it has as many `attachment` records as it may"),
    (None, "there is nothing to compare yet"),
    # What the bytes of a file are.
    (None, "the file is of a type that is not accepted"),
]


@schemathesis.auth(refresh_interval=None)
class Tokens:
    """Each route that ends a login, or counts attempts, has a login of its own."""

    def get(self, case, context):
        return TOLD["tokens"].get(context.operation.path, TOLD["tokens"][""])

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context, case, kwargs):
    # The server believes this proxy: without it the few requests a minute that strangers may send from one
    # address were all that is tested.
    number = next(ADDRESSES)
    case.headers["X-Forwarded-For"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    # Who retires the accounts of the test has tested nothing afterwards.
    if case.path.startswith("/api/users/") and str(case.path_parameters.get("id")).lower() in TOLD["spared"]:
        case.path_parameters["id"] = str(uuid.UUID(int=7))


@schemathesis.hook
def filter_failure(context, failure, case, response):
    if not isinstance(failure, RejectedPositiveData):
        return True
    problem = response.json()
    # Whether an action is allowed depends on the state of its record.
    if response.status_code == 400 and problem["code"] == "refused":
        return False
    errors = problem.get("errors", [])
    return response.status_code != 422 or not errors or not all(map(beyond_a_schema, errors))


def beyond_a_schema(error):
    return any(
        error.get("field") == field and error["problem"].startswith(problem) for field, problem in BEYOND_A_SCHEMA
    )


# The schema has a word for moments and none for moments that are past and not long past.
schemathesis.openapi.format(
    "date-time",
    st.datetimes(
        min_value=datetime.datetime(2001, 1, 1),
        max_value=datetime.datetime(2025, 1, 1),
        timezones=st.just(datetime.timezone.utc),
    ).map(lambda moment: moment.isoformat().replace("+00:00", "Z")),
)

# A schema cannot tell a document from any other bytes.
schemathesis.openapi.media_type("application/octet-stream", st.binary(max_size=64).map(lambda inner: b"%PDF-1.7\n" + inner + b"\n%%EOF\n"))
