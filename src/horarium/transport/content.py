"""A store of contents: files named by the digest of what they hold, never changed once there.

A content is written beside its place, synchronised, and put there by one rename, so that what is
found under a digest is whole, however a process or the machine ended. Layout:
``content/sha256/ab/`` and the 64 digits; ``part/`` holds what is on its way.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from horarium.distribution.content import Blob
from horarium.kernel.errors import InvalidInput, NotFound

_HEX = re.compile(r"[0-9a-f]{64}")
_READ = 1 << 20


class ContentStore:
    """The contents of one node below `folder`, which is made when it is first written to.

    OSError goes through where the disk refuses; nothing half-written is ever found under a digest.
    `passed` is told of the moments at which a loss of power would matter, for tests.
    """

    def __init__(self, folder: Path, passed: Callable[[str], None] = lambda point: None) -> None:
        self._folder = folder
        self._passed = passed

    def path(self, digest: str) -> Path:
        """Where a content lies, or would. InvalidInput for what is no digest."""
        digits = digest.removeprefix("sha256:")
        if _HEX.fullmatch(digits) is None:
            raise InvalidInput(f"{digest[:80]!r} is no digest like sha256:…")
        return self._folder / "content" / "sha256" / digits[:2] / digits

    def part(self, digest: str) -> Path:
        """Where a content lies while it is being received."""
        return self._folder / "part" / self.path(digest).name

    def has(self, digest: str) -> bool:
        """See `horarium.distribution.ports.Contents`."""
        return self.path(digest).is_file()

    def open(self, digest: str) -> BinaryIO:
        """See `horarium.distribution.ports.Contents`."""
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError:
            raise NotFound(f"{digest} is not among the contents here") from None

    def blob(self, digest: str) -> Blob:
        """A content with its length. NotFound when it is not there."""
        try:
            return Blob(digest, self.path(digest).stat().st_size)
        except FileNotFoundError:
            raise NotFound(f"{digest} is not among the contents here") from None

    def read(self, digest: str) -> bytes:
        """A short content as a whole: a manifest, a list of chunks."""
        with self.open(digest) as file:
            return file.read()

    def put(self, pieces: Iterable[bytes]) -> Blob:
        """Keeps a content that comes in pieces; what is there already is not written again."""
        temporary = self._temporary()
        found, length = sha256(), 0
        try:
            with new_file(temporary) as file:
                for piece in pieces:
                    found.update(piece)
                    length += len(piece)
                    file.write(piece)
                blob = Blob(f"sha256:{found.hexdigest()}", length)
                if not self.has(blob.digest):
                    file.flush()
                    os.fsync(file.fileno())
            self._passed("chunk-temp")
            if self.has(blob.digest):
                return blob
            self.adopt(temporary, blob.digest)
            self._passed("chunk-renamed")
            return blob
        finally:
            temporary.unlink(missing_ok=True)

    def adopt(self, file: Path, digest: str) -> None:
        """Puts a file of this store, whole and synchronised, in the place of its digest."""
        place = self.path(digest)
        _make(place.parent)
        os.replace(file, place)
        sync_folder(place.parent)

    def drop(self, digest: str) -> None:
        """Lets go of a content."""
        self.path(digest).unlink(missing_ok=True)

    def digests(self) -> Iterator[str]:
        """All that is there, in order."""
        base = self._folder / "content" / "sha256"
        for folder in sorted(base.iterdir()) if base.is_dir() else ():
            for file in sorted(folder.iterdir()):
                if _HEX.fullmatch(file.name):
                    yield f"sha256:{file.name}"

    def verify(self, digest: str) -> bool:
        """Whether what lies under a digest still is what it was."""
        found = sha256()
        with self.open(digest) as file:
            while piece := file.read(_READ):
                found.update(piece)
        return f"sha256:{found.hexdigest()}" == digest

    def _temporary(self) -> Path:
        folder = self._folder / "part"
        _make(folder)
        return folder / f"{secrets.token_hex(16)}.new"


def new_file(path: Path) -> BinaryIO:
    """A file that is not there yet, for this user alone."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def sync_folder(folder: Path) -> None:
    """Makes durable what was renamed into a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make(folder: Path) -> None:
    """Makes a folder that is ours alone, durable with all that lead to it."""
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)
