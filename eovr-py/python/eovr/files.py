"""Storage for attachments. eovr seals each file before it stores it, so the storage cannot read it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from uuid import UUID

__all__ = ["File", "Files", "Folder"]


class Files(Protocol):
    """Storage for files: a folder, a bucket. Each file has an id and is written once.

    Several threads call it. An exception that it raises becomes the cause of an :class:`UnavailableError`.
    """

    def put(self, id: UUID, data: bytes, /) -> None:
        """Stores a file; when this returns, the file is durable."""

    def get(self, id: UUID, /) -> bytes | None:
        """The file with this id, or ``None``."""

    def remove(self, id: UUID, /) -> None:
        """Removes a file; a missing file is no error."""


class Folder:
    """Files in a folder, which is created if it is missing.

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
        """Uses this folder; a new folder gets the rights 0700."""
        self._path = Path(path)
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, id: UUID, data: bytes, /) -> None:
        """Stores a file completely or not at all, even if the machine crashes."""
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
        """The file with this id, or ``None``."""
        try:
            return (self._path / str(id)).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, id: UUID, /) -> None:
        """Removes a file; a missing file is no error."""
        (self._path / str(id)).unlink(missing_ok=True)

    def __repr__(self) -> str:
        return f"Folder({str(self._path)!r})"


@dataclass(frozen=True, slots=True)
class File:
    """A file, opened.

    Attributes
    ----------
    name : str
        Its given name, without folders and control characters.
    media : str
        The media type: ``image/jpeg``, ``image/png`` or ``application/pdf``.
    data : bytes
        Its bytes.
    """

    name: str = field(repr=False)
    media: str
    data: bytes = field(repr=False)
