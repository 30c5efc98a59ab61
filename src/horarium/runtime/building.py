"""Makes a version of a distribution: gathers, compares, and writes what carries the change.

When a build says that a version is built, all of it is durable under its digests: manifest,
bundles, their chunk lists and every file. Nothing of it is visible to anybody until the version is
signed and published, which is done elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from horarium.distribution.bundle_codec import THOROUGH
from horarium.distribution.bundle_plan import needed, unpacked_size
from horarium.distribution.bundle_writing import make_bundle
from horarium.distribution.comparing import Changes, changes, settled
from horarium.distribution.content import Blob, ChunkListing
from horarium.distribution.gathering import Cancelled, Gathered, GatherFailed, Notes, Source
from horarium.distribution.manifest import File, Manifest
from horarium.distribution.manifest_check import MOST_ENTRIES, entry_faults
from horarium.distribution.manifest_text import manifest_octets, read_manifest
from horarium.distribution.realm import Distribution
from horarium.distribution.version import Bundle, Version
from horarium.kernel.errors import CorruptState, InvalidInput, LimitReached, NotFound
from horarium.kernel.instant import Instant
from horarium.runtime import crash
from horarium.transport.content import ContentStore
from horarium.transport.gather_documents import PackageSource, PolicySource
from horarium.transport.gather_files import FileSource
from horarium.transport.gather_ftp import FtpSource
from horarium.transport.gather_http import HttpSource
from horarium.transport.gathering import Gathering, Keeper, KeepFailed, Measuring, Pace

SOURCES: Mapping[str, Callable[[Gathering], Source]] = {
    "file": FileSource,
    "ftp": FtpSource,
    "http": HttpSource,
    "package": PackageSource,
    "policy": PolicySource,
}
"""What gathers for each type."""

# Moments of a build at which a loss of power would matter, told by the store of contents.
_PASSED: Mapping[str, Callable[[], None]] = {
    "chunk-temp": partial(crash.at, "build:chunk-temp"),
    "chunk-renamed": partial(crash.at, "build:chunk-renamed"),
}


def passed(point: str) -> None:
    """What a store of contents is given to tell how far a build is."""
    _PASSED[point]()


@dataclass(frozen=True, slots=True)
class Order:
    """What to build. ``newest`` is the newest version and ``retained`` all that are kept, it among
    them; ``number`` the next one; ``definition`` a digest of the definition. ``rollback`` is a
    retained version whose content is to be that of the new one; ``budget`` the work for each octet
    that changed (see `horarium.distribution.bundle_codec`)."""

    distribution: Distribution
    number: int
    now: Instant
    newest: Version | None = None
    retained: tuple[Version, ...] = ()
    definition: str = ""
    rehash: bool = False
    new_baseline: bool = False
    rollback: Version | None = None
    budget: int = THOROUGH


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Nothing changed since the newest version: there is no new one."""

    warnings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """A version, durable but not published. ``files`` and ``size`` are all of it, ``delta_bytes``
    what a receiver of the version before fetches, None where it fetches the whole.

    ``baseline`` is the oldest version that will be kept, with the whole bundle it needs from now
    on, when one was made: to be published with the version."""

    version: Version
    files: int
    size: int
    delta_bytes: int | None
    baseline: Version | None = None
    warnings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The version that a build would make now: its ``number``, all of its ``files`` and octets,
    and the ``changes`` since the newest version."""

    number: int
    files: int
    size: int
    changes: Changes
    warnings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """No version could be made: a code, the path or address it is about, and why in words."""

    reason: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The build was told to stop; who told it knows why."""


