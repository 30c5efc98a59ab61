"""What of the timetable of directives somebody names: a line, a declared directive, the daily pass.

A line of the control file in force is ``events.ctl:7``, a declared directive its name (or
``directive:NAME``, should an object be called alike), the daily pass ``upkeep``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from horarium.directives.directive import Directive, Kind
from horarium.directives.entry import UPKEEP_TASK, Entry
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.schedule_writing import format_schedule
from horarium.kernel.timetable import Timetable
from horarium.kernel.zone import Zone, named
from horarium.runtime.activation import UPKEEP_KEY, load_plan, zone_of
from horarium.runtime.declared import OWNER
from horarium.runtime.plan import timetable_of
from horarium.runtime.settings import Settings
from horarium.store.store import Transaction
from horarium.store.timers import Timer

FILE = "events.ctl"
_LINE = re.compile(re.escape(FILE) + r":([1-9]\d{0,5})")


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing of the timetable: timed, with a timer for each task that does it, or a rule that
    holds during its windows. `zone` is that of its times."""

    id: str
    kind: str
    timers: tuple[Timer, ...]
    zone: Zone
    seed: str
    rule: Directive | None = None


def is_explicit(name: str) -> bool:
    """Whether a name can only mean something of the timetable."""
    return _LINE.fullmatch(name) is not None or name.startswith(OWNER)


def find_standing(tx: Transaction, settings: Settings, name: str, now: Instant) -> Standing:
    """What stands under that name; NotFound when nothing does.

    What is declared but was never brought into force is answered for as if that happened now.
    """
    line = _LINE.fullmatch(name)
    if line is not None:
        return _of_line(tx, settings, int(line[1]))
    bare = name.removeprefix(OWNER)
    daily = name == UPKEEP_KEY
    timers = tuple(
        timer
        for timer in tx.timers.standing()
        if timer.name == bare and (timer.task == UPKEEP_TASK) == daily
    )
    if not timers:
        timers = tuple(
            as_if_new(entry, now)
            for entry in load_plan(tx, settings).entries.values()
            if entry.name == bare and (entry.task == UPKEEP_TASK) == daily
        )
    if not timers:
        raise NotFound(f"there is no object {name}")
    return _standing(bare, timers, settings)


def as_if_new(entry: Entry, now: Instant) -> Timer:
    """The timer that an entry would get if it were brought into force now."""
    return Timer(
        id=0,
        entry=entry.key,
        task=entry.task,
        position=entry.position,
        line=entry.line,
        name=entry.name,
        text=entry.text,
        schedule=format_schedule(entry.schedule),
        signal=entry.schedule.signal,
        activated=now,
        anchor=now,
        cursor=Instant(now - 1),
        next_due=now,
        begun=None,
        ended=None,
        taken_out=None,
    )


def id_of(timer: Timer) -> str:
    """How people name what a timer is for."""
    return f"{FILE}:{timer.line}" if timer.line is not None else timer.name or timer.text


def kind_of(timer: Timer) -> str:
    """The kind of work a timer is for: ``directive`` or ``upkeep``."""
    return "upkeep" if timer.task == UPKEEP_TASK else "directive"


def timetable_in(tx: Transaction, timer: Timer, seed: str) -> Timetable:
    """The timetable of a timer with the signals that are not yet decided about."""
    signals = tx.timers.signals(timer.signal, timer.cursor) if timer.signal else ()
    return timetable_of(timer, seed, signals)


def rules_in_force(tx: Transaction, settings: Settings) -> Sequence[Directive]:
    """The state and routing rules of the control file in force."""
    directives = load_plan(tx, settings).directives
    return [directive for directive in directives if directive.keyword.kind is not Kind.TIMED]


def _of_line(tx: Transaction, settings: Settings, line: int) -> Standing:
    timers = tuple(timer for timer in tx.timers.standing() if timer.line == line)
    if timers:
        return _standing(f"{FILE}:{line}", timers, settings)
    for rule in rules_in_force(tx, settings):
        if rule.line == line:
            return _standing(f"{FILE}:{line}", (), settings, rule)
    if tx.workers.control_file() is None:
        raise NotFound(f"no {FILE} is in force; serve brings it into force")
    raise NotFound(f"there is no directive in line {line} of the {FILE} in force")


def _standing(
    id_: str, timers: tuple[Timer, ...], settings: Settings, rule: Directive | None = None
) -> Standing:
    kind = kind_of(timers[0]) if timers else "directive"
    zone = settings.zone if kind == "upkeep" else zone_of(settings)
    return Standing(id_, kind, timers, named(zone), settings.directives.seed, rule)
