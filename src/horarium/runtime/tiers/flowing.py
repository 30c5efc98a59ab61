"""One content on its way to a node below, as long as its grant holds and as fast as it may."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from horarium.distribution.buckets import Bucket
from horarium.kernel.instant import Instant
from horarium.runtime.clock import Clock
from horarium.runtime.tiers.sharing import Shared
from horarium.transport.content import ContentStore
from horarium.transport.link import LARGEST_PIECE, Refused

log = logging.getLogger(__name__)


class Right(Protocol):
    """What a flow rests on."""

    until: Instant | None
    flows: int
    sent: int
    void: bool
    made: float


# A flow looks at least so often whether it still may go on.
LOOK_SECONDS = 0.25


class FileFlow:
    """See `horarium.transport.link.Flow`: from the store, or from what is still arriving."""

    def __init__(
        self, contents: ContentStore, digest: str, length: int, shared: Shared | None,
        right: Right, buckets: Sequence[Bucket], clock: Clock,
    ) -> None:  # fmt: skip
        self.length = length
        self._digest = digest
        self._right = right
        self._buckets = buckets
        self._clock = clock
        self._shared = shared
        path = contents.path(digest)
        if shared is not None and not shared.finished and not path.exists():
            path = shared.arrival.path
        else:
            self._shared = None
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            right.flows -= 1
            raise Refused(404, "not-found", "it is not here") from None

    async def piece(self, offset: int, most: int) -> bytes | bytearray:
        """See `Flow`."""
        ready = await self._ready(offset, min(most, self._at_once()))
        if not ready or not await self._afforded(ready):
            # It ends here, in order; what is left is offered anew when it may go, or is there.
            self._right.void = True
            return b""
        data = self._cached(offset, ready)
        if not data:
            loop = asyncio.get_running_loop()
            data = await loop.run_in_executor(None, os.pread, self._file, ready, offset)
        return data if self._holds() else b""

    def _cached(self, offset: int, most: int) -> bytes | bytearray:
        """What the system has in its memory of a stretch, which it takes no waiting to read."""
        data = bytearray(most)
        try:
            del data[os.preadv(self._file, [data], offset, os.RWF_NOWAIT) :]
        except OSError:
            return b""
        return data

    def end(self, sent: int) -> None:
        """See `Flow`."""
        if self._file >= 0:
            log.info("flow.ended digest=%s octets=%d", self._digest[:23], sent)
            # The time of its file tells when a content was needed last.
            with suppress(OSError):
                os.utime(self._file)
            os.close(self._file)
            self._file = -1
            self._right.flows -= 1
            self._right.sent += sent
            self._right.made = self._clock.monotonic()

    def _at_once(self) -> int:
        """What the slowest bucket lets go in one go: more would go too fast, and too late."""
        rated = [int(bucket.burst) for bucket in self._buckets if bucket.rate is not None]
        return min(rated, default=LARGEST_PIECE)

    def _holds(self) -> bool:
        until = self._right.until
        return not self._right.void and (until is None or self._clock.until(until) > 0)

    async def _ready(self, offset: int, most: int) -> int:
        """How many octets can be read now; waits for what arrives. 0 when the flow is to end."""
        shared = self._shared
        if shared is None:
            return most if self._holds() else 0
        while self._holds():
            if shared.edge > offset:
                return min(most, shared.edge - offset)
            if not shared.moving:
                return 0
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await shared.change()
        return 0

    async def _afforded(self, octets: int) -> bool:
        """Waits until so many octets may go; False when the right ended meanwhile."""
        now = self._clock.monotonic()
        wait = max((bucket.take(octets, now) for bucket in self._buckets), default=0.0)
        while wait > 0:
            part = min(wait, LOOK_SECONDS)
            await self._clock.sleep(part)
            wait -= part
            if not self._holds():
                for bucket in self._buckets:
                    bucket.give_back(octets)
                return False
        return self._holds()
