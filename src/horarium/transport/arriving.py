"""A content on its way in: written to a part file, each chunk verified before it is used.

What is verified may be sent on at once; what is not yet a whole chunk is kept and verified when it
is. A part file outlives its process: what is taken up again is verified again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from horarium.distribution.content import CHUNK, Blob, ChunkList
from horarium.kernel.errors import InvalidInput
from horarium.transport.content import ContentStore, sync_folder

# At least so often what arrived is made durable, so that little is lost with the power.
SYNC_OCTETS = 16 << 20


class WrongChunk(InvalidInput):
    """Octets that are not the chunk they should be. ``number`` counts from 0."""

    def __init__(self, number: int) -> None:
        super().__init__(f"chunk {number} is not what was signed", part="chunk", value=str(number))
        self.number = number


class Arrival:
    """One content while it arrives. Not shared between threads at one time, but for `sync`, which
    may go on beside `write`."""

    def __init__(
        self, store: ContentStore, content: Blob, chunks: ChunkList | None,
        passed: Callable[[str], None] = lambda point: None,
    ) -> None:  # fmt: skip
        self.content = content
        self._store = store
        self._chunks = chunks
        self._passed = passed
        self._path = store.part(content.digest)
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(self._path, flags, 0o600)
        self._whole = sha256()
        self._hashed = 0
        self._open_chunk = b""
        self._written = 0
        self.edge = 0
        """Octets that are verified; a content without a chunk list is verified at its end only."""
        self.synced = 0
        self._recover()

    @property
    def path(self) -> Path:
        """Where the part file lies."""
        return self._path

    @property
    def offset(self) -> int:
        """Octets that are here; the next one that is wanted."""
        return self._hashed + len(self._open_chunk)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is lacking."""
        return self.offset == self.content.length

    def write(self, data: bytes) -> None:
        """Takes octets that follow. InvalidInput for one more than the content has; WrongChunk
        for a chunk that is wrong: what was verified before it stays."""
        if self.offset + len(data) > self.content.length:
            self._cut(self.edge)
            if self._chunks is None:
                self._whole, self._hashed = sha256(), 0
            raise InvalidInput(f"more octets than the {self.content.length} that were signed")
        os.pwrite(self._file, data, self.offset)
        self._written = self.offset + len(data)
        self._take(data)
        if self._written - self.synced >= SYNC_OCTETS:
            self.sync()

    def sync(self) -> int:
        """Makes durable what is here; how many octets that are."""
        reached = self._written
        if self.synced < reached:
            os.fsync(self._file)
            self._passed("chunk-synced")
            # What was found wrong meanwhile is gone.
            self.synced = min(reached, self._written)
        return self.synced

    def read(self, offset: int, most: int) -> bytes:
        """Verified octets from an offset on."""
        return os.pread(self._file, max(0, min(most, self.edge - offset)), offset)

    def finish(self) -> None:
        """Puts the content, whole and verified once more as a whole, in its place. WrongChunk when
        the whole is not what was signed: then nothing of it is kept."""
        self.sync()
        if f"sha256:{self._whole.hexdigest()}" != self.content.digest or not self.is_complete:
            self.discard()
            raise WrongChunk(0)
        self._store.adopt(self._path, self.content.digest)
        self.close()

    def discard(self) -> None:
        """Lets go of everything that arrived."""
        self._path.unlink(missing_ok=True)
        sync_folder(self._path.parent)
        self.close()

    def close(self) -> None:
        """Ends the use of the part file, which stays."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _recover(self) -> None:
        """Verifies what an earlier process left, and goes on behind it."""
        length = min(os.fstat(self._file).st_size, self.content.length)
        at = 0
        while at < length:
            piece = os.pread(self._file, min(CHUNK, length - at), at)
            if not piece:
                break
            try:
                self._take(piece)
            except WrongChunk:
                break
            at += len(piece)
        self._written = self.offset
        os.ftruncate(self._file, self.offset)

    def _take(self, data: bytes) -> None:
        """Verifies the chunks that `data` completes."""
        if self._chunks is None:
            self._whole.update(data)
            self._hashed += len(data)
            return
        waiting = memoryview(self._open_chunk + data if self._open_chunk else data)
        start = 0
        while self._hashed < self.content.length:
            size = min(CHUNK, self.content.length - self._hashed)
            if len(waiting) - start < size:
                break
            chunk = waiting[start : start + size]
            if not self._chunks.fits(self._hashed // CHUNK, chunk):
                self.edge = self._hashed
                self._cut(self.edge)
                raise WrongChunk(self.edge // CHUNK)
            self._whole.update(chunk)
            self._hashed += size
            start += size
            self._passed("chunk-received")
        self._open_chunk = bytes(waiting[start:])
        self.edge = self._hashed

    def _cut(self, length: int) -> None:
        self._open_chunk = b""
        self._written = length
        os.ftruncate(self._file, length)
        self.synced = min(self.synced, length)
