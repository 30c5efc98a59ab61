"""Runs one task: looks, performs what was begun, rests until the next moment or a stop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TypeVar

from horarium.directives.entry import Execute
from horarium.kernel.errors import Unavailable
from horarium.kernel.instant import Instant
from horarium.runtime import crash
from horarium.runtime.clock import Clock
from horarium.runtime.performing import Performer
from horarium.runtime.task import SILENT_SECONDS, Begun, Ending, Look, Rest, Stale, Task
from horarium.store.firings import Firing

log = logging.getLogger(__name__)

T = TypeVar("T")

# What another process changes in the store is seen within this time; a clock that was set, too.
LOOK_AGAIN_SECONDS = 1.0
# The clock was set forward when it ran ahead of elapsed time by more than a second and its
# rounding.
LEAP_SECONDS = 2
MOST_WAIT_FOR_SIGNAL = 2.0


class TaskLoop:
    """One task at work in this process."""

    def __init__(
        self,
        task: Task,
        performer: Performer,
        clock: Clock,
        deciding: Executor,
        renew: Callable[[], Awaitable[bool]],
    ) -> None:
        self.task = task
        self.running: Begun | None = None
        self._performer = performer
        self._clock = clock
        self._deciding = deciding
        # A thread of its own, so that no number of tasks at work keeps another one waiting.
        self._performing = ThreadPoolExecutor(1, thread_name_prefix=f"task-{task.number}")
        self._renew = renew
        self._stopping = asyncio.Event()
        self._told: Instant | None = None
        self._cut = threading.Event()
        self._unavailable = False
        self._last: tuple[Instant, float] | None = None
        self._alive: Instant | None = None
        self.started = asyncio.Event()

    def stop(self, told: Instant | None = None) -> None:
        """Begins no further run but what the signal of the end calls for, which was given at
        `told`; what goes on may end."""
        self._told = told
        self._stopping.set()

    def cut(self) -> None:
        """Ends what goes on."""
        self._stopping.set()
        self._cut.set()

    async def run(self, *, once: bool = False) -> int | None:
        """Works until stopped (None) or until a directive ends the task (its status). With `once`
        it also ends when nothing is due."""
        try:
            return await self._run(once)
        finally:
            # Who has ended says no more that it lives.
            self.started.clear()

    async def _run(self, once: bool) -> int | None:
        for again in await self._take_over():
            await self._perform(again)
        while not self._stopping.is_set():
            now = self._clock.now()
            leapt = self._has_leapt(now)
            look = await self._in_store(lambda: self._look(now, leapt))  # noqa: B023
            match look:
                case Begun():
                    await self._perform(look)
                case Ending(status):
                    await self._in_store(lambda: self.task.stop(self._clock.now()))
                    return status
                case Stale():
                    if not await self._renew():
                        await self._wait(LOOK_AGAIN_SECONDS)
                case Rest(until):
                    if once and (until is None or until > now):
                        break
                    await self._rest(until)
                case None:
                    await self._wait(LOOK_AGAIN_SECONDS)
        await self._last_words()
        await self._in_store(lambda: self.task.stop(self._clock.now()))
        return None

    async def _last_words(self) -> None:
        """Runs what the end of the daemon calls for, while there is time."""
        if self._told is not None and 0 < self._clock.until(self._told) < MOST_WAIT_FOR_SIGNAL:
            # Given in a second that was decided already, it counts as of the next.
            await self._clock.sleep(self._clock.until(self._told))
        while self._stopping.is_set() and not self._cut.is_set():
            look = await self._in_store(lambda: self.task.look(self._clock.now(), signal="stop"))
            match look:
                case Begun():
                    await self._perform(look)
                case Stale() if await self._renew():
                    continue
                case _:
                    return

    async def beat(self) -> None:
        """Writes that the task lives."""
        if self.started.is_set():
            await self._in_store(self._seen, writes=True)

    # --- parts -------------------------------------------------------------

    def _look(self, now: Instant, leapt: bool) -> Look:
        if self._was_away(now):
            self.task.begin_anew(now)
        look = self.task.look(now, leapt=leapt)
        self._alive = now
        return look

    def _seen(self) -> None:
        now = self._clock.now()
        if self._was_away(now):
            self.task.begin_anew(now)
        else:
            self.task.seen(now)
        self._alive = now

    def _was_away(self, now: Instant) -> bool:
        """Whether so much time is lost since the last sign of life that it counts as downtime."""
        return self._alive is not None and now - self._alive > SILENT_SECONDS

    async def _take_over(self) -> list[Begun]:
        """Waits for programs that an earlier daemon left, then settles its runs; those to be
        performed again."""
        left = await self._surely(self.task.leftovers)
        went_on: dict[int, bool] = {}
        for firing in left:
            went_on[firing.id] = await asyncio.get_running_loop().run_in_executor(
                self._performing,
                self._performer.wait_for, firing, self._time_left(firing), self._cut,
            )  # fmt: skip
        await self._surely(lambda: self.task.start(self._clock.now()))
        self.started.set()
        again: list[Begun] = []
        for firing in left:
            begun = await self._surely(
                lambda: self.task.settle(firing, went_on[firing.id], self._clock.now())  # noqa: B023
            )
            log.warning(
                "directive.left entry=%s due=%d %s", firing.entry, firing.due,
                "again" if begun else "unknown",
            )  # fmt: skip
            if begun is not None:
                again.append(begun)
        return again

    def _time_left(self, firing: Firing) -> float:
        entry = self.task.entry(firing.entry)
        timeout = entry.action.timeout if entry and isinstance(entry.action, Execute) else 0
        started = firing.started if firing.started is not None else self._clock.now()
        return max(float(started + timeout - self._clock.now()), 1.0)

    async def _perform(self, begun: Begun) -> None:
        crash.at("timers:started")
        self.running = begun
        log.info("directive.begun entry=%s due=%d", begun.entry.shown, begun.due)
        settled = await asyncio.get_running_loop().run_in_executor(
            self._performing, self._performer.perform, begun, self._cut
        )
        crash.at("timers:effect-done")
        # It ended now, however long it takes until that can be written.
        at = self._clock.now()
        written = await self._surely(lambda: self.task.ended(begun, settled, at))
        self.running = None
        level = logging.INFO if settled.state == "finished" else logging.ERROR
        log.log(
            level, "directive.ended entry=%s due=%d state=%s reason=%s%s",
            begun.entry.shown, begun.due, settled.state, settled.reason or "-",
            "" if written else " (too late: settled before)",
        )  # fmt: skip

    async def _rest(self, until: Instant | None) -> None:
        seconds = LOOK_AGAIN_SECONDS
        if until is not None:
            seconds = min(seconds, self._clock.until(until))
        if seconds > 0:
            await self._wait(seconds)

    async def _wait(self, seconds: float) -> None:
        """Waits so long, or until told to stop."""
        waits = {
            asyncio.ensure_future(self._clock.sleep(seconds)),
            asyncio.ensure_future(self._stopping.wait()),
        }
        _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in pending:
            wait.cancel()

    def _has_leapt(self, now: Instant) -> bool:
        """Whether the clock was set forward since the last look."""
        elapsed = self._clock.monotonic()
        before, self._last = self._last, (now, elapsed)
        return before is not None and now - before[0] - (elapsed - before[1]) > LEAP_SECONDS

    async def _in_store(self, work: Callable[[], T], *, writes: bool = False) -> T | None:
        """Does something with the store; None when the store can not be had, which is told once,
        until something that surely `writes` succeeds: a full disk can still be read."""
        try:
            result = await asyncio.get_running_loop().run_in_executor(self._deciding, work)
        except Unavailable as error:
            if not self._unavailable:
                log.error("directives.unavailable task=%d reason=%s", self.task.number, error)
            self._unavailable = True
            return None
        if self._unavailable and writes:
            log.warning("directives.available task=%d", self.task.number)
            self._unavailable = False
        return result

    async def _surely(self, work: Callable[[], T]) -> T:
        """Does something with the store, however long that can not be had."""
        done: list[T] = []
        while not done:
            await self._in_store(lambda: done.append(work()))
            if not done:
                await self._clock.sleep(LOOK_AGAIN_SECONDS)
        return done[0]
