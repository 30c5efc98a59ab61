"""The one-line text of a schedule: reading. Grammar: docs/formats/schedules.md."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from horarium.kernel.cron import Cron
from horarium.kernel.errors import InvalidInput, LimitReached
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import parse_instant
from horarium.kernel.schedule import Schedule
from horarium.kernel.schedule_parts import (
    read_at,
    read_date,
    read_days,
    read_length,
    read_periodic,
    read_time,
    read_weekday,
)
from horarium.kernel.schedule_rrule import Series
from horarium.kernel.schedule_words import (
    LAST_DAY,
    CatchUp,
    CatchUpKind,
    OnCrash,
    Outside,
    Overlap,
    Type,
)
from horarium.kernel.zone import Fold, Gap

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

LONGEST_LINE = 4_096
"""Characters of the text: a screen full; longer series belong into a table."""


class BadSchedule(InvalidInput):
    """A text that is no schedule; ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, line: int, column: int, *, part: str, value: str) -> None:
        super().__init__(f"line {line}, column {column}: {message}", part=part, value=value)
        self.line = line
        self.column = column


_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"[A-Za-z_]+")
_TOKEN = re.compile(r"\S+")
_TIME = re.compile(r"\d[\d:]*")
_DASH = re.compile(r"-")
_QUOTED = re.compile(r'"([^"]*)"')
_DAYS = re.compile(r"[A-Za-z]+(?:\s*[,-]\s*[A-Za-z]+)*")
_WALL = re.compile(r"\d{4}-\d\d-\d\d \d{1,2}:[\d:]+")
_DATE_OF_YEAR = re.compile(r"(\d\d)-(\d\d|last)", re.IGNORECASE | re.ASCII)


