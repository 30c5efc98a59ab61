"""What commands at a node would do, asked beside the daemons that run there."""

from __future__ import annotations

import time
from pathlib import Path

from tests.daemon.realm import realm_of, tree, until


def test_a_node_is_asked_what_it_would_do_and_does_none_of_it(tmp_path: Path) -> None:
    with realm_of(tmp_path, {"north": ""}) as realm:
        realm.extra["north"] = 'extract = { type = "never" }'
        realm.fill(2, 5_000)
        realm.declare()
        realm.hq.start()
        north = realm.nodes["north"]
        token = realm.hq.run("node", "token", "north")["token"]
        join = ("node", "join", realm.hq.url, "--token", token)

        def foreseen() -> bool:
            found = north.run(*join, "--dry-run", status=None)
            return bool(found.get("joined") == "north")

        until(foreseen, realm.logs)
        north.run("node", "status", status=1)
        # The token is not used up.
        assert north.run(*join)["dry_run"] is False
        north.start()
        realm.build()
        until(lambda: realm.state("north") == "received", realm.logs)
        found = north.run("subscriber", "extract", "north", "--dry-run")
        assert found["versions"] == [{"distribution": "docs", "version": 1}]
        assert not list(north.inbox.iterdir())
        assert north.run("subscriber", "extract", "north")["versions"] == found["versions"]
        realm.until_extracted(1)
        installed = tree(north.inbox / "docs")
        removal = ("subscriber", "remove-content", "docs", "--force")
        paths = north.run(*removal, "--dry-run")["paths"]
        files = {str(north.inbox / "docs" / name) for name in installed}
        assert set(paths) == files
        changed = north.inbox / "docs" / "part0" / "file0.bin"
        changed.write_bytes(b"changed")
        found = north.run("node", "fsck", "--dry-run", status=1)
        assert [one["path"] for one in found["installed"]] == [str(changed)]
        # Its daemon would have begun within a second.
        time.sleep(2.5)
        assert changed.read_bytes() == b"changed"
        north.run("node", "fsck", status=1)
        until(lambda: tree(north.inbox / "docs") == installed, realm.logs)
