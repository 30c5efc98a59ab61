"""Where contents lie is the word of the machine's owner, and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.office import Office

from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant
from horarium.runtime.applying import apply_objects
from horarium.runtime.faults import BadObjects
from horarium.runtime.objects import read_objects
from horarium.runtime.settings import Settings, default_settings
from horarium.runtime.site import Site
from horarium.runtime.tiers import identity
from horarium.runtime.tiers.identity import node_folder
from horarium.store.file_systems import network_kind
from horarium.transport.content import ContentStore

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
41 22 0:50 / /mnt/far rw - nfs4 server:/export rw
42 22 0:51 / /mnt/far/near rw - xfs /dev/sdb1 rw
43 22 0:52 / /mnt/with\\040space rw - fuse.sshfs me@there: rw
44 22 0:53 / /mnt/zip rw - fuse.archive none rw
45 22 0:54 / /mnt/twice rw - nfs4 server:/export rw
46 22 0:55 / /mnt/twice rw - tmpfs none rw
"""


def settings(**node: object) -> Settings:
    base = default_settings()
    return replace(base, node=replace(base.node, **node))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/x", ""),
        ("/mnt/far", "nfs4"),
        ("/mnt/far/deep/er", "nfs4"),
        ("/mnt/farther", ""),
        ("/mnt/far/near/x", ""),
        ("/mnt/with space/x", "fuse.sshfs"),
        ("/mnt/zip", ""),
        ("/mnt/twice/x", ""),
    ],
)
def test_the_file_system_of_a_path_is_the_nearest_mount(
    path: str, kind: str, tmp_path: Path
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert network_kind(Path(path), mounts) == kind
    assert network_kind(Path(path), tmp_path / "none") == ""


def test_contents_lie_where_the_owner_says_and_keys_stay(tmp_path: Path) -> None:
    site = Site(tmp_path)
    assert node_folder(site, settings()).contents == site.distribution
    found = node_folder(site, settings(working_dir=str(tmp_path / "big" / "disk")))
    assert found.contents == tmp_path / "big" / "disk"
    assert found.joined.parent == found.papers.key.parent.parent == site.distribution
    assert found.free > 0
    blob = found.store().put([b"some"])
    assert ContentStore(tmp_path / "big" / "disk").has(blob.digest)


def test_a_network_file_system_is_taken_only_when_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "network_kind", lambda path: "nfs4")
    with pytest.raises(InvalidInput, match=r"nfs4.*allow_network_dir"):
        node_folder(Site(tmp_path), settings(working_dir="/mnt/far"))
    forced = settings(working_dir="/mnt/far", allow_network_dir=True)
    assert node_folder(Site(tmp_path), forced).contents == Path("/mnt/far")
    assert node_folder(Site(tmp_path), settings()).contents == Site(tmp_path).distribution


@pytest.mark.parametrize("kind", ["distributor", "subscriber", "policy"])
def test_an_object_that_says_it_is_refused(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "objects.toml"
    file.write_text(f'[distributor.hq]\n[{kind}.other]\nworking_dir = "/srv/work"\n')
    with pytest.raises(BadObjects, match=r"node\.working_dir"):
        apply_objects(
            Office().store, read_objects([file]), Instant(1_800_000_000), prune=False, dry_run=False
        )
