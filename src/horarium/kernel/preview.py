"""What a schedule will do, and why: its own questions asked with an imagined clock.

There is no second way of counting here: a preview asks ``next_after``, ``due`` and
``left_out`` as a running daemon does, and pretends that it is then.
"""

from __future__ import annotations

from dataclasses import dataclass

from horarium.kernel.decision import Decision, due
from horarium.kernel.errors import InvalidInput, LimitReached
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import MAX_INSTANT, MIN_INSTANT, Instant
from horarium.kernel.moment import Opening, Reason, Skip
from horarium.kernel.period import Period
from horarium.kernel.schedule import Schedule
from horarium.kernel.schedule_parts import write_date, write_length
from horarium.kernel.timetable import Timetable


@dataclass(frozen=True, slots=True)
class Preview:
    """The openings that will run and the dates that will not, each in order."""

    openings: tuple[Opening, ...]
    skipped: tuple[Skip, ...]


def preview(
    timetable: Timetable, start: Instant, end: Instant | None = None, count: int | None = None
) -> Preview:
    """Foresee the runs from ``start`` on: before ``end``, at most ``count``, or both.

    Raises InvalidInput when neither is given.
    """
    if end is None and count is None:
        raise InvalidInput("a preview ends somewhere", part="end")
    openings: list[Opening] = []
    skipped: list[Skip] = []
    cursor = Instant(start - 1)
    seen = 0
    while count is None or seen < count:
        opening = timetable.next_after(cursor)
        if opening is None or (end is not None and opening.due >= end):
            break
        decision = due(timetable, cursor, opening.due)
        skipped += timetable.left_out(Instant(cursor + 1), Instant(opening.due + 1))
        openings += [opening for run in decision.runs if run.due == opening.due]
        skipped += _let_go(timetable, decision)
        cursor = opening.due
        seen += 1
    else:
        return Preview(tuple(openings), tuple(skipped))
    if end is not None and cursor + 1 < end:
        skipped += timetable.left_out(Instant(cursor + 1), end)
    return Preview(tuple(openings), tuple(skipped))


def _let_go(timetable: Timetable, decision: Decision) -> list[Skip]:
    """Give the moments that a policy, not the calendar, lets go."""
    return [
        Skip(g.first_due, g.last_due, g.count, g.reason, _date(timetable, g.first_due))
        for g in decision.skipped
        if g.reason is Reason.DISABLED
    ]


def _date(timetable: Timetable, t: Instant) -> str:
    return write_date(timetable.zone.to_wall(t) // DAY)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One instant of a schedule.

    ``window`` is the open time around it, ``last`` and ``next`` the moments before
    (or at) and after it, ``left_out`` what the calendar left out on its date. ``recorded``
    is what was decided then, as the owner kept it, and ``policy`` what made it so.
    """

    at: Instant
    open: bool
    window: Period | None
    last: Opening | None
    next: Opening | None
    left_out: tuple[Skip, ...]
    policy: str
    recorded: Decision | None = None


def explain(timetable: Timetable, t: Instant, recorded: Decision | None = None) -> Explanation:
    """Say of one instant whether it is open, because of which window, and what is around it."""
    is_open = timetable.is_open(t)
    wall = timetable.zone.to_wall(t)
    around = Instant(t - wall % DAY), Instant(t - wall % DAY + DAY)
    return Explanation(
        at=t,
        open=is_open,
        window=_around(timetable, t) if is_open else None,
        last=timetable.last_before(Instant(t + 1)),
        next=timetable.next_after(t),
        left_out=timetable.left_out(*around),
        policy=policy_of(timetable.schedule),
        recorded=recorded,
    )


def _around(timetable: Timetable, t: Instant) -> Period | None:
    """Give the open period an instant lies in, as far as it goes within 400 days.

    None when that takes too many steps: open it is all the same.
    """
    found = None
    for days in (10, 400):
        start = Instant(max(t - days * DAY, MIN_INSTANT))
        end = Instant(min(t + days * DAY, MAX_INSTANT))
        try:
            opened = timetable.open_between(start, end)
        except LimitReached:
            break
        found = next((p for p in opened if p.contains(t)), None)
        if found is None or (found.start > start and found.end < end):
            break
    return found


def policy_of(schedule: Schedule) -> str:
    """Name the policies that decide about a late moment."""
    catch_up = schedule.catch_up
    parts = [f"catch_up {catch_up.kind.value}", f"overlap {schedule.overlap.value}"]
    if catch_up.kind.value == "all":
        parts[0] += f" {catch_up.most} within {write_length(catch_up.within)}"
    if schedule.deadline is not None:
        parts.append(f"deadline {write_length(schedule.deadline)}")
    if schedule.late_outside_window:
        parts.append("late_outside_window")
    if not schedule.enabled:
        parts.append("disabled")
    return ", ".join(parts)
