"""Wrong input and interruptions cause an exception, and never a panic or a partial write."""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
import subprocess
import sys
import textwrap
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import eovr
import pytest
from eovr import Actor, ConfigError, Eovr, FollowUp, FollowUpKind, InvalidInputError, Role, Visitor

from conftest import KEY, ORG, a_report, nurse, quality


@pytest.mark.parametrize(
    "field", ["occurred_at", "description", "category", "disclosed", "factors", "actual_harm", "reporter"]
)
@pytest.mark.parametrize("value", [3.5, object(), b"bytes", ["list"], {"a": 1}, 10**30])
def test_wrong_types_are_a_type_error(memory: Eovr, field: str, value: Any) -> None:
    if field == "factors" and isinstance(value, list | dict | bytes):
        pytest.skip("a sequence of texts, whatever they say")
    with pytest.raises(TypeError):
        nurse(memory).incidents.report("NIL", a_report(**{field: value}))
    assert quality(memory).incidents.list().items == ()


def test_a_wrong_type_is_named_and_its_value_is_not(memory: Eovr) -> None:
    with pytest.raises(TypeError, match="`description`: expected str, got bytes") as caught:
        nurse(memory).incidents.report("NIL", a_report(description=b"secret words of a patient"))
    assert "secret" not in str(caught.value)


def test_naive_datetimes_are_refused(memory: Eovr) -> None:
    naive = datetime(2026, 3, 14, 12)
    session = quality(memory)
    told = session.incidents.report("NIL", a_report())
    for call in (
        lambda: session.incidents.report("NIL", a_report(occurred_at=naive)),
        lambda: session.find("incident", {"created": eovr.From(naive)}),
        lambda: session.act("incident", told.id, "amend", set={"occurred_at": naive}, note="why"),
        lambda: session.export("audit_csv", since=naive),
        lambda: session.incidents.follow_up(
            told.id,
            FollowUp(task="Look again", owner="q", due_at=naive, kind=FollowUpKind.CORRECTIVE),
        ),
    ):
        with pytest.raises(InvalidInputError, match="no time zone"):
            call()
    assert session.incidents.load(told.id).version == 1


@pytest.mark.parametrize("text", ["\ud800", "half \udfff here", "a\udcffb"])
def test_lone_surrogates_are_refused(memory: Eovr, text: str) -> None:
    session = quality(memory)
    long = text * 20
    told = session.incidents.report("NIL", a_report())
    for call in (
        lambda: session.incidents.report("NIL", a_report(description=long)),
        lambda: session.incidents.act(told.id, "ask", note=long),
        lambda: session.find("incident", {"category": text}),
        lambda: session.load(text, told.id),
        lambda: memory.receipt(text),
        lambda: eovr.triage.score(long),
        lambda: eovr.triage.train([long] * 20, ["a", "b"] * 10),
        lambda: eovr.triage.evaluate("rules", [long] * 4, ["a", "b"] * 2, draws=10),
        lambda: memory.session(Visitor(text, at="NIL")),
    ):
        with pytest.raises(InvalidInputError, match="surrogate"):
            call()


def test_every_valid_text_is_accepted(memory: Eovr) -> None:
    for words in (
        "😀 مريض سقط من السرير\n\tناقص",
        "a\u0000b is in this narrative",
        "‮ right to left ‬ ten chars",
    ):
        told = nurse(memory).incidents.report("NIL", a_report(description=words))
        session = quality(memory)
        assert session.open(session.incidents.load(told.id), "description") == words


@pytest.mark.parametrize(
    "filter",
    [
        {"no_such_column": "x"},
        {"state": 3},
        {"category": object()},
        {"category": eovr.In([])},
        {"category": eovr.In(["x"] * 1001)},
        {"UPPER CASE": None},
        {3: "x"},
        {"created": "yesterday"},
        {"risk_score": 2**63},
        {"risk_score": True},
    ],
)
def test_invalid_queries_are_refused(memory: Eovr, filter: Any) -> None:
    if filter == {"category": eovr.In([])}:
        assert quality(memory).find("incident", filter).items == ()
        return
    with pytest.raises((InvalidInputError, TypeError)):
        quality(memory).find("incident", filter)


