"""What the commands of appointers and assistants share: durations, times, and slots as answers."""

import re

import click

from horarium.cli.invocation import Invocation
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, instant
from horarium.kernel.schedule_parts import read_length
from horarium.runtime.desk import Desk
from horarium.runtime.entropy import SystemSecrets
from horarium.runtime.generating import Generators, Given
from horarium.runtime.wiring import open_store

_SECONDS = re.compile(r"-?\d{1,12}", re.ASCII)

DURATION = click.option(
    "--duration", required=True, metavar="LENGTH", help="seconds, or 30m, 1h30m, PT45M"
)
TIME = click.option("--time", metavar="TIME", help="not before: an instant, or seconds since 1970")


def open_generators(invocation: Invocation) -> Generators:
    """The appointers and assistants of the site."""
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    return Generators(store, invocation.settings, SystemSecrets().random)


def open_desk(invocation: Invocation) -> Desk:
    """The desk of the site: services and appointments."""
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    return Desk(store, invocation.settings, SystemSecrets().random)


def seconds(text: str) -> int:
    """A duration; a bare number is seconds. UsageError for anything else."""
    if _SECONDS.fullmatch(text):
        return int(text)
    try:
        return read_length(text)
    except InvalidInput as error:
        raise click.UsageError(f"--duration: {error}") from error


def moment_or_seconds(invocation: Invocation, option: str, text: str | None) -> Instant | None:
    """An instant, or seconds since 1970; None where nothing was said."""
    if text is None:
        return None
    if not _SECONDS.fullmatch(text):
        return invocation.moment(option, text)
    try:
        return instant(int(text))
    except InvalidInput as error:
        raise click.UsageError(f"{option}: {error}") from error


def given_line(invocation: Invocation, given: Given) -> str:
    """A slot that was given, for people."""
    return f"{given.host}  {invocation.local_span(given.slot.start, given.slot.end)}"
