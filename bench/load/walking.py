"""Many subscribers at one node, played by another process: each listens and answers what it is
asked.

    python bench/load/walking.py PORT MANY      plays them
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from horarium.distribution.configuration import Child, Configuration, Follows
from horarium.distribution.messages import Lacks, Row, Stand, Standing, message_document
from horarium.distribution.needing import Need
from horarium.distribution.records import Document
from horarium.kernel.instant import Instant
from horarium.runtime.clock import SystemClock
from horarium.runtime.tiers.belief import Belief
from horarium.runtime.tiers.sending import Permission, Sender
from horarium.runtime.tiers.serving import COLLECTING
from horarium.transport.content import ContentStore
from horarium.transport.link_server import LinkServer

FOLLOWED = {"docs": Follows(extracts=True)}
CONNECTING_AT_ONCE = 20


@dataclass
class Quiet:
    """A node that lacks nothing and knows nothing signed."""

    children: dict[str, Child]
    answers: int = 0
    awaited: int = 0
    all_answered: asyncio.Event = field(default_factory=asyncio.Event)

    def configuration(self) -> Configuration:
        return self._configuration

    def __post_init__(self) -> None:
        self._configuration = Configuration("hq", "realm", children=self.children)

    def belief(self) -> Belief:
        raise NotImplementedError

    def known(self, asked: Need) -> Need | None:
        return asked

    def permission(self, child: str, need: Need, now: Instant) -> Permission:
        return Permission()

    def rate(self, child: str, need: Need, now: Instant) -> int | None:
        return None

    async def fetched(self, name: str) -> bytes | None:
        return None

    async def forwarded(self, what: str, asked: Document) -> Document:
        return asked

    def heard(self, child: str, rows: Sequence[Row]) -> None:
        pass

    def lacks_changed(self) -> None:
        self.answers += 1
        if self.answers >= self.awaited:
            self.all_answered.set()

    async def walked(self, sender: Sender) -> None:
        """Walks once, until everybody has answered."""
        self.answers, self.awaited = 0, len(self.children)
        self.all_answered.clear()
        walk = sender.walk()
        await self.all_answered.wait()
        assert sender.is_settled(walk)


class Subscribers:
    """Subscribers that are connected and have everything."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._gate = asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def play(self, name: str) -> None:
        """Listens for ever, and answers every question."""
        async with self._gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        taken, number = 0, 0
        while True:
            path = f"GET /d/1/inbox?taken={taken}&wait=55"
            body = await self._ask(reader, writer, path, name, b"")
            for entry in json.loads(body)["messages"] if body else ():
                taken = max(taken, entry["number"])
                if entry["message"]["type"] != "ask":
                    continue
                number += 1
                answer = Lacks(entry["message"]["walk"], {"docs": Standing((), 1)})
                said = {"life": name, "number": number, "messages": [message_document(answer)]}
                await self._ask(reader, writer, "POST /d/1/outbox", name, json.dumps(said).encode())

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, what: str, name: str,
        body: bytes,
    ) -> bytes:  # fmt: skip
        head = f"{what} HTTP/1.1\r\nHost: hq\r\nHorarium-Node: {name}\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        headers = (await reader.readuntil(b"\r\n\r\n")).lower()
        _, found, rest = headers.partition(b"content-length: ")
        length = int(rest.split(b"\r\n")[0]) if found else 0
        return await reader.readexactly(length)


def walk_seconds(many: int) -> float:
    """Seconds of a walk of so many connected subscribers, from the question to the last answer."""
    gc.set_threshold(*COLLECTING)
    with TemporaryDirectory() as folder:
        return asyncio.run(_walk(many, Path(folder)))


async def _walk(many: int, folder: Path) -> float:
    names = list(_names(many))
    around = Quiet({name: Child(name, 1, FOLLOWED) for name in names})
    sender = _sender(around, folder)
    server = LinkServer(sender, None, time.monotonic)
    await server.start("127.0.0.1", 0)
    played = subprocess.Popen([sys.executable, __file__, str(server.port), str(many)])
    loop = asyncio.create_task(sender.run())
    try:
        while sum(sender.silent(name) is not None for name in names) < many:
            assert played.poll() is None, "the subscribers are gone"
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.0)
        await around.walked(sender)
        begin = time.monotonic()
        await around.walked(sender)
        return time.monotonic() - begin
    finally:
        played.kill()
        played.wait()
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
        await server.stop()


async def _play(port: int, many: int) -> None:
    subscribers = Subscribers(port)
    await asyncio.gather(*(subscribers.play(name) for name in _names(many)))


def _names(many: int) -> Iterator[str]:
    return (f"s{number}" for number in range(many))


def _sender(around: Quiet, folder: Path) -> Sender:
    class Silent(Sender):
        """Has no metadata to tell of."""

        def _stand(self, child: str) -> Stand:
            return Stand(0, 0)

    return Silent(around, SystemClock(), ContentStore(folder), {}, lambda: str(time.time_ns()))


if __name__ == "__main__":
    asyncio.run(_play(int(sys.argv[1]), int(sys.argv[2])))
