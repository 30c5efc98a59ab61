"""Entries for other programs: what independent readers make of them is what a plan foresees."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from io import StringIO
from pathlib import Path

import pytest
from dateutil import tz
from dateutil.rrule import rrulestr
from icalendar import Calendar, Component

from horarium.directives.address import parse_main
from horarium.directives.controlfile import parse_control_file
from horarium.directives.directive import Directive
from horarium.directives.entry import Entry, Execute, entries_of
from horarium.directives.listing import LeftOut, as_calendar, as_json
from horarium.directives.plan import foresee, timetable_of
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, parse_instant
from horarium.kernel.schedule_text import parse_schedule
from horarium.kernel.timetable import Circumstances, Timetable
from horarium.kernel.zone import named

SAMPLE = Path(__file__).parents[1] / "seeds" / "events.ctl"
Times = list[tuple[int, int | None]]

LINES = """\
Exec a 6:15
Exec b 2:30
Exec c 0.2:30
Exec d 1:30
Exec e 0.0:10
Exec f 6.23:59
[2] Exec g P.01:00
Exec h P.00:07
Exec i P.48:00
Poll 5030/6 17:00-20:00
Poll 5030/6 22:00-6:00
Poll 5030/6 2:10-2:50
Poll 5030/6 0.1:30-2:40
Poll 5030/6 1:00-1:45
Poll 5030/6 0:00-23:59
Poll 5030/6 6.8:00-1.3:00
Poll 5030/6 1.0:00-5:23:59
Critical Exec j 0.2:00
"""


def directives(text: str | bytes) -> tuple[Directive, ...]:
    data = text.encode() if isinstance(text, str) else text
    found = parse_control_file(data, main=parse_main("2:5030/15"), read_list=lambda _: [])
    assert found.valid, found.errors
    return found.directives


def declared(name: str, schedule: str, zone: str) -> Entry:
    timing = parse_schedule(schedule)
    timing = replace(timing, zone=timing.zone or zone)
    return Entry(f"directive:{name}", 1, 1_000_000, name, timing, Execute((name,)), name=name)


# --- an independent reader -----------------------------------------------------


def read(data: bytes) -> tuple[list[Component], tz.tzical | None]:
    text = data.decode()
    calendar = Calendar.from_ical(text)
    begin, end = text.find("BEGIN:VTIMEZONE"), text.rfind("END:VTIMEZONE")
    zones = tz.tzical(StringIO(text[begin:end] + "END:VTIMEZONE\r\n")) if begin >= 0 else None
    events = calendar.walk("VEVENT")
    assert len({str(event["UID"]) for event in events}) == len(events)
    return events, zones


def instant(naive: datetime, zone: tzinfo | None) -> int | None:
    """The first instant at which the clock shows it; None when it never does."""
    if zone is None:
        return int(naive.replace(tzinfo=UTC).timestamp())
    if not tz.datetime_exists(naive, zone):
        return None
    return int(naive.replace(tzinfo=zone).timestamp())


def expanded(event: Component, zones: tz.tzical | None, end: int) -> Times:
    """The events of a component that begin before an instant."""
    tzid = event["DTSTART"].params.get("TZID")
    zone = None if tzid in (None, "UTC") or zones is None else zones.get(str(tzid))
    first = event["DTSTART"].dt.replace(tzinfo=None)
    length = None
    if "DTEND" in event:
        last = instant(event["DTEND"].dt.replace(tzinfo=None), zone)
        begin = instant(first, zone)
        assert last is not None
        assert begin is not None
        length = last - begin
    walls = [first]
    if "RRULE" in event:
        rule = event["RRULE"].to_ical().decode()
        until = datetime.fromtimestamp(end, UTC).replace(tzinfo=None) + timedelta(days=1)
        rule = ";".join(part for part in rule.split(";") if not part.startswith("UNTIL"))
        walls = rrulestr(rule, dtstart=first).between(first, until, inc=True)
    except_ = set()
    found = event.get("EXDATE", [])
    for item in found if isinstance(found, list) else [found]:
        except_ |= {value.dt.replace(tzinfo=None) for value in item.dts}
    instants = [instant(wall, zone) for wall in walls if wall not in except_]
    last_of = event["RRULE"].get("UNTIL") if "RRULE" in event else None
    bound = int(last_of[0].timestamp()) if last_of else end
    return [
        (at, None if length is None else at + length)
        for at in instants
        if at is not None and at < end and at <= bound
    ]


def events_of(data: bytes, start: int, end: int, uid: str = "") -> Times:
    events, zones = read(data)
    found = [
        item
        for event in events
        if str(event["UID"]).startswith(uid)
        for item in expanded(event, zones, end)
    ]
    return sorted((at, until) for at, until in found if at > start)


# --- the calendar --------------------------------------------------------------

WEEKS = [
    ("Europe/Paris", "2027-03-15T11:00:00Z"),
    ("Europe/Paris", "2027-10-18T11:00:00Z"),
    ("Europe/Paris", "2027-03-27T21:30:00Z"),
    ("Europe/Paris", "2027-10-30T23:30:00Z"),
    ("America/New_York", "2027-03-01T00:00:00Z"),
    ("Australia/Lord_Howe", "2027-03-25T00:00:00Z"),
    ("America/Santiago", "2027-08-25T00:00:00Z"),
    ("Asia/Tokyo", "2027-08-25T00:00:00Z"),
    ("UTC", "2027-03-15T11:00:00Z"),
]


@pytest.mark.parametrize(("name", "begin"), WEEKS)
@pytest.mark.parametrize("line", LINES.splitlines())
def test_three_weeks_of_a_line_are_those_of_the_plan(line: str, name: str, begin: str) -> None:
    zone, now = named(name), parse_instant(begin)
    end = Instant(now + 21 * DAY)
    (entry,) = entries_of(directives(line), name)
    data, left_out = as_calendar([entry], zone, now)
    assert left_out == ()
    planned = [
        (item.due, item.end)
        for item in foresee(directives(line), zone, now, end)
        if item.happens and item.due > now
    ]
    assert planned
    assert events_of(data, now, end) == planned


def test_a_window_that_goes_on_is_shown_with_its_beginning() -> None:
    zone, now = named("Europe/Paris"), parse_instant("2027-03-28T02:30:00Z")
    entries = entries_of(directives("Poll 5030/6 22:00-6:00"), zone.name)
    data, _ = as_calendar(entries, zone, now)
    begin, end = parse_instant("2027-03-27T21:00:00Z"), parse_instant("2027-03-28T04:01:00Z")
    assert events_of(data, now - DAY, now + 3600) == [(begin, end)]


def test_a_stored_anchor_keeps_its_grid() -> None:
    zone, now = named("Europe/Paris"), parse_instant("2027-03-27T12:00:00Z")
    anchor = parse_instant("2026-03-02T12:15:00Z")
    (line,) = directives("[2]Exec !load.bat P.01:00")
    (entry,) = entries_of([line], zone.name)
    data, _ = as_calendar([entry], zone, now, {entry.key: anchor})
    timetable = timetable_of(line, zone, now, anchor)
    assert timetable is not None
    openings = timetable.moments(now, Instant(now + 3 * DAY)).openings
    assert events_of(data, now - 1, now + 3 * DAY) == [(o.due, None) for o in openings]
    assert openings[0].due == now + 900


DECLARED = [
    "daily MO,WE,FR,SU start 02:30",
    "weekly SU 02:30",
    "weekly SA 22:00 - SU 04:00",
    "monthly 31 start 02:30",
    "monthly last window 22:00-05:00",
    "yearly 03-28 start 02:30",
    "yearly 02-29 start 12:00",
    "interval 90m anchor 2027-01-01T00:00:00Z for 10m",
    "interval 5h",
    "periodic 36:00",
    "daily start 01:30 for 2h fold last",
    "daily start 02:30 gap skip",
    "daily start 02:30 gap shift zone America/New_York",
    "daily start 09:00 from 2027-03-20 until 2027-03-30",
    "at 2027-04-01T02:30 for 30m",
    "at 2027-04-01T02:30:00Z",
]


@pytest.mark.parametrize("schedule", DECLARED)
@pytest.mark.parametrize(("name", "begin"), WEEKS[:2])
def test_declared_schedules_that_have_a_rule(schedule: str, name: str, begin: str) -> None:
    zone, now = named(name), parse_instant(begin)
    end = Instant(now + 1200 * DAY if "02-29" in schedule else now + 400 * DAY)
    entry = declared("job", schedule, name)
    data, left_out = as_calendar([entry], zone, now)
    circumstances = Circumstances(activation=Instant(now - 9 * DAY), zone=zone, anchor=now)
    timetable = Timetable(entry.schedule, circumstances)
    meant = [(o.due, o.end) for o in timetable.moments(Instant(now + 1), end).openings]
    if not meant:
        assert [item.reason for item in left_out] == ["it has no moment to come"]
    assert events_of(data, now, end) == meant


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ("never", "it is never due"),
        ("on slot.confirmed", "it waits for a signal"),
        ("immediately", "it is due at once"),
        ('cron "0 4 * * *"', "a cron expression is no rule of a calendar"),
        ("daily start 09:00 random 5m", "its moments are moved at random"),
        ("daily window 09:00-10:00 random window", "its moments are moved at random"),
        ("daily start 09:00 except holidays", "it has exceptions by calendar"),
        ("daily window 09:00-17:00 every 10m", "it repeats within its window"),
        ("interval 10m window 09:00-17:00", "a window lets only some of its moments through"),
        ("daily start 09:00 disabled", "it is not enabled"),
        ("daily start 09:00 until 2020-01-01", "it has no moment to come"),
        ("at 2020-01-01T09:00", "it has no moment to come"),
        ('rrule "DTSTART:20270101T090000 RRULE:FREQ=DAILY"', "its series has its own dates"),
    ],
)
def test_what_has_no_rule_is_left_out_with_the_reason(schedule: str, reason: str) -> None:
    zone, now = named("Europe/Paris"), parse_instant("2027-03-15T11:00:00Z")
    entry = declared("job", schedule, zone.name)
    kept = declared("kept", "daily start 09:00", zone.name)
    data, left_out = as_calendar([entry, kept], zone, now)
    ((found, why),) = [(item.entry, item.reason) for item in left_out]
    assert isinstance(left_out[0], LeftOut)
    assert found == entry
    assert why.startswith(reason)
    events, _ = read(data)
    assert [str(event["SUMMARY"]) for event in events] == ["kept"]


def test_the_sample_as_a_calendar() -> None:
    zone, now = named("Europe/Moscow"), parse_instant("2027-03-15T11:00:00Z")
    entries = entries_of(directives(SAMPLE.read_bytes()), zone.name)
    data, left_out = as_calendar(entries, zone, now)
    assert left_out == ()
    events, _ = read(data)
    assert [
        (str(event["SUMMARY"]), str(event["DESCRIPTION"]), event["RRULE"].to_ical().decode())
        for event in events
    ] == [
        ("Exit 99         8:30", "line 4, task 1", "FREQ=DAILY"),
        ("Exec daily.bat  6:15", "line 5, task 1", "FREQ=DAILY"),
        ("Exec Weekly.bat 0.0:10", "line 6, task 1", "FREQ=WEEKLY;BYDAY=SU"),
        ("RePack 6:01", "line 8, task 1", "FREQ=DAILY"),
        ("Poll 5030/2  18:10", "line 9, task 1", "FREQ=DAILY"),
        ("Poll 5030/6  17:00-20:00", "line 10, task 1", "FREQ=DAILY"),
        ("Poll 5020/35 4:00", "line 11, task 1", "FREQ=DAILY"),
    ]
    window = events[5]
    assert (window["DTEND"].dt - window["DTSTART"].dt) == timedelta(hours=3, minutes=1)


def test_text_of_an_entry_can_not_break_out_of_its_line() -> None:
    zone, now = named("UTC"), parse_instant("2027-03-15T11:00:00Z")
    entries = entries_of(directives('Exec a "END:VEVENT;x,\\y" 9:00'), zone.name)
    events, _ = read(as_calendar(entries, zone, now)[0])
    assert [str(event["SUMMARY"]) for event in events] == ['Exec a "END:VEVENT;x,\\y" 9:00']


# --- JSON ----------------------------------------------------------------------


def test_entries_as_json() -> None:
    lines = directives("[2]Exec !load.bat P.01:00\nPoll 5030/6 17:00-20:00\nHold All\n")
    entries = [*entries_of(lines, "Europe/Paris"), declared("job", "on start", "Europe/Paris")]
    anchor = parse_instant("2026-03-02T12:15:00Z")
    found = json.loads(json.dumps(as_json(entries, {entries[0].key: anchor})))
    assert found == [
        {
            "key": entries[0].key, "line": 1, "name": None, "task": 2,
            "text": "[2]Exec !load.bat P.01:00",
            "schedule": "periodic 01:00 zone Europe/Paris overlap queue_one",
            "anchor": "2026-03-02T12:15:00Z",
        },
        {
            "key": entries[1].key, "line": 2, "name": None, "task": 1,
            "text": "Poll 5030/6 17:00-20:00",
            "schedule": "daily window 17:00-20:01 zone Europe/Paris catch_up none "
            "overlap queue_one on_crash rerun",
            "anchor": None,
        },
        {
            "key": "directive:job", "line": None, "name": "job", "task": 1, "text": "job",
            "schedule": "on start zone Europe/Paris", "anchor": None,
        },
    ]  # fmt: skip
    for entry, item in zip(entries, found, strict=True):
        assert parse_schedule(item["schedule"]) == entry.schedule


def test_nothing_is_a_calendar_without_events() -> None:
    data, left_out = as_calendar([], named("Europe/Paris"), parse_instant("2027-03-15T11:00:00Z"))
    assert left_out == ()
    assert read(data)[0] == []
    assert as_json([]) == []
