"""How fast recurrence sets answer, beside python-dateutil and recurring-ical-events.

Every row is measured in this run, best of several; the members are compared
before anything is timed. Beside dateutil a list begins with the text of the
rule on both sides and ends as a list of UTC starts; dateutil's wall times are
made instants by ``zoneinfo``. A window, and a list beside recurring-ical-events,
is asked of a rule already read, on both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from dateutil.rrule import rrulestr
from icalendar import Calendar
from timing import Row, best, show

from horarium.kernel.instant import Instant, Wall, civil, wall
from horarium.kernel.recurrence import Length, RecurrenceSet, Unsatisfiable
from horarium.kernel.rule import Rule
from horarium.kernel.zone import named

NAME = "Europe/Berlin"
BERLIN, THEIRS = named(NAME), ZoneInfo(NAME)
HOUR = Length.exact(3600)
DAILY = "FREQ=DAILY"
WEEKLY = "FREQ=WEEKLY;BYDAY=MO,WE"
MONTHLY = "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"


def compared(bar: str, ours: Callable[[], Any], rival: Callable[[], Any], goal: float) -> Row:
    """Check that both give the same, then time both."""
    mine, theirs = ours(), rival()
    assert mine == theirs, (bar, len(mine), len(theirs))
    fast, slow = best(ours), best(rival)
    return Row(bar, fast, slow, slow / fast, f">= {goal:g}x")


def naive(w: Wall) -> datetime:
    return datetime(*civil(w))


def instants(walls: list[datetime]) -> list[int]:
    return [int(w.replace(tzinfo=THEIRS).timestamp()) for w in walls]


def list_row(bar: str, text: str, start: Wall, end: Wall, goal: float) -> Row:
    """Compare a whole list from DTSTART on with dateutil."""
    a, b = BERLIN.at(start), BERLIN.at(end)
    begin, finish = naive(start), naive(end) - timedelta(seconds=1)

    def ours() -> list[int]:
        return list(RecurrenceSet(start, BERLIN, HOUR, Rule.parse(text)).starts(a, b))

    def rival() -> list[int]:
        rule = rrulestr("RRULE:" + text, dtstart=begin)
        return instants(rule.between(begin, finish, inc=True))

    return compared(bar, ours, rival, goal)


def window_row(text: str, start: Wall, goal: float) -> Row:
    """Compare one month forty years after DTSTART with dateutil."""
    year = civil(start).year + 40
    low, high = wall(year, 3, 10), wall(year, 4, 10)
    ours = RecurrenceSet(start, BERLIN, HOUR, Rule.parse(text))
    theirs = rrulestr("RRULE:" + text, dtstart=naive(start))
    a, b = BERLIN.at(low), BERLIN.at(high)
    return compared(
        f"one month, 40 years on: {text}, dateutil",
        lambda: ours.starts(a, b),
        lambda: instants(theirs.between(naive(low), naive(high), inc=True)),
        goal,
    )


def calendar_row(bar: str, text: str, start: Wall, end: Wall, goal: float) -> Row:
    """Compare a whole list with recurring-ical-events."""
    c = civil(start)
    stamp = f"{c.year:04}{c.month:02}{c.day:02}T{c.hour:02}0000"
    lines = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\nBEGIN:VEVENT\r\nUID:1\r\n"
        f"DTSTAMP:20200101T000000Z\r\nDTSTART;TZID={NAME}:{stamp}\r\nDURATION:PT1H\r\n"
        f"RRULE:{text}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    calendar = Calendar.from_ical(lines)
    ours = RecurrenceSet(start, BERLIN, HOUR, Rule.parse(text))
    a, b = BERLIN.at(start), BERLIN.at(end)
    low, high = (datetime.fromtimestamp(t, UTC) for t in (a, b))

    def rival() -> list[int]:
        events = recurring_ical_events.of(calendar).between(low, high)
        return sorted(int(event["DTSTART"].dt.timestamp()) for event in events)

    return compared(bar, lambda: ours.starts(a, b), rival, goal)


def minutely_row() -> Row:
    """Compare one hour of a minutely rule: ours 26 years on, dateutil's walk only one year."""
    start = wall(2000, 1, 1)
    ours = RecurrenceSet(start, BERLIN, HOUR, Rule.parse("FREQ=MINUTELY"))
    theirs = rrulestr("RRULE:FREQ=MINUTELY", dtstart=naive(start))
    near, far = wall(2001, 1, 1), wall(2026, 1, 1)

    def asked(w: Wall) -> list[Instant]:
        return ours.starts(BERLIN.at(w), Instant(BERLIN.at(w) + 3600))

    def rival() -> list[int]:
        end = naive(near) + timedelta(seconds=3599)
        return instants(theirs.between(naive(near), end, inc=True))

    assert asked(near) == rival()
    fast, slow = best(lambda: asked(far)), best(rival, 0) * 26
    bar = "MINUTELY, one hour 26 years on, dateutil (26 times its one year)"
    return Row(bar, fast, slow, slow / fast, ">= 100000x")


