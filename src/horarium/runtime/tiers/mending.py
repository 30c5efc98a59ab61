"""Makes anew, at the distributor, contents of retained versions that are not there any more.

Nobody else has them first, so they are not fetched but made: files out of bundles or of the source,
manifests out of bundles, bundles out of files. The same inputs give the same octets; where they do
not, the version is published anew with what was made in its place.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from horarium.distribution.bundle_plan import needed
from horarium.distribution.bundle_reading import BasesDiffer, BundleReader
from horarium.distribution.content import ChunkListing, digest_of
from horarium.distribution.gathering import Cancelled, GatherFailed
from horarium.distribution.manifest import File, Manifest
from horarium.distribution.manifest_text import manifest_octets, read_manifest
from horarium.distribution.needing import Held, Manner, lacking
from horarium.distribution.realm import Distribution
from horarium.distribution.version import Bundle, Version
from horarium.kernel.errors import CorruptState, HorariumError, InvalidInput, NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.building import Builder
from horarium.runtime.notices import CONTENT_MISSING, notice
from horarium.runtime.tiers.origin import Origin
from horarium.store.store import Transaction
from horarium.transport.content import ContentStore
from horarium.transport.gathering import Pace
from horarium.transport.notes import FileNotes

log = logging.getLogger(__name__)

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of lost contents: digests of those that are ``made`` anew, and of those that are
    ``missing`` still; versions that were ``changed``: published with other bundles, or retired.
    ``lost`` is the newest version where nothing can carry it any more."""

    made: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    changed: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()


def is_at_hand(contents: ContentStore, versions: Iterable[Version]) -> bool:
    """Whether everything is there that is sent of versions, files aside."""
    return all(contents.has(digest) for version in versions for digest in sent_of(version))


def sent_of(version: Version) -> Iterator[str]:
    """The digests that a version names itself."""
    yield version.manifest.digest
    for bundle in version.bundles:
        yield from (bundle.content.digest, bundle.chunks.digest)


def mend(
    origin: Origin, what: Distribution, now: Instant, *, hashed: bool = False,
    stop: threading.Event | None = None, pace: Pace | None = None,
) -> Mended:  # fmt: skip
    """Makes anew what is missing of a distribution; with ``hashed`` also what is not what it is
    called. Only for who holds the lock of its builds. GatherFailed (no_space), Cancelled, OSError:
    then it can be done later."""
    found = origin.store.read(lambda tx: tx.versions.retained(what.name))
    notes = FileNotes(origin.folder.root / "notes" / f"{what.name}.jsonl")
    contents = origin.folder.store()
    builder = Builder(
        contents, notes, stop or threading.Event(),
        lambda: origin.folder.free, pace or Pace(),
    )  # fmt: skip
    mending = _Mending(contents, builder, what, now, found)
    done = mending.run(hashed=hashed)
    _keep(origin, what.name, mending.after, mending.retired, done, now)
    return done


def _keep(
    origin: Origin, name: str, versions: Iterable[Version], retired: Iterable[int], done: Mended,
    now: Instant,
) -> None:  # fmt: skip
    remedy = f"horarium distribution build {name} makes a whole one in its place"

    def work(tx: Transaction) -> None:
        for version in versions:
            if version.number in done.changed:
                tx.versions.save(version)
        for number in retired:
            tx.versions.retire(name, number, now)
        for number in done.lost:
            text = f"nothing can carry version {number} any more; {remedy}"
            notice(tx, CONTENT_MISSING, name, text, now)

    if done.made or done.changed or done.lost:
        log.warning(
            "contents.mended distribution=%s made=%d missing=%d changed=%s lost=%s", name,
            len(done.made), len(done.missing), list(done.changed), list(done.lost),
        )  # fmt: skip
    if done.changed or done.lost:
        origin.store.transact([], work)
    if done.changed:
        origin.follow(now)


