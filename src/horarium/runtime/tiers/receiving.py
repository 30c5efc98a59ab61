"""Contents on their way in: taken up where they stopped, verified chunk by chunk, and passed on
while they come."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import Protocol, TypeVar

from horarium.distribution.causes import BACKOFF, Reason
from horarium.distribution.content import ChunkList
from horarium.distribution.messages import Answer, Offer, Response
from horarium.distribution.needing import Need
from horarium.distribution.states import State
from horarium.kernel.errors import InvalidInput, Unavailable
from horarium.kernel.instant import Instant
from horarium.runtime import crash
from horarium.runtime.clock import Clock
from horarium.runtime.tiers.pouring import Pace, Pouring, read_by_thread, write_all
from horarium.runtime.tiers.sharing import Shared
from horarium.store.holdings import Holding, Transfer
from horarium.store.store import Store
from horarium.transport.arriving import Arrival, WrongChunk
from horarium.transport.content import ContentStore
from horarium.transport.link import Refused
from horarium.transport.link_client import LinkClient

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_RETRY, LONGEST_RETRY = 5.0, 300.0
# Contents that are read at one time; each has a thread.
MOST_READ = 256
# A wrong chunk is asked for once more; then its source is believed nothing more of this transfer.
MOST_WRONG = 2


class Taker(Protocol):
    """What receiving tells the node it is part of."""

    def needed(self, digest: str) -> Need | None:
        """What a content is lacked for, None when it is not lacked (any more)."""
        ...

    def doubt(self, need: Need) -> str:
        """Why an offer is to be refused (signature, expired), empty when it is not."""
        ...

    def respond(self, response: Response) -> None:
        """Answers an offer."""
        ...

    def progressed(self, need: Need, state: State, offset: int, reason: str = "") -> None:
        """A transfer is so far."""
        ...

    def arrives(self) -> None:
        """The first of a content is verified, and may be passed on."""
        ...

    async def received(self, need: Need) -> None:
        """A content is here, whole and durable."""
        ...

    def jitter(self, key: str) -> float:
        """A place in [0, 1) that is always the same for a key."""
        ...


@dataclass(slots=True)
class _Going:
    """One transfer that goes on."""

    need: Need
    grant: str
    client: LinkClient
    task: asyncio.Task[None]
    again: asyncio.Event
    """Set when it is offered anew: there is no need to wait longer."""
    reason: str = ""
    arrived: bool = False
    """All is here, and about to be written down so."""


class Receiver:
    """All transfers of one node. Lives on the loop's thread; octets are written by `worker`."""

    def __init__(
        self, taker: Taker, clock: Clock, store: Store, contents: ContentStore,
        arriving: dict[str, Shared], worker: Executor,
    ) -> None:  # fmt: skip
        self._taker = taker
        self._clock = clock
        self._store = store
        self._contents = contents
        self._arriving = arriving
        self._worker = worker
        self._going: dict[str, _Going] = {}
        self._threads = ThreadPoolExecutor(MOST_READ, thread_name_prefix="contents")
        self.pace = Pace(clock.monotonic)
        self.free_space = 0

    def offered(self, client: LinkClient, offer: Offer) -> None:
        """Takes an offer up, or says why not."""
        need = self._taker.needed(offer.content.digest)
        if need is None:
            self._taker.respond(Response(offer.grant, Answer.ALREADY_HAVE))
            return
        going = self._going.get(offer.content.digest)
        if going is not None:
            # The offer was made anew, maybe by another node: it goes on by this one.
            going.grant, going.client = offer.grant, client
            going.again.set()
            return
        doubt = self._taker.doubt(need) or self._no_space(need)
        if doubt:
            self._taker.respond(Response(offer.grant, Answer.REFUSE, 0, doubt))
            self._taker.progressed(need, State.REFUSED, 0, doubt)
            return
        here = self._contents.has(offer.content.digest)
        if here:
            self._taker.respond(Response(offer.grant, Answer.ALREADY_HAVE))
        task = asyncio.create_task(self._taker.received(need) if here else self._transfer(need))
        going = _Going(need, offer.grant, client, task, asyncio.Event())
        self._going[need.content.digest] = going
        task.add_done_callback(partial(self._over, need.content.digest))

    def stopped(self, grants: tuple[str, ...], reason: str) -> None:
        """Remembers why flows end that are about to."""
        for going in self._going.values():
            if going.grant in grants:
                going.reason = reason

    async def stop(self) -> None:
        """Ends all transfers; what arrived stays."""
        tasks = [going.task for going in self._going.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._threads.shutdown(wait=False)

    def drop(self, wanted: Callable[[str], bool]) -> None:
        """Ends transfers of what nobody wants any more."""
        for digest, going in list(self._going.items()):
            if not wanted(digest) and not going.arrived:
                going.task.cancel()

    def _over(self, digest: str, task: asyncio.Task[None]) -> None:
        self._going.pop(digest, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("transfer.failed digest=%s", digest, exc_info=task.exception())

    def _no_space(self, need: Need) -> str:
        part = self._contents.part(need.content.digest)
        here = part.stat().st_size if part.exists() else 0
        free = shutil.disk_usage(_existing(part)).free
        return "space" if free < need.content.length - here + self.free_space else ""

    # --- one transfer ----------------------------------------------------------

    async def _transfer(self, need: Need) -> None:
        """Receives one content, trying again while its grant holds."""
        digest, wrong, pause = need.content.digest, 0, FIRST_RETRY
        while self._taker.needed(digest) is not None:
            going = self._going[digest]
            client = going.client
            going.again.clear()
            before = self._offset(digest)
            try:
                if await self._attempt(client, need, going):
                    await self._taker.received(need)
                    return
                reason = going.reason or "upstream"
            except WrongChunk as error:
                wrong += 1
                log.error(
                    "chunk.wrong parent=%s digest=%s chunk=%d", client.end.name, digest,
                    error.number,
                )  # fmt: skip
                self._taker.progressed(need, State.CORRUPT, self._offset(digest), client.end.name)
                if wrong >= MOST_WRONG:
                    self._taker.respond(Response(going.grant, Answer.REFUSE, 0, "corrupt"))
                    return
                continue
            except Unavailable as error:
                reason = "link"
                log.warning("transfer.cut digest=%s reason=%s", digest, error)
            except Refused as error:
                self._suspend(need, "window" if error.kind == "window-closed" else error.kind)
                return
            except (InvalidInput, OSError) as error:
                log.error("transfer.refused digest=%s reason=%s", digest, error)
                self._taker.respond(Response(going.grant, Answer.REFUSE, 0, "corrupt"))
                self._suspend(need, str(error))
                return
            if reason != "link":
                self._suspend(need, reason)
                return
            pause = FIRST_RETRY if self._offset(digest) > before else pause
            wait = pause * (0.8 + 0.4 * self._taker.jitter(f"{digest}/{pause}"))
            until = Instant(self._clock.now() + ceil(wait))
            self._suspend(need, str(Reason(BACKOFF, until=until)))
            with suppress(TimeoutError):
                await asyncio.wait_for(going.again.wait(), wait)
            pause = min(pause * 2, LONGEST_RETRY)

    def _suspend(self, need: Need, reason: str) -> None:
        offset = self._offset(need.content.digest)
        self._taker.progressed(need, State.SUSPENDED, offset, reason)

    def _offset(self, digest: str) -> int:
        shared = self._arriving.get(digest)
        if shared is not None:
            return shared.arrival.offset
        part = self._contents.part(digest)
        return part.stat().st_size if part.exists() else 0

    async def _attempt(self, client: LinkClient, need: Need, going: _Going) -> bool:
        """Receives from where it stands; whether all is here now."""
        chunks = await self._chunks(client, need, going)
        arrival = await self._do(Arrival, self._contents, need.content, chunks, _passed)
        shared = Shared(arrival)
        self._arriving[need.content.digest] = shared
        if shared.edge:
            self._taker.arrives()
        self._taker.respond(Response(going.grant, Answer.ACCEPT, arrival.offset))
        self._taker.progressed(need, State.RECEIVING, arrival.offset)
        try:
            if not arrival.is_complete:
                await self._pour(client, need, going, shared)
            if not arrival.is_complete:
                await self._keep(need, arrival)
                return False
            going.arrived = True
            self._taker.progressed(need, State.VERIFYING, arrival.offset)
            await self._do(self._complete, need, arrival)
            return True
        finally:
            shared.ended() if arrival.is_complete else shared.stands_still()
            self._arriving.pop(need.content.digest, None)
            await self._do(arrival.close)

    async def _pour(self, client: LinkClient, need: Need, going: _Going, shared: Shared) -> None:
        """Receives until the content ends, here or above."""

        def grew(edge: int, offset: int) -> None:
            first = shared.edge == 0
            shared.grew(edge)
            if first and edge:
                self._taker.arrives()
            self._taker.progressed(need, State.RECEIVING, offset)

        keep = partial(self._keep, need, shared.arrival)
        pouring = Pouring(shared.arrival, self.pace, self._clock, keep, grew)
        await pouring.run(client.reading(), need.content.digest, going.grant, self._threads)

    async def _keep(self, need: Need, arrival: Arrival) -> None:
        """Makes durable what arrived, and then writes how much that is."""
        durable = await _beside(arrival.sync)
        transfer = Transfer(
            need.content.digest, need.distribution, need.version, need.content.length, durable
        )

        def work() -> None:
            self._store.transact([], lambda tx: tx.holdings.put_transfer(transfer))
            crash.at("transfer:offset-written")

        await self._do(work)

    def _complete(self, need: Need, arrival: Arrival) -> None:
        crash.at("transfer:before-complete")
        arrival.finish()

    async def _chunks(self, client: LinkClient, need: Need, going: _Going) -> ChunkList | None:
        """The chunk list of a content, fetched when it is not here."""
        if need.chunks is None:
            return None
        if not self._contents.has(need.chunks.digest):
            arrival = await self._do(Arrival, self._contents, need.chunks, None)
            reading = client.reading()
            pieces = reading.pieces(need.chunks.digest, going.grant, arrival.offset)
            try:
                await read_by_thread(reading, partial(write_all, pieces, arrival), self._threads)
                if not arrival.is_complete:
                    raise Unavailable("the list of chunks is not there yet")
                await self._do(arrival.finish)
            finally:
                await self._do(arrival.close)
        data = await self._do(self._contents.read, need.chunks.digest)
        return ChunkList.read(data, need.content)

    async def _do(self, work: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, partial(work, *arguments))


# Moments of an arrival at which a loss of power would matter.
_PASSED: Mapping[str, Callable[[], None]] = {
    "chunk-received": partial(crash.at, "transfer:chunk-received"),
    "chunk-synced": partial(crash.at, "transfer:chunk-synced"),
}


def _passed(point: str) -> None:
    _PASSED[point]()


def keep_received(store: Store, need: Need, now: Instant) -> None:
    """Writes that a bundle is here."""
    holding = Holding(need.distribution, need.version, need.base, need.content.digest, now)
    store.transact([], lambda tx: tx.holdings.put(holding))


async def _beside(work: Callable[..., T], *arguments: object) -> T:
    """Does something with a file, beside what others do with theirs."""
    return await asyncio.get_running_loop().run_in_executor(None, partial(work, *arguments))


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


__all__ = ["Receiver", "Taker", "keep_received"]
