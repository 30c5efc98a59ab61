"""When refreshes, builds and extractions fire, and channels walk."""

from __future__ import annotations

import pytest

from horarium.distribution.schedules import Act, Given, fast_refresh, mapped, read_schedule
from horarium.distribution.timing import timetable_for
from horarium.kernel.decision import due
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.schedule_writing import format_schedule
from horarium.kernel.timetable import Timetable

from .realms import FILES, at, realm, small


def fired(timetable: Timetable, start: str, end: str) -> list[str]:
    found = timetable.moments(at(start), at(end)).openings
    return [format_instant(opening.due) for opening in found]


def test_a_daily_repeat_of_an_hour_fires_23_times_from_one_to_midnight() -> None:
    build = {"type": "daily", "start": "01:00", "end": "24:00", "repeat": "1h"}
    found = realm("UTC", distributor={"hq": {}}, distribution={"d": {**FILES, "build": build}})
    timetable = timetable_for(found, Act.BUILD, "d", Given(at("2026-03-01T00:00Z")))
    firings = fired(timetable, "2026-03-02T00:00Z", "2026-03-03T00:00Z")
    assert [text[11:16] for text in firings] == [f"{hour:02}:00" for hour in range(1, 24)]


def test_a_thousand_random_extractions_spread_over_their_window() -> None:
    extract = {"type": "daily", "start": "01:00", "end": "05:00", "random": True}
    names = [f"s{number}" for number in range(1000)]
    found = realm("UTC", "a seed", subscriber={name: {"extract": extract} for name in names})

    def chosen() -> list[int]:
        given = Given(at("2026-03-01T00:00Z"))
        tables = (timetable_for(found, Act.EXTRACT, name, given) for name in names)
        openings = [table.next_after(at("2026-03-02T00:00Z")) for table in tables]
        return [opening.due for opening in openings if opening is not None]

    first = chosen()
    assert len(first) == 1000
    assert first == chosen()
    start = at("2026-03-02T01:00Z")
    deciles = [(instant - start) // (24 * 60) for instant in first]
    assert all(60 <= deciles.count(decile) <= 140 for decile in range(10))


def test_a_build_immediately_is_at_every_refresh_and_then_repeats() -> None:
    refreshes = {"refresh": (at("2026-03-02T18:00Z"), at("2026-03-03T18:00Z"))}
    given = Given(at("2026-03-01T00:00Z"), signals=refreshes)
    once = small(distribution={"intranet": {**FILES, "build": "immediately"}})
    timetable = timetable_for(once, Act.BUILD, "intranet", given)
    assert format_schedule(timetable.schedule).startswith("on refresh")
    assert fired(timetable, "2026-03-01T00:00Z", "2026-03-05T00:00Z") == [
        "2026-03-02T18:00:00Z", "2026-03-03T18:00:00Z",
    ]  # fmt: skip
    again = small(distribution={"intranet": {**FILES, "build": "immediately every 2h"}})
    timetable = timetable_for(again, Act.BUILD, "intranet", given)
    assert fired(timetable, "2026-03-03T17:00Z", "2026-03-03T23:00Z") == [
        "2026-03-03T18:00:00Z", "2026-03-03T20:00:00Z", "2026-03-03T22:00:00Z",
    ]  # fmt: skip
    silent = timetable_for(again, Act.BUILD, "intranet", Given(at("2026-03-01T00:00Z")))
    assert silent.next_after(at("2026-03-01T00:00Z")) is None


def test_an_extraction_immediately_waits_for_the_next_verified_version() -> None:
    found = small(subscriber={"s1": {"extract": "immediately"}})
    verified = at("2026-03-02T18:00:07Z")
    given = Given(at("2026-03-01T00:00Z"), signals={"verified": (verified,)})
    timetable = timetable_for(found, Act.EXTRACT, "s1", given)
    runs = due(timetable, Instant(verified - 1), verified).runs
    assert [(run.due, run.reason) for run in runs] == [(verified, "on_time")]


def test_a_refresh_immediately_is_at_the_start_of_the_process() -> None:
    started = at("2026-03-02T10:00:05Z")
    found = realm(distributor={"hq": {"refresh": "immediately every 6h"}})
    timetable = timetable_for(found, Act.REFRESH, "hq", Given(started))
    assert fired(timetable, "2026-03-02T10:00Z", "2026-03-02T23:00Z") == [
        "2026-03-02T10:00:05Z", "2026-03-02T16:00:05Z", "2026-03-02T22:00:05Z",
    ]  # fmt: skip


def test_a_window_without_an_end_lasts_until_24_00_of_its_day() -> None:
    found = realm("UTC", distributor={"hq": {"refresh": "daily start 18:00"}})
    timetable = timetable_for(found, Act.REFRESH, "hq", Given(at("2026-03-02T20:00Z")))
    opening = timetable.next_after(at("2026-03-02T19:00Z"))
    assert opening is not None
    assert (opening.due, opening.until) == (at("2026-03-02T20:00Z"), at("2026-03-03T00:00Z"))


def test_a_missed_firing_runs_late_inside_its_window_only() -> None:
    build = {"type": "daily", "start": "01:00", "end": "05:00"}
    found = realm("UTC", distributor={"hq": {}}, distribution={"d": {**FILES, "build": build}})
    for read, expected in (("03:00", "2026-03-02T03:00:00Z"), ("06:00", "2026-03-03T01:00:00Z")):
        since = at(f"2026-03-02T{read}Z")
        timetable = timetable_for(found, Act.BUILD, "d", Given(since))
        opening = timetable.next_after(Instant(since - 1))
        assert opening is not None
        assert format_instant(opening.due) == expected


def test_a_random_beginning_that_has_passed_is_now() -> None:
    extract = {"type": "daily", "start": "01:00", "end": "05:00", "random": True}
    found = realm("UTC", subscriber={"s1": {"extract": extract}})
    day = timetable_for(found, Act.EXTRACT, "s1", Given(at("2026-03-01T00:00Z")))
    chosen = day.next_after(at("2026-03-02T00:00Z"))
    assert chosen is not None
    assert "random" in chosen.notes
    late = Instant(chosen.due + 60)
    opening = timetable_for(found, Act.EXTRACT, "s1", Given(late)).next_after(Instant(late - 1))
    assert opening is not None
    assert opening.due == late


@pytest.mark.parametrize("night", ["2026-03-29", "2026-10-25"])
def test_a_day_fires_once_in_a_night_when_clocks_change(night: str) -> None:
    extract = {"type": "daily", "start": "02:30", "end": "04:00"}
    found = realm(subscriber={"s1": {"extract": extract}})
    timetable = timetable_for(found, Act.EXTRACT, "s1", Given(at("2026-01-01T00:00Z")))
    assert len(fired(timetable, f"{night}T00:00Z", f"{night}T12:00Z")) == 1


def test_the_start_of_a_window_in_a_gap_is_its_end() -> None:
    found = realm(subscriber={"s1": {"extract": {"type": "daily", "start": "02:30"}}})
    timetable = timetable_for(found, Act.EXTRACT, "s1", Given(at("2026-01-01T00:00Z")))
    assert fired(timetable, "2026-03-29T00:00Z", "2026-03-29T12:00Z") == ["2026-03-29T01:00:00Z"]


def test_each_schedule_goes_by_the_clock_of_its_owner() -> None:
    keys = {"refresh": "daily start 18:00", "zone": "Asia/Tokyo"}
    found = small(
        distributor={"hq": keys},
        distribution={"intranet": {**FILES, "build": "daily start 19:00"}},
        subscriber={"s1": {"extract": "daily start 18:00", "zone": "Europe/Lisbon"}},
        channel={"night": {"send": "daily start 20:00 zone owner", "distributions": ["intranet"]}},
    )
    given = Given(at("2026-01-15T00:00Z"))
    tables = (
        timetable_for(found, Act.REFRESH, "hq", given),
        timetable_for(found, Act.BUILD, "intranet", given),
        timetable_for(found, Act.SEND, "night", given, distributor="hq"),
        timetable_for(found, Act.EXTRACT, "s1", given),
    )
    nexts = [table.next_after(at("2026-01-16T01:00Z")) for table in tables]
    assert [format_instant(one.due)[11:16] for one in nexts if one] == [
        "09:00", "10:00", "11:00", "18:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("act", "written", "part"),
    [
        (Act.EXTRACT, {"type": "daily", "start": "01:00", "zone": "receiver"}, "zone"),
        (Act.BUILD, {"type": "daily", "start": "01:00", "zone": "Middle/Earth"}, "zone"),
        (Act.REFRESH, {"type": "interval", "every": "1h", "random": True}, "random"),
        (Act.SEND, {"type": "periodic", "every": "01:00"}, "for"),
        (Act.SEND, {"type": "cron", "cron": "0 2 * * *"}, "for"),
        (Act.SEND, {"type": "on", "signal": "refresh"}, "for"),
        (Act.SEND, {"type": "rrule", "rrule": "DTSTART:20260105T090000\nRRULE:FREQ=DAILY"}, "for"),
        (Act.SEND, {"type": "immediately", "for": "1h"}, "for"),
        (Act.BUILD, {"type": "on", "signal": "verified"}, "signal"),
        (Act.BUILD, {"type": "daily", "start": "01:00", "except": ["holidays"]}, "except"),
    ],
)
def test_what_means_nothing_to_its_owner_is_refused(
    act: Act, written: dict[str, object], part: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_schedule(act, written)
    assert caught.value.part == part


@pytest.mark.parametrize(
    "written",
    [
        {"type": "daily", "start": "18:00", "random": True},
        "daily start 18:00 random window",
    ],
)
def test_a_random_beginning_needs_no_end_here(written: object) -> None:
    found = mapped(Act.REFRESH, read_schedule(Act.REFRESH, written), "UTC")
    assert format_schedule(found) == (
        "daily window 18:00-24:00 zone UTC random window on_crash rerun"
    )


@pytest.mark.parametrize(
    ("written", "gap"),
    [
        ("interval 4m", 240),
        ("interval 5m", None),
        ("daily start 18:00", None),
        ("daily window 18:00-20:00 every 60s", 60),
        ("daily window 00:00-24:00 every 23h58m", 120),
        ('cron "*/5 * * * *"', None),
        ('cron "0,2 6 * * *"', 120),
        ("immediately every 10s", 10),
        ("immediately", None),
        ("on start", None),
        ("never", None),
    ],
)
def test_refreshes_closer_than_five_minutes_are_seen(written: str, gap: int | None) -> None:
    assert fast_refresh(read_schedule(Act.REFRESH, written)) == gap
