"""Attachments of incidents, in the host's storage."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import eovr
import pytest
from eovr import ConfigError, ConflictError, Eovr, Folder, InvalidInputError, RefusedError, UnavailableError, aio

from conftest import KEY, ORG, a_report, elsewhere, nurse, quality

PDF = b"%PDF-1.7\nthe form that was signed\n%%EOF\n"


class Bucket:
    """A storage of the host, which can be unavailable."""

    def __init__(self) -> None:
        self.kept: dict[UUID, bytes] = {}
        self.away = False

    def put(self, id: UUID, data: bytes, /) -> None:
        if self.away:
            raise ConnectionError("the bucket is gone")
        self.kept[id] = data

    def get(self, id: UUID, /) -> bytes | None:
        return self.kept.get(id)

    def remove(self, id: UUID, /) -> None:
        self.kept.pop(id, None)


def test_a_file_is_stored_sealed_read_and_removed(url: str, tmp_path: Path) -> None:
    with Eovr.open(url, org=ORG, keys=KEY, files=Folder(tmp_path / "files")) as engine:
        incident = nurse(engine).incidents.report("NIL", a_report()).id
        reviews = quality(engine).incidents
        told = reviews.attach(incident, "../../form.pdf", PDF)
        kept = [path.read_bytes() for path in (tmp_path / "files").iterdir()]
        assert len(kept) == 1 and b"signed" not in kept[0]
        [record] = reviews.attachments(incident)
        assert (record.id, record.facets["media"], record.facets["bytes"]) == (told.id, "application/pdf", len(PDF))
        file = reviews.read_attachment(incident, told.id)
        assert (file.name, file.media, file.data) == ("form.pdf", "application/pdf", PDF)
        assert "signed" not in repr(file) and "form" not in repr(file)
        actions = [entry.action for entry in quality(engine).trail("attachment", told.id).entries]
        assert actions == ["attach", "read"]
        reviews.remove_attachment(incident, told.id, "not of this patient")
        assert [*(tmp_path / "files").iterdir()] == []
        with pytest.raises(RefusedError):
            reviews.read_attachment(incident, told.id)
        assert elsewhere(engine).incidents.attachments(incident) == ()


def test_another_file_type_is_refused_and_not_stored(url: str) -> None:
    bucket = Bucket()
    with Eovr.open(url, org=ORG, keys=KEY, files=bucket) as engine:
        incident = nurse(engine).incidents.report("NIL", a_report()).id
        reviews = quality(engine).incidents
        with pytest.raises(InvalidInputError):
            reviews.attach(incident, "a.exe", b"MZ\x90\x00")
        own = uuid4()
        reviews.attach(incident, "form.pdf", PDF, attachment_id=own)
        with pytest.raises(ConflictError):
            reviews.attach(incident, "form.pdf", PDF, attachment_id=own)
        assert len(bucket.kept) == 1


def test_an_unavailable_storage_is_reported_with_its_cause(url: str) -> None:
    bucket = Bucket()
    with Eovr.open(url, org=ORG, keys=KEY, files=bucket) as engine:
        incident = nurse(engine).incidents.report("NIL", a_report()).id
        bucket.away = True
        with pytest.raises(UnavailableError) as caught:
            quality(engine).incidents.attach(incident, "form.pdf", PDF)
        assert str(caught.value.__cause__) == "the bucket is gone"
        assert quality(engine).incidents.attachments(incident) == ()


def test_an_engine_without_storage_refuses_attachments(memory: Eovr) -> None:
    incident = nurse(memory).incidents.report("NIL", a_report()).id
    with pytest.raises(ConfigError):
        quality(memory).incidents.attach(incident, "form.pdf", PDF)


def test_the_same_awaited() -> None:
    async def main() -> bytes:
        async with await aio.Eovr.open("memory:", org=ORG, keys=KEY, files=Bucket()) as engine:
            session = engine.session(eovr.Actor("nurse-7", eovr.Role.STAFF, at="NIL"))
            incident = (await session.incidents.report("NIL", a_report())).id
            told = await asyncio.gather(*(session.incidents.attach(incident, f"{n}.pdf", PDF) for n in range(5)))
            return (await session.incidents.read_attachment(incident, told[4].id)).data

    assert asyncio.run(main()) == PDF
