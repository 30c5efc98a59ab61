"""Keys are turned, kept elsewhere and multiplied by commands, and nodes follow by themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.daemon.realm import Realm, realm_of, until

pytestmark = pytest.mark.timeout(300)


def next_version(realm: Realm, number: int) -> None:
    (realm.source / "count").write_text(f"{number}\n")
    assert realm.build()["version"] == number
    realm.until_extracted(number)


def roles(realm: Realm) -> dict[str, dict[str, object]]:
    found = realm.hq.run("distributor", "keys", "list")["roles"]
    return {one["role"]: one for one in found}


def test_every_role_can_have_a_new_key_and_nodes_go_on(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "oslo": "north"}) as realm:
        realm.fill(1, 1_000)
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        before = roles(realm)
        for number, role in enumerate(
            ("root", "timestamp", "snapshot", "targets", "statements", "build.docs"), start=2
        ):
            realm.hq.run("distributor", "keys", "rotate", role)
            next_version(realm, number)
        after = roles(realm)
        assert all(before[role]["keys"] != after[role]["keys"] for role in before)
        assert all(key["here"] for one in after.values() for key in one["keys"])  # type: ignore[attr-defined]
        assert "metadata.refused" not in "".join(node.log for node in realm.nodes.values())
        # What was believed survives a restart, and who joins now follows the roots to the newest.
        for node in (realm.hq, *realm.nodes.values()):
            node.stop()
            node.start()
        next_version(realm, 8)


def test_a_key_that_is_kept_elsewhere_is_brought_for_what_it_signs(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": ""}) as realm:
        realm.fill(1, 1_000)
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        away = tmp_path / "away"
        away.mkdir()
        here = realm.hq.folder / "state" / "distribution" / "keys"
        for role in ("root", "targets"):
            (here / f"{role}.key").rename(away / f"{role}.key")
        assert [one["here"] for one in roles(realm)["root"]["keys"]] == [False]  # type: ignore[attr-defined]
        # Versions need neither; a definition waits, and the log says so.
        next_version(realm, 2)
        realm.declare(distribution='local_changes = "keep"')
        until(lambda: "metadata.waits role=targets" in realm.hq.log, lambda: realm.hq.log)
        next_version(realm, 3)
        north = realm.nodes["north"]
        changed = north.inbox / "docs" / "count"
        changed.write_text("mine\n")
        next_version(realm, 4)
        assert changed.read_text() == "4\n"
        refused = realm.hq.run("distributor", "keys", "rotate", "root", status=1)
        assert "--keys" in refused["error"]["message"]
        realm.hq.run("distributor", "refresh", "hq", "--keys", str(away))
        changed.write_text("mine\n")
        next_version(realm, 5)
        assert changed.read_text() == "mine\n"


def test_a_role_of_two_keys_needs_both(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": ""}) as realm:
        realm.fill(1, 1_000)
        realm.declare()
        realm.start()
        away = tmp_path / "away"
        away.mkdir()
        made = realm.hq.run("distributor", "keys", "make", str(away / "targets-kept.key"))
        assert (away / "targets-kept.key").stat().st_mode & 0o077 == 0
        (tmp_path / "public.pem").write_text(made["public"])
        turned = (
            "distributor", "keys", "rotate", "targets", "--keep", "--add",
            str(tmp_path / "public.pem"), "--threshold", "2",
        )  # fmt: skip
        refused = realm.hq.run(*turned, status=1)
        assert "targets" in refused["error"]["message"]
        realm.hq.run(*turned, "--keys", str(away))
        found = roles(realm)["targets"]
        assert found["threshold"] == 2
        assert sorted(key["here"] for key in found["keys"]) == [False, True]  # type: ignore[attr-defined]
        realm.build()
        realm.until_extracted(1)
        realm.hq.run(
            "distributor", "keys", "rotate", "targets", "--keep", "--threshold", "3", status=64
        )
        public = realm.hq.run("distributor", "keys", "export-public", "targets")["public"]
        assert len(public) == 1
        assert "PUBLIC KEY" in json.dumps(public)
