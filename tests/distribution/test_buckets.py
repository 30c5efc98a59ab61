"""Rates: no five seconds see more than three hundredths over the rate, whatever is asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from horarium.distribution.buckets import BURST_SECONDS, LEAST_BURST, Bucket

WINDOW = 5.0
RATES = st.integers(200_000, 200_000_000)


def most_in_a_window(going: list[tuple[float, int]]) -> int:
    """The most octets in any five seconds that begin with one of them going."""
    best, total, first = 0, 0, 0
    for at, octets in going:
        total += octets
        while at - going[first][0] >= WINDOW:
            total -= going[first][1]
            first += 1
        best = max(best, total)
    return best


@st.composite
def askings(draw: st.DrawFn) -> tuple[int, list[tuple[float, float]]]:
    """A rate, and pieces as shares of a burst with pauses before them, in seconds."""
    rate = draw(RATES)
    share = st.floats(0.01, 1.0)
    pause = st.one_of(st.just(0.0), st.floats(0.0, 0.3), st.floats(1.0, 20.0))
    return rate, draw(st.lists(st.tuples(share, pause), min_size=20, max_size=200))


@given(askings())
def test_any_five_seconds_keep_the_rate(asked: tuple[int, list[tuple[float, float]]]) -> None:
    rate, pieces = asked
    bucket, now, going = Bucket(rate), 0.0, list[tuple[float, int]]()
    for share, pause in pieces:
        now += pause
        octets = max(1, int(bucket.burst * share))
        now += bucket.take(octets, now)
        going.append((now, octets))
    # At least a buffer may go at once, which counts where the rate is small.
    assert most_in_a_window(going) <= max(1.03 * rate * WINDOW, rate * WINDOW + 2 * LEAST_BURST)


@given(RATES, st.integers(1, 8))
def test_several_that_share_it_get_the_rate_together_and_like_shares(rate: int, flows: int) -> None:
    bucket = Bucket(rate)
    free, sent = [0.0] * flows, [0] * flows
    while min(free) < 20.0:
        flow = free.index(min(free))
        octets = int(bucket.burst)
        free[flow] += bucket.take(octets, free[flow])
        sent[flow] += octets
    assert abs(sum(sent) / 20.0 - rate) <= 0.03 * rate + flows * bucket.burst / 20
    assert max(sent) - min(sent) <= 2 * bucket.burst


def test_without_a_rate_nothing_waits() -> None:
    bucket = Bucket(None)
    assert bucket.take(1 << 40, 0.0) == 0.0
    bucket.give_back(5)
    assert bucket.level == 0.0


def test_a_pause_is_worth_one_burst() -> None:
    bucket = Bucket(1_000_000)
    assert bucket.burst == 1_000_000 * BURST_SECONDS
    bucket.take(100_000, 0.0)
    assert bucket.take(100_000, 3_600.0) == 0.0
    assert bucket.take(100_000, 3_600.0) == 0.1


def test_what_did_not_go_is_given_back() -> None:
    bucket = Bucket(1_000_000)
    bucket.take(100_000, 0.0)
    assert bucket.take(50_000, 0.0) == 0.05
    bucket.give_back(50_000)
    assert bucket.take(50_000, 0.0) == 0.05


def test_another_rate_holds_from_now_on() -> None:
    bucket = Bucket(1_000_000)
    bucket.take(600_000, 0.0)
    bucket.change(100_000, 0.0)
    # Half a second was owed, and is still.
    assert bucket.take(0, 0.0) == 0.5
    bucket.change(None, 0.1)
    assert bucket.take(1 << 30, 0.1) == 0.0
    bucket.change(100_000, 0.2)
    assert bucket.take(10_000, 0.2) == 0.1
