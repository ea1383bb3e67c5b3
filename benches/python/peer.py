"""The same work in Python, as a good team writes it today: the peer of the benchmark `stores`.

Reads one command a line from standard input, words separated by spaces, and answers each with one line of
JSON: an object, with `error` if the command failed.

    open NAME URL              opens a database; NAME is sqlite, postgres, mariadb, mongodb or
                               mongodb-encrypted, and URL without any driver in it
    load NAME FILE             fills it with the incidents of a file (`incident.read_rows`)
    submit NAME TASKS SECONDS  reports incidents with this many concurrent tasks for this long
    ask NAME QUESTION SECONDS  repeats the same query: page, deep, load, summary, trend, compare
    seal MODE SECONDS          seals a text of 12 bytes by pymongocrypt, deterministic or random

The last three answer `done`, the number of operations; `seconds`, the elapsed time; and `cpu`, seconds of this process.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from time import perf_counter, process_time
from typing import Protocol

from mongo import Mongo
from sql import Sql


class Database(Protocol):
    async def open(self, url: str) -> None: ...
    async def load(self, file: str) -> None: ...
    async def submit(self) -> None: ...
    async def ask(self, question: str) -> None: ...


MAKE: dict[str, Callable[[], Database]] = {
    "sqlite": lambda: Sql("sqlite", "sqlite+aiosqlite"),
    "postgres": lambda: Sql("postgresql", "postgresql+asyncpg"),
    "mariadb": lambda: Sql("mariadb", "mariadb+asyncmy"),
    "mongodb": lambda: Mongo(encrypts=False),
    "mongodb-encrypted": lambda: Mongo(encrypts=True),
}


class Peer:
    def __init__(self) -> None:
        self.databases: dict[str, Database] = {}

    async def obey(self, verb: str, *words: str) -> dict:
        match verb, words:
            case "open", [name, url]:
                self.databases[name] = MAKE[name]()
                await self.databases[name].open(url)
                return {}
            case "load", [name, file]:
                await self.databases[name].load(file)
                return {}
            case "submit", [name, tasks, seconds]:
                return await turn(self.databases[name].submit, int(tasks), float(seconds))
            case "ask", [name, question, seconds]:
                database = self.databases[name]
                return await turn(lambda: database.ask(question), 1, float(seconds))
            case "seal", [mode, seconds]:
                encrypted = self.databases["mongodb-encrypted"]
                assert isinstance(encrypted, Mongo)
                return encrypted.seal(mode == "deterministic", float(seconds))
        raise ValueError(f"unknown command `{verb} {' '.join(words)}`")


async def turn(work: Callable[[], Awaitable[None]], tasks: int, seconds: float) -> dict:
    """Runs each task at least once, until the time is over."""
    done = 0
    cpu, began = process_time(), perf_counter()

    async def again_and_again() -> None:
        nonlocal done
        while True:
            await work()
            done += 1
            if perf_counter() - began >= seconds:
                return

    await asyncio.gather(*(again_and_again() for _ in range(tasks)))
    return {"done": done, "seconds": perf_counter() - began, "cpu": process_time() - cpu}


def main() -> None:
    peer = Peer()
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            try:
                answer = runner.run(peer.obey(*line.split()))
            except Exception as error:  # the benchmark prints every error
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