class _Scanner:
    """A place in the text that moves on as parts are read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.before = 0
        self.space()

    def space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    @property
    def done(self) -> bool:
        return self.at == len(self.text)

    def bad(self, expected: str, at: int | None = None, part: str = "schedule") -> BadSchedule:
        place = self.at if at is None else at
        line = self.text.count("\n", 0, place) + 1
        column = place - self.text.rfind("\n", 0, place)
        match = _TOKEN.match(self.text, place)
        found = f"found {match[0][:40]!r}" if match else "found the end"
        return BadSchedule(
            f"{found}, expected {expected}",
            line,
            column,
            part=part,
            value=match[0][:40] if match else "",
        )

    def take(self, pattern: re.Pattern[str], expected: str) -> re.Match[str]:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise self.bad(expected)
        self.before = self.at
        self.at = match.end()
        self.space()
        return match

    def peek(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        return match[0] if match else ""

    def read(self, read: Callable[[str], T], pattern: re.Pattern[str], expected: str) -> T:
        text = self.take(pattern, expected)[0]
        try:
            return read(text)
        except InvalidInput as error:
            raise self.bad(expected, self.before, error.part) from error

    def word(self, words: type[E], expected: str) -> E:
        names = {member.value: member for member in words}
        text = self.take(_WORD, expected)[0].lower()
        if text not in names:
            raise self.bad(expected, self.before)
        return names[text]

    def quoted(self, expected: str) -> str:
        return str(self.take(_QUOTED, expected)[1])

    def time(self) -> int:
        return self.read(read_time, _TIME, "a time of day like 09:30")

    def span(self) -> tuple[int, int]:
        start = self.time()
        self.take(_DASH, "- and the end")
        return start, self.time()

    def length(self) -> int:
        return self.read(read_length, _TOKEN, "a duration like 1h30m")

    def name(self, expected: str) -> str:
        return self.take(_TOKEN, expected)[0]


Fields = dict[str, object]


def parse_schedule(text: str) -> Schedule:
    """Read the one-line text of a schedule, in any case and with its options in any order.

    Raises BadSchedule with line and column, or LimitReached for a line too long.
    """
    if len(text) > LONGEST_LINE:
        raise LimitReached("characters of a schedule", len(text), LONGEST_LINE)
    scanner = _Scanner(text)
    places: dict[str, int] = {"": scanner.at}
    fields = _kind(scanner, places)
    kind = fields["type"]
    seen: set[str] = set()
    while not scanner.done:
        at = scanner.at
        word = scanner.take(_WORD, _ANY_OPTION)[0].lower()
        option = _OPTIONS.get(word)
        if option is None:
            raise scanner.bad(_ANY_OPTION, at)
        group = "window" if word == "start" else word
        if group in seen and word != "except":
            raise scanner.bad("each option at most once", at)
        seen.add(group)
        _option(scanner, fields, word, kind)
        places.update(dict.fromkeys(_KEYS_OF.get(word, (word,)), at))
    try:
        return Schedule(**fields)  # type: ignore[arg-type]  # the reader of each option knows its type
    except InvalidInput as error:
        raise _at_its_place(scanner, places, error) from error


def _at_its_place(scanner: _Scanner, places: dict[str, int], error: InvalidInput) -> BadSchedule:
    place = places.get(error.part, places[""])
    found = scanner.bad("", place, error.part)
    return BadSchedule(str(error), found.line, found.column, part=error.part, value=error.value)


_KEYS_OF = {
    "window": ("start", "end"),
    "start": ("start",),
    "every": ("every", "repeat"),
    "disabled": ("enabled",),
}


def _kind(scanner: _Scanner, places: dict[str, int]) -> Fields:
    kinds = "a type: " + ", ".join(kind.value for kind in Type)
    at = scanner.at
    kind = scanner.word(Type, kinds)
    places.update(dict.fromkeys(("at", "day", "date", "cron", "rrule", "signal"), scanner.at))
    places["days"] = at
    fields: Fields = {"type": kind}
    reader = _KINDS.get(kind)
    if reader is not None:
        fields.update(reader(scanner))
    if fields["type"] is Type.CRON and fields.get("signal"):
        fields["type"] = Type.ON
    return fields


def _at(scanner: _Scanner) -> Fields:
    pattern = _WALL if scanner.peek(_WALL) else _QUOTED if scanner.peek(_QUOTED) else _TOKEN
    expected = "a moment like 2026-12-01T08:30, 2026-12-01T07:30:00Z or +1h"
    return {"at": scanner.read(lambda text: read_at(text.strip('"')), pattern, expected)}


def _daily(scanner: _Scanner) -> Fields:
    word = scanner.peek(_WORD).lower()
    if not word or word in _OPTIONS:
        return {}
    return {"days": scanner.read(read_days, _DAYS, "weekdays like MO-FR,SU, or an option")}


def _weekly(scanner: _Scanner) -> Fields:
    day = "a weekday, MO to SU"
    found: Fields = {"weekday": scanner.read(read_weekday, _WORD, day), "start": scanner.time()}
    if scanner.peek(_DASH):
        scanner.take(_DASH, "-")
        found["end_weekday"] = scanner.read(read_weekday, _WORD, day)
        found["end"] = scanner.time()
    return found


def _day_of_month(text: str) -> int:
    if text.lower() == "last":
        return LAST_DAY
    if not (text.isascii() and text.isdigit() and len(text) <= 2):
        raise InvalidInput("no day of a month", part="day")
    return int(text)


def _monthly(scanner: _Scanner) -> Fields:
    return {"month_day": scanner.read(_day_of_month, _TOKEN, "a day from 1 to 31, or last")}


def read_date_of_year(text: str) -> tuple[int, int]:
    """Read ``MM-DD`` or ``MM-last``."""
    match = _DATE_OF_YEAR.fullmatch(text)
    if match is None:
        raise InvalidInput(
            f"date: {text[:40]!r} is no MM-DD and no MM-last", part="date", value=text[:40]
        )
    return int(match[1]), _day_of_month(match[2])


def _yearly(scanner: _Scanner) -> Fields:
    month, day = scanner.read(read_date_of_year, _TOKEN, "a date like 02-29 or 02-last")
    return {"month": month, "month_day": day}


def _anchored(scanner: _Scanner, every: int) -> Fields:
    found: Fields = {"every": every}
    if scanner.peek(_WORD).lower() == "anchor":
        scanner.take(_WORD, "anchor")
        found["anchor"] = scanner.read(
            parse_instant, _TOKEN, "an instant like 2026-03-29T01:30:00Z"
        )
    return found


def _interval(scanner: _Scanner) -> Fields:
    return _anchored(scanner, scanner.length())


def _periodic(scanner: _Scanner) -> Fields:
    expected = "hours and minutes from 00:01 to 255:00"
    return _anchored(scanner, scanner.read(read_periodic, _TOKEN, expected))


def read_cron(text: str) -> Fields:
    """Read a cron expression as fields; ``@reboot`` is the signal ``start``."""
    if text.strip().lower() == "@reboot":
        return {"signal": "start"}
    return {"cron": Cron.parse(text)}


def _cron(scanner: _Scanner) -> Fields:
    at = scanner.at
    text = scanner.quoted('an expression in quotes like "30 2 * * *"')
    try:
        return read_cron(text)
    except InvalidInput as error:
        raise _at_its_place(scanner, {"": at}, error) from error


def _rrule(scanner: _Scanner) -> Fields:
    at = scanner.at
    text = scanner.quoted('properties in quotes like "DTSTART:20260105T090000 RRULE:FREQ=WEEKLY"')
    try:
        return {"series": Series.parse(text)}
    except InvalidInput as error:
        raise _at_its_place(scanner, {"": at}, error) from error


def _on(scanner: _Scanner) -> Fields:
    return {"signal": scanner.name("the name of a signal")}


_KINDS: dict[Type, Callable[[_Scanner], Fields]] = {
    Type.AT: _at,
    Type.DAILY: _daily,
    Type.WEEKLY: _weekly,
    Type.MONTHLY: _monthly,
    Type.YEARLY: _yearly,
    Type.INTERVAL: _interval,
    Type.PERIODIC: _periodic,
    Type.CRON: _cron,
    Type.RRULE: _rrule,
    Type.ON: _on,
}


def _option(scanner: _Scanner, fields: Fields, word: str, kind: object) -> None:
    if kind is Type.WEEKLY and word in ("window", "start"):
        raise scanner.bad("no window: weekly has its own times", scanner.before)
    fields.update(_OPTIONS[word](scanner, fields))


def _window(scanner: _Scanner, fields: Fields) -> Fields:
    start, end = scanner.span()
    return {"start": start, "end": end}


def _random(scanner: _Scanner, fields: Fields) -> Fields:
    if scanner.peek(_WORD).lower() == "window":
        scanner.take(_WORD, "window")
        return {"random_window": True}
    return {"jitter": scanner.read(read_length, _TOKEN, "window, or a duration like 15m")}


_NUMBER = re.compile(r"\d{1,6}(?!\S)", re.ASCII)


def _catch_up(scanner: _Scanner, fields: Fields) -> Fields:
    at = scanner.at
    kind = scanner.word(CatchUpKind, "once, none or all")
    if kind is not CatchUpKind.ALL:
        return {"catch_up": CatchUp(kind)}
    most = int(scanner.take(_NUMBER, "a number")[0]) if scanner.peek(_NUMBER) else 100
    within = 7 * DAY
    if scanner.peek(_WORD).lower() == "within":
        scanner.take(_WORD, "within")
        within = scanner.length()
    try:
        return {"catch_up": CatchUp(kind, most, within)}
    except InvalidInput as error:
        raise _at_its_place(scanner, {"": at}, error) from error


def _except(scanner: _Scanner, fields: Fields) -> Fields:
    before = fields.get("excepted", ())
    name = scanner.name("the name of a calendar")
    return {"excepted": (*before, name)}  # type: ignore[misc]  # this function alone sets it


def _date(field: str) -> Callable[[_Scanner, Fields], Fields]:
    def read(scanner: _Scanner, fields: Fields) -> Fields:
        return {field: scanner.read(read_date, _TOKEN, "a date like 2026-12-31")}

    return read


def _repeat(scanner: _Scanner, fields: Fields) -> Fields:
    return {"repeat": scanner.length()}


_OPTIONS: dict[str, Callable[[_Scanner, Fields], Fields]] = {
    "window": _window,
    "start": lambda scanner, _: {"start": scanner.time()},
    "every": _repeat,
    "for": lambda scanner, _: {"length": scanner.length()},
    "zone": lambda scanner, _: {"zone": _zone_word(scanner.name("a zone like Europe/Oslo"))},
    "random": _random,
    "gap": lambda scanner, _: {"gap": scanner.word(Gap, "skip, shift or at_end")},
    "fold": lambda scanner, _: {"fold": scanner.word(Fold, "first, last or both")},
    "grace": lambda scanner, _: {"grace": scanner.length()},
    "deadline": lambda scanner, _: {"deadline": scanner.length()},
    "catch_up": _catch_up,
    "overlap": lambda scanner, _: {"overlap": scanner.word(Overlap, "skip, queue_one or allow")},
    "on_crash": lambda scanner, _: {"on_crash": scanner.word(OnCrash, "skip or rerun")},
    "late_outside_window": lambda scanner, _: {"late_outside_window": True},
    "outside": lambda scanner, _: {"outside": scanner.word(Outside, "wait or drop")},
    "except": _except,
    "from": _date("first_date"),
    "until": _date("last_date"),
    "seed": lambda scanner, _: {"seed": scanner.name("a seed")},
    "disabled": lambda scanner, _: {"enabled": False},
}

_ANY_OPTION = "an option: " + ", ".join(_OPTIONS)


def _zone_word(text: str) -> str:
    return text.lower() if text.lower() in ("owner", "receiver") else text
