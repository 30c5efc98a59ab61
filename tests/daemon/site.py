"""A site whose timetable is served by real processes, or by a service on an imagined clock.

What is asserted is taken from the outside: what programs wrote, what the ledger holds, the log.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from horarium.kernel.instant import Instant
from horarium.runtime.clock import Clock
from horarium.runtime.directives import TimetableService
from horarium.runtime.settings import Settings, load_settings
from horarium.runtime.site import Site
from horarium.store.embedded import EmbeddedEngine
from horarium.store.firings import Firing
from horarium.store.store import Store
from horarium.store.timers import Timer
from horarium.store.workers import Worker
from horarium.testing import ManualClock

PROGRAM = [sys.executable, "-m", "horarium.cli.entry"]
PATIENCE = 20.0
# Writes what it was given, so that its runs are known from outside.
NOTE = '#!/bin/sh\necho "$HORARIUM_TASK $*" >> "${0%/*}/notes"\n'


def until(what: Callable[[], object], why: str, seconds: float = PATIENCE) -> None:
    """Waits until something holds."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, why
        time.sleep(0.02)


class Process:
    """One process that serves; killed when the block ends, unless it has ended."""

    def __init__(self, place: Place, *arguments: str, **options: Any) -> None:
        self.log = place.folder / f"log-{time.monotonic_ns()}"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*PROGRAM, "--site", str(place.folder), *arguments], stderr=log, **options
            )

    def __enter__(self) -> Process:
        until(lambda: self.process.poll() is not None or "serving" in self.said, "it never served")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def said(self) -> str:
        """What stands in its log."""
        return self.log.read_text()

    def tell(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        self.process.send_signal(number)

    def ended(self) -> int:
        """Waits for its end: its status."""
        return self.process.wait(PATIENCE)

    def stop(self) -> int:
        """Asks it to end and waits: its status."""
        self.tell(signal.SIGTERM)
        return self.ended()


class Place:
    """A site in a folder: settings, a control file, declared directives, programs."""

    def __init__(self, folder: Path, control: str | None = None, settings: str = "") -> None:
        self.folder = folder
        (folder / "objects").mkdir(parents=True)
        (folder / "horarium.toml").write_text('zone = "UTC"\n' + settings)
        self.program("note", NOTE)
        if control is not None:
            self.write(control)

    def program(self, name: str, text: str) -> Path:
        """Makes a program beside the control file."""
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def write(self, control: str) -> None:
        """Makes another control file the site's, in one step as an editor does."""
        beside = self.folder / ".events"
        beside.write_text(control)
        beside.chmod(0o644)
        beside.rename(self.folder / "events.ctl")

    def declare(self, text: str) -> None:
        """Declares objects and applies them."""
        (self.folder / "objects" / "all.toml").write_text(text)
        applied = self.run("apply", str(self.folder / "objects"))
        assert applied.returncode == 0, applied.stderr

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs one command on the site."""
        return subprocess.run(
            [*PROGRAM, "--site", str(self.folder), *arguments],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def serve(self, *arguments: str, **options: Any) -> Process:
        """A process that serves the timetable alone."""
        return Process(self, "serve", "--only", "directives", *arguments, **options)

    def serve_task(self, number: int) -> Process:
        """A process that serves one task."""
        return Process(self, "directives", "run", "--task", str(number))

    # --- what can be seen ----------------------------------------------------

    @property
    def notes(self) -> list[str]:
        """What the runs of `note` wrote: the task and the arguments."""
        path = self.folder / "notes"
        return path.read_text().splitlines() if path.exists() else []

    def store(self) -> Store:
        """The store of the site, made if need be."""
        database = Site(self.folder).database
        database.parent.mkdir(mode=0o700, exist_ok=True)
        engine = EmbeddedEngine(database)
        engine.migrate(Instant(int(time.time())))
        return Store(engine)

    def timers(self) -> dict[str, Timer]:
        """The standing timers by the text of their entries."""
        return {timer.text: timer for timer in self.read(lambda tx: tx.timers.standing())}

    def rows(self, text: str | None = None) -> list[Firing]:
        """The ledger, oldest first; of one entry or of all."""
        timers = self.read(lambda tx: tx.timers.stood(Instant(0)))
        ids = {timer.id for timer in timers if text in (None, timer.text)}
        rows: list[Firing] = self.read(lambda tx: tx.firings.last(10_000))
        return [row for row in reversed(rows) if row.timer in ids]

    def row(self, text: str) -> Firing:
        """The one run of an entry, when it has ended."""
        until(lambda: [r for r in self.rows(text) if r.ended is not None], f"{text} did not end")
        (row,) = (row for row in self.rows(text) if row.kind == "run")
        return row

    def lives(self, task: int) -> list[Worker]:
        """Who worked for a task."""
        lives = self.read(lambda tx: tx.workers.since(Instant(0)))
        return [life for life in lives if life.task == task]

    def read(self, work: Callable[[Any], Any]) -> Any:
        """Reads the store of the site."""
        store = self.store()
        try:
            return store.read(work)
        finally:
            store.close()

    # --- on an imagined clock ------------------------------------------------

    def settings(self) -> Settings:
        """The settings as they are written now."""
        return load_settings(Site(self.folder), {}, strict=True)

    @asynccontextmanager
    async def service(
        self, clock: Clock, *, store: Store | None = None, **options: Any
    ) -> AsyncIterator[TimetableService]:
        """The timetable at work in this process, until the block ends."""
        own = store if store is not None else self.store()
        made = TimetableService(Site(self.folder), self.settings(), clock, own, **options)
        await made.start()
        try:
            yield made
        finally:
            await made.stop()
            own.close()


class Imagined(ManualClock):
    """A clock at 2026-03-02 12:00 UTC that moves on when everybody sleeps again."""

    def __init__(self) -> None:
        super().__init__(1_772_452_800)
        self._most = 0

    async def passes(self, seconds: float, step: float = 0.5) -> None:
        """Lets time pass in small steps."""
        for _ in range(int(seconds / step)):
            await self._quiet()
            self.advance(step)
        await self._quiet()

    async def sees(self, what: Callable[[], object], why: str, seconds: int = 100) -> None:
        """Lets time pass until something holds."""
        for _ in range(seconds * 2):
            await self.passes(0.5)
            if what():
                return
        raise AssertionError(why)

    async def _quiet(self) -> None:
        """Waits until as many sleep as ever did, or nobody seems to work any more; who works for
        very long is not waited for."""
        for turn in range(1_000):
            await asyncio.sleep(0.003)
            if self._most and self.sleeping >= self._most:
                break
            if turn >= 40 and not _somebody_works():
                break
        self._most = self.sleeping


def _somebody_works() -> bool:
    """Whether a thread beside this one, or a child, wishes to run or waits for the disk: on a
    machine with much to do, that takes it a while."""
    threads = list(Path("/proc/self/task").iterdir())
    paths = [path for path in threads if int(path.name) != threading.get_native_id()]
    for thread in threads:
        with suppress(OSError):
            children = thread.joinpath("children").read_text().split()
            paths += [Path("/proc", number) for number in children]
    return any(_state(path) in ("R", "D") for path in paths)


def _state(path: Path) -> str:
    try:
        return path.joinpath("stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def inherited() -> int:
    """A descriptor that a careless program would pass on."""
    descriptor = os.open("/etc/hostname", os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    return descriptor


def led(work: Any) -> None:
    """Runs a test on an imagined clock."""
    asyncio.run(asyncio.wait_for(work, 60))
