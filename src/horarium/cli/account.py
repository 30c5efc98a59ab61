"""``horarium account``: who may sign in, and what they may."""

import getpass
import sys

import click

from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.identity.account import Account, Role, Status
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import format_instant, instant
from horarium.runtime import accounts
from horarium.runtime.accounts import Wanted
from horarium.runtime.sessions import SessionKeeper
from horarium.runtime.wiring import open_keeper, password_hasher

BY = "operator"
# More than any password that is taken.
_LONGEST_LINE = 4_096

_role = click.option(
    "--role", "roles", metavar="R", multiple=True, type=click.Choice([item.value for item in Role]),
    help="admin, operator, booker, viewer or program; repeats",
)  # fmt: skip
_resource = click.option(
    "--resource", "resources", metavar="ID", multiple=True,
    help="limit an operator to this resource; repeats",
)  # fmt: skip
_person = click.option("--person", metavar="ADDRESS", default="", help="tie it to this person")
_host = click.option("--host", metavar="APPOINTER", default="", help="tie it to this host")


@click.group(help="Who may sign in, and what they may: add, list, change, remove.")
def command() -> None:
    """The group itself does nothing."""


def _keeper(invocation: Invocation, *, create: bool = False) -> SessionKeeper:
    return open_keeper(invocation.site, invocation.settings, invocation.clock, create=create)


def document(account: Account) -> dict[str, object]:
    """An account in JSON."""
    day = account.last_sign_in
    return {
        "id": account.id,
        "name": account.name,
        "roles": sorted(account.roles),
        "resources": list(account.resources),
        "person": account.person or None,
        "host": account.host or None,
        "status": account.status,
        "display_name": account.display_name or None,
        "mail": account.mail or None,
        "zone": account.zone or None,
        "language": account.language or None,
        "password": bool(account.password),
        "created": format_instant(account.created),
        "last_sign_in": None if day is None else format_instant(instant(day * 86_400))[:10],
    }


def _line(account: Account) -> str:
    parts = [
        account.name,
        ",".join(sorted(account.roles)) or "no role",
        f"for {', '.join(account.resources)}" if account.resources else "",
        f"person {account.person}" if account.person else "",
        f"host {account.host}" if account.host else "",
        "disabled" if account.status is Status.DISABLED else "",
    ]
    return "  ".join(part for part in parts if part)


@command.command(
    "add",
    help="Make an account and print the link with which its first password is set. The first "
    "admin of a site is made so.\n\n"
    "\b\nExample:\n  horarium account add paul.boddie@example.com --role admin",
)
@click.argument("name")
@_role
@_resource
@click.option("--mail", metavar="ADDRESS", default="", help="else the name, when it is an address")
@_person
@_host
@click.option("--display-name", metavar="TEXT", default="", help="how it is shown")
@pass_invocation
def account_add(
    invocation: Invocation, name: str, roles: tuple[str, ...], resources: tuple[str, ...],
    mail: str, person: str, host: str, display_name: str,
) -> None:  # fmt: skip
    """Make an account."""
    wanted = Wanted(
        frozenset(Role(role) for role in roles), resources, person, host, mail, display_name
    )
    account, token = accounts.add_account(
        _keeper(invocation, create=True), invocation.settings, name, wanted, BY,
        invocation.clock.now(),
    )  # fmt: skip
    link = f"{invocation.settings.web.url}/setup/{token}" if token is not None else None
    lines = [_line(account)]
    if link is not None:
        minutes = invocation.settings.web.link_max_age // 60
        lines += [f"to set the password, within {minutes} minutes and once:", f"  {link}"]
    invocation.emit(document(account) | {"setup_link": link}, "\n".join(lines))


@command.command(
    "list",
    help="All accounts. Status 1 when there is none.\n\n\b\nExample:\n  horarium account list",
)
@pass_invocation
def account_list(invocation: Invocation) -> int:
    """List the accounts."""
    found = accounts.list_accounts(_keeper(invocation).store)
    invocation.emit(
        {"accounts": [document(account) for account in found]},
        lambda: "\n".join(_line(account) for account in found) or "there is no account",
    )
    return Exit.OK if found else Exit.NO


