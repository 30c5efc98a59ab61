"""Versions travel: a directory at the distributor appears at every node, identical, in its time."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.daemon.realm import realm_of, until
from tests.daemon.tap import tapped

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
        realm.fill(8, 1_000_000)
        realm.declare(send='{ type = "never" }')
        realm.start()
        realm.build()
        # At half a mebibyte a second 8 MB take a quarter of a minute: the window closes on the way.
        rate = 'rate_grid = ["Mon-Sun 00:00-24:00 512KiB"]'
        window = f'{{ type = "daily", start = "{clock(-60)}", end = "{clock(10)}" }}'
        realm.declare(send=window, channel=rate)
        until(lambda: realm.state("north") == "suspended", lambda: str(realm.status()), 40)
        cut = realm.status()["north"]
        assert 0 < cut["octets"] < 8_000_000
        again = f'{{ type = "daily", start = "{clock(3)}", end = "{clock(600)}" }}'
        realm.declare(send=again)
        realm.until_extracted(1)
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
            "delta_bytes": None, "dry_run": False,
        }  # fmt: skip


def test_a_killed_receiver_takes_up_where_it_was_and_serves_on(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "oslo": "north"}) as realm:
        realm.fill(6, 1_000_000)
        realm.declare(channel='rate_grid = ["Mon-Sun 00:00-24:00 1MiB"]')
        realm.start()
        realm.build()
        north = realm.nodes["north"]
        part = north.folder / "state" / "distribution" / "part"
        arrived = until(
            lambda: arrived_octets(part) > 1_500_000 and arrived_octets(part), "nothing"
        )
        north.kill()
        kept = arrived_octets(part)
        assert kept >= arrived
        north.start()
        realm.until_extracted(1)
        assert realm.is_whole("north")
        assert realm.is_whole("oslo")
        sent = sum(int(found) for found in re.findall(r"flow.ended .*octets=(\d+)", realm.hq.log))
        assert sent <= 6_100_000 + 262_144 + 65_536 * 4


def arrived_octets(part: Path) -> int:
    return sum(path.stat().st_size for path in part.glob("*") if len(path.name) == 64)


def test_a_parent_that_lies_is_not_believed(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "oslo": "north"}) as realm:
        realm.fill(4, 300_000)
        realm.declare()
        realm.start()
        oslo, north = realm.nodes["oslo"], realm.nodes["north"]
        oslo.kill()
        realm.build()
        realm.until_extracted(1, "north")
        # What north holds for its children is altered where it lies: one bit of one octet.
        [bundle] = [
            path
            for path in (north.folder / "state" / "distribution" / "content").rglob("*")
            if path.is_file() and path.stat().st_size > 1_000_000
        ]
        data = bytearray(bundle.read_bytes())
        data[700_000] ^= 1
        bundle.write_bytes(data)
        oslo.start()
        until(lambda: "chunk.wrong" in oslo.log, oslo.log)
        assert not (oslo.inbox / "docs").exists()
        # Checked, what is damaged goes at north and is fetched again, and oslo gets it whole.
        assert north.run("node", "fsck", status=1)["damaged"]
        north.kill()
        north.start()
        realm.until_extracted(1, seconds=90)
        assert realm.is_whole("oslo")


def test_a_parent_asks_for_the_configuration_of_a_child_only_when_it_is_another(
    tmp_path: Path,
) -> None:
    label = "statement/node/oslo"
    realm_without_tls = realm_of(tmp_path, {"north": "", "oslo": "north"}, tls=False)
    with realm_without_tls as realm, tapped(realm.hq.port) as tap:
        realm.hq.tap = tap
        realm.fill(1, 1_000)
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        asked = tap.metadata.count(label)
        assert asked > 0
        (realm.source / "new").write_text("new\n")
        realm.build()
        realm.until_extracted(2)
        assert "timestamp" in tap.metadata
        assert tap.metadata.count(label) == asked
        realm.declare(subscriber='timeout = "200s"')
        until(lambda: tap.metadata.count(label) > asked, str(tap.metadata))


def test_a_walk_that_finds_nothing_missing_costs_two_messages_a_link(tmp_path: Path) -> None:
    parents = {"north": "", "oslo": "north", "bergen": "north"}
    with (
        realm_of(tmp_path, parents, tls=False) as realm,
        tapped(realm.hq.port) as first,
        tapped(realm.nodes["north"].port) as second,
    ):
        realm.hq.tap, realm.nodes["north"].tap = first, second
        realm.fill(1, 300_000)
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        time.sleep(3)
        before = [(tap.up + tap.down, len(tap.asked)) for tap in (first, second)]
        realm.hq.run("channel", "send", "night")
        time.sleep(5)
        for tap, links, (octets, asked) in zip((first, second), (1, 2), before, strict=True):
            assert 0 < tap.up + tap.down - octets <= links * (2_048 + 64)
            assert len(tap.asked) == asked


def test_children_of_a_dead_parent_wait_or_turn_to_the_next(tmp_path: Path) -> None:
    parents = {"north": "", "south": "", "waits": "north", "turns": "north"}
    with realm_of(tmp_path, parents) as realm:
        realm.fill(3, 100_000)
        realm.extra["waits"] = 'extract = { type = "immediately" }\nparents = ["north"]'
        realm.extra["turns"] = (
            'extract = { type = "immediately" }\nparents = ["north", "south"]\n'
            'parent_policy = "next"\nfailover_after = "2s"'
        )
        realm.declare(more="[policy.quick]\ntimeout = 2")
        realm.start()
        realm.build()
        realm.until_extracted(1)
        realm.nodes["north"].kill()
        (realm.source / "more").write_text("more\n")
        realm.build()
        realm.until_extracted(2, "south", "turns")
        assert realm.is_whole("turns")
        assert realm.state("waits") in ("pending", "not_eligible")
        # It stands where it is now, with the reason; who waits stands where it was.
        stands, waits = realm.status()["turns"], realm.status()["waits"]
        assert (stands["parent"], waits["parent"]) == ("south", "north")
        assert stands["link_reason"].startswith("north not reached since ")
        own = realm.hq.run("subscriber", "status", "turns")["distributions"]
        assert [one["parent"] for one in own] == ["south"]
        told = realm.nodes["turns"].run("node", "status")
        assert (told["linked_to"], told["left"]) == ("south", "north")
        assert told["left_because"] == stands["link_reason"]
        assert "link.switched parent=south before=north" in realm.nodes["turns"].log
        assert "link.switched node=turns parent=south" in realm.hq.log
        # Nobody needs the dead parent to know that it is dead.
        down = realm.nodes["waits"].run("node", "status")
        assert (down["linked_to"], down["link_down"][:7]) == (None, "north: ")
        until(
            lambda: str(realm.status()["waits"]["reason"]).startswith("parent_down(north, 20"),
            lambda: str(realm.status()),
        )
        realm.nodes["north"].start()
        realm.until_extracted(2)
        assert realm.is_whole("waits")
        until(lambda: realm.status()["turns"]["parent"] == "north", lambda: str(realm.status()))
        assert realm.status()["turns"]["link_reason"] is None
        told = realm.nodes["turns"].run("node", "status")
        assert (told["linked_to"], told["left"]) == ("north", "south")
        assert told["left_because"] == "north is reached again"


def test_a_revoked_node_is_served_no_more(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "south": ""}) as realm:
        realm.fill(2, 10_000)
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        realm.hq.run("subscriber", "revoke", "north")
        (realm.source / "more").write_text("more\n")
        realm.build()
        realm.until_extracted(2, "south")
        until(lambda: "revoked" in realm.nodes["north"].log, realm.nodes["north"].log)
        assert realm.state("north") != "extracted"


def test_a_token_joins_one_node_once(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "south": ""}) as realm:
        realm.declare()
        realm.hq.start()
        north, south = realm.nodes["north"], realm.nodes["south"]
        token = realm.hq.run("node", "token", "north")["token"]
        assert north.run("node", "join", realm.hq.url, "--token", token)["joined"] == "north"
        again = south.run("node", "join", realm.hq.url, "--token", token, status=1)
        assert "used before" in again["error"]["message"]
        south.run("node", "join", realm.hq.url, "--token", token[:-4] + "AAAA", status=None)
        assert not (south.folder / "state" / "distribution" / "node.json").exists()
