"""What is odd about a schedule, though it is valid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from horarium.kernel.errors import LimitReached
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import MAX_INSTANT, Instant
from horarium.kernel.moment import Opening, Reason
from horarium.kernel.schedule import Schedule, Type
from horarium.kernel.schedule_parts import write_length
from horarium.kernel.timetable import Timetable
from horarium.kernel.window import WeekWindow, Window

FAR = 4 * 366 * DAY
"""A schedule without a moment for four years is taken for a mistake; a leap day is not."""
NEAR = 2 * 366 * DAY
"""Changes of the clocks are looked for in two years: later rules may still be made."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One oddity: a word for programs and a sentence for people."""

    code: str
    message: str


def lint(timetable: Timetable) -> tuple[Finding, ...]:
    """Give what is odd, from the activation of the timetable on."""
    schedule = timetable.schedule
    return (
        *_emptiness(timetable),
        *_lengths(schedule),
        *_clock_changes(timetable),
        *_rare_days(schedule),
    )


def _emptiness(timetable: Timetable) -> Iterator[Finding]:
    schedule = timetable.schedule
    if schedule.type in (Type.NEVER, Type.ON):
        return
    since = timetable.circumstances.activation
    first: Opening | None
    try:
        first = timetable.next_after(Instant(since - 1))
    except LimitReached:
        first = None
    if first is not None and first.due <= since + FAR:
        return
    if schedule.gated and schedule.type in (Type.INTERVAL, Type.PERIODIC):
        yield Finding("gate_excludes_all", "every moment of the grid lies outside the window")
    else:
        yield Finding("empty", "there is no moment within the next four years")


def _span(schedule: Schedule) -> int | None:
    if schedule.end is None:
        return schedule.length
    start = schedule.start or 0
    if schedule.weekday is not None and schedule.end_weekday is not None:
        return WeekWindow(schedule.weekday, start, schedule.end_weekday, schedule.end).span
    return Window(start, schedule.end).span


def _lengths(schedule: Schedule) -> Iterator[Finding]:
    span = _span(schedule)
    if span is not None and schedule.jitter is not None and schedule.jitter > span:
        yield Finding(
            "jitter_longer_than_window",
            f"a delay of up to {write_length(schedule.jitter)} leads out of the window",
        )
    repeat = schedule.repeat
    if repeat is not None and schedule.end is not None and span is not None and repeat >= span:
        yield Finding(
            "repeat_longer_than_window",
            f"after {write_length(repeat)} the window is over: the schedule runs once in it",
        )
    if schedule.deadline is not None and schedule.deadline < schedule.grace:
        yield Finding(
            "deadline_below_grace",
            f"a run is on time for {write_length(schedule.grace)}, "
            f"but is not made after {write_length(schedule.deadline)}",
        )


def _clock_changes(timetable: Timetable) -> Iterator[Finding]:
    since = timetable.circumstances.activation
    end = Instant(min(since + NEAR, MAX_INSTANT))
    for change, before, after in timetable.zone.transitions(since, end):
        if after <= before:
            continue
        found = timetable.moments(Instant(change - 1), Instant(change + after - before))
        moved = any("gap" in opening.notes for opening in found.openings)
        lost = {skip.reason for skip in found.skipped} & {Reason.IN_GAP, Reason.WINDOW_IN_GAP}
        if moved or lost:
            what = "is moved to the end of the gap" if moved else "is left out"
            yield Finding("moment_in_gap", f"on a date without that time of day it {what}")
            return


def _rare_days(schedule: Schedule) -> Iterator[Finding]:
    day = schedule.month_day
    if day is None or day < 29 or (schedule.month not in (None, 2)):
        return
    if schedule.month == 2:
        yield Finding("rare_day", "02-29 exists in leap years only: 02-last is every year")
    else:
        lacking = "five months lack" if day == 31 else "February may lack"
        yield Finding("rare_day", f"{lacking} day {day}: last is every month's")
