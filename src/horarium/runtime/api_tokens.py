"""API tokens at work: made, revoked, and who speaks by one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from horarium.identity.account import Account, Right, normal_name
from horarium.identity.throttle import source_network
from horarium.identity.tokens import DEFAULT_LIFE, ApiToken, TokenState, new_token, read_bearer
from horarium.identity.written import digest_of
from horarium.kernel.errors import Conflict, InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.links import count_source
from horarium.runtime.sessions import SessionKeeper, Wait, log
from horarium.store.store import Store, Transaction

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Bearer:
    """A request by token: the account it speaks for, and what it may at most."""

    account: Account
    scopes: frozenset[Right]


@dataclass(frozen=True, slots=True)
class BadToken:
    """A token that is none, or speaks for nobody any more (401)."""


def add_token(
    keeper: SessionKeeper, name: str, scopes: Collection[Right], by: str, now: Instant,
    life: int = DEFAULT_LIFE,
) -> tuple[str, ApiToken]:  # fmt: skip
    """A new token of an account; its text is told this once. NotFound; InvalidInput for a life of
    more than 5 years."""

    def work(tx: Transaction) -> tuple[str, ApiToken]:
        account = tx.accounts.get(normal_name(name))
        text, token = new_token(account.id, scopes, now, keeper.secrets, life)
        tx.tokens.add(token)
        detail = f"{token.id8} made: {','.join(sorted(token.scopes))}"
        log(tx, now, "token", account.name, by, detail=detail)
        return text, token

    return keeper.store.transact([], work)


def list_tokens(store: Store) -> list[tuple[ApiToken, str]]:
    """All tokens with the names of their accounts."""
    return store.read(lambda tx: tx.tokens.all())


def revoke_token(store: Store, id8: str, by: str, now: Instant) -> tuple[ApiToken, str]:
    """Ends a token, named by the first digits of its digest: what it was. NotFound; Conflict when
    two begin so."""
    if not 8 <= len(id8) <= 64 or not set(id8) <= set("0123456789abcdef"):
        raise InvalidInput(
            "token: expected the first 8 hexadecimal digits", part="id", value=id8[:80]
        )

    def work(tx: Transaction) -> tuple[ApiToken, str]:
        found = [(t, name) for t, name in tx.tokens.all() if t.digest.startswith(id8)]
        if not found:
            raise NotFound(f"there is no token {id8}")
        if len(found) > 1:
            raise Conflict(f"more than one token begins with {id8}; give more digits")
        token, name = found[0]
        if tx.tokens.revoke(token.digest, now):
            log(tx, now, "token", name, by, detail=f"{token.id8} revoked")
        return token, name

    return store.transact([], work)


def authenticate_bearer(
    keeper: SessionKeeper, authorization: str | None, source: str, now: Instant
) -> Bearer | BadToken | Wait | None:
    """Who a request with that `Authorization` field speaks for; None when it carries no bearer
    token. A wrong one counts as a try of its source, and is Wait when that had too many."""
    text = read_bearer(authorization)
    if text is None:
        return None
    found = keeper.store.read(lambda tx: tx.tokens.find(digest_of(text))) if text else None
    if found is not None:
        token, account = found
        if token.state(now) is TokenState.ACTIVE and account.active:
            if token.last_used != now // DAY:
                keeper.store.transact([], lambda tx: tx.tokens.used(token.digest, now // DAY))
            return Bearer(account, token.scopes)
    network = source_network(source)
    wait = keeper.store.transact([], lambda tx: count_source(keeper, tx, network, now))
    return BadToken() if wait is None else wait
