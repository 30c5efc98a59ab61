"""Passwords at work: hashing and checking them, a few at once, because each takes much memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Semaphore

from horarium.identity.password import (
    SALT_OCTETS,
    Scrypt,
    hash_password,
    is_outgrown,
    verify_password,
)
from horarium.identity.ports import Secrets
from horarium.kernel.errors import Unavailable

# Each takes 128 MiB for half a second of one processor.
AT_ONCE = 4
# More than these would be answered too late to be of use.
WAITING = 64


class BoundedPasswords:
    """A password hasher (``horarium.identity.ports.PasswordHasher``) for many threads: at most
    AT_ONCE compute and WAITING wait; the next is refused with Unavailable."""

    def __init__(
        self, secrets: Secrets, parameters: Scrypt | None = None, *, at_once: int = AT_ONCE,
        waiting: int = WAITING,
    ) -> None:  # fmt: skip
        self._secrets = secrets
        self._parameters = parameters or Scrypt()
        self._computing = Semaphore(at_once)
        self._lock = Lock()
        self._most = at_once + waiting
        self._inside = 0

    def hash(self, password: str) -> str:
        """What is stored for a password in its normal form."""
        with self._turn():
            return hash_password(password, self._secrets.random(SALT_OCTETS), self._parameters)

    def verify(self, password: str, stored: str) -> bool:
        """Whether the password is the stored one; "" costs the same and is never it."""
        with self._turn():
            return verify_password(password, stored, self._parameters)

    def outgrown(self, stored: str) -> bool:
        """Whether it was stored with weaker parameters than those of today."""
        return is_outgrown(stored, self._parameters)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._lock:
            if self._inside >= self._most:
                raise Unavailable("too many passwords are being checked; try again")
            self._inside += 1
        try:
            with self._computing:
                yield
        finally:
            with self._lock:
                self._inside -= 1
