"""``horarium subscriber``: the nodes that receive and extract, and their groups."""

from __future__ import annotations

import click

from horarium.cli.distribution_acts import extract, revoke
from horarium.cli.distribution_told import subscriber_status
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.realm_objects import object_commands, store_of
from horarium.cli.realm_preview import preview_command
from horarium.runtime.realm_views import show_variables


@click.group(help="Subscribers: nodes that receive and extract, and their groups.")
def command() -> None:
    """The group itself does nothing."""


@command.group("group", help="Groups of subscribers that are subscribed together.")
def group() -> None:
    """The group itself does nothing."""


object_commands(command, "subscriber")
object_commands(group, "subscriber_group", also="group")
command.add_command(preview_command("subscriber"))
command.add_command(extract)
command.add_command(revoke)
command.add_command(subscriber_status)


@command.command(
    "variables",
    help="The variables of a subscriber, its own and those of its policy, with their origins. The "
    "node's own stand above them. Status 1 when there is none.\n\n"
    "Example: horarium subscriber variables s1",
)
@click.argument("name")
@pass_invocation
def subscriber_variables(invocation: Invocation, name: str) -> int:
    """Print them."""
    found = show_variables(store_of(invocation), invocation.settings, name)
    invocation.emit(
        {"id": name, "variables": found},
        lambda: "\n".join(f"{key} = {one['value']}  ({one['origin']})"
                          for key, one in found.items()) or "no variable",
    )  # fmt: skip
    return Exit.OK if found else Exit.NO
