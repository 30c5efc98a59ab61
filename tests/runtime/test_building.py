"""What a build makes of a source: nothing, a version, or a reason."""

import errno
import os
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from horarium.distribution.bundle_reading import BundleReader
from horarium.distribution.content import Blob, ChunkList
from horarium.distribution.manifest import File, Manifest
from horarium.distribution.manifest_text import read_manifest
from horarium.distribution.realm import Distribution
from horarium.distribution.version import Version
from horarium.kernel.instant import instant
from horarium.runtime.building import Builder, Built, Failed, Order, Outcome, Stopped, Unchanged
from horarium.transport.content import ContentStore
from horarium.transport.notes import FileNotes

NOW = instant(2_000_000_000)


class Site:
    """A source, a store, and the versions that were built so far."""

    def __init__(self, folder: Path, **wanted: Any) -> None:
        self.source = folder / "source"
        self.source.mkdir()
        self.store = ContentStore(folder / "store")
        self.builder = Builder(self.store, FileNotes(folder / "notes"))
        self.wanted = Distribution("docs", "hq", content={"source": str(self.source)}, **wanted)
        self.versions: list[Version] = []

    def write(self, path: str, data: bytes | str) -> Path:
        place = self.source / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data if isinstance(data, bytes) else data.encode())
        return place

    def build(self, **order: Any) -> Outcome:
        newest = self.versions[-1] if self.versions else None
        number = newest.number + 1 if newest else 1
        return self.builder.build(
            Order(self.wanted, number, NOW, newest, tuple(self.versions), **order)
        )

    def built(self, **order: Any) -> Built:
        """Builds and takes the version as published; what retires is forgotten."""
        outcome = self.build(**order)
        assert isinstance(outcome, Built), outcome
        if outcome.baseline is not None:
            self.versions = [
                outcome.baseline if v.number == outcome.baseline.number else v
                for v in self.versions
            ]
        self.versions.append(outcome.version)
        if self.wanted.revisions is not None:
            self.versions = self.versions[-self.wanted.revisions :]
        return outcome

    def manifest(self, version: Version) -> Manifest:
        return read_manifest(self.store.read(version.manifest.digest))

    def unpack(self, version: Version, base: Version | None) -> dict[str, bytes]:
        """What a bundle produces, after its chunk list was found to fit."""
        bundle = version.bundle_from(base.number if base else 0)
        assert bundle is not None
        data = self.store.read(bundle.content.digest)
        chunks = ChunkList.read(self.store.read(bundle.chunks.digest), bundle.content)
        for number in range(len(chunks)):
            assert chunks.fits(number, data[number * 262_144 : (number + 1) * 262_144])
        former = self.manifest(base) if base else None
        with self.store.open(bundle.content.digest) as stream:
            reader = BundleReader(stream, self.store, former, version.manifest)
            return {one.content.digest: b"".join(one.pieces) for one in reader.contents()}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    made.write("a.txt", "first")
    made.write("deep/b.bin", b"\0" * 5_000)
    return made


def test_the_first_version_is_whole(site: Site) -> None:
    outcome = site.built()
    version = outcome.version
    assert (version.number, version.built, outcome.files, outcome.size) == (1, NOW, 2, 5_005)
    assert [bundle.base for bundle in version.bundles] == [0]
    assert outcome.delta_bytes is None
    assert version.bundles[0].unpacked == 5_005
    assert sorted(site.unpack(version, None).values()) == [b"\0" * 5_000, b"first"]
    assert all(
        site.store.has(entry.digest)
        for entry in site.manifest(version).entries
        if isinstance(entry, File)
    )


def test_nothing_changed_is_no_version(site: Site) -> None:
    site.built()
    before = list(site.store.digests())
    assert site.build() == Unchanged()
    os.utime(site.source / "a.txt", (1, 1))
    assert site.build() == Unchanged()
    assert site.build(rehash=True) == Unchanged()
    assert list(site.store.digests()) == before


def test_a_change_makes_a_delta_of_the_changes_alone(site: Site) -> None:
    first = site.built().version
    site.write("a.txt", "second")
    outcome = site.built(budget=30)
    assert outcome.version.number == 2
    assert [bundle.base for bundle in outcome.version.bundles] == [1]
    assert list(site.unpack(outcome.version, first).values()) == [b"second"]
    assert outcome.version.bundles[0].unpacked == 6
    assert outcome.delta_bytes == outcome.version.bundles[0].content.length < 700


