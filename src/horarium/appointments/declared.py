"""Hosts, teams and services as object files write them: keys and texts to values.

Whatever is wrong is found before anything is stored, each with its key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from horarium.appointments.grid import Anchor, Grid
from horarium.appointments.horizon import Horizon, read_horizon
from horarium.appointments.host import Host, Link, Mode, Service, Team, Writing
from horarium.appointments.hours import HostHours, Range, Travel, Weekly
from horarium.appointments.limits import Limit, read_limit
from horarium.appointments.local_day import day_start
from horarium.appointments.rules import Rules
from horarium.ical.address import parse_address
from horarium.kernel.errors import HorariumError, InvalidInput
from horarium.kernel.gregorian import DAY, month_length
from horarium.kernel.instant import Instant, instant, parse_instant
from horarium.kernel.nearest import nearest
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.schedule_parts import (
    read_at,
    read_date,
    read_days,
    read_length,
    read_time,
    read_weekday,
)
from horarium.kernel.weekday import Weekday
from horarium.kernel.zone import UTC, Gap, Zone, named

Keys = Mapping[str, object]
T = TypeVar("T")

_NAME = re.compile(r"[\w.-]{1,100}")
_SPECIAL = re.compile(r"(\d\d)-(\d\d)", re.ASCII)
_RANGE = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)", re.ASCII)
_VALID = re.compile(r"(.*?)(?: from (\S+))?(?: until (\S+))?", re.ASCII)
LONGEST_TEXT = 2_000
SHORTEST, LONGEST = 5 * 60, DAY
MOST_ENTRIES = 1_000


class _Wrong(Exception):
    """What is wrong at a key."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


# --- values ------------------------------------------------------------------


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or "\x00" in value:
        raise InvalidInput(f"expected text of at most {LONGEST_TEXT} characters")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput("expected true or false")
    return value


