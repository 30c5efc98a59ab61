"""What is open and what is next of lines of the control file, declared directives, the daily pass.

The answers come from the stored timers, with the decisions that the daemon makes: a run that is
still owed counts as due now, and a grid goes on where it was begun.
"""

from __future__ import annotations

from horarium.directives.directive import Directive
from horarium.directives.rules import open_window
from horarium.directives.timespec import Window as WrittenWindow
from horarium.kernel.decision import State, due
from horarium.kernel.instant import MIN_INSTANT, Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.preview import preview
from horarium.kernel.zone import Zone
from horarium.runtime.answers import OpenTime, Upcoming
from horarium.runtime.moments import format_moment
from horarium.runtime.standing import Standing, timetable_in
from horarium.store.store import Transaction
from horarium.store.timers import Timer

DAY = 86_400
# A window began at most so long before it is asked about: one stretch may take the whole week.
_BEFORE = 8 * DAY
_FIRST_REACH, _LAST_REACH = 32 * DAY, 8_192 * DAY


def open_of(tx: Transaction, standing: Standing, start: Instant, end: Instant) -> OpenTime:
    """The windows in [start, end): those in which a timed line is on time, or in which a rule
    holds. What has moments only is never open."""
    if standing.rule is not None:
        found = holds_in(standing.rule, Period(start, end), standing.zone)
    else:
        found = PeriodSet(
            period
            for timer in standing.timers
            for period in timetable_in(tx, timer, standing.seed).open_between(start, end)
        )
    return OpenTime(standing.id, standing.kind, found)


def next_of(tx: Transaction, standing: Standing, count: int, now: Instant) -> list[Upcoming]:
    """The next `count` runs, or windows of a rule that have not ended, in order."""
    if standing.rule is not None:
        return _windows(standing.rule, count, now, standing.zone)
    found = [
        item for timer in standing.timers for item in runs_to_come(tx, timer, standing, count, now)
    ]
    return sorted(found, key=lambda item: item.at)[:count]


def owed(tx: Transaction, timer: Timer, seed: str, zone: Zone, now: Instant) -> list[Upcoming]:
    """What a free task would begin at once: runs that are due and were not begun yet."""
    timetable = timetable_in(tx, timer, seed)
    state = State(timer.begun, timer.ended)
    found = []
    for run in due(timetable, timer.cursor, now, state).runs:
        what = timer.text
        if run.due < now:
            late = "late, " if run.reason == "late" else ""
            what += f" ({late}due {format_moment(run.due, zone)})"
        found.append(Upcoming(now, run.end, what))
    return found


def runs_to_come(
    tx: Transaction, timer: Timer, standing: Standing, count: int, now: Instant
) -> list[Upcoming]:
    """What is owed, and the runs after it, `count` at most."""
    found = owed(tx, timer, standing.seed, standing.zone, now)[:count]
    ahead = preview(
        timetable_in(tx, timer, standing.seed), Instant(now + 1), count=count - len(found)
    )
    return [*found, *(Upcoming(o.due, o.end, timer.text) for o in ahead.openings)]


def holds_in(rule: Directive, within: Period, zone: Zone) -> PeriodSet:
    """When a rule holds; without a window it always does."""
    if not isinstance(rule.when, WrittenWindow):
        return PeriodSet([within])
    return open_window(rule.when).open_between(within.start, within.end, zone)


def _windows(rule: Directive, count: int, now: Instant, zone: Zone) -> list[Upcoming]:
    if not isinstance(rule.when, WrittenWindow):
        return [Upcoming(now, None, f"{rule.text} (holds always)")][:count]
    reach = _FIRST_REACH
    while True:
        within = Period(Instant(max(now - _BEFORE, MIN_INSTANT)), Instant(now + reach))
        found = [p for p in holds_in(rule, within, zone) if p.end > now]
        known = [p for p in found if p.end < within.end]
        if len(known) >= count or reach >= _LAST_REACH:
            break
        reach *= 4
    return [
        Upcoming(
            # What reaches over an edge of what was looked at has no known edge there.
            p.start if p.start > within.start else now,
            p.end if p.end < within.end else None,
            rule.text,
        )
        for p in found[:count]
    ]
