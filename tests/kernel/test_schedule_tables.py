"""When the moments of each type are: changes of the clocks, leap days, windows, gates."""

from __future__ import annotations

import pytest
from tests.kernel.schedules import at, dues, local, midnight, on, timetable

from horarium.kernel.errors import InvalidInput, LimitReached
from horarium.kernel.excepted import Exceptions
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.moment import Reason
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.timetable import Timetable

PARIS = "Europe/Paris"
GAP, FOLD = "2027-03-28", "2026-10-25"


@pytest.mark.parametrize(
    ("text", "gap", "fold"),
    [
        (
            'rrule "DTSTART:20260101T023000 RRULE:FREQ=DAILY"',
            ["03:30+02"],
            ["02:30+02"],
        ),
        ("daily start 02:30", ["03:00+02"], ["02:30+02"]),
        ("daily start 02:30 fold both", ["03:00+02"], ["02:30+02", "02:30+01"]),
        ("daily start 02:30 fold last", ["03:00+02"], ["02:30+01"]),
        ("daily start 02:30 gap shift", ["03:30+02"], ["02:30+02"]),
        ("daily start 02:30 gap skip", [], ["02:30+02"]),
        (
            'cron "30 1-4 * * *"',
            ["01:30+01", "03:00+02", "03:30+02", "04:30+02"],
            ["01:30+02", "02:30+02", "03:30+01", "04:30+01"],
        ),
        ('cron "*/30 2 * * *"', [], ["02:00+02", "02:30+02", "02:00+01", "02:30+01"]),
        (
            "daily window 01:00-05:00 every 1h",
            ["01:00+01", "03:00+02", "04:00+02"],
            ["01:00+02", "02:00+02", "02:00+01", "03:00+01", "04:00+01"],
        ),
        ("daily window 02:10-02:50", [], ["02:10+02"]),
    ],
)
def test_changes_of_the_clocks(text: str, gap: list[str], fold: list[str]) -> None:
    made = timetable(f"{text} zone {PARIS}")
    assert on(made, GAP, PARIS) == gap
    assert on(made, FOLD, PARIS) == fold


@pytest.mark.parametrize(
    ("text", "day", "open_time"),
    [
        ("daily window 01:00-05:00", GAP, [("2027-03-28T00:00:00Z", "2027-03-28T03:00:00Z")]),
        ("daily window 01:00-05:00", FOLD, [("2026-10-24T23:00:00Z", "2026-10-25T04:00:00Z")]),
        ("daily window 02:10-02:50", GAP, []),
        ("daily window 02:10-02:50", FOLD, [("2026-10-25T00:10:00Z", "2026-10-25T01:50:00Z")]),
        ("daily window 00:00-24:00", FOLD, [("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")]),
        ("daily SA window 22:00-06:00", GAP, [("2027-03-27T23:00:00Z", "2027-03-28T04:00:00Z")]),
        ("daily SU window 22:00-06:00", GAP, [("2027-03-28T20:00:00Z", "2027-03-28T22:00:00Z")]),
    ],
)
def test_open_time_across_changes(text: str, day: str, open_time: list[tuple[str, str]]) -> None:
    made = timetable(f"{text} zone {PARIS}")
    assert spans(made, midnight(day, PARIS), midnight(day, PARIS, 1)) == open_time


def spans(made: Timetable, start: Instant, end: Instant) -> list[tuple[str, str]]:
    return [(format_instant(p.start), format_instant(p.end)) for p in made.open_between(start, end)]


def test_what_a_gap_leaves_out_is_told() -> None:
    day = midnight(GAP, PARIS), midnight(GAP, PARIS, 1)
    for text, reason in (
        ('cron "*/30 2 * * *"', Reason.IN_GAP),
        ("daily start 02:30 gap skip", Reason.IN_GAP),
        ("daily window 02:10-02:50", Reason.WINDOW_IN_GAP),
    ):
        (skip,) = timetable(f"{text} zone {PARIS}").moments(*day).skipped
        assert (skip.date, skip.reason) == (GAP, reason)


def test_notes_mark_gap_fold_and_merged() -> None:
    made = timetable(f'cron "0,30 2 * * *" zone {PARIS}')
    (opening,) = made.moments(midnight(GAP, PARIS), midnight(GAP, PARIS, 1)).openings
    assert opening.notes == ("gap", "merged")
    folded = made.moments(midnight(FOLD, PARIS), midnight(FOLD, PARIS, 1)).openings
    assert [o.notes for o in folded] == [("fold",), ("fold",)]


