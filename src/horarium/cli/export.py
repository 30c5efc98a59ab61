"""``horarium export``: the objects in force, as a file that ``apply`` reads."""

import click

from horarium.cli.invocation import Invocation, pass_invocation
from horarium.runtime.exporting import KINDS, as_toml, export_objects
from horarium.runtime.wiring import open_store


@click.command(
    help="Print the objects in force as TOML; applying what is printed changes nothing.\n\n"
    "\b\nExample:\n  horarium export resource resource-room-confroom@example.com"
)
@click.argument("kind", required=False, type=click.Choice(KINDS))
@click.argument("name", metavar="[ID]", required=False)
@pass_invocation
def command(invocation: Invocation, kind: str | None, name: str | None) -> None:
    """Print all objects, those of one kind, or one."""
    store = open_store(invocation.site, invocation.settings, invocation.clock, create=False)
    objects = export_objects(store, kind, name)
    invocation.emit(objects, lambda: as_toml(objects).rstrip())
