"""The repositories of feeds and of answers that may be asked for again."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.kernel.instant import Instant
from horarium.store.engine import Row, Session
from horarium.store.rows import instant, number, text

# Answers dropped in one transaction.
PIECE = 1_000


@dataclass(frozen=True, slots=True)
class Feed:
    """An address under which a calendar program reads: of one object, or with "" of the agenda, as
    far as the account `account` (its id) may see it; `form` is `busy` (times only) or `full`.
    `last_used` is a day counted from 1970-01-01."""

    digest: str
    account: str
    thing: str
    form: str
    created: Instant
    last_used: int | None = None

    @property
    def id8(self) -> str:
        """The first 8 digits of the digest: how people name a feed."""
        return self.digest[:8]


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What was answered to a request under a key: `request` is the digest of that request, `status`
    None while it is being answered."""

    request: str
    made: Instant
    status: int | None
    body: str


@dataclass(frozen=True, slots=True)
class FeedRepository:
    """The feeds of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def add(self, feed: Feed) -> None:
        """Keeps a new one."""
        values = {
            "digest": feed.digest, "tenant": self.tenant, "account": feed.account,
            "thing": feed.thing, "form": feed.form, "created_s": feed.created,
        }  # fmt: skip
        self.session.run("add_feed", values)

    def of_account(self, account: str) -> list[Feed]:
        """The feeds of an account, in the order in which they were made."""
        values = {"tenant": self.tenant, "account": account}
        return [_feed(row) for row in self.session.rows("feeds_of_account", values)]

    def find(self, digest: str) -> Feed | None:
        """The feed of that digest."""
        row = self.session.row("feed_of_digest", self._where(digest))
        return None if row is None else _feed(row)

    def account_name(self, account: str) -> str | None:
        """The name of the account of that id."""
        row = self.session.row("account_of_id", {"tenant": self.tenant, "id": account})
        return None if row is None else text(row[0])

    def drop(self, digest: str) -> bool:
        """Revokes one; False when there is none."""
        return self.session.run("drop_feed", self._where(digest)) > 0

    def drop_of(self, account: str) -> None:
        """Revokes all of an account."""
        values = {"tenant": self.tenant, "account": account}
        self.session.run("drop_feeds_of_account", values)

    def used(self, digest: str, day: int) -> None:
        """Notes the day of its last use."""
        self.session.run("use_feed", {**self._where(digest), "day": day})

    def _where(self, digest: str) -> dict[str, object]:
        return {"tenant": self.tenant, "digest": digest}


@dataclass(frozen=True, slots=True)
class AnswerRepository:
    """The answers given under a key, inside one transaction."""

    session: Session
    tenant: str

    def begin(self, key: str, request: str, now: Instant) -> bool:
        """Notes that a request is being answered; False when the key stands already."""
        values = {**self._where(key), "request": request, "made_s": now}
        return self.session.run("begin_answer", values) > 0

    def find(self, key: str) -> GivenAnswer | None:
        """What stands under a key."""
        row = self.session.row("given_answer", self._where(key))
        if row is None:
            return None
        request, made, status, body = row
        known = None if status is None else number(status)
        return GivenAnswer(text(request), instant(made), known, text(body))

    def keep(self, key: str, status: int, body: str) -> None:
        """Keeps the answer."""
        self.session.run("keep_answer", {**self._where(key), "status": status, "body": body})

    def drop(self, key: str) -> None:
        """Forgets a key, so that the request can be made again."""
        self.session.run("drop_answer", self._where(key))

    def sweep(self, before: Instant) -> int:
        """Drops at most PIECE that were made before; how many went."""
        return self.session.run("sweep_answers", {"before_s": before, "many": PIECE})

    def _where(self, key: str) -> dict[str, object]:
        return {"tenant": self.tenant, "key": key}


def _feed(row: Row) -> Feed:
    digest, account, thing, form, created, last = row
    used = None if last is None else number(last)
    return Feed(text(digest), text(account), text(thing), text(form), instant(created), used)
