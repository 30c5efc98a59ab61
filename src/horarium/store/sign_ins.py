"""The repositories around signing in: failures, known browsers, API tokens, and what happened."""

from __future__ import annotations

import json
from dataclasses import dataclass

from horarium.identity.account import Account, Right
from horarium.identity.throttle import MOST_OF_SOURCE, WINDOW_SECONDS
from horarium.identity.tokens import ApiToken
from horarium.kernel.instant import Instant
from horarium.store.accounts import read_account
from horarium.store.engine import Row, Session
from horarium.store.rows import instant, maybe_instant, number, text
from horarium.store.sessions import PIECE
from horarium.store.upkeep import RETENTION_SECONDS

# A browser that has signed in is remembered for as long.
BROWSER_SECONDS = 180 * 86_400


@dataclass(frozen=True, slots=True)
class FailureRepository:
    """Failed tries at signing in, by counter, inside one transaction."""

    session: Session
    tenant: str

    def failures(self, counter: str, now: Instant) -> list[Instant]:
        """The failures of a counter that may lie in the window, in order; never more than decide
        anything."""
        values = {
            "tenant": self.tenant, "counter": counter, "since_s": now - WINDOW_SECONDS,
            "until_s": now + WINDOW_SECONDS, "many": MOST_OF_SOURCE,
        }  # fmt: skip
        return sorted(instant(row[0]) for row in self.session.rows("failures", values))

    def add(self, counter: str, now: Instant) -> None:
        """Counts one."""
        values = {"tenant": self.tenant, "counter": counter, "at_s": now}
        self.session.run("add_failure", values)

    def take_back(self, counter: str, at: Instant) -> None:
        """Forgets one that was counted at that instant, if it is still there."""
        values = {"tenant": self.tenant, "counter": counter, "at_s": at}
        self.session.run("drop_one_failure", values)

    def clear(self, counter: str) -> None:
        """Forgets all of a counter."""
        self.session.run("drop_failures", {"tenant": self.tenant, "counter": counter})

    def sweep(self, now: Instant) -> int:
        """Drops at most PIECE that count no more; how many went."""
        values = {"before_s": now - WINDOW_SECONDS, "many": PIECE}
        return self.session.run("sweep_failures", values)


@dataclass(frozen=True, slots=True)
class BrowserRepository:
    """Browsers that have signed in to an account, inside one transaction."""

    session: Session
    tenant: str

    def add(self, digest: str, account: Account, now: Instant) -> None:
        """Remembers one by the digest of its cookie."""
        values = {
            "digest": digest, "tenant": self.tenant, "account": account.id, "created_s": now,
        }  # fmt: skip
        self.session.run("add_browser", values)

    def knows(self, digest: str, account: Account, now: Instant) -> bool:
        """Whether that browser has signed in to this account in the last 180 days."""
        values = {"tenant": self.tenant, "digest": digest, "since_s": now - BROWSER_SECONDS}
        row = self.session.row("browser", values)
        return row is not None and row[0] == account.id

    def sweep(self, now: Instant) -> int:
        """Drops at most PIECE that are remembered no more; how many went."""
        values = {"before_s": now - BROWSER_SECONDS, "many": PIECE}
        return self.session.run("sweep_browsers", values)


@dataclass(frozen=True, slots=True)
class TokenRepository:
    """API tokens, inside one transaction."""

    session: Session
    tenant: str

    def add(self, token: ApiToken) -> None:
        """Keeps a new one."""
        values = {
            "digest": token.digest, "tenant": self.tenant, "account": token.account,
            "scopes": json.dumps(sorted(token.scopes)), "created_s": token.created,
            "expires_s": token.expires,
        }  # fmt: skip
        self.session.run("add_token", values)

    def all(self) -> list[tuple[ApiToken, str]]:
        """Every token with the name of its account, by name and age."""
        rows = self.session.rows("tokens", {"tenant": self.tenant})
        return [(_token(row[:7]), text(row[7])) for row in rows]

    def find(self, digest: str) -> tuple[ApiToken, Account] | None:
        """The token of that digest and its account, in one statement."""
        row = self.session.row("token_with_account", {"tenant": self.tenant, "digest": digest})
        return None if row is None else (_token(row[:7]), read_account(row[7:]))

    def revoke(self, digest: str, now: Instant) -> bool:
        """Ends one; False when it was revoked before or there is none."""
        values = {"tenant": self.tenant, "digest": digest, "now_s": now}
        return self.session.run("revoke_token", values) > 0

    def used(self, digest: str, day: int) -> None:
        """Notes the day of its last use."""
        values = {"tenant": self.tenant, "digest": digest, "day": day}
        self.session.run("use_token", values)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that was recorded: `what` happened to `account`, by whom, from which network, in
    which session (8 digits)."""

    at: Instant
    what: str
    account: str = ""
    actor: str = ""
    source: str = ""
    session: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class IdentityLog:
    """What happened around signing in, inside one transaction."""

    session: Session
    tenant: str

    def write(self, happening: Happening) -> None:
        """Records one; it holds no id, token or password."""
        h = happening
        values = {
            "tenant": self.tenant, "at_s": h.at, "what": h.what, "account": h.account,
            "actor": h.actor, "source": h.source, "session": h.session, "detail": h.detail,
        }  # fmt: skip
        self.session.run("add_identity_log", values)

    def since(self, since: Instant) -> list[Happening]:
        """What was recorded since then, in order."""
        rows = self.session.rows("identity_log", {"tenant": self.tenant, "since_s": since})
        return [Happening(instant(row[0]), *(text(part) for part in row[1:])) for row in rows]

    def sweep(self, now: Instant) -> int:
        """Drops at most PIECE that are too old; how many went."""
        values = {"before_s": now - RETENTION_SECONDS, "many": PIECE}
        return self.session.run("sweep_identity_log", values)


def _token(row: Row) -> ApiToken:
    digest, account, scopes, created, expires, last, revoked = row
    return ApiToken(
        text(digest), text(account), frozenset(Right(s) for s in json.loads(text(scopes))),
        instant(created), instant(expires), None if last is None else number(last),
        maybe_instant(revoked),
    )  # fmt: skip
