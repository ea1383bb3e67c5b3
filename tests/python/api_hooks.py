"""The rules of our API that its description cannot express, for Schemathesis; `SCHEMATHESIS_HOOKS` names this file.

Reads one JSON object from the environment, `EOVR_API`: `tokens` (access tokens by path; the one under "" is for
every other path) and `spared` (accounts of these tokens, which the tests must not disable).
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

# Problems that no JSON Schema can describe. If the server refuses a request that fits the description for another
# reason, the test fails.
BEYOND_A_SCHEMA = [
    # Members that depend on each other: codes that belong together, and needs of an action.
    ("subtype", "not a sub-type of category"),
    ("subtype", "no such sub-type"),
    ("chapter", "no such chapter"),
    ("severity", "`severity` and `probability` go together"),
    ("disposition", "`disposition` cannot be set so"),
    ("gain_low", "`gain_low` is above `gain`"),
    # A reason without a change.
    ("body", "it changes nothing"),
    # The caller: the request names no facility, and the caller has none.
    ("facility", "it is missing"),
    # The current time.
    ("occurred_at", "`occurred_at` lies in the future"),
    # Earlier requests.
    ("idempotency-key", "it came with another body before"),
    # The state or content of the record.
    (None, "the report has a disposition already"),
    (None, "a report that was reopened cannot be restored"),
    (None, "it has as many `attachment` records as it may"),
    (None, "there is nothing to compare yet"),
    # The content of a file.
    (None, "the file is of a type that is not accepted"),
]


@schemathesis.auth(refresh_interval=None)
class Tokens:
    """A separate login for each route that ends a login or counts attempts."""

    def get(self, case, context):
        return TOLD["tokens"].get(context.operation.path, TOLD["tokens"][""])

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context, case, kwargs):
    # The server trusts this proxy. Without it, the rate limit for one address would stop the test.
    number = next(ADDRESSES)
    case.headers["X-Forwarded-For"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    # A request that disables the test's accounts would end the test.
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


# The schema can describe a time, but not a recent time.
schemathesis.openapi.format(
    "date-time",
    st.datetimes(
        min_value=datetime.datetime(2001, 1, 1),
        max_value=datetime.datetime(2025, 1, 1),
        timezones=st.just(datetime.timezone.utc),
    ).map(lambda moment: moment.isoformat().replace("+00:00", "Z")),
)

# A schema cannot describe the content of a document.
schemathesis.openapi.media_type("application/octet-stream", st.binary(max_size=64).map(lambda inner: b"%PDF-1.7\n" + inner + b"\n%%EOF\n"))