def _number(least: int, most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise InvalidInput(f"expected a whole number from {least} to {most}")
        return value

    return read


def _length(least: int, most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise InvalidInput("expected a duration like 30m, 1h30m or PT45M, or seconds")
        found = value if isinstance(value, int) else read_length(value)
        if not least <= found <= most:
            raise InvalidInput(f"{value} is not from {least} s to {most} s")
        return found

    return read


def _each(read: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    def read_all(value: object) -> tuple[T, ...]:
        if not isinstance(value, list) or len(value) > MOST_ENTRIES:
            raise InvalidInput(f"expected a list of at most {MOST_ENTRIES}")
        return tuple(read(item) for item in value)

    return read_all


def _by_host(least: int, most: int) -> Callable[[object], dict[str, int]]:
    def read(value: object) -> dict[str, int]:
        if not isinstance(value, dict):
            raise InvalidInput("expected a table of a number for each appointer")
        return {name: _number(least, most)(number) for name, number in value.items()}

    return read


def _zone(value: object) -> Zone:
    name = _text(value)
    return UTC if name == "UTC" else named(name)


def _address(value: object) -> str:
    return parse_address(_text(value).removeprefix("mailto:")).key


def _mode(value: object) -> Mode:
    try:
        return Mode(_text(value))
    except ValueError:
        known = ", ".join(mode.value for mode in Mode)
        raise InvalidInput(f"{value!r} is none of {known}") from None


# --- hours -------------------------------------------------------------------


def _special_day(value: object) -> tuple[int, int]:
    found = _SPECIAL.fullmatch(_text(value))
    month, day = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= month <= 12 or not 1 <= day <= month_length(2000, month):
        raise InvalidInput(f"{value!r} is no day of a year like 12-25")
    return month, day


def _range(text: str) -> Range:
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        raise InvalidInput(f"{text.strip()[:40]!r} is no range like 09:00-13:30")
    start, end = read_time(found[1]), read_time(found[2])
    if start == end:
        raise InvalidInput(f"{text.strip()} is empty; a whole day is 00:00-24:00")
    if start == DAY:
        raise InvalidInput("24:00 is an end only")
    return start, 0 if end == 0 else end


def _ranges(text: str) -> tuple[Range, ...]:
    if text.strip() == "closed":
        return ()
    return tuple(_range(piece) for piece in text.split(","))


def _block(value: object) -> Range:
    start, end = _range(_text(value))
    if end <= start:
        raise InvalidInput("a valid block time ends on the day it begins")
    return start, end


def _weekly(value: object) -> Weekly:
    """``mon-thu 09:00-13:30,15:00-18:00 [from DATE] [until DATE]``."""
    parts = _VALID.fullmatch(" ".join(_text(value).split()))
    assert parts is not None
    days, _, ranges = parts[1].partition(" ")
    if not ranges:
        raise InvalidInput(f"{value!r} is no line like 'mon-fri 09:00-17:00'")
    first = read_date(parts[2], "from") if parts[2] else None
    last = read_date(parts[3], "until") if parts[3] else None
    if first is not None and last is not None and last < first:
        raise InvalidInput(f"{value!r} ends before it begins")
    return Weekly(frozenset(read_days(days)), _ranges(ranges), first, last)


def _override(value: object) -> tuple[int, tuple[Range, ...]]:
    day, _, ranges = _text(value).strip().partition(" ")
    if not ranges:
        raise InvalidInput(f"{value!r} is no override like '2027-12-24 09:00-12:00' or '… closed'")
    return read_date(day), _ranges(ranges)


def _dates(value: object) -> tuple[int, int]:
    first, dots, last = _text(value).strip().partition("..")
    begin = read_date(first)
    end = read_date(last) if dots else begin
    if end < begin or end - begin > 10 * 366:
        raise InvalidInput(f"{value!r} is no stretch of dates like 2027-07-01..2027-07-14")
    return begin, end


def _travel(value: object) -> Travel:
    dates, _, zone = _text(value).strip().partition(" ")
    return Travel(*_dates(dates), _zone(zone.strip()))


def _absence(zone: Zone) -> Callable[[object], Period]:
    """``2027-07-01..2027-07-14 [why]`` or ``2027-07-01T12:00/2027-07-01T14:00 [why]``."""

    def read(value: object) -> Period:
        span, _, _why = _text(value).strip().partition(" ")
        first, slash, last = span.partition("/")
        if not slash:
            begin, end = _dates(span)
            return Period(day_start(zone, begin), day_start(zone, end + 1))
        return Period(_moment(zone, first), _moment(zone, last))

    return read


def _moment(zone: Zone, text: str) -> Instant:
    at = read_at(text)
    if at.wall is not None:
        return zone.at(at.wall, Gap.AT_END)
    if at.instant is None:
        raise InvalidInput(f"{text!r} is no moment like 2027-07-01T12:00")
    return at.instant


def _initial_time(value: object) -> Instant:
    if isinstance(value, int):
        return instant(value)
    text = _text(value)
    return parse_instant(text) if "T" in text or ":" in text else instant(_seconds(text))


def _seconds(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,12}", text, re.ASCII):
        raise InvalidInput(f"{text[:40]!r} is no instant like 2027-05-10T08:00:00Z, nor seconds")
    return int(text)


def _link(value: object) -> Link:
    keys = {"resource": value} if isinstance(value, str) else value
    if not isinstance(keys, dict):
        raise InvalidInput("expected an address, or a table like { resource = …, mode = … }")
    for key in keys:
        if key not in ("resource", "person", "mode"):
            raise InvalidInput(f"there is no such key {key!r}{nearest(key, ('resource', 'mode'))}")
    who = [keys[key] for key in ("resource", "person") if key in keys]
    if len(who) != 1:
        raise InvalidInput("a link names one resource or one person")
    try:
        writing = Writing(keys.get("mode", "reserve"))
    except ValueError:
        raise InvalidInput(f"mode {keys['mode']!r} is neither reserve nor busy") from None
    return Link(_address(who[0]), writing)


def _limit(value: object) -> Limit:
    return read_limit(_text(value))


def _horizon(value: object) -> Horizon:
    return read_horizon(_text(value))


# --- the tables --------------------------------------------------------------

_HOUR_KEYS: dict[str, Callable[[object], Any]] = {
    "zone": _zone,
    "blocked_days": _each(lambda value: read_weekday(_text(value))),
    "special_days": _each(_special_day),
    "valid_blocks": _each(_block),
    "maximum_slots": _number(0, 10_000),
    "hours": _each(_weekly),
    "overrides": _each(_override),
    "holidays": _each(_dates),
    "travel": _each(_travel),
    "absences": _each(_absence(UTC)),
}
_HOST_KEYS: dict[str, Callable[[object], Any]] = {
    **_HOUR_KEYS,
    "name": _text,
    "mail": _address,
    "time": _initial_time,
    "capacity": _number(1, 1_000),
    "before": _length(0, DAY),
    "after": _length(0, DAY),
    "limits": _each(_limit),
    "link": _each(_link),
    "active": _flag,
}
_TEAM_KEYS: dict[str, Callable[[object], Any]] = {
    "name": _text,
    "info": _text,
    "appointers": _each(_text),
    "mode": _mode,
    "fallback": _text,
    "weights": _by_host(0, 1_000),
    "priorities": _by_host(1, 5),
    "lead": _number(1, 1_000),
}
_SERVICE_KEYS: dict[str, Callable[[object], Any]] = {
    "by": _text,
    "name": _text,
    "info": _text,
    "location": _text,
    "duration": lambda value: _durations(value),
    "step": _length(60, 1_440 * 60),
    "offset": _length(0, 1_440 * 60),
    "anchor": lambda value: _anchor(value),
    "times": _each(lambda value: read_time(_text(value))),
    "before": _length(0, DAY),
    "after": _length(0, DAY),
    "share_buffers": _flag,
    "buffers_inside": _flag,
    "notice": _length(0, 366 * DAY),
    "horizon": _horizon,
    "seats": _number(1, 10_000),
    "limits": _each(_limit),
    "client_limit": _number(1, 1_000),
    "hold": _length(60, 3_600),
    "verify_email": _flag,
    "approval": lambda value: _approval(value),
    "allow_cancel": _flag,
    "allow_move": _flag,
    "cancel_notice": _length(0, 366 * DAY),
    "move_notice": _length(0, 366 * DAY),
    "published": _flag,
    "active": _flag,
}

KINDS: dict[str, dict[str, Callable[[object], Any]]] = {
    "appointer": _HOST_KEYS,
    "assistant": _TEAM_KEYS,
    "service": _SERVICE_KEYS,
}
"""The keys of each kind of object of this room."""


def _durations(value: object) -> tuple[int, ...]:
    read = _length(SHORTEST, LONGEST)
    found = _each(read)(value) if isinstance(value, list) else (read(value),)
    if not found:
        raise InvalidInput("a service has a duration")
    return found


def _anchor(value: object) -> Anchor:
    try:
        return Anchor(_text(value))
    except ValueError:
        raise InvalidInput(f"{value!r} is none of clock, opening, times") from None


def _approval(value: object) -> bool:
    if value not in ("auto", "host"):
        raise InvalidInput(f"{value!r} is neither auto nor host")
    return value == "host"


# --- objects -----------------------------------------------------------------


def faults(kind: str, name: str, keys: Keys) -> Iterator[tuple[str, str]]:
    """Yields what is wrong with an object, each with its key ("" for the whole)."""
    if not _NAME.fullmatch(name):
        yield "", "a name is letters, digits, dots, - and _"
    readers = KINDS[kind]
    wrong = False
    for key, value in keys.items():
        if key not in readers:
            wrong = True
            yield key, f"there is no such key{nearest(key, list(readers))}"
            continue
        try:
            readers[key](value)
        except HorariumError as error:
            wrong = True
            yield key, str(error)
    if wrong:
        return
    try:
        _MAKERS[kind](name, keys)
    except _Wrong as error:
        yield error.key, str(error)


def read_host(name: str, keys: Keys) -> Host:
    """The host that ``[appointer.NAME]`` declares; InvalidInput for what is wrong."""
    return _made("appointer", name, keys)  # type: ignore[no-any-return]


def read_team(name: str, keys: Keys) -> Team:
    """The team that ``[assistant.NAME]`` declares; InvalidInput for what is wrong."""
    return _made("assistant", name, keys)  # type: ignore[no-any-return]


def read_service(name: str, keys: Keys) -> Service:
    """The service that ``[service.NAME]`` declares; InvalidInput for what is wrong."""
    return _made("service", name, keys)  # type: ignore[no-any-return]


def _made(kind: str, name: str, keys: Keys) -> Any:
    for key, message in faults(kind, name, keys):
        raise InvalidInput(f"{kind} {name}: {key}: {message}", part=key, value=name)
    return _MAKERS[kind](name, keys)


def _values(kind: str, keys: Keys) -> dict[str, Any]:
    return {key: KINDS[kind][key](value) for key, value in keys.items()}


def _host(name: str, keys: Keys) -> Host:
    found = _values("appointer", keys)
    hours = _hours(found, keys)
    plain = {key: found[key] for key in found if key not in _HOUR_KEYS and key != "link"}
    return Host(id=name, hours=hours, links=found.get("link", ()), **plain)


def _hours(found: Mapping[str, Any], keys: Keys) -> HostHours:
    zone = found.get("zone", UTC)
    rules = Rules(
        zone,
        frozenset[Weekday](found.get("blocked_days", ())),
        frozenset(found.get("special_days", ())),
        found.get("maximum_slots", 0),
        frozenset(found.get("valid_blocks", ())),
    )
    overrides = dict(found.get("overrides", ()))
    if len(overrides) != len(found.get("overrides", ())):
        raise _Wrong("overrides", "one date has two overrides")
    travels = found.get("travel", ())
    if any(a.first <= b.first <= a.last for a in travels for b in travels if a is not b):
        raise _Wrong("travel", "two travels overlap")
    absences = _each(_absence(zone))(keys.get("absences", []))
    dates = (day for first, last in found.get("holidays", ()) for day in range(first, last + 1))
    return HostHours(
        rules, found.get("hours", ()), overrides, frozenset(dates), PeriodSet(absences), travels
    )


def _team(name: str, keys: Keys) -> Team:
    found = _values("assistant", keys)
    hosts = found.get("appointers", ())
    if len(set(hosts)) != len(hosts):
        raise _Wrong("appointers", "an appointer is once in an assistant")
    fallback = found.pop("fallback", None)
    if fallback not in (None, "next"):
        raise _Wrong("fallback", f"{fallback!r} is not 'next'")
    if fallback and found.get("mode") not in (None, Mode.ROTATE_NEXT):
        raise _Wrong("fallback", "a fallback is the mode rotate-next")
    if fallback:
        found["mode"] = Mode.ROTATE_NEXT
    found["hosts"] = found.pop("appointers", ())
    for key in ("weights", "priorities"):
        for host in found.get(key, {}):
            if host not in hosts:
                raise _Wrong(key, f"{host} is no appointer of it{nearest(host, hosts)}")
    return Team(id=name, **found)


def _service(name: str, keys: Keys) -> Service:
    found = _values("service", keys)
    if "by" not in found:
        raise _Wrong("by", "says which appointer or assistant gives the service")
    times, step = found.pop("times", ()), found.pop("step", None)
    anchor = found.pop("anchor", Anchor.TIMES if times else Anchor.CLOCK)
    if (anchor is Anchor.TIMES) != bool(times):
        raise _Wrong("times", "the times of a grid go with the anchor 'times'")
    offset = found.pop("offset", 0)
    if offset % 60 or (step or 0) % 60:
        raise _Wrong("step", "a grid is of whole minutes")
    grid = Grid(anchor, None if step is None else step // 60, offset // 60, times)
    durations = found.pop("duration", (30 * 60,))
    return Service(id=name, durations=durations, grid=grid, **found)


_MAKERS: dict[str, Callable[[str, Keys], Any]] = {
    "appointer": _host,
    "assistant": _team,
    "service": _service,
}
