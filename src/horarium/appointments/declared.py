"""Hosts, teams and services as object files write them: keys and texts to values.

Whatever is wrong is found before anything is stored, each with its key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from horarium.appointments.declared_hours import (
    absence_line,
    block_line,
    override_line,
    special_day,
    travel_line,
    weekly_line,
)
from horarium.appointments.grid import Anchor, Grid
from horarium.appointments.holidays import read_holiday
from horarium.appointments.horizon import Horizon, read_horizon
from horarium.appointments.host import Host, Link, Mode, Service, Team, Waiting, Writing
from horarium.appointments.hours import HostHours
from horarium.appointments.limits import Limit, read_limit
from horarium.appointments.reminding import MOST_REMINDERS, Reminder, read_reminder
from horarium.appointments.rules import Rules
from horarium.appointments.values import (
    as_address,
    as_flag,
    as_length,
    as_number,
    as_text,
    as_zone,
    by_host,
    each_of,
)
from horarium.appointments.waiting import LEAST_OFFERED
from horarium.kernel.errors import HorariumError, InvalidInput
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, instant, parse_instant
from horarium.kernel.nearest import nearest
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.schedule_parts import (
    read_time,
    read_weekday,
)
from horarium.kernel.weekday import Weekday
from horarium.kernel.zone import UTC

Keys = Mapping[str, object]
T = TypeVar("T")

_NAME = re.compile(r"[\w.-]{1,100}")
SHORTEST, LONGEST = 5 * 60, DAY


class _Wrong(Exception):
    """What is wrong at a key."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def _mode(value: object) -> Mode:
    try:
        return Mode(as_text(value))
    except ValueError:
        known = ", ".join(mode.value for mode in Mode)
        raise InvalidInput(f"{value!r} is none of {known}") from None


def _initial_time(value: object) -> Instant:
    if isinstance(value, int):
        return instant(value)
    text = as_text(value)
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
    return Link(as_address(who[0]), writing)


def _limit(value: object) -> Limit:
    return read_limit(as_text(value))


def _horizon(value: object) -> Horizon:
    return read_horizon(as_text(value))


# --- the tables --------------------------------------------------------------

_HOUR_KEYS: dict[str, Callable[[object], Any]] = {
    "zone": as_zone,
    "blocked_days": each_of(lambda value: read_weekday(as_text(value))),
    "special_days": each_of(special_day),
    "valid_blocks": each_of(block_line),
    "maximum_slots": as_number(0, 10_000),
    "hours": each_of(weekly_line),
    "overrides": each_of(override_line),
    "holidays": each_of(lambda value: read_holiday(as_text(value))),
    "travel": each_of(travel_line),
    "absences": each_of(absence_line(UTC)),
}
_HOST_KEYS: dict[str, Callable[[object], Any]] = {
    **_HOUR_KEYS,
    "name": as_text,
    "mail": as_address,
    "time": _initial_time,
    "capacity": as_number(1, 1_000),
    "before": as_length(0, DAY),
    "after": as_length(0, DAY),
    "limits": each_of(_limit),
    "link": each_of(_link),
    "require_auth": lambda value: _one_of(("none", "spf", "dkim", "dmarc"), value),
    "active": as_flag,
}
_TEAM_KEYS: dict[str, Callable[[object], Any]] = {
    "name": as_text,
    "info": as_text,
    "appointers": each_of(as_text),
    "mode": _mode,
    "fallback": as_text,
    "weights": by_host(0, 1_000),
    "priorities": by_host(1, 5),
    "lead": as_number(1, 1_000),
    "groups": each_of(each_of(as_text)),
}
_SERVICE_KEYS: dict[str, Callable[[object], Any]] = {
    "by": as_text,
    "name": as_text,
    "info": as_text,
    "location": as_text,
    "duration": lambda value: _durations(value),
    "step": as_length(60, 1_440 * 60),
    "offset": as_length(0, 1_440 * 60),
    "anchor": lambda value: _anchor(value),
    "fill": lambda value: _fill(value),
    "times": each_of(lambda value: read_time(as_text(value))),
    "before": as_length(0, DAY),
    "after": as_length(0, DAY),
    "share_buffers": as_flag,
    "buffers_inside": as_flag,
    "notice": as_length(0, 366 * DAY),
    "horizon": _horizon,
    "seats": as_number(1, 10_000),
    "limits": each_of(_limit),
    "client_limit": as_number(1, 1_000),
    "hold": as_length(60, 3_600),
    "verify_email": as_flag,
    "approval": lambda value: _approval(value),
    "allow_cancel": as_flag,
    "allow_move": as_flag,
    "cancel_notice": as_length(0, 366 * DAY),
    "move_notice": as_length(0, 366 * DAY),
    "waiting": lambda value: _waiting(value),
    "offer": as_length(LEAST_OFFERED, 7 * DAY),
    "reminders": lambda value: _reminders(value),
    "reply_declines": lambda value: _one_of(("ask", "cancel"), value),
    "published": as_flag,
    "active": as_flag,
}

