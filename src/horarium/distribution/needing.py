"""What a receiver lacks: which bundles bring it from what it holds to what it should hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from horarium.distribution.content import Blob
from horarium.distribution.version import Bundle, Version


@dataclass(frozen=True, slots=True)
class Manner:
    """How a distribution is followed. ``sequential``: every version in order; ``jump``: versions
    may be passed over where a bundle leads past them."""

    sequential: bool
    jump: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """What a node holds of one distribution: the version that is ``extracted`` (0: none), and of
    each version ``received`` and not extracted the base it leads on from."""

    extracted: int = 0
    received: tuple[tuple[int, int], ...] = ()

    @property
    def reached(self) -> int:
        """The version that extracting all that was received leads to."""
        at = self.extracted
        for number, base in sorted(self.received):
            if number > at and base in (0, at):
                at = number
        return at

    def is_complete(self, versions: Sequence[Version]) -> bool:
        """Whether nothing of the retained versions is lacking (seed 002: the baseline and every
        change since, or the current version)."""
        return not versions or self.reached >= versions[-1].number


@dataclass(frozen=True, slots=True)
class Need:
    """One content that somebody lacks: what it is for, and its chunk list where it is long."""

    distribution: str
    version: int
    content: Blob
    chunks: Blob | None = None
    base: int = 0


def lacking(
    versions: Sequence[Version], manner: Manner, held: Held, withdrawn: Collection[int] = ()
) -> list[tuple[Version, Bundle]]:
    """The bundles that a receiver lacks, in the order in which it extracts them.

    ``versions`` are the retained ones in order. ``withdrawn`` are gone back from: who lacks one
    never gets it, and goes past it in one bundle. Empty when nothing is lacking, or when no way
    leads on yet.
    """
    if not versions:
        return []
    newest = versions[-1]
    at, way = held.reached, list[tuple[Version, Bundle]]()
    while at < newest.number:
        step = _step(versions, manner, at, withdrawn)
        if step is None:
            return way
        way.append(step)
        at = step[0].number
    return way


def _step(
    versions: Sequence[Version], manner: Manner, at: int, withdrawn: Collection[int]
) -> tuple[Version, Bundle] | None:
    newest = versions[-1]
    if not manner.sequential or manner.jump:
        direct = newest.bundle_from(at) if at else None
        direct = direct or (newest.bundle_from(0) if not manner.sequential or not at else None)
        if direct is not None:
            return newest, direct
    ahead = [version for version in versions if version.number > at]
    following = [version for version in ahead if version.number not in withdrawn]
    for version in following:
        bundle = version.bundle_from(at) if at else None
        if bundle is not None:
            return version, bundle
        if version.returns and any(number in withdrawn for number in range(at, version.number)):
            # Past what was withdrawn: the whole of what was returned to.
            whole = version.bundle_from(0)
            if whole is not None:
                return version, whole
    # Nothing leads on from what is held: the oldest that stands by itself, and what follows it.
    return next(((v, whole) for v in following if (whole := v.bundle_from(0)) is not None), None)


def need_of(distribution: str, version: Version, bundle: Bundle) -> Need:
    """A bundle as a need."""
    return Need(distribution, version.number, bundle.content, bundle.chunks, bundle.base)
