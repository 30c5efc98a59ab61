"""Extraction at nodes: what dies goes on, what can not be kept ends the process, what is not wanted
any more is removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.daemon.realm import realm_of, until

pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("point", ["extract:between-renames", "extract:receipt-written"])
def test_what_came_into_use_while_the_node_died_is_what_the_next_version_builds_on(
    tmp_path: Path, point: str
) -> None:
    with realm_of(tmp_path, {"one": ""}) as realm:
        realm.fill(4, 100_000)
        realm.declare()
        realm.hq.start()
        one = realm.nodes["one"]
        one.join(realm.hq)
        one.start()
        realm.build()
        realm.until_extracted(1)
        one.stop()
        for name in ("part0/file0.bin", "part1/file1.bin"):
            (realm.source / name).write_bytes(b"second\n" * 1_000)
        realm.build()
        one.start(HORARIUM_CRASH_AT=point)
        until(lambda: not one.alive, lambda: one.log)
        one.start()
        realm.until_extracted(2)
        assert realm.is_whole("one")
        (realm.source / "third").write_text("third\n")
        realm.build()
        realm.until_extracted(3, seconds=20)
        assert realm.is_whole("one")
