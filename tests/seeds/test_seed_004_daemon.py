"""Seed 004's example through the daemon itself, on a virtual clock."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from horarium.kernel.instant import Instant
from horarium.runtime import directives
from horarium.runtime.directives import TimetableService
from horarium.runtime.settings import default_settings
from horarium.runtime.site import Site
from horarium.runtime.task import Begun
from horarium.store.embedded import EmbeddedEngine
from horarium.store.firings import Firing, Settled
from horarium.store.store import Store
from horarium.testing import ManualClock
from tests.timetable import at, clock

# Task 2 is in a session from 16:10 to 17:30: here a line of its own.
LINES = "[2]Exec !load.bat P.01:00\n[2]Exec session 16:10\n"
STEP = 300


class Programs:
    """Stands for the programs: they take virtual time."""

    begun: list[tuple[str, str]]
    present: ManualClock
    running: list[Begun]

    def __init__(self, *_: object) -> None:
        self.settings: object = None

    def perform(self, begun: Begun, stop: threading.Event) -> Settled:
        start = self.present.now()
        self.begun.append((begun.entry.text.split()[1], clock(start)))
        self.running.append(begun)
        end = at("17:30") if "session" in begun.entry.text else Instant(start + 5)
        while self.present.now() < end and not stop.is_set():
            time.sleep(0.001)
        self.running.remove(begun)
        return Settled("finished")

    def wait_for(self, left: Firing, timeout: float, stop: threading.Event) -> bool:
        return False


@pytest.mark.timeout(60)
def test_the_example_by_the_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "events.ctl").write_text(LINES)
    (tmp_path / "events.ctl").chmod(0o600)
    present = ManualClock(at("13:15"))
    begun: list[tuple[str, str]] = []
    running: list[Begun] = []
    shared = {"begun": begun, "present": present, "running": running}
    programs = type("Programs", (Programs,), shared)
    monkeypatch.setattr(directives, "Performer", programs)
    base = default_settings()
    settings = replace(
        base,
        zone="Europe/Paris",
        directives=replace(base.directives, zone="Europe/Paris", address="2:5030/15"),
    )
    engine = EmbeddedEngine(":memory:")
    engine.migrate(present.now())
    store = Store(engine)

    async def serve(until: Instant) -> None:
        service = TimetableService(Site(tmp_path), settings, present, store)
        await service.start()
        await asyncio.sleep(0.5)
        # Everybody sleeps on the clock, or waits for a program.
        quiet = present.sleeping + len(running)
        while present.now() < until:
            # What takes seconds is over within a step.
            for seconds in (10, STEP - (present.now() + 10) % STEP):
                present.advance(seconds)
                await asyncio.sleep(0.005)
                while present.sleeping + len(running) < quiet:
                    await asyncio.sleep(0.001)
        await service.stop()

    asyncio.run(serve(at("18:20")))
    assert [when for what, when in begun if what == "!load.bat"] == [
        "13:15", "14:15", "15:15", "17:30", "18:15",
    ]  # fmt: skip
    begun.clear()
    present.set(at("21:00"))
    asyncio.run(serve(at("22:20")))
    assert begun == [("!load.bat", "21:00"), ("!load.bat", "21:15"), ("!load.bat", "22:15")]
    rows = store.read(lambda tx: tx.firings.between(at("13:00"), at("23:00")))
    runs = [(clock(row.due), row.count) for row in rows if row.kind == "run" and row.timer == 1]
    assert runs == [
        ("13:15", 0), ("14:15", 0), ("15:15", 0), ("17:15", 1), ("18:15", 0),
        ("20:15", 1), ("21:15", 0), ("22:15", 0),
    ]  # fmt: skip
