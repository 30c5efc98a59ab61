"""All questions about a schedule agree, wherever they are asked from."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from random import Random

import pytest
from tests.kernel.scale import cases
from tests.kernel.schedules import dues
from tests.kernel.test_schedule_accounting import START, random_timetable

from horarium.kernel.instant import Instant
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.tally import tally
from horarium.kernel.timetable import Timetable

SPAN = 12 * 86_400


def places(rng: Random, known: list[Instant]) -> tuple[Instant, Instant]:
    """Give two instants, often moments or their neighbours."""
    found = []
    for _ in range(2):
        if known and rng.random() < 0.5:
            found.append(rng.choice(known) + rng.choice((-1, 0, 1)))
        else:
            found.append(START + rng.randrange(-86_400, SPAN))
    first, last = sorted(min(max(t, START - 86_400), START + SPAN) for t in found)
    return Instant(first), Instant(last + 1)


@pytest.mark.parametrize("seed", range(cases(20)))
def test_answers_do_not_depend_on_the_place_of_the_question(seed: int) -> None:
    rng = Random(1000 + seed)
    for _ in range(25):
        made = random_timetable(rng)
        whole = made.moments(Instant(START - 86_400), Instant(START + SPAN + 1))
        known = dues(whole.openings)
        assert known == sorted(known)
        opened = made.open_between(Instant(START - 86_400), Instant(START + SPAN + 1))
        for _ in range(8):
            a, b = places(rng, known)
            try:
                check(made, known, opened, a, b)
            except AssertionError as error:
                raise AssertionError(f"{made.schedule} in {made.zone}: {a} {b}") from error


def check(made: Timetable, known: list[Instant], opened: PeriodSet, a: Instant, b: Instant) -> None:
    inside = known[bisect_left(known, a) : bisect_left(known, b)]
    found = made.moments(a, b)
    assert dues(found.openings) == inside
    for opening in found.openings:
        assert opening.due < opening.until
        assert opening.end is None or opening.end > opening.due
    counted = tally(made, a, b)
    assert counted.count == len(inside)
    if inside:
        assert (counted.first, counted.last) == (inside[0], inside[-1])
    assert dues(made.newest(a, b, 3)) == inside[-3:]
    later = known[bisect_right(known, a) :]
    following = made.next_after(a)
    if later:
        assert following is not None
        assert following.due == later[0]
    before = made.last_before(b)
    assert (before.due if before else None) == (known[: bisect_left(known, b)] or [None])[-1]
    assert made.open_between(a, b) == opened.clip(a, b)
    assert made.is_open(a) == opened.contains(a)


@pytest.mark.parametrize("seed", range(cases(5)))
def test_adjoining_stretches_leave_the_same_out(seed: int) -> None:
    rng = Random(2000 + seed)
    for _ in range(25):
        made = random_timetable(rng)
        edges = sorted({START, START + SPAN, *(START + rng.randrange(SPAN) for _ in range(6))})
        parts = [made.moments(Instant(a), Instant(b)).skipped for a, b in pairwise(edges)]
        whole = made.moments(START, Instant(START + SPAN)).skipped
        assert made.left_out(START, Instant(START + SPAN)) == whole or made.schedule.jitter
        assert sum(s.count for part in parts for s in part) == sum(s.count for s in whole)