Outcome = Unchanged | Built | Failed | Stopped

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Compared:
    """A source that was gathered beside the newest version, None where there is none."""

    before: Manifest | None
    now: Manifest
    warnings: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Builder:
    """Builds versions into one store of contents. ``stop`` ends a build between two files.

    ``free`` tells the octets that the disk of the store has left; sources are read at a ``pace``.
    """

    store: ContentStore
    notes: Notes
    stop: threading.Event = field(default_factory=threading.Event)
    free: Callable[[], int] = lambda: 1 << 62
    pace: Pace = field(default_factory=Pace)

    def build(self, order: Order) -> Outcome:
        """One build, from its source to durable contents. Blocks. OSError when the disk breaks in
        another way than by being full."""
        return self._ended(lambda: self._build(order))

    def foresee(self, order: Order) -> Foreseen | Unchanged | Failed | Stopped:
        """What a build would make, by the same gathering and comparing; no content is kept."""
        return self._ended(lambda: self._foreseen(order))

    def _ended(self, work: Callable[[], T]) -> T | Failed | Stopped:
        try:
            return work()
        except Cancelled:
            return Stopped()
        except GatherFailed as error:
            return Failed(error.reason, error.path, error.text)
        except LimitReached as error:
            return Failed("too_large", "", str(error))
        except InvalidInput as error:
            return Failed("definition", error.part, error.message)
        except CorruptState as error:
            # The next build gathers it anew, or does without it.
            self.store.drop(error.key)
            return Failed("corrupt", error.key, f"{error.key} was not what it is called any more")
        except KeepFailed as error:
            raise error.error from error

    def whole_bundle(self, version: Version, budget: int = THOROUGH) -> Bundle:
        """The bundle of a whole version for who has no base. Blocks. NotFound or CorruptState when
        a content of it is gone; GatherFailed (no_space), Cancelled, OSError."""
        return self.bundle(None, self._manifest(version), budget)

    def bundle(self, base: Manifest | None, now: Manifest, budget: int = THOROUGH) -> Bundle:
        """The bundle from a base, or of a whole version; raises as `whole_bundle` does."""
        carried = sum(blob.length for blob in needed(base, now))
        self._room(carried + len(manifest_octets(now)))
        chunks = ChunkListing()
        pieces = make_bundle(base, now, self.store, budget, self._go_on)
        content = self._put(chunks.passing(pieces))
        listed = self._put(iter((chunks.done().digests,)))
        former = base.version if base is not None else 0
        return Bundle(former, content, listed, unpacked_size(base, now))

    def gathered(self, what: Distribution, number: int, now: Instant) -> Manifest:
        """What the source holds now, as a version of a number; its files are kept. Blocks.
        GatherFailed, InvalidInput, Cancelled, OSError."""
        order = Order(what, number, now)
        try:
            return _manifest_of(order, None, self._gather(order, None, self.store))
        except KeepFailed as error:
            raise error.error from error

    # --- what changed ---------------------------------------------------------

    def _build(self, order: Order) -> Outcome:
        found = self._compared(order, self.store)
        if isinstance(found, Unchanged | Failed):
            return found
        return self._made(order, found.before, found.now, found.warnings)

    def _foreseen(self, order: Order) -> Foreseen | Unchanged | Failed:
        found = self._compared(order, Measuring(self.store))
        if isinstance(found, Unchanged | Failed):
            return found
        files = [entry for entry in found.now.entries if isinstance(entry, File)]
        former = found.before.entries if found.before is not None else ()
        return Foreseen(
            order.number, len(files), sum(entry.size for entry in files),
            changes(former, found.now.entries), found.warnings,
        )  # fmt: skip

    def _compared(self, order: Order, keeper: Keeper) -> _Compared | Unchanged | Failed:
        before = self._former(order)
        asked = order.distribution.kind
        if before is not None and before.kind != asked and not order.new_baseline:
            text = f"it was of type {before.kind}; a new baseline is needed to make it {asked}"
            return Failed("type_changed", "", text)
        gathered = self._gather(order, before, keeper)
        crash.at("build:scanned")
        now = _manifest_of(order, before, gathered)
        if before is not None and not order.new_baseline and not _differ(before, now):
            return Unchanged(gathered.warnings)
        for path, text in entry_faults(now.entries):
            raise GatherFailed("path", path, f"{path[:200]!r} {text}")
        return _Compared(before, now, gathered.warnings)

    def _former(self, order: Order) -> Manifest | None:
        try:
            return self._manifest(order.newest) if order.newest is not None else None
        except (NotFound, InvalidInput):
            # What was lost here costs a whole bundle, not the distribution.
            return None

    def _manifest(self, version: Version) -> Manifest:
        return read_manifest(self.store.read(version.manifest.digest))

    def _gather(self, order: Order, before: Manifest | None, keeper: Keeper) -> Gathered:
        if order.rollback is not None:
            return self._again(self._manifest(order.rollback))
        gathering = Gathering(
            keeper,
            self.notes,
            order.now,
            room=self._room,
            stop=self.stop,
            rehash=order.rehash,
            pace=self.pace,
        )
        files = before.entries if before is not None else ()
        former = {entry.path: entry for entry in files if isinstance(entry, File)}
        source = SOURCES[order.distribution.kind](gathering)
        return source.gather(order.distribution.content, former)

    def _again(self, old: Manifest) -> Gathered:
        """What an older version held; GatherFailed when not all of it is there any more."""
        for entry in old.entries:
            if isinstance(entry, File) and not self.store.has(entry.digest):
                raise GatherFailed("missing", entry.path, "its content is not kept any more")
        return Gathered(old.entries)

    # --- what carries it ------------------------------------------------------

    def _made(
        self, order: Order, before: Manifest | None, now: Manifest,
        warnings: tuple[tuple[str, str], ...],
    ) -> Built:  # fmt: skip
        bundles = []
        for base in self._bases(order, before):
            bundle = self._bundle_or_none(base, now, order.budget)
            bundles += [bundle] if bundle is not None else []
        if not bundles or _whole_too(order, before):
            bundles.append(self.bundle(None, now, order.budget))
        baseline = None
        try:
            baseline = self._next_baseline(order)
        except NotFound:
            # What the oldest held is lost: this version is the one to begin with.
            if not any(bundle.base == 0 for bundle in bundles):
                bundles.append(self.bundle(None, now, order.budget))
        text = manifest_octets(now)
        self._room(len(text))
        manifest = self._put(iter((text,)))
        crash.at("build:manifest-written")
        files = [entry for entry in now.entries if isinstance(entry, File)]
        size = sum(entry.size for entry in files)
        version = Version(
            now.distribution,
            now.version,
            order.now,
            manifest,
            tuple(bundles),
            len(files),
            size,
            order.definition,
            order.rollback.number if order.rollback is not None else 0,
        )
        delta = version.bundle_from(before.version) if before is not None else None
        octets = delta.content.length if delta is not None else None
        return Built(version, len(files), size, octets, baseline, warnings)

    def _bases(self, order: Order, before: Manifest | None) -> Iterator[Manifest]:
        """The versions that are patched from: the one before, and with jumps all that are kept."""
        if before is None or order.new_baseline or order.distribution.delta == "whole":
            return
        yield before
        if order.rollback is not None and order.rollback.number != before.version:
            # Who never left it has next to nothing to fetch.
            yield self._manifest(order.rollback)
        if order.distribution.catch_up_versions == "jump":
            done = {before.version, order.rollback.number if order.rollback is not None else 0}
            for version in _kept_beside(order):
                if version.number not in done:
                    yield self._manifest(version)

    def _next_baseline(self, order: Order) -> Version | None:
        """The oldest version that stays when this one is there, if it lacks its whole bundle."""
        kept = _kept_beside(order)
        goes = len(kept) < len(order.retained)
        if not order.distribution.sequential or order.new_baseline or not kept or not goes:
            return None
        oldest = min(kept, key=lambda version: version.number)
        if oldest.bundle_from(0) is not None:
            return None
        return replace(oldest, bundles=(*oldest.bundles, self.whole_bundle(oldest, order.budget)))

    def _bundle_or_none(self, base: Manifest, now: Manifest, budget: int) -> Bundle | None:
        """The bundle from a base, None when a content of the base is not there any more."""
        there = {blob.digest for blob in needed(base, now)}
        try:
            return self.bundle(base, now, budget)
        except CorruptState as error:
            if error.key in there:
                raise
            self.store.drop(error.key)
        except NotFound:
            pass
        return None

    def _put(self, pieces: Iterator[bytes]) -> Blob:
        return Gathering(self.store, self.notes, Instant(0), stop=self.stop).keep(pieces, "")

    def _go_on(self) -> None:
        if self.stop.is_set():
            raise Cancelled("the build was told to stop")

    def _room(self, octets: int) -> None:
        """Twice what is written must be free: the file, and the bundle that carries it."""
        left = self.free()
        if left < 2 * octets:
            raise GatherFailed("no_space", "", f"{2 * octets} octets are needed, {left} are free")


