"""What is open, what is next and why, of lines of the control file, declared directives, the daily
pass.

The way of a why: whether it stood then, what its schedule says of that time, what the ledger of
runs holds about it, and what the task did instead where it was late or left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from horarium.booking.trace import Evidence, Step
from horarium.directives.directive import Directive
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.moment import Skip
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.zone import Zone
from horarium.runtime.ahead import Coming, holds_in, runs_to_come, windows_to_come
from horarium.runtime.answers import Explanation, OpenTime, Upcoming
from horarium.runtime.moments import format_moment
from horarium.runtime.naming import Standing
from horarium.runtime.past import Moment, Occupation, moment_of, newest_moment
from horarium.runtime.standing import View
from horarium.store.firings import Firing
from horarium.store.store import Transaction

DAY = 86_400
# What somebody wants to know of a task's other work: the newest of it.
MOST_SHOWN = 10
# Of an entry that is kept by several tasks, the first of these tells.
_VERDICTS = (
    "ran", "open", "asked", "not decided", "to come", "not run", "no record", "closed",
)  # fmt: skip


def open_of(view: View, standing: Standing, start: Instant, end: Instant) -> OpenTime:
    """The windows in [start, end): those in which a timed line is on time, or in which a rule
    holds. What has moments only is never open."""
    if standing.rule is not None:
        found = holds_in(standing.rule, Period(start, end), view.zone())
    else:
        found = PeriodSet(
            period
            for timer in standing.timers
            for period in view.timetable(timer).open_between(start, end)
        )
    return OpenTime(standing.id, standing.kind, found)


def next_of(view: View, standing: Standing, count: int) -> list[Upcoming]:
    """The next `count` runs, or windows of a rule that have not ended, in order."""
    rule = standing.rule
    if rule is not None:
        what = rule.text if rule.when is not None else f"{rule.text} (holds always)"
        windows = windows_to_come(rule, count, view.now, view.zone())
        return [Upcoming(start, end, what) for start, end in windows]
    found = [
        Upcoming(coming.at, coming.end, what_comes(coming, view.zone(timer)))
        for timer in standing.timers
        for coming in runs_to_come(view, timer, count)
    ]
    return sorted(found, key=lambda item: item.at)[:count]


def what_comes(coming: Coming, zone: Zone) -> str:
    """A run to come in words; of one that is owed, since when."""
    if coming.due >= coming.at:
        return coming.text
    why = f"{coming.reason}, " if coming.reason else ""
    return f"{coming.text} ({why}due {format_moment(coming.due, zone)})"


# --- why -----------------------------------------------------------------------


def why_of(tx: Transaction, view: View, standing: Standing, at: Instant | None) -> Explanation:
    """Why it ran or did not at an instant (one of whole minutes means its minute), or whether it
    holds. Without an instant it is about the newest moment that was decided, and about the present
    where there is none."""
    if standing.rule is not None:
        when = view.now if at is None else at
        return _why_rule(standing.id, standing.rule, when, view.zone())
    found = [
        moment_of(tx, view, timer, newest_moment(tx, view, timer) if at is None else at)
        for timer in standing.timers
    ]
    verdict = min((moment.verdict for moment in found), key=_VERDICTS.index)
    return Explanation(standing.id, verdict, tuple(s for m in found for s in steps_of(m)))


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


def steps_of(moment: Moment) -> Iterator[Step]:
    """The way to what became of a moment."""
    timer, row = moment.timer, moment.row
    evidence: Evidence = {"line": timer.text, "since": format_instant(timer.activated)}
    if moment.reason == "not_in_force":
        yield Step("in force", "not run", "not_in_force", evidence)
        return
    yield Step("in force", "passed", "", evidence)
    yield _schedule(moment)
    yield _nothing_written(moment) if row is None else _written(row, moment.joined)
    late = row is not None and (row.kind == "skip" or row.reason == "late")
    if late or moment.verdict in ("not decided", "no record"):
        yield _task(timer.task, moment.occupied)


def _schedule(moment: Moment) -> Step:
    evidence: Evidence = {"schedule": moment.timer.schedule}
    due, around = moment.due, moment.around
    if due is not None:
        evidence["due"] = format_instant(due.due)
        if due.end is not None:
            evidence["until"] = format_instant(due.end)
        if due.notes:
            evidence["notes"] = ", ".join(due.notes)
        return Step("schedule", "due", "", evidence)
    if around.window is not None:
        evidence["from"] = format_instant(around.window.start)
        evidence["until"] = format_instant(around.window.end)
    if around.last is not None:
        evidence["last"] = format_instant(around.last.due)
    if around.next is not None:
        evidence["next"] = format_instant(around.next.due)
    left_out = _left_out(moment)
    if left_out is not None and left_out.detail:
        evidence["detail"] = left_out.detail
    if moment.windowed and left_out is None:
        return Step("schedule", "open" if around.open else "closed", "", evidence)
    return Step("schedule", "not due", left_out.reason.value if left_out else "", evidence)


def _left_out(moment: Moment) -> Skip | None:
    left = moment.around.left_out
    return next((skip for skip in left if skip.reason.value == moment.reason), None)


def _nothing_written(moment: Moment) -> Step:
    return Step("ledger", "nothing", "no_moment" if moment.due is None else moment.reason)


def _written(row: Firing, joined: Firing | None) -> Step:
    evidence: Evidence = {"due": format_instant(row.due)}
    if row.kind == "skip":
        evidence |= {"first": format_instant(row.first_due), "moments": row.count}
        evidence["decided"] = format_instant(row.decided)
        if joined is not None and joined.started is not None:
            evidence["became part of the run of"] = format_instant(joined.started)
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


def _task(task: int, occupied: tuple[Occupation, ...]) -> Step:
    """What the task did between a moment and the decision about it."""
    down = [one for one in occupied if one.text is None]
    busy = [one for one in occupied if one.text is not None]
    evidence: Evidence = {"task": task}
    if down:
        evidence["down"] = [_document(one) for one in down[-MOST_SHOWN:]]
    if busy:
        evidence["runs"] = [_document(one) for one in busy[-MOST_SHOWN:]]
    if down:
        return Step("task", "down", "nobody_worked", evidence)
    return Step("task", "busy" if busy else "free", "", evidence)


def _document(one: Occupation) -> dict[str, str | None]:
    return {
        "start": format_instant(one.start),
        "end": format_instant(one.end) if one.end is not None else None,
        "entry": one.shown or None,
    }
