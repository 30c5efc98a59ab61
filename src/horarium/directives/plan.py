"""When the lines of a control file are due: each line as one schedule (seed 004).

A moment or window that is missed is skipped, unless it is Critical; the periodic pointer runs late
once and keeps its grid. What a plan foresees and what a daemon does come from the same decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from horarium.directives.directive import Directive
from horarium.directives.timespec import Moment, Period, TimeSpec, Window
from horarium.kernel.decision import State, due
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period as Stretch
from horarium.kernel.preview import preview
from horarium.kernel.schedule import CatchUp, CatchUpKind, Overlap, Schedule, Type
from horarium.kernel.timetable import Circumstances, Timetable
from horarium.kernel.weekday import Weekday
from horarium.kernel.zone import Zone

MINUTE, DAY = 60, 86_400


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One run or window of a line: when it is due, when it happens, and until when it is open.

    `reason` says why it is late, or why it does not happen at all (`happens` False).
    """

    directive: Directive
    at: Instant
    due: Instant
    end: Instant | None
    reason: str | None
    happens: bool = True


def schedule_of(when: TimeSpec, *, critical: bool) -> Schedule:
    """The schedule of a line's time. A moment is on time for its minute, a window until its end."""
    kind = CatchUpKind.ONCE if critical else CatchUpKind.NONE
    if isinstance(when, Period):
        return Schedule(
            type=Type.PERIODIC, every=when.minutes * MINUTE, overlap=Overlap.QUEUE_ONE,
        )  # fmt: skip
    if isinstance(when, Moment):
        return Schedule(
            type=Type.DAILY,
            days=_days(when.day),
            start=when.minute * MINUTE,
            grace=MINUTE,
            catch_up=CatchUp(kind),
            overlap=Overlap.QUEUE_ONE,
            late_outside_window=critical,
        )
    return _windowed(when, CatchUp(kind), critical)


def _windowed(when: Window, catch_up: CatchUp, critical: bool) -> Schedule:
    start, end = when.start * MINUTE, when.end * MINUTE
    stretch = when.stretch
    if stretch is not None:
        return Schedule(
            type=Type.WEEKLY,
            weekday=stretch[0],
            start=start,
            end_weekday=stretch[1],
            end=end,
            catch_up=catch_up,
            overlap=Overlap.QUEUE_ONE,
            late_outside_window=critical,
        )
    return Schedule(
        type=Type.DAILY,
        days=when.days,
        start=start,
        end=end,
        catch_up=catch_up,
        overlap=Overlap.QUEUE_ONE,
        late_outside_window=critical,
    )


def _days(day: Weekday | None) -> tuple[Weekday, ...]:
    return tuple(Weekday) if day is None else (day,)


def timetable_of(
    directive: Directive, zone: Zone, activation: Instant, anchor: Instant | None = None
) -> Timetable | None:
    """The timetable of a line activated at an instant; None for a line that holds always. The grid
    of a periodic line counts from `anchor`, else from its activation."""
    if directive.when is None:
        return None
    schedule = schedule_of(directive.when, critical=directive.critical)
    circumstances = Circumstances(
        activation=activation,
        zone=zone,
        anchor=activation if anchor is None else anchor,
        object_id=directive.key,
    )
    return Timetable(schedule, circumstances)


def foresee(
    directives: Iterable[Directive], zone: Zone, start: Instant, end: Instant
) -> list[Foreseen]:
    """What every line wants in [start, end): runs, windows, and dates left out with the reason; in
    order of time, then of the file."""
    found: list[Foreseen] = []
    for directive in directives:
        timetable = timetable_of(directive, zone, start)
        if timetable is None:
            continue
        ahead = preview(timetable, start, end)
        found += [
            Foreseen(directive, opening.due, opening.due, opening.end, None)
            for opening in ahead.openings
        ]
        found += [
            Foreseen(directive, skip.at, skip.at, None, skip.reason.value, happens=False)
            for skip in ahead.skipped
        ]
    return sorted(found, key=_order)


def foresee_next(
    directives: Sequence[Directive], zone: Zone, start: Instant, many: int
) -> list[Foreseen]:
    """The first `many` of what `foresee` finds from `start` on; fewer when eight years hold no
    more."""
    found: list[Foreseen] = []
    for days in (1, 8, 63, 366, 2922):
        found = foresee(directives, zone, start, Instant(start + days * DAY))
        if len(found) >= many:
            break
    return found[:many]


def replay(
    directives: Iterable[Directive],
    zone: Zone,
    start: Instant,
    end: Instant,
    busy: Sequence[Stretch],
) -> list[Foreseen]:
    """What would have been run in [start, end) by a daemon that was started at `start` and was
    occupied by other work during `busy`; runs take no time of their own."""
    found: list[Foreseen] = []
    for directive in directives:
        timetable = timetable_of(directive, zone, start)
        if timetable is not None:
            found += _replay_one(directive, timetable, start, end, busy)
    return sorted(found, key=_order)


def _replay_one(
    directive: Directive,
    timetable: Timetable,
    start: Instant,
    end: Instant,
    busy: Sequence[Stretch],
) -> Iterator[Foreseen]:
    cursor, now = Instant(start - 1), start
    while now < end:
        stretch = next((s for s in busy if s.start <= now < s.end), None)
        if stretch is not None:
            now = stretch.end
            continue
        decision = due(timetable, cursor, now, State())
        for run in decision.runs:
            reason = run.reason if run.late_by else None
            yield Foreseen(directive, now, run.due, run.end, reason)
        for group in decision.skipped:
            last = group.last_due
            yield Foreseen(directive, last, last, None, group.reason.value, False)
        cursor = decision.cursor
        following = timetable.next_after(now)
        if following is None:
            return
        now = following.due


def _order(item: Foreseen) -> tuple[Instant, int]:
    return item.at, item.directive.line
