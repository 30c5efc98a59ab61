"""When a node unpacks: a firing takes what is there, and a failure is tried again by itself."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import random
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pytest
from tests.office import Office
from tests.runtime.test_believing import Above

from horarium.distribution.failing import DELAYS
from horarium.distribution.needing import Need, need_of
from horarium.distribution.staged import GAVE_UP
from horarium.distribution.states import State
from horarium.kernel.instant import parse_instant
from horarium.runtime.applying import apply_objects
from horarium.runtime.objects import read_objects
from horarium.runtime.settings import default_settings
from horarium.runtime.site import Site
from horarium.runtime.tiers.asking import extract_now, pause_now, resume_now
from horarium.runtime.tiers.belief import Belief, keep_belief, load_belief
from horarium.runtime.tiers.identity import NODE_KEY, Joined, NodeFolder, keep_joined
from horarium.runtime.tiers.making import Making
from horarium.runtime.tiers.origin import Origin
from horarium.runtime.tiers.receiving_node import ReceivingNode
from horarium.runtime.tiers.unpacking import Unpacking
from horarium.testing import ManualClock
from horarium.transport.link_client import LinkClient

NOW = parse_instant("2026-03-02T12:00:00Z")
IMMEDIATELY = '{ type = "immediately" }'
NEVER = '{ type = "never" }'
ON_START = '{ type = "on", signal = "start" }'
DAILY = '{ type = "daily", start = "12:30", end = "12:31" }'
HALF_PAST = parse_instant("2026-03-02T12:30:00Z")


class Hq:
    """A distributor of `a` and `b`, with one receiver."""

    def __init__(self, folder: Path, extract: str, keys: str, clock: ManualClock) -> None:
        self._folder = folder
        self._clock = clock
        self._keys = keys
        self.store = Office().store
        self.declare(extract)
        self.origin = Origin(Site(folder / "hq"), default_settings(), self.store)
        self.origin.refresh(NOW)
        self._making = Making(self.origin, clock)

    def declare(self, extract: str) -> None:
        """Declares everything."""
        lines = ["[distributor.hq]"]
        for name in ("a", "b"):
            (self._folder / "source" / name).mkdir(parents=True, exist_ok=True)
            lines += [
                f'[distribution.{name}]\ndistributor = "hq"\ntarget = "%DEST%/{name}"',
                f'source = "{self._folder}/source/{name}"\n{self._keys}',
            ]
        lines += [
            '[channel.night]\ndistributions = ["a", "b"]\nsubscribers = ["north"]',
            'rings = [{ group = "pilot", soak = "1h" }]',
            '[subscriber_group.pilot]\nmembers = ["north"]',
            f'[subscriber.north]\nurl = "https://north:8443"\nextract = {extract}',
        ]
        objects = self._folder / "objects.toml"
        objects.write_text("\n".join(lines))
        declared = read_objects([objects])
        apply_objects(self.store, declared, self._clock.now(), prune=False, dry_run=False)

    def build(self, name: str) -> int:
        """A version in which a large file has changed a little; its number."""
        file = self._folder / "source" / name / "file"
        before = file.read_bytes() if file.exists() else random.Random(1).randbytes(100_000)
        file.write_bytes(before + b"more")
        made = self._making.build(name, "test", self._clock.now())
        assert made.version is not None
        return made.version

    def by_hand(self, does: Callable[..., int]) -> None:
        """Holds the releases of the channel, or lets them go on."""
        site, settings = self.origin.site, self.origin.settings
        assert does(site, settings, self.store, "night", "ann", self._clock.now())

    @property
    def above(self) -> LinkClient:
        """What a node asks metadata of."""
        belief = load_belief(self.store)
        assert belief is not None
        return cast(LinkClient, Above(belief))


class North:
    """A node that unpacks when it is told to look, at the time it is told."""

    def __init__(
        self, folder: Path, log: pytest.LogCaptureFixture, extract: str, keys: str = ""
    ) -> None:
        self.clock = ManualClock(NOW)
        self.hq = Hq(folder, extract, keys, self.clock)
        self.site = Site(folder / "north")
        self.inbox = folder / "north" / "in"
        self.inbox.mkdir(parents=True)
        self.store = Office().store
        self._log = log
        node_folder = NodeFolder(self.site.distribution)
        node_folder.keys.make(NODE_KEY)
        keep_joined(node_folder, Joined("north", "hq", "https://hq:8443"))
        believed = load_belief(self.hq.store)
        assert believed is not None
        keep_belief(self.store, None, Belief(believed.trusted), NOW)

    async def start(self) -> None:
        """A process begins."""
        belief = load_belief(self.store)
        assert belief is not None
        joined, folder = (
            Joined("north", "hq", "https://hq:8443"),
            NodeFolder(self.site.distribution),
        )
        self.node = ReceivingNode(
            joined, folder, self.store, self.clock, belief, lambda: "token", insecure=True
        )
        self.node.receiver.free_space = 0
        settings = default_settings()
        user = "nobody" if os.geteuid() == 0 else None
        own = replace(
            settings.node, variables={"DEST": str(self.inbox)}, allow_actions=True,
            actions_user=user,
        )  # fmt: skip
        self.unpacking = Unpacking(self.node, replace(settings, node=own))
        self.node.unpacker = self.unpacking
        await self.node.begin()
        await self.unpacking.begin()
        await self.refresh()
        await self.look()

    async def refresh(self) -> None:
        """Hears what the distributor says now."""
        self.hq.origin.refresh(self.clock.now())
        await self.node.connected(self.hq.above)

    async def receive(self, name: str, number: int) -> None:
        """The bundle of a version came."""
        version = next(v for v in self.node.versions(name) if v.number == number)
        reached = self.node.held(name, self.unpacking.extracted().get(name, 0)).reached
        bundle = version.bundle_from(reached) or version.bundle_from(0)
        assert bundle is not None
        self.node.contents.put([self.hq.origin.folder.store().read(bundle.content.digest)])
        await self.node.received(need_of(name, version, bundle))

    async def build(self, name: str) -> None:
        """A version is built, received, and looked at."""
        number = self.hq.build(name)
        await self.refresh()
        await self.receive(name, number)
        await self.look()

    async def look(self) -> None:
        """Looks until there is nothing more to do now."""
        for _ in range(5):
            await self.unpacking.look()

    async def wait(self, seconds: int) -> None:
        """Time passes."""
        self.clock.advance(seconds)
        await self.look()

    async def ask(self) -> None:
        """Somebody asks that it unpacks at once."""
        extract_now(self.site, self.store, "north")
        await self.look()

    async def fetch(self, need: Need) -> None:
        """A single file came."""
        self.node.contents.put([self.hq.origin.folder.store().read(need.content.digest)])
        await self.node.received(need)

    def takes(self, seconds: int) -> None:
        """Makes every try last so long."""
        tell = self.node.telling.tell

        def slowly(
            name: str, version: int, state: State, *, reason: str = "", percent: int = 0,
            octets: int = 0,
        ) -> None:  # fmt: skip
            if state is State.STAGING:
                self.clock.advance(seconds)
            tell(name, version, state, reason=reason, percent=percent, octets=octets)

        self.node.telling.tell = slowly  # type: ignore[method-assign]

    def bar(self, name: str) -> None:
        """Lets the extraction of a distribution fail: a file is where its folder is to be."""
        (self.inbox / name).write_text("in the way")

    def let(self, name: str) -> None:
        """Ends that."""
        (self.inbox / name).unlink()

    def done(self) -> list[str]:
        """What was tried since the last question: ``a1`` came into use, ``a1 failed 2`` failed
        for the second time."""
        found = []
        for record in self._log.records:
            words = record.getMessage().split()
            told = dict(word.split("=", 1) for word in words[1:4] if "=" in word)
            name = f"{told.get('distribution')}{told.get('version')}"
            if words[0] == "version.extracted":
                found.append(name)
            elif words[0] == "extract.failed":
                found.append(f"{name} failed {told['attempt']}")
                self.reason = record.getMessage()
            elif words[0] == "extract.fetches_whole":
                found.append(f"{name} fetches {words[4]}")
        self._log.clear()
        return found


Story = Callable[[North], Coroutine[object, object, None]]
Tell = Callable[..., None]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that whoever actions run as may enter."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def tell(folder: Path, caplog: pytest.LogCaptureFixture) -> Tell:
    """Tells the story of a node whose process has begun."""
    caplog.set_level(logging.INFO)

    def run(story: Story, extract: str, keys: str = "") -> None:
        async def told() -> None:
            north = North(folder, caplog, extract, keys)
            await north.start()
            await story(north)

        asyncio.run(told())

    return run


def test_what_comes_in_a_second_that_was_decided_does_not_wait_for_the_repeat(tell: Tell) -> None:
    async def story(north: North) -> None:
        await north.build("a")
        assert north.done() == ["a1"]
        await north.build("b")
        assert north.done() == ["b1"]
        await north.wait(1)
        assert north.done() == []

    tell(story, '{ type = "immediately", repeat = "1h" }')


def test_a_node_that_waits_for_its_start_unpacks_then_and_at_no_other_time(tell: Tell) -> None:
    async def story(north: North) -> None:
        await north.build("a")
        await north.wait(60)
        assert north.done() == []
        await north.start()
        assert north.done() == ["a1"]
        await north.build("b")
        await north.wait(3_600)
        assert north.done() == []

    tell(story, ON_START)


def test_another_schedule_is_no_start(tell: Tell) -> None:
    async def story(north: North) -> None:
        await north.build("a")
        north.hq.declare(ON_START)
        north.clock.advance(5)
        await north.refresh()
        await north.look()
        assert north.done() == []

    tell(story, NEVER)


def test_a_retry_takes_nothing_that_came_since(tell: Tell) -> None:
    async def story(north: North) -> None:
        north.bar("a")
        await north.build("a")
        assert north.done() == []
        await north.ask()
        assert north.done() == ["a1 failed 1"]
        await north.build("b")
        await north.wait(DELAYS[0])
        assert north.done() == ["a1 failed 2"]
        north.let("a")
        await north.wait(DELAYS[1])
        assert north.done() == ["a1"]
        await north.wait(86_400)
        assert north.done() == []
        await north.ask()
        assert north.done() == ["b1"]

    tell(story, NEVER)


def test_what_comes_after_its_window_waits_for_the_next_one_whatever_is_tried_again(
    tell: Tell,
) -> None:
    async def story(north: North) -> None:
        north.bar("a")
        await north.build("a")
        await north.wait(HALF_PAST - NOW)
        assert north.done() == ["a1 failed 1"]
        await north.wait(DELAYS[0] - 1)
        await north.build("b")
        assert north.done() == []
        for attempt, delay in enumerate((1, *DELAYS[1:]), start=2):
            await north.wait(delay)
            assert north.done() == [f"a1 failed {attempt}"]
        assert GAVE_UP in north.reason
        await north.wait(3_600)
        assert north.done() == []
        # The next day it counts anew.
        await north.wait(86_400 - 3_600 - sum(DELAYS))
        assert north.done() == ["a1 failed 1", "b1"]

    tell(story, DAILY)


def test_a_firing_while_something_is_tried_again_is_not_lost(tell: Tell) -> None:
    async def story(north: North) -> None:
        north.bar("a")
        await north.build("a")
        await north.wait(HALF_PAST - NOW)
        north.done()
        north.takes(10)
        await north.wait(86_400 - DELAYS[0] - 25)
        await north.ask()
        await north.build("b")
        assert north.done() == ["a1 failed 2", "a1 failed 1"]
        # Its retry begins five seconds before the window, and ends five seconds after that.
        await north.wait(DELAYS[0])
        assert north.done() == ["a1 failed 2", "a1 failed 1", "b1"]

    tell(story, DAILY)


def test_what_somebody_holds_waits_for_the_next_firing(tell: Tell) -> None:
    async def story(north: North) -> None:
        await north.build("b")
        await north.ask()
        north.bar("a")
        await north.build("a")
        await north.build("b")
        with open(north.inbox / "b" / "file", "rb") as held:
            fcntl.flock(held, fcntl.LOCK_SH)
            await north.ask()
        assert north.done() == ["b1", "a1 failed 1"]
        await north.wait(DELAYS[0])
        assert north.done() == ["a1 failed 2"]
        await north.ask()
        assert north.done() == ["a1 failed 1", "b2"]

    tell(story, NEVER, 'locked = "defer"')


def test_what_failed_and_is_then_held_is_not_tried_without_end(tell: Tell) -> None:
    async def story(north: North) -> None:
        await north.build("a")
        file = north.inbox / "a" / "file"
        whole, times = file.read_bytes(), file.stat()
        file.write_bytes(b"mine")
        await north.build("a")
        assert north.done() == ["a1", "a2 failed 1"]
        file.write_bytes(whole)
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
        with open(file, "rb") as held:
            fcntl.flock(held, fcntl.LOCK_SH)
            await north.wait(DELAYS[0])
            assert north.done() == []
        await north.wait(DELAYS[1])
        assert north.done() == []
        await north.build("b")
        assert north.done() == ["a2", "b1"]

    tell(story, IMMEDIATELY, 'local_changes = "fail"\nlocked = "defer"')


def test_what_a_failure_held_up_goes_on_with_it_and_what_came_later_does_not(tell: Tell) -> None:
    async def story(north: North) -> None:
        north.bar("a")
        await north.build("a")
        await north.build("a")
        await north.ask()
        await north.build("a")
        assert north.done() == ["a1 failed 1"]
        north.let("a")
        await north.wait(DELAYS[0])
        assert north.done() == ["a1", "a2"]
        await north.ask()
        assert north.done() == ["a3"]

    tell(story, NEVER)


def test_whole_files_that_were_fetched_let_nothing_else_in(tell: Tell) -> None:
    async def story(north: North) -> None:
        await north.build("a")
        await north.ask()
        (north.inbox / "a" / "file").write_bytes(b"mine")
        await north.build("a")
        await north.ask()
        assert north.done() == ["a1", "a2 fetches first=file"]
        [need] = north.unpacking.missing()
        await north.build("b")
        await north.wait(DELAYS[0])
        # Time alone does not help it.
        assert not await north.unpacking.look()
        assert north.done() == []
        await north.fetch(need)
        await north.look()
        assert north.done() == ["a2"]
        assert not north.unpacking.missing()

    tell(story, NEVER)


def test_what_fails_again_after_its_files_were_fetched_waits_its_time(tell: Tell) -> None:
    async def story(north: North) -> None:
        await north.build("a")
        (north.inbox / "a" / "file").write_bytes(b"mine")
        await north.build("a")
        [need] = north.unpacking.missing()
        assert north.done() == ["a1", "a2 fetches first=file"]
        (north.inbox / "a" / "file").unlink()
        (north.inbox / "a").rmdir()
        north.bar("a")
        await north.fetch(need)
        await north.look()
        assert north.done() == ["a2 failed 2"]
        await north.wait(DELAYS[1])
        assert north.done() == ["a2 failed 3"]

    tell(story, IMMEDIATELY)


def test_what_remains_to_be_done_after_a_restart_lets_nothing_else_in(tell: Tell) -> None:
    async def story(north: North) -> None:
        await north.build("a")
        await north.ask()
        assert north.done() == ["a1 failed 1"]
        assert (north.inbox / "a" / "file").exists()
        await north.build("b")
        await north.start()
        assert north.done() == ["a1 failed 1"]
        await north.wait(DELAYS[0])
        assert north.done() == ["a1 failed 2"]

    tell(story, NEVER, 'post = [{ run = ["/bin/false"] }]')


def test_what_fails_is_tried_in_its_time_whatever_else_is_unpacked_immediately(
    tell: Tell,
) -> None:
    async def story(north: North) -> None:
        north.bar("a")
        await north.build("a")
        assert north.done() == ["a1 failed 1"]
        await north.build("b")
        await north.build("b")
        assert north.done() == ["b1", "b2"]
        await north.wait(DELAYS[0] - 1)
        await north.refresh()
        await north.look()
        assert north.done() == []
        for attempt, delay in enumerate((1, *DELAYS[1:]), start=2):
            await north.wait(delay)
            assert north.done() == [f"a1 failed {attempt}"]
        assert f"{GAVE_UP} until there is a new version" in north.reason
        await north.build("b")
        await north.wait(86_400)
        assert north.done() == ["b3"]
        # A new version of it, somebody who asks, and another process begin anew.
        await north.build("a")
        assert north.done() == ["a1 failed 1"]
        await north.wait(DELAYS[0])
        await north.ask()
        assert north.done() == ["a1 failed 2", "a1 failed 1"]
        await north.wait(DELAYS[0])
        await north.start()
        assert north.done() == ["a1 failed 2", "a1 failed 1"]
        north.let("a")
        await north.wait(DELAYS[0])
        assert north.done() == ["a1", "a2"]

    tell(story, IMMEDIATELY)


def test_what_fails_begins_anew_when_its_schedule_repeats(tell: Tell) -> None:
    async def story(north: North) -> None:
        north.bar("a")
        await north.build("a")
        north.clock.advance(1)
        await north.build("b")
        assert north.done() == ["a1 failed 1", "b1"]
        await north.wait(DELAYS[0])
        assert north.done() == ["a1 failed 2"]
        await north.wait(3_600 - DELAYS[0])
        assert north.done() == ["a1 failed 1"]

    tell(story, '{ type = "immediately", repeat = "1h" }')


def test_a_new_version_does_not_let_one_that_failed_before_its_next_window(tell: Tell) -> None:
    async def story(north: North) -> None:
        north.bar("a")
        await north.build("a")
        await north.wait(HALF_PAST - NOW)
        await north.wait(DELAYS[0])
        assert north.done() == ["a1 failed 1", "a1 failed 2"]
        await north.build("a")
        assert north.done() == []
        # It counts anew, from its next try on.
        await north.wait(DELAYS[1])
        assert north.done() == ["a1 failed 1"]
        await north.wait(DELAYS[0])
        assert north.done() == ["a1 failed 2"]

    tell(story, DAILY)


def test_the_first_firing_of_another_schedule_begins_anew(tell: Tell) -> None:
    async def story(north: North) -> None:
        north.bar("a")
        await north.build("a")
        await north.build("b")
        await north.ask()
        assert north.done() == ["a1 failed 1", "b1"]
        await north.build("b")
        north.hq.declare(IMMEDIATELY)
        await north.refresh()
        await north.look()
        assert north.done() == ["a1 failed 1", "b2"]

    tell(story, NEVER)


def test_what_is_released_after_it_came_is_unpacked_then(tell: Tell) -> None:
    async def story(north: North) -> None:
        north.bar("a")
        await north.build("a")
        number = north.hq.build("b")
        await north.refresh()
        north.hq.by_hand(pause_now)
        await north.refresh()
        await north.receive("b", number)
        await north.look()
        assert north.done() == ["a1 failed 1"]
        north.clock.advance(1)
        north.hq.by_hand(resume_now)
        await north.refresh()
        await north.look()
        assert "b1" in north.done()

    tell(story, IMMEDIATELY)
