"""``horarium token``: how programs prove who they are."""

import click

from horarium.cli.account import BY
from horarium.cli.exits import Exit
from horarium.cli.invocation import Invocation, pass_invocation
from horarium.identity.account import Right
from horarium.identity.tokens import DEFAULT_LIFE, ApiToken
from horarium.kernel.duration import parse_duration
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime import api_tokens
from horarium.runtime.sessions import SessionKeeper
from horarium.runtime.wiring import open_keeper


@click.group(help="The tokens by which programs speak for an account: add, list, revoke.")
def command() -> None:
    """The group itself does nothing."""


def _keeper(invocation: Invocation) -> SessionKeeper:
    return open_keeper(invocation.site, invocation.settings, invocation.clock, create=False)


def _document(token: ApiToken, name: str, now: Instant) -> dict[str, object]:
    day = token.last_used
    return {
        "id": token.id8,
        "account": name,
        "scopes": sorted(token.scopes),
        "state": token.state(now),
        "created": format_instant(token.created),
        "expires": format_instant(token.expires),
        "last_used": None if day is None else format_instant(Instant(day * 86_400))[:10],
    }


@command.command(
    "add",
    help="Make a token. It is printed this once; what is kept can not be turned back into it.\n\n"
    "\b\nExample:\n  horarium token add desk-program --scope desk --scope read --expires P90D",
)
@click.argument("name")
@click.option(
    "--scope", "scopes", metavar="S", multiple=True, required=True,
    type=click.Choice([item.value for item in Right]),
    help="read, settings, bookings, desk or accounts; repeats",
)  # fmt: skip
@click.option(
    "--expires", metavar="D", default=None, help="how long it lives: P365D unless told otherwise"
)
@pass_invocation
def token_add(
    invocation: Invocation, name: str, scopes: tuple[str, ...], expires: str | None
) -> None:
    """Make a token."""
    now = invocation.clock.now()
    life = DEFAULT_LIFE if expires is None else parse_duration(expires).exact
    rights = [Right(scope) for scope in scopes]
    text, token = api_tokens.add_token(_keeper(invocation), name, rights, BY, now, life)
    until = invocation.local(token.expires)
    invocation.emit(
        _document(token, name, now) | {"token": text},
        f"{text}\n{token.id8}, until {until}; it is not shown again",
    )


@command.command(
    "list", help="All tokens. Status 1 when there is none.\n\n\b\nExample:\n  horarium token list"
)
@pass_invocation
def token_list(invocation: Invocation) -> int:
    """List the tokens."""
    now = invocation.clock.now()
    found = api_tokens.list_tokens(_keeper(invocation).store)
    invocation.emit(
        {"tokens": [_document(token, name, now) for token, name in found]},
        lambda: (
            "\n".join(
                f"{token.id8}  {token.state(now):<7}  {name}  {','.join(sorted(token.scopes))}  "
                f"until {invocation.local(token.expires)}"
                for token, name in found
            )
            or "there is no token"
        ),
    )
    return Exit.OK if found else Exit.NO


@command.command(
    "revoke",
    help="End a token, named by its 8 digits.\n\n\b\nExample:\n  horarium token revoke 3f2a9c17",
)
@click.argument("id")
@pass_invocation
def token_revoke(invocation: Invocation, id: str) -> None:
    """Revoke a token."""
    token, name = api_tokens.revoke_token(_keeper(invocation).store, id, BY, invocation.clock.now())
    invocation.emit({"id": token.id8, "account": name, "revoked": True}, f"{token.id8}: revoked")
