"""A version: what a distribution was at one time, and the bundles that carry it."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.distribution.content import Blob
from horarium.kernel.instant import Instant


@dataclass(frozen=True, slots=True)
class Bundle:
    """One file that carries a version over a link: to who holds version ``base``, or to anybody
    where that is 0. ``chunks`` is the chunk list of ``content``, a content too. ``unpacked`` is
    the octets of all files that extracting it writes."""

    base: int
    content: Blob
    chunks: Blob
    unpacked: int


@dataclass(frozen=True, slots=True)
class Version:
    """One version as it is signed. ``manifest`` is the canonical text of its manifest as a
    content; ``definition`` a digest of the definition it was built by; ``returns`` the version
    whose content it has again, 0 for a version of its own."""

    distribution: str
    number: int
    built: Instant
    manifest: Blob
    bundles: tuple[Bundle, ...]
    files: int
    size: int
    definition: str = ""
    returns: int = 0

    def bundle_from(self, base: int) -> Bundle | None:
        """The bundle for who holds ``base``; 0 for the whole version."""
        return next((bundle for bundle in self.bundles if bundle.base == base), None)