def test_a_grid_knows_no_clock_change() -> None:
    made = timetable(f"interval 6h zone {PARIS}", "2027-03-27T18:00Z")
    assert on(made, GAP, PARIS) == ["01:00+01", "08:00+02", "14:00+02", "20:00+02"]
    made = timetable(f"interval 6h zone {PARIS}", "2026-10-24T18:00Z")
    assert on(made, FOLD, PARIS) == ["02:00+02", "07:00+01", "13:00+01", "19:00+01"]


BERLIN = "Europe/Berlin"


def test_days_of_the_clock_change_in_berlin() -> None:
    daily = timetable(f"daily start 02:30 zone {BERLIN}")
    assert dues(daily.moments(at("2026-03-28T23:00Z"), at("2026-03-29T22:00Z")).openings) == [
        at("2026-03-29T01:00Z")
    ]
    assert dues(daily.moments(at("2026-10-24T22:00Z"), at("2026-10-25T23:00Z")).openings) == [
        at("2026-10-25T00:30Z")
    ]
    series = timetable(f'rrule "DTSTART:20260101T023000 RRULE:FREQ=DAILY" zone {BERLIN}')
    assert on(series, "2026-03-29", BERLIN) == ["03:30+02"]
    assert on(series, "2026-10-25", BERLIN) == ["02:30+02"]
    for day in ("2026-03-28", "2026-10-24"):
        start = Instant(midnight(day, BERLIN) + 13 * 3600 + 900)
        hourly = timetable(f"periodic 01:00 zone {BERLIN}", start)
        found = hourly.moments(start, Instant(start + 86_400)).openings
        assert dues(found) == [start + 3600 * k for k in range(24)]


@pytest.mark.parametrize(
    ("zone", "day", "text", "expected"),
    [
        ("Australia/Lord_Howe", "2026-10-04", "daily start 02:15", ["02:30+11"]),
        ("Australia/Lord_Howe", "2026-10-04", "daily start 02:15 gap shift", ["02:45+11"]),
        (
            "Australia/Lord_Howe",
            "2027-04-04",
            "daily start 01:45 fold both",
            ["01:45+11", "01:45+10:30"],
        ),
        ("Asia/Beirut", "2027-03-28", "daily start 00:00", ["01:00+03"]),
        ("Asia/Beirut", "2027-03-28", "daily start 00:30 gap skip", []),
        ("America/New_York", "2027-03-14", "daily start 02:30", ["03:00-04"]),
        ("America/New_York", "2026-11-01", "daily start 01:30 fold both", ["01:30-04", "01:30-05"]),
        (
            "America/Sao_Paulo",
            "2018-11-04",
            "daily window 00:00-24:00 every 8h",
            ["01:00-02", "09:00-02", "17:00-02"],
        ),
    ],
)
def test_other_zones(zone: str, day: str, text: str, expected: list[str]) -> None:
    made = timetable(f"{text} zone {zone}", at("2010-01-01T00:00Z"))
    assert on(made, day, zone) == expected


def test_a_date_that_a_zone_left_out() -> None:
    apia = "zone Pacific/Apia"
    days = at("2011-12-29T10:00Z"), at("2011-12-31T10:00Z")
    for text in ("daily start 02:30", 'cron "30 2 * * *"', "daily window 02:00-05:00 every 1h"):
        found = timetable(f"{text} {apia}", at("2011-01-01T00:00Z")).moments(*days)
        assert [(s.date, s.reason) for s in found.skipped] == [("2011-12-30", Reason.NO_SUCH_DATE)]
        shown = {local(o.due, "Pacific/Apia")[:10] for o in found.openings}
        assert shown == {"2011-12-29", "2011-12-31"}


# --- types -----------------------------------------------------------------------


def year(made: Timetable, number: int) -> list[str]:
    found = made.moments(at(f"{number}-01-01T00:00Z"), at(f"{number + 1}-01-01T00:00Z"))
    return [local(o.due, "UTC")[5:10] for o in found.openings]


