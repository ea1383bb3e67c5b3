"""Makes `python/eovr/aio.py` of `python/eovr/blocking.py`, so that the two faces cannot differ.

python face.py            writes it
python face.py --check    fails where it is not what it should be
"""

import re
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "python" / "eovr"
HEAD = '''"""The engine, for programs that await: the same verbs, on the event loop that is running.

A cancelled awaitable drops its call, and the store then has either the old or the new world.

>>> import asyncio
>>> import eovr
>>> from eovr import Actor, Report, Role, aio
>>> org = [{"id": "CAI", "title": {"en": "Cairo", "ar": "القاهرة"}, "administrations": [
...     {"id": "CAI-E", "title": {"en": "Cairo East", "ar": "شرق القاهرة"}, "facilities": [
...         {"id": "NIL", "title": {"en": "Nile", "ar": "النيل"}, "time_zone": "Africa/Cairo"}]}]}]
>>> async def main() -> int:
...     async with await aio.Eovr.open("memory:", org=org, keys=eovr.new_key()) as engine:
...         nurse = engine.session(Actor("nurse-7", Role.STAFF, at="NIL"))
...         fall = Report(category="patient_accident", description="Fell out of bed.")
...         await asyncio.gather(*(nurse.incidents.report("NIL", fall) for _ in range(5)))
...         return len((await nurse.find("incident")).items)
>>> asyncio.run(main())
5
"""

# Made by `face.py` of `blocking.py`: change that one.

'''


def made(blocking: str) -> str:
    """The awaiting face."""
    body = blocking.split('"""', 2)[2]
    body = re.sub(r"\n\n        Examples\n        -+\n.*?(?=\n\s*\"\"\")", "", body, flags=re.S)
    body = re.sub(r"\n\n    Examples\n    -+\n.*?(?=\n\s*\"\"\")", "", body, flags=re.S)
    body = body.replace("call.wait()", "await call").replace("page = self.find(", "page = await self.find(")
    body = body.replace("        self.close()\n", "        await self.close()\n")
    body = body.replace("__enter__", "__aenter__").replace("__exit__", "__aexit__")
    body = body.replace("Callable, Iterator, Mapping", "AsyncIterator, Callable, Mapping")
    body = body.replace(" Iterator[", " AsyncIterator[")
    methods = re.split(r"(?m)^(?=    (?:def|@)|class )", body)
    body = "".join(
        re.sub(r"(?m)^    def ", "    async def ", method, count=1)
        if "await " in method or "def __aenter__" in method
        else method
        for method in methods
    )
    return HEAD + body.lstrip()


def main() -> int:
    wanted = made((FOLDER / "blocking.py").read_text(encoding="utf-8"))
    file = FOLDER / "aio.py"
    if "--check" in sys.argv[1:]:
        return 0 if file.read_text(encoding="utf-8") == wanted else 1
    file.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
