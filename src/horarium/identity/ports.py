"""What this room needs of others, as narrow protocols."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from horarium.kernel.instant import Instant

if TYPE_CHECKING:
    from horarium.identity.account import Account
    from horarium.identity.groups import SessionGroup
    from horarium.identity.record import Kind
    from horarium.identity.session import Session, State
    from horarium.identity.tokens import ApiToken


class Secrets(Protocol):
    """Where unguessable octets come from."""

    def random(self, n: int) -> bytes:
        """`n` octets that nobody can foresee."""
        ...


class PasswordHasher(Protocol):
    """What turns passwords into what is stored; costly on purpose, so it may refuse."""

    def hash(self, password: str) -> str:
        """What is stored for a password. Raises Unavailable when too many wait."""
        ...

    def verify(self, password: str, stored: str) -> bool:
        """Whether the password is the stored one; against `""` it computes as long and says no.
        Raises Unavailable when too many wait."""
        ...

    def outgrown(self, stored: str) -> bool:
        """Whether it was stored with weaker parameters than those of today."""
        ...


class Authenticator(Protocol):
    """A way to prove who one is; passwords are one, a reverse proxy or OpenID Connect another."""

    def proven(self, name: str, proof: str) -> bool:
        """Whether `proof` shows that the caller is the account `name`."""
        ...


@dataclass(frozen=True, slots=True)
class KeptSession:
    """A session as it was read from where it is kept: under which number and in which revision, and
    from which network and family of browsers it was begun."""

    session: Session
    number: int
    revision: int
    source: str = ""
    browser: str = ""


class Sessions(Protocol):
    """Where sessions are kept, within one transaction. What is looked up by its id is found by the
    id's digest; the id itself is never kept."""

    def add(self, session: Session, *, source: str = "", browser: str = "") -> None:
        """Keeps a new one. Conflict when its digest is there, InvalidInput for a short id."""
        ...

    def get(self, id_: str) -> KeptSession:
        """The one whose id that is. NotFound."""
        ...

    def exists(self, id_: str) -> bool:
        """Whether there is one of that id."""
        ...

    def count(self, now: Instant) -> dict[Kind, dict[State, int]]:
        """How many of each kind are open, expired and closed."""
        ...

    def save(self, kept: KeptSession) -> None:
        """Keeps what changed. Conflict when another changed it since it was read; an id that
        changed moves along, and the old one stops answering."""
        ...

    def close_of(self, user: str, now: Instant, reason: str, keep: str = "") -> int:
        """Closes all sessions of a user but the one of the digest `keep`; how many were open."""
        ...

    def remove(self, id_: str) -> None:
        """Forgets one. NotFound."""
        ...


class Accounts(Protocol):
    """Where accounts and session groups are kept, within one transaction."""

    def add(self, account: Account) -> None:
        """Keeps a new one. Conflict when the name is taken."""
        ...

    def find(self, name: str) -> Account | None:
        """The account of that sign-in name."""
        ...

    def save(self, account: Account) -> None:
        """Keeps what changed. NotFound when it is gone."""
        ...

    def remove(self, account: Account) -> None:
        """Forgets one with all that is its own. NotFound."""
        ...

    def groups(self) -> dict[str, SessionGroup]:
        """All session groups by name."""
        ...


class Tokens(Protocol):
    """Where API tokens are kept, within one transaction."""

    def add(self, token: ApiToken) -> None:
        """Keeps a new one."""
        ...

    def find(self, digest: str) -> tuple[ApiToken, Account] | None:
        """The token of that digest, and its account."""
        ...

    def revoke(self, digest: str, now: Instant) -> bool:
        """Ends one; False when it had ended or there is none."""
        ...


class Throttle(Protocol):
    """Where failed sign-ins are counted, within one transaction; all processes share it."""

    def failures(self, counter: str, now: Instant) -> list[Instant]:
        """The failures of a counter that may lie in the window, in order."""
        ...

    def add(self, counter: str, now: Instant) -> None:
        """Counts one."""
        ...

    def clear(self, counter: str) -> None:
        """Forgets all of a counter."""
        ...
