"""The algebra of period sets, against a bitmap of seconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import EMPTY, PeriodSet

SIZE = 120
periods = st.lists(
    st.tuples(st.integers(0, SIZE - 1), st.integers(1, 30)).map(
        lambda p: Period(Instant(p[0]), Instant(min(p[0] + p[1], SIZE)))
    ),
    max_size=12,
)
sets = periods.map(PeriodSet)
WITHIN = Period(Instant(0), Instant(SIZE))


def bitmap(chosen: object) -> int:
    """Give one bit per second that is covered."""
    found = 0
    for p in chosen:  # type: ignore[attr-defined]
        found |= ((1 << p.seconds) - 1) << p.start
    return found


@given(periods)
def test_construction(chosen: list[Period]) -> None:
    made = PeriodSet(chosen)
    assert bitmap(made) == bitmap(chosen)
    assert list(made) == sorted(made)
    for a, b in zip(list(made), list(made)[1:], strict=False):
        assert a.end < b.start
    assert PeriodSet.from_sorted(sorted(chosen)) == made
    assert len(made) == len(list(made)) == len(made.periods())
    assert made.total() == bitmap(chosen).bit_count()


@given(sets, sets)
def test_operations_equal_the_bitmap(a: PeriodSet, b: PeriodSet) -> None:
    x, y = bitmap(a), bitmap(b)
    assert bitmap(a.union(b)) == x | y
    assert bitmap(a.intersect(b)) == x & y
    assert bitmap(a.subtract(b)) == x & ~y
    assert bitmap(a.gaps(WITHIN)) == ~x & ((1 << SIZE) - 1)
    for made in (a.union(b), a.intersect(b), a.subtract(b), a.gaps(WITHIN)):
        assert PeriodSet(made) == made


@given(sets, sets, sets)
def test_laws(a: PeriodSet, b: PeriodSet, c: PeriodSet) -> None:
    assert a.subtract(b) == a.intersect(b.gaps(WITHIN))
    assert a.union(b) == b.union(a)
    assert a.intersect(b) == b.intersect(a)
    assert a.union(b.union(c)) == a.union(b).union(c)
    assert a.intersect(b.intersect(c)) == a.intersect(b).intersect(c)
    assert a.union(a) == a == a.intersect(a)
    assert a.total() + b.total() == a.union(b).total() + a.intersect(b).total()
    assert a.gaps(WITHIN).gaps(WITHIN) == a.clip(WITHIN.start, WITHIN.end)
    assert a.union(EMPTY) == a
    assert a.intersect(EMPTY) == EMPTY == a.subtract(a)


@given(sets, st.integers(0, SIZE), st.integers(0, SIZE))
def test_clip_and_contains(a: PeriodSet, lo: int, hi: int) -> None:
    window = ((1 << max(hi - lo, 0)) - 1) << lo
    assert bitmap(a.clip(Instant(lo), Instant(hi))) == bitmap(a) & window
    assert a.contains(Instant(lo)) is bool(bitmap(a) >> lo & 1)


@given(sets, st.integers(1, 40), st.integers(0, SIZE), st.integers(0, SIZE))
def test_first_gap(a: PeriodSet, duration: int, after: int, before: int) -> None:
    free = ~bitmap(a)
    wanted = (1 << duration) - 1
    expected = next(
        (t for t in range(after, before - duration + 1) if free >> t & wanted == wanted), None
    )
    found = a.first_gap(duration, Instant(after), Instant(before))
    assert (found.start if found else None) == expected
    assert found is None or found.seconds == duration


def test_refusals_and_values() -> None:
    with pytest.raises(InvalidInput):
        EMPTY.first_gap(0, Instant(0), Instant(9))
    with pytest.raises(InvalidInput):
        PeriodSet.from_sorted([Period(Instant(5), Instant(6)), Period(Instant(1), Instant(2))])
    one = PeriodSet([Period(Instant(1), Instant(2)), Period(Instant(2), Instant(3))])
    assert list(one) == [Period(Instant(1), Instant(3))]
    assert hash(one) == hash(PeriodSet([Period(Instant(1), Instant(3))]))
    assert one != 3
    assert "Period(" in repr(one)
