"""Twelve processes at once, the requests of many senders for one room and a pool of five cars.

What is checked is what a mail system and an operator can see: the answers, what each resource
holds, what each sender is charged. A larger scale makes it ten thousand requests.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.crash.test_faults import most_at_once
from tests.crash.world import World, invitation
from tests.kernel.scale import SCALE

PROCESSES = 12
REQUESTS = min(int(1_200 * SCALE), 10_000)
SENDERS = 100
ROOM = "room@example.com"
CARS = tuple(f"car{number}@example.com" for number in range(5))
# About half of what a sender asks for.
LIMIT = max(REQUESTS // 300, 1)
FUNCTIONS = 'scheduling_function = """\ncheck_quota cars\nschedule_for_delegate pool\n"""'
QUOTAS = f"""\
[quota.cars]
limits = {{ "*" = "PT{LIMIT}H" }}
[quota.pool]
delegates = {json.dumps(CARS)}
groups = {{ "*" = "all" }}
"""

WRITER = """
import sys
from pathlib import Path
from horarium.kernel.errors import Unavailable
from horarium.runtime.clock import SystemClock
from horarium.runtime.settings import load_settings
from horarium.runtime.site import Site
from horarium.runtime.wiring import open_agent
from tests.crash.test_many_senders import PROCESSES, REQUESTS, wish

site, me = Site(Path(sys.argv[1])), int(sys.argv[2])
clock = SystemClock()
for patience in range(10):
    try:
        agent = open_agent(site, load_settings(site, {}), clock)
        break
    except Unavailable:
        # Eleven others begin at this moment too, and the machine may be slow.
        assert patience < 9

def hand_in(sender, to, data):
    for _ in range(20):
        delivery = agent.deliver(sender, to, data, clock.now())
        if delivery.status.value != "try later":
            break
    assert delivery.status.value == "handled", delivery
    return [m for m in delivery.mails if agent.directory.find(m.recipient) is not None]

waiting = []
for number in range(me, REQUESTS, PROCESSES):
    sender, to, data = wish(number)
    waiting += hand_in(sender, to, data)
    # Mail among the cars comes a little later than what it is about.
    while len(waiting) > 3:
        mail = waiting.pop(0)
        waiting += hand_in(mail.envelope_from, mail.recipient, mail.content)
while waiting:
    mail = waiting.pop(0)
    waiting += hand_in(mail.envelope_from, mail.recipient, mail.content)
"""


def wish(number: int) -> tuple[str, str, bytes]:
    """The request of that number: who asks, whom, and the mail."""
    sender = f"s{number * 7 % SENDERS}@example.org"
    to = ROOM if number % 6 == 0 else CARS[number % 5]
    # Half hours of as many days as half of the requests fill, taken in no order.
    slots = max(REQUESTS // 8, 1)
    slot = number * 7_919 % slots
    day, half = divmod(slot, 20)
    minutes = 480 + half * 30
    date = f"2099{day // 28 + 1:02}{day % 28 + 1:02}"
    start, end = (f"{date}T{m // 60:02}{m % 60:02}00Z" for m in (minutes, minutes + 60))
    return sender, to, invitation(uid_of(number), by=sender, to=to, start=start, end=end)


def uid_of(number: int) -> str:
    return f"wish-{number}@example.org"


def answers(world: World) -> dict[str, list[tuple[str, str]]]:
    """What people were told about each request: who says so, and what, in order."""
    rows = sqlite3.connect(world.site / "state" / "horarium.db").execute(
        "SELECT uid, content FROM outbox WHERE recipient LIKE 's%@example.org' ORDER BY id"
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for uid, content in rows:
        message = message_from_bytes(content)
        part = next(p for p in message.walk() if p.get_content_type() == "text/calendar")
        octets = part.get_payload(decode=True)
        assert isinstance(octets, bytes)
        lines = octets.decode().replace("\r\n ", "").splitlines()
        own = next(line for line in lines if line.startswith("ATTENDEE"))
        said = own.partition("PARTSTAT=")[2].split(";")[0].split(":")[0]
        found.setdefault(uid, []).append((own.rpartition("mailto:")[2], said))
    return found


def held(world: World, name: str) -> dict[str, tuple[str, str]]:
    """What a resource holds, by UID."""
    shown = world.run(
        "--json", "freebusy", "show", name, "--from", "2099-01-01", "--to", "2100-01-01"
    )
    assert shown.returncode == 0, shown.stderr
    return {e["uid"]: (e["start"], e["end"]) for e in json.loads(shown.stdout)["busy"]}


@pytest.mark.timeout(900)
def test_nothing_overlaps_and_everybody_is_answered_once(tmp_path: Path) -> None:
    world = World(tmp_path / "s", {ROOM: "", **dict.fromkeys(CARS, FUNCTIONS)})
    (world.site / "objects" / "quotas.toml").write_text(QUOTAS)
    applied = world.run("apply", str(world.site / "objects"))
    assert applied.returncode == 0, applied.stderr
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(world.site), str(number)],
            stderr=subprocess.PIPE, cwd=Path(__file__).parents[2],
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    said = [writer.communicate(timeout=800)[1] for writer in writers]
    failed = [text.decode()[-2_000:] for text in said if text]
    assert [writer.returncode for writer in writers] == [0] * PROCESSES, "\n".join(failed)

    booked = {name: held(world, name) for name in (ROOM, *CARS)}
    for name, events in booked.items():
        assert events, name
        assert most_at_once(list(events.values())) == 1
    everywhere = Counter(uid for events in booked.values() for uid in events)
    assert set(everywhere.values()) == {1}

    told = answers(world)
    delegated = 0
    for number in range(REQUESTS):
        asked = wish(number)[1]
        finals = [
            (who, what)
            for who, what in told[uid_of(number)]
            if what == "ACCEPTED" or (what == "DECLINED" and who == asked)
        ]
        assert len(finals) == 1, (number, told[uid_of(number)])
        ((who, what),) = finals
        delegated += what == "ACCEPTED" and who != asked
        assert (uid_of(number) in booked[who]) is (what == "ACCEPTED")
        assert everywhere[uid_of(number)] == (what == "ACCEPTED")
    assert delegated > REQUESTS // 50

    used = Counter(
        wish(number)[0]
        for number in range(REQUESTS)
        if any(uid_of(number) in booked[car] for car in CARS)
    )
    shown = world.run("--json", "quota", "usage", "cars")
    rows = {
        row["identity"]: row["used"] for row in json.loads(shown.stdout)["usage"] if row["used"]
    }
    assert rows == {who: hours * 3_600 for who, hours in used.items()}
    assert max(used.values()) == LIMIT
