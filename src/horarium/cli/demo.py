"""``horarium demo``: what a kind of work does, shown with real processes on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.runtime.demo.distribution import Shown, show_distribution


@click.group(help="Shows what a kind of work does, with real processes on this machine.")
def command() -> None:
    """The group itself does nothing."""


@command.command(
    "distribution",
    help="A distributor, two parents and four leaves on the loopback: what windows, tiers, deltas, "
    "kills and lies lead to. About a minute; needs no site, no network and no rights, and leaves "
    "nothing behind. Status 1 unless every line holds.\n\n"
    "\b\nExample:\n  horarium demo distribution",
)
@pass_invocation
def demo_distribution(invocation: Invocation) -> int:
    """Show it."""
    if invocation.options.now is not None:
        raise click.UsageError("a demonstration keeps the real present")
    from horarium.runtime.clock import SystemClock

    shown = asyncio.run(show_distribution(SystemClock(), invocation.say))
    lines = [{"what": one.what, "holds": one.holds, "seen": one.seen} for one in shown.lines]
    invocation.emit(
        {"lines": lines, "holds": shown.holds, "seconds": round(shown.seconds, 1)},
        lambda: "\n".join(_table(shown)),
    )
    return Exit.OK if shown.holds else Exit.NO


def _table(shown: Shown) -> Iterator[str]:
    width = max((len(line.what) for line in shown.lines), default=0)
    for line in shown.lines:
        yield f"{'yes' if line.holds else 'NO ':<4}{line.what:<{width}}  {line.seen}"
    held = sum(line.holds for line in shown.lines)
    yield f"{held} of {len(shown.lines)} lines hold; {shown.seconds:.0f} s"
