"""``horarium directives``: the control file of timed and periodic directives (seed 004)."""

from pathlib import Path

import click

from horarium.cli.directives_explain import explain_command
from horarium.cli.directives_files import export_command, import_command
from horarium.cli.directives_input import read_file, settings_of, span_of, valid, zone_of_site
from horarium.cli.directives_output import coming_document, coming_line
from horarium.cli.directives_run import run_command
from horarium.cli.directives_status import status_command
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.output import safe
from horarium.directives.directive import Directive, Kind
from horarium.directives.entry import Entry
from horarium.directives.lint import lint
from horarium.directives.problem import Problem
from horarium.runtime.ahead import ahead, ahead_next
from horarium.runtime.control import ControlReading
from horarium.runtime.guarded_file import NoSuchFile
from horarium.runtime.naming import find_timers
from horarium.runtime.standing import View, lines_as_entries, view_site


@click.group(help="The control file of timed and periodic directives, and declared ones.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "check",
    help="Read a control file (else the site's events.ctl) with its lists and say what is wrong, "
    "or odd, with line and column. Executes and contacts nothing.\n\n"
    "\b\nExample:\n  horarium directives check events.ctl --address 2:5030/15",
)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--address", metavar="NODE", help="the main address of partial addresses")
@click.option("--strict", is_flag=True, help="end with status 1 when there are warnings")
@pass_invocation
def directives_check(
    invocation: Invocation, file: Path | None, address: str | None, strict: bool
) -> int:
    """Check a control file; status 65 for errors, 66 when it is absent."""
    reading = read_file(invocation, file, address)
    path, errors = reading.path, reading.file.errors
    warnings = [*reading.file.warnings, *([] if errors else _odd(invocation, reading))]
    warnings.sort()
    for problem in errors:
        click.echo(safe(_line(path, problem)), err=True)
    if not invocation.options.json:
        for complaint in reading.complaints:
            click.echo(safe(f"warning: {complaint}"), err=True)
        for problem in warnings:
            click.echo(safe(f"{_line(path, problem)} (warning)"), err=True)
    invocation.emit(
        {
            "errors": [_document(problem) for problem in errors],
            "warnings": [_document(problem) for problem in warnings],
        },
        "" if errors else f"{len(reading.file.directives)} directives, {len(warnings)} warnings",
    )
    if errors:
        return Exit.DATA
    return Exit.NO if strict and (warnings or reading.complaints) else Exit.OK


def _odd(invocation: Invocation, reading: ControlReading) -> list[Problem]:
    """What looks wrong in a file that can be read; with a site also what nobody would run."""
    tasks = settings_of(invocation).directives.tasks
    now = invocation.clock.now()
    return lint(reading.file.directives, zone_of_site(invocation), now, tasks)


@command.command(
    "next",
    help="When every line is due and every window opens, in order; runs nothing. Without FILE "
    "the site's events.ctl, and its declared directives. What is in force is counted on from its "
    "kept anchor, as the daemon does; a periodic line that is not, from --from.\n\n"
    "\b\nExample:\n  horarium directives next events.ctl --from today --to +7d",
)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--from", "start", metavar="TIME", default="now", show_default=True)
@click.option("--to", "end", metavar="TIME", help="default a day after --from")
@click.option("--count", type=click.IntRange(1, 10_000), metavar="N", help="instead of --to")
@click.option("--task", type=int, metavar="N", help="only what a task of this number runs")
@click.option("--entry", metavar="LINE|NAME", help="only this line, or this declared directive")
@click.option("--address", metavar="NODE", help="the main address of partial addresses")
@pass_invocation
def directives_next(
    invocation: Invocation,
    file: Path | None,
    start: str,
    end: str | None,
    count: int | None,
    task: int | None,
    entry: str | None,
    address: str | None,
) -> None:
    """Print what is due between two times, or the next so many."""
    if end is not None and count is not None:
        raise click.UsageError("--to and --count exclude each other")
    first, last = span_of(invocation, start, end)
    view = _view(invocation)
    lines = _lines(invocation, file, address, view)
    declared = view.declared if file is None else ()
    lines, declared = _chosen(view, lines, declared, task, entry)
    zone = zone_of_site(invocation)
    if count is not None:
        items = ahead_next(view, lines, declared, first, count)
    else:
        items = ahead(view, lines, declared, first, last)
    invocation.emit(
        {"runs": [coming_document(item) for item in items]},
        lambda: "\n".join(coming_line(invocation, item, zone) for item in items) or "nothing",
    )


def _view(invocation: Invocation) -> View:
    """What the site's store holds; nothing where there is no site."""
    settings = settings_of(invocation)
    if not invocation.site.settings_file.exists():
        return View(invocation.clock.now(), settings)
    return view_site(invocation.site, settings, invocation.clock)[0]


def _lines(
    invocation: Invocation, file: Path | None, address: str | None, view: View
) -> tuple[Directive, ...]:
    """The lines of the file; a site that has declared directives needs no file."""
    try:
        return valid(read_file(invocation, file, address))
    except NoSuchFile:
        if file is None and view.declared:
            return ()
        raise


def _chosen(
    view: View,
    lines: tuple[Directive, ...],
    declared: tuple[Entry, ...],
    task: int | None,
    entry: str | None,
) -> tuple[tuple[Directive, ...], tuple[Entry, ...]]:
    """The lines and declared directives of one task, or one of them."""
    if task is not None:
        of_task = {e.line for e in lines_as_entries(lines, view.settings) if e.task == task}
        lines = tuple(
            d for d in lines if d.line in of_task or (d.keyword.kind is not Kind.TIMED
                                                     and d.task in (None, task))
        )  # fmt: skip
        declared = tuple(e for e in declared if e.task == task)
    if entry is None:
        return lines, declared
    if entry.isascii() and entry.isdigit():
        return tuple(d for d in lines if d.line == int(entry)), ()
    named = tuple(e for e in declared if e.name == entry.removeprefix("directive:"))
    if named:
        return (), named
    keys = {timer.entry for timer in find_timers(view, entry)}
    return tuple(d for d in lines if d.key in keys), tuple(e for e in declared if e.key in keys)


def _line(path: Path, problem: Problem) -> str:
    return f"{path}:{problem.line}:{problem.column}: {problem.message}"


def _document(problem: Problem) -> dict[str, object]:
    return {"line": problem.line, "column": problem.column, "message": problem.message}


for _command in (
    explain_command, run_command, status_command, import_command, export_command
):  # fmt: skip
    command.add_command(_command)
