"""Staged release: from ring to ring while it does well; it stops by itself when it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from horarium.distribution.messages import Row
from horarium.distribution.realm import Ring
from horarium.distribution.staged import (
    Health,
    Pause,
    Phase,
    Staged,
    advance,
    begun,
    health,
    paused,
    resumed,
)
from horarium.kernel.instant import Instant, parse_instant

NOW = parse_instant("2026-11-21T08:00:00Z")
HOUR = 3_600
RINGS = [
    Ring("pilot", 24 * HOUR, max_failures=0),
    Ring("branches", 48 * HOUR, max_failures=0.02, proven=0.5),
]
WELL = [Health(2, (), 1), Health(100, (), 50), Health(7, (), 0)]


def later(hours: float) -> Instant:
    return Instant(NOW + int(hours * HOUR))


def test_a_new_version_goes_to_the_first_ring_and_on_when_the_soak_is_over() -> None:
    staged = begun(NOW)
    assert advance(staged, RINGS, WELL, later(23.9)).rings == 1
    second = advance(staged, RINGS, WELL, later(24))
    assert (second.phase, second.rings) == (Phase.GOING, 2)
    assert advance(second, RINGS, WELL, later(24 + 47.9)).rings == 2
    done = advance(second, RINGS, WELL, later(24 + 48))
    assert (done.phase, done.rings) == (Phase.DONE, 3)


def test_a_new_version_of_a_channel_that_is_held_waits_before_the_first_ring() -> None:
    waits = begun(later(1), Pause("ada", NOW))
    assert (waits.phase, waits.reason) == (
        Phase.PAUSED,
        "release_paused(ada, 2026-11-21T08:00:00Z)",
    )
    assert advance(waits, RINGS, WELL, later(100)) == waits
    going = resumed(waits, WELL, later(50))
    assert advance(going, RINGS, WELL, later(73.9)).rings == 1
    assert advance(going, RINGS, WELL, later(74)).rings == 2


def test_what_is_waited_for_is_told_with_its_instant() -> None:
    waits = advance(begun(NOW), RINGS, WELL, later(1))
    assert waits.reason == "ring_waits(1, 2026-11-22T08:00:00Z)"


def test_a_ring_without_a_receiver_that_has_it_in_use_proves_nothing() -> None:
    unproven = [Health(2, (), 0), *WELL[1:]]
    waits = advance(begun(NOW), RINGS, unproven, later(1_000))
    assert (waits.rings, waits.reason) == (1, "ring_unproven(1)")


def test_a_share_of_the_ring_has_to_prove_it() -> None:
    second = Staged(Phase.GOING, 2, 0, NOW)
    few = [WELL[0], Health(100, (), 49), WELL[2]]
    assert advance(second, RINGS, few, later(48)).rings == 2
    assert advance(second, RINGS, WELL, later(48)).rings == 3


@pytest.mark.parametrize(("failed", "halts"), [(2, False), (3, True)])
def test_more_failures_than_may_be_halt_it_at_once(failed: int, halts: bool) -> None:
    second = Staged(Phase.GOING, 2, 0, NOW)
    bad = [WELL[0], Health(100, tuple(f"s{n}" for n in range(failed)), 50), WELL[2]]
    found = advance(second, RINGS, bad, later(1))
    assert (found.phase is Phase.HALTED) is halts
    if halts:
        assert "3 failed, 2 may" in found.reason


def test_a_failure_in_a_ring_that_is_passed_halts_it_too() -> None:
    second = Staged(Phase.GOING, 2, 0, NOW)
    assert advance(second, RINGS, [Health(2, ("a",), 1), *WELL[1:]], later(1)).phase is Phase.HALTED


def test_the_soak_stands_still_while_a_release_is_held() -> None:
    held = paused(begun(NOW), later(10), Pause("ada", later(10)))
    assert advance(held, RINGS, WELL, later(1_000)) == held
    assert held.reason == "release_paused(ada, 2026-11-21T18:00:00Z)"
    on = resumed(held, WELL, later(100))
    assert advance(on, RINGS, WELL, later(100 + 13.9)).rings == 1
    assert advance(on, RINGS, WELL, later(100 + 14)).rings == 2


def test_whoever_resumes_after_a_halt_accepts_what_failed_and_no_more() -> None:
    bad = [Health(2, ("a",), 1), *WELL[1:]]
    halted = advance(begun(NOW), RINGS, bad, later(1))
    assert halted.phase is Phase.HALTED
    on = resumed(halted, bad, later(2))
    assert advance(on, RINGS, bad, later(3)).phase is Phase.GOING
    worse = [Health(2, ("a", "b"), 0), *WELL[1:]]
    assert advance(on, RINGS, worse, later(3)).phase is Phase.HALTED


def test_health_counts_who_failed_for_good_or_whose_own_check_failed() -> None:
    def row(name: str, state: str, reason: str = "") -> Row:
        return Row(name, "docs", 2, state, NOW, 1, reason)

    rows = {
        row.subscriber: row
        for row in (
            row("well", "extracted"),
            row("ill", "extracted", "unhealthy(status 1)"),
            row("tries", "extract_failed", "attempt 1, again at 2026-11-21T08:01:00Z: x"),
            row("failed", "extract_failed", "gave up until the next firing: x"),
            row("coming", "receiving"),
        )
    }
    found = health(["well", "ill", "tries", "failed", "coming", "silent"], rows)
    assert found == Health(6, ("failed", "ill"), 1)
    assert replace(found, failed=()).extracted == 1
