"""A daemon that can not have its store, one with nothing to do, and one with much to do."""

from __future__ import annotations

import logging
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from horarium.kernel.errors import Unavailable
from horarium.kernel.instant import Instant
from horarium.runtime.activation import bring_in
from horarium.runtime.plan import Activated
from horarium.runtime.site import Site
from horarium.store.embedded import EmbeddedEngine
from horarium.store.engine import Key
from horarium.store.store import Store
from tests.daemon.site import Imagined, Place, led, until

MANY = 10_000
FULL = "the disk is full"


class Failing(EmbeddedEngine):
    """An engine that can not write, or not even read, while it is told so."""

    fails: tuple[str, ...] = ()

    def read(self, work: Callable[[Any], Any]) -> Any:
        """See Engine."""
        if "read" in self.fails:
            raise Unavailable(FULL)
        return super().read(work)

    def transact(self, keys: Sequence[Key], work: Callable[[Any], Any]) -> Any:
        """See Engine."""
        if "write" in self.fails:
            raise Unavailable(FULL)
        return super().transact(keys, work)


@pytest.mark.parametrize("fails", [("write",), ("read", "write")])
def test_without_its_store_nothing_begins_and_the_daemon_lives(
    tmp_path: Path, fails: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    text = "Exec note one P.00:02"
    place = Place(tmp_path / "site", f"{text}\n[2]Exec note two 12:30\n")
    place.store().close()
    engine = Failing(Site(place.folder).database)

    async def work() -> None:
        clock = Imagined()
        async with place.service(clock, store=Store(engine)) as service:
            await clock.sees(lambda: place.notes, "it never ran")
            engine.fails = fails
            await clock.passes(290)
            assert not service.over.is_set()
            assert place.notes == ["1 one"]
            engine.fails = ()
            await clock.passes(3)
            assert len(place.notes) == 2
            await clock.sees(lambda: len(place.notes) == 3, "it did not go on")

    led(work())
    said = [record.getMessage() for record in caplog.records]
    assert sum(f"unavailable task=1 reason={FULL}" in line for line in said) == 1
    assert sum("available task=1" in line and "unavailable" not in line for line in said) == 1
    # Two moments of one outage are one late run.
    _, late, after = (row for row in place.rows(text) if row.kind == "run")
    assert (late.first_due + 120, late.count, after.count) == (late.due, 1, 0)
    first, second = place.lives(1)
    assert second.started - first.seen >= 280


def test_a_stop_without_a_store_ends_too(tmp_path: Path) -> None:
    place = Place(tmp_path / "site", "Exec note one P.01:00\n")
    place.store().close()
    engine = Failing(Site(place.folder).database)

    async def work() -> None:
        clock = Imagined()
        async with place.service(clock, store=Store(engine)) as service:
            await clock.sees(lambda: place.rows(), "it never ran")
            engine.fails = ("read", "write")
        assert service.status is None

    led(work())
    (life,) = place.lives(1)
    assert life.stopped is None


# --- many entries ------------------------------------------------------------------


def lines(many: int) -> str:
    return "".join(f"Exec note {n} 4:{n % 60:02}\n" for n in range(many))


def cost(process: int) -> tuple[float, int]:
    """Seconds of CPU time, and how often any thread woke up."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    woken = 0
    for status in Path(f"/proc/{process}/task").glob("*/status"):
        (line,) = (x for x in status.read_text().splitlines() if x.startswith("voluntary_ctxt"))
        woken += int(line.split()[1])
    return seconds, woken


def test_ten_thousand_entries_at_rest_cost_next_to_nothing(tmp_path: Path) -> None:
    """Much less than what is allowed here; how much else the machine does is not known."""
    place = Place(tmp_path / "site", lines(MANY))
    with place.serve() as daemon:
        process = daemon.process.pid
        until(lambda: place.read(lambda tx: tx.timers.next_due(1)) > time.time(), "not at rest")
        time.sleep(1.0)
        began, at = cost(process), time.monotonic()
        time.sleep(3.0)
        ended, seconds = cost(process), time.monotonic() - at
        assert daemon.stop() == 0
    assert ended[0] - began[0] < 0.05 * seconds
    assert ended[1] - began[1] < 25 * seconds


def test_an_edit_of_one_of_ten_thousand_keeps_the_others(tmp_path: Path) -> None:
    place = Place(tmp_path / "site", lines(MANY))
    store, settings, site = place.store(), place.settings(), Site(place.folder)
    clock = Imagined()
    first = bring_in(store, site, settings, clock.now())
    assert isinstance(first, Activated)
    assert len(first.new) == MANY
    text = lines(MANY).replace("Exec note 77 4:17\n", "Exec note 77 5:17\n")
    place.write("; one line more\n" + text)
    clock.advance(60)
    second = bring_in(store, site, settings, clock.now())
    store.close()
    assert isinstance(second, Activated)
    assert (second.new, second.unchanged) == (("Exec note 77 5:17",), MANY - 1)
    assert second.gone == ("Exec note 77 4:17",)
    anchors = [timer.anchor for timer in place.timers().values()]
    assert anchors.count(clock.now()) == 1
    assert anchors.count(Instant(clock.now() - 60)) == MANY - 1


def test_many_tasks_at_work_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """More than a pool of threads has for two processors."""
    many = 12
    control = "".join(f"[{n}]Exec meet {n} P.01:00\n" for n in range(1, many + 1))
    place = Place(tmp_path / "site", control)
    place.program(
        "meet",
        '#!/bin/sh\ncd "${0%/*}"; touch "here.$1"\n'
        f'while [ $(ls | grep -c "^here") -lt {many} ]; do sleep 0.1; done\n',
    )
    with place.serve() as daemon:
        until(lambda: len([r for r in place.rows() if r.ended]) == many, "some never began")
        assert daemon.stop() == 0
    assert {row.state for row in place.rows()} == {"finished"}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Place]:
    """A site whose store lies on a small disk of its own."""
    place = Place(tmp_path / "site")
    state = place.folder / "state"
    state.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", str(state)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount the small disk this needs")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(state)], check=True)


def test_a_full_disk_stops_nothing_but_runs(small: Place) -> None:
    small.declare(
        '[directive.tick]\nrun = ["note", "tick"]\nschedule = { type = "interval", every = "1s" }\n'
    )
    with small.serve() as daemon:
        until(lambda: small.notes, "it never ran")
        fill(small.folder / "state" / "ballast")
        until(lambda: "directives.unavailable task=1" in daemon.said, "it was not told")
        known = len(small.notes)
        time.sleep(2.5)
        # The one that went on when the disk was full.
        assert len(small.notes) <= known + 1
        (small.folder / "state" / "ballast").unlink()
        until(lambda: len(small.notes) > known + 2, "it did not go on")
        until(lambda: "directives.available task=1" in daemon.said, "it was not told")
        assert daemon.said.count("directives.unavailable task=1") == 1
        assert daemon.stop() == 0
    # One run each, and none that nobody knows the end of.
    runs = [row for row in small.rows() if row.kind == "run"]
    assert {row.state for row in runs} == {"finished"}
    assert len(runs) == len(small.notes)


def fill(path: Path) -> None:
    """Leaves no room on a disk."""
    with path.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 512):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
