"""The plan: what the timetable of directives holds now, and how a new one takes its place.

The store's own copy of the control file is what is in force; the file on disk is only what comes
next. So every process that works for a task works by the same plan, and a file broken by an edit
leaves the old plan as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from horarium.directives.directive import Directive
from horarium.directives.entry import UPKEEP_TASK, Entry
from horarium.kernel.decision import superseded
from horarium.kernel.errors import HorariumError
from horarium.kernel.instant import Instant
from horarium.kernel.schedule import Schedule
from horarium.kernel.schedule_text import parse_schedule
from horarium.kernel.schedule_writing import format_schedule
from horarium.kernel.timetable import Circumstances, Timetable
from horarium.store.store import Transaction
from horarium.store.timers import NewTimer, Timer

VERSION_KEY = "timetable_version"
ZONE_DATA_KEY = "timetable_zone_data"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is in force: the entries by key and task, and the lines they come from."""

    version: int
    entries: Mapping[tuple[str, int], Entry]
    directives: tuple[Directive, ...] = ()
    seed: str = ""
    variables: frozenset[str] = frozenset()

    def find(self, timer: Timer) -> Entry | None:
        """The entry of a timer, None when this plan is not of the timer's time."""
        return self.entries.get((timer.entry, timer.task))


@dataclass(frozen=True, slots=True)
class Activated:
    """What a new plan changed, as texts of the entries."""

    new: tuple[str, ...]
    unchanged: int
    gone: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether anything began or ceased to stand."""
        return bool(self.new or self.gone)


def timetable_of(timer: Timer, seed: str, signals: tuple[Instant, ...] = ()) -> Timetable:
    """The timetable of a timer: from its activation and anchor as they were kept."""
    circumstances = Circumstances(
        activation=timer.activated,
        anchor=timer.anchor,
        object_id=timer.entry,
        seed=seed,
        signals=signals,
    )
    return Timetable(_schedule(timer.schedule), circumstances)


@lru_cache(maxsize=10_000)
def _schedule(text: str) -> Schedule:
    """The schedule of a canonical text; many timers have the same."""
    return parse_schedule(text)


def activate(
    tx: Transaction,
    entries: Sequence[Entry],
    seed: str,
    zone_data: str,
    now: Instant,
    *,
    upkeep: bool = False,
) -> Activated:
    """Makes `entries` the ones that stand, in the transaction of whatever brought them.

    With `upkeep` they are the built-in entries, otherwise all the others: neither touches the
    other. Unchanged ones keep anchor and cursor, new ones are activated now, gone ones end; what of
    those was still to be decided is written as superseded.
    """
    wanted = {(entry.key, entry.task): entry for entry in entries}
    standing = {
        (timer.entry, timer.task): timer
        for timer in tx.timers.standing()
        if (timer.task == UPKEEP_TASK) == upkeep
    }
    gone = [timer for key, timer in standing.items() if key not in wanted]
    for timer in gone:
        _take_out(tx, timer, seed, now)
    new = [entry for key, entry in wanted.items() if key not in standing]
    tx.timers.add(_new_timer(entry, seed, now) for entry in new)
    kept = [(entry, standing[key]) for key, entry in wanted.items() if key in standing]
    _keep(tx, kept, now)
    _follow_zone_data(tx, zone_data, now)
    if new or gone:
        raise_version(tx)
    return Activated(tuple(e.text for e in new), len(kept), tuple(t.text for t in gone))


def version_of(tx: Transaction) -> int:
    """A number that rises whenever what stands has changed."""
    return int(tx.meta(VERSION_KEY) or "0")


def raise_version(tx: Transaction) -> None:
    """Says that what stands has changed; those who work by it then read anew."""
    tx.set_meta(VERSION_KEY, str(version_of(tx) + 1))


def _new_timer(entry: Entry, seed: str, now: Instant) -> NewTimer:
    return NewTimer(
        entry=entry.key,
        task=entry.task,
        position=entry.position,
        line=entry.line,
        name=entry.name,
        text=entry.text,
        schedule=format_schedule(entry.schedule),
        signal=entry.schedule.signal,
        activated=now,
        next_due=_first_due(entry, seed, now),
    )


def _first_due(entry: Entry, seed: str, now: Instant) -> Instant | None:
    circumstances = Circumstances(activation=now, anchor=now, object_id=entry.key, seed=seed)
    try:
        found = Timetable(entry.schedule, circumstances).next_after(Instant(now - 1))
    except HorariumError:
        # Whoever works for the task asks at once, and tells what is wrong.
        return now
    return found.due if found is not None else None


def _take_out(tx: Transaction, timer: Timer, seed: str, now: Instant) -> None:
    if timer.next_due is not None and timer.next_due <= now:
        signals = tx.timers.signals(timer.signal, timer.cursor) if timer.signal else ()
        with suppress(HorariumError):
            timetable = timetable_of(timer, seed, signals)
            tx.firings.leave_out(timer, superseded(timetable, timer.cursor, now).skipped, now)
    tx.timers.take_out(timer, now)


def _keep(tx: Transaction, kept: Iterable[tuple[Entry, Timer]], now: Instant) -> None:
    moved = []
    for entry, timer in kept:
        if (entry.position, entry.line, entry.text) != (timer.position, timer.line, timer.text):
            moved.append((timer.id, entry.position, entry.line, entry.text))
        schedule = format_schedule(entry.schedule)
        if schedule != timer.schedule:
            # The same entry in another zone: its moments are others, its grid is not.
            tx.timers.reschedule(timer, schedule, now)
    tx.timers.move(moved)


def _follow_zone_data(tx: Transaction, zone_data: str, now: Instant) -> None:
    before = tx.meta(ZONE_DATA_KEY)
    if before != zone_data:
        if before is not None:
            tx.timers.ask_all(now)
        tx.set_meta(ZONE_DATA_KEY, zone_data)
