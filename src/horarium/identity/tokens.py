"""API tokens: how programs prove who they are. Shown once; only the digest is kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from horarium.identity.account import Right
from horarium.identity.ports import Secrets
from horarium.identity.written import (
    SECRET_LENGTH,
    SECRET_OCTETS,
    base64url,
    digest_of,
    from_base64url,
)
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant

PREFIX = "hz_"
YEAR = 366 * 86_400
DEFAULT_LIFE = 365 * 86_400
LONGEST_LIFE = 5 * YEAR
_SCHEME = "bearer "


class TokenState(StrEnum):
    """Whether a token still speaks for its account."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token of an account. `last_used` is a day counted from 1970-01-01."""

    digest: str
    account: str
    scopes: frozenset[Right]
    created: Instant
    expires: Instant
    last_used: int | None = None
    revoked: Instant | None = None

    @property
    def id8(self) -> str:
        """The first 8 digits of the digest: how people name a token."""
        return self.digest[:8]

    def state(self, now: Instant) -> TokenState:
        """Whether it is active, expired (at its very instant it is) or revoked."""
        if self.revoked is not None:
            return TokenState.REVOKED
        return TokenState.EXPIRED if self.expires <= now else TokenState.ACTIVE


def new_token(
    account: str, scopes: Collection[Right], now: Instant, secrets: Secrets,
    life: int = DEFAULT_LIFE,
) -> tuple[str, ApiToken]:  # fmt: skip
    """A new token of an account: its text, shown once, and what is kept. `life` is seconds. Raises
    InvalidInput without scopes, and for a life that is not of 1 second to 5 years."""
    if not scopes:
        raise InvalidInput("token: it needs at least one scope", part="scope")
    if not 1 <= life <= LONGEST_LIFE:
        raise InvalidInput(
            f"token: a life of {life} seconds, from 1 to {LONGEST_LIFE} (5 years) are allowed",
            part="expires",
            value=str(life),
        )
    text = PREFIX + base64url(secrets.random(SECRET_OCTETS))
    kept = ApiToken(digest_of(text), account, frozenset(scopes), now, Instant(now + life))
    return text, kept


def read_bearer(authorization: str | None) -> str | None:
    """The token in an `Authorization` field; None when it has another scheme (RFC 6750 2.1), "" for
    a bearer that can be none of ours."""
    if authorization is None or not authorization.lower().startswith(_SCHEME):
        return None
    text = authorization[len(_SCHEME) :].strip(" ")
    secret = text.removeprefix(PREFIX)
    genuine = text != secret and len(secret) == SECRET_LENGTH
    return text if genuine and from_base64url(secret) is not None else ""


def read_scope(text: str) -> Right:
    """A scope as it is written. Raises InvalidInput."""
    try:
        return Right(text)
    except ValueError:
        known = ", ".join(Right)
        raise InvalidInput(
            f'scope: expected one of {known}, not "{text[:80]}"', part="scope", value=text[:80]
        ) from None
