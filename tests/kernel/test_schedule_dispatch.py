"""Random dispatch: the same place for ever, another for every object and date."""

from __future__ import annotations

import pytest
from tests.kernel.schedules import at, dues, local, timetable

from horarium.kernel.dispatch import offset
from horarium.kernel.instant import Instant
from horarium.kernel.schedule_parts import read_date, write_date


@pytest.mark.parametrize(
    ("object_id", "date", "seconds", "clock"),
    [
        ("channel:nightly", "2026-03-02", 5134, "02:25:34"),
        ("channel:nightly", "2026-03-03", 5573, "02:32:53"),
        ("channel:weekly", "2026-03-02", 2713, "01:45:13"),
    ],
)
def test_vectors(object_id: str, date: str, seconds: int, clock: str) -> None:
    assert offset(7200, "house", object_id, date) == seconds
    start = at(f"{date}T00:00Z")
    made = timetable("daily window 01:00-03:00 random window", object_id=object_id, seed="house")
    (opening,) = made.moments(start, Instant(start + 86_400)).openings
    assert local(opening.due, "UTC")[11:19] == clock
    assert opening.window is not None
    assert (opening.window.start, opening.until) == (start + 3600, start + 3 * 3600)
    (opened,) = made.open_between(start, Instant(start + 86_400))
    assert (opened.start, opened.end) == (opening.due, start + 3 * 3600)


def test_the_seed_of_the_schedule_comes_before_that_of_the_house() -> None:
    own = timetable("daily window 01:00-03:00 random window seed house", seed="another")
    house = timetable("daily window 01:00-03:00 random window", seed="house")
    other = timetable("daily window 01:00-03:00 random window", seed="another")
    week = at("2026-03-02T00:00Z"), at("2026-03-09T00:00Z")
    assert dues(own.moments(*week).openings) == dues(house.moments(*week).openings)
    assert dues(own.moments(*week).openings) != dues(other.moments(*week).openings)


def test_offsets_are_spread_evenly() -> None:
    """Chi-square in 24 bins over fixed names; 49.73 is the value at p = 0.001 for 23 degrees."""
    bins = [0] * 24
    for n in range(10_000):
        bins[offset(86_400, "house", f"object:{n}", "2026-03-02") // 3600] += 1
    mean = 10_000 / 24
    assert sum((count - mean) ** 2 / mean for count in bins) < 49.73
    assert min(offset(1, "s", str(n), "d") for n in range(100)) == 0
    assert max(offset(1, "s", str(n), "d") for n in range(100)) == 0


def test_a_grid_starts_at_the_random_first_run() -> None:
    made = timetable("daily window 01:00-03:00 every 30m random window", seed="house")
    for day in range(read_date("2026-03-02"), read_date("2026-03-12")):
        start = day * 86_400
        found = dues(made.moments(Instant(start), Instant(start + 86_400)).openings)
        first = start + 3600 + offset(7200, "house", "", write_date(day))
        assert found == list(range(first, start + 3 * 3600, 1800))


def test_a_delay_on_a_grid_is_drawn_for_every_moment() -> None:
    made = timetable("periodic 01:00 random 2h", "2026-03-02T00:00Z", seed="house", object_id="x")
    start = made.circumstances.activation
    found = dues(made.moments(start, Instant(start + 86_400)).openings)
    base = [start + 3600 * k for k in range(24)]
    every = sorted(t + offset(7200, "house", "x", str(t)) for t in base)
    assert found == [t for t in every if t < start + 86_400]
    assert sorted(found) == found
    t, walked = Instant(start - 1), []
    while (opening := made.next_after(t)) is not None and opening.due < start + 86_400:
        t = opening.due
        walked.append(t)
    assert walked == found


def test_a_delay_on_a_date_is_drawn_for_the_date() -> None:
    made = timetable("daily start 09:00 random 15m", seed="house", object_id="x")
    start = at("2026-03-02T00:00Z")
    (opening,) = made.moments(start, Instant(start + 86_400)).openings
    assert opening.due == start + 9 * 3600 + offset(900, "house", "x", "2026-03-02")
    assert opening.notes == ("jitter",)


def test_the_length_of_a_window_is_that_of_its_date() -> None:
    """On a day of 23 hours the window from 01:00 to 05:00 has three."""
    made = timetable("daily window 01:00-05:00 random window zone Europe/Paris", seed="house")
    start = at("2027-03-27T23:00Z")
    (opening,) = made.moments(start, Instant(start + 82_800)).openings
    assert opening.due == start + 3600 + offset(3 * 3600, "house", "", "2027-03-28")