def test_days_that_months_lack() -> None:
    assert len(year(timetable("monthly 31"), 2027)) == 7
    assert "02" not in {day[:2] for day in year(timetable("monthly 30"), 2028)}
    assert year(timetable("monthly last"), 2028)[1] == "02-29"
    assert year(timetable("yearly 02-29"), 2027) == []
    assert year(timetable("yearly 02-29"), 2028) == ["02-29"]
    assert year(timetable("yearly 02-last"), 2027) == ["02-28"]
    assert year(timetable("yearly 02-last"), 2028) == ["02-29"]
    found = timetable("monthly 31").moments(at("2027-01-01T00:00Z"), at("2028-01-01T00:00Z"))
    assert {s.reason for s in found.skipped} == {Reason.NO_SUCH_DAY}
    assert [s.date for s in found.skipped] == [
        "2027-02",
        "2027-04",
        "2027-06",
        "2027-09",
        "2027-11",
    ]
    leap = timetable("yearly 02-29").next_after(at("2096-03-01T00:00Z"))
    assert leap is not None
    assert format_instant(leap.due) == "2104-02-29T00:00:00Z"


def test_a_grid_in_a_window() -> None:
    made = timetable("daily MO-FR window 01:00-24:00 every 1h zone Europe/Oslo")
    found = on(made, "2026-03-02", "Europe/Oslo")
    assert len(found) == 23
    assert found[0] == "01:00+01"
    assert found[-1] == "23:00+01"
    assert on(made, "2026-03-07", "Europe/Oslo") == []


def test_a_grid_without_an_end_ends_with_its_date() -> None:
    assert on(timetable("daily start 20:00 every 90m"), "2026-03-02", "UTC") == [
        "20:00+00",
        "21:30+00",
        "23:00+00",
    ]


def test_windows_across_midnight_belong_to_the_day_of_their_start() -> None:
    for zone in ("Europe/Berlin", "America/New_York", "Asia/Beirut"):
        made = timetable("daily MO window 22:00-06:00", zone=zone)
        monday, tuesday = midnight("2026-03-02", zone), midnight("2026-03-03", zone)
        found = list(made.open_between(monday, Instant(tuesday + 86_400)))
        assert [(p.start, p.end) for p in found] == [(monday + 22 * 3600, tuesday + 6 * 3600)]
        assert made.is_open(tuesday)
        assert not made.is_open(monday)


def test_windows_of_the_week() -> None:
    week = timetable("weekly MO 00:00 - FR 24:00 zone Europe/Oslo")
    found = week.open_between(at("2026-03-02T00:00Z"), at("2026-03-08T22:00Z"))
    whole = week.open_between(at("2026-02-28T00:00Z"), at("2026-03-08T22:00Z"))
    assert whole.total() == 120 * 3600
    assert len(found) == 1
    wrapping = timetable("weekly FR 18:00 - MO 06:00")
    assert spans(wrapping, at("2026-03-06T00:00Z"), at("2026-03-12T00:00Z")) == [
        ("2026-03-06T18:00:00Z", "2026-03-09T06:00:00Z")
    ]
    always = timetable("weekly WE 12:00 - WE 12:00")
    assert (
        always.open_between(at("2026-03-01T00:00Z"), at("2026-03-31T00:00Z")).total() == 30 * 86_400
    )


def test_touching_windows_are_one_period_and_two_openings() -> None:
    made = timetable("daily window 00:00-24:00")
    assert len(made.open_between(at("2026-03-01T00:00Z"), at("2026-03-04T00:00Z"))) == 1
    assert len(made.moments(at("2026-03-01T00:00Z"), at("2026-03-04T00:00Z")).openings) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at 2026-03-02T08:30 zone Europe/Oslo", ["07:30+00"]),
        ("at 2026-03-02T08:30:00Z", ["08:30+00"]),
        ("at +1h", ["08:00+00"]),
        ("immediately", ["07:00+00"]),
        ("immediately every 8h", ["07:00+00", "15:00+00", "23:00+00"]),
        ("interval 8h", ["15:00+00", "23:00+00"]),
        ("interval 8h anchor 2026-03-01T06:30:00Z", ["14:30+00", "22:30+00"]),
        ("periodic 08:00", ["07:00+00", "15:00+00", "23:00+00"]),
        ("periodic 08:00 anchor 2026-03-01T06:30:00Z", ["14:30+00", "22:30+00"]),
        ("never", []),
        ("on boom", ["09:00+00"]),
    ],
)
def test_moments_from_the_activation_on(text: str, expected: list[str]) -> None:
    signals = (at("2026-03-02T06:00Z"), at("2026-03-02T09:00Z"))
    made = timetable(text, "2026-03-02T07:00Z", signals=signals)
    assert on(made, "2026-03-02", "UTC") == expected


def test_the_anchor_that_an_owner_kept() -> None:
    made = timetable("periodic 01:00", "2026-03-02T21:00Z", anchor=at("2026-03-02T13:15Z"))
    assert on(made, "2026-03-02", "UTC") == ["21:15+00", "22:15+00", "23:15+00"]


