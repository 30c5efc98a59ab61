"""The clock: the only module that reads time.

Everything else is handed an instant. A reading command under ``--now`` runs on a ``FixedClock``;
tests run on ``horarium.testing.ManualClock``.
"""

import asyncio
import time
from typing import Protocol

from horarium.kernel.instant import Instant, instant


class Clock(Protocol):
    """Where the present comes from, and how to wait for a later one."""

    def now(self) -> Instant:
        """The present instant, in whole seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary start, never going back; for measuring and time limits."""
        ...

    def until(self, at: Instant) -> float:
        """Seconds from the present to an instant, with their fraction; negative for a past one."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when ``seconds`` have passed on this clock."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> Instant:
        """The present instant by the machine's clock."""
        return instant(int(time.time()))

    def monotonic(self) -> float:
        """See Clock."""
        return time.monotonic()

    def until(self, at: Instant) -> float:
        """See Clock."""
        return at - time.time()

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        await asyncio.sleep(seconds)


class FixedClock(SystemClock):
    """A present that was named by hand and stands still (``--now``)."""

    def __init__(self, present: Instant) -> None:
        self._present = present

    def now(self) -> Instant:
        """The instant that was named."""
        return self._present

    def until(self, at: Instant) -> float:
        """See Clock."""
        return at - self._present
