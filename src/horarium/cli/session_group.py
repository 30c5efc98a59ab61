"""``horarium session group``: a name for sessions that are listed and closed together."""

import click

from horarium.cli.account import BY
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.identity.account import Role, normal_name
from horarium.identity.groups import SessionGroup
from horarium.runtime import session_groups, session_listing
from horarium.runtime.session_groups import GroupView
from horarium.runtime.session_listing import Chosen
from horarium.runtime.sessions import SessionKeeper
from horarium.runtime.wiring import open_keeper


@click.group("group", help="Session groups: create, list, close, remove.")
def group() -> None:
    """The group itself does nothing."""


def _keeper(invocation: Invocation) -> SessionKeeper:
    return open_keeper(invocation.site, invocation.settings, invocation.clock, create=False)


@group.command(
    "create",
    help="Bind a name to accounts, roles and other groups.\n\n"
    "\b\nExample:\n  horarium session group create desk --role booker --account eva",
)
@click.argument("name")
@click.option("--account", "accounts", metavar="A", multiple=True, help="repeats")
@click.option(
    "--role",
    "roles",
    metavar="R",
    multiple=True,
    type=click.Choice([item.value for item in Role]),
    help="repeats",
)
@click.option("--group", "groups", metavar="G", multiple=True, help="repeats")
@pass_invocation
def group_create(
    invocation: Invocation, name: str, accounts: tuple[str, ...], roles: tuple[str, ...],
    groups: tuple[str, ...],
) -> None:  # fmt: skip
    """Make a session group."""
    made = SessionGroup(
        name,
        frozenset(normal_name(account) for account in accounts),
        frozenset(Role(role) for role in roles),
        frozenset(groups),
    )
    session_groups.create_group(_keeper(invocation).store, made, BY, invocation.clock.now())
    invocation.emit(_bound(made), f"{name}: {_shown(made)}")


def _bound(made: SessionGroup) -> dict[str, object]:
    return {
        "name": made.name,
        "accounts": sorted(made.accounts),
        "roles": sorted(made.roles),
        "groups": sorted(made.groups),
    }


def _shown(made: SessionGroup) -> str:
    parts = [
        *sorted(made.accounts),
        *(f"role {role}" for role in sorted(made.roles)),
        *(f"group {inner}" for inner in sorted(made.groups)),
    ]
    return ", ".join(parts) or "bound to nothing any more"


@group.command(
    "list",
    help="The session groups with the accounts they reach. Status 1 when there is none.\n\n"
    "\b\nExample:\n  horarium session group list",
)
@pass_invocation
def group_list(invocation: Invocation) -> int:
    """List session groups."""
    keeper = _keeper(invocation)
    found = session_groups.list_groups(keeper.store, keeper.rules, invocation.clock.now())
    invocation.emit(
        {
            "groups": [
                _bound(view.group) | {"reaches": list(view.reaches), "open": view.open}
                for view in found
            ]
        },
        lambda: "\n".join(_line(view) for view in found) or "there is no session group",
    )
    return Exit.OK if found else Exit.NO


def _line(view: GroupView) -> str:
    reached = ", ".join(view.reaches) or "nobody"
    return f"{view.group.name}: {_shown(view.group)}; reaches {reached}; open: {view.open}"


@group.command(
    "close",
    help="End all sessions of the accounts that a group reaches.\n\n"
    "\b\nExample:\n  horarium session group close desk",
)
@click.argument("name")
@pass_invocation
def group_close(invocation: Invocation, name: str) -> None:
    """Close the sessions of a group."""
    keeper = _keeper(invocation)
    closed = session_listing.close_sessions(
        keeper.store, keeper.rules, Chosen(group=name), BY, invocation.clock.now()
    )
    invocation.emit({"name": name, "closed": closed}, f"sessions closed: {closed}")


@group.command(
    "remove",
    help="Remove a group; no session is closed.\n\n"
    "\b\nExample:\n  horarium session group remove desk",
)
@click.argument("name")
@pass_invocation
def group_remove(invocation: Invocation, name: str) -> None:
    """Remove a session group."""
    session_groups.remove_group(_keeper(invocation).store, name, BY, invocation.clock.now())
    invocation.emit({"name": name, "removed": True}, "removed")