def _manifest_of(order: Order, before: Manifest | None, gathered: Gathered) -> Manifest:
    """What was gathered as the next version, not judged yet."""
    if len(gathered.entries) > MOST_ENTRIES:
        raise LimitReached("the number of entries", len(gathered.entries), MOST_ENTRIES)
    entries = settled(before.entries if before is not None else (), gathered.entries)
    wanted = order.distribution
    return Manifest(
        wanted.name, order.number, wanted.kind, wanted.target, wanted.sequential, entries
    )


def _differ(before: Manifest, now: Manifest) -> bool:
    """Whether there is something to send: other entries, or another place for them."""
    return bool(changes(before.entries, now.entries)) or before.root != now.root


def _whole_too(order: Order, before: Manifest | None) -> bool:
    """Whether the version is to be had whole without asking: a baseline, one that stands alone,
    and one whose receivers hold none before it."""
    wanted = order.distribution
    alone = wanted.revisions == 1 or not wanted.sequential
    goes_back = order.rollback is not None
    return before is None or order.new_baseline or wanted.delta == "whole" or alone or goes_back


def _kept_beside(order: Order) -> list[Version]:
    """The versions that stay when the new one is there, the newest first."""
    ordered = sorted(order.retained, key=lambda version: -version.number)
    most = order.distribution.revisions
    return ordered if most is None else ordered[: most - 1]