@pytest.mark.parametrize("change", ["mode", "added", "removed", "kind", "root"])
def test_what_counts_as_a_change(change: str, site: Site) -> None:
    site.built()
    file = site.source / "a.txt"
    match change:
        case "mode":
            file.chmod(0o600)
        case "added":
            (site.source / "empty").mkdir()
        case "removed":
            file.unlink()
        case "kind":
            file.unlink()
            file.mkdir()
        case "root":
            site.wanted = replace(site.wanted, target="%OTHER%")
    assert site.built().version.number == 2


def test_what_did_not_change_keeps_its_time(site: Site) -> None:
    first = site.manifest(site.built().version)
    os.utime(site.source / "deep" / "b.bin", (1, 1))
    site.write("a.txt", "other")
    second = site.manifest(site.built().version)
    assert first.entries[1:] == second.entries[1:]


def test_a_whole_distribution_is_sent_whole(tmp_path: Path) -> None:
    site = Site(tmp_path, delta="whole", sequential=False)
    site.write("a", "1")
    site.built()
    assert site.build() == Unchanged()
    site.write("a", "2")
    outcome = site.built()
    assert [bundle.base for bundle in outcome.version.bundles] == [0]
    assert outcome.delta_bytes is None


def test_a_version_that_stands_alone_is_to_be_had_whole(tmp_path: Path) -> None:
    site = Site(tmp_path, sequential=False)
    for content in "12":
        site.write("a", content)
        site.built()
    assert sorted(bundle.base for bundle in site.versions[-1].bundles) == [0, 1]


def test_jumps_lead_from_every_version_that_is_kept(tmp_path: Path) -> None:
    site = Site(tmp_path, catch_up_versions="jump", revisions=3)
    for content in "1234":
        site.write("a", content * 50)
        site.built()
    assert sorted(bundle.base for bundle in site.versions[-1].bundles) == [2, 3]
    for base in site.versions[:-1]:
        found = site.unpack(site.versions[-1], base)
        assert list(found.values()) == [b"4" * 50]


def test_the_next_baseline_gets_its_whole_bundle_before_the_old_one_goes(tmp_path: Path) -> None:
    site = Site(tmp_path, revisions=3)
    baselines = []
    for content in "123456":
        site.write("a", content)
        outcome = site.built()
        baselines.append(outcome.baseline.number if outcome.baseline else None)
        oldest = site.versions[0]
        assert list(site.unpack(oldest, None).values()) == [str(oldest.number).encode()]
    assert baselines == [None, None, None, 2, 3, 4]


def test_with_one_revision_every_version_is_a_baseline(tmp_path: Path) -> None:
    site = Site(tmp_path, revisions=1)
    for content in "12":
        site.write("a", content)
        site.built()
    assert sorted(bundle.base for bundle in site.versions[-1].bundles) == [0, 1]


def test_a_new_baseline_is_whole_though_nothing_changed(site: Site) -> None:
    site.built()
    outcome = site.built(new_baseline=True)
    assert outcome.version.number == 2
    assert [bundle.base for bundle in outcome.version.bundles] == [0]


def test_another_type_needs_a_new_baseline(site: Site) -> None:
    site.built()
    site.wanted = replace(site.wanted, kind="policy", content={"documents": {"a.json": {"x": 1}}})
    outcome = site.build()
    assert isinstance(outcome, Failed)
    assert outcome.reason == "type_changed"
    assert site.built(new_baseline=True).version.number == 2


def test_going_back_is_a_new_version_with_old_content(site: Site) -> None:
    first = site.built().version
    site.write("a.txt", "second")
    site.built()
    outcome = site.built(rollback=first)
    assert outcome.version.number == 3
    assert outcome.version.returns == 1
    assert site.manifest(outcome.version).entries == site.manifest(first).entries
    assert list(site.unpack(outcome.version, site.versions[1]).values()) == [b"first"]


def test_going_back_to_what_is_gone_fails(site: Site) -> None:
    first = site.built().version
    site.write("a.txt", "second")
    site.built()
    gone = next(e for e in site.manifest(first).entries if isinstance(e, File))
    site.store.drop(gone.digest)
    outcome = site.build(rollback=first)
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.path) == ("missing", "a.txt")


