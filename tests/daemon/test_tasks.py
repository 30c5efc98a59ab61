"""Who works for which task: several processes, numbers that nobody has, settings of tasks."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from horarium.kernel.errors import Conflict
from tests.daemon.site import Imagined, Place, led, until

BOTH = "Exec note one P.01:00\n[2]Exec note two P.01:00\n"
ONE_OF_TWO = "[directives]\ntasks = [1]\n"


def test_two_processes_share_a_site(tmp_path: Path) -> None:
    place = Place(tmp_path / "site", BOTH, ONE_OF_TWO)
    with place.serve() as first:
        until(lambda: place.notes == ["1 one"], "task 1 never ran")
        with place.serve_task(2) as second:
            until(lambda: sorted(place.notes) == ["1 one", "2 two"], "task 2 never ran")
            again = place.run("directives", "run", "--task", "2")
            assert again.returncode == 1
            assert f"another process serves task-2 of {place.folder}" in again.stderr
            # An edit that one of them brings in is in force for both.
            place.write(BOTH + "[2]Exec note more P.01:00\n")
            assert place.run("reload", "--wait").returncode == 0
            until(lambda: "2 more" in place.notes, "task 2 never saw the edit")
            assert second.stop() == 0
        assert first.stop() == 0
    assert sorted(place.notes) == ["1 one", "2 more", "2 two"]


def test_a_number_in_use_is_refused_when_named_and_waited_for_when_not(tmp_path: Path) -> None:
    place = Place(tmp_path / "site", BOTH)

    async def work() -> None:
        clock = Imagined()
        async with AsyncExitStack() as rest:
            async with place.service(clock, only=2):
                with pytest.raises(Conflict, match="another process serves task-2"):
                    await _refused(place, clock)
                await rest.enter_async_context(place.service(clock))
                await clock.passes(12)
                assert len(place.lives(2)) == 1
            await clock.sees(lambda: len(place.lives(2)) == 2, "it never took over", 12)

    led(work())


async def _refused(place: Place, clock: Imagined) -> None:
    passing = asyncio.create_task(clock.passes(60))
    try:
        async with place.service(clock, only=2):
            pass
    finally:
        passing.cancel()


# --- numbers that no running task has ----------------------------------------------

NOBODY = "Exec note one P.01:00\n[3]Exec note three P.01:00\n[4]Exec note four P.01:00\n"


def test_what_no_running_task_does_is_left_out_and_told(tmp_path: Path) -> None:
    """Task 3 never had anybody; task 4 is only down, and makes up for what it missed."""
    place = Place(tmp_path / "site", NOBODY, ONE_OF_TWO)
    three, four = "[3]Exec note three P.01:00", "[4]Exec note four P.01:00"

    async def work() -> None:
        clock = Imagined()
        async with place.service(clock, only=4):
            await clock.sees(lambda: place.rows(four), "it never ran")
        async with place.service(clock):
            await clock.sees(lambda: place.rows(three), "nothing was left out")
            clock.advance(3 * 3600)
            await clock.sees(lambda: len(place.rows(three)) > 1, "nothing was left out")
            assert len(place.rows(four)) == 1
        async with place.service(clock, only=4):
            await clock.sees(lambda: len(place.rows(four)) > 1, "it was not made up for")
        async with place.service(clock, only=3):
            await clock.passes(5)

    led(work())
    found = [(row.kind, row.state, row.reason, row.count) for row in place.rows(three)]
    assert found == [
        ("skip", "skipped_disabled", "no_running_task", 1),
        ("skip", "skipped_disabled", "no_running_task", 3),
    ]
    assert sorted(place.notes) == ["1 one", "1 one", "4 four", "4 four"]


# --- settings ----------------------------------------------------------------------


def test_without_a_number_a_line_may_be_of_every_task(tmp_path: Path) -> None:
    settings = '[directives]\nunprefixed = "every"\nmaster_task = 2\n'
    control = "Exec note all P.01:00\n[5]Exec note five P.01:00\nRepack P.01:00\n"
    place = Place(tmp_path / "site", control, settings)
    with place.serve() as daemon:
        until(lambda: len(place.notes) == 3, "not all ran")
        until(lambda: place.rows("Repack P.01:00"), "it was not tried")
        assert daemon.stop() == 0
    assert sorted(place.notes) == ["2 all", "5 all", "5 five"]
    assert [row.task for row in place.rows("Repack P.01:00")] == [2]


def test_another_task_may_be_the_master(tmp_path: Path) -> None:
    place = Place(tmp_path / "site", "Exec note all P.01:00\n", "[directives]\nmaster_task = 2\n")
    with place.serve() as daemon:
        until(lambda: place.notes, "it never ran")
        assert daemon.stop() == 0
    assert place.notes == ["2 all"]
    assert [place.lives(task) != [] for task in (1, 2)] == [False, True]


@pytest.mark.parametrize("kind", ["once", "none"])
def test_points_that_passed_while_down(tmp_path: Path, kind: str) -> None:
    settings = f'[directives]\ncatch_up_down = "{kind}"\n'
    place = Place(tmp_path / "site", "Exec note one P.01:00\n", settings)
    text = "Exec note one P.01:00"

    async def work() -> None:
        clock = Imagined()
        async with place.service(clock):
            await clock.sees(lambda: place.notes, "it never ran")
        clock.advance(2.5 * 3600)
        async with place.service(clock):
            await clock.passes(5)
            assert len(place.notes) == (2 if kind == "once" else 1)

    led(work())
    left_out = [(row.reason, row.count) for row in place.rows(text) if row.kind == "skip"]
    assert left_out == ([("coalesced", 1)] if kind == "once" else [("missed", 2)])


def test_a_point_that_a_task_was_too_busy_for_is_late_and_not_lost(tmp_path: Path) -> None:
    """Also the first one after a start, on a site that makes up for none that passed while down."""
    text, settings = "Exec note one P.01:00", '[directives]\ncatch_up_down = "none"\n'
    place = Place(tmp_path / "site", text, settings)
    place.program("busy", "#!/bin/sh\nwhile [ ! -e go ]; do sleep 0.02; done\n")

    async def work() -> None:
        clock = Imagined()
        async with place.service(clock):
            await clock.sees(lambda: place.notes, "it never ran")
        clock.advance(3500)
        place.write(f"{text}\nExec busy P.01:00\n")
        async with place.service(clock):
            await clock.sees(lambda: place.rows("Exec busy P.01:00"), "it never ran")
            await clock.passes(120, step=5)
            assert len(place.notes) == 1
            (place.folder / "go").touch()
            await clock.sees(lambda: len(place.notes) == 2, "it was lost")

    led(work())
    assert [row.kind for row in place.rows(text)] == ["run", "run"]
