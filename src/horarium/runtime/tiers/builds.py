"""Builds that a schedule asks for: so many at one time, each finished once it is begun."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from horarium.distribution.precedence import distributor_settings
from horarium.distribution.realm import Realm
from horarium.kernel.errors import Conflict, HorariumError
from horarium.kernel.instant import Instant
from horarium.runtime.clock import Clock
from horarium.runtime.tiers.making import DEFINITION_CHANGED

log = logging.getLogger(__name__)


class Maker(Protocol):
    """What builds versions."""

    def build(self, name: str, cause: str, now: Instant) -> object:
        """Builds a distribution now; blocks until it is done."""
        ...

    def check(self, realm: Realm, *, cancel: bool = False) -> list[str]:
        """Stops builds whose definition is another one now, or all with `cancel`; which."""
        ...

    def give_back(self, channel: str, distribution: str, now: Instant, by: str = ...) -> object:
        """Withdraws the newest version that a channel released; blocks until it is done."""
        ...


class Builds:
    """The builds of one distributor's process. Lives on the loop's thread; they block others."""

    def __init__(self, maker: Maker, clock: Clock) -> None:
        self._maker = maker
        self._clock = clock
        self._slots: dict[str, asyncio.Semaphore] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    def begin(
        self, realm: Realm, name: str, cause: str, ended: Callable[[], Awaitable[None]]
    ) -> None:
        """Builds a distribution as soon as its distributor has a slot; `ended` is told when it is
        over, however it was."""
        owner = realm.distributions[name].distributor
        most = distributor_settings(realm, owner).max_builds
        slots = self._slots.setdefault(owner, asyncio.Semaphore(most))
        task = asyncio.create_task(self._build(slots, name, cause, ended))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def check(self, realm: Realm, *, cancel: bool) -> None:
        """Stops builds whose definition is another one now, or all with `cancel`."""
        for name in self._maker.check(realm, cancel=cancel):
            log.warning("build.stopped distribution=%s", name)

    async def _build(
        self, slots: asyncio.Semaphore, name: str, cause: str,
        ended: Callable[[], Awaitable[None]],
    ) -> None:  # fmt: skip
        async with slots:
            loop = asyncio.get_running_loop()
            try:
                while await loop.run_in_executor(None, self._once, name, cause):
                    cause = "its definition changed"
            except (HorariumError, OSError) as error:
                log.error("build.failed distribution=%s reason=%s", name, error)
            await ended()

    def _once(self, name: str, cause: str) -> bool:
        """Builds; whether it has to begin again, because its definition changed meanwhile."""
        try:
            self._maker.build(name, cause, self._clock.now())
        except Conflict as stopped:
            log.warning("build.stopped distribution=%s reason=%s", name, stopped)
            return DEFINITION_CHANGED in str(stopped)
        return False
