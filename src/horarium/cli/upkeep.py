"""``horarium upkeep``: the daily pass by hand or from cron (seed 000)."""

from dataclasses import asdict

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.runtime.by_hand import upkeep_by_hand
from horarium.runtime.sharing import Publisher
from horarium.runtime.wiring import open_store


@click.command(
    help="Lay endless series down further, replenish quotas and drop what has grown too old. Safe "
    "at any time, twice, and beside a running daemon, which does it by itself. Where the timetable "
    "has the daily pass, directives status shows this one too.\n\n"
    "\b\nExample:\n  horarium upkeep --quiet"
)
@pass_invocation
def command(invocation: Invocation) -> int:
    """Run one pass; status 1 when a user was left out."""
    store = open_store(invocation.site, invocation.settings, invocation.clock)
    publisher = Publisher(store, invocation.site.freebusy)
    report = upkeep_by_hand(
        store, invocation.settings, invocation.clock, publisher, invocation.site.root
    )
    store.close()
    lines = [
        f"series laid down further: {report.extended}",
        f"occurrences lost: {report.lost}",
        f"events recomputed for new zone data: {report.recomputed}",
        f"charges to quotas expired: {report.expired}",
        f"old records dropped: {report.dropped}",
        *report.holidays,
        *(f"failed: {failure}" for failure in report.failures),
    ]
    invocation.emit(asdict(report), "\n".join(lines))
    return Exit.NO if report.failures else Exit.OK
