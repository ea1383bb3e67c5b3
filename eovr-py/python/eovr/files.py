"""Where attachments are kept. What is handed over is sealed: whoever keeps it cannot read it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from uuid import UUID

__all__ = ["File", "Files", "Folder"]


class Files(Protocol):
    """A place for files: a folder, a bucket. Each has an id of its own and is written once.

    It is asked from several threads. What it raises becomes the cause of an :class:`UnavailableError`.
    """

    def put(self, id: UUID, data: bytes, /) -> None:
        """Keeps a file; when this returns, the file is durable."""

    def get(self, id: UUID, /) -> bytes | None:
        """What was kept under an id."""

    def remove(self, id: UUID, /) -> None:
        """Removes a file; one that is not there is passed over."""


class Folder:
    """Files in a folder, which is made where it is missing.

    Examples
    --------
    >>> import tempfile, uuid
    >>> files = Folder(tempfile.mkdtemp())
    >>> id = uuid.uuid4()
    >>> files.put(id, b"sealed")
    >>> files.get(id)
    b'sealed'
    >>> files.remove(id)
    >>> files.get(id) is None
    True
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """A folder; one that is made is for nobody else."""
        self._path = Path(path)
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, id: UUID, data: bytes, /) -> None:
        """Keeps a file. It is there whole or not at all, also where the machine dies meanwhile."""
        part = self._path / f"{id}.part"
        try:
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path / str(id))
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        if os.name == "posix":
            folder = os.open(self._path, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def get(self, id: UUID, /) -> bytes | None:
        """What was kept under an id."""
        try:
            return (self._path / str(id)).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, id: UUID, /) -> None:
        """Removes a file; one that is not there is passed over."""
        (self._path / str(id)).unlink(missing_ok=True)

    def __repr__(self) -> str:
        return f"Folder({str(self._path)!r})"


@dataclass(frozen=True, slots=True)
class File:
    """A file, opened.

    Attributes
    ----------
    name : str
        Its name as it was given, without folders and signs that steer.
    media : str
        What it is: ``image/jpeg``, ``image/png`` or ``application/pdf``.
    data : bytes
        Its bytes.
    """

    name: str = field(repr=False)
    media: str
    data: bytes = field(repr=False)
