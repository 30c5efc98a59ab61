"""What a distributor lost of its versions is made anew, or told as lost with what repairs it."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from tests.runtime.tier_site import NOW, OBJECTS, TierSite

from horarium.distribution.bundle_reading import BundleReader
from horarium.distribution.manifest import File
from horarium.distribution.manifest_text import read_manifest
from horarium.distribution.needing import Held, Manner, lacking
from horarium.distribution.version import Version
from horarium.runtime import building
from horarium.runtime.applying import apply_objects
from horarium.runtime.clock import FixedClock
from horarium.runtime.objects import read_objects
from horarium.runtime.tiers.checking import Checked, check_node
from horarium.runtime.tiers.collecting import collect_origin
from horarium.runtime.tiers.making import BuildFailed, Made, Making, Options
from horarium.transport.content import ContentStore


class Site(TierSite):
    """A distributor with a source and two versions: ``a`` and ``b``, then another ``b``."""

    def __init__(self, folder: Path, keys: str = "") -> None:
        super().__init__(folder)
        self.source = folder / "source"
        self.source.mkdir()
        file = folder / "objects.toml"
        file.write_text(
            OBJECTS.replace('source = "/srv/docs"', f'source = "{self.source}"\n{keys}')
        )
        apply_objects(self.store, read_objects([file]), NOW, prune=False, dry_run=False)
        self.contents: ContentStore = self.origin.folder.store()
        self.write("a", 1)
        self.write("b", 2)
        self.build()
        self.write("b", 3)
        self.build()

    def write(self, name: str, seed: int) -> None:
        (self.source / name).write_bytes(random.Random(seed).randbytes(40_000))

    def build(self, **options: bool) -> Made:
        making = Making(self.origin, FixedClock(NOW))
        return making.build("docs", "test", NOW, Options(**options))

    def check(self) -> Checked:
        return check_node(self.origin.site, self.origin.settings, self.store, NOW)

    @property
    def versions(self) -> tuple[Version, ...]:
        """What is signed."""
        return tuple(self.origin.refresh(NOW).belief.trusted.versions("docs"))

    def files(self, version: Version) -> dict[str, str]:
        manifest = read_manifest(self.contents.read(version.manifest.digest))
        return {e.path: e.digest for e in manifest.entries if isinstance(e, File)}

    def carried(self, at: int = 0) -> dict[str, str]:
        """What somebody with a version has after everything was received, by the bundles."""
        versions = self.versions
        way = lacking(versions, Manner(True), Held(at))
        assert way, f"no way leads on from {at}"
        assert way[-1][0].number == versions[-1].number
        had: set[str] = set()
        for version, bundle in way:
            former = next((v for v in versions if v.number == bundle.base), None)
            base = read_manifest(self.contents.read(former.manifest.digest)) if former else None
            with self.contents.open(bundle.content.digest) as stream:
                reader = BundleReader(stream, self.contents, base, version.manifest)
                for produced in reader.contents():
                    b"".join(produced.pieces)
                    had.add(produced.content.digest)
        found = self.files(versions[-1])
        assert at or set(found.values()) <= had
        return found


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def spoil(contents: ContentStore, digest: str) -> None:
    path = contents.path(digest)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_damaged_bundles_are_made_anew_as_they_were(site: Site) -> None:
    before = site.versions
    wanted = site.carried()
    bundles = [bundle.content.digest for version in before for bundle in version.bundles]
    for digest in bundles:
        spoil(site.contents, digest)
    found = site.check()
    assert set(found.damaged) == set(bundles)
    assert set(found.mended["docs"].made) == set(bundles)
    assert site.versions == before
    assert site.carried() == wanted
    assert site.check().is_well


@pytest.mark.parametrize("hand", ["damaged", "removed"])
def test_nothing_of_what_a_distributor_holds_is_fatal_alone(site: Site, hand: str) -> None:
    before = site.versions
    wanted = site.carried()
    for digest in list(site.contents.digests()):
        if hand == "damaged":
            spoil(site.contents, digest)
        else:
            site.contents.drop(digest)
        found = site.check()
        assert not found.is_well
        assert digest in (*found.damaged, *found.missing)
        assert (site.versions, site.carried()) == (before, wanted)
        assert site.check().is_well


def test_all_at_once_is_made_anew_from_the_source_as_far_as_that_goes(site: Site) -> None:
    shutil.rmtree(site.contents.path("0" * 64).parent.parent)
    found = site.check()
    # The manifest of the newest says what it said; what is in no source any more is gone.
    assert [version.number for version in site.versions] == [2]
    assert found.mended["docs"].changed == (1, 2)
    assert set(site.carried()) == {"a", "b"}
    assert site.check().is_well


def test_a_build_of_an_unchanged_source_brings_back_what_was_removed(site: Site) -> None:
    before = site.versions
    [bundle] = before[1].bundles
    site.contents.drop(bundle.content.digest)
    assert site.build().version is None
    assert site.contents.verify(bundle.content.digest)
    assert site.versions == before


def test_a_build_that_rehashes_finds_what_was_spoilt(site: Site) -> None:
    [bundle] = site.versions[1].bundles
    digest = site.files(site.versions[0])["b"]
    spoil(site.contents, bundle.content.digest)
    spoil(site.contents, digest)
    assert site.build(rehash=True).version is None
    assert site.contents.verify(bundle.content.digest)
    assert site.contents.verify(digest)


def test_a_list_of_chunks_is_made_anew_from_its_bundle(site: Site) -> None:
    [bundle] = site.versions[1].bundles
    site.contents.drop(bundle.chunks.digest)
    assert site.check().mended["docs"].made == (bundle.chunks.digest,)


def test_other_octets_are_published_anew(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    before = site.versions
    for version in before:
        for bundle in version.bundles:
            site.contents.drop(bundle.content.digest)
    made = building.make_bundle
    # As another release of the compressor would make it.
    monkeypatch.setattr(building, "make_bundle", lambda b, n, c, w, g: made(b, n, c, 1, g))
    found = site.check()
    after = site.versions
    assert found.mended["docs"].changed == (1, 2)
    assert [v.number for v in after] == [1, 2]
    assert after != before
    site.carried()
    site.carried(1)


def test_a_way_goes_past_a_version_that_is_lost(site: Site) -> None:
    site.write("b", 4)
    site.build()
    first, second, third = site.versions
    # Nothing has the file of the second version any more: what leads to it, and from it.
    site.contents.drop(site.files(second)["b"])
    for version in (second, third):
        site.contents.drop(version.bundles[0].content.digest)
    found = site.check()
    assert found.mended["docs"].changed == (2, 3)
    assert found.mended["docs"].lost == ()
    assert [v.number for v in site.versions] == [1, 3]
    site.carried()
    site.carried(1)
    assert first in site.versions
    assert site.check().is_well


def test_what_is_lost_for_good_is_told_with_what_repairs_it(site: Site) -> None:
    [bundle] = site.versions[1].bundles
    site.contents.drop(bundle.content.digest)
    site.contents.drop(site.files(site.versions[1])["b"])
    (site.source / "b").rename(site.source.parent / "away")
    found = site.check()
    assert found.mended["docs"].lost == (2,)
    told = site.store.read(lambda tx: tx.notices.newest(10))
    assert "horarium distribution build docs" in str(told)
    site.write("b", 5)
    assert site.build().version == 3
    site.carried()
    site.carried(1)
    assert site.check().is_well


def test_no_space_retires_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    before = site.versions
    site.contents.drop(before[1].bundles[0].content.digest)
    usage = shutil.disk_usage(site.source)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(BuildFailed, match="no_space"):
        site.build()
    monkeypatch.undo()
    assert site.versions == before
    site.build()
    site.carried()


def test_nothing_is_collected_while_a_manifest_is_missing(site: Site) -> None:
    site.contents.drop(site.versions[0].manifest.digest)
    assert collect_origin(site.origin, type(NOW)(1 << 40)) == 0
