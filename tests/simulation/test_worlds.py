"""A thousand worlds, each from one number, judged by a checker that shares nothing with what runs
them; and the same worlds with faults of ours, which the checker has to find."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from hashlib import sha256

import pytest

from tests.kernel.scale import cases
from tests.simulation.faulty import WritesAfterwards, accumulates, forgets_anchors
from tests.simulation.script import DAY, Script, script
from tests.simulation.shrinking import shrunk, told
from tests.simulation.world import Runaway, World

WORLDS = cases(1_000)
PIECES = 20
# Worlds that found something once.
FAILED_BEFORE = (
    4,
    5,
    9,
    11,
    12,
    18,
    19,
    22,
    31,
    39,
    51,
    102,
    249,
    303,
    370,
    407,
    596,
    728,
    736,
    898,
)


def wrong_with(world: World) -> list[str]:
    """Everything that is wrong with what happened in a world."""
    try:
        verdicts = world.live()
    except Runaway as runaway:
        return [f"runaway: {runaway}"]
    return [*map(str, verdicts), *world.unaccounted()]


def judge(number: int) -> World:
    """Lives a world; fails with the smallest history that fails too."""
    world = World(script(number))
    wrong = wrong_with(world)
    if wrong:
        least = shrunk(script(number), lambda smaller: bool(wrong_with(World(smaller))))
        still = wrong_with(World(least))
        pytest.fail(f"{wrong[:3]}\n\n{told(least)}\n\n{still[:3]}")
    return world


@pytest.mark.parametrize("piece", range(PIECES))
@pytest.mark.timeout(600)
def test_what_is_due_is_run_once(piece: int, record_property: Callable[[str, str], None]) -> None:
    faults: Counter[str] = Counter()
    for number in range(piece * WORLDS // PIECES, (piece + 1) * WORLDS // PIECES):
        world = judge(number)
        faults.update(world.faults)
        faults["worlds"] += 1
        faults["runs"] += len(world.runs)
        faults["days"] += world.script.length // DAY
        faults["entries"] += len(world.script.files[0]) + len(world.script.declared)
    record_property("simulated", json.dumps(faults))


@pytest.mark.parametrize("number", FAILED_BEFORE)
def test_what_failed_before(number: int) -> None:
    judge(number)


def test_worlds_are_eventful() -> None:
    worlds = [script(number) for number in range(200)]
    assert min(len(w.files[0]) + len(w.declared) for w in worlds) >= 20
    assert min(w.length for w in worlds) >= 2 * DAY
    assert min(sum(op.kind == "edit" for op in w.ops) for w in worlds) >= 1
    faults = [sum(op.kind not in ("edit", "spell") for op in w.ops) for w in worlds]
    assert sum(faults) / len(worlds) >= 3


def digest_of(number: int) -> str:
    world = World(script(number))
    wrong = wrong_with(world)
    told = [str(row) for row in world._ledger()]
    return sha256("\n".join([*wrong, *map(str, world.runs), *told]).encode()).hexdigest()


def test_one_number_is_one_world() -> None:
    """In another process, with another order of sets, too."""
    code = "from tests.simulation.test_worlds import digest_of; print(digest_of(7))"
    for seed in ("0", "1"):
        environ = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=False
        )
        assert done.stdout.strip() == digest_of(7), done.stderr


def first_caught(
    around: AbstractContextManager[None],
    **fault: object,
) -> int | None:
    """The first of a hundred worlds in which a fault of ours is found."""
    with around:
        for number in range(100):
            if wrong_with(World(script(number), **fault)):  # type: ignore[arg-type]
                return number
    return None


def test_a_claim_that_is_written_afterwards_is_found() -> None:
    assert first_caught(nullcontext(), task_class=WritesAfterwards) is not None


def test_a_forgotten_anchor_is_found() -> None:
    assert first_caught(nullcontext(), at_start=forgets_anchors) is not None


def test_missed_moments_that_pile_up_are_found() -> None:
    assert first_caught(accumulates()) is not None


def test_a_failing_world_is_made_small() -> None:
    def fails(smaller: Script) -> bool:
        return bool(wrong_with(World(smaller, at_start=forgets_anchors)))

    number = first_caught(nullcontext(), at_start=forgets_anchors)
    assert number is not None
    whole = script(number)
    least = shrunk(whole, fails)
    assert fails(least)
    assert len(least.ops) < len(whole.ops)
    assert f"seed {number}" in told(least)
