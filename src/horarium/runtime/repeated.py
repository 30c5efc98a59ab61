"""Creations that may be sent again: under one key a request is carried out once, and whoever sends
it again is told what was answered."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from horarium.kernel.errors import Conflict, InvalidInput
from horarium.kernel.instant import Instant
from horarium.store.store import Store, Transaction

# So long a key stands.
KEPT_SECONDS = 86_400
LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Before:
    """What was answered before."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A request under a key of its caller. `caller` tells callers apart, `request` is all of what
    was asked: method, path and body. InvalidInput for a key that is empty or too long."""

    caller: str
    key: str
    request: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.key) <= LONGEST_KEY or not self.key.isprintable():
            raise InvalidInput(
                f"Idempotency-Key: expected 1 to {LONGEST_KEY} characters", part="Idempotency-Key"
            )

    @property
    def digest(self) -> str:
        """Under which it is kept."""
        return sha256(f"{self.caller}\0{self.key}".encode()).hexdigest()

    def begin(self, store: Store, now: Instant) -> Before | None:
        """Takes the key, or tells what was answered under it. Conflict when the same is being
        answered just now, or when the key was used for another request."""
        asked = sha256(self.request.encode()).hexdigest()

        def work(tx: Transaction) -> Before | None:
            tx.answers.sweep(Instant(now - KEPT_SECONDS))
            if tx.answers.begin(self.digest, asked, now):
                return None
            found = tx.answers.find(self.digest)
            assert found is not None
            if found.request != asked:
                raise Conflict("Idempotency-Key: it was used for another request")
            if found.status is None:
                raise Conflict("a request under this key is being answered")
            return Before(found.status, found.body)

        return store.transact([], work)

    def keep(self, store: Store, status: int, body: str) -> None:
        """Keeps the answer; it must hold no secret."""
        store.transact([], lambda tx: tx.answers.keep(self.digest, status, body))

    def forget(self, store: Store) -> None:
        """Gives the key back: nothing was created."""
        store.transact([], lambda tx: tx.answers.drop(self.digest))
