"""The canonical one-line text of a schedule."""

from __future__ import annotations

from collections.abc import Iterator

from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import format_instant
from horarium.kernel.schedule import Schedule
from horarium.kernel.schedule_parts import (
    EVERY_DAY,
    write_at,
    write_date,
    write_days,
    write_length,
    write_periodic,
    write_time,
)
from horarium.kernel.schedule_words import (
    LAST_DAY,
    CatchUp,
    CatchUpKind,
    OnCrash,
    Outside,
    Overlap,
    Type,
)


def format_schedule(schedule: Schedule) -> str:
    """Write the canonical text: types and options in the order of the grammar, no defaults."""
    return " ".join([*_format_kind(schedule), *_format_options(schedule)])


def _format_kind(s: Schedule) -> Iterator[str]:
    yield s.type.value
    if s.at is not None:
        yield write_at(s.at)
    if s.days != EVERY_DAY:
        yield write_days(s.days)
    if s.weekday is not None:
        yield f"{s.weekday.name} {write_time(s.start or 0)}"
        if s.end_weekday is not None and s.end is not None:
            yield f"- {s.end_weekday.name} {write_time(s.end)}"
    if s.month_day is not None:
        day = write_day_of_month(s.month_day)
        yield day if s.month is None else f"{s.month:02}-{day:0>2}"
    if s.every is not None:
        yield (write_periodic if s.type is Type.PERIODIC else write_length)(s.every)
    if s.anchor is not None:
        yield f"anchor {format_instant(s.anchor)}"
    if s.cron is not None:
        yield f'"{s.cron.text}"'
    if s.series is not None:
        yield '"' + s.series.text.replace("\n", " ") + '"'
    if s.signal is not None:
        yield s.signal


def write_day_of_month(day: int) -> str:
    """Write a day of a month, or ``last``."""
    return "last" if day == LAST_DAY else str(day)


def _format_options(s: Schedule) -> Iterator[str]:
    yield from _format_times(s)
    if s.gap is not None:
        yield f"gap {s.gap.value}"
    if s.fold is not None:
        yield f"fold {s.fold.value}"
    if s.grace != 60:
        yield f"grace {write_length(s.grace)}"
    if s.deadline is not None:
        yield f"deadline {write_length(s.deadline)}"
    if s.catch_up != CatchUp():
        yield f"catch_up {_format_catch_up(s.catch_up)}"
    if s.overlap is not Overlap.SKIP:
        yield f"overlap {s.overlap.value}"
    if s.on_crash is not OnCrash.SKIP:
        yield f"on_crash {s.on_crash.value}"
    if s.late_outside_window:
        yield "late_outside_window"
    if s.outside is not Outside.WAIT:
        yield f"outside {s.outside.value}"
    for name in s.excepted:
        yield f"except {name}"
    if s.first_date is not None:
        yield f"from {write_date(s.first_date)}"
    if s.last_date is not None:
        yield f"until {write_date(s.last_date)}"
    if s.seed is not None:
        yield f"seed {s.seed}"
    if not s.enabled:
        yield "disabled"


def _format_times(s: Schedule) -> Iterator[str]:
    if s.type is not Type.WEEKLY and s.end is not None:
        yield f"window {write_time(s.start or 0)}-{write_time(s.end)}"
    elif s.type is not Type.WEEKLY and s.start:
        yield f"start {write_time(s.start)}"
    if s.repeat is not None:
        yield f"every {write_length(s.repeat)}"
    if s.length is not None:
        yield f"for {write_length(s.length)}"
    if s.zone is not None:
        yield f"zone {s.zone}"
    if s.random_window:
        yield "random window"
    if s.jitter is not None:
        yield f"random {write_length(s.jitter)}"


def _format_catch_up(c: CatchUp) -> str:
    if c.kind is not CatchUpKind.ALL:
        return str(c.kind.value)
    most = f" {c.most}" if c.most != 100 else ""
    within = f" within {write_length(c.within)}" if c.within != 7 * DAY else ""
    return f"all{most}{within}"
