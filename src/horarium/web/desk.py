"""What handlers work with: the store behind a few threads, sessions, and the present."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from horarium.kernel.instant import Instant
from horarium.runtime.daemon import Served
from horarium.runtime.desk import Desk as Reception
from horarium.runtime.directory import Names
from horarium.runtime.entropy import SystemSecrets
from horarium.runtime.session_rules import session_rules
from horarium.runtime.sessions import SessionKeeper
from horarium.runtime.settings import Settings
from horarium.runtime.signing_in import SigningIn
from horarium.runtime.wiring import Store, password_hasher
from horarium.web.counting import Counted
from horarium.web.rates import Rates

T = TypeVar("T")

# The store reads on as many connections at once; more would only wait for the processor.
WORKERS = 4


class Desk:
    """The use cases of one running site, for the handlers of requests."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._loop = asyncio.get_running_loop()
        self.store: Store = served.store
        self.secrets = SystemSecrets()
        web = served.settings().web
        self.keeper = SessionKeeper(self.store, session_rules(web, secure=web.secure))
        # Passwords are checked on threads of their own, so that pages do not wait for them.
        self.passwords = password_hasher()
        self.signing_in = SigningIn(self.keeper, self.passwords)
        self.counted = Counted()
        self.rates = Rates()
        self._reception: tuple[Settings, Reception] | None = None
        self.names = Names()
        self._readers = ThreadPoolExecutor(WORKERS, thread_name_prefix="web")
        self._guards = ThreadPoolExecutor(WORKERS, thread_name_prefix="web-password")

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.served.settings()

    @property
    def reception(self) -> Reception:
        """Where appointments are given, under the settings in force; it remembers what is offered
        until that changes."""
        if self._reception is None or self._reception[0] is not self.settings:
            made = Reception(self.store, self.settings, self.secrets.random)
            self._reception = self.settings, made
        return self._reception[1]

    def now(self) -> Instant:
        """The present."""
        return self.served.clock.now()

    async def ask(self, work: Callable[[], T]) -> T:
        """Runs what reads or writes the store beside the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    async def guard(self, work: Callable[[], T]) -> T:
        """Runs what checks a password beside the loop, and beside `ask`."""
        return await asyncio.get_running_loop().run_in_executor(self._guards, work)

    def wake(self) -> None:
        """Says, from any thread, that mails were written."""
        self._loop.call_soon_threadsafe(self.served.wake)

    def close(self) -> None:
        """Waits for what is being done."""
        self._readers.shutdown()
        self._guards.shutdown(cancel_futures=True)
