"""A sudden death at every named place: what was acknowledged is kept, and nothing happens twice.

Each place is died at twice, the second time after a restart; then the mail system offers again
what was not taken, and a rival asks for the same time.
"""

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.clock import FixedClock, SystemClock
from horarium.runtime.crash import POINTS
from horarium.runtime.settings import load_settings
from horarium.runtime.site import Site
from horarium.runtime.upkeep import PIECE
from horarium.runtime.wiring import open_agent
from tests.crash.sink import Sink, receiving
from tests.crash.world import ROOM, World, invitation

FIRST, RIVAL = invitation("first"), invitation("rival", by="bob@example.org")
DAY = 86_400


@contextmanager
def worlds(tmp_path: Path) -> Iterator[tuple[World, Sink]]:
    """A site with one room, and where its answers go."""
    world = World(tmp_path / "s")
    with receiving(world.smtp) as sink:
        yield world, sink


def settle(world: World, sink: Sink, acknowledged: set[bytes]) -> None:
    """Restarts for good, lets the mail system do its part, and checks what everybody can see."""
    with world.serve() as daemon:
        for mail in (FIRST, RIVAL):
            if mail not in acknowledged:
                world.deliver(mail)
        sink.wait(2)
        daemon.stop()
    assert world.busy() == ["first"]
    assert sink.verdicts() == {"ACCEPTED": 1, "DECLINED": 1}
    assert all(len(copies) == 1 for copies in sink.by_message_id().values())


@pytest.mark.parametrize("point", POINTS["ingest"])
def test_death_while_a_message_is_taken(point: str, tmp_path: Path) -> None:
    acknowledged: set[bytes] = set()
    with worlds(tmp_path) as (world, sink):
        for _ in range(2):
            mail = RIVAL if FIRST in acknowledged else FIRST
            with world.serve(f"ingest:{point}") as daemon:
                code = world.offer(mail)
                daemon.was_killed()
            assert code in (0, 250)
            assert (code == 250) is (point == "after-ack")
            if code == 250:
                acknowledged.add(mail)
        settle(world, sink, acknowledged)


@pytest.mark.parametrize("point", POINTS["outbox"])
def test_death_while_an_answer_leaves(point: str, tmp_path: Path) -> None:
    acknowledged: set[bytes] = set()
    with worlds(tmp_path) as (world, sink):
        for mail in (FIRST, RIVAL):
            with world.serve(f"outbox:{point}") as daemon:
                if world.offer(mail) == 250:
                    acknowledged.add(mail)
                daemon.was_killed()
        settle(world, sink, acknowledged)
    listed = json.loads(world.run("--json", "outbox", "list").stdout)["mails"]
    assert [mail["state"] for mail in listed] == ["sent", "sent"]


def test_death_between_the_end_of_an_answer_and_its_receipt(tmp_path: Path) -> None:
    acknowledged: set[bytes] = set()
    with worlds(tmp_path) as (world, sink):
        for mail in (FIRST, RIVAL):
            with world.serve() as daemon:
                sink.before_answer = daemon.process.kill
                if world.offer(mail) == 250:
                    acknowledged.add(mail)
                daemon.was_killed()
            sink.before_answer = None
        # The first answer arrived in each life, the same octets.
        assert len(sink.arrived) == 2
        assert acknowledged
        settle(world, sink, acknowledged)
        assert len(sink.arrived) > len(sink.by_message_id())


# More than one piece of the work.
SERIES = PIECE + 2


@pytest.fixture(scope="module")
def laid_down(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Instant]:
    """A room with endless weekly series, booked sixty days ago."""
    world = World(tmp_path_factory.mktemp("upkeep") / "s")
    now = SystemClock().now()
    then = Instant(now - 60 * DAY)
    site = Site(world.site)
    agent = open_agent(site, load_settings(site, {}), FixedClock(then))
    midnight = then - then % DAY + DAY
    for number in range(SERIES):
        at = [format_instant(Instant(midnight + number * 1_800 + x)) for x in (0, 1_800)]
        start, end = (text.replace("-", "").replace(":", "") for text in at)
        mail = invitation(f"weekly-{number:02}", start=start, end=end, rule="FREQ=WEEKLY")
        delivery = agent.deliver("ann@example.org", ROOM, mail, then)
        assert delivery.text == "ACCEPTED"
    agent._store.close()
    return world, now


@pytest.mark.parametrize("point", POINTS["upkeep"])
def test_death_while_series_are_laid_down(
    point: str, laid_down: tuple[World, Instant], tmp_path: Path
) -> None:
    world, now = laid_down
    at = now + (list(POINTS["upkeep"]).index(point) + 1) * 20 * DAY
    moment = format_instant(Instant(at))
    environ = {**os.environ, "HORARIUM_CRASH_AT": f"upkeep:{point}"}
    for _ in range(2):
        died = world.run("--testing", "--now", moment, "upkeep", env=environ)
        assert died.returncode == -signal.SIGKILL, died.stderr
    done = world.run("--now", moment, "upkeep")
    assert done.returncode == 0, done.stderr
    rebuilt = json.loads(
        world.run("--json", "--now", moment, "freebusy", "rebuild", "--all").stdout
    )
    assert rebuilt["differences"] == []
    last = [format_instant(Instant(at + days * DAY)) for days in (92, 99)]
    shown = world.run("--json", "freebusy", "show", ROOM, "--from", last[0], "--to", last[1])
    starts = [entry["start"] for entry in json.loads(shown.stdout)["busy"]]
    assert len(starts) == len(set(starts)) == SERIES


def test_without_the_option_the_variable_has_no_effect(tmp_path: Path) -> None:
    environ = {**os.environ, "HORARIUM_CRASH_AT": "ingest:received"}
    world = World(tmp_path / "s")
    taken = world.run("deliver", "--recipient", ROOM, input=FIRST, env=environ)
    assert taken.returncode == 0, taken.stderr
    died = world.run("--testing", "deliver", "--recipient", ROOM, input=RIVAL, env=environ)
    assert died.returncode == -signal.SIGKILL
    assert world.busy() == ["first"]


@pytest.mark.parametrize("asked", ["ingest", "ingest:nowhere", "ingest:parsed:0", "x:received"])
def test_an_unknown_place_is_refused(asked: str, tmp_path: Path) -> None:
    environ = {**os.environ, "HORARIUM_CRASH_AT": asked}
    world = World(tmp_path / "s")
    refused = world.run("--testing", "freebusy", "show", ROOM, env=environ)
    assert refused.returncode == 64


def test_every_place_is_passed_and_tested() -> None:
    source = Path(__file__).parents[2] / "src" / "horarium" / "runtime"
    passed = re.compile(r'crash\.at(?:\(|, )"([a-z:-]+)"')
    texts = [path.read_text("utf-8") for path in source.rglob("*.py")]
    known = {f"{area}:{name}" for area, names in POINTS.items() for name in names}
    assert sorted(point for text in texts for point in passed.findall(text)) == sorted(known)
    here = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    for area in POINTS:
        assert f'@pytest.mark.parametrize("point", POINTS["{area}"])' in here