KINDS: dict[str, dict[str, Callable[[object], Any]]] = {
    "appointer": _HOST_KEYS,
    "assistant": _TEAM_KEYS,
    "service": _SERVICE_KEYS,
}
"""The keys of each kind of object of this room."""


def _durations(value: object) -> tuple[int, ...]:
    read = as_length(SHORTEST, LONGEST)
    found = each_of(read)(value) if isinstance(value, list) else (read(value),)
    if not found:
        raise InvalidInput("a service has a duration")
    return found


def _fill(value: object) -> bool:
    if value not in ("off", "packed"):
        raise InvalidInput(f"{value!r} is neither off nor packed")
    return value == "packed"


def _anchor(value: object) -> Anchor:
    try:
        return Anchor(as_text(value))
    except ValueError:
        raise InvalidInput(f"{value!r} is none of clock, opening, times") from None


def _reminders(value: object) -> tuple[Reminder, ...]:
    found = each_of(lambda one: read_reminder(as_text(one)))(value)
    if len(set(found)) != len(found) or len(found) > MOST_REMINDERS:
        raise InvalidInput(f"expected at most {MOST_REMINDERS} reminders, each once")
    return found


def _one_of(known: tuple[str, ...], value: object) -> str:
    if value not in known:
        raise InvalidInput(f"{value!r} is none of {', '.join(known)}")
    return str(value)


def _waiting(value: object) -> Waiting:
    try:
        return Waiting(as_text(value))
    except ValueError:
        raise InvalidInput(f"{value!r} is none of offer, auto, all") from None


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
    named = tuple(one for one in found.get("holidays", ()) if isinstance(one, str))
    return Host(id=name, hours=hours, calendars=named, links=found.get("link", ()), **plain)


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
    absences = each_of(absence_line(zone))(keys.get("absences", []))
    stretches = [one for one in found.get("holidays", ()) if not isinstance(one, str)]
    dates = (day for first, last in stretches for day in range(first, last + 1))
    return HostHours(
        rules, found.get("hours", ()), overrides, frozenset(dates), PeriodSet(absences), travels
    )


def _check_groups(found: Mapping[str, Any], hosts: tuple[str, ...]) -> None:
    groups = found.get("groups", ())
    grouped = [host for group in groups for host in group]
    if grouped and found.get("mode") is not Mode.COLLECTIVE:
        raise _Wrong("groups", "groups go with the mode collective")
    if len(set(grouped)) != len(grouped) or () in groups:
        raise _Wrong("groups", "every group has somebody, and nobody is in two")
    for host in grouped:
        if host not in hosts:
            raise _Wrong("groups", f"{host} is no appointer of it{nearest(host, hosts)}")


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
    _check_groups(found, hosts)
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
    found["reply_cancels"] = found.pop("reply_declines", "ask") == "cancel"
    found["pack"] = found.pop("fill", False)
    durations = found.pop("duration", (30 * 60,))
    return Service(id=name, durations=durations, grid=grid, **found)


_MAKERS: dict[str, Callable[[str, Keys], Any]] = {
    "appointer": _host,
    "assistant": _team,
    "service": _service,
}
