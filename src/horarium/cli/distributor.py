"""``horarium distributor``: who builds and sends, by which policies, and over whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from horarium.cli.distribution_acts import refresh
from horarium.cli.distributor_keys import keys
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.realm_objects import DRY_RUN, object_commands, store_of, tell
from horarium.cli.realm_preview import preview_command
from horarium.runtime.realm_changes import Wish, change_objects
from horarium.runtime.realm_times import draw_seed_anew
from horarium.runtime.realm_views import list_objects, show_route

DEFAULT_CONCURRENT = 10
"""Transfers at once, in the policy that comes with the first distributor."""


@click.group(help="Distributors: who builds and sends, and the policies over them.")
def command() -> None:
    """The group itself does nothing."""


@command.group("policy", help="Policies: defaults for distributors and subscribers.")
def policy() -> None:
    """The group itself does nothing."""


object_commands(command, "distributor")
object_commands(policy, "policy")
command.add_command(preview_command("distributor"))
command.add_command(refresh)
command.add_command(keys)


@command.command(
    "init",
    help="Make a distributor and, where there is no policy yet, one that lets ten transfers go at "
    "once.\n\nExample: horarium distributor init hq",
)
@click.argument("name")
@DRY_RUN
@pass_invocation
def distributor_init(invocation: Invocation, name: str, dry_run: bool) -> None:
    """Make the first objects of a realm."""
    store = store_of(invocation, create=True)
    wishes = [Wish("distributor", name, {}, new=True)]
    if not list_objects(store, invocation.settings, "policy"):
        keys = {"max_concurrent": DEFAULT_CONCURRENT}
        wishes.append(Wish("policy", "default", keys, new=True))
    changes = change_objects(store, wishes, invocation.clock.now(), dry_run=dry_run)
    tell(invocation, name, changes, dry_run=dry_run)


@command.command(
    "route",
    help="The way of its content to one subscriber, with the reason of each hop; without one the "
    "whole tree. Status 1 when somebody can not be reached.\n\n"
    "\b\nExample:\n  horarium distributor route hq s1",
)
@click.argument("name")
@click.argument("subscriber", required=False)
@pass_invocation
def distributor_route(invocation: Invocation, name: str, subscriber: str | None) -> int:
    """Print the tree, or one path."""
    found = show_route(store_of(invocation), invocation.settings, name, subscriber)
    invocation.emit(found, lambda: "\n".join(_route(found)))
    return Exit.NO if found.get("lost") else Exit.OK


def _route(found: Mapping[str, Any]) -> Iterator[str]:
    yield found["distributor"]
    for depth, hop in enumerate(found.get("hops", ()), start=1):
        yield f"{'  ' * depth}{hop['node']}  ({hop['reason']})"
    yield from _tree(found.get("tree", ()), 1)
    for node, why in found.get("lost", {}).items():
        yield f"not reached: {node}: {why}"


def _tree(branches: Sequence[Mapping[str, Any]], depth: int) -> Iterator[str]:
    for one in branches:
        gets = ", ".join(one["distributions"]) or "passes on only"
        yield f"{'  ' * depth}{one['node']}: {gets}  ({one['reason']})"
        yield from _tree(one["children"], depth + 1)


@command.command(
    "seed",
    help="Draw the places of all random moments anew, and say how many firings and openings of the "
    "next seven days lie elsewhere by it.\n\nExample: horarium distributor seed --dry-run",
)
@DRY_RUN
@pass_invocation
def distributor_seed(invocation: Invocation, dry_run: bool) -> None:
    """Change the seed of the realm."""
    now = invocation.clock.now()
    moved = draw_seed_anew(store_of(invocation), invocation.settings, now, dry_run=dry_run)
    invocation.emit(
        {"moved": moved, "dry_run": dry_run},
        f"{moved} firings and openings of the next seven days "
        + ("would lie elsewhere" if dry_run else "lie elsewhere now"),
    )
