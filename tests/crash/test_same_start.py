"""Many processes want the same starts, and some of them die suddenly at any moment.

Whatever was acknowledged is there afterwards, nothing is given twice, and the room that the host is
linked to holds exactly what the host does.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from horarium.appointments.appointment import State
from horarium.kernel.instant import Instant, parse_instant
from horarium.kernel.period import Period
from horarium.runtime.settings import load_settings
from horarium.runtime.site import Site
from horarium.runtime.wiring import open_store
from horarium.testing import ManualClock
from tests.crash.world import World

FIRST = parse_instant("2027-05-10T08:00:00Z")
NOW = parse_instant("2027-05-09T08:00:00Z")
STARTS, PROCESSES, KILLED = 20, 8, 4
OBJECTS = """
[appointer.ana]
hours = ["mon-fri 08:00-18:00"]
link = ["room@example.com"]
[service.talk]
by = "ana"
verify_email = false
"""
# Each takes every start in an order of its own, and says what it was promised.
VISITOR = """
import os, random, sys
from pathlib import Path
from horarium.appointments.appointment import Client
from horarium.appointments.errors import SlotTaken
from horarium.kernel.errors import Unavailable
from horarium.runtime.desk import Desk
from horarium.runtime.settings import load_settings
from horarium.runtime.site import Site
from horarium.runtime.wiring import open_store
from horarium.testing import ManualClock
from tests.crash.test_same_start import FIRST, NOW, STARTS

site, me = Site(Path(sys.argv[1])), sys.argv[2]
settings = load_settings(site, {})
desk = Desk(open_store(site, settings, ManualClock(NOW)), settings, os.urandom)
order = list(range(STARTS))
random.Random(me).shuffle(order)
for number in order:
    try:
        held = desk.hold("talk", FIRST + 1800 * number, NOW)
        desk.confirm(held.token, Client(me, me + "@example.net"), NOW)
    except (SlotTaken, Unavailable):
        continue
    print(held.item.id, flush=True)
"""


def test_a_start_is_had_once_whoever_dies(tmp_path: Path) -> None:
    world = World(tmp_path / "s", {"room@example.com": ""})
    (world.site / "objects" / "appointments.toml").write_text(OBJECTS)
    applied = world.run("apply", str(world.site / "objects"))
    assert applied.returncode == 0, applied.stderr
    visitors = [
        subprocess.Popen(
            [sys.executable, "-c", VISITOR, str(world.site), f"v{number}"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2],
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    dice = random.Random(3)
    for visitor in visitors[:KILLED]:
        time.sleep(dice.uniform(0.1, 0.6))
        visitor.kill()
    said = [visitor.communicate(timeout=300) for visitor in visitors]
    assert {v.returncode for v in visitors[KILLED:]} == {0}, [err.decode() for _, err in said]
    assert {v.returncode for v in visitors[:KILLED]} <= {0, -signal.SIGKILL}
    promised = [line for out, _ in said for line in out.decode().split()]
    check(world, promised)


def check(world: World, promised: list[str]) -> None:
    """What the store holds, beside what was promised."""
    site = Site(world.site)
    store = open_store(site, load_settings(site, {}), ManualClock(NOW))
    day = Period(FIRST, Instant(FIRST + 86_400))
    kept = [item for item in store.read(lambda tx: tx.appointments.between(day)) if item.live(NOW)]
    assert Counter(item.slot.start for item in kept).most_common(1)[0][1] == 1
    sure = {item.id for item in kept if item.state is State.CONFIRMED}
    assert set(promised) <= sure
    assert len(promised) == len(set(promised))
    # One that died between the two acts leaves a hold that ends by itself.
    assert len(kept) == STARTS
    assert len(kept) - len(sure) <= KILLED
    shown = world.run("freebusy", "show", "room@example.com", "--from", "2027-05-10",
                      "--to", "2027-05-11", "--now", "2027-05-09T08:00:00Z", "--json")  # fmt: skip
    busy = json.loads(shown.stdout)["busy"]
    assert {entry["uid"].partition("@")[0] for entry in busy} == {item.id for item in kept}
    store.close()