@pytest.mark.parametrize("limit", [0, 501, -1, 2**40, 1.5, None])
def test_pages_of_impossible_size(memory: Eovr, limit: Any) -> None:
    with pytest.raises((InvalidInputError, TypeError, OverflowError)):
        quality(memory).find("incident", limit=limit)


@pytest.mark.parametrize("id", ["", "no-uuid", 7, None, b"0" * 16])
def test_invalid_ids_are_refused(memory: Eovr, id: Any) -> None:
    with pytest.raises((InvalidInputError, TypeError)):
        quality(memory).incidents.load(id)


@pytest.mark.parametrize(
    "actor",
    [
        Actor("a", Role.STAFF),
        Actor("a", Role.STAFF, at="CAI"),
        Actor("a", Role.TOP_MANAGEMENT, at="NIL"),
        Actor("a", Role.ADMIN_MANAGER, at="NIL"),
        Actor("a", Role.GOVERNORATE_MANAGER, at="nowhere"),
        Actor("with space", Role.STAFF, at="NIL"),
        Actor("a", "emperor", at="NIL"),  # type: ignore[arg-type]
        Actor(7, Role.STAFF, at="NIL"),  # type: ignore[arg-type]
        Visitor("v", at="CAI"),
        object(),
    ],
)
def test_actors_outside_the_organisation_are_refused(memory: Eovr, actor: Any) -> None:
    with pytest.raises((ConfigError, InvalidInputError, TypeError, AttributeError)):
        memory.session(actor)


@pytest.mark.parametrize(
    "change",
    [
        {"url": "oracle://host/db"},
        {"url": "sqlite://"},
        {"org": []},
        {"org": [{"id": "CAI"}]},
        {"kinds": [{"name": "x"}]},
        {"schemes": []},
        {"schemes": ["made-up"]},
        {"scorer": "gpt"},
        {"checks": {"Not A Name": lambda record, asker: True}},
    ],
)
def test_parts_that_do_not_fit(tmp_path: Path, change: dict[str, Any]) -> None:
    parts: dict[str, Any] = {"url": f"sqlite://{tmp_path / 'a.db'}", "org": ORG, "keys": KEY}
    with pytest.raises((ConfigError, InvalidInputError)):
        Eovr.open(**(parts | change))


def test_a_password_in_a_url_is_never_repeated() -> None:
    with pytest.raises(eovr.EovrError) as caught:
        Eovr.open("postgresql://user:hunter2@/", org=ORG, keys=KEY)
    assert "hunter2" not in str(caught.value) + str(caught.value.__cause__)


def test_a_closed_engine_says_so(url: str) -> None:
    engine = Eovr.open(url, org=ORG, keys=KEY)
    session = nurse(engine)
    told = session.incidents.report("NIL", a_report())
    record = session.incidents.load(told.id)
    engine.close()
    engine.close()
    assert engine.closed and repr(engine) == "Eovr(closed)"
    for call in (
        lambda: session.incidents.load(told.id),
        lambda: session.open(record, "description"),
        lambda: engine.receipt(told.receipt),
        lambda: engine.session(Actor("a", Role.STAFF, at="NIL")),
        lambda: engine.kinds,
        lambda: session.export("csv"),
    ):
        with pytest.raises(ConfigError, match="the engine is closed"):
            call()


