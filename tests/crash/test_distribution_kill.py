"""A sudden death while a version is built and published, and while it is received: what was there
before stays, nothing is seen that is not whole, and little is sent again."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from horarium.distribution.content import CHUNK
from horarium.runtime.clock import SystemClock
from horarium.runtime.crash import POINTS
from horarium.runtime.settings import load_settings
from horarium.runtime.site import Site
from horarium.runtime.tiers.belief import load_belief
from horarium.runtime.wiring import open_store
from tests.daemon.realm import PROGRAM, Realm, realm_of
from tests.daemon.tap import tapped

# Octets of metadata and messages that a node reads in a test, amply.
METADATA = 150_000
pytestmark = pytest.mark.timeout(300)


def build(realm: Realm, point: str = "") -> int:
    """A build by the command; how its process ended."""
    environ = {**os.environ, "HORARIUM_CRASH_AT": f"build:{point}" if point else ""}
    command = [
        *PROGRAM, "--site", str(realm.hq.folder), "--testing", "distribution", "build", "docs",
    ]  # fmt: skip
    return subprocess.run(command, env=environ, capture_output=True, check=False).returncode


def published(realm: Realm) -> tuple[list[int], list[int], list[list[str]]]:
    """What is kept, what is signed, and who is awaited, of each version."""
    site = Site(realm.hq.folder)
    store = open_store(site, load_settings(site, {}), SystemClock())
    try:
        belief = load_belief(store)
        rows = store.read(lambda tx: tx.versions.retained("docs"))
        awaited = [
            sorted(
                row.subscriber
                for row in store.read(lambda tx, v=version: tx.versions.rows("docs", v.number))
            )
            for version in rows
        ]
        signed = belief.trusted.versions("docs") if belief is not None else ()
        return [v.number for v in rows], [v.number for v in signed], awaited
    finally:
        store.close()


@pytest.mark.parametrize("point", POINTS["build"])
def test_a_version_is_published_whole_or_not_at_all(point: str, tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "south": ""}) as realm:
        realm.fill(2, 400_000)
        realm.declare()
        last = point == "after-publish"
        before, after = ([], [], []), ([1], [1], [["north", "south"]])
        for died in range(2):
            status = build(realm, point)
            # What was published is not built again: then there is nothing more to die at.
            assert status == (0 if last and died else -signal.SIGKILL)
            assert published(realm) == (after if last else before)
        assert build(realm) == 0
        assert published(realm) == after


@pytest.mark.parametrize("point", POINTS["transfer"])
def test_a_transfer_goes_on_where_its_receiver_died(point: str, tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": ""}, tls=False) as realm, tapped(realm.hq.port) as tap:
        realm.hq.tap = tap
        realm.hq.configure()
        realm.fill(3, 1_000_000)
        realm.declare(channel='rate_grid = ["Mon-Sun 00:00-24:00 1MiB"]')
        realm.start()
        north = realm.nodes["north"]
        north.kill()
        realm.build()
        pass_ = ":5" if point == "chunk-received" else ""
        part = north.folder / "state" / "distribution" / "part"
        held: list[int] = []
        for _ in range(2):
            north.start(HORARIUM_CRASH_AT=f"transfer:{point}{pass_}")
            north.died()
            held.append(max((file.stat().st_size for file in part.iterdir()), default=0))
        assert held == sorted(held)
        assert held[0] > 0
        north.start()
        realm.until_extracted(1)
        assert realm.is_whole("north")
        [bundle] = [
            file.name
            for file in (north.folder / "state" / "distribution" / "content").rglob("*")
            if file.is_file() and file.stat().st_size > 2_000_000
        ]
        offsets = tap.offsets(bundle)
        assert offsets == sorted(offsets)
        for ended in held:
            # A death after the last octet leaves nothing to ask for.
            assert ended >= 3_000_000 or any(0 <= ended - start <= CHUNK for start in offsets)
        assert tap.down <= 3_000_000 * 1.01 + METADATA + len(held) * CHUNK