def distance_row(text: str, start: Wall) -> Row:
    """Compare our own times for one month near DTSTART and forty years later."""
    ours = RecurrenceSet(start, BERLIN, HOUR, Rule.parse(text))
    times = []
    for years in (0, 10, 40):
        year = civil(start).year + years
        a, b = BERLIN.at(wall(year, 6, 1)), BERLIN.at(wall(year, 7, 1))
        ours.starts(a, b)
        times.append(best(lambda a=a, b=b: ours.starts(a, b)))  # type: ignore[misc]
    bar = f"the same month at 0, 10 and 40 years: {text} (slowest to fastest)"
    return Row(bar, max(times), min(times), max(times) / min(times), "<= 1.5x")


def unsatisfiable_row() -> Row:
    """Compare finding out that a rule has no member."""
    text, start = "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", wall(2026, 1, 1)

    def ours() -> object:
        whole = RecurrenceSet(start, BERLIN, HOUR, Rule.parse(text))
        return whole.query(Instant(0), Instant(9_999_999_999)).outcome

    assert ours() == Unsatisfiable()
    begin = perf_counter()
    assert list(rrulestr("RRULE:" + text, dtstart=naive(start))) == []
    slow = perf_counter() - begin
    fast = best(ours)
    assert fast < 0.001
    return Row("a rule without members, dateutil", fast, slow, slow / fast, "< 1 ms")


def rows() -> list[Row]:
    """Measure every bar."""
    start, last = wall(1990, 1, 1, 9), wall(1990, 1, 31, 9)
    ten, fifty = wall(2000, 1, 1), wall(2040, 1, 1)
    return [
        list_row("daily, 10 years, dateutil", DAILY, start, ten, 10),
        list_row("weekly MO,WE, 10 years, dateutil", WEEKLY, start, ten, 8),
        list_row("monthly BYSETPOS=-1, 10 years, dateutil", MONTHLY, last, ten, 2.5),
        list_row("daily, 50 years, dateutil", DAILY, start, fifty, 20),
        list_row("weekly MO,WE, 50 years, dateutil", WEEKLY, start, fifty, 20),
        list_row("monthly BYSETPOS=-1, 50 years, dateutil", MONTHLY, last, fifty, 2.5),
        window_row(DAILY, start, 1000),
        window_row(WEEKLY, start, 500),
        window_row(MONTHLY, last, 200),
        minutely_row(),
        calendar_row("daily, 10 years, recurring-ical-events", DAILY, start, ten, 100),
        calendar_row("weekly MO,WE, 10 years, recurring-ical-events", WEEKLY, start, ten, 80),
        calendar_row(
            "monthly BYSETPOS=-1, 10 years, recurring-ical-events", MONTHLY, last, ten, 10
        ),
        distance_row(DAILY, start),
        distance_row(WEEKLY, start),
        distance_row(MONTHLY, last),
        unsatisfiable_row(),
    ]


def main() -> None:
    """Print the table of every bar."""
    show("recurrence", rows())


if __name__ == "__main__":
    main()
