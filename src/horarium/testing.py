"""Floor 6: what tests stand on, of this project and of those who use it."""

import asyncio
import heapq
import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from horarium.kernel.instant import Instant, instant
from horarium.transport.outgoing import Result, Sent, envelope_fault


class ManualClock:
    """A clock that moves only when it is told to.

    With ``autojump`` set (real seconds), the clock jumps to the next sleeper whenever nobody has
    touched it for that long: a year of waiting then passes in the time the work takes.
    """

    def __init__(self, start: int = 0, *, autojump: float | None = None) -> None:
        self._start = float(start)
        self._elapsed = 0.0
        self._autojump = autojump
        self._touches = 0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> Instant:
        """The present instant; counts as a touch."""
        self._touches += 1
        return instant(int(self._start + self._elapsed))

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        self._touches += 1
        return self._elapsed

    def until(self, at: Instant) -> float:
        """Seconds from the present to ``at``."""
        self._touches += 1
        return at - self._start - self._elapsed

    def set(self, now: int) -> None:
        """Make ``now`` the present, also an earlier one; sleepers are measured in elapsed seconds
        and therefore not woken by a clock that is set."""
        self._start = float(now) - self._elapsed

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass and wake, in order, whoever slept until then."""
        if seconds < 0:
            raise ValueError("time does not run backwards: use set()")
        self._elapsed += seconds
        self._wake()

    async def sleep(self, seconds: float) -> None:
        """Wait until this clock has moved on by ``seconds``."""
        self._touches += 1
        loop = asyncio.get_running_loop()
        if seconds <= 0:
            future: asyncio.Future[None] = loop.create_future()
            loop.call_soon(_finish, future)
            await future
            return
        future = loop.create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), future))
        self._watch(loop)
        await future

    @property
    def sleeping(self) -> int:
        """How many wait on this clock."""
        return sum(not future.done() for _, _, future in self._sleepers)

    def _wake(self) -> None:
        while self._sleepers and self._sleepers[0][0] <= self._elapsed:
            _finish(heapq.heappop(self._sleepers)[2])

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._autojump is not None:
            loop.call_later(self._autojump, self._jump_if_quiet, loop, self._touches)

    def _jump_if_quiet(self, loop: asyncio.AbstractEventLoop, touches: int) -> None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        if not self._sleepers:
            return
        if touches == self._touches:
            self._elapsed = self._sleepers[0][0]
            self._wake()
        if self._sleepers:
            self._watch(loop)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One message that would have gone out."""

    sender: str
    recipient: str
    data: bytes


class RecordingTransport:
    """An outgoing transport that keeps what it is given. ``results`` are handed out first, one
    for each message; afterwards everything is sent."""

    def __init__(self, results: Iterable[Result] = ()) -> None:
        self.sent: list[Recorded] = []
        self._results = list(results)

    async def send(self, sender: str, recipient: str, data: bytes) -> Result:
        """See ``horarium.transport.outgoing.Outgoing``."""
        fault = envelope_fault(sender, recipient)
        if fault is not None:
            return fault
        result = self._results.pop(0) if self._results else Sent("recorded")
        if isinstance(result, Sent):
            self.sent.append(Recorded(sender, recipient, data))
        return result

    async def close(self) -> None:
        """Nothing is held open."""


def _finish(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
