"""Why an entry of the timetable ran or did not: what its schedule says, what the ledger kept, and
what its task was doing meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from horarium.kernel.instant import Instant
from horarium.kernel.moment import Opening, Reason, Skip
from horarium.kernel.preview import explain
from horarium.runtime.directive_ahead import Coming, following
from horarium.runtime.directive_view import View, task_name
from horarium.runtime.evidence import is_alive
from horarium.store.firings import Firing
from horarium.store.store import Store, Transaction
from horarium.store.timers import Timer
from horarium.store.workers import Worker

DAY = 86_400
# Rows of the ledger that are looked at for one entry, newest first.
MOST_ROWS = 50
# More of what came in between is not told one by one.
MOST_TOLD = 5

_WORDS = {
    Reason.COALESCED: "became part of a later run",
    Reason.MISSED: "passed before the task could begin it",
    Reason.DEADLINE: "later than its deadline allows",
    Reason.CLOCK_FORWARD: "the clock was set forward over it",
    Reason.OVERLAP: "its own run still went on",
    Reason.OUTSIDE_WINDOW: "no window was open for a late run",
    Reason.DISABLED: "it is switched off",
    Reason.SUPERSEDED: "the entry was changed or removed first",
    Reason.NO_TASK: "no running task has its number",
    Reason.NO_SUCH_DAY: "the month has no such day",
    Reason.NO_SUCH_DATE: "the year has no such date",
    Reason.IN_GAP: "no clock shows that time on that day",
    Reason.WINDOW_IN_GAP: "the whole window lies where the clocks are set forward",
    Reason.EXCEPTED: "the date is excepted",
}


@dataclass(frozen=True, slots=True)
class Occupation:
    """What a task was doing in [start, end): the text of another entry that it ran, or None when
    nobody worked for it. `end` None: it goes on."""

    start: Instant
    end: Instant | None
    text: str | None
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """What became of an entry: its newest run, what kept its task from beginning that sooner, the
    groups of moments left out, newest first, and what comes next."""

    timer: Timer
    last: Firing | None
    occupied: tuple[Occupation, ...]
    skipped: tuple[Firing, ...]
    next: Coming | None


@dataclass(frozen=True, slots=True)
class Moment:
    """What became of an instant: the rows that speak of the moment at or before it, the moments
    around it, what the calendar left out on its day, and all that in a sentence."""

    at: Instant
    rows: tuple[Firing, ...]
    last: Opening | None
    next: Opening | None
    left_out: tuple[Skip, ...]
    occupied: tuple[Occupation, ...]
    verdict: str
    said: str


def in_words(reason: str) -> str:
    """A reason of the ledger as people say it."""
    known = {word.value: text for word, text in _WORDS.items()}
    return known.get(reason, reason.replace("_", " "))


def past_of(store: Store, view: View, timer: Timer) -> Past:
    """What became of a timer until now."""

    def work(tx: Transaction) -> Past:
        rows = tx.firings.of(timer.id, MOST_ROWS)
        runs = (row for row in rows if row.kind != "skip" and row.started is not None)
        last = next(runs, None)
        occupied: tuple[Occupation, ...] = ()
        if last is not None and last.started is not None and last.started > last.first_due:
            occupied = occupations(tx, timer, last.first_due, last.started, last.id)
        skipped = tuple(row for row in rows if row.kind == "skip")
        return Past(timer, last, occupied, skipped[:MOST_TOLD], following(view, timer))

    return store.read(work)


def moment_of(store: Store, view: View, timer: Timer, at: Instant) -> Moment:
    """What became of the moment of a timer at an instant, or of the last one before it."""
    found = explain(view.timetable(timer), at)

    def work(tx: Transaction) -> tuple[tuple[Firing, ...], tuple[Occupation, ...]]:
        rows = tx.firings.about(timer.id, at, at, MOST_TOLD)
        if not rows and found.last is not None:
            rows = tx.firings.about(timer.id, found.last.due, found.last.due, MOST_TOLD)
        begun = [row.started for row in rows if row.started is not None]
        start = min((row.first_due for row in rows), default=at)
        end = max(begun, default=Instant(max((row.decided for row in rows), default=at)))
        occupied = occupations(tx, timer, start, end, *(row.id for row in rows))
        return tuple(rows), occupied if end > start else ()

    rows, occupied = store.read(work)
    verdict, said = _said(view, timer, at, rows, found.last, found.left_out)
    return Moment(at, rows, found.last, found.next, found.left_out, occupied, verdict, said)


def _said(
    view: View,
    timer: Timer,
    at: Instant,
    rows: Sequence[Firing],
    last: Opening | None,
    left_out: Sequence[Skip],
) -> tuple[str, str]:
    run = next((row for row in rows if row.kind != "skip"), None)
    if run is not None:
        return _ran(run)
    if rows:
        row = rows[0]
        if row.state == "failed":
            return "not run", row.reason
        return "not run", f"{row.state.replace('_', ' ')}: {in_words(row.reason)}"
    if at < timer.activated:
        return "not run", "the entry stood only from later on"
    left = next((skip for skip in left_out if skip.at <= at <= skip.last), None)
    if left is not None:
        return "not run", in_words(left.reason.value)
    if last is None or last.due < timer.activated:
        return "no moment", "no moment of the entry had come by then"
    if last.due > timer.cursor:
        if last.due > view.now:
            return "to come", "its moment is still to come"
        return "not decided", f"its moment waits for {task_name(timer.task)}"
    return "no record", "its record is gone; records are kept for a time"


def _ran(run: Firing) -> tuple[str, str]:
    if run.started is None:
        return "asked", "asked for by hand, not begun"
    words = {"started": "it runs", "unknown": "begun; nobody knows whether it was done"}
    said = words.get(run.state, run.state)
    if run.state != "started" and run.reason not in ("", "on_time", "late", "manual"):
        said += f": {run.reason}"
    return "ran", said


def occupations(
    tx: Transaction, timer: Timer, start: Instant, end: Instant, *without: int
) -> tuple[Occupation, ...]:
    """What kept the task of a timer in [start, end), in order; rows of `without` do not count."""
    shown = {t.id: t for t in tx.timers.stood(Instant(start - DAY))}
    found = [
        Occupation(row.started, row.ended, *_named(shown.get(row.timer), row))
        for row in tx.firings.runs_between(Instant(start - DAY), Instant(end + 1))
        if row.task == timer.task
        and row.id not in without
        and row.started is not None
        and row.started < end
        and (row.ended is None or row.ended > start)
    ]
    lives = [life for life in tx.workers.since(Instant(0)) if life.task == timer.task]
    found += [gap for gap in _gaps(lives, end) if gap.start < end and (gap.end or end) > start]
    return tuple(sorted(found, key=lambda one: one.start))


def _named(timer: Timer | None, row: Firing) -> tuple[str, str]:
    if timer is None:
        return row.entry[:12], ""
    return timer.text, str(timer.line) if timer.line is not None else timer.name or ""


def _gaps(lives: Sequence[Worker], now: Instant) -> list[Occupation]:
    """When nobody worked for a task: between its lives, and after the last."""
    found = [
        Occupation(before.seen, after.started, None)
        for before, after in pairwise(lives)
        if after.started > before.seen
    ]
    if lives and not is_alive(lives[-1], now) and now > lives[-1].seen:
        found.append(Occupation(lives[-1].seen, None, None))
    return found


__all__ = [
    "Firing",
    "Moment",
    "Occupation",
    "Past",
    "in_words",
    "moment_of",
    "occupations",
    "past_of",
]
