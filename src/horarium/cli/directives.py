"""``horarium directives``: the control file of timed and periodic directives (seed 004)."""

from pathlib import Path

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.output import safe
from horarium.directives.address import parse_main
from horarium.directives.problem import BadWord, Problem
from horarium.runtime.control import read_control
from horarium.runtime.settings import Settings, default_settings


@click.group(help="The control file of timed and periodic directives.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "check",
    help="Read a control file (else the site's events.ctl) with its lists and say what is wrong, "
    "with line and column. Executes and contacts nothing.\n\n"
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
    settings = _settings(invocation)
    path = file if file is not None else invocation.site.root / "events.ctl"
    try:
        main = parse_main(address) if address else None
    except BadWord as error:
        raise click.UsageError(f"--address: {error}") from error
    if main is None and settings.directives.address is not None:
        main = parse_main(settings.directives.address)
    reading = read_control(path, main=main, programs=settings.directives.programs)
    errors, warnings = reading.file.errors, reading.file.warnings
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


def _settings(invocation: Invocation) -> Settings:
    """The site's settings; a file can be looked at where there is no site too."""
    if invocation.site.settings_file.exists():
        return invocation.settings
    return default_settings()


def _line(path: Path, problem: Problem) -> str:
    return f"{path}:{problem.line}:{problem.column}: {problem.message}"


def _document(problem: Problem) -> dict[str, object]:
    return {"line": problem.line, "column": problem.column, "message": problem.message}
