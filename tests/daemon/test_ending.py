"""How a daemon ends: by a directive, by a signal, at once; and what it runs at start and stop."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import pytest

from tests.crash.world import World, invitation
from tests.crash.world import until as until_there
from tests.daemon.site import NOTE, Imagined, Place, led, until

LONG = '#!/bin/sh\necho $$ > "${0%/*}/began"\nsleep "$1"\necho over > "${0%/*}/over"\n'


def test_an_exit_ends_the_process_and_not_the_next(tmp_path: Path) -> None:
    place = Place(tmp_path / "site", "Exit 7 P.01:00\n[2]Exec note two P.01:00\n")
    with place.serve() as daemon:
        assert daemon.ended() == 7
    row = place.row("Exit 7 P.01:00")
    assert (row.state, row.status) == ("finished", 7)
    assert all(life.stopped is not None for task in (1, 2) for life in place.lives(task))
    with place.serve() as daemon:
        time.sleep(2.5)
        assert daemon.stop() == 0
    assert place.row("Exit 7 P.01:00").id == row.id
    assert place.notes in (["2 two"], [])


def test_beside_other_parts_an_exit_ends_its_task_for_a_minute(tmp_path: Path) -> None:
    place = Place(tmp_path / "site", "Exit 3 P.01:00\n[2]Exit 0 23:00\n")

    async def work() -> None:
        clock = Imagined()
        async with place.service(clock, upkeep=True) as service:
            await clock.sees(lambda: len(place.lives(1)) > 1, "it never came back")
            assert not service.over.is_set()

    led(work())
    first, second = place.lives(1)
    assert first.stopped == first.seen
    assert 60 <= second.started - first.stopped <= 62
    assert len(place.rows("Exit 3 P.01:00")) == 1
    assert len(place.lives(2)) == 1


def test_a_run_that_ends_in_time_is_waited_for(tmp_path: Path) -> None:
    place = Place(tmp_path / "site", "Exec long 1.5 P.01:00\nExec note later P.01:00\n")
    place.program("long", LONG)
    with place.serve() as daemon:
        until(lambda: (place.folder / "began").exists(), "it never began")
        assert daemon.stop() == 0
    assert place.row("Exec long 1.5 P.01:00").state == "finished"
    assert (place.folder / "over").exists()
    assert place.notes == []


def test_a_run_that_does_not_is_ended_and_recorded(tmp_path: Path) -> None:
    settings = '[directives]\nstop_wait = "1s"\n'
    place = Place(tmp_path / "site", "Exec long 60 P.01:00\n", settings)
    place.program("long", LONG)
    with place.serve() as daemon:
        until(lambda: (place.folder / "began").exists(), "it never began")
        began = time.monotonic()
        assert daemon.stop() == 0
        assert 0.9 < time.monotonic() - began < 6
    row = place.row("Exec long 60 P.01:00")
    assert (row.state, row.reason) == ("failed", "stopped")
    assert not (place.folder / "over").exists()


def test_told_twice_it_ends_at_once(tmp_path: Path) -> None:
    place = Place(tmp_path / "site", "Exec long 8 P.01:00\n")
    place.program("long", LONG)
    with place.serve() as daemon:
        until(lambda: (place.folder / "began").exists(), "it never began")
        daemon.tell(signal.SIGTERM)
        time.sleep(0.2)
        assert daemon.stop() == 130
    assert [row.state for row in place.rows()] == ["started"]
    with place.serve() as daemon:
        until(lambda: place.rows()[0].ended is not None, "it was never settled")
        assert daemon.stop() == 0
    row = place.rows()[0]
    assert row.state == "unknown"
    assert row.reason.endswith("it went on to its end")


SIGNALS = """\
[directive.opening]
run = ["note", "opening"]
schedule = { type = "on", signal = "start" }
[directive.closing]
run = ["note", "closing"]
schedule = { type = "on", signal = "stop" }
task = 2
[directive.beside]
run = ["note", "beside"]
schedule = "immediately every 24h"
"""


def test_starts_and_stops_are_signals(tmp_path: Path) -> None:
    place = Place(tmp_path / "site")
    place.declare(SIGNALS)
    for count in (1, 2):
        with place.serve() as daemon:
            until(lambda: place.notes.count("1 opening") == count, "it never opened")  # noqa: B023
            assert place.notes.count("2 closing") == count - 1
            assert daemon.stop() == 0
        assert sorted(place.notes) == sorted(["1 beside", *["1 opening", "2 closing"] * count])
        time.sleep(1.1)


@pytest.mark.parametrize("once", [True, False])
def test_one_task_alone(tmp_path: Path, once: bool) -> None:
    """With `--once` nothing starts and stops, and what is due is done."""
    place = Place(tmp_path / "site")
    place.declare(SIGNALS)
    if once:
        assert place.run("directives", "run", "--once").returncode == 0
        assert place.notes == ["1 beside"]
        return
    with place.serve_task(2) as daemon:
        assert daemon.stop() == 0
    assert place.notes == ["2 closing"]


def test_an_accepted_booking_runs_what_waits_for_it(tmp_path: Path) -> None:
    world = World(tmp_path / "site")
    program = world.site / "note"
    program.write_text(NOTE)
    program.chmod(0o755)
    (world.site / "objects" / "accepted.toml").write_text(
        '[directive.tell]\nrun = ["note", "accepted"]\n'
        'schedule = { type = "on", signal = "booking.accepted" }\n'
    )
    assert world.run("apply", str(world.site / "objects")).returncode == 0
    notes = world.site / "notes"
    with world.serve() as daemon:
        world.deliver(invitation("one"))
        until_there(notes.exists, "it never ran")
        world.deliver(invitation("one", sequence=0))
        # The same time again, of another: declined, and no signal.
        world.deliver(invitation("two", by="bob@example.org"))
        time.sleep(1.2)
        daemon.process.kill()
    assert notes.read_text() == "1 accepted\n"


def test_no_run_begins_while_mail_is_still_on_its_way(tmp_path: Path) -> None:
    world = World(tmp_path / "site")
    program = world.site / "note"
    program.write_text(NOTE)
    program.chmod(0o755)
    (world.site / "objects" / "tick.toml").write_text(
        '[directive.tick]\nrun = ["note"]\nschedule = { type = "interval", every = "1s" }\n'
    )
    assert world.run("apply", str(world.site / "objects")).returncode == 0
    notes = world.site / "notes"
    with socket.socket(socket.AF_UNIX) as slow, world.serve() as daemon:
        slow.bind(str(world.smtp))
        slow.listen()
        slow.settimeout(20)
        world.deliver(invitation("one"))
        connection, _ = slow.accept()  # which is then told nothing, as by a slow mail system
        until_there(notes.exists, "it never ran")
        daemon.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        known = notes.read_text()
        time.sleep(2.2)
        assert daemon.process.poll() is None
        assert notes.read_text() == known
        connection.close()
        assert daemon.process.wait(30) == 0
