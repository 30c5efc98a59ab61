"""A content on its way from a link into its file: a thread reads, another verifies and writes, one
more makes durable what is written, and the loop is told how far it is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial

from horarium.distribution.buckets import Bucket
from horarium.kernel.errors import Unavailable
from horarium.runtime.clock import Clock
from horarium.transport.arriving import SYNC_OCTETS, Arrival
from horarium.transport.link_reading import Reading

# What arrived is made durable at least so often; and begun to be when half of what may wait waits.
SYNC_SECONDS = 1.0
BEGIN_OCTETS = SYNC_OCTETS // 2
# How far a content is, is told so often at most.
TELL_SECONDS = 0.01


class Pace:
    """How fast contents may come, all together, and how fast each has to. For any thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.monotonic = monotonic
        self.timeout, self.min_rate = 300, 1_024
        """Seconds in which, and octets a second with which, a content has to go on."""
        self._bucket = Bucket(None)
        self._lock = threading.Lock()

    def limit(self, rate: int | None) -> None:
        """Sets how many octets a second may come; None: any number."""
        with self._lock:
            self._bucket.change(rate, self.monotonic())

    def wait(self, octets: int) -> float:
        """Seconds after which so many octets, which have come, may be taken."""
        with self._lock:
            return self._bucket.take(octets, self.monotonic())


class Pouring:
    """One content that pours into its arrival. Lives on the loop's thread; `keep` makes durable
    what is here and writes down how much that is, `grew` is told the verified octets and all."""

    def __init__(
        self, arrival: Arrival, pace: Pace, clock: Clock, keep: Callable[[], Awaitable[None]],
        grew: Callable[[int, int], None],
    ) -> None:  # fmt: skip
        self._arrival = arrival
        self._pace = pace
        self._clock = clock
        self._keep = keep
        self._grew = grew
        self._loop = asyncio.get_running_loop()
        self._much = asyncio.Event()
        self._here = (arrival.edge, arrival.offset)
        self._telling = False
        self._over = False

    async def run(self, reading: Reading, digest: str, grant: str, threads: Executor) -> None:
        """Pours until the content ends, here or above. Raises what the link does, WrongChunk and
        InvalidInput of the arrival, and OSError of the disk."""
        read = partial(self._read, reading, digest, grant)
        works = [
            asyncio.create_task(read_by_thread(reading, read, threads)),
            asyncio.create_task(self._keep_on()),
        ]
        try:
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            for work in done:
                work.result()
        finally:
            works[0].cancel()
            self._over = True
            self._much.set()
            await asyncio.gather(*works, return_exceptions=True)
            self._grew(*self._here)
        works[1].result()

    def _read(self, reading: Reading, digest: str, grant: str) -> None:
        """What the thread does that reads: while a piece is written, it reads the next one."""
        pace, arrival = self._pace, self._arrival
        begun, came = pace.monotonic(), 0
        pieces = reading.pieces(digest, grant, arrival.offset)
        writing: Future[None] | None = None
        with ThreadPoolExecutor(1, thread_name_prefix="writing") as writer, closing(pieces):
            for piece in pieces:
                if (wait := pace.wait(len(piece))) > 0:
                    reading.rest(wait)
                if writing is not None:
                    writing.result()
                writing = writer.submit(self._write, piece)
                came += len(piece)
                now = pace.monotonic()
                if now - begun >= pace.timeout:
                    if came < pace.min_rate * (now - begun):
                        raise Unavailable(f"less than {pace.min_rate} octets a second")
                    begun, came = now, 0
            if writing is not None:
                writing.result()

    def _write(self, piece: bytes) -> None:
        try:
            self._arrival.write(piece)
        finally:
            self._here = (self._arrival.edge, self._arrival.offset)
            if not self._telling:
                self._telling = True
                self._loop.call_soon_threadsafe(self._tell_soon)

    def _tell_soon(self) -> None:
        """Tells how much is here, after a while: on a fast link each piece is not worth telling."""
        self._loop.call_later(TELL_SECONDS, self._tell)

    def _tell(self) -> None:
        self._telling = False
        edge, offset = self._here
        if offset - self._arrival.synced >= BEGIN_OCTETS:
            self._much.set()
        if not self._over:
            self._grew(edge, offset)

    async def _keep_on(self) -> None:
        """Makes durable what comes, beside that, until it is over."""
        kept = self._clock.monotonic()
        while not self._over:
            with suppress(TimeoutError):
                async with asyncio.timeout(SYNC_SECONDS):
                    await self._much.wait()
            self._much.clear()
            now = self._clock.monotonic()
            if now - kept >= SYNC_SECONDS:
                kept = now
                await self._keep()
            elif not self._over:
                await self._loop.run_in_executor(None, self._arrival.sync)


async def read_by_thread(reading: Reading, read: Callable[[], None], threads: Executor) -> None:
    """Reads in a thread until that ends. When this is cancelled the reading is stopped, and the
    thread has ended when this has."""
    done = threads.submit(read)
    ended = asyncio.wrap_future(done)
    try:
        await asyncio.shield(ended)
    except asyncio.CancelledError:
        reading.stop()
        if not done.cancel():
            await asyncio.wait([ended])
        raise


def write_all(pieces: Generator[bytes, None, None], arrival: Arrival) -> None:
    """Takes what comes until that ends."""
    with closing(pieces):
        for piece in pieces:
            arrival.write(piece)
