"""A schedule as a table of keys (TOML, JSON): reading, writing, and its digest."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, time
from difflib import get_close_matches
from enum import Enum
from hashlib import sha256
from typing import TypeVar

from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import format_instant, parse_instant
from horarium.kernel.schedule import Schedule
from horarium.kernel.schedule_parts import (
    EVERY_DAY,
    bad,
    read_at,
    read_date,
    read_days,
    read_length,
    read_periodic,
    read_time,
    read_weekday,
    write_at,
    write_date,
    write_days,
    write_time,
)
from horarium.kernel.schedule_rrule import Series
from horarium.kernel.schedule_text import read_cron, read_date_of_year
from horarium.kernel.schedule_words import (
    LAST_DAY,
    CatchUp,
    CatchUpKind,
    OnCrash,
    Outside,
    Overlap,
    Type,
)
from horarium.kernel.schedule_writing import format_schedule, write_day_of_month
from horarium.kernel.zone import Fold, Gap

Fields = dict[str, object]
E = TypeVar("E", bound=Enum)


def schedule_from_table(table: Mapping[str, object]) -> Schedule:
    """Read a schedule from a table with the keys of docs/formats/schedules.md.

    Raises InvalidInput whose ``part`` is the key; an unknown key is refused
    together with the nearest known one.
    """
    for key in table:
        if key not in KEYS:
            near = get_close_matches(key, KEYS, n=1, cutoff=0.5)
            hint = f", did you mean {near[0]!r}?" if near else ""
            raise InvalidInput(f"{key[:40]!r} is no key of a schedule{hint}", part=key)
    if "type" not in table:
        raise InvalidInput("type: a schedule needs it", part="type")
    kind = _word(Type)("type", table["type"])
    fields: Fields = {"type": kind}
    for key, value in table.items():
        if key != "type":
            fields.update(_read(kind, key, _plain(value)))
    if kind is Type.CRON and "signal" in fields:
        fields["type"] = Type.ON
    return Schedule(**fields)  # type: ignore[arg-type]  # the reader of each key knows its type


def _read(kind: Type, key: str, value: object) -> Fields:
    if key == "every" and kind is not Type.PERIODIC:
        return {"every": _length(key, value)}
    if key == "day" and kind is Type.MONTHLY:
        return {"month_day": _day_of_month(value)}
    return KEYS[key](key, value)


def _plain(value: object) -> object:
    """Give dates and times, which TOML has as values of their own, as text."""
    return value.isoformat() if isinstance(value, date | time) else value


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise bad(key, value, "a text")
    return value


def _length(key: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return read_length(_text(key, value), key)


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise bad(key, value, "true or false")
    return value


def _word(words: type[E]) -> Callable[[str, object], E]:
    names = {member.value: member for member in words}

    def read(key: str, value: object) -> E:
        found = names.get(value.lower()) if isinstance(value, str) else None
        if found is None:
            raise bad(key, value, "one of " + ", ".join(names))
        return found

    return read


def _day_of_month(value: object) -> int:
    if value == "last":
        return LAST_DAY
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 31:
        return value
    raise bad("day", value, 'a day from 1 to 31, or "last"')


def _days(value: object) -> object:
    if isinstance(value, list | tuple):
        text = ",".join(_text("days", item) for item in value)
        return read_days(text) if text else ()
    return read_days(_text("days", value))


def _every(key: str, value: object) -> Fields:
    if isinstance(value, int) and not isinstance(value, bool):
        return {"every": value}
    return {"every": read_periodic(_text(key, value))}


def _date_of_year(key: str, value: object) -> Fields:
    month, day = read_date_of_year(_text(key, value))
    return {"month": month, "month_day": day}


def _random(key: str, value: object) -> Fields:
    if isinstance(value, bool):
        return {"random_window": value}
    return {"jitter": _length(key, value)}


def _catch_up(key: str, value: object) -> CatchUp:
    if not isinstance(value, Mapping):
        return CatchUp(_word(CatchUpKind)(key, value))
    unknown = set(value) - {"all", "within"}
    if unknown or "all" not in value:
        raise bad(key, next(iter(unknown), value), 'once, none, all or {all = 100, within = "7d"}')
    most = value["all"]
    if not isinstance(most, int) or isinstance(most, bool):
        raise bad(key, most, "a number of runs")
    within = value.get("within")
    if within is None:
        return CatchUp(CatchUpKind.ALL, most)
    return CatchUp(CatchUpKind.ALL, most, _length("catch_up", within))


def _except(key: str, value: object) -> tuple[str, ...]:
    names = value if isinstance(value, list | tuple) else [value]
    return tuple(_text(key, name) for name in names)


def _one(field: str, read: Callable[[str, object], object]) -> Callable[[str, object], Fields]:
    return lambda key, value: {field: read(key, value)}


def _from_text(field: str, read: Callable[[str], object]) -> Callable[[str, object], Fields]:
    return lambda key, value: {field: read(_text(key, value))}


def _timed(field: str) -> Callable[[str, object], Fields]:
    return lambda key, value: {field: read_time(_text(key, value), key)}


KEYS: dict[str, Callable[[str, object], Fields]] = {
    "type": lambda key, value: {},
    "at": _from_text("at", read_at),
    "days": lambda key, value: {"days": _days(value)},
    "day": _from_text("weekday", read_weekday),
    "end_day": _from_text("end_weekday", lambda text: read_weekday(text, "end_day")),
    "date": _date_of_year,
    "every": _every,
    "anchor": _from_text("anchor", parse_instant),
    "cron": lambda key, value: read_cron(_text(key, value)),
    "rrule": _from_text("series", Series.parse),
    "signal": _from_text("signal", str),
    "start": _timed("start"),
    "end": _timed("end"),
    "repeat": _one("repeat", _length),
    "for": _one("length", _length),
    "zone": _from_text("zone", lambda t: t.lower() if t.lower() in ("owner", "receiver") else t),
    "random": _random,
    "gap": _one("gap", _word(Gap)),
    "fold": _one("fold", _word(Fold)),
    "grace": _one("grace", _length),
    "deadline": _one("deadline", _length),
    "catch_up": _one("catch_up", _catch_up),
    "overlap": _one("overlap", _word(Overlap)),
    "on_crash": _one("on_crash", _word(OnCrash)),
    "late_outside_window": _one("late_outside_window", _flag),
    "outside": _one("outside", _word(Outside)),
    "except": _one("excepted", _except),
    "from": _from_text("first_date", lambda text: read_date(text, "from")),
    "until": _from_text("last_date", lambda text: read_date(text, "until")),
    "seed": _from_text("seed", str),
    "enabled": _one("enabled", _flag),
}
"""The keys of a schedule, in canonical order, and the reader of each."""


def schedule_to_table(s: Schedule) -> dict[str, object]:
    """Give the canonical table: ``type`` first, durations as seconds, no defaults."""
    days = write_days(s.days).lower() if s.days != EVERY_DAY else None
    found: dict[str, object] = {"type": s.type.value, **_own_keys(s), "days": days}
    found |= {
        "start": write_time(s.start) if s.start is not None and _says_start(s) else None,
        "end_day": s.end_weekday.name.lower() if s.end_weekday is not None else None,
        "end": write_time(s.end) if s.end is not None else None,
        "repeat": s.repeat,
        "for": s.length,
        "zone": s.zone,
        "random": True if s.random_window else s.jitter,
        **_policies(s),
        "except": list(s.excepted) or None,
        "from": write_date(s.first_date) if s.first_date is not None else None,
        "until": write_date(s.last_date) if s.last_date is not None else None,
        "seed": s.seed,
        "enabled": None if s.enabled else False,
    }
    return {key: value for key, value in found.items() if value is not None}


def _says_start(s: Schedule) -> bool:
    return bool(s.start) or s.end is not None or s.type is Type.WEEKLY


def _own_keys(s: Schedule) -> dict[str, object]:
    found: dict[str, object] = {
        "at": write_at(s.at, " ") if s.at is not None else None,
        "day": s.weekday.name.lower() if s.weekday is not None else None,
        "every": s.every,
        "anchor": format_instant(s.anchor) if s.anchor is not None else None,
        "cron": s.cron.text if s.cron is not None else None,
        "rrule": s.series.text if s.series is not None else None,
        "signal": s.signal,
    }
    if s.month_day is not None and s.month is None:
        found["day"] = "last" if s.month_day == LAST_DAY else s.month_day
    elif s.month_day is not None:
        found["date"] = f"{s.month:02}-{write_day_of_month(s.month_day):0>2}"
    return found


def _policies(s: Schedule) -> dict[str, object]:
    catch_up: object = s.catch_up.kind.value
    if s.catch_up.kind is CatchUpKind.ALL:
        catch_up = {"all": s.catch_up.most, "within": s.catch_up.within}
    return {
        "gap": s.gap.value if s.gap is not None else None,
        "fold": s.fold.value if s.fold is not None else None,
        "grace": s.grace if s.grace != 60 else None,
        "deadline": s.deadline,
        "catch_up": catch_up if s.catch_up != CatchUp() else None,
        "overlap": s.overlap.value if s.overlap is not Overlap.SKIP else None,
        "on_crash": s.on_crash.value if s.on_crash is not OnCrash.SKIP else None,
        "late_outside_window": True if s.late_outside_window else None,
        "outside": s.outside.value if s.outside is not Outside.WAIT else None,
    }


def schedule_json(schedule: Schedule) -> str:
    """Write the canonical JSON."""
    return json.dumps(schedule_to_table(schedule), ensure_ascii=False, separators=(",", ":"))


def digest(schedule: Schedule) -> str:
    """Give the SHA-256 of the canonical text, in hexadecimal."""
    return sha256(format_schedule(schedule).encode()).hexdigest()