def test_a_lost_base_costs_a_whole_bundle_only(site: Site) -> None:
    first = site.built().version
    old = next(e for e in site.manifest(first).entries if isinstance(e, File))
    site.store.drop(old.digest)
    site.write("a.txt", "second")
    outcome = site.built()
    assert [bundle.base for bundle in outcome.version.bundles] == [0]


def test_a_lost_manifest_costs_a_whole_bundle_only(site: Site) -> None:
    site.store.drop(site.built().version.manifest.digest)
    assert [bundle.base for bundle in site.built().version.bundles] == [0]


def test_a_content_that_rotted_is_gathered_anew(site: Site) -> None:
    site.write("big", os.urandom(9 << 20))
    first = site.built().version
    entry = next(e for e in site.manifest(first).entries if e.path == "big")
    assert isinstance(entry, File)
    place = site.store.path(entry.digest)
    place.chmod(0o600)
    place.write_bytes(b"rotten" + place.read_bytes()[6:])
    outcome = site.build(new_baseline=True)
    assert isinstance(outcome, Failed)
    assert outcome.reason == "corrupt"
    assert site.built(new_baseline=True).version.number == 2


def test_no_room_is_found_before_anything_is_written(site: Site) -> None:
    first = site.built().version
    before = list(site.store.digests())
    site.write("new", b"x" * 1_000)
    site.builder.free = lambda: 1_999
    outcome = site.build()
    assert isinstance(outcome, Failed)
    assert outcome.reason == "no_space"
    assert list(site.store.digests()) == before
    assert site.unpack(first, None)


def test_a_disk_that_is_full_is_no_space(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(pieces: Iterable[bytes]) -> Blob:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(site.store, "put", full)
    outcome = site.build()
    assert isinstance(outcome, Failed)
    assert outcome.reason == "no_space"


def test_a_disk_that_is_broken_ends_the_process(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(pieces: Iterable[bytes]) -> Blob:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(site.store, "put", broken)
    with pytest.raises(OSError, match="Input"):
        site.build()


def test_a_build_stops_between_files(site: Site) -> None:
    site.builder.stop = threading.Event()
    site.builder.stop.set()
    assert site.build() == Stopped()


@pytest.mark.parametrize(
    ("name", "reason"), [("a\\b", "path"), ("a\n", "path"), ("con", "path"), ("B.bin.", "path")]
)
def test_a_path_that_can_not_be_sent_fails(name: str, reason: str, site: Site) -> None:
    site.write(f"deep/{name}", "x")
    outcome = site.build()
    assert isinstance(outcome, Failed)
    assert outcome.reason == reason
    assert name in outcome.path


def test_two_names_of_one_place_fail(site: Site) -> None:
    site.write("A.TXT", "x")
    outcome = site.build()
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.path) == ("path", "a.txt")
    assert "A.TXT" in outcome.text


def test_a_missing_source_fails(site: Site) -> None:
    site.wanted = replace(site.wanted, content={"source": str(site.source / "gone")})
    outcome = site.build()
    assert isinstance(outcome, Failed)
    assert outcome.reason == "missing"


def test_building_again_makes_the_same_octets(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        site = Site(tmp_path / name)
        for content in ("1" * 900, "1" * 500 + "2"):
            os.utime(site.write("a", content), (5, 5))
            site.built()
        found.append(site.versions)
    assert found[0] == found[1]


def test_packages_and_documents_are_built(tmp_path: Path) -> None:
    site = Site(tmp_path, delta="whole", sequential=False)
    one, two = site.write("z.deb", b"zz"), site.write("a.deb", b"aa")
    site.wanted = replace(
        site.wanted, kind="package",
        content={"items": [str(one), str(two)], "installer": ["dpkg", "-i", "{item}"]},
    )  # fmt: skip
    version = site.built().version
    paths = [entry.path for entry in site.manifest(version).entries if isinstance(entry, File)]
    assert paths == ["00001/z.deb", "00002/a.deb"]
    site.wanted = replace(
        site.wanted, kind="policy", content={"documents": {"p.json": {"b": 1, "a": "é"}}}
    )
    version = site.built(new_baseline=True).version
    (entry,) = site.manifest(version).entries
    assert isinstance(entry, File)
    assert site.store.read(entry.digest).decode() == '{\n  "a": "é",\n  "b": 1\n}\n'
