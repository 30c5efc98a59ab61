"""Who may ask for what: the need that each route names, and the reach of whoever asks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from horarium.identity.account import Account, Right, Verdict, may


class Access(StrEnum):
    """What a route needs where it is no right of a role."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed_in"
    # The secret in the address says it all.
    SECRET = "secret"  # noqa: S105 - the name of a need


Need = Access | Right


class Forbidden(Exception):
    """The right is missing (403)."""


class Unsigned(Exception):
    """Nobody is signed in, and somebody has to be (401, or the way to the sign-in form)."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a request may do: that of an account, cut down to the scopes of a token; of nobody it is
    nothing."""

    account: Account | None = None
    scopes: Collection[Right] | None = None

    def may(self, right: Right, thing: str | None = None) -> bool:
        """Whether it may use `right` on an object, or on everything where `thing` is None."""
        if self.account is None:
            return False
        return may(self.account, right, thing, self.scopes) is Verdict.ALLOWED

    def may_somewhere(self, right: Right) -> bool:
        """Whether there is anything at all on which it may use `right`."""
        if self.account is None:
            return False
        things = (*self.account.resources, self.account.person, self.account.host)
        return self.may(right) or any(self.may(right, thing) for thing in things if thing)

    def require(self, need: Need) -> None:
        """Raises Unsigned when nobody is signed in and somebody has to be, Forbidden when the right
        is missing everywhere."""
        if need in (Access.ANYBODY, Access.SECRET):
            return
        if self.account is None:
            raise Unsigned
        if isinstance(need, Right) and not self.may_somewhere(need):
            raise Forbidden
