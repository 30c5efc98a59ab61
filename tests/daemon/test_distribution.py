"""Versions travel: a directory at the distributor appears at every node, identical, in its time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.daemon.realm import realm_of, until

pytestmark = pytest.mark.timeout(300)


def clock(seconds: float) -> str:
    """A time of day so many seconds from now."""
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%H:%M:%S}"


def received(log: str) -> list[int]:
    return [int(found) for found in re.findall(r"bundle.received .*octets=(\d+)", log)]


def test_a_directory_appears_on_a_leaf_behind_a_parent_across_a_closed_window(
    tmp_path: Path,
) -> None:
    with realm_of(tmp_path, {"north": "", "oslo": "north"}) as realm:
        realm.fill(6, 500_000)
        realm.declare()
        realm.start()
        # At 500,000 octets a second the 3 MB take six seconds: the window closes on the way.
        rate = 'rate_grid = ["Mon-Sun 00:00-24:00 500KiB"]'
        opens, closes = clock(2), clock(5)
        again, end = clock(9), clock(60)
        window = f'{{ type = "daily", start = "{opens}", end = "{closes}" }}'
        realm.declare(send=window, channel=rate)
        realm.build()
        until(lambda: realm.state("north") == "suspended", lambda: str(realm.status()), 20)
        cut = realm.status()["north"]
        assert 0 < cut["octets"] < 3_000_000
        window = f'{{ type = "daily", start = "{again}", end = "{end}" }}'
        realm.declare(send=window, channel=rate)
        realm.until_extracted(1, seconds=40)
        assert realm.is_whole("north")
        assert realm.is_whole("oslo")


def test_a_change_travels_as_a_delta_and_a_deletion_is_carried_out(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "oslo": "north"}) as realm:
        realm.fill(6, 200_000)
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        (realm.source / "part0" / "file0.bin").unlink()
        changed = realm.source / "part1" / "file1.bin"
        changed.write_bytes(changed.read_bytes()[:100_000] + b"changed" * 10)
        (realm.source / "new").mkdir()
        (realm.source / "new" / "file").write_text("new\n")
        built = realm.build()
        assert built["version"] == 2
        assert built["delta_bytes"] < 10_000
        realm.until_extracted(2)
        assert realm.is_whole("north")
        assert realm.is_whole("oslo")
        assert received(realm.nodes["oslo"].log)[-1] == built["delta_bytes"]
        assert realm.build() == {
            "distribution": "docs", "version": None, "changed": False, "files": 0, "bytes": 0,
            "delta_bytes": None,
        }  # fmt: skip
