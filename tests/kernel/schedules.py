"""Schedules in tests: made from text, and their moments as clocks show them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from horarium.kernel.excepted import Exceptions
from horarium.kernel.instant import Instant, parse_instant
from horarium.kernel.moment import Opening
from horarium.kernel.schedule_text import parse_schedule
from horarium.kernel.timetable import Circumstances, Timetable
from horarium.kernel.zone import UTC, named

LONG_AGO = parse_instant("2020-01-01T00:00:00Z")


def at(text: str) -> Instant:
    """Give an instant from ``2026-03-02T13:15Z`` or with seconds."""
    return parse_instant(text if text.count(":") == 2 else text.replace("Z", ":00Z"))


def timetable(
    text: str,
    activation: str | Instant = LONG_AGO,
    *,
    zone: str = "UTC",
    object_id: str = "",
    seed: str = "",
    calendars: dict[str, Exceptions | None] | None = None,
    anchor: Instant | None = None,
    signals: tuple[Instant, ...] = (),
    steps: int = 100_000,
) -> Timetable:
    """Make a timetable from the text of a schedule."""
    since = at(activation) if isinstance(activation, str) else activation
    return Timetable(
        parse_schedule(text),
        Circumstances(
            activation=since,
            zone=named(zone) if zone != "UTC" else UTC,
            object_id=object_id,
            seed=seed,
            calendars=calendars or {},
            anchor=anchor,
            signals=signals,
            steps=steps,
        ),
    )


def local(t: Instant, zone: str) -> str:
    """Give an instant as the clocks of the installed Python show it, with the offset."""
    shown = datetime.fromtimestamp(t, ZoneInfo(zone))
    text = shown.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")
    offset = int((shown.utcoffset() or datetime.min - datetime.min).total_seconds())
    minutes = f":{offset // 60 % 60:02}" if offset % 3600 else ""
    return f"{text}{'+' if offset >= 0 else '-'}{abs(offset) // 3600:02}{minutes}"


def on(made: Timetable, day: str, zone: str) -> list[str]:
    """Give the times of the moments of a civil day, ``02:30+02``."""
    openings = made.moments(midnight(day, zone), midnight(day, zone, 1)).openings
    return [local(o.due, zone).split(" ")[1] for o in openings]


def midnight(day: str, zone: str, later: int = 0) -> Instant:
    """Give the first instant of a civil day, or of one ``later``."""
    date = datetime.fromisoformat(day)
    shifted = datetime.fromordinal(date.toordinal() + later).replace(tzinfo=ZoneInfo(zone))
    return Instant(int(shifted.timestamp()))


def dues(openings: tuple[Opening, ...] | list[Opening]) -> list[Instant]:
    """Give the moments alone."""
    return [opening.due for opening in openings]
