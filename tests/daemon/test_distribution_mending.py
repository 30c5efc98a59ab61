"""What was lost or spoilt where it lay is had again, beside the daemons that run there."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.daemon.realm import Node, realm_of, until


def bundles(node: Node) -> list[Path]:
    """The bundles that lie at a node: what is long and begins as one does."""
    folder = node.folder / "state" / "distribution" / "content"
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if path.read_bytes()[:4] == b"HRB1"]


def test_a_new_node_gets_what_its_distributor_and_its_parent_had_lost(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "oslo": "north"}) as realm:
        realm.fill(2, 100_000)
        realm.declare()
        realm.hq.start()
        north, oslo = realm.nodes["north"], realm.nodes["oslo"]
        north.join(realm.hq)
        north.start()
        for number in (1, 2):
            realm.fill(2, 100_000, seed=number)
            assert realm.build()["version"] == number
            realm.until_extracted(number, "north")
        for path in (*bundles(realm.hq), *bundles(north)):
            data = bytearray(path.read_bytes())
            data[50_000] ^= 1
            path.write_bytes(data)
        assert len(north.run("node", "fsck", status=1)["damaged"]) == 2
        for path in bundles(realm.hq):
            path.unlink()
        oslo.join(north)
        oslo.start()
        why = ("distribution", "why", "docs", "oslo")
        until(lambda: "lost what oslo needs" in realm.hq.run(*why, status=None)["said"], realm.logs)
        assert "content.missing" in realm.hq.log
        assert len(realm.hq.run("node", "fsck", status=1)["made"]) == 2
        realm.until_extracted(2)
        assert realm.is_whole("oslo")
        assert realm.hq.run("node", "fsck")["missing"] == []
        assert "lost" not in realm.hq.run(*why, status=None)["said"]


def test_a_parent_keeps_no_more_for_others_than_it_is_given(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "oslo": "north", "bergen": "north"}) as realm:
        realm.extra["north"] = 'extract = { type = "immediately" }\ncache_max = 1'
        realm.fill(2, 100_000)
        realm.declare()
        realm.hq.start()
        north, oslo, bergen = (realm.nodes[name] for name in ("north", "oslo", "bergen"))
        for node, parent in ((north, realm.hq), (oslo, north)):
            node.join(parent)
            node.start()
        realm.build()
        realm.until_extracted(1, "north", "oslo")
        until(lambda: bundles(north) == [], realm.logs)
        realm.fill(2, 100_000, seed=2)
        realm.build()
        realm.until_extracted(2, "north", "oslo")
        # Who comes late is still expected: what it waits for is had once more, and stays so long.
        bergen.join(north)
        bergen.start()
        realm.until_extracted(2)
        assert realm.is_whole("bergen")
        until(lambda: bundles(north) == [], realm.logs)
        assert "bundle.dropped" in north.log


def test_what_is_installed_is_written_anew_after_it_was_changed(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "oslo": "north"}) as realm:
        realm.fill(4, 50_000)
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        oslo = realm.nodes["oslo"]
        changed, lost = (oslo.inbox / "docs" / "part0" / f"file{n}.bin" for n in (0, 3))
        before = changed.stat()
        changed.write_bytes(b"x" * 50_000)
        # It looks as it did: only its content tells.
        os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))
        lost.unlink()
        for path in bundles(oslo):
            path.unlink()
        found = oslo.run("node", "fsck", status=1)
        assert [(one["path"], one["found"]) for one in found["installed"]] == [
            (str(changed), "changed"), (str(lost), "missing"),
        ]  # fmt: skip
        until(lambda: realm.is_whole("oslo"), realm.logs)
        until(lambda: "content.repaired" in oslo.log, realm.logs)
        assert oslo.run("node", "fsck")["installed"] == []
        assert realm.state("oslo") == "extracted"


def test_a_repair_puts_files_back_and_runs_no_action(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": ""}) as realm:
        realm.fill(2, 5_000)
        north = realm.nodes["north"]
        user = "nobody" if os.geteuid() == 0 else ""
        north.configure(allow_actions=True, actions_user=user)
        with TemporaryDirectory() as runs:
            Path(runs).chmod(0o777)

            def ran() -> list[str]:
                return sorted(path.name.partition("-")[0] for path in Path(runs).iterdir())

            said = f'pre = [{{ run = ["/usr/bin/mktemp", "{runs}/pre-XXXXXX"] }}]\n'
            said += f'post = [{{ run = ["/usr/bin/mktemp", "{runs}/post-XXXXXX"] }}]'
            realm.declare(distribution=said)
            realm.start()
            realm.build()
            realm.until_extracted(1)
            assert ran() == ["post", "pre"]
            changed, loose = (north.inbox / "docs" / f"part{n}" / f"file{n}.bin" for n in (0, 1))
            changed.write_bytes(b"changed")
            loose.chmod(0o666)
            found = north.run("node", "fsck", status=1)
            assert [(one["path"], one["found"]) for one in found["installed"]] == [
                (str(changed), "changed"), (str(loose), "mode"),
            ]  # fmt: skip
            until(lambda: realm.is_whole("north"), realm.logs)
            until(lambda: "content.repaired" in north.log, realm.logs)
            assert ran() == ["post", "pre"]
            assert north.run("node", "fsck")["installed"] == []
            # The next version runs them as ever.
            (realm.source / "new").write_text("new\n")
            realm.build()
            realm.until_extracted(2)
            assert ran() == ["post", "post", "pre", "pre"]


def test_a_node_that_lost_a_manifest_still_gets_what_changes_it(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": ""}) as realm:
        realm.fill(2, 50_000)
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        north = realm.nodes["north"]
        folder = north.folder / "state" / "distribution" / "content"
        for path in [path for path in folder.rglob("*") if path.is_file()]:
            path.unlink()
        assert north.run("node", "fsck", status=1)["missing"]
        (realm.source / "new").write_text("new\n")
        realm.build()
        realm.until_extracted(2)
        assert realm.is_whole("north")


def test_contents_lie_where_the_owner_of_a_node_wants_them(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": "", "oslo": "north"}) as realm:
        north, oslo = realm.nodes["north"], realm.nodes["oslo"]
        realm.hq.configure(working_dir=str(tmp_path / "disk"))
        realm.fill(2, 50_000)
        realm.declare()
        realm.hq.start()
        north.join(realm.hq)
        north.start()
        realm.build()
        realm.until_extracted(1, "north")
        assert bundles(realm.hq) == []
        assert (tmp_path / "disk" / "content").stat().st_mode & 0o777 == 0o700
        # North is given another disk, on which nothing lies: what it needs is fetched again.
        north.stop()
        north.configure(working_dir=str(tmp_path / "other"))
        north.start()
        oslo.join(north)
        oslo.start()
        (realm.source / "new").write_text("new\n")
        realm.build()
        realm.until_extracted(2)
        assert realm.is_whole("north")
        assert realm.is_whole("oslo")
        assert (tmp_path / "other" / "content").is_dir()


def test_a_file_that_was_changed_is_fetched_whole_and_somebody_is_warned(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": ""}) as realm:
        realm.fill(2, 100_000)
        realm.declare()
        realm.start()
        realm.build()
        realm.until_extracted(1)
        north = realm.nodes["north"]
        changed = north.inbox / "docs" / "part0" / "file0.bin"
        changed.write_bytes(b"mine")
        with (realm.source / "part0" / "file0.bin").open("ab") as file:
            file.write(b"more")
        realm.build()
        realm.until_extracted(2)
        assert realm.is_whole("north")
        notices = realm.hq.folder / "state" / "notices"

        def told() -> str:
            return "".join(path.read_text() for path in notices.glob("*.log"))

        until(lambda: "warning changed_locally docs 2 at north" in told(), told)
        assert "overwritten: part0/file0.bin; fetched whole: part0/file0.bin" in told()
        assert "extract_failed" not in told()