def test_calls_under_way_survive_a_close(url: str) -> None:
    engine = Eovr.open(url, org=ORG, keys=KEY)
    session = nurse(engine)
    seen: list[BaseException | eovr.Reported] = []

    def work() -> None:
        while True:
            try:
                seen.append(session.incidents.report("NIL", a_report()))
            except eovr.EovrError as error:
                seen.append(error)
                return
            except BaseException as error:
                seen.append(error)
                return

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    while len(seen) < 8:
        threading.Event().wait(0.001)
    engine.close()
    for thread in threads:
        thread.join()
    assert all(isinstance(one, eovr.Reported | eovr.EovrError) for one in seen)
    with Eovr.open(url, org=ORG, keys=KEY) as again:
        reported = sum(isinstance(one, eovr.Reported) for one in seen)
        # An interrupted call may have been committed; every answered call was.
        assert quality(again).tally("incident").total >= reported
        for record in quality(again).records("incident"):
            assert quality(again).incidents.trail(record.id).verdict.intact


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in a new interpreter, with the engine's arguments."""
    head = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    return subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            "-W",
            "ignore:This process:DeprecationWarning",
            "-c",
            head + textwrap.dedent(code),
            *arguments,
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_after_open_is_noticed_and_refused(url: str) -> None:
    done = run(
        """
        import os, sys
        import eovr
        from conftest import *
        engine = eovr.Eovr.open(sys.argv[1], org=ORG, keys=KEY)
        session = nurse(engine)
        session.incidents.report("NIL", a_report())
        child = os.fork()
        if child == 0:
            try:
                session.incidents.report("NIL", a_report())
            except eovr.ConfigError as error:
                assert "forked" in str(error), error
                assert engine.closed
                engine.close()
                # An engine of the child works, on the same file.
                with eovr.Eovr.open(sys.argv[1], org=ORG, keys=KEY) as own:
                    nurse(own).incidents.report("NIL", a_report())
                del engine, session
                sys.exit(7)
            sys.exit(1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 7, status
        session.incidents.report("NIL", a_report())
        assert quality(engine).tally("incident").total == 3
        print("whole")
        """,
        url,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("whole\n", "", 0)


def test_the_end_of_the_interpreter_waits_for_threads(url: str) -> None:
    done = run(
        """
        import sys, threading
        import eovr
        from conftest import *
        engine = eovr.Eovr.open(sys.argv[1], org=ORG, keys=KEY)
        session = nurse(engine)
        begun = threading.Event()
        def work():
            while True:
                session.incidents.report("NIL", a_report())
                begun.set()
        for _ in range(4):
            threading.Thread(target=work, daemon=True).start()
        begun.wait()
        print("ends")
        """,
        url,
    )
    assert done.stdout == "ends\n" and done.returncode == 0, done.stderr
    assert "panicked" not in done.stderr and "Fatal" not in done.stderr
    with Eovr.open(url, org=ORG, keys=KEY) as engine:
        for record in quality(engine).records("incident"):
            assert quality(engine).incidents.trail(record.id).verdict.intact


def test_the_end_of_the_interpreter_drops_awaited_calls(url: str) -> None:
    done = run(
        """
        import asyncio, sys
        import eovr
        from conftest import *
        async def main():
            engine = await eovr.aio.Eovr.open(sys.argv[1], org=ORG, keys=KEY)
            session = nurse(engine)
            # Started by hand and never awaited; the loop is closed when they are done.
            return [session.incidents.report("NIL", a_report()) for _ in range(20)], engine
        loop = asyncio.new_event_loop()
        work, engine = loop.run_until_complete(main())
        tasks = [loop.create_task(one) for one in work]
        loop.run_until_complete(asyncio.sleep(0))
        import warnings, logging
        warnings.simplefilter("ignore")
        logging.disable()
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.close()
        print("ends")
        """,
        url,
    )
    assert (done.stdout, done.returncode) == ("ends\n", 0), done.stderr
    assert "panicked" not in done.stderr and "Fatal" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_a_call_that_waits_can_be_interrupted() -> None:
    done = run(
        """
        import os, signal, socket, threading
        import eovr
        from conftest import *
        # A server that accepts connections and never responds.
        server = socket.create_server(("127.0.0.1", 0))
        held = []
        def interrupt():
            # A connection that nothing holds is closed, and its reset could come before the signal.
            held.append(server.accept())
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=interrupt, daemon=True).start()
        try:
            eovr.Eovr.open(f"postgresql://a:b@127.0.0.1:{server.getsockname()[1]}/c", org=ORG, keys=KEY)
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    assert (done.stdout, done.returncode) == ("interrupted\n", 0), done.stderr


def test_aware_datetimes_of_any_zone_are_taken(memory: Eovr) -> None:
    from zoneinfo import ZoneInfo

    at = datetime(2026, 3, 14, 12, tzinfo=ZoneInfo("Africa/Cairo"))
    told = nurse(memory).incidents.report("NIL", a_report(occurred_at=at))
    assert quality(memory).incidents.load(told.id).facets["occurred_at"] == at.astimezone(UTC)
    for extreme in (datetime.max, datetime.min):
        with pytest.raises(InvalidInputError):
            nurse(memory).incidents.report("NIL", a_report(occurred_at=extreme.replace(tzinfo=UTC)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_an_awaited_close_in_a_child_returns(url: str) -> None:
    done = run(
        """
        import asyncio, os, sys
        from eovr import aio
        from conftest import *
        async def opened():
            return await aio.Eovr.open(sys.argv[1], org=ORG, keys=KEY)
        engine = asyncio.run(opened())
        child = os.fork()
        async def close():
            await asyncio.wait_for(engine.close(), 10)
        if child == 0:
            asyncio.run(close())
            os._exit(7)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 7, status
        asyncio.run(close())
        print("whole")
        """,
        url,
    )
    assert (done.stdout, done.returncode) == ("whole\n", 0), done.stderr


def test_an_interrupted_read_is_an_interruption(url: str) -> None:
    done = run(
        """
        import os, signal, sys, threading
        import eovr
        from conftest import *
        engine = eovr.Eovr.open(sys.argv[1], org=ORG, keys=KEY)
        session = quality(engine)
        for _ in range(300):
            session.incidents.report("NIL", a_report())
        interrupted = 0
        for _ in range(3):
            timer = threading.Timer(0.15, os.kill, (os.getpid(), signal.SIGINT))
            timer.start()
            try:
                while True:
                    session.frame("incident", [], fields=["description"])
            except KeyboardInterrupt:
                interrupted += 1
            timer.join()
        print(interrupted, session.tally("incident").total)
        """,
        url,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("3 300\n", "", 0)


def test_a_scorer_that_still_works_ends_before_the_interpreter(url: str) -> None:
    done = run(
        """
        import sys, time
        import eovr
        from conftest import *
        def slow(narrative):
            until = time.monotonic() + 3
            while time.monotonic() < until:
                pass
            return 0.5
        engine = eovr.Eovr.open(sys.argv[1], org=ORG, keys=KEY, scorer=slow)
        nurse(engine).incidents.report("NIL", a_report())
        print("ends")
        """,
        url,
    )
    assert done.stdout == "ends\n" and done.returncode == 0, (done.returncode, done.stderr)
    assert "Fatal" not in done.stderr


def test_records_work_as_dataclasses(engine: Eovr) -> None:
    session = quality(engine)
    told = session.incidents.report("NIL", a_report())
    record = session.incidents.load(told.id)
    assert dataclasses.asdict(record)["facets"] == dict(record.facets)
    assert session.open(copy.deepcopy(record), "description") == a_report().description
    with pytest.raises(TypeError, match="read-only"):
        record.facets["state"] = "completed"  # type: ignore[index]
    assert pickle.loads(pickle.dumps(record.facets)) == dict(record.facets)
    with pytest.raises(TypeError, match="belongs to its engine"):
        pickle.dumps(record)
    trail = session.incidents.trail(told.id)
    assert dataclasses.asdict(trail)["entries"][0]["action"] == "report"
    assert copy.copy(trail).frame is trail.frame
    counted = session.tally("incident", ["state"])
    assert dataclasses.asdict(counted)["cells"] == ({"key": ("created",), "count": 1},)
    assert dataclasses.asdict(session.incidents.list().items[0])["envelope"]["number"] == told.number
