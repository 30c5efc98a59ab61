"""A daemon of directives that dies: nothing runs twice, and what is lost is known."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from horarium.runtime.crash import POINTS
from tests.crash.live import Judged, judge, make, play


def assert_only_lost(judged: Judged) -> None:
    """Nothing is wrong but runs that were written as begun when the daemon died before it began
    them: those are not begun again, and are told."""
    for verdict in judged.verdicts:
        assert verdict["verdict"] == "incomplete"
        assert verdict["run"] not in judged.heard


@pytest.mark.parametrize("point", POINTS["timers"])
def test_death_between_a_moment_and_its_end(point: str, tmp_path: Path) -> None:
    world = make(tmp_path / "s", "")
    for passes in (3, 2):
        with world.serve(f"timers:{point}:{passes}", "--only", "directives") as daemon:
            daemon.was_killed()
    with world.serve("", "--only", "directives") as daemon:
        time.sleep(4)
        daemon.stop()
    judged = judge(world, 2)
    assert judged.runs >= 3
    assert_only_lost(judged)


@pytest.mark.timeout(180)
def test_a_daemon_killed_again_and_again(tmp_path: Path) -> None:
    judged = play(make(tmp_path / "s"), 25, seed=3)
    assert judged.kills >= 3
    assert judged.runs >= 10
    assert_only_lost(judged)
