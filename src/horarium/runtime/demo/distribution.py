"""What distribution does, shown in a minute: two tiers of real processes on the loopback.

Sizes are a tenth of the example of seed 002 (a window cut after 5 of 6 MB in place of 50 of 60), so
that the whole stays within the minute. Every line is taken from the outside: trees of files, octets
that were sent, what processes said.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from horarium.distribution.content import CHUNK
from horarium.kernel.errors import Unavailable
from horarium.kernel.instant import Instant
from horarium.runtime.clock import Clock
from horarium.runtime.demo.realm import DISTRIBUTION, DemoRealm, NotShown, room_for
from horarium.runtime.tiers.status import status_document
from horarium.store.metadata import Signed
from horarium.store.store import Transaction

MEGABYTE = 1_000_000
FILES = 6
OPEN_SECONDS = 4
"""At 1.25 MB a second the first window lets 5 of the 6 MB go."""
GRID = 'rate_grid = ["Mon-Sun 00:00-24:00 1220KiB"]'
SLOWER = 'input_rate = "800KiB"\n'
"""The second tier is slower, so that it has something left to do when the window ends."""
NEEDED = 500 * MEGABYTE
PARENTS = {
    "p1": "", "p2": "", "l1": "p1", "l2": "p1", "l3": "p2", "l4": "p2",
}  # fmt: skip
MORE = {
    "l1": SLOWER,
    "l2": SLOWER + 'parents = ["p1", "p2"]\nparent_policy = "next"\nfailover_after = "2s"\n',
    "l3": SLOWER,
    "l4": SLOWER,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: what is shown, whether it held, and by what that is seen."""

    what: str
    holds: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Shown:
    """The table, and how long it took."""

    lines: tuple[Line, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether every line held."""
        return all(line.holds for line in self.lines)


async def show_distribution(clock: Clock, progress: Callable[[str], None]) -> Shown:
    """Plays everything in a temporary folder, which is gone afterwards as are the processes.
    `progress` is told what goes on. Unavailable when there is no room."""
    began = clock.monotonic()
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="horarium-demo-") as folder:
        if not room_for(NEEDED, Path(folder)):
            raise Unavailable(f"the demonstration needs {NEEDED // MEGABYTE} MB in {folder}")
        realm = DemoRealm(Path(folder), clock, PARENTS, MORE)
        stopped = _until_told_to_stop()
        playing = asyncio.create_task(_play(_Demo(realm, progress), lines))
        try:
            await asyncio.wait({playing, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not playing.done():
                raise KeyboardInterrupt
            await playing
        finally:
            playing.cancel()
            stopped.cancel()
            await asyncio.gather(playing, stopped, return_exceptions=True)
            await realm.end()
    return Shown(tuple(lines), clock.monotonic() - began)


async def _play(demo: _Demo, lines: list[Line]) -> None:
    acts = (
        demo.begin, demo.cut, demo.change, demo.killed_and_flipped, demo.old_version,
        demo.parent_stopped,
    )  # fmt: skip
    for act in acts:
        try:
            async for line in act():
                lines.append(line)
        except NotShown as error:
            lines.append(Line(act.__name__.replace("_", " "), False, str(error)))
            return


def _until_told_to_stop() -> asyncio.Task[None]:
    """Ends when this process is told to stop: then nothing is to be left behind either."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)

    async def wait() -> None:
        await told.wait()

    return asyncio.create_task(wait())


class _Demo:
    """The acts, each of which begins where the one before ended."""

    def __init__(self, realm: DemoRealm, progress: Callable[[str], None]) -> None:
        self.realm = realm
        self.clock = realm.clock
        self.say = progress
        self.bundle = ""
        self.length = 0

    async def begin(self) -> AsyncIterator[Line]:
        """Seven nodes, and one version that nobody may have yet."""
        self.say("starting a distributor, two parents and four leaves")
        for number in range(FILES):
            path = self.realm.source / f"part{number % 2}" / f"file{number}.bin"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(os.urandom(MEGABYTE))
        self.realm.declare({"night": 'send = { type = "never" }'})
        await self.realm.start()
        self.realm.build()
        [version] = self.realm.hq.store.read(lambda tx: tx.versions.retained(DISTRIBUTION))
        content = version.bundles[0].content
        self.bundle, self.length = content.digest, content.length
        quiet = all(not node.files() for node in self.realm.nodes.values())
        yield Line("a version is built, and waits for its window", quiet, _mb(self.length))

    async def cut(self) -> AsyncIterator[Line]:
        """The window of the first tier closes on the way, and opens again."""
        hq, p1, l1 = self.realm.hq, self.realm.nodes["p1"], self.realm.nodes["l1"]
        first = Instant(self.clock.now() + 3)
        end = Instant(first + OPEN_SECONDS)
        again = Instant(end + 4)
        self.realm.declare(
            {
                "evening": _window(first, end) + GRID,
                "night": _window(again, Instant(again + 3_600)) + GRID,
            }
        )
        self.say(f"the window opens for {OPEN_SECONDS} s, at 1.25 MB/s")
        await p1.until(lambda: self.clock.until(end) < -0.5, "the window ends")
        at_end, below = p1.arriving(), l1.arriving()
        await l1.until(
            lambda: l1.arriving() > at_end - CHUNK, "the leaf has what its parent can pass on"
        )
        went_on, after = l1.arriving(), p1.arriving()
        yield Line(
            "the window cuts the first tier",
            0 < at_end < self.length and after == at_end,
            f"{_mb(at_end)} of {_mb(self.length)} at the parent",
        )
        yield Line(
            "the second tier goes on after the end",
            below < went_on,
            f"leaf had {_mb(below)} at the end, then {_mb(went_on)}",
        )
        self.say("the window opens again")
        await self.realm.until_same()
        yield Line("the baseline is at all six nodes", True, "trees equal the source")
        flows = hq.sent(self.bundle)
        rest = sorted(flows)[:2]
        yield Line(
            "after the cut exactly the rest was sent",
            len(flows) == 4 and self.length - at_end in rest,
            f"the parent's {_octets(self.length - at_end)} of {_octets(self.length)}",
        )
        parents = sum(sum(self.realm.nodes[name].sent(self.bundle)) for name in ("p1", "p2"))
        yield Line(
            "one copy went over each of six links",
            sum(flows) == 2 * self.length and parents == 4 * self.length,
            f"{_octets(sum(flows) + parents)} = 6 x {_octets(self.length)}",
        )

    async def change(self) -> AsyncIterator[Line]:
        """A change goes as what changed, and a deletion is carried out."""
        self.say("a file changes, another is deleted")
        source, nodes = self.realm.source, self.realm.nodes
        path = source / "part0" / "file0.bin"
        path.write_bytes(path.read_bytes()[: MEGABYTE // 2] + b"changed\n" * 100)
        (source / "part1" / "file1.bin").unlink()
        foreign = nodes["l3"].inbox / DISTRIBUTION / "part1" / "of somebody else"
        foreign.write_text("stays\n")
        made = self.realm.build()
        await self.realm.until_same("p1", "p2", "l1", "l2", "l4")
        await nodes["l3"].until(
            lambda: nodes["l3"].files() == {
                **self.realm.wanted(), "part1/of somebody else": b"stays\n"},
            "l3 has what the source holds",
        )  # fmt: skip
        got = {node.received()[-1] for node in nodes.values()}
        small = made.delta is not None and made.delta < 20_000
        yield Line(
            "a change is sent as a delta", small and got == {made.delta}, f"{made.delta} octets"
        )
        yield Line(
            "a deletion is carried out", True, "part1/file1.bin is gone, a foreign file stays"
        )
        foreign.unlink()

    async def killed_and_flipped(self) -> AsyncIterator[Line]:
        """A leaf dies while it extracts; a parent holds a bundle with one wrong octet."""
        self.say("a leaf dies in the middle of an extraction, a parent's disk flips a bit")
        l1, l4, p2 = (self.realm.nodes[name] for name in ("l1", "l4", "p2"))
        await asyncio.gather(l1.stop(), l4.stop())
        before = l1.files()
        for number in (2, 3, 4):
            path = self.realm.source / f"part{number % 2}" / f"file{number}.bin"
            path.write_bytes(os.urandom(200_000))
        self.realm.build()
        await asyncio.gather(
            l1.start(HORARIUM_CRASH_AT="extract:between-renames"), self.realm.until_same("p2")
        )
        place = self._newest_content(p2.site.distribution)
        _flip(place)
        held, kept = l4.log.count(_WRONG), l4.files()
        await l4.start()
        await l4.until(lambda: l4.log.count(_WRONG) > held, "the leaf finds the octet")
        refused = l4.files() == kept
        # What a child refused is offered again after a while, or by a parent that is new.
        await p2.stop()
        _flip(place)
        await l1.until(lambda: not l1.alive, "the leaf dies")
        torn = l1.files()
        whole = all(torn.get(k) in (v, self.realm.wanted().get(k)) for k, v in before.items())
        l1.process = None
        await asyncio.gather(l1.start(), p2.start())
        await self.realm.until_same("l1")
        yield Line(
            "an extraction that was killed is recovered", whole, "no torn file, then all of it"
        )
        await self.realm.until_same()
        yield Line("a flipped octet is refused", refused, "a chunk was wrong; then fetched anew")

    def _newest_content(self, folder: Path) -> Path:
        [*_, version] = self.realm.hq.store.read(lambda tx: tx.versions.retained(DISTRIBUTION))
        digest = version.bundles[-1].content.hex
        found = next((p for p in (folder / "content").rglob("*") if p.name == digest), None)
        if found is None:
            raise NotShown("the parent has no bundle to damage")
        return found

    async def old_version(self) -> AsyncIterator[Line]:
        """A parent that says today what held yesterday is not believed."""
        self.say("a parent tells of an old version")
        p2, l4 = self.realm.nodes["p2"], self.realm.nodes["l4"]
        old = p2.store.read(lambda tx: tx.metadata.all())
        (self.realm.source / "newer").write_text("newer\n")
        self.realm.build()
        await self.realm.until_same()
        await asyncio.gather(self.realm.hq.stop(), p2.stop())
        now = self.clock.now()

        def put_back(tx: Transaction) -> None:
            tx.metadata.put(*(Signed(name, 0, now, octets) for name, octets in old.items()))

        p2.store.transact([], put_back)
        have, told = l4.files(), len(re.findall(_OLDER, l4.log))
        await p2.start()
        await l4.until(lambda: len(re.findall(_OLDER, l4.log)) > told, "the leaf refuses it")
        yield Line("an old version is refused", l4.files() == have, re.findall(_OLDER, l4.log)[-1])
        await self.realm.hq.start()

    async def parent_stopped(self) -> AsyncIterator[Line]:
        """Children of a parent that is away wait for it, or turn to the next one."""
        self.say("a parent stops")
        p1, l1 = self.realm.nodes["p1"], self.realm.nodes["l1"]
        before = l1.files()
        await p1.stop()
        (self.realm.source / "last").write_text("last\n")
        self.realm.build()
        await self.realm.until_same("l2")
        yield Line("`next` turns to another parent", True, "l2 has it from p2, p1 is away")
        await self.realm.until_same("p2", "l3", "l4")
        hq = self.realm.hq
        document = status_document(hq.store, hq.settings, DISTRIBUTION, 1, self.clock.now())
        found = re.search(r"'node': 'l1'.*?'state': '(\w+)'", str(document))
        state = found[1] if found is not None else "not told"
        yield Line(
            "`wait` waits for its parent",
            l1.files() == before and state not in ("extracted", "not told"),
            f"l1: {state}",
        )
        await p1.start()
        await self.realm.until_same()
        yield Line("and goes on with it", True, "all six nodes have the newest version")


_WRONG = "chunk.wrong"
_OLDER = r"metadata\.refused .*?reason=(.*older.*)"


def _window(start: Instant, end: Instant) -> str:
    return f'send = {{ type = "daily", start = "{_clock(start)}", end = "{_clock(end)}" }}\n'


def _clock(at: Instant) -> str:
    """The time of day of an instant in UTC."""
    seconds = int(at) % 86_400
    return f"{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _flip(path: Path) -> None:
    """Turns one bit in the middle of a file; twice, it is as before."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        octet = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([octet ^ 1]))


def _mb(octets: int) -> str:
    return f"{octets / MEGABYTE:.1f} MB"


def _octets(count: int) -> str:
    return f"{count:,}"
