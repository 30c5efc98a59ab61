"""One run of a command: its site, settings, present, and the way its answer is printed."""

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from horarium.cli.options import Options
from horarium.cli.output import Document, emit, say

if TYPE_CHECKING:
    from horarium.kernel.instant import Instant
    from horarium.kernel.zone import Zone
    from horarium.runtime.clock import Clock
    from horarium.runtime.settings import Settings
    from horarium.runtime.site import Site


class Invocation:
    """What a command works with. Everything is found when it is first asked for, so that a
    command that needs no site runs without one, and what it does not use is not imported."""

    def __init__(self, options: Options) -> None:
        self.options = options

    @cached_property
    def site(self) -> "Site":
        """The site meant."""
        from horarium.runtime.site import find_site

        return find_site(self.options.site, os.environ, Path.cwd())

    @cached_property
    def settings(self) -> "Settings":
        """Its settings; what speaks against trusting their files is said once."""
        from horarium.runtime.settings import load_settings

        settings = load_settings(self.site, os.environ)
        for warning in settings.warnings:
            self.say(f"warning: {warning}")
        return settings

    @cached_property
    def zone(self) -> "Zone":
        """The site's zone."""
        from horarium.kernel.zone import named

        return named(self.settings.zone)

    @cached_property
    def clock(self) -> "Clock":
        """The clock of the machine, or the present named by ``--now``."""
        from horarium.kernel.errors import InvalidInput
        from horarium.runtime.clock import FixedClock, SystemClock
        from horarium.runtime.moments import parse_moment

        if self.options.now is None:
            return SystemClock()
        try:
            return FixedClock(parse_moment(self.options.now, self.zone))
        except InvalidInput as error:
            raise click.UsageError(f"--now: {error}: {self.options.now}") from error

    def moment(self, option: str, text: str) -> "Instant":
        """The instant that the value ``text`` of ``option`` names. UsageError when it names
        none."""
        from horarium.kernel.errors import InvalidInput
        from horarium.runtime.moments import parse_relative_moment

        try:
            return parse_relative_moment(text, self.zone, self.clock.now())
        except InvalidInput as error:
            raise click.UsageError(f"{option}: {error}: {text}") from error

    def local(self, t: "Instant", zone: "Zone | None" = None) -> str:
        """An instant for people, on the clocks of ``zone``, else of the site."""
        from horarium.runtime.moments import format_moment

        return format_moment(t, zone or self.zone)

    def local_span(self, start: "Instant", end: "Instant", zone: "Zone | None" = None) -> str:
        """A period for people, on the clocks of ``zone``, else of the site."""
        from horarium.runtime.moments import format_span

        return format_span(start, end, zone or self.zone)

    def emit(self, document: Document, text: str | Callable[[], str]) -> None:
        """Print the answer: ``document`` in JSON mode, else ``text``."""
        emit(self.options, document, text)

    def say(self, text: str) -> None:
        """Print a notice to standard error, unless quiet or JSON was asked for."""
        say(self.options, text)


pass_invocation = click.make_pass_decorator(Invocation)
