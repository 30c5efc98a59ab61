"""What the commands of directives read: a control file, its site's settings, and times."""

import os
from pathlib import Path

import click

from horarium.cli.invocation import Invocation
from horarium.directives.address import NodeAddress, parse_main
from horarium.directives.directive import Directive
from horarium.directives.problem import BadWord, Problem
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.zone import Zone, named
from horarium.runtime.activation import read_site_control, zone_of
from horarium.runtime.control import ControlReading
from horarium.runtime.faults import BadObjects, Fault
from horarium.runtime.moments import parse_relative_moment
from horarium.runtime.settings import Settings, default_settings, load_settings

DAY = 86_400


def settings_of(invocation: Invocation) -> Settings:
    """The site's settings; a file can be looked at where there is no site too."""
    if invocation.site.settings_file.exists():
        return invocation.settings
    return default_settings()


def strict_settings(invocation: Invocation) -> Settings:
    """The site's settings as a daemon takes them: files that others could change are refused."""
    return load_settings(invocation.site, os.environ, strict=True)


def read_file(invocation: Invocation, file: Path | None, address: str | None) -> ControlReading:
    """A control file, else that of the site."""
    main = node_of("--address", address) if address else None
    return read_site_control(invocation.site, settings_of(invocation), path=file, main=main)


def valid(reading: ControlReading) -> tuple[Directive, ...]:
    """The directives of a file without errors; BadObjects with all of them otherwise."""
    if reading.file.errors:
        raise faults_of(str(reading.path), reading.file.errors)
    return reading.file.directives


def faults_of(path: str, problems: tuple[Problem, ...]) -> BadObjects:
    """The problems of a file as the error they are."""
    return BadObjects([Fault(path, p.line, p.column, "", p.message) for p in problems])


def present_only(invocation: Invocation, what: str) -> None:
    """UsageError when a present was named for something that is done, and stays in the records."""
    if invocation.options.now is not None:
        raise click.UsageError(f"{what} keeps the real present; --now is for commands that look")


def node_of(option: str, text: str) -> NodeAddress:
    """The whole address that the value of an option names."""
    try:
        return parse_main(text)
    except BadWord as error:
        raise click.UsageError(f"{option}: {error}") from error


def zone_of_site(invocation: Invocation) -> Zone:
    """The zone of the times of control files."""
    return named(zone_of(settings_of(invocation)))


def span_of(invocation: Invocation, start: str, end: str | None) -> tuple[Instant, Instant]:
    """The time from ``--from`` to ``--to``, a day unless said."""
    first = moment_of(invocation, "--from", start)
    last = moment_of(invocation, "--to", end) if end else Instant(first + DAY)
    if last <= first:
        raise click.UsageError("--to must lie after --from")
    return first, last


def busy_of(invocation: Invocation, text: str) -> Period:
    """The time that a value of ``--busy`` names."""
    start, slash, end = text.partition("/")
    if not slash:
        raise click.UsageError(f"--busy: expected FROM/TO, found {text}")
    first = moment_of(invocation, "--busy", start)
    last = moment_of(invocation, "--busy", end)
    if last <= first:
        raise click.UsageError(f"--busy: {text} does not end after its start")
    return Period(first, last)


def moment_of(invocation: Invocation, option: str, text: str) -> Instant:
    """The instant that a value of an option names, in the zone of control files."""
    try:
        return parse_relative_moment(text, zone_of_site(invocation), invocation.clock.now())
    except InvalidInput as error:
        raise click.UsageError(f"{option}: {error}: {text}") from error
