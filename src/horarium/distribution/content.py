"""Content: octets that are named by what they are, and the chunks in which they are verified."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from horarium.kernel.errors import InvalidInput

CHUNK = 262_144
"""Octets of a chunk; the last one of a content may be shorter."""

DIGEST_LENGTH = 32
LONGEST = 1 << 40
"""A bundle has at most a tebibyte: what is longer is not distributed by copying it."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Blob:
    """What is known of a content before its first octet: ``digest`` is ``sha256:`` and 64
    hexadecimal digits, ``length`` octets. InvalidInput for anything else."""

    digest: str
    length: int

    def __post_init__(self) -> None:
        if not isinstance(self.digest, str) or _DIGEST.fullmatch(self.digest) is None:
            raise InvalidInput(f"{str(self.digest)[:80]!r} is no digest like sha256:…")
        if isinstance(self.length, bool) or not isinstance(self.length, int):
            raise InvalidInput("a length is a whole number")
        if not 0 <= self.length <= LONGEST:
            raise InvalidInput(f"a content has 0 to {LONGEST} octets, not {self.length}")

    @property
    def hex(self) -> str:
        """The digest without its method, as addresses and file names have it."""
        return self.digest.removeprefix("sha256:")

    @property
    def chunks(self) -> int:
        """How many chunks it has."""
        return -(-self.length // CHUNK)


def digest_of(data: bytes) -> str:
    """The digest of octets."""
    return f"sha256:{sha256(data).hexdigest()}"


def blob_of(data: bytes) -> Blob:
    """Octets as a named content."""
    return Blob(digest_of(data), len(data))


@dataclass(frozen=True, slots=True)
class ChunkList:
    """The digests of all chunks of a content, in order. Written as their octets, one after the
    other, without anything between."""

    digests: bytes

    @classmethod
    def read(cls, data: bytes, content: Blob) -> ChunkList:
        """The list of a content; InvalidInput when it has another number of chunks."""
        if len(data) != content.chunks * DIGEST_LENGTH:
            raise InvalidInput(
                f"a list of {content.chunks} chunks has {content.chunks * DIGEST_LENGTH} octets, "
                f"not {len(data)}"
            )
        return cls(data)

    def __len__(self) -> int:
        return len(self.digests) // DIGEST_LENGTH

    def fits(self, number: int, chunk: bytes | memoryview) -> bool:
        """Whether octets are the chunk of a number, counted from 0."""
        start = number * DIGEST_LENGTH
        return sha256(chunk).digest() == self.digests[start : start + DIGEST_LENGTH]


class ChunkListing:
    """The chunk list of a content while that passes by on its way elsewhere."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._digests: list[bytes] = []

    def passing(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces, each looked at."""
        for piece in pieces:
            self._waiting += piece
            while len(self._waiting) >= CHUNK:
                self._digests.append(sha256(self._waiting[:CHUNK]).digest())
                del self._waiting[:CHUNK]
            yield piece

    def done(self) -> ChunkList:
        """The list, when all has passed."""
        rest = [sha256(self._waiting).digest()] if self._waiting else []
        return ChunkList(b"".join(self._digests + rest))
