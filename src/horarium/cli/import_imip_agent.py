"""``horarium import imip-agent``: its users, preferences, quotas and bookings."""

from pathlib import Path

import click

from horarium.cli.findings import tell
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.runtime.imip_agent import import_imip_agent
from horarium.runtime.imip_agent_source import Folders, folders_in, read_source
from horarium.runtime.wiring import open_store

_FOLDER = click.Path(path_type=Path)


@click.command(
    "imip-agent",
    help="Take a site of imip-agent over: users, preferences, quotas and bookings. DIR holds the "
    "folders preferences, store and journal; each may be named instead. Nothing is judged and no "
    "mail leaves. Differences are listed; what cannot be read is skipped, with the status 1.\n\n"
    "\b\nExample:\n  horarium import imip-agent --dry-run /var/lib/imip-agent",
)
@click.argument("folder", metavar="[DIR]", required=False, type=_FOLDER)
@click.option("--preferences", type=_FOLDER, metavar="DIR", help="the preferences of its users")
@click.option("--store", type=_FOLDER, metavar="DIR", help="what its users hold")
@click.option("--journal", type=_FOLDER, metavar="DIR", help="its quotas")
@click.option("--config", type=_FOLDER, metavar="FILE", help="its config.txt: site-wide defaults")
@click.option("--dry-run", is_flag=True, help="say what would be taken over, and change nothing")
@pass_invocation
def import_agent(
    invocation: Invocation,
    folder: Path | None,
    preferences: Path | None,
    store: Path | None,
    journal: Path | None,
    config: Path | None,
    dry_run: bool,
) -> int:
    """Import what lies there; status 1 when something was skipped."""
    if folder is None and not (preferences or store or journal):
        raise click.UsageError("name DIR, or --preferences, --store or --journal")
    usual = folders_in(folder) if folder is not None else Folders()
    source = read_source(
        Folders(
            preferences or usual.preferences,
            store or usual.store,
            journal or usual.journal,
            config or usual.config,
        )
    )
    memory = open_store(invocation.site, invocation.settings, invocation.clock)
    now = invocation.clock.now()
    found = import_imip_agent(memory, invocation.settings, source, now, dry_run=dry_run)
    return tell(invocation, found, "taken over", dry_run=dry_run)
