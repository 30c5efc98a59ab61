"""The four schedules: how each is read, and what it means to the one that owns it.

A refresh, a build and an extraction fire; a channel's schedule is a window in which its distributor
may send. All four hold one kind of value, that of the kernel, which knows nothing of owners: here
stands what a type of schedule is to which of them (seed 002).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from horarium.kernel.errors import InvalidInput, LimitReached
from horarium.kernel.gregorian import DAY, day_number
from horarium.kernel.instant import MIN_INSTANT, Instant
from horarium.kernel.nearest import nearest
from horarium.kernel.schedule import OnCrash, Schedule, Type
from horarium.kernel.schedule_check import ROLES
from horarium.kernel.schedule_keys import schedule_from_table
from horarium.kernel.schedule_text import parse_schedule
from horarium.kernel.timetable import Circumstances, Timetable


class Act(StrEnum):
    """What a schedule of distribution is for."""

    REFRESH = "refresh"
    """A distributor reads the configuration anew."""
    BUILD = "build"
    """A distribution is gathered and compared."""
    SEND = "send"
    """A channel is open to its first tier."""
    EXTRACT = "extract"
    """A subscriber unpacks what it has received."""


OWNERS = {
    Act.REFRESH: "distributor",
    Act.BUILD: "distribution",
    Act.SEND: "channel",
    Act.EXTRACT: "subscriber",
}
"""The kind of object whose schedule it is."""

SIGNALS: Mapping[Act, tuple[str, ...]] = {
    Act.REFRESH: ("start",),
    Act.BUILD: ("refresh", "start"),
    Act.SEND: ("refresh", "start"),
    Act.EXTRACT: ("verified", "start"),
}
"""What a schedule of type ``on`` may wait for: the start of the process, a refresh of the
distributor, a version that is verified."""

LEAST_REFRESH = 300
"""Seconds between two refreshes (seed 002: not more often than every five minutes)."""
_PROBED = 100
"""Firings that are looked at to find two that lie close together."""
_LONG_AGO = Instant(day_number(2024, 1, 1) * DAY)

NEVER = Schedule(type=Type.NEVER)


def object_id(act: Act, name: str) -> str:
    """What places the random moments of a schedule: ``subscriber:s1/extract``."""
    return f"{OWNERS[act]}:{name}/{act.value}"


def read_schedule(act: Act, written: object) -> Schedule:
    """The schedule that a key of an object holds, a table of keys or one line of text.

    InvalidInput for what can not be read or means nothing to its owner; ``part`` is the key of the
    table. A window whose beginning is random ends at 24:00 when nothing else is written.
    """
    if not isinstance(written, str | Mapping):
        raise InvalidInput('expected a table like { type = "daily", start = "22:00" }, or a line')
    try:
        return _read_once(act, json.dumps(written, sort_keys=True))
    except TypeError:
        # A value that is none of JSON: its reader says which key it stands at.
        return _judged(act, written)


@lru_cache(1_024)
def _read_once(act: Act, written: str) -> Schedule:
    """Thousands of objects have the same schedule, and all are read at every change of one."""
    return _judged(act, json.loads(written))


def _judged(act: Act, written: str | Mapping[str, object]) -> Schedule:
    schedule = _read(written)
    _check(act, schedule)
    return schedule


def _read(written: str | Mapping[str, object]) -> Schedule:
    if isinstance(written, str):
        try:
            return parse_schedule(written)
        except InvalidInput as error:
            if not _lacks_end(error):
                raise
            return parse_schedule(_with_end(written))
    try:
        return schedule_from_table(written)
    except InvalidInput as error:
        if not _lacks_end(error):
            raise
        return schedule_from_table({**written, "end": "24:00"})


def _lacks_end(error: InvalidInput) -> bool:
    return error.part == "random" and "needs an end" in error.message


_START = re.compile(r"\bstart\s+([\d:]+)", re.IGNORECASE)
_WEEKLY = re.compile(r"^(\s*weekly\s+([A-Z]+)\s+[\d:]+)", re.IGNORECASE)


def _with_end(text: str) -> str:
    """A line whose window ends at 24:00 of its day, where it names no end."""
    for pattern, written in ((_WEEKLY, r"\1 - \2 24:00"), (_START, r"window \1-24:00")):
        if pattern.search(text):
            return pattern.sub(written, text, count=1)
    return f"{text} window 00:00-24:00"


def _check(act: Act, schedule: Schedule) -> None:
    if schedule.zone == "receiver" and act is not Act.SEND:
        raise InvalidInput(
            f"zone: the schedule of a {act.value} has no receivers: owner, or a zone's name",
            part="zone",
        )
    known = SIGNALS[act]
    if schedule.signal is not None and schedule.signal not in known:
        near = nearest(schedule.signal, known)
        raise InvalidInput(
            f"signal: a {act.value} can wait for {' or '.join(known)}, "
            f"not for {schedule.signal}{near}",
            part="signal",
        )
    if act is Act.SEND:
        _check_window(schedule)
    # What nobody gives a meaning to here, a calendar of exceptions, is refused by the timetable.
    Timetable(_zoned(schedule, "UTC"), Circumstances(activation=_LONG_AGO))


def _check_window(schedule: Schedule) -> None:
    kind = schedule.type
    if kind is Type.IMMEDIATELY and schedule.length is not None:
        raise InvalidInput("for: a channel that sends immediately is always open", part="for")
    lasting = schedule.series is not None and schedule.series.has_length
    if kind in _POINTS and schedule.length is None and not lasting:
        own = ", a DTEND or a DURATION" if kind is Type.RRULE else ""
        raise InvalidInput(
            f"for: a schedule of type {kind.value} says when a channel opens, "
            f"but not for how long: it needs for{own}",
            part="for",
        )


_POINTS = frozenset({Type.PERIODIC, Type.CRON, Type.ON, Type.RRULE})


def _zoned(schedule: Schedule, zone: str) -> Schedule:
    return replace(schedule, zone=zone) if schedule.zone in (None, *ROLES) else schedule


@dataclass(frozen=True, slots=True)
class Given:
    """What a schedule of distribution is set into.

    ``activation`` is when its newest form became known, ``anchor`` the refresh that first saw an
    interval (None: the activation); ``signals`` are the instants of each signal, in any order.
    """

    activation: Instant
    anchor: Instant | None = None
    signals: Mapping[str, tuple[Instant, ...]] = field(default_factory=dict)

    def signal(self, name: str) -> tuple[Instant, ...]:
        """The instants at which a signal was given."""
        return self.signals.get(name, ())


def mapped(act: Act, schedule: Schedule | None, zone: str) -> Schedule:
    """What a written schedule is to its owner, as a value of the kernel in a named zone.

    The day of a window without an end lasts until 24:00. ``immediately`` is the next refresh to a
    build and the next verified version to an extraction. Nothing written is never.
    """
    if schedule is None or not schedule.enabled:
        return NEVER
    own = _ended(_zoned(schedule, zone), act)
    if act is not Act.SEND:
        own = replace(own, on_crash=OnCrash.RERUN)
    if own.type is Type.IMMEDIATELY and own.repeat is None and act in _AT_ONCE:
        return replace(own, type=Type.ON, signal=_AT_ONCE[act])
    return own


def signal_of(act: Act, schedule: Schedule | None) -> str | None:
    """The signal at which an act fires, or from which on it is repeated; None for one that goes by
    the clock alone."""
    if schedule is None or not schedule.enabled:
        return None
    return _AT_ONCE.get(act) if schedule.type is Type.IMMEDIATELY else schedule.signal


_AT_ONCE = {Act.BUILD: "refresh", Act.SEND: "refresh", Act.EXTRACT: "verified"}


def _ended(schedule: Schedule, act: Act) -> Schedule:
    """With the end that a window has when none is written: 24:00 of its day."""
    if schedule.end is not None or schedule.length is not None:
        return schedule
    if schedule.type.dated:
        return replace(schedule, end=DAY)
    single = schedule.at is not None and schedule.at.wall is not None
    return replace(schedule, end=DAY) if single and act is Act.SEND else schedule


def firings(
    act: Act, name: str, schedule: Schedule | None, zone: str, seed: str, given: Given
) -> Timetable:
    """The timetable in which an act fires: a refresh, a build, a walk of a channel, an extraction.

    ``immediately`` with a repeat counts from the newest signal that it waits for.
    """
    own = mapped(act, schedule, zone)
    activation = given.activation
    if own.type is Type.IMMEDIATELY and act in _AT_ONCE:
        newest = max(given.signal(_AT_ONCE[act]), default=None)
        own, activation = (NEVER, activation) if newest is None else (own, newest)
    return Timetable(
        own,
        Circumstances(
            activation=activation,
            anchor=given.anchor,
            object_id=object_id(act, name),
            seed=seed,
            signals=given.signal(own.signal) if own.signal is not None else (),
        ),
    )


def fast_refresh(schedule: Schedule) -> int | None:
    """The seconds between two firings of a refresh that lie closer than five minutes; None when
    none do. The first hundred firings are looked at."""
    step = schedule.every or schedule.repeat
    if step is not None and step < LEAST_REFRESH:
        return step
    since = MIN_INSTANT if schedule.series is not None else _LONG_AGO
    own = mapped(Act.REFRESH, schedule, "UTC")
    timetable = Timetable(own, Circumstances(activation=since, anchor=since))
    try:
        gaps = [later - earlier for earlier, later in _pairs(timetable, since)]
    except LimitReached:
        return None
    return min((gap for gap in gaps if gap < LEAST_REFRESH), default=None)


def _pairs(timetable: Timetable, since: Instant) -> Iterator[tuple[Instant, Instant]]:
    before: Instant | None = None
    at = since
    for _ in range(_PROBED):
        opening = timetable.next_after(at)
        if opening is None:
            return
        if before is not None:
            yield before, opening.due
        before = at = opening.due
