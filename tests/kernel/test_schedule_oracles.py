"""The moments of schedules against independent programs: cronsim, dateutil, systemd, APScheduler,
and a plain reading minute by minute.

Known differences, left out of the comparison:

- cronsim reads ``8-8/2`` as ``8/2``, here it is 8 alone;
- it loses minutes after a gap or a fold of half an hour (Lord Howe), which clocks do show;
  there every minute is looked at instead;
- systemd is asked about days without a change of the clocks: in a gap its versions disagree.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers import base
from apscheduler.schedulers.background import BackgroundScheduler
from cronsim import CronSim
from dateutil.rrule import rrulestr
from tests.kernel.scale import cases
from tests.kernel.schedules import at, dues, local, timetable

from horarium.kernel.cron import Cron
from horarium.kernel.decision import State, due
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut", "UTC")
DAY = 86_400


def random_field(rng: Random, low: int, high: int) -> str:
    kind = rng.random()
    if kind < 0.35:
        return "*"
    if kind < 0.5:
        return f"*/{rng.randrange(2, 13)}"
    first, last = sorted((rng.randint(low, high), rng.randint(low, high)))
    if kind < 0.6:
        return f"{first}-{last}"
    if kind < 0.7:
        return f"{first}-{last}/{rng.randrange(1, 6)}" if first < last else str(first)
    return ",".join(str(rng.randint(low, high)) for _ in range(rng.randrange(1, 4)))


def random_cron(rng: Random) -> str:
    fields = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
    words = [random_field(rng, low, high) for low, high in fields]
    for wide in (2, 3, 4):
        if rng.random() < 0.5:
            words[wide] = "*"
    return " ".join(words)


def theirs(text: str, zone: str, start: Instant, count: int) -> list[int]:
    """Give the moments of cronsim after an instant."""
    begin = datetime.fromtimestamp(start, ZoneInfo(zone))
    simulated = CronSim(text, begin)
    found = []
    for _ in range(count):
        found.append(int(next(simulated).astimezone(UTC).timestamp()))
    return found


def ours(text: str, zone: str, start: Instant, count: int) -> list[int]:
    made = timetable(f'cron "{text}"', zone=zone)
    found: list[int] = []
    t = start
    while len(found) < count:
        opening = made.next_after(t)
        if opening is None:
            break
        t = opening.due
        found.append(t)
    return found


CHANGES = {
    "Europe/Berlin": ("2027-03-27T12:00Z", "2026-10-24T12:00Z"),
    "America/New_York": ("2027-03-13T20:00Z", "2026-10-31T20:00Z"),
    "Australia/Lord_Howe": ("2026-10-03T06:00Z", "2027-04-03T06:00Z"),
    "Asia/Beirut": ("2027-03-27T12:00Z", "2026-10-24T12:00Z"),
    "UTC": ("2027-03-27T12:00Z", "2028-02-27T12:00Z"),
}


WHOLE_HOURS = tuple(zone for zone in ZONES if zone != "Australia/Lord_Howe")


@pytest.mark.parametrize("zone", WHOLE_HOURS)
def test_cron_like_cronsim(zone: str) -> None:
    rng = Random(zone)
    compared = 0
    while compared < cases(120):
        text = random_cron(rng)
        start = Instant(at("2024-01-01T00:00Z") + rng.randrange(4 * 365 * DAY) // 60 * 60)
        try:
            Cron.parse(text)
        except InvalidInput:
            continue
        assert ours(text, zone, start, 12) == theirs(text, zone, start, 12), (text, start)
        compared += 1


@pytest.mark.parametrize("zone", WHOLE_HOURS)
def test_cron_across_changes_like_cronsim(zone: str) -> None:
    rng = Random(zone)
    for _ in range(cases(60)):
        hours = rng.choice(("*", "*/2", "0-4", "1,2,3", "2", "1-23/2"))
        text = f"{random_field(rng, 0, 59)} {hours} * * *"
        for change in CHANGES[zone]:
            start = at(change)
            mine = [t for t in ours(text, zone, start, 100) if t < start + DAY]
            other = [t for t in theirs(text, zone, start, 100) if t < start + DAY]
            assert mine == other, (text, change)


def expanded(word: str, high: int) -> set[int]:
    """Give the values of a field of minutes or hours, read plainly."""
    found: set[int] = set()
    for item in word.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.replace("*", f"0-{high}").partition("-")
        found |= set(range(int(first), int(last or first) + 1, int(step or 1)))
    return found


@pytest.mark.parametrize("zone", ZONES)
def test_wildcards_follow_the_clock_minute_by_minute(zone: str) -> None:
    rng = Random(zone)
    for change in CHANGES[zone]:
        start = at(change)
        shown = minutes(zone, start, Instant(start + DAY))
        for _ in range(cases(40)):
            words = [random_field(rng, 0, 59), rng.choice(("*", "*/2", "*/3", "*"))]
            text = " ".join([*words, "* * *"])
            minute, hour = expanded(words[0], 59), expanded(words[1], 23)
            expected = [t for t, clock in shown if clock.minute in minute and clock.hour in hour]
            made = timetable(f'cron "{text}"', zone=zone)
            assert dues(made.moments(start, Instant(start + DAY)).openings) == expected, text


def test_half_an_hour_is_shown_twice() -> None:
    found = ours("15,45 */1 * * *", "Australia/Lord_Howe", at("2027-04-03T14:00Z"), 5)
    assert [local(Instant(t), "Australia/Lord_Howe")[11:] for t in found] == [
        "01:15+11",
        "01:45+11",
        "01:45+10:30",
        "02:15+10:30",
        "02:45+10:30",
    ]


RULES = (
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=3;COUNT=40",
    "FREQ=WEEKLY;BYDAY=MO,WE,SU",
    "FREQ=MONTHLY;BYMONTHDAY=31",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
)


@pytest.mark.parametrize("rule", RULES)
def test_series_like_dateutil(rule: str) -> None:
    start = datetime(2024, 1, 31, 9, 30)
    synchronised = next(iter(rrulestr(rule, dtstart=start)))
    expected = rrulestr(rule, dtstart=synchronised).between(
        datetime(2024, 1, 1), datetime(2036, 1, 1), inc=True
    )
    text = f'rrule "DTSTART:{synchronised:%Y%m%dT%H%M%S} RRULE:{rule}" zone Europe/Berlin'
    found = timetable(text).moments(at("2024-01-01T00:00Z"), at("2035-12-31T23:00Z")).openings
    zone = ZoneInfo("Europe/Berlin")
    assert dues(found) == [int(w.replace(tzinfo=zone).timestamp()) for w in expected]


DATED = (
    ("daily MO-FR start 09:30", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
    ("daily start 09:30", "FREQ=DAILY"),
    ("weekly SA 09:30", "FREQ=WEEKLY;BYDAY=SA"),
    ("monthly 31 start 09:30", "FREQ=MONTHLY;BYMONTHDAY=31"),
    ("monthly last start 09:30", "FREQ=MONTHLY;BYMONTHDAY=-1"),
    ("yearly 02-29 start 09:30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"),
    ("yearly 02-last start 09:30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1"),
)


@pytest.mark.parametrize(("text", "rule"), DATED)
@pytest.mark.parametrize("zone", ZONES)
def test_dates_like_dateutil(text: str, rule: str, zone: str) -> None:
    walls = rrulestr(rule, dtstart=datetime(2023, 1, 1, 9, 30)).between(
        datetime(2024, 1, 1), datetime(2034, 1, 1), inc=True
    )
    low, high = (int(datetime(y, 1, 1, tzinfo=ZoneInfo(zone)).timestamp()) for y in (2024, 2034))
    found = timetable(text, zone=zone).moments(Instant(low), Instant(high)).openings
    assert dues(found) == [int(w.replace(tzinfo=ZoneInfo(zone)).timestamp()) for w in walls]


SYSTEMD = (
    ("daily MO-FR start 09:30", "Mon..Fri *-*-* 09:30:00"),
    ("weekly SU 12:15", "Sun *-*-* 12:15:00"),
    ("monthly 30 start 12:00", "*-*-30 12:00:00"),
    ("monthly last start 12:00", "*-*~01 12:00:00"),
    ("yearly 02-29 start 12:00", "*-02-29 12:00:00"),
    ("daily window 08:00-20:00 every 90m", "*-*-* 08,11,14,17:00:00\0*-*-* 09,12,15,18:30:00"),
    ('cron "*/15 9-17 * * MON-FRI"', "Mon..Fri *-*-* 09..17:00/15:00"),
    ('cron "0 12 1,15 */2 *"', "*-1/2-01,15 12:00:00"),
)


@pytest.mark.parametrize(("text", "calendar"), SYSTEMD)
def test_moments_like_systemd(text: str, calendar: str) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    expected: set[int] = set()
    for part in calendar.split("\0"):
        arguments = ["calendar", "--iterations=20", "--base-time=2026-05-01 00:00:00 UTC", part]
        done = subprocess.run(
            [program, *arguments], capture_output=True, text=True, check=False, env={"TZ": "UTC"}
        )
        if done.returncode:
            pytest.skip(f"systemd-analyze cannot say: {done.stderr.strip()[:80]}")
        expected |= set(read_systemd(done.stdout))
    found: list[int] = []
    made = timetable(text)
    t = at("2026-05-01T00:00Z")
    while len(found) < 10 and (opening := made.next_after(t)) is not None:
        t = opening.due
        found.append(t)
    assert found == sorted(expected)[:10]


def read_systemd(said: str) -> list[int]:
    """Give the instants in the answer, each after ``Next elapse`` or ``Iteration``."""
    found = []
    for line in said.splitlines():
        name, _, value = line.strip().partition(": ")
        if name.startswith(("Next elapse", "Iter", "(in UTC)")) and value.endswith("UTC"):
            shown = datetime.strptime(value, "%a %Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
            found.append(int(shown.timestamp()))
    return found


def minutes(zone: str, start: Instant, end: Instant) -> list[tuple[Instant, datetime]]:
    """Give every minute with what the clocks show at it."""
    place = ZoneInfo(zone)
    return [(Instant(t), datetime.fromtimestamp(t, place)) for t in range(start, end, 60)]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("change", [0, 1])
def test_open_time_minute_by_minute(zone: str, change: int) -> None:
    """A window is open while clocks show a time in it; of a fold its end is the last."""
    places = CHANGES[zone]
    start = at(places[min(change, len(places) - 1)])
    shown = minutes(zone, Instant(start - DAY), Instant(start + 2 * DAY))
    rng = Random(zone)
    for _ in range(cases(40)):
        first, last = rng.randrange(0, 1440, 5), rng.randrange(0, 1440, 5)
        days = rng.choice(("MO-SU", "SA", "SU,TU", "MO-FR"))
        text = (
            f"daily {days} window {first // 60:02}:{first % 60:02}-{last // 60:02}:{last % 60:02}"
        )
        made = timetable(text, zone=zone)
        found = made.open_between(shown[0][0], shown[-1][0])
        meant = {int(day) for day in made.schedule.days}
        for t, clock in shown[:-1]:
            if near_change(zone, t):
                continue
            minute = clock.hour * 60 + clock.minute
            today, before = clock.weekday() in meant, (clock.weekday() - 1) % 7 in meant
            if first < last:
                expected = today and first <= minute < last
            else:
                expected = (today and minute >= first) or (before and minute < last)
            assert found.contains(t) == expected, (text, clock)


def near_change(zone: str, t: Instant) -> bool:
    """Tell whether the clocks change within an hour and a half: edges there have own tests."""
    place = ZoneInfo(zone)
    offsets = {datetime.fromtimestamp(t + s, place).utcoffset() for s in (-5400, 0, 5400)}
    return len(offsets) > 1


# --- points that were missed ---------------------------------------------------


@dataclass
class VirtualTime:
    """What APScheduler takes for `datetime`."""

    present: datetime

    def now(self, zone: object) -> datetime:
        return self.present


def coalesced(looks: list[Instant], minutes: int) -> list[Instant]:
    """When APScheduler runs a job with coalescing that counts from the first of these looks."""
    clock, ran = VirtualTime(datetime.fromtimestamp(looks[0], UTC)), []
    with mock.patch.object(base, "datetime", clock):
        scheduler = BackgroundScheduler(timezone=UTC, executors={"default": DebugExecutor()})
        scheduler.start(paused=True)
        scheduler.add_job(
            lambda: ran.append(Instant(int(clock.present.timestamp()))), "interval",
            minutes=minutes, start_date=clock.present, coalesce=True, misfire_grace_time=None,
        )  # fmt: skip
        scheduler.state = base.STATE_RUNNING
        for look in looks:
            clock.present = datetime.fromtimestamp(look, UTC)
            scheduler._process_jobs()
        scheduler.shutdown(wait=False)
    return ran


def decided(looks: list[Instant], minutes: int) -> list[Instant]:
    """When the periodic pointer runs, activated at the first of these looks."""
    text = f"periodic {minutes // 60:02}:{minutes % 60:02}"
    made = timetable(text, looks[0], anchor=looks[0])
    cursor, state, ran = Instant(looks[0] - 1), State(), []
    for look in looks:
        decision = due(made, cursor, look, state)
        cursor = decision.cursor
        if decision.runs:
            assert len(decision.runs) == 1
            ran.append(look)
            state = State(look, look)
    return ran


def free_minutes(
    first: Instant, hours: float, busy: list[tuple[Instant, Instant]]
) -> list[Instant]:
    """The minutes outside of the busy times."""
    minutes = [Instant(first + 60 * number) for number in range(int(hours * 60))]
    return [t for t in minutes if not any(start <= t < end for start, end in busy)]


def test_points_that_a_busy_task_missed_are_made_up_as_apscheduler_does() -> None:
    first = at("2026-03-02T13:15Z")
    busy = [(at("2026-03-02T16:10Z"), at("2026-03-02T17:30Z"))]
    looks = free_minutes(first, 6, busy)
    expected = [at(f"2026-03-02T{t}Z") for t in ("13:15", "14:15", "15:15", "17:30", "18:15")]
    assert decided(looks, 60) == coalesced(looks, 60) == expected
    rng = Random("busy")
    for _ in range(cases(20)):
        period = rng.choice((1, 7, 20, 59, 60, 61, 150))
        starts = [Instant(first + 60 * rng.randrange(1, 600)) for _ in range(rng.randrange(4))]
        busy = [(start, Instant(start + 60 * rng.randrange(1, 200))) for start in starts]
        looks = free_minutes(first, 15, busy)
        found = decided(looks, period)
        assert found == coalesced(looks, period), (period, busy)
        assert found[0] == first
