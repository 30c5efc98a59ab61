"""Versions travel on real wires that are counted from outside, whatever happens on the way.

HORARIUM_TEST_SCALE above 1 runs the whole office: two parents, and ten leaves behind each.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from horarium.distribution.content import CHUNK
from tests.daemon.realm import Node, Realm, realm_of, until
from tests.daemon.tap import tapped
from tests.daemon.wires import can_be_laid, wires

pytestmark = pytest.mark.timeout(600)
on_wires = pytest.mark.skipif(not can_be_laid(), reason="needs root and network namespaces")

SCALE = int(os.environ.get("HORARIUM_TEST_SCALE", "1"))
BESIDE = 1.02
"""Octets on a wire beside those of a content: headers of every layer."""
TALK = 400_000
"""Octets of metadata and messages over one link in one test, amply."""


def clock(seconds: float) -> str:
    """A time of day so many seconds from now."""
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%H:%M:%S}"


def held(node: Node) -> int:
    """Octets of the bundle that lie at a node, on their way in."""
    part = node.folder / "state" / "distribution" / "part"
    return max((file.stat().st_size for file in part.glob("*")), default=0)


@on_wires
def test_after_a_cut_only_the_rest_is_sent_and_those_below_go_on(tmp_path: Path) -> None:
    parents = {"north": "", "oslo": "north"}
    with wires(parents) as laid, realm_of(tmp_path, parents, wires=laid) as realm:
        realm.fill(6, 1_000_000)
        began = time.time()
        realm.declare(send='{ type = "never" }')
        # On a machine with much to do it takes its time until the window is known.
        spent = time.time() - began
        realm.start()
        realm.build()
        laid.shape("north", "8mbit")
        laid.shape("oslo", "3mbit")
        end = time.time() + spent + 6
        closes = f"{datetime.fromtimestamp(int(end), UTC):%H:%M:%S}"
        window = f'{{ type = "daily", start = "{clock(-60)}", end = "{closes}" }}'
        quiet = laid.octets("north")
        realm.declare(send=window)
        until(lambda: laid.octets("north") > quiet + 1_000_000, realm.logs)
        time.sleep(max(0.0, int(end) + 1 - time.time()))
        first, below = laid.octets("north"), laid.octets("oslo")
        cut = held(realm.nodes["north"])
        assert 1_000_000 < cut < 6_000_000
        # A second after the end nothing of it comes any more, and those below go on.
        until(lambda: laid.octets("oslo") >= below + 500_000, realm.logs)
        assert laid.octets("north") - first < 60_000
        assert held(realm.nodes["north"]) == cut
        until(lambda: held(realm.nodes["oslo"]) >= cut - CHUNK, realm.logs)
        before = laid.octets("north")
        laid.shape("oslo", "80mbit")
        realm.declare()
        realm.until_extracted(1)
        again = laid.octets("north") - before
        rest = 6_001_500 - cut
        assert rest <= again <= rest * BESIDE + 150_000
        assert all(realm.is_whole(name) for name in parents)


@contextmanager
def small_disk(folder: Path, octets: int) -> Iterator[Path]:
    """A disk of its own below a folder; what fills it to the last octet."""
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={octets}", "tmpfs", str(folder)], check=True
    )
    try:
        yield folder / "ballast"
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_up(ballast: Path) -> None:
    with ballast.open("wb") as file:
        free = os.statvfs(ballast.parent)
        file.write(bytes(free.f_bavail * free.f_bsize - 500_000))


@on_wires
def test_an_office_gets_everything_whatever_happens(tmp_path: Path) -> None:
    dice = random.Random("office 1")
    leaves = {"a": 10, "b": 10} if SCALE > 1 else {"a": 2, "b": 1}
    parents = {"a": "", "b": ""}
    for parent, many in leaves.items():
        parents |= {f"{parent}{number}": parent for number in range(many)}
    with wires(parents) as laid, realm_of(tmp_path, parents, wires=laid) as realm:
        realm.fill(3, 1_500_000)
        for name in parents:
            if name.startswith("b") and name != "b":
                realm.extra[name] = (
                    'extract = { type = "immediately" }\nparents = ["b", "a"]\n'
                    'parent_policy = "next"\nfailover_after = "2s"'
                )
        realm.extra["a0"] = 'extract = { type = "immediately" }\nparents = ["a"]\nfree_space = "0"'
        realm.declare()
        state = realm.nodes["a0"].folder / "state"
        state.mkdir(mode=0o700)
        with small_disk(state, 30_000_000) as ballast:
            realm.start()
            for name in parents:
                laid.shape(name, "10mbit")
            fill_up(ballast)
            quiet = {name: laid.octets(name) for name in parents}
            realm.build()
            killed = kill_some(realm, dice)
            realm.until_extracted(1, *(name for name in parents if name != "a0"), seconds=120)
            assert realm.nodes["a0"].alive
            assert realm.state("a0") != "extracted"
            ballast.unlink()
            realm.until_extracted(1, seconds=120)
            for name in parents:
                came = laid.octets(name) - quiet[name]
                again = killed.get(name, 0) * CHUNK
                assert 4_500_000 <= came <= 4_501_500 * BESIDE + again + TALK, name
            a_parent_dies(realm)
            assert all(realm.is_whole(name) for name in parents)
            realm.end()


def kill_some(realm: Realm, dice: random.Random) -> dict[str, int]:
    """Kills nodes that are in the middle of it, and starts them again; how often each."""
    killed: dict[str, int] = {}
    # Not the disk that is full, and not whom others would leave for another parent at once.
    mortal = [name for name in realm.nodes if name not in ("a0", "b")]
    for name in dice.sample(mortal, 3):
        node = realm.nodes[name]
        until(lambda node=node: held(node) > 300_000 or extracted(node), realm.logs)
        node.kill()
        killed[name] = killed.get(name, 0) + 1
        node.start()
    # Who was fed by one that died is cut too, and asks it again from where it stands.
    return killed


def extracted(node: Node) -> bool:
    return (node.inbox / "docs").exists()


def a_parent_dies(realm: Realm) -> None:
    """Those behind it turn to the other one; it catches up when it is back."""
    realm.nodes["b"].kill()
    (realm.source / "more").write_text("more\n")
    realm.build()
    realm.until_extracted(2, *(name for name in realm.nodes if name != "b"), seconds=120)
    realm.nodes["b"].start()
    realm.until_extracted(2, seconds=120)


def test_a_chunk_that_is_altered_on_its_way_is_fetched_again(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": ""}, tls=False) as realm, tapped(realm.hq.port) as tap:
        realm.hq.tap = tap
        realm.hq.configure()
        realm.fill(3, 500_000)
        realm.declare(channel='rate_grid = ["Mon-Sun 00:00-24:00 1MiB"]')
        realm.start()
        altered: list[int] = []

        def spoil(octets: bytes) -> bytes:
            if altered or tap.down < quiet + 600_000 or len(octets) < 4_000:
                return octets
            altered.append(tap.down)
            return octets[:2_000] + bytes([octets[2_000] ^ 1]) + octets[2_001:]

        quiet = tap.down
        tap.spoil = spoil
        realm.build()
        realm.until_extracted(1)
        assert altered
        assert "chunk.wrong" in realm.nodes["north"].log
        assert realm.is_whole("north")
        assert tap.down - quiet <= 1_500_000 * BESIDE + TALK + 2 * CHUNK, tap.asked
