"""Trouble that does not kill: repetition, a full disk, a stop in the middle, several writers."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import accumulate
from pathlib import Path

import pytest

from tests.crash.sink import receiving
from tests.crash.world import ROOM, World, invitation, talk, until

FIVE = 'scheduling_function = "schedule_in_freebusy 5"'


def over_lmtp(world: World, mails: list[bytes], codes: list[int]) -> None:
    """Hands mails over on one connection and keeps the answers."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(world.lmtp))
        codes += talk(connection, [("ann@example.org", ROOM, mail) for mail in mails])


def most_at_once(periods: list[tuple[str, str]]) -> int:
    """How many of (start, end) hold at the same moment; an end comes before a start there."""
    changes = sorted([(start, 1) for start, _ in periods] + [(end, -1) for _, end in periods])
    return max(accumulate(change for _, change in changes))


def test_one_mail_two_hundred_times_at_once(tmp_path: Path) -> None:
    world = World(tmp_path / "s")
    codes: list[int] = []
    mail = invitation("first")
    with receiving(world.smtp) as sink, world.serve() as daemon:
        connections = [
            threading.Thread(target=over_lmtp, args=(world, [mail] * 25, codes)) for _ in range(8)
        ]
        for connection in connections:
            connection.start()
        for connection in connections:
            connection.join()
        sink.wait(1)
        daemon.stop()
        assert codes == [250] * 200
        assert len(sink.arrived) == 1
        assert sink.verdicts() == {"ACCEPTED": 1}
    assert world.busy() == ["first"]


def test_a_stop_lets_what_is_in_hand_finish(tmp_path: Path) -> None:
    """Whatever was taken is stored, what was not is still the mail system's, and no answer that
    was on its way leaves twice."""
    world = World(tmp_path / "s")
    days = [f"2099{month:02}{day:02}" for month in range(1, 13) for day in range(1, 29)]
    codes: list[int] = []

    def offer() -> None:
        """More than can be taken before the stop, so that the stop falls among them."""
        for day in days:
            mail = invitation(f"event-{day}", start=f"{day}T090000Z", end=f"{day}T100000Z")
            codes.append(world.offer(mail))
            if codes[-1] != 250:
                break

    with receiving(world.smtp) as sink:
        with world.serve() as daemon:
            offering = threading.Thread(target=offer)
            offering.start()
            sink.wait(3)
            assert daemon.stop() < 30
            offering.join()
        taken = [f"event-{day}" for day, code in zip(days, codes, strict=False) if code == 250]
        assert 3 <= len(taken) < len(codes)
        assert world.busy() == taken
        with world.serve() as daemon:
            sink.wait(len(taken))
            daemon.stop()
        assert len(sink.arrived) == len(taken)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    place = tmp_path / "d"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount the small disk this needs")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(ballast: Path) -> None:
    """Takes all the room there is."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 4096):
            pass


def test_a_full_disk_is_waited_out(small_disk: Path) -> None:
    world = World(small_disk / "s", {ROOM: ""})
    ballast = small_disk / "ballast"
    with receiving(world.smtp) as sink, world.serve() as daemon:
        assert world.offer(invitation("first")) == 250
        sink.wait(1)
        fill(ballast)
        second = invitation("second", start="20991202T090000Z", end="20991202T100000Z")
        refused = {world.offer(second) for _ in range(3)}
        assert refused == {451}
        assert daemon.process.poll() is None
        assert world.busy() == ["first"]
        ballast.unlink()
        world.deliver(second)
        sink.wait(2)
        daemon.stop()
        assert sink.verdicts() == {"ACCEPTED": 2}
    assert world.busy() == ["first", "second"]


WRITER = """
import sys, time
from horarium.kernel.instant import parse_instant
from horarium.runtime.clock import SystemClock
from horarium.runtime.settings import load_settings
from horarium.runtime.site import Site
from horarium.runtime.wiring import open_agent
from tests.crash.world import ROOM, invitation
from pathlib import Path
site, me, many = Site(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
agent = open_agent(site, load_settings(site, {}), SystemClock())
longest = 0.0
for number in range(many):
    rule = "FREQ=DAILY;COUNT=3" if number % 4 == 0 else ""
    day = f"209912{number % 20 + 1:02}"
    by = f"{me}@example.org"
    start, end = f"{day}T090000Z", f"{day}T100000Z"
    mail = invitation(f"{me}-{number}", by=by, start=start, end=end, rule=rule)
    begun = time.monotonic()
    delivery = agent.deliver(by, ROOM, mail, SystemClock().now())
    longest = max(longest, time.monotonic() - begun)
    assert delivery.status.value == "handled", delivery
print(longest)
"""
WRITERS, EACH = 6, 25


@pytest.mark.parametrize(("capacity", "lines"), [(1, ""), (5, FIVE)])
def test_several_writing_processes_never_pass_the_capacity(
    capacity: int, lines: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    world = World(tmp_path / "s", {ROOM: lines})
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(world.site), f"w{number}", str(EACH)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2],
        )
        for number in range(WRITERS)
    ]  # fmt: skip
    said = [writer.communicate(timeout=100) for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * WRITERS, said
    waits = [float(out) for out, _ in said]
    record_property("longest_wait_seconds", max(waits))
    shown = world.run("--json", "freebusy", "show", ROOM, "--to", "2100-02-01")
    busy = [(entry["start"], entry["end"]) for entry in json.loads(shown.stdout)["busy"]]
    assert most_at_once(busy) == capacity
    # Nobody is starved: a wait far below the ten seconds after which a writer gives up.
    assert max(waits) < 5


def test_two_commands_at_once_book_once(tmp_path: Path) -> None:
    """`horarium deliver` without a daemon, twice in the same moment, for one free hour."""
    world = World(tmp_path / "s")
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "horarium.cli.entry", "--site", str(world.site), "deliver",
             "--recipient", ROOM],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(4)
    ]  # fmt: skip
    for number, process in enumerate(running):
        assert process.stdin is not None
        process.stdin.write(invitation(f"rival-{number}", by=f"r{number}@example.org"))
        process.stdin.close()
    until(lambda: all(p.poll() is not None for p in running), "a command did not end")
    assert [process.returncode for process in running] == [0] * 4
    assert len(world.busy()) == 1


def test_the_count_sees_an_overlap_and_no_touch() -> None:
    assert most_at_once([("10", "11"), ("105", "12")]) == 2
    assert most_at_once([("10", "11"), ("11", "12")]) == 1
