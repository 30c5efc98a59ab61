"""What became of the timetable of directives: of an entry so far, and of one of its moments; what
its schedule says, what the ledger kept, and what its task was doing meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from horarium.kernel.instant import Instant
from horarium.kernel.moment import Opening, Reason
from horarium.kernel.period import Period
from horarium.kernel.preview import Explanation, explain
from horarium.kernel.timetable import Timetable
from horarium.runtime.ahead import Coming, following
from horarium.runtime.naming import id_of, task_name
from horarium.runtime.plan import timetable_of
from horarium.runtime.standing import View
from horarium.runtime.task import SILENT_SECONDS
from horarium.store.firings import Firing
from horarium.store.store import Store, Transaction
from horarium.store.timers import Timer

MINUTE, DAY = 60, 86_400
# Rows of the ledger that are looked at for one entry, newest first.
MOST_ROWS = 50
# More of what came in between is not told one by one.
MOST_TOLD = 5

_WORDS = {
    Reason.COALESCED.value: "became part of a later run",
    Reason.MISSED.value: "passed before the task could begin it",
    Reason.DEADLINE.value: "later than its deadline allows",
    Reason.CLOCK_FORWARD.value: "the clock was set forward over it",
    Reason.OVERLAP.value: "its own run still went on",
    Reason.OUTSIDE_WINDOW.value: "no window was open for a late run",
    Reason.DISABLED.value: "it is switched off",
    Reason.SUPERSEDED.value: "the entry was changed or removed first",
    Reason.NO_TASK.value: "no running task has its number",
    Reason.NO_SUCH_DAY.value: "the month has no such day",
    Reason.NO_SUCH_DATE.value: "the year has no such date",
    Reason.IN_GAP.value: "no clock shows that time on that day",
    Reason.WINDOW_IN_GAP.value: "the whole window lies where the clocks are set forward",
    Reason.EXCEPTED.value: "the date is excepted",
    "not_in_force": "the entry stood only from later on",
    "not_due": "it was not due then",
    "to_come": "its moment is still to come",
    "no_record": "its record is gone; records are kept for a time",
    "in_window": "its window is open then",
    "outside": "its window is not open then",
    "asked": "asked for by hand, not begun",
}
# What is said of a run is how it came to be on time, late or by hand; that is told elsewhere.
USUAL = frozenset({"", "on_time", "late", "manual"})


@dataclass(frozen=True, slots=True)
class Occupation:
    """What a task was doing in [start, end): the text of another entry that it ran, and how people
    name that, or None when nobody worked for it. `end` None: it goes on."""

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
    """What became of an instant: the moment that was due then, the row that decides, all rows that
    speak of it, what the schedule says around it, and what kept the task.

    `verdict` is ``ran``, ``not run``, ``open``, ``closed``, ``asked``, ``to come``, ``not
    decided`` or ``no record``, `reason` a word of the ledger or of the schedule, `said` both for
    people. `joined` is the run that a coalesced moment became part of.
    """

    at: Instant
    timer: Timer
    due: Opening | None
    row: Firing | None
    joined: Firing | None
    rows: tuple[Firing, ...]
    around: Explanation
    windowed: bool
    occupied: tuple[Occupation, ...]
    verdict: str
    reason: str
    said: str


def in_words(reason: str) -> str:
    """A reason of the ledger as people say it."""
    return _WORDS.get(reason, reason.replace("_", " "))


def told(
    store: Store, view: View, timers: Iterable[Timer], at: Instant | None
) -> list[tuple[Past, Moment | None]]:
    """What became of timers until now, and of an instant where one is named."""

    def work(tx: Transaction) -> list[tuple[Past, Moment | None]]:
        return [
            (
                past_of(tx, view, timer),
                moment_of(tx, view, timer, at) if at is not None else None,
            )
            for timer in timers
        ]

    return store.read(work)


# --- an entry ------------------------------------------------------------------


def past_of(tx: Transaction, view: View, timer: Timer) -> Past:
    """What became of a timer until now."""
    rows = tx.firings.of(timer.id, MOST_ROWS)
    runs = (row for row in rows if row.kind != "skip" and row.started is not None)
    last = next(runs, None)
    occupied: tuple[Occupation, ...] = ()
    if last is not None and last.started is not None and last.started > last.first_due:
        occupied = occupations(tx, view, timer, Period(last.first_due, last.started), last.id)
    skipped = tuple(row for row in rows if row.kind == "skip")
    return Past(timer, last, occupied, skipped[:MOST_TOLD], following(view, timer))


def newest_moment(tx: Transaction, view: View, timer: Timer) -> Instant:
    """The newest moment that was decided, now where there is none."""
    # What became part of a run is written after it: the newest row need not be the newest moment.
    return max((row.due for row in tx.firings.of(timer.id, MOST_TOLD)), default=view.now)


# --- a moment ------------------------------------------------------------------


def moment_of(tx: Transaction, view: View, timer: Timer, at: Instant) -> Moment:
    """What became of the moment of a timer at an instant; one of whole minutes means its minute."""
    timer = _as_it_stood(tx, timer, at)
    signals = tx.timers.signals(timer.signal, Instant(timer.activated - 1)) if timer.signal else ()
    timetable = timetable_of(timer, view.settings.directives.seed, signals)
    span = Period(at, Instant(at + (MINUTE if at % MINUTE == 0 else 1)))
    stood = span.end > timer.activated
    newest = timetable.newest(span.start, span.end, 1) if stood else []
    due = newest[-1] if newest else None
    around = explain(timetable, due.due if due is not None else at)
    row = _row(tx, view, timer, span, due) if stood else None
    verdict, reason = _verdict(view, timer, span, due, row, around, timetable)
    return Moment(
        at,
        timer,
        due,
        row,
        _joined_to(tx, row),
        _rows(tx, timer, at, due, row, around),
        around,
        timetable.windowed,
        _kept_busy(tx, view, timer, due, row) if stood else (),
        verdict,
        reason,
        _said(timer, row, verdict, reason),
    )


def _as_it_stood(tx: Transaction, timer: Timer, at: Instant) -> Timer:
    """The timer that stood in the place of this one at an instant, if another did."""
    if at >= timer.activated:
        return timer
    before = [
        other
        for other in tx.timers.stood(at)
        if (other.line, other.name, other.task) == (timer.line, timer.name, timer.task)
        and other.activated <= at
    ]
    return before[-1] if before else timer


def _row(
    tx: Transaction, view: View, timer: Timer, span: Period, due: Opening | None
) -> Firing | None:
    """The row about the time asked for: of the moment due then, else of a run that went on, else
    that nothing could be decided then."""
    if due is not None:
        # A run is written before what was left out beside it.
        for row in reversed(tx.firings.about(timer.id, due.due, due.due, MOST_ROWS)):
            if row.kind == "run" and row.due == due.due:
                return row
            if row.kind == "skip" and row.first_due <= due.due <= row.due:
                return row
    rows = tx.firings.about(timer.id, Instant(0), Instant(span.end - 1), MOST_ROWS)
    for row in rows:
        if row.started is not None and _went_on(row, span, view.now):
            return row
    spoken = (row for row in rows if row.due >= span.start and row.started is None)
    return next((row for row in spoken if row.state in ("asked", "failed")), None)


def _went_on(row: Firing, span: Period, now: Instant) -> bool:
    assert row.started is not None
    end = row.ended if row.ended is not None else now
    return row.started < span.end and max(end, row.started + 1) > span.start


def _joined_to(tx: Transaction, skip: Firing | None) -> Firing | None:
    """The run that coalesced moments became part of: it was decided together with them."""
    if skip is None or skip.reason != Reason.COALESCED.value:
        return None
    rows = tx.firings.between(skip.decided, Instant(skip.decided + 1))
    return next((row for row in rows if row.timer == skip.timer and row.kind == "run"), None)


def _rows(
    tx: Transaction, timer: Timer, at: Instant, due: Opening | None, row: Firing | None,
    around: Explanation,
) -> tuple[Firing, ...]:  # fmt: skip
    """The rows that speak of the moment, newest first; where none was, of the one before."""
    if due is None and row is not None:
        return (row,)
    when = due.due if due is not None else at
    rows = tx.firings.about(timer.id, when, when, MOST_TOLD)
    if not rows and due is None and around.last is not None:
        rows = tx.firings.about(timer.id, around.last.due, around.last.due, MOST_TOLD)
    return tuple(rows)


def _verdict(
    view: View, timer: Timer, span: Period, due: Opening | None, row: Firing | None,
    around: Explanation, timetable: Timetable,
) -> tuple[str, str]:  # fmt: skip
    if span.end <= timer.activated:
        return "not run", "not_in_force"
    if row is not None:
        if row.started is not None:
            return "ran", row.reason
        return ("asked", "asked") if row.state == "asked" else ("not run", row.reason)
    if due is None:
        left = next((s for s in around.left_out if s.at < span.end and s.last >= span.start), None)
        if left is not None:
            return "not run", left.reason.value
        if timetable.windowed:
            return ("open", "in_window") if around.open else ("closed", "outside")
        return "not run", "not_due"
    if due.due > view.now:
        return "to come", "to_come"
    return ("not decided", "undecided") if due.due > timer.cursor else ("no record", "no_record")


def _said(timer: Timer, row: Firing | None, verdict: str, reason: str) -> str:
    if row is None:
        if reason == "undecided":
            return f"its moment waits for {task_name(timer.task)}"
        return in_words(reason)
    if verdict == "ran":
        words = {"started": "it runs", "unknown": "begun; nobody knows whether it was done"}
        said = words.get(row.state, row.state)
        return said if row.state == "started" or reason in USUAL else f"{said}: {reason}"
    if row.kind == "skip" and row.state != "failed":
        return f"{row.state.replace('_', ' ')}: {in_words(reason)}"
    return in_words(reason) if verdict == "asked" else reason


# --- the task meanwhile --------------------------------------------------------


def _kept_busy(
    tx: Transaction, view: View, timer: Timer, due: Opening | None, row: Firing | None
) -> tuple[Occupation, ...]:
    """What kept the task between a moment and the decision about it."""
    if row is not None:
        end = row.started if row.started is not None else row.decided
        start, own = row.first_due, row.id
        if row.kind != "skip" and end <= start:
            return ()
    elif due is not None and due.due <= view.now:
        start, end, own = due.due, view.now, 0
    else:
        return ()
    return occupations(tx, view, timer, Period(start, Instant(max(end, start + 1))), own)


def occupations(
    tx: Transaction, view: View, timer: Timer, span: Period, own: int
) -> tuple[Occupation, ...]:
    """What the task of a timer did during `span` but for one row, in order: runs as long as they
    were, and the parts of it in which nobody worked."""
    known: dict[int, tuple[str, str]] = {}
    runs = [
        Occupation(row.started, row.ended, *_named(tx, row, known))
        for row in tx.firings.runs_between(Instant(max(span.start - DAY, 0)), span.end)
        if row.task == timer.task
        and row.id != own
        and row.started is not None
        and row.started < span.end
        and (row.ended or view.now) > span.start
    ]
    found = [*runs, *_gaps(tx, timer.task, span, view.now)]
    return tuple(sorted(found, key=lambda one: one.start))


def _named(tx: Transaction, row: Firing, known: dict[int, tuple[str, str]]) -> tuple[str, str]:
    if row.timer not in known:
        timer = tx.timers.by_id(row.timer)
        gone = (row.entry[:12], row.entry)
        known[row.timer] = (timer.text, id_of(timer)) if timer is not None else gone
    return known[row.timer]


def _gaps(tx: Transaction, task: int, span: Period, now: Instant) -> Sequence[Occupation]:
    """When nobody worked for a task; a silence shorter than that of one who lives is none."""
    free, found = span.start, []
    for life in tx.workers.since(span.start):
        if life.task != task:
            continue
        if life.started > max(free + SILENT_SECONDS, span.start):
            found.append(Occupation(free, min(life.started, span.end), None))
        free = max(free, life.stopped if life.stopped is not None else life.seen)
        if free >= span.end or life.started >= span.end:
            return found
    if span.end > free + SILENT_SECONDS:
        found.append(Occupation(free, span.end if span.end < now else None, None))
    return found