def test_a_window_that_is_open_at_the_activation_is_due_at_once() -> None:
    (opening,) = (
        timetable("daily window 17:00-20:00", "2026-03-02T18:00Z")
        .moments(at("2026-03-02T00:00Z"), at("2026-03-03T00:00Z"))
        .openings
    )
    assert (opening.due, opening.until) == (at("2026-03-02T18:00Z"), at("2026-03-02T20:00Z"))
    for late in ("daily start 17:00", "daily window 17:00-20:00 every 40m"):
        found = timetable(late, "2026-03-02T20:30Z").next_after(at("2026-03-02T20:29Z"))
        assert found is not None
        assert found.due == at("2026-03-03T17:00Z")
    nightly = timetable(
        "daily window 01:00-03:00 random window seed house",
        "2026-03-02T02:40Z",
        object_id="channel:nightly",
    )
    first = nightly.next_after(at("2026-03-01T00:00Z"))
    assert first is not None
    assert first.due == at("2026-03-02T02:40Z")


def test_gates() -> None:
    made = timetable("interval 1h window 08:00-11:00", "2026-03-02T00:00Z")
    found = made.moments(at("2026-03-02T00:00Z"), at("2026-03-03T00:00Z"))
    assert [local(o.due, "UTC")[11:16] for o in found.openings] == ["08:00", "09:00", "10:00"]
    assert [(s.count, s.reason) for s in found.skipped] == [
        (7, Reason.OUTSIDE_WINDOW),
        (13, Reason.OUTSIDE_WINDOW),
    ]
    assert spans(made, at("2026-03-02T00:00Z"), at("2026-03-03T00:00Z")) == [
        ("2026-03-02T08:00:00Z", "2026-03-02T11:00:00Z")
    ]
    night = timetable('cron "0 */6 * * *" window 22:00-07:00')
    assert on(night, "2026-03-02", "UTC") == ["00:00+00", "06:00+00"]


def test_a_signal_while_the_gate_is_shut() -> None:
    given = (at("2026-03-02T06:00Z"), at("2026-03-02T07:00Z"), at("2026-03-02T12:00Z"))
    waits = timetable("on boom window 08:00-17:00", signals=given)
    assert on(waits, "2026-03-02", "UTC") == ["08:00+00", "12:00+00"]
    drops = timetable("on boom window 08:00-17:00 outside drop", signals=given)
    found = drops.moments(at("2026-03-02T00:00Z"), at("2026-03-03T00:00Z"))
    assert [local(o.due, "UTC")[11:16] for o in found.openings] == ["12:00"]
    assert sum(s.count for s in found.skipped) == 2


def test_how_long_a_moment_opens() -> None:
    day = at("2026-03-02T00:00Z"), at("2026-03-03T00:00Z")
    assert spans(timetable('cron "0 9,9 * * *" for 30m'), *day) == [
        ("2026-03-02T09:00:00Z", "2026-03-02T09:30:00Z")
    ]
    assert len(timetable("interval 1s for 1s", "2026-03-01T00:00Z").open_between(*day)) == 1
    assert spans(
        timetable('rrule "DTSTART:20260302T090000Z DURATION:PT2H RRULE:FREQ=DAILY"'), *day
    ) == [("2026-03-02T09:00:00Z", "2026-03-02T11:00:00Z")]
    assert timetable("daily start 09:00").open_between(*day).total() == 0
    assert timetable("never").open_between(*day).total() == 0
    assert timetable("immediately").open_between(*day).total() == 86_400
    assert spans(timetable("at 2026-03-02T09:00 window 09:00-08:00"), *day) == [
        ("2026-03-02T09:00:00Z", "2026-03-03T00:00:00Z")
    ]


def test_bounds_are_dates_of_the_zone() -> None:
    zone = "Pacific/Auckland"
    text = f"daily start 09:00 from 2026-03-02 until 2026-03-04 zone {zone}"
    found = timetable(text).moments(at("2026-02-01T00:00Z"), at("2026-04-01T00:00Z")).openings
    assert [local(o.due, zone)[:10] for o in found] == ["2026-03-02", "2026-03-03", "2026-03-04"]
    grid = timetable(f"periodic 06:00 from 2026-03-02 until 2026-03-02 zone {zone}")
    found = grid.moments(at("2026-02-01T00:00Z"), at("2026-04-01T00:00Z")).openings
    assert {local(o.due, zone)[:10] for o in found} == {"2026-03-02"}
    assert len(found) == 4
    crossing = timetable("daily window 22:00-06:00 until 2026-03-02")
    assert crossing.is_open(at("2026-03-03T05:00Z"))
    assert not crossing.is_open(at("2026-03-03T23:00Z"))


