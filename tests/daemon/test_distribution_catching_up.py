"""Nodes that were away, spoiled what they hold, moved, or only pass on: each ends up to date."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from tests.daemon.realm import Realm, realm_of, tree, until

pytestmark = pytest.mark.timeout(300)


def change(realm: Realm, number: int) -> None:
    path = realm.source / "part1" / "file1.bin"
    data = bytearray(path.read_bytes())
    data[number * 1_000 : number * 1_000 + 8] = b"%08d" % number
    path.write_bytes(data)


def test_who_was_away_catches_up_by_the_chain_or_by_the_baseline(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "oslo": "north", "bergen": "north"}) as realm:
        realm.fill(3, 100_000)
        realm.declare(distribution="max_revisions = 3\n")
        realm.start()
        realm.build()
        realm.until_extracted(1)
        # Two versions away: the changes follow one another.
        realm.nodes["oslo"].stop()
        for number in (2, 3):
            change(realm, number)
            realm.build()
        realm.until_extracted(3, "bergen")
        realm.nodes["oslo"].start()
        realm.until_extracted(3)
        assert realm.is_whole("oslo")
        small = [int(line.rsplit("=", 1)[1]) for line in bundles(realm, "oslo")]
        assert small[1:] == small[-2:]
        assert max(small[1:]) < 10_000
        # So long away that nothing leads on from what it holds: the baseline, and what follows.
        realm.nodes["bergen"].stop()
        for number in (4, 5, 6, 7):
            change(realm, number)
            realm.build()
        realm.until_extracted(7, "oslo")
        realm.nodes["bergen"].start()
        realm.until_extracted(7)
        assert realm.is_whole("bergen")


def bundles(realm: Realm, name: str) -> list[str]:
    return [line for line in realm.nodes[name].log.splitlines() if "bundle.received" in line]


def test_a_file_that_was_changed_at_a_node_is_fetched_whole(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "oslo": "north"}) as realm:
        realm.fill(3, 100_000)
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        spoiled = realm.nodes["oslo"].inbox / "docs" / "part1" / "file1.bin"
        spoiled.write_bytes(b"somebody was here")
        change(realm, 2)
        realm.build()
        realm.until_extracted(2)
        assert realm.is_whole("oslo")
        assert "extract.changed_here" in realm.nodes["oslo"].log


def test_a_relay_that_is_not_subscribed_passes_on_and_unpacks_nothing(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "oslo": "north"}) as realm:
        realm.fill(2, 50_000)
        realm.declare(channel='inactive = ["north"]\n')
        realm.start()
        realm.build()
        realm.until_extracted(1, "oslo")
        assert realm.is_whole("oslo")
        assert not (realm.nodes["north"].inbox / "docs").exists()
        assert realm.state("north") in ("forward_only", "unsubscribed")
        assert len(bundles(realm, "north")) == 1


def test_a_node_that_moves_to_another_parent_is_served_there(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "south": "", "oslo": "north"}) as realm:
        realm.fill(2, 20_000)
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        realm.parents = {**realm.parents, "oslo": "south"}
        realm.declare()
        change(realm, 2)
        realm.build()
        realm.until_extracted(2)
        assert realm.is_whole("oslo")
        assert "flow.ended" in realm.nodes["south"].log


def test_a_node_that_was_lost_and_joins_anew_has_nothing(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "oslo": "north"}) as realm:
        realm.fill(2, 10_000)
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        oslo, north = realm.nodes["oslo"], realm.nodes["north"]
        oslo.kill()
        shutil.rmtree(oslo.folder)
        oslo.inbox.mkdir(parents=True)
        oslo.configure()
        oslo.join(north)
        assert realm.state("oslo") == "pending"
        # Its parent says again what it was told before, when the link to it is a new one.
        since = north.run("node", "status")["linked_since"]
        realm.hq.stop()
        realm.hq.start()
        until(lambda: (north.run("node", "status")["linked_since"] or since) > since, realm.logs)
        time.sleep(2)
        assert realm.state("oslo") == "pending"
        oslo.start()
        realm.until_extracted(1)
        assert realm.is_whole("oslo")


def test_who_is_no_longer_subscribed_keeps_what_it_has_and_gets_no_more(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "south": ""}) as realm:
        realm.fill(2, 20_000)
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        before = tree(realm.nodes["south"].inbox / "docs")
        realm.declare(channel='inactive = ["south"]\n')
        change(realm, 2)
        realm.build()
        realm.until_extracted(2, "north")
        assert tree(realm.nodes["south"].inbox / "docs") == before
        until(
            lambda: realm.state("south") == "unsubscribed" or "south" not in realm.status(), "row"
        )


@pytest.mark.parametrize("apply", ["swap", "merge"])
def test_a_whole_tree_is_replaced_in_one_step_or_merged(tmp_path: Path, apply: str) -> None:
    with realm_of(tmp_path, {"north": ""}) as realm:
        realm.fill(3, 20_000)
        (realm.source / "empty").mkdir()
        (realm.source / "run.sh").write_text("#!/bin/sh\n")
        (realm.source / "run.sh").chmod(0o755)
        realm.declare(
            distribution=f'apply = "{apply}"\nsequential = false\ncatch_up_versions = "jump"\n'
        )
        realm.start()
        realm.build()
        realm.until_extracted(1)
        assert realm.is_whole("north")
        change(realm, 2)
        (realm.source / "run.sh").unlink()
        realm.build()
        realm.until_extracted(2)
        assert realm.is_whole("north")
        assert (realm.nodes["north"].inbox / "docs").is_symlink() is (apply == "swap")


def test_a_store_restored_from_an_older_backup_says_so_and_is_led_on(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": ""}) as realm:
        realm.fill(2, 20_000)
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        state, backup = realm.hq.folder / "state", tmp_path / "backup"
        realm.hq.stop()
        shutil.copytree(state, backup)
        realm.hq.start()
        change(realm, 2)
        realm.build()
        realm.until_extracted(2)
        realm.hq.stop()
        shutil.rmtree(state)
        shutil.copytree(backup, state)
        realm.hq.start()
        until(lambda: "store.behind" in realm.hq.log, lambda: realm.logs())
        change(realm, 3)
        refused = realm.hq.run("distribution", "build", "docs", status=65)
        assert "distribution adopt docs --version 2" in refused["error"]["message"]
        realm.hq.run("distribution", "adopt", "docs", "--version", "2")
        assert realm.build()["version"] == 3
        realm.until_extracted(3)
        assert realm.is_whole("north")


def test_a_realm_that_was_made_anew_is_told_from_the_one_that_was_joined(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": ""}) as realm:
        realm.fill(1, 1_000)
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        realm.hq.stop()
        shutil.rmtree(realm.hq.folder / "state")
        realm.declare()
        realm.hq.start()
        north = realm.nodes["north"]
        until(lambda: "trust.broken" in north.log, lambda: north.log[-2_000:])
        told = next(line for line in north.log.splitlines() if "trust.broken" in line)
        theirs = realm.hq.run("node", "status")["root"]
        ours = north.run("node", "status")["root"]
        assert f"theirs={theirs}" in told
        assert f"ours={ours}" in told
        assert "remedy=horarium node join" in told
        assert realm.is_whole("north")
