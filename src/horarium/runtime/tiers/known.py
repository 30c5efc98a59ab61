"""Which contents belong to which distribution: a child may name only what is its own to have."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from horarium.distribution.content import Blob
from horarium.distribution.needing import Need, need_of
from horarium.distribution.version import Version


class Known:
    """The bundles and manifests of all versions that are believed, by digest. ``files`` answers for
    single files: the versions' manifests know them, where there are any."""

    def __init__(
        self, versions: Sequence[Version],
        files: Callable[[str, int, Blob], bool] = lambda name, version, content: False,
    ) -> None:  # fmt: skip
        self._files = files
        self._named = {
            (version.distribution, bundle.content.digest): need_of(
                version.distribution, version, bundle
            )
            for version in versions
            for bundle in version.bundles
        }
        for version in versions:
            # Who lost that of the version it has in use can not read what changes it.
            need = Need(version.distribution, version.number, version.manifest)
            self._named[(version.distribution, version.manifest.digest)] = need

    def need(self, asked: Need) -> Need | None:
        """What a child means, in the words of signed metadata; None when it may not have it."""
        found = self._named.get((asked.distribution, asked.content.digest))
        if found is not None:
            return found
        if asked.chunks is None and self._files(asked.distribution, asked.version, asked.content):
            return Need(asked.distribution, asked.version, asked.content)
        return None
