"""An entry of the timetable of directives: when something is to be done, by which task, and what.

Lines of a control file and declared directives become entries alike; what runs them does not tell
them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from horarium.directives.directive import Directive, Kind
from horarium.directives.plan import schedule_of
from horarium.kernel.schedule import OnCrash, Schedule

# The task that packs, polls and drops, unless the site says otherwise (seed 004).
MASTER = 1
# The built-in daily pass is nobody's numbered task.
UPKEEP_TASK = -1
DEFAULT_TIMEOUT = 3_600


@dataclass(frozen=True, slots=True)
class Execute:
    """Run a program: its name and arguments as written; `shell` tells that `!` stood before it.
    `timeout` is in seconds."""

    argv: tuple[str, ...]
    shell: bool = False
    timeout: int = DEFAULT_TIMEOUT


@dataclass(frozen=True, slots=True)
class End:
    """End the task with a status."""

    status: int


@dataclass(frozen=True, slots=True)
class SetFlag:
    """Create a flag file, unless it is there."""

    file: str


@dataclass(frozen=True, slots=True)
class SetVariable:
    """Give a declared run-time variable a value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Wish:
    """Something that a mailer has to do with other nodes: poll, send, repack …; the text of the
    entry says the rest."""

    keyword: str


@dataclass(frozen=True, slots=True)
class KeepUp:
    """The daily pass over bookings and records."""


Action = Execute | End | SetFlag | SetVariable | Wish | KeepUp

# What may be done again when it is not known whether it was done: it ends in the same state.
_REPEATABLE = frozenset({"Poll", "Send", "Post", "Freq", "UpdFreq", "Repack", "Set"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `key` is its identity over restarts and edits, `task` the number of who does it.

    `position` orders what is due at one instant; `line` is that of the control file, `name` that
    of a declared directive. The schedule names its zone and says what a crash makes of a run.
    """

    key: str
    task: int
    position: int
    text: str
    schedule: Schedule
    action: Action
    line: int | None = None
    name: str | None = None

    @property
    def shown(self) -> str:
        """How people name it: its line number or its name."""
        return str(self.line) if self.line is not None else self.name or self.text


def entries_of(
    directives: Iterable[Directive],
    zone: str,
    *,
    master: int = MASTER,
    every: Sequence[int] = (),
    timeout: int = DEFAULT_TIMEOUT,
) -> list[Entry]:
    """The entries of a control file's timed lines, in file order.

    A line without a task number is the Master's; with `every` it is that of each of those tasks,
    where the keyword is not the Master's alone. `timeout` is that of programs, in seconds.
    """
    return [
        entry
        for directive in directives
        for entry in _entries(directive, zone, master, every, timeout)
    ]


def _entries(
    directive: Directive, zone: str, master: int, every: Sequence[int], timeout: int
) -> Iterator[Entry]:
    if directive.keyword.kind is not Kind.TIMED or directive.when is None:
        return
    name = directive.keyword.name
    on_crash = OnCrash.RERUN if name in _REPEATABLE else OnCrash.SKIP
    schedule = replace(
        schedule_of(directive.when, critical=directive.critical), zone=zone, on_crash=on_crash
    )
    action = _action(directive, timeout)
    for task in _tasks(directive, master, every):
        yield Entry(
            directive.key, task, directive.line, directive.text, schedule, action, directive.line
        )


def _tasks(directive: Directive, master: int, every: Sequence[int]) -> Sequence[int]:
    if directive.keyword.master:
        return (master,)
    if directive.task is not None:
        return (directive.task,)
    return every or (master,)


def _action(directive: Directive, timeout: int) -> Action:
    arguments = directive.arguments
    match directive.keyword.name:
        case "Exec":
            return Execute(arguments.command, arguments.shell, timeout)
        case "Exit":
            return End(arguments.number or 0)
        case "Set":
            name, equals, value = (arguments.setting or "").partition("=")
            return SetVariable(name, value) if equals else SetFlag(name)
        case name:
            return Wish(name)
