"""How people name what stands in the timetable, and what a name means: one rule for all commands.

``events.ctl:7`` or ``7`` is a line of the control file in force, ``backup`` or
``directive:backup`` a declared directive, ``upkeep`` the daily pass, and six or more digits the
beginning of a key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from horarium.directives.directive import Directive
from horarium.directives.entry import UPKEEP_TASK, Entry
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.kernel.nearest import nearest
from horarium.kernel.schedule_writing import format_schedule
from horarium.runtime.activation import UPKEEP_KEY, upkeep_entry
from horarium.runtime.declared import OWNER
from horarium.runtime.standing import View
from horarium.store.timers import Timer

FILE = "events.ctl"
SHORTEST_KEY = 6
_LINE = re.compile(rf"({re.escape(FILE)}:)?([1-9][0-9]{{0,5}})")
# A key is hexadecimal digits, a dot, and the ordinal among lines that say the same.
_HEX = frozenset("0123456789abcdef.")


@dataclass(frozen=True, slots=True)
class Standing:
    """One thing of the timetable: timed, with a timer for each task that does it, or a rule that
    holds during its windows."""

    id: str
    kind: str
    timers: tuple[Timer, ...] = ()
    rule: Directive | None = None


def is_explicit(name: str) -> bool:
    """Whether a name can only mean something of the timetable."""
    return name.startswith((f"{FILE}:", OWNER))


def find_standing(view: View, name: str) -> Standing | None:
    """What stands under a name; None when nothing does. NotFound for a line that has nothing,
    InvalidInput for a beginning that several keys have."""
    line = _LINE.fullmatch(name)
    if line is not None:
        found = _of_line(view, int(line[2]))
        if found is not None:
            return found
    timers = _of_name(view, name) or _of_key(view, name)
    if len({timer.entry for timer in timers}) > 1:
        raise InvalidInput(f"several keys begin with {name}", part="key", value=name)
    if timers:
        return Standing(id_of(timers[0]), kind_of(timers[0]), tuple(timers))
    if line is None:
        return None
    if view.kept is None:
        raise NotFound(f"no {FILE} is in force; serve brings it into force")
    raise NotFound(f"there is no directive in line {line[2]} of the {FILE} in force")


def find_timers(view: View, what: str, task: int | None = None) -> list[Timer]:
    """The standing timers of an entry, one of each task that keeps it, or that of one task.
    NotFound when there is none."""
    found = find_standing(view, what)
    if found is not None and found.rule is not None:
        raise NotFound(f"{what} is a rule, which holds and is not run: {found.rule.text}")
    timers = [t for t in (found.timers if found else ()) if task in (None, t.task)]
    if not timers:
        raise NotFound(
            f"{what} is no line, name or key of the timetable in force{nearest(what, names(view))}"
        )
    return timers


def find_declared(view: View, name: str) -> Standing | None:
    """What is declared under a name, or the daily pass, as if it were brought into force now."""
    bare, daily = name.removeprefix(OWNER), name == UPKEEP_KEY
    timers = tuple(
        _as_if_new(entry, view.now)
        for entry in (*view.declared, upkeep_entry(view.settings))
        if entry.name == bare and (entry.task == UPKEEP_TASK) == daily
    )
    return Standing(bare, kind_of(timers[0]), timers) if timers else None


def names(view: View) -> list[str]:
    """The names of all that has one."""
    return [timer.name for timer in view.timers if timer.name is not None]


def id_of(timer: Timer) -> str:
    """How people name what a timer is for."""
    return f"{FILE}:{timer.line}" if timer.line is not None else timer.name or timer.text


def kind_of(timer: Timer) -> str:
    """The kind of work a timer is for: ``directive`` or ``upkeep``."""
    return "upkeep" if timer.task == UPKEEP_TASK else "directive"


def task_name(task: int) -> str:
    """How people name a task."""
    return "upkeep" if task == UPKEEP_TASK else f"task {task}"


def _of_line(view: View, line: int) -> Standing | None:
    timers = tuple(timer for timer in view.timers if timer.line == line)
    if timers:
        return Standing(f"{FILE}:{line}", "directive", timers)
    rule = next((rule for rule in view.rules() if rule.line == line), None)
    return Standing(f"{FILE}:{line}", "directive", (), rule) if rule is not None else None


def _of_name(view: View, name: str) -> list[Timer]:
    bare, daily = name.removeprefix(OWNER), name == UPKEEP_KEY
    return [t for t in view.timers if t.name == bare and (t.task == UPKEEP_TASK) == daily]


def _of_key(view: View, name: str) -> list[Timer]:
    if len(name) < SHORTEST_KEY or not _HEX.issuperset(name.lower()):
        return []
    return [t for t in view.timers if t.entry.startswith(name.lower())]


def _as_if_new(entry: Entry, now: Instant) -> Timer:
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
