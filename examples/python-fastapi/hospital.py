"""A hospital's own application, with its own login, that takes reports: EOVR_KEY=… uvicorn hospital:app"""

import hashlib
import hmac
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from eovr import Actor, EovrError, Report, Role, aio
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials

ORG = [{"id": "CAI", "title": {"en": "Cairo", "ar": "القاهرة"}, "administrations": [
    {"id": "CAI-E", "title": {"en": "Cairo East", "ar": "شرق القاهرة"}, "facilities": [
        {"id": "NIL", "title": {"en": "Nile", "ar": "النيل"}, "time_zone": "Africa/Cairo"}]}]}]  # fmt: skip
STATUS = {"invalid_input": 422, "denied": 403, "not_found": 404, "refused": 409, "conflict": 409}


def hashed(password: str) -> bytes:
    return hashlib.scrypt(password.encode(), salt=b"of this example alone", n=2**14, r=8, p=1)


PEOPLE = {"amal": (hashed("nurse"), Role.STAFF), "omar": (hashed("quality"), Role.QUALITY_ADMIN)}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    url = os.environ.get("EOVR_URL", "sqlite://hospital.db")
    async with await aio.Eovr.open(url, org=ORG, keys=os.environ["EOVR_KEY"]) as app.state.engine:
        yield


app = FastAPI(lifespan=lifespan)


def session(request: Request, who: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]) -> aio.Session:
    kept, role = PEOPLE.get(who.username, (b"", Role.STAFF))
    if not hmac.compare_digest(kept, hashed(who.password)):
        raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
    return request.app.state.engine.session(Actor(who.username, role, at="NIL"))


@app.exception_handler(EovrError)
async def told(_: Request, error: EovrError) -> JSONResponse:
    return JSONResponse({"error": str(error), "legal": error.legal}, STATUS.get(error.kind, 503))


@app.post("/incidents", status_code=201)
async def report(body: Report, by: Annotated[aio.Session, Depends(session)]) -> dict[str, Any]:
    return asdict(await by.incidents.report("NIL", body))


@app.post("/incidents/{id}/{action}")
async def act(id: UUID, action: str, by: Annotated[aio.Session, Depends(session)], note: str | None = None) -> Any:
    return asdict(await by.incidents.act(id, action, note))