# --- calendars of exceptions -------------------------------------------------------

HOLIDAY = at("2026-03-03T00:00Z") // 86_400


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("daily start 09:00", {"02", "04"}),
        ('cron "0 9 * * *"', {"02", "04"}),
        ("periodic 24:00 anchor 2026-01-01T09:00:00Z", {"02", "04"}),
        ('rrule "DTSTART:20260101T090000 RRULE:FREQ=DAILY"', {"02", "04"}),
    ],
)
def test_excepted_dates(text: str, left: set[str]) -> None:
    made = timetable(f"{text} except holidays", calendars={"holidays": Exceptions.of([HOLIDAY])})
    found = made.moments(at("2026-03-02T00:00Z"), at("2026-03-05T00:00Z"))
    assert {local(o.due, "UTC")[8:10] for o in found.openings} == left
    assert [(s.date, s.reason) for s in found.skipped] == [("2026-03-03", Reason.EXCEPTED)]


def test_an_excepted_date_takes_the_window_that_starts_on_it() -> None:
    rest = {"holidays": Exceptions.of([HOLIDAY])}
    made = timetable("daily window 22:00-06:00 except holidays", calendars=rest)
    assert made.is_open(at("2026-03-03T05:00Z"))
    assert not made.is_open(at("2026-03-03T23:00Z"))
    assert not made.is_open(at("2026-03-04T05:00Z"))
    assert made.is_open(at("2026-03-04T22:00Z"))


def test_excepted_periods_are_subtracted() -> None:
    shut = PeriodSet([Period(at("2026-03-02T00:30Z"), at("2026-03-02T03:00Z"))])
    rest = {"upkeep": Exceptions.of(periods=shut)}
    made = timetable("daily window 01:00-05:00 except upkeep", calendars=rest)
    day = at("2026-03-02T00:00Z"), at("2026-03-03T00:00Z")
    assert spans(made, *day) == [("2026-03-02T03:00:00Z", "2026-03-02T05:00:00Z")]
    assert dues(made.moments(*day).openings) == [at("2026-03-02T03:00Z")]
    grid = timetable("daily window 01:00-05:00 every 1h except upkeep", calendars=rest)
    assert on(grid, "2026-03-02", "UTC") == ["03:00+00", "04:00+00"]
    ungated = timetable("periodic 01:00 except upkeep", calendars=rest)
    assert on(ungated, "2026-03-02", "UTC")[:2] == ["00:00+00", "03:00+00"]


def test_a_calendar_that_is_missing_is_never_empty() -> None:
    for calendars in ({}, {"holidays": None}):
        with pytest.raises(InvalidInput, match="holidays"):
            timetable("daily except holidays", calendars=calendars)


def test_roles_mean_nothing_without_an_owner() -> None:
    for role in ("owner", "receiver"):
        with pytest.raises(InvalidInput, match=role):
            timetable(f"daily zone {role}")


# --- cost --------------------------------------------------------------------------

FAR = "9990-01-01T00:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "interval 1s",
        "periodic 00:01",
        "daily start 09:00",
        "weekly MO 09:00",
        "monthly last",
        "yearly 03-01",
        "immediately every 7s",
        'cron "*/5 * * * *"',
        'cron "0 0 1 1 *"',
        'rrule "DTSTART:20200101T000000Z RRULE:FREQ=MINUTELY"',
        "interval 40m window 09:00-10:00",
        "daily window 01:00-23:00 every 1s random window",
    ],
)
def test_nothing_is_walked_from_the_anchor(text: str) -> None:
    made = timetable(text, "0002-01-01T00:00Z", steps=900)
    found = made.next_after(at(FAR))
    assert found is not None
    assert found.due > at(FAR)
    before = timetable(text, "0002-01-01T00:00Z", steps=5000).last_before(at(FAR))
    assert before is not None
    assert before.due < at(FAR)


def test_a_question_without_an_answer_ends() -> None:
    made = timetable(
        "interval 24:00 window 09:00-10:00".replace("24:00", "24h"), "2026-03-01T12:00Z"
    )
    with pytest.raises(LimitReached):
        made.next_after(at("2026-03-01T12:00Z"))
    assert timetable("daily until 2026-03-01").next_after(at("2026-03-02T00:00Z")) is None
    assert timetable("never").next_after(at("2026-03-02T00:00Z")) is None
