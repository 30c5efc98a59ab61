"""How fast schedules decide and find what is next, beside cronsim and beside themselves.

The moments are compared before anything is timed. A decision after an outage of
a year is held against one after an hour; the next moment of a cron expression
against cronsim's, from an instant to an instant on both sides; the next moment
of the other types against that of cron.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from random import Random
from statistics import median
from zoneinfo import ZoneInfo

from cronsim import CronSim
from timing import Row, best, show

from horarium.kernel.decision import due
from horarium.kernel.instant import Instant, parse_instant
from horarium.kernel.schedule_text import parse_schedule
from horarium.kernel.timetable import Circumstances, Timetable
from horarium.kernel.zone import named

NAME = "Europe/Berlin"
BERLIN, THEIRS = named(NAME), ZoneInfo(NAME)
START = parse_instant("2020-01-01T00:00:00Z")
NOW = parse_instant("2026-03-02T12:34:56Z")
YEAR, HOUR = 365 * 86_400, 3600
# No change of the clocks lies in these hours: what is compared is the common way.
EXPRESSIONS = (
    "30 2 * * *",
    "*/5 * * * *",
    "0 9-17 * * MON-FRI",
    "15 4 1 * *",
    "0 12 * * SUN",
    "0,20,40 */3 * * *",
    "5 0 * 8 *",
    "0 0 29 2 *",
)
# Each beside the cron expression that asks most nearly the same.
OTHERS = (
    ("daily start 02:30", "30 2 * * *"),
    ("daily MO-FR window 01:00-24:00 every 1h", "0 1-23 * * MON-FRI"),
    ("daily window 22:00-06:00 random window", "0 22 * * *"),
    ("weekly MO 00:00 - FR 24:00", "0 0 * * MON"),
    ("monthly 28 start 12:00", "0 12 28 * *"),
    ("yearly 02-29", "0 0 29 2 *"),
    ("interval 37m", "*/37 * * * *"),
    ("periodic 01:00", "0 * * * *"),
    ("immediately every 6h", "0 */6 * * *"),
    ('rrule "DTSTART:20200106T090000 RRULE:FREQ=WEEKLY;BYDAY=MO,WE"', "0 9 * * MON,WED"),
)


def made(text: str) -> Timetable:
    return Timetable(parse_schedule(text), Circumstances(activation=START, zone=BERLIN))


def outage_row(text: str) -> Row:
    """Compare deciding after a year with deciding after an hour."""
    timetable = made(text)

    def after(outage: int) -> int:
        found = due(timetable, Instant(NOW - outage), NOW)
        return len(found.runs) + sum(group.count for group in found.skipped)

    assert after(YEAR) > 300 * after(HOUR) or after(HOUR) < 2
    year, hour = best(lambda: after(YEAR)), best(lambda: after(HOUR))
    return Row(f"due after a year, and after an hour: {text}", year, hour, year / hour, "<= 1.5x")


def instants() -> list[Instant]:
    rng = Random(0)
    return [Instant(NOW + rng.randrange(YEAR)) for _ in range(40)]


def ours(timetable: Timetable, t: Instant) -> int | None:
    found = timetable.next_after(t)
    return found.due if found is not None else None


def theirs(text: str, t: Instant) -> int:
    begin = datetime.fromtimestamp(t, THEIRS)
    return int(next(CronSim(text, begin)).astimezone(UTC).timestamp())


def stepped(text: str, t: Instant, count: int) -> list[int]:
    simulated = CronSim(text, datetime.fromtimestamp(t, THEIRS))
    return [int(next(simulated).astimezone(UTC).timestamp()) for _ in range(count)]


def asked(question: Callable[[Instant], object]) -> float:
    """Give the median over places of the shortest time of a question."""
    return median(best(partial(question, t), 0.01) for t in instants())


def walk(timetable: Timetable, t: Instant, count: int) -> list[int]:
    """Give moments in a row, each found from the one before."""
    found: list[int] = []
    for _ in range(count):
        opening = timetable.next_after(t)
        assert opening is not None
        t = opening.due
        found.append(t)
    return found


def cron_rows(text: str) -> list[Row]:
    """Compare the next moment with cronsim: asked once, and twenty in a row."""
    timetable = made(f'cron "{text}"')
    for t in instants():
        assert ours(timetable, t) == theirs(text, t), text
    assert walk(timetable, NOW, 20) == stepped(text, NOW, 20), text
    fast, slow = asked(partial(ours, timetable)), asked(partial(theirs, text))
    each = best(lambda: walk(timetable, NOW, 20)) / 20
    their = best(lambda: stepped(text, NOW, 20)) / 20
    return [
        Row(f"next_after of cron {text}, cronsim", fast, slow, slow / fast, ">= 1x"),
        Row(f"each of 20 in a row of cron {text}, cronsim", each, their, their / each, ">= 1x"),
    ]


def other_row(text: str, expression: str) -> Row:
    """Compare the next moment of another type with that of our cron."""
    found = asked(partial(ours, made(text)))
    cron = asked(partial(ours, made(f'cron "{expression}"')))
    return Row(f"next_after of {text}, our cron {expression}", found, cron, cron / found, ">= 1x")


def median_row(measured: list[Row]) -> Row:
    """Give the median over the expressions."""
    once = [row for row in measured if row.bar.startswith("next_after")]
    fast, slow = median(row.ours for row in once), median(row.rival for row in once)
    return Row("next_after of cron, median, cronsim", fast, slow, slow / fast, ">= 1x")


def rows() -> list[Row]:
    """Measure every bar."""
    grids = ("interval 1s", "periodic 00:01", "immediately every 7s", "interval 10s random 30s")
    cron = [row for text in EXPRESSIONS for row in cron_rows(text)]
    others = [other_row(*pair) for pair in OTHERS]
    return [*(outage_row(text) for text in grids), median_row(cron), *cron, *others]


def main() -> None:
    """Print the table of every bar."""
    show("schedule", rows())


if __name__ == "__main__":
    main()
