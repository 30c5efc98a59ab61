"""``horarium channel``: what is sent to whom, and when."""

from __future__ import annotations

import click

from horarium.cli.distribution_acts import channel_rollback, pause, resume, send
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.lists import several
from horarium.cli.realm_objects import DRY_RUN, object_commands, store_of, tell
from horarium.cli.realm_preview import preview_command
from horarium.runtime.realm_changes import (
    Wish,
    change_objects,
    list_distribution,
    subscribe,
    unsubscribe,
)

RECEIVERS = click.argument(
    "receivers", metavar="SUBSCRIBER|@GROUP…", nargs=-1, required=True
)  # fmt: skip


@click.group(help="Channels: what is sent to whom, and the windows in which it is.")
def command() -> None:
    """The group itself does nothing."""


object_commands(command, "channel")
command.add_command(preview_command("channel"))
for act in (send, pause, resume, channel_rollback):
    command.add_command(act)


@command.command(
    "add-distribution",
    help="List distributions in a channel.\n\nExample: horarium channel add-distribution night "
    "intranet",
)
@click.argument("name")
@click.argument("distributions", metavar="DISTRIBUTION…", nargs=-1, required=True)
@DRY_RUN
@pass_invocation
def channel_add_distribution(
    invocation: Invocation, name: str, distributions: tuple[str, ...], dry_run: bool
) -> None:
    """List them."""
    store, now = store_of(invocation), invocation.clock.now()
    wanted = several(distributions)
    changes = list_distribution(store, name, wanted, now, listed=True, dry_run=dry_run)
    tell(invocation, name, changes, dry_run=dry_run)


@command.command(
    "remove-distribution",
    help="List distributions no more.\n\n"
    "Example: horarium channel remove-distribution night intranet",
)
@click.argument("name")
@click.argument("distributions", metavar="DISTRIBUTION…", nargs=-1, required=True)
@DRY_RUN
@pass_invocation
def channel_remove_distribution(
    invocation: Invocation, name: str, distributions: tuple[str, ...], dry_run: bool
) -> None:
    """Take them out."""
    store, now = store_of(invocation), invocation.clock.now()
    wanted = several(distributions)
    changes = list_distribution(store, name, wanted, now, listed=False, dry_run=dry_run)
    tell(invocation, name, changes, dry_run=dry_run)


@command.command(
    "subscribe",
    help="Subscribe subscribers, or @GROUP.\n\nExample: horarium channel subscribe night @branches",
)
@click.argument("name")
@RECEIVERS
@click.option("--inactive", is_flag=True, help="not active yet")
@DRY_RUN
@pass_invocation
def channel_subscribe(
    invocation: Invocation, name: str, receivers: tuple[str, ...], inactive: bool, dry_run: bool
) -> None:
    """Subscribe them."""
    changes = subscribe(
        store_of(invocation), invocation.settings, name, several(receivers),
        invocation.clock.now(),
        active=not inactive, dry_run=dry_run,
    )  # fmt: skip
    tell(invocation, name, changes, dry_run=dry_run)


@command.command(
    "unsubscribe",
    help="End subscriptions, on whichever side they are stated; what is installed stays.\n\n"
    "Example: horarium channel unsubscribe night s1",
)
@click.argument("name")
@RECEIVERS
@DRY_RUN
@pass_invocation
def channel_unsubscribe(
    invocation: Invocation, name: str, receivers: tuple[str, ...], dry_run: bool
) -> None:
    """Unsubscribe them."""
    changes = unsubscribe(
        store_of(invocation), invocation.settings, name, several(receivers),
        invocation.clock.now(),
        dry_run=dry_run,
    )  # fmt: skip
    tell(invocation, name, changes, dry_run=dry_run)


def _switch(verb: str, text: str, *, active: bool) -> click.Command:
    @click.command(
        verb,
        help=f"{text} a channel or, with subscribers or @GROUP, these subscriptions.\n\n"
        f"Example: horarium channel {verb} night lab1",
    )
    @click.argument("name")
    @click.argument("receivers", metavar="[SUBSCRIBER|@GROUP]…", nargs=-1)
    @DRY_RUN
    @pass_invocation
    def run(invocation: Invocation, name: str, receivers: tuple[str, ...], dry_run: bool) -> None:
        """Switch it."""
        store, now = store_of(invocation), invocation.clock.now()
        if not receivers:
            wishes = [Wish("channel", name, {"active": None if active else False})]
            changes = change_objects(store, wishes, now, dry_run=dry_run)
        else:
            changes = subscribe(
                store, invocation.settings, name, several(receivers), now,
                active=active, known=True, dry_run=dry_run,
            )  # fmt: skip
        tell(invocation, name, changes, dry_run=dry_run)

    return run


command.add_command(_switch("activate", "Activate", active=True))
command.add_command(_switch("deactivate", "Deactivate", active=False))
