"""The bundles of a node as extraction reads them, and the manifests that later ones build on."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

from horarium.distribution.bundle_reading import BasesDiffer, BundleReader
from horarium.distribution.manifest import Manifest
from horarium.distribution.manifest_text import manifest_octets, read_manifest
from horarium.distribution.ports import Contents
from horarium.distribution.version import Version
from horarium.kernel.errors import HorariumError, InvalidInput
from horarium.store.holdings import Holding
from horarium.store.store import Store, Transaction
from horarium.transport.content import ContentStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UnpackedBundle:
    """A received version (`horarium.transport.staging.Unpacked`) out of its bundle. What builds on
    files that were changed here is left out: it has to be fetched whole."""

    reader: BundleReader

    @property
    def manifest(self) -> Manifest:
        """Every entry of the version."""
        return self.reader.manifest

    def contents(self) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        """See `Unpacked`."""
        try:
            for produced in self.reader.contents():
                yield produced.content.digest, produced.content.length, produced.pieces
        except BasesDiffer as differ:
            log.warning("extract.changed_here files=%d", len(differ.bases))


@dataclass(frozen=True, slots=True)
class Bundles:
    """The bundles that a node holds. A version that came into use leaves its manifest behind, also
    when its bundle goes: the next version may be told as changes to it."""

    store: Store
    contents: ContentStore

    @contextmanager
    def opened(
        self, holding: Holding, version: Version, bases: Contents
    ) -> Iterator[UnpackedBundle]:
        """A bundle, while the block lasts. InvalidInput when what it builds on is not known."""
        before = self.manifest(holding.distribution, holding.base) if holding.base else None
        with closing(self.contents.open(holding.digest)) as stream:
            yield UnpackedBundle(BundleReader(stream, bases, before, version.manifest))

    def manifest(self, name: str, version: int) -> Manifest:
        """The manifest of a version that came into use here. InvalidInput when it is not here."""
        digest = self.store.read(lambda tx: tx.holdings.manifest(name, version))
        if digest is None:
            raise InvalidInput(f"the manifest of version {version} is not here any more")
        return read_manifest(self.contents.read(digest))

    def keep(self, name: str, version: int, manifest: Manifest) -> None:
        """Keeps the manifest of a version that is in use now."""
        blob = self.contents.put([manifest_octets(manifest)])

        def work(tx: Transaction) -> None:
            tx.holdings.keep_manifest(name, version, blob.digest)

        self.store.transact([], work)

    def keep_recovered(
        self, in_use: Mapping[str, int], versions: Mapping[str, tuple[Version, ...]]
    ) -> None:
        """Keeps the manifests of versions that came into use while their process died, out of the
        bundles that they came by."""
        held, known = self.store.read(lambda tx: (tx.holdings.all(), tx.holdings.manifests()))
        for name, number in in_use.items():
            version = next((v for v in versions.get(name, ()) if v.number == number), None)
            if (name, number) in known or version is None:
                continue
            for holding in held:
                if (holding.distribution, holding.version) != (name, number):
                    continue
                try:
                    with self.opened(holding, version, self.contents) as unpacked:
                        self.keep(name, number, unpacked.manifest)
                    break
                except (HorariumError, OSError) as error:
                    log.warning(
                        "manifest.unknown distribution=%s version=%d reason=%s", name, number, error
                    )
