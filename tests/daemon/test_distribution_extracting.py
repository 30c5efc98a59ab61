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


def test_what_a_node_gets_no_more_is_removed_when_its_owner_says_so(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"one": "", "two": ""}) as realm:
        realm.fill(2, 1_000)
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        one, two = realm.nodes["one"], realm.nodes["two"]
        foreign = one.inbox / "docs" / "mine"
        foreign.write_text("mine\n")
        refused = one.run("subscriber", "remove-content", "docs", status=1)
        assert "still gets docs" in refused["error"]["message"]
        realm.hq.run("channel", "unsubscribe", "night", "one")
        realm.hq.run("channel", "unsubscribe", "night", "two")
        realm.hq.run("distributor", "refresh", "hq")

        def asked() -> bool:
            done = one.run("subscriber", "remove-content", "docs", "--force", status=None)
            return bool(done.get("asked"))

        until(asked, lambda: one.log)
        until(lambda: list((one.inbox / "docs").rglob("*")) == [foreign], lambda: one.log)
        two.stop()
        done = two.run("subscriber", "remove-content", "docs", "--force")
        gone = {str(two.inbox / "docs" / path) for path in (
            "part0", "part0/file0.bin", "part1", "part1/file1.bin")}  # fmt: skip
        assert set(done.pop("paths")) == gone
        assert done == {"id": "docs", "removed": True, "asked": False, "dry_run": False}
        assert list((two.inbox / "docs").rglob("*")) == []
        two.run("subscriber", "remove-content", "docs", status=1)
        two.start()
        one.stop()
        one.start()
        until(lambda: "link.down" in two.log, lambda: two.log)
        assert list((one.inbox / "docs").rglob("*")) == [foreign]
        assert list((two.inbox / "docs").rglob("*")) == []
