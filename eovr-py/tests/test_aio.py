"""The same methods, awaited on the caller's event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest
from eovr import Action, Actor, ConfigError, RefusedError, Role, aio

from conftest import KEY, ORG, a_report


def people(engine: aio.Eovr) -> tuple[aio.Session, aio.Session]:
    return (
        engine.session(Actor("nurse-7", Role.STAFF, at="NIL")),
        engine.session(Actor("quality-1", Role.QUALITY_ADMIN, at="NIL")),
    )


def test_many_reports_at_once(url: str) -> None:
    async def main() -> None:
        async with await aio.Eovr.open(url, org=ORG, keys=KEY) as engine:
            nurse, quality = people(engine)
            told = await asyncio.gather(*(nurse.incidents.report("NIL", a_report()) for _ in range(50)))
            assert len({one.number for one in told}) == 50
            assert len([record async for record in quality.records("incident")]) == 50
            await quality.incidents.act(told[0].id, Action.START)
            with pytest.raises(RefusedError):
                await quality.incidents.act(told[0].id, Action.START)
            trail = await quality.incidents.trail(told[0].id)
            assert trail.verdict.intact and len(trail.entries) == 2
        assert engine.closed
        with pytest.raises(ConfigError, match="closed"):
            await nurse.incidents.report("NIL", a_report())

    asyncio.run(main())


def test_the_loop_goes_on_meanwhile(url: str) -> None:
    async def main() -> int:
        turns = 0
        async with await aio.Eovr.open(url, org=ORG, keys=KEY) as engine:
            nurse, _ = people(engine)
            work = asyncio.ensure_future(nurse.incidents.report("NIL", a_report()))
            while not work.done():
                turns += 1
                await asyncio.sleep(0)
            await work
        return turns

    assert asyncio.run(main()) > 1


def test_a_cancelled_call_is_committed_wholly_or_not_at_all(url: str) -> None:
    async def main() -> None:
        async with await aio.Eovr.open(url, org=ORG, keys=KEY) as engine:
            nurse, quality = people(engine)
            cancelled = 0
            for turn in range(40):
                task = asyncio.ensure_future(nurse.incidents.report("NIL", a_report()))
                for _ in range(turn % 8):
                    await asyncio.sleep(0)
                task.cancel()
                try:
                    await task
                except asyncio.CancelledError:
                    cancelled += 1
            assert cancelled > 0
            # The engine still works, and every commit is complete.
            told = await nurse.incidents.report("NIL", a_report())
            async for record in quality.records("incident"):
                trail = await quality.incidents.trail(record.id)
                assert trail.verdict.intact, record.number
            assert (await quality.incidents.load(told.id)).version == 1

    asyncio.run(main())


def test_one_engine_serves_loops_of_several_threads(url: str) -> None:
    engine = asyncio.run(aio.Eovr.open(url, org=ORG, keys=KEY))
    nurse, quality = people(engine)
    failed: list[BaseException] = []

    def work() -> None:
        async def report() -> None:
            await asyncio.gather(*(nurse.incidents.report("NIL", a_report()) for _ in range(10)))

        try:
            asyncio.run(report())
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert asyncio.run(quality.tally("incident")).total == 40
    asyncio.run(engine.close())


def test_awaiting_without_a_running_loop_fails(url: str) -> None:
    engine = asyncio.run(aio.Eovr.open(url, org=ORG, keys=KEY))
    nurse, _ = people(engine)
    with pytest.raises(RuntimeError, match="no running event loop"):
        nurse.incidents.report("NIL", a_report()).send(None)
    asyncio.run(engine.close())
