"""What looks wrong in a control file that can be read: each finding is certain, none is an error.

Rules that never decide, times that a change of the clocks swallows, lines that run twice. The
parser's own warnings are not repeated.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from horarium.directives.directive import Directive
from horarium.directives.lint_rules import idle_routes, idle_rules
from horarium.directives.lint_times import Calendar
from horarium.directives.problem import Problem
from horarium.directives.timespec import Period
from horarium.kernel.instant import Instant
from horarium.kernel.zone import Zone

# What does harm when it is done twice at one moment; all else ends in the same state.
_HARMFUL_TWICE = frozenset({"Exec", "Exit"})


def lint(
    directives: Sequence[Directive], zone: Zone, now: Instant, tasks: Collection[int] | None
) -> list[Problem]:
    """Warnings about the lines of a valid file, in order of the lines.

    `tasks` are the numbers that run, None when that is not known. Times are looked at from `now`
    on: four years for one that never comes, two for the changes of the clocks.
    """
    calendar = Calendar(zone, now)
    found = [
        *_times(directives, calendar),
        *_tasks(directives, tasks),
        *_twice(directives),
        *_endless(directives),
        *idle_rules(directives, day_lost=calendar.day_lost),
        *idle_routes(directives),
    ]
    return sorted(found)


def _times(directives: Sequence[Directive], calendar: Calendar) -> Iterator[Problem]:
    for directive in directives:
        if directive.when is None or isinstance(directive.when, Period):
            continue
        for message in calendar.complaints(directive.when):
            yield Problem(directive.line, 1, message)


def _tasks(directives: Sequence[Directive], tasks: Collection[int] | None) -> Iterator[Problem]:
    if tasks is None:
        return
    running = frozenset(tasks)
    for directive in directives:
        if directive.task is not None and directive.task not in running:
            message = f"no running task has the number {directive.task}: the line does nothing"
            yield Problem(directive.line, 1, message)


def _twice(directives: Sequence[Directive]) -> Iterator[Problem]:
    first: dict[tuple[object, ...], int] = {}
    for directive in directives:
        if directive.keyword.name not in _HARMFUL_TWICE:
            continue
        arguments = directive.arguments
        what = (
            directive.keyword.name, arguments.command, arguments.shell, arguments.number,
            directive.when, directive.task, directive.critical,
        )  # fmt: skip
        line = first.setdefault(what, directive.line)
        if line != directive.line:
            yield Problem(directive.line, 1, f"says the same as line {line}: it is done twice")


def _endless(directives: Sequence[Directive]) -> Iterator[Problem]:
    for directive in directives:
        if directive.keyword.name == "Exit" and isinstance(directive.when, Period):
            message = (
                f"Exit at {directive.when} ends the task as soon as the line is first in force, "
                "and again after each interval"
            )
            yield Problem(directive.line, 1, message)