@command.command(
    "show", help="One account.\n\n\b\nExample:\n  horarium account show paul.boddie@example.com"
)
@click.argument("name")
@pass_invocation
def account_show(invocation: Invocation, name: str) -> None:
    """Print one account."""
    account = accounts.find_account(_keeper(invocation).store, name)
    shown = document(account)
    invocation.emit(
        shown, lambda: "\n".join(f"{key}: {_value(value)}" for key, value in shown.items())
    )


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


@command.command(
    "role",
    help="Give an account these roles, resources and ties in place of those it has. Its sessions "
    "end when that changes anything.\n\n"
    "\b\nExample:\n  horarium account role eva --role operator --resource room@example.com",
)
@click.argument("name")
@_role
@_resource
@_person
@_host
@pass_invocation
def account_role(
    invocation: Invocation, name: str, roles: tuple[str, ...], resources: tuple[str, ...],
    person: str, host: str,
) -> None:  # fmt: skip
    """Change what an account may."""
    wanted = Wanted(frozenset(Role(role) for role in roles), resources, person, host)
    changed = accounts.set_roles(
        _keeper(invocation), invocation.settings, name, wanted, BY, invocation.clock.now()
    )
    _told(invocation, *changed)


@command.command(
    "disable",
    help="Let nobody sign in to an account; its sessions end.\n\n"
    "\b\nExample:\n  horarium account disable eva",
)
@click.argument("name")
@pass_invocation
def account_disable(invocation: Invocation, name: str) -> None:
    """Disable an account."""
    _status(invocation, name, Status.DISABLED)


@command.command("enable", help="Undo disable.\n\n\b\nExample:\n  horarium account enable eva")
@click.argument("name")
@pass_invocation
def account_enable(invocation: Invocation, name: str) -> None:
    """Enable an account."""
    _status(invocation, name, Status.ACTIVE)


def _status(invocation: Invocation, name: str, status: Status) -> None:
    keeper, now = _keeper(invocation), invocation.clock.now()
    _told(invocation, *accounts.set_status(keeper, name, status, BY, now))


def _told(invocation: Invocation, account: Account, closed: int) -> None:
    invocation.emit(
        document(account) | {"closed": closed}, f"{_line(account)}\nsessions closed: {closed}"
    )


@command.command(
    "remove",
    help="Remove an account: its sessions end, its tokens are gone.\n\n"
    "\b\nExample:\n  horarium account remove eva",
)
@click.argument("name")
@pass_invocation
def account_remove(invocation: Invocation, name: str) -> None:
    """Remove an account."""
    closed = accounts.remove_account(_keeper(invocation), name, BY, invocation.clock.now())
    invocation.emit(
        {"name": name, "removed": True, "closed": closed}, f"removed\nsessions closed: {closed}"
    )


@command.command(
    "password",
    help="Set a password. It is asked for at the terminal, or is the first line of standard "
    "input; all sessions of the account end.\n\n"
    "\b\nExample:\n  horarium account password paul.boddie@example.com",
)
@click.argument("name")
@pass_invocation
def account_password(invocation: Invocation, name: str) -> None:
    """Set a password."""
    keeper = _keeper(invocation)
    account = accounts.find_account(keeper.store, name)
    closed, _ = accounts.set_password(
        keeper, password_hasher(), account.name, _ask(), BY, invocation.clock.now()
    )
    invocation.emit({"name": account.name, "closed": closed}, f"sessions closed: {closed}")


def _ask() -> str:
    if not _at_a_terminal():
        return "" if sys.stdin is None else sys.stdin.readline(_LONGEST_LINE).rstrip("\r\n")
    password = getpass.getpass("new password: ")
    if getpass.getpass("once more: ") != password:
        raise InvalidInput("password: the two are not the same", part="password")
    return password


def _at_a_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()
