"""The timetable at work: brings the control file into force, and runs its tasks (seed 004)."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TypeVar

from horarium.directives.entry import UPKEEP_TASK
from horarium.kernel.errors import Conflict, HorariumError, Unavailable
from horarium.kernel.instant import Instant
from horarium.runtime.activation import (
    Refused,
    as_faults,
    bring_in,
    bring_in_declared,
    bring_in_upkeep,
    known_before,
    load_plan,
)
from horarium.runtime.clock import Clock
from horarium.runtime.performing import Performer
from horarium.runtime.plan import Activated, Plan, version_of
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.runtime.sources import Sources, digest_of_files
from horarium.runtime.task import Task, Worker
from horarium.runtime.task_loop import TaskLoop
from horarium.runtime.unserved import leave_out_unserved
from horarium.store.engine import Key
from horarium.store.store import Store, Transaction

log = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_AT_FILE_SECONDS = 10
LOOK_AT_UNSERVED_SECONDS = 60
BEAT_SECONDS = 5.0
# A task that ended itself beside other parts of the daemon is started again after so long.
AGAIN_SECONDS = 60.0
# What ends a program takes this long at most: it is told to, and then made to.
CUT_SECONDS = 15.0
# Somebody may hold a task number for a moment, to run an entry by hand or to look after it.
PATIENCE_SECONDS = 1.0


class TimetableService:
    """The tasks of one process.

    `lines` runs the numbered tasks of the control file and of declared directives, `upkeep` the
    daily pass; `only` is the one task to serve. `alone` lets an Exit end the whole process.
    """

    def __init__(
        self,
        site: Site,
        settings: Settings,
        clock: Clock,
        store: Store,
        *,
        lines: bool = True,
        upkeep: bool = False,
        alone: bool = False,
        only: int | None = None,
    ) -> None:
        self.settings = settings
        self.status: int | None = None
        self.over = asyncio.Event()
        self._site = site
        self._clock = clock
        self._store = store
        self._lines = lines
        self._upkeep = upkeep
        self._alone = alone
        self._only = only
        self._plan = Plan(0, {})
        self._plan_of: Settings | None = None
        self._deciding = ThreadPoolExecutor(1, thread_name_prefix="timetable")
        self._loops: dict[int, TaskLoop] = {}
        self._work: dict[int, asyncio.Task[None]] = {}
        self._leaving: list[asyncio.Task[None]] = []
        self._left: list[TaskLoop] = []
        self._others: list[asyncio.Task[None]] = []
        self._performer = Performer(site, settings, clock, store)
        self._seen: Sources | None = None
        self._trouble = ""
        self._signals = False
        self._stopping = asyncio.Event()
        self._end: asyncio.Task[None] | None = None

    # --- its life ----------------------------------------------------------

    async def start(self, *, once: bool = False) -> None:
        """Brings everything into force and begins to work. BadObjects for a broken control file
        when no earlier good one is known, Conflict when another process serves a task."""
        await self._in_store(self._first_activation)
        for number in self._numbers():
            if number in self._explicit():
                await self._refuse_if_held(number)
        for number in self._numbers():
            self._begin(number, once=once)
        self._others = [asyncio.create_task(self._watch()), asyncio.create_task(self._beat())]
        for task in self._others:
            task.add_done_callback(self._died)
        self._signals = self._lines and not once
        if self._signals:
            await self._signal("start")

    async def finish(self) -> None:
        """Waits until all tasks have ended by themselves."""
        await asyncio.gather(*self._work.values())

    def begin_to_stop(self) -> None:
        """Begins nothing more, whatever else has to end first."""
        if self._end is None:
            self._end = asyncio.create_task(self._stop())

    async def stop(self) -> None:
        """Begins nothing more, lets what goes on end for a while, then ends it."""
        self.begin_to_stop()
        assert self._end is not None
        await self._end

    async def _stop(self) -> None:
        self._stopping.set()
        for other in self._others:
            other.cancel()
        told = None
        if self._signals:
            with suppress(Unavailable):
                told = await self._signal("stop")
        for loop in self._loops.values():
            loop.stop(told)
        work = [task for task in (*self._work.values(), *self._leaving) if not task.done()]
        if work:
            _, late = await asyncio.wait(work, timeout=self.settings.directives.stop_wait)
            for loop in (*self._loops.values(), *self._left) if late else ():
                loop.cut()
            if late:
                _, late = await asyncio.wait(late, timeout=CUT_SECONDS)
            for task in late:
                # The store can not be had: how its run ended is written as unknown by the next.
                task.cancel()
        self._deciding.shutdown(wait=False)

    async def reload(self) -> None:
        """Brings the control file and the settings of `self.settings` into force; later, when the
        store can not be had now."""
        self._seen = None
        self._performer.settings = self.settings
        try:
            await self._bring_in()
        except Unavailable as error:
            self._tell(f"unavailable reason={error}")

    # --- what is in force --------------------------------------------------

    def _first_activation(self) -> None:
        now = self._clock.now()
        seen = self._look_at_sources()
        if self._upkeep:
            bring_in_upkeep(self._store, self.settings, now)
        if self._lines:
            result = bring_in(self._store, self._site, self.settings, now)
            if isinstance(result, Refused):
                error = as_faults(result)
                if not known_before(self._store):
                    raise error
                log.error("directives.refused, the earlier timetable stays: %s", error)
        self._load()
        self._seen = seen

    def _load(self) -> None:
        """Reads the plan in force, unless it is the one that is known."""
        settings = self.settings
        if self._plan_of is settings and self._store.read(version_of) == self._plan.version:
            return
        self._plan = self._store.read(lambda tx: load_plan(tx, settings))
        self._plan_of = settings

    async def _renew(self) -> bool:
        """Reads the plan anew, and begins to work for task numbers that are new in it; whether it
        could be read."""
        try:
            await self._in_store(self._load)
        except HorariumError as error:
            self._tell(f"unreadable, the earlier timetable stays: {error}")
            return False
        numbers = self._numbers()
        for number in set(self._work) - set(numbers) if self._explicit() else ():
            self._leave(number)
        for number in numbers:
            if number not in self._work and not self._stopping.is_set():
                self._begin(number)
        return True

    async def _bring_in(self, *, files: bool = True) -> None:
        """Brings what lies on disk and what is declared into force; without `files` only the
        latter."""
        seen = await self._in_store(lambda: self._look_at_sources(files=files))
        result = await self._in_store(lambda: self._take_in(files))
        if isinstance(result, Refused):
            log.error("directives.refused, the earlier timetable stays: %s", as_faults(result))
        elif result.changed:
            log.info(
                "directives.activated new=%d unchanged=%d gone=%d",
                len(result.new), result.unchanged, len(result.gone),
            )  # fmt: skip
        self._seen = seen
        await self._renew()

    def _take_in(self, files: bool) -> Activated | Refused:
        now = self._clock.now()
        if files:
            return bring_in(self._store, self._site, self.settings, now)
        return bring_in_declared(self._store, self.settings, now)

    async def _watch(self) -> None:
        """Notices what changed the control file, its lists, or the declared directives."""
        seconds = 0
        while True:
            await self._clock.sleep(1.0)
            seconds += 1
            if not self._lines:
                continue
            try:
                await self._follow(
                    self.settings.directives.watch and seconds % LOOK_AT_FILE_SECONDS == 0
                )
                if seconds % LOOK_AT_UNSERVED_SECONDS == 0:
                    await self._in_store(self._look_after_unserved)
                self._tell("")
            except Unavailable as error:
                self._tell(f"unavailable reason={error}")
            except HorariumError as error:
                self._tell(f"refused reason={error}")

    async def _follow(self, at_files: bool) -> None:
        before = self._seen
        if before is None:
            await self._bring_in()
            return
        seen = await self._in_store(lambda: self._look_at_sources(files=at_files))
        if seen.files != before.files:
            await self._bring_in()
        elif seen.objects != before.objects:
            await self._bring_in(files=False)

    def _look_at_sources(self, *, files: bool = True) -> Sources:
        version = self._store.read(lambda tx: tx.directory.version())
        known = self._seen
        if files or known is None:
            return Sources(digest_of_files(self._site, self.settings), version)
        return Sources(known.files, version)

    def _look_after_unserved(self) -> None:
        """Lets go of what a task number asks for that no process works for, where the settings
        name those that some process does work for."""
        directives = self.settings.directives
        if directives.tasks is None or self._only is not None:
            return
        named = {task for _, task in self._plan.entries if task != UPKEEP_TASK}
        for number in sorted(named - set(directives.tasks)):
            with suppress(Conflict), hold_task(self._site, number):
                leave_out_unserved(self._store, number, directives.seed, self._clock.now())

    def _tell(self, trouble: str) -> None:
        """Logs what is wrong, once for as long as it is."""
        if trouble and trouble != self._trouble:
            log.error("directives.%s", trouble)
        self._trouble = trouble

    # --- tasks -------------------------------------------------------------

    def _explicit(self) -> frozenset[int]:
        if self._only is not None:
            return frozenset((self._only,))
        return frozenset(self.settings.directives.tasks or ())

    def _numbers(self) -> list[int]:
        """The tasks this process serves: those that are named, else all that the plan names."""
        if self._only is not None:
            return [self._only]
        found = set(self._explicit()) if self._lines else set()
        if self._lines and not found:
            named = {task for _, task in self._plan.entries if task != UPKEEP_TASK}
            found = {self.settings.directives.master_task, *named}
        if self._upkeep:
            found.add(UPKEEP_TASK)
        return sorted(found)

    async def _refuse_if_held(self, number: int) -> None:
        """Conflict when another process goes on to hold a task."""
        deadline = self._clock.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with hold_task(self._site, number):
                    return
            except Conflict:
                if self._clock.monotonic() >= deadline:
                    raise
            await self._clock.sleep(PATIENCE_SECONDS / 5)

    def _leave(self, number: int) -> None:
        """Works no longer for a task; what goes on may end."""
        self._leaving.append(self._work.pop(number))
        loop = self._loops.pop(number, None)
        if loop is not None:
            loop.stop()
            self._left.append(loop)

    def _begin(self, number: int, *, once: bool = False) -> None:
        work = asyncio.create_task(self._serve(number, once))
        work.add_done_callback(self._died)
        self._work[number] = work

    async def _serve(self, number: int, once: bool) -> None:
        """Serves one task; waits while another process serves it."""
        told = False
        ours = asyncio.current_task()
        while not self._stopping.is_set() and self._work.get(number) is ours:
            try:
                with hold_task(self._site, number):
                    told = False
                    status = await self._run(number, once)
            except Conflict as conflict:
                if once:
                    raise
                if not told:
                    log.warning("directives.waiting task=%d reason=%s", number, conflict)
                told = True
                await self._pause(LOOK_AT_FILE_SECONDS)
                continue
            if status is None:
                return
            log.info("directives.exit task=%d status=%d", number, status)
            if self._alone:
                self.status = status
                self.over.set()
                return
            await self._pause(AGAIN_SECONDS)

    async def _run(self, number: int, once: bool) -> int | None:
        worker = Worker(socket.gethostname(), os.getpid())
        task = Task(
            self._store,
            number,
            lambda: self._plan,
            worker,
            make_up_for_downtime=self.settings.directives.catch_up_down == "once",
        )
        loop = TaskLoop(task, self._performer, self._clock, self._deciding, self._renew)
        self._loops[number] = loop
        return await loop.run(once=once)

    async def _pause(self, seconds: float) -> None:
        waits = {
            asyncio.ensure_future(self._clock.sleep(seconds)),
            asyncio.ensure_future(self._stopping.wait()),
        }
        _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in pending:
            wait.cancel()

    async def _beat(self) -> None:
        while True:
            await self._clock.sleep(BEAT_SECONDS)
            for loop in list(self._loops.values()):
                await loop.beat()

    async def _signal(self, name: str) -> Instant | None:
        """Gives a signal; the instant it counts as of, None when nobody here waits for it."""
        numbers = self._numbers()
        waiting = (e for e in self._plan.entries.values() if e.task in numbers)
        if all(entry.schedule.signal != name for entry in waiting):
            return None

        def give(tx: Transaction) -> Instant | None:
            now = self._clock.now()
            if not tx.timers.give_signal(name, now):
                return None
            return tx.timers.signals(name, Instant(now - 1))[-1]

        key = Key(self._store.tenant, "site", "timetable")
        return await self._in_store(lambda: self._store.transact([key], give))

    def _died(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.critical("directives.failed", exc_info=task.exception())
            self.status = 70
            self.over.set()

    async def _in_store(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._deciding, work)


@contextmanager
def hold_task(site: Site, number: int) -> Iterator[None]:
    """Holds a task number for this process; Conflict when another one holds it. Ends with the
    process, however that ends."""
    site.state.mkdir(mode=0o700, exist_ok=True)
    name = "upkeep" if number == UPKEEP_TASK else f"task-{number}"
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(site.state / f"{name}.lock", flags, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"another process serves {name} of {site.root}") from None
        yield
    finally:
        os.close(descriptor)
