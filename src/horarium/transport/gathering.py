"""What the sources of all types share: where contents go, what may be done, and when to stop."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from horarium.distribution.content import LONGEST, Blob
from horarium.distribution.gathering import Cancelled, GatherFailed, Notes
from horarium.kernel.errors import HorariumError, InvalidInput, NotFound
from horarium.kernel.instant import Instant

PIECE, LEAST_PIECE = 1 << 20, 4_096


class Keeper(Protocol):
    """Where gathered contents are kept."""

    def has(self, digest: str) -> bool:
        """Whether a content is there."""
        ...

    def put(self, pieces: Iterable[bytes]) -> Blob:
        """Keeps a content, durably."""
        ...


class Measuring:
    """A keeper that only measures: it tells what a content would be kept as, and keeps none."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def has(self, digest: str) -> bool:
        """See `Keeper`."""
        return self._keeper.has(digest)

    def put(self, pieces: Iterable[bytes]) -> Blob:
        """What `Keeper.put` would give."""
        found, length = sha256(), 0
        for piece in pieces:
            found.update(piece)
            length += len(piece)
        return Blob(f"sha256:{found.hexdigest()}", length)


_FULL = (errno.ENOSPC, errno.EDQUOT)


class KeepFailed(HorariumError):
    """The disk that contents are kept on is broken: ``error`` is what it said."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"a content can not be kept: {error.strerror or error}")
        self.error = error


class Pace:
    """How fast sources are read: ``rate`` octets a second, None for as fast as it goes. All that
    gather for one distributor at a time share one, and its clock: ``monotonic`` seconds."""

    def __init__(
        self, monotonic: Callable[[], float] = lambda: 0.0, rate: int | None = None
    ) -> None:
        self.rate = rate
        self._monotonic = monotonic
        self._free_at = 0.0
        self._lock = threading.Lock()

    @property
    def piece(self) -> int:
        """The octets that are read at once: so few that the rate holds within each second."""
        return PIECE if self.rate is None else min(PIECE, max(LEAST_PIECE, self.rate // 10))

    def took(self, octets: int) -> float:
        """The seconds to wait after octets were read."""
        if self.rate is None:
            return 0.0
        with self._lock:
            now = self._monotonic()
            self._free_at = max(self._free_at, now) + octets / self.rate
            return self._free_at - now


@dataclass(slots=True)
class Gathering:
    """One gathering. ``started`` is when; what changed after that is not noted as known. ``room``
    is asked before octets are written and raises when the disk has none left for them; ``secret``
    reads a reference. With ``rehash`` no note is believed."""

    keeper: Keeper
    notes: Notes
    started: Instant
    room: Callable[[int], None] = lambda octets: None
    secret: Callable[[str], str] = field(default_factory=lambda: read_secret)
    stop: threading.Event = field(default_factory=threading.Event)
    rehash: bool = False
    pace: Pace = field(default_factory=Pace)

    def took(self, octets: int) -> None:
        """Waits after octets of a source were read, as long as the pace wishes. Cancelled."""
        seconds = self.pace.took(octets)
        if seconds > 0:
            self.stop.wait(seconds)
        self.go_on()

    def go_on(self) -> None:
        """Cancelled when it was told to stop; asked between files."""
        if self.stop.is_set():
            raise Cancelled("the build was told to stop")

    def keep(self, pieces: Iterable[bytes], place: str, longest: int = LONGEST) -> Blob:
        """Keeps what comes from a place. GatherFailed for one octet more than allowed, when it can
        not be read, or when the disk is full; KeepFailed when our disk refuses otherwise."""
        try:
            return self.keeper.put(self._bounded(pieces, place, longest))
        except OSError as error:
            if error.errno in _FULL:
                raise GatherFailed("no_space", place, "the disk is full") from None
            raise KeepFailed(error) from error

    def _bounded(self, pieces: Iterable[bytes], place: str, longest: int) -> Iterator[bytes]:
        length = 0
        source = iter(pieces)
        while True:
            try:
                piece = next(source)
            except StopIteration:
                return
            except OSError as error:
                text = (error.strerror or str(error)).lower()
                raise GatherFailed("unreadable", place, text) from None
            length += len(piece)
            if length > longest:
                raise GatherFailed("too_large", place, f"has more than {longest} octets")
            self.room(len(piece))
            self.took(len(piece))
            yield piece


def read_secret(reference: str) -> str:
    """What ``env:NAME`` or ``file:/path`` refers to, without the end of its last line. NotFound."""
    kind, _, name = reference.partition(":")
    if kind == "env":
        value = os.environ.get(name)
        if value is None:
            raise NotFound(f"{reference} is not set")
        return value
    if kind == "file":
        try:
            with open(name, encoding="utf-8") as file:
                return file.read(65_536).rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise NotFound(f"{reference} can not be read") from None
    raise InvalidInput(f"{kind[:20]!r} is no kind of reference")
