"""A sudden death while an event is handed on and charged, or while what has waited is settled:
nothing is lost, nothing is booked, charged or told twice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
from email import message_from_bytes
from pathlib import Path

import pytest

from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.clock import SystemClock
from horarium.runtime.crash import POINTS
from tests.crash.sink import Sink, receiving
from tests.crash.world import World, invitation

CADILLAC, PONTIAC, LINCOLN = (f"{name}@example.com" for name in ("cadillac", "pontiac", "lincoln"))
CARS = (CADILLAC, PONTIAC, LINCOLN)
ANN, BOB = "ann@example.org", "bob@example.org"
FUNCTIONS = 'scheduling_function = """\ncheck_quota cars\nschedule_for_delegate pool\n"""'
QUOTAS = f"""\
[quota.cars]
limits = {{ "*" = "PT10H" }}
[quota.pool]
delegates = {json.dumps(CARS)}
"""
BUSY = invitation("busy", by=ANN, to=CADILLAC)
WISH = invitation("wish", by=BOB, to=CADILLAC)


@pytest.fixture(scope="module")
def busy_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with three cars, the first of which is taken; its answer is not sent yet."""
    world = World(tmp_path_factory.mktemp("cars") / "s", dict.fromkeys(CARS, FUNCTIONS))
    (world.site / "objects" / "quotas.toml").write_text(QUOTAS)
    applied = world.run("apply", str(world.site / "objects"))
    assert applied.returncode == 0, applied.stderr
    taken = world.run("deliver", "--recipient", CADILLAC, input=BUSY)
    assert taken.returncode == 0, taken.stderr
    return world.site


@pytest.fixture
def world(busy_site: Path, tmp_path: Path) -> World:
    """A copy of that site."""
    copy = World(tmp_path / "s", {})
    shutil.rmtree(copy.site / "state")
    shutil.copytree(busy_site / "state", copy.site / "state")
    return copy


def used(world: World) -> dict[str, int]:
    """The seconds that everybody is charged for cars."""
    shown = world.run("--json", "quota", "usage", "cars")
    return {r["identity"]: r["used"] for r in json.loads(shown.stdout)["usage"] if r["used"]}


def told(mails: list[bytes]) -> list[str]:
    """What the different mails say of the participation of who wrote them."""
    found = {}
    for data in mails:
        message = message_from_bytes(data)
        for part in message.walk():
            if part.get_content_type() == "text/calendar":
                octets = part.get_payload(decode=True)
                assert isinstance(octets, bytes)
                lines = octets.decode().replace("\r\n ", "").splitlines()
                own = next(line for line in lines if line.startswith("ATTENDEE"))
                said = own.partition("PARTSTAT=")[2].split(";")[0].split(":")[0]
                found[str(message["Message-ID"])] = said
    return sorted(found.values())


class Relay:
    """The mail system between the cars: it offers what one wrote to another until it is taken."""

    def __init__(self, world: World, sink: Sink) -> None:
        self._world = world
        self._sink = sink
        self.taken: set[tuple[str, bytes]] = set()

    def waiting(self) -> list[tuple[str, bytes]]:
        """What a car has not taken yet."""
        return [item for item in self._sink.arrived if item[0] in CARS and item not in self.taken]

    def offer(self) -> bool:
        """Offers the first of it; whether there was something and it was taken."""
        for to, data in self.waiting():
            sender = str(message_from_bytes(data)["From"]).rpartition("<")[2].rstrip(">")
            if self._world.offer(data, to, sender) == 250:
                self.taken.add((to, data))
                return True
            return False
        return False


@pytest.mark.parametrize("point", POINTS["ingest"])
def test_death_while_an_event_is_handed_on(point: str, world: World) -> None:
    asked = False
    with receiving(world.smtp) as sink:
        relay = Relay(world, sink)
        for _ in range(2):
            with world.serve(f"ingest:{point}") as daemon:
                if asked:
                    # The request was taken before; the one to the stand-in may be on its way yet.
                    sink.wait(3)
                    relay.offer()
                else:
                    asked = world.offer(WISH, CADILLAC) == 250
                daemon.was_killed()
        with world.serve() as daemon:
            if not asked:
                world.deliver(WISH, CADILLAC)
            # Busy's answer; delegated and handed on; accepted, to the organizer and to the other.
            sink.wait(3)
            while relay.waiting() or len(sink.by_message_id()) < 5:
                if not relay.offer():
                    sink.wait(min(len(sink.by_message_id()) + 1, 5))
            daemon.stop()
        assert told([d for to, d in sink.arrived if to == BOB]) == ["ACCEPTED", "DELEGATED"]
        assert len(sink.by_message_id()) == 5
        assert all(len(copies) == 1 for copies in sink.by_message_id().values())
    assert (world.busy(CADILLAC), world.busy(PONTIAC)) == (["busy"], ["wish"])
    assert world.busy(LINCOLN) == []
    assert used(world) == {ANN: 3_600, BOB: 3_600}


def outbox(world: World, recipient: str) -> list[bytes]:
    """The mails that were written to somebody."""
    database = sqlite3.connect(world.site / "state" / "horarium.db")
    rows = database.execute("SELECT content FROM outbox WHERE recipient = ?", (recipient,))
    return [content for (content,) in rows]


@pytest.mark.parametrize("point", POINTS["settle"])
def test_death_while_the_next_one_is_asked(point: str, world: World) -> None:
    """The request to the first stand-in was lost; an hour later the next one is asked."""
    assert world.run("deliver", "--recipient", CADILLAC, input=WISH).returncode == 0
    assert len(outbox(world, PONTIAC)) == 1
    later = format_instant(Instant(SystemClock().now() + 3_700))
    environ = {**os.environ, "HORARIUM_CRASH_AT": f"settle:{point}"}
    died = world.run("--testing", "--now", later, "upkeep", env=environ)
    assert died.returncode == -signal.SIGKILL, died.stderr
    done = world.run("--now", later, "upkeep")
    assert done.returncode == 0, done.stderr
    assert told(outbox(world, BOB)) == ["DELEGATED", "DELEGATED"]
    (handed,) = outbox(world, LINCOLN)
    taken = world.run("--now", later, "deliver", "-s", CADILLAC, "-r", LINCOLN, input=handed)
    assert taken.returncode == 0, taken.stderr
    assert told(outbox(world, BOB)) == ["ACCEPTED", "DELEGATED", "DELEGATED"]
    assert (world.busy(PONTIAC), world.busy(LINCOLN)) == ([], ["wish"])
    assert used(world) == {ANN: 3_600, BOB: 3_600}
