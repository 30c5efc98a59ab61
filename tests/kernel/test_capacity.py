"""Capacity: peaks, fits and first fits, against counting every second."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.kernel.capacity import Fit, Peak, first_fit, fits, full, peak
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet

SIZE = 80


def made(start: int, length: int) -> Period:
    return Period(Instant(start), Instant(min(start + length, SIZE)))


period = st.builds(made, st.integers(0, SIZE - 1), st.integers(1, 30))
periods = st.lists(period, max_size=12)


def held(chosen: list[Period], t: int) -> int:
    return sum(p.start <= t < p.end for p in chosen)


def clock(text: str) -> Period:
    """Read 09:00-10:00 as seconds of a day."""
    a, b = (int(x[:2]) * 3600 + int(x[3:]) * 60 for x in text.split("-"))
    return Period(Instant(a), Instant(b))


def test_worked_example() -> None:
    two = [clock("09:00-10:00"), clock("09:30-11:00")]
    assert fits(two, clock("10:00-10:30"), 2) == Fit(True)
    assert peak([*two, clock("10:00-10:30")]) == Peak(2, clock("09:30-10:00").start)
    refused = fits(two, clock("09:45-10:15"), 2)
    assert refused == Fit(False, clock("09:45-10:00"))
    assert peak([*two, clock("09:45-10:15")]) == Peak(3, clock("09:45-10:00").start)


@given(periods, st.none() | period)
def test_peak_equals_counting(chosen: list[Period], within: Period | None) -> None:
    a, b = (within.start, within.end) if within else (0, SIZE)
    counts = [held(chosen, t) for t in range(a, b)]
    most = max(counts)
    expected = Peak(most, Instant(a + counts.index(most)) if most else None)
    assert peak(chosen, within) == expected


@given(periods, period, st.integers(1, 4))
def test_fits_equals_the_peak(chosen: list[Period], new: Period, n: int) -> None:
    found = fits(chosen, new, n)
    assert found.ok is (peak([*chosen, new], new).count <= n)
    if found.over is not None:
        over = [t for t in range(new.start, new.end) if held(chosen, t) >= n]
        assert found.over.start == over[0]
        assert all(held(chosen, t) >= n for t in range(found.over.start, found.over.end))


@given(periods, period, st.integers(1, 4))
def test_full_stretches(chosen: list[Period], within: Period, n: int) -> None:
    expected = {t for t in range(within.start, within.end) if held(chosen, t) >= n}
    found = [t for p in full(chosen, within, n) for t in range(p.start, p.end)]
    assert found == sorted(expected)


@given(
    periods,
    periods,
    st.integers(1, 20),
    st.integers(1, 3),
    st.integers(0, SIZE),
    st.integers(0, SIZE),
)
def test_first_fit_equals_trying(
    chosen: list[Period], free: list[Period], duration: int, n: int, after: int, before: int
) -> None:
    opened = PeriodSet(free)
    expected = None
    for t in range(after, before - duration + 1):
        new = Period(Instant(t), Instant(t + duration))
        if fits(chosen, new, n).ok and opened.intersect(PeriodSet([new])) == PeriodSet([new]):
            expected = new
            break
    assert first_fit(chosen, duration, n, Instant(after), Instant(before), opened) == expected


def test_refusals() -> None:
    hour = clock("09:00-10:00")
    with pytest.raises(InvalidInput):
        fits([], hour, 0)
    with pytest.raises(InvalidInput):
        first_fit([], 60, 0, hour.start, hour.end, PeriodSet([hour]))
    with pytest.raises(InvalidInput):
        first_fit([], 0, 1, hour.start, hour.end, PeriodSet([hour]))
    assert peak([]) == Peak(0, None)
