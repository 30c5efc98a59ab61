"""Who may ask for what: the need that each route names, and the reach of whoever asks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from horarium.identity.account import Account, Right, Verdict, may
from horarium.kernel.errors import NotFound


class Access(StrEnum):
    """What a route needs where it is no right of a role."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed_in"
    # From this machine itself, without a proxy between, or with the right to read everything.
    THIS_MACHINE = "this_machine"
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
    nothing. `local` ones come from this machine itself."""

    account: Account | None = None
    scopes: Collection[Right] | None = None
    local: bool = False

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
        is missing everywhere, NotFound for what only this machine may ask."""
        if need in (Access.ANYBODY, Access.SECRET):
            return
        if need is Access.THIS_MACHINE:
            if not self.local and not self.may(Right.READ):
                raise NotFound("there is no such page")
            return
        if self.account is None:
            raise Unsigned
        if isinstance(need, Right) and not self.may_somewhere(need):
            raise Forbidden
