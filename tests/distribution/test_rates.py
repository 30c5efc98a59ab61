"""Rates and sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.distribution.rates import (
    LEAST_RATE,
    MOST_RATE,
    RateGrid,
    read_grid,
    read_rate,
    read_size,
    write_rate,
    write_size,
)
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.kernel.zone import Zone, named

from .realms import at


@pytest.mark.parametrize(
    ("written", "rate"),
    [
        ("2Mbit", 250_000), ("512KiB", 524_288), ("1Gbit", 125_000_000), ("16 kbit/s", 2_000),
        ("unlimited", None), (1024, 1024), ("4096", 4096), ("3MiB/s", 3 << 20), ("1gib", 1 << 30),
    ],
)  # fmt: skip
def test_rates_are_read(written: object, rate: int | None) -> None:
    assert read_rate(written) == rate


@pytest.mark.parametrize("written", ["8kbit", 1023, 0, -1, True, None, "2MB/s", "fast", "", "1e9"])
def test_what_is_no_rate_is_refused(written: object) -> None:
    with pytest.raises(InvalidInput):
        read_rate(written)


@given(st.integers(LEAST_RATE, MOST_RATE) | st.none())
def test_a_written_rate_is_read_again(rate: int | None) -> None:
    assert read_rate(write_rate(rate)) == rate


@given(st.integers(0, 1 << 50))
def test_a_written_size_is_read_again(size: int) -> None:
    assert read_size(write_size(size)) == size


@pytest.mark.parametrize(
    "line",
    ["Mon 10-11 2Mbit", "Mon 10:00-11:00", "10:00-11:00 8kbit", "Mon 25:00-26:00 0", "", "a b c d",
     "Xyz 10:00-11:00 0", "Mon 10:00-11:00 -1"],
)  # fmt: skip
def test_what_is_no_line_of_a_grid_is_refused(line: str) -> None:
    with pytest.raises(InvalidInput, match=r"is no line like|at least"):
        read_grid((line,))


LINES = st.builds(
    lambda day, start, length, rate: (
        f"{day} {start // 60:02}:{start % 60:02}-"
        f"{(start + length) % 1440 // 60:02}:{(start + length) % 60:02} {rate}"
    ),
    st.sampled_from(["Mon", "Mon-Fri", "Sat,Sun", "Mon-Sun"]),
    st.integers(0, 1439),
    st.integers(1, 1440),
    st.sampled_from(["0", "2Mbit", "unlimited", "512KiB"]),
)


def rate_at(grid: RateGrid, t: Instant, zone: Zone) -> int | None:
    """The rate of the last line that has an instant, as people read a grid."""
    for line in reversed(grid.lines):
        if line.window.open_between(t, Instant(t + 1), zone):
            return line.rate
    return None


@given(
    lines=st.lists(LINES, max_size=5),
    t=st.integers(0, 4 * 86_400),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Tokyo"]),
)
def test_stretches_closed_cells_and_single_instants_agree(
    lines: list[str], t: int, zone: str
) -> None:
    grid: RateGrid = read_grid(tuple(lines))
    # Over the night in which Berlin's clocks go forward.
    start = at("2026-03-27T00:00Z")
    end, now, where = Instant(start + 4 * 86_400), Instant(start + t), named(zone)
    rate = rate_at(grid, now, where)
    stretches = grid.rates_between(start, end, where)
    if now < end:
        assert [found for period, found in stretches if period.contains(now)] == [rate]
        assert grid.open_between(start, end, where).contains(now) == (rate != 0)
    assert sum(period.seconds for period, _ in stretches) == end - start
