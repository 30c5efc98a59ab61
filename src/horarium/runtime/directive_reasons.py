"""Why a line of the control file, a declared directive or the daily pass ran or did not.

The way of the answer: whether it stood then, what its schedule says of that time, what the ledger
of runs holds about it, and what the task did instead where it was late or left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from horarium.booking.trace import Evidence, Step
from horarium.directives.directive import Directive
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.moment import Opening, Reason
from horarium.kernel.period import Period
from horarium.kernel.preview import explain
from horarium.kernel.timetable import Timetable
from horarium.kernel.zone import Zone
from horarium.runtime.answers import Explanation
from horarium.runtime.directive_questions import holds_in
from horarium.runtime.plan import timetable_of
from horarium.runtime.standing import Standing, id_of
from horarium.store.firings import Firing
from horarium.store.store import Transaction
from horarium.store.timers import Timer

MINUTE, HOUR, DAY = 60, 3_600, 86_400
# What somebody wants to know of a task's other work: the newest of it.
MOST_SHOWN = 10
# A worker writes that it lives every few seconds; a shorter silence is no outage.
SILENCE = 15
_VERDICTS = ("ran", "open", "not run", "closed")


def why_of(tx: Transaction, standing: Standing, at: Instant | None, now: Instant) -> Explanation:
    """Why it ran or did not at an instant (one of whole minutes means its minute), or whether it
    holds; the verdict is ``ran``, ``not run``, ``open`` or ``closed``. Without an instant it is
    about the newest moment that was decided, and about the present where there is none."""
    if standing.rule is not None:
        when = now if at is None else at
        return _why_rule(standing.id, standing.rule, when, standing.zone)
    found = []
    for timer in standing.timers:
        when = _newest(tx, timer, now) if at is None else at
        found.append(_why_timer(tx, timer, standing.seed, when, now))
    verdict = min((verdict for verdict, _ in found), key=_VERDICTS.index)
    steps = tuple(step for _, steps in found for step in steps)
    return Explanation(standing.id, verdict, steps)


def _newest(tx: Transaction, timer: Timer, now: Instant) -> Instant:
    # What became part of a run is written after it: the newest row need not be the newest moment.
    return max((row.due for row in tx.firings.of(timer.id, 8)), default=now)


def _why_rule(id_: str, rule: Directive, at: Instant, zone: Zone) -> Explanation:
    around = Period(Instant(max(at - 8 * DAY, 0)), Instant(at + 8 * DAY))
    found = holds_in(rule, around, zone)
    inside = next((p for p in found if p.contains(at)), None)
    following = next((p for p in found if p.start > at), None)
    evidence: Evidence = {"line": rule.text}
    if rule.when is not None:
        evidence["window"] = str(rule.when)
    if inside is not None and inside.end < around.end:
        evidence["until"] = format_instant(inside.end)
    elif inside is None and following is not None:
        evidence["next"] = format_instant(following.start)
    verdict = "open" if inside is not None else "closed"
    reason = "" if inside is not None else "outside_window"
    return Explanation(id_, verdict, (Step("window", verdict, reason, evidence),))


@dataclass(frozen=True, slots=True)
class _Asked:
    """One timer and the stretch of time somebody asks about."""

    tx: Transaction
    timer: Timer
    timetable: Timetable
    span: Period
    now: Instant


def _why_timer(
    tx: Transaction, timer: Timer, seed: str, at: Instant, now: Instant
) -> tuple[str, list[Step]]:
    span = Period(at, Instant(at + (MINUTE if at % MINUTE == 0 else 1)))
    signals = tx.timers.signals(timer.signal, Instant(timer.activated - 1)) if timer.signal else ()
    asked = _Asked(tx, timer, timetable_of(timer, seed, signals), span, now)
    stood = _stood(asked)
    if stood.verdict == "not run":
        return "not run", [stood]
    due = _due(asked)
    schedule = _schedule(asked, due)
    row = _row(asked, due)
    steps = [stood, schedule, _ledger(asked, due, row)]
    if row is not None and (row.kind == "skip" or row.reason == "late"):
        steps.append(_task(asked, row.first_due, row.started or row.decided, row.id))
    elif row is None and due is not None and due.due <= now:
        steps.append(_task(asked, due.due, now, 0))
    if row is not None and row.kind != "skip" and row.started is not None:
        return "ran", steps
    if row is None and due is None and schedule.verdict in ("open", "closed"):
        return schedule.verdict, steps
    return "not run", steps


# --- the steps ---------------------------------------------------------------


def _stood(asked: _Asked) -> Step:
    timer = asked.timer
    evidence: Evidence = {"line": timer.text, "since": format_instant(timer.activated)}
    if asked.span.end <= timer.activated:
        return Step("in force", "not run", "not_in_force", evidence)
    return Step("in force", "passed", "", evidence)


def _due(asked: _Asked) -> Opening | None:
    """The newest moment in the time asked about."""
    found = asked.timetable.newest(asked.span.start, asked.span.end, 1)
    return found[-1] if found else None


def _schedule(asked: _Asked, due: Opening | None) -> Step:
    evidence: Evidence = {"schedule": asked.timer.schedule}
    if due is not None:
        evidence["due"] = format_instant(due.due)
        if due.end is not None:
            evidence["until"] = format_instant(due.end)
        if due.notes:
            evidence["notes"] = ", ".join(due.notes)
        return Step("schedule", "due", "", evidence)
    found = explain(asked.timetable, asked.span.start)
    if found.window is not None:
        evidence["from"] = format_instant(found.window.start)
        evidence["until"] = format_instant(found.window.end)
    if found.last is not None:
        evidence["last"] = format_instant(found.last.due)
    if found.next is not None:
        evidence["next"] = format_instant(found.next.due)
    left_out = next((skip for skip in found.left_out if _meets(skip.at, skip.last, asked)), None)
    reason = left_out.reason.value if left_out is not None else ""
    if left_out is not None and left_out.detail:
        evidence["detail"] = left_out.detail
    if asked.timetable.windowed and left_out is None:
        return Step("schedule", "open" if found.open else "closed", "", evidence)
    return Step("schedule", "not due", reason, evidence)


def _ledger(asked: _Asked, due: Opening | None, row: Firing | None) -> Step:
    if row is None:
        return Step("ledger", *_nothing_written(asked, due))
    evidence: Evidence = {"due": format_instant(row.due)}
    if row.kind == "skip":
        evidence |= {"first": format_instant(row.first_due), "moments": row.count}
        evidence["decided"] = format_instant(row.decided)
        run = _joined_to(asked, row)
        if run is not None and run.started is not None:
            evidence["became part of the run of"] = format_instant(run.started)
        return Step("ledger", row.state, row.reason, evidence)
    if row.started is not None:
        evidence["started"] = format_instant(row.started)
        evidence["late"] = f"{max(row.started - row.due, 0)} s"
    if row.ended is not None:
        evidence["ended"] = format_instant(row.ended)
    if row.count:
        evidence |= {"first": format_instant(row.first_due), "coalesced": row.count}
    if row.status is not None:
        evidence["status"] = row.status
    if row.detail:
        evidence["detail"] = row.detail
    return Step("ledger", row.state, row.reason, evidence)


def _nothing_written(asked: _Asked, due: Opening | None) -> tuple[str, str]:
    """Verdict and reason where the ledger holds nothing."""
    if due is None:
        return "nothing", "no_moment"
    if due.due > asked.now:
        return "nothing", "to_come"
    if due.due > asked.timer.cursor:
        return "nothing", "undecided"
    return "nothing", "no_record"


def _task(asked: _Asked, start: Instant, end: Instant, own: int) -> Step:
    """What the task did between a moment and the decision about it."""
    span = Period(start, Instant(max(end, start + 1)))
    busy = [
        {
            "start": format_instant(row.started),
            "end": format_instant(row.ended) if row.ended is not None else None,
            "entry": _entry_of(asked.tx, row),
        }
        for row in _others(asked, span, own)
        if row.started is not None
    ]
    down = [
        {"start": format_instant(gap.start), "end": format_instant(gap.end), "entry": None}
        for gap in _down(asked, span)
    ]
    evidence: Evidence = {"task": asked.timer.task}
    if down:
        evidence["down"] = down[-MOST_SHOWN:]
    if busy:
        evidence["runs"] = busy[-MOST_SHOWN:]
    if down:
        return Step("task", "down", "nobody_worked", evidence)
    return Step("task", "busy" if busy else "free", "", evidence)


# --- the records --------------------------------------------------------------


def _row(asked: _Asked, due: Opening | None) -> Firing | None:
    """The row about the time asked for: of the moment due then, else of a run that went on."""
    if due is not None and due.due <= asked.timer.cursor:
        # A run is written before what was left out beside it.
        for row in _rows_from(asked, due.due):
            if row.kind == "run" and row.due == due.due:
                return row
            if row.kind == "skip" and row.first_due <= due.due <= row.due:
                return row
    before = Instant(max(asked.span.start - DAY, 0))
    for row in reversed(asked.tx.firings.between(before, asked.span.end)):
        if row.timer == asked.timer.id and row.started is not None and _went_on(row, asked):
            return row
    return None


def _went_on(row: Firing, asked: _Asked) -> bool:
    assert row.started is not None
    end = row.ended if row.ended is not None else asked.now
    return row.started < asked.span.end and max(end, row.started + 1) > asked.span.start


def _rows_from(asked: _Asked, since: Instant) -> Iterator[Firing]:
    """The rows of the timer that were decided from an instant on."""
    start, reach = since, HOUR
    while start <= asked.now:
        end = Instant(start + reach)
        for row in asked.tx.firings.between(start, end):
            if row.timer == asked.timer.id:
                yield row
        start, reach = end, reach * 2


def _joined_to(asked: _Asked, skip: Firing) -> Firing | None:
    """The run that coalesced moments became part of: it was decided together with them."""
    if skip.reason != Reason.COALESCED.value:
        return None
    rows = asked.tx.firings.between(skip.decided, Instant(skip.decided + 1))
    return next((row for row in rows if row.timer == skip.timer and row.kind == "run"), None)


def _others(asked: _Asked, span: Period, own: int) -> list[Firing]:
    before = Instant(max(span.start - DAY, 0))
    return [
        row
        for row in asked.tx.firings.between(before, span.end)
        if row.task == asked.timer.task and row.id != own and row.started is not None
        and row.started < span.end and (row.ended or asked.now) > span.start
    ]  # fmt: skip


def _down(asked: _Asked, span: Period) -> list[Period]:
    """When nobody worked for the task."""
    free = span.start
    found = []
    lives = [w for w in asked.tx.workers.since(span.start) if w.task == asked.timer.task]
    for life in lives:
        if life.started > free + SILENCE and life.started > span.start:
            found.append(Period(free, min(life.started, span.end)))
        last = life.stopped if life.stopped is not None else life.seen
        free = max(free, last)
        if free >= span.end or life.started >= span.end:
            return found
    if span.end > free + SILENCE:
        found.append(Period(free, span.end))
    return found


def _entry_of(tx: Transaction, row: Firing) -> str:
    timer = tx.timers.by_id(row.timer)
    return id_of(timer) if timer is not None else row.entry


def _meets(first: Instant, last: Instant, asked: _Asked) -> bool:
    return first < asked.span.end and last >= asked.span.start
