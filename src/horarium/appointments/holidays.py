"""Calendars of holidays: the closed dates that have a name, from a file or for a country."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from horarium.appointments.declared_hours import dates_line
from horarium.ical.component import Component, parse
from horarium.ical.event import read_event
from horarium.ical.tzid import ZoneBook
from horarium.kernel.errors import InvalidInput
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant
from horarium.kernel.schedule_parts import write_date
from horarium.kernel.zone import UTC

AHEAD_DAYS = 731
"""How far ahead a calendar is laid down: as far as anybody can book."""

MOST_DATES = 5_000

Titles = Mapping[int, str]
"""What the dates (days since 1970-01-01) of a calendar are called."""

_COUNTRY = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,4}))?", re.ASCII)
_FILE = re.compile(r"(?![/.])[\w./ -]{1,200}\.(ics|txt)")


def country_of(name: str) -> tuple[str, str | None] | None:
    """Gives country and subdivision of ``NO`` or ``DE-BY``; None for anything else."""
    found = _COUNTRY.fullmatch(name)
    return (found[1], found[2]) if found else None


def is_file(name: str) -> bool:
    """Tells whether a name is that of a file in the site's folder."""
    return _FILE.fullmatch(name) is not None and ".." not in name.split("/")


def read_holiday(text: str) -> tuple[int, int] | str:
    """Reads the dates of ``2027-12-24..2027-12-31``, or the name of a calendar."""
    if country_of(text) is not None or is_file(text):
        return text
    if text[:1].isdigit():
        return dates_line(text)
    raise InvalidInput(
        f"{text[:60]!r} is no date like 2027-05-17, no stretch of dates, no country like NO or "
        "DE-BY, and no file of the site ending in .ics or .txt"
    )


def read_dates(text: str) -> dict[int, str]:
    """Reads a file with a date, or a stretch of dates, and a title on each line; ``#`` begins a
    comment. InvalidInput with the number of the line."""
    found: dict[int, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        dates, _, title = line.partition("#")[0].strip().partition(" ")
        if not dates:
            continue
        try:
            first, last = dates_line(dates)
        except InvalidInput as error:
            raise InvalidInput(f"line {number}: {error}") from error
        found.update(dict.fromkeys(range(first, last + 1), title.strip()))
        _check_many(found)
    return found


def read_calendar(data: bytes, first: int, last: int) -> dict[int, str]:
    """Reads the days from ``first`` to ``last`` of all whole-day events of an iCalendar file, also
    of those that recur. InvalidInput for what is no calendar."""
    found: dict[int, str] = {}
    for calendar in parse(data):
        book = ZoneBook(calendar, UTC)
        for event in calendar.children("VEVENT"):
            for day, title in _days_of(event, book, first, last):
                found[day] = title
                _check_many(found)
    return found


def _days_of(
    component: Component, book: ZoneBook, first: int, last: int
) -> Iterator[tuple[int, str]]:
    event = read_event(component, book, UTC)
    if not event.whole_day or event.series is None or event.status == "CANCELLED":
        return
    within = Instant(first * DAY), Instant((last + 1) * DAY)
    for occurrence in event.series.occurrences(*within):
        days = range(occurrence.start // DAY, -(-occurrence.end // DAY))
        yield from ((day, event.summary or "") for day in days if first <= day <= last)


def _check_many(found: Titles) -> None:
    if len(found) > MOST_DATES:
        raise InvalidInput(f"more than {MOST_DATES} dates are no calendar of holidays")


def changes(before: Titles, after: Titles, today: int) -> Iterator[str]:
    """Yields what is different from today on, in words."""
    for day in sorted(before.keys() | after.keys()):
        if day < today or before.get(day) == after.get(day):
            continue
        if day not in after:
            yield f"{write_date(day)} {before[day]} is no holiday any more".replace("  ", " ")
        elif day not in before:
            yield f"{write_date(day)} {after[day]}".rstrip()
        else:
            yield f"{write_date(day)} {after[day]} (was {before[day]})"
