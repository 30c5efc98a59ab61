"""``horarium session``: who is signed in, and ending that (seed 003)."""

import json

import click

from horarium.cli.account import BY
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.cli.session_group import group
from horarium.identity.session import State
from horarium.kernel.instant import format_instant
from horarium.runtime import session_listing
from horarium.runtime.session_export import export_session
from horarium.runtime.session_listing import Chosen, SessionView
from horarium.runtime.sessions import SessionKeeper
from horarium.runtime.sweeping import sweep
from horarium.runtime.wiring import open_keeper


@click.group(help="Sessions: list, show, close, sweep, export; and groups of them.")
def command() -> None:
    """The group itself does nothing."""


command.add_command(group)


def _keeper(invocation: Invocation) -> SessionKeeper:
    return open_keeper(invocation.site, invocation.settings, invocation.clock, create=False)


def _document(view: SessionView) -> dict[str, object]:
    return {
        "id": view.id,
        "state": view.state,
        "remaining": view.remaining,
        "account": view.user or None,
        "kind": view.kind,
        "name": view.name,
        "rid": view.rid or None,
        "path": view.path or None,
        "groups": list(view.groups),
        "created": format_instant(view.created),
        "modified": format_instant(view.modified),
        "last_seen": format_instant(view.last_seen),
        "expires": format_instant(view.expires) if view.expires is not None else None,
        "source": view.source or None,
        "browser": view.browser or None,
        "reason": view.reason or None,
    }


def _line(invocation: Invocation, view: SessionView) -> str:
    left = "unlimited" if view.remaining is None else f"{view.remaining} s"
    parts = [
        view.id, f"{view.state:<7}", left if view.state is State.OPEN else "-",
        view.user or "nobody", view.kind, f"since {invocation.local(view.created)}",
        f"seen {invocation.local(view.last_seen)}", view.source, view.reason,
    ]  # fmt: skip
    return "  ".join(part for part in parts if part)


@command.command(
    "list",
    help="The sessions, the oldest first. What has ended is kept for a week. Status 1 when there "
    "is none.\n\n\b\nExample:\n  horarium session list --state open --account eva",
)
@click.option("--account", metavar="A", help="only of this account")
@click.option("--group", "group_", metavar="G", help="only of accounts that this group reaches")
@click.option("--rid", metavar="TEXT", help="only with this registration id")
@click.option(
    "--state",
    metavar="S",
    type=click.Choice([item.value for item in State]),
    help="open, expired, closed",
)
@pass_invocation
def session_list(
    invocation: Invocation, account: str | None, group_: str | None, rid: str | None,
    state: str | None,
) -> int:  # fmt: skip
    """List sessions."""
    keeper = _keeper(invocation)
    chosen = Chosen(account, group_, rid, State(state) if state is not None else None)
    found, unreadable = session_listing.list_sessions(
        keeper.store, keeper.rules, chosen, invocation.clock.now()
    )
    for id8 in unreadable:
        invocation.say(f"warning: session {id8}: its format is not known")
    invocation.emit(
        {"sessions": [_document(view) for view in found], "unreadable": unreadable},
        lambda: "\n".join(_line(invocation, view) for view in found) or "there is no session",
    )
    return Exit.OK if found else Exit.NO


@command.command(
    "show",
    help="One session, named by the first 8 digits of its digest.\n\n"
    "\b\nExample:\n  horarium session show 3f2a9c17",
)
@click.argument("id")
@pass_invocation
def session_show(invocation: Invocation, id: str) -> None:
    """Print one session."""
    keeper = _keeper(invocation)
    view = session_listing.find_session(keeper.store, keeper.rules, id, invocation.clock.now())
    shown = _document(view)
    invocation.emit(
        shown,
        lambda: "\n".join(
            f"{key}: {', '.join(value) if isinstance(value, list) else value}"
            for key, value in shown.items()
            if value not in (None, [])
        ),
    )


@command.command(
    "close",
    help="End a session for good, or all those of an account, of a group, or of everybody. It "
    "takes effect with the next request.\n\n"
    "\b\nExample:\n  horarium session close 3f2a9c17\n  horarium session close --account eva",
)
@click.argument("id", required=False)
@click.option("--account", metavar="A", help="all of this account")
@click.option("--group", "group_", metavar="G", help="all of accounts that this group reaches")
@click.option("--all", "everybody", is_flag=True, help="all there are")
@pass_invocation
def session_close(
    invocation: Invocation, id: str | None, account: str | None, group_: str | None,
    everybody: bool,
) -> None:  # fmt: skip
    """Close sessions."""
    if sum((id is not None, account is not None, group_ is not None, everybody)) != 1:
        raise click.UsageError("give one of: an ID, --account, --group, --all")
    keeper, now = _keeper(invocation), invocation.clock.now()
    if id is not None:
        view = session_listing.close_session(keeper.store, keeper.rules, id, BY, now)
        invocation.emit(_document(view), f"{view.id}: {view.state}")
        return
    chosen = None if everybody else Chosen(account, group_)
    closed = session_listing.close_sessions(keeper.store, keeper.rules, chosen, BY, now)
    invocation.emit({"closed": closed}, f"sessions closed: {closed}")


@command.command(
    "sweep",
    help="Drop what ended a week ago, now; the daily pass does so too.\n\n"
    "\b\nExample:\n  horarium session sweep",
)
@pass_invocation
def session_sweep(invocation: Invocation) -> None:
    """Sweep once."""
    dropped = sweep(_keeper(invocation).store, invocation.clock.now())
    invocation.emit(dropped, "\n".join(f"{name} dropped: {n}" for name, n in dropped.items()))


@command.command(
    "export",
    help="The record of a session without its secrets: into the file that its path names below "
    "state/sessions, else to standard output.\n\n"
    "\b\nExample:\n  horarium session export 3f2a9c17",
)
@click.argument("id")
@pass_invocation
def session_export(invocation: Invocation, id: str) -> None:
    """Export one session."""
    keeper = _keeper(invocation)
    folder = invocation.site.state / "sessions"
    document, place = export_session(keeper.store, keeper.rules, id, folder)
    if place is None:
        invocation.emit(document, lambda: json.dumps(document, ensure_ascii=False, indent=2))
    else:
        invocation.emit({"id": document["digest"], "file": str(place)}, str(place))
