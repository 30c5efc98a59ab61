"""``horarium export``: the objects in force, as a file that ``apply`` reads."""

from pathlib import Path

import click

from horarium.cli.exits import Exit
from horarium.cli.export_imip_agent import export_agent
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.runtime.exporting import KINDS, as_toml, export_objects
from horarium.runtime.wiring import open_store

_IMIP_AGENT = "imip-agent"


@click.command(
    help="Print the objects in force as TOML; applying what is printed changes nothing. With "
    "imip-agent, write the whole site, bookings and all, as imip-agent keeps one, into the folder "
    "DIR, which must be new or empty.\n\n"
    "\b\nExamples:\n  horarium export resource resource-room-confroom@example.com\n"
    "  horarium export imip-agent /tmp/site"
)
@click.argument("kind", required=False, type=click.Choice((*KINDS, _IMIP_AGENT)))
@click.argument("name", metavar="[ID|DIR]", required=False)
@pass_invocation
def command(invocation: Invocation, kind: str | None, name: str | None) -> int:
    """Print all objects, those of one kind, or one; or write the site as another keeps it."""
    if kind == _IMIP_AGENT:
        if not name:
            raise click.UsageError("imip-agent: name the folder DIR to write")
        return export_agent(invocation, Path(name))
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    objects = export_objects(store, kind, name)
    invocation.emit(objects, lambda: as_toml(objects).rstrip())
    return Exit.OK