@dataclass(slots=True)
class _Mending:
    """One distribution while it is mended."""

    contents: ContentStore
    builder: Builder
    what: Distribution
    now: Instant
    versions: list[Version]
    after: list[Version] = field(default_factory=list)
    retired: list[int] = field(default_factory=list)
    manifests: dict[int, Manifest] = field(default_factory=dict)

    def run(self, *, hashed: bool) -> Mended:
        gone: set[str] = set()
        if hashed:
            gone |= self._drop_damaged(d for version in self.versions for d in sent_of(version))
        named = {digest for version in self.versions for digest in sent_of(version)}
        gone |= {digest for digest in named if not self.contents.has(digest)}
        self._find_manifests()
        files = {e.digest for one in self.manifests.values() for e in _files(one)}
        if hashed:
            self._drop_damaged(files)
        gone |= {digest for digest in files if not self.contents.has(digest)}
        if not gone:
            return Mended()
        self._find_files(files)
        if len(self.manifests) < len(self.versions) or not self._has_all(files):
            self._gather()
        lost = self._bundles()
        before = {version.number: version for version in self.versions}
        changed = [v.number for v in self.after if before[v.number] != v] + self.retired
        wanted = files | {digest for version in self.after for digest in sent_of(version)}
        return Mended(
            tuple(sorted(digest for digest in gone if self.contents.has(digest))),
            tuple(sorted(digest for digest in wanted if not self.contents.has(digest))),
            tuple(sorted(changed)), tuple(lost),
        )  # fmt: skip

    def _drop_damaged(self, digests: Iterable[str]) -> set[str]:
        found = {d for d in set(digests) if self.contents.has(d) and not self.contents.verify(d)}
        for digest in found:
            self.contents.drop(digest)
        return found

    def _has_all(self, digests: Iterable[str]) -> bool:
        return all(self.contents.has(digest) for digest in digests)

    # --- manifests -------------------------------------------------------------

    def _find_manifests(self) -> None:
        for version in self.versions:
            manifest = self._manifest(version)
            if manifest is not None:
                self.manifests[version.number] = manifest

    def _manifest(self, version: Version) -> Manifest | None:
        """The manifest of a version: its own content, or what one of its bundles says."""
        with suppress(NotFound, InvalidInput):
            data = self.contents.read(version.manifest.digest)
            if digest_of(data) == version.manifest.digest:
                return read_manifest(data)
            self.contents.drop(version.manifest.digest)
        for bundle in version.bundles:
            opened = suppress(NotFound, InvalidInput)
            with opened, closing(self.contents.open(bundle.content.digest)) as stream:
                manifest = self._reader(stream, version, bundle).manifest
                self.contents.put([manifest_octets(manifest)])
                return manifest
        return None

    def _base(self, bundle: Bundle) -> Manifest | None:
        """The manifest that a bundle leads on from. NotFound when it is not known."""
        if not bundle.base:
            return None
        if bundle.base not in self.manifests:
            raise NotFound(f"the manifest of version {bundle.base} is not here")
        return self.manifests[bundle.base]

    def _reader(self, stream: BinaryIO, version: Version, bundle: Bundle) -> BundleReader:
        return BundleReader(stream, self.contents, self._base(bundle), version.manifest)

    # --- files -----------------------------------------------------------------

    def _find_files(self, files: Iterable[str]) -> None:
        """Takes files out of the bundles that carry them; those of earlier versions first, for
        later ones build on them."""
        missing = {digest for digest in files if not self.contents.has(digest)}
        for version in self.versions:
            manifest = self.manifests.get(version.number)
            if manifest is None or not missing:
                continue
            for bundle in version.bundles:
                with suppress(NotFound):
                    carried = {blob.digest for blob in needed(self._base(bundle), manifest)}
                    if carried & missing:
                        self._take_out(version, bundle, missing)
                        missing = {one for one in missing if not self.contents.has(one)}

    def _take_out(self, version: Version, bundle: Bundle, missing: set[str]) -> None:
        stream = self.contents.open(bundle.content.digest)
        with closing(stream), suppress(BasesDiffer, InvalidInput):
            reader = self._reader(stream, version, bundle)
            for produced in reader.contents(lambda digest: digest not in missing):
                with suppress(BasesDiffer):
                    self.contents.put(produced.pieces)

    def _gather(self) -> None:
        """Reads the source anew: what is in it still is kept again."""
        newest = self.versions[-1]
        try:
            found = self.builder.gathered(self.what, newest.number, self.now)
        except Cancelled:
            raise
        except HorariumError as error:
            if isinstance(error, GatherFailed) and error.reason == "no_space":
                raise
            log.warning("contents.no_source distribution=%s reason=%s", self.what.name, error)
            return
        octets = manifest_octets(found)
        if newest.number not in self.manifests and digest_of(octets) == newest.manifest.digest:
            self.contents.put([octets])
            self.manifests[newest.number] = found

    # --- bundles ---------------------------------------------------------------

    def _bundles(self) -> list[int]:
        """Makes bundles anew; the newest version when nothing leads to it any more."""
        newest = self.versions[-1].number
        for version in self.versions:
            bundles = [made for one in version.bundles if (made := self._bundle(version, one))]
            if not bundles:
                bundles = [made for made in (self._made(version, 0),) if made]
            if bundles:
                self.after.append(replace(version, bundles=tuple(bundles)))
            elif version.number != newest:
                # Nobody can be sent it, and a way that leads over it would end there.
                self.retired.append(version.number)
            else:
                self.after.append(version)
                return [newest]
        if self.after == self.versions or self._leads_on() or self._whole_newest():
            return []
        return [newest]

    def _bundle(self, version: Version, bundle: Bundle) -> Bundle | None:
        """A bundle that is here whole, itself or made anew; None when it can not be had."""
        if not self.contents.has(bundle.content.digest):
            return self._made(version, bundle.base)
        if not self.contents.has(bundle.chunks.digest) and not self._listed(bundle):
            self.contents.drop(bundle.content.digest)
            return self._made(version, bundle.base)
        return bundle

    def _made(self, version: Version, base: int) -> Bundle | None:
        manifest = self.manifests.get(version.number)
        before = self.manifests.get(base)
        if manifest is None or (base and before is None):
            return None
        try:
            return self.builder.bundle(before, manifest)
        except CorruptState as error:
            self.contents.drop(error.key)
        except NotFound:
            pass
        return None

    def _listed(self, bundle: Bundle) -> bool:
        """Lists the chunks of a bundle anew; whether the list is what it was."""
        listing = ChunkListing()
        with closing(self.contents.open(bundle.content.digest)) as file:
            for _ in listing.passing(iter(lambda: file.read(_PIECE), b"")):
                pass
        return self.contents.put([listing.done().digests]) == bundle.chunks

    def _leads_on(self) -> bool:
        """Whether everybody gets to the newest version by what there is, whatever they hold."""
        manner = Manner(self.what.sequential, self.what.catch_up_versions == "jump")
        newest = self.after[-1].number
        held = [0, *(version.number for version in self.versions if version.number < newest)]
        for at in held:
            way = lacking(self.after, manner, Held(at))
            if not way or way[-1][0].number != newest:
                return False
        return True

    def _whole_newest(self) -> bool:
        """Makes the newest version to be had whole; whether it could be done."""
        whole = self._made(self.after[-1], 0)
        if whole is not None:
            self.after[-1] = replace(self.after[-1], bundles=(*self.after[-1].bundles, whole))
        return whole is not None


def _files(manifest: Manifest) -> Iterator[File]:
    return (entry for entry in manifest.entries if isinstance(entry, File))
