"""Builds what an extraction needs beside its target, before anything of the target is touched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from horarium.distribution.bundle_reading import BasesDiffer
from horarium.distribution.extraction import Plan, Staged
from horarium.distribution.failing import ExtractionFailed, Trouble
from horarium.distribution.manifest import Directory, File, Link, Manifest
from horarium.distribution.ports import Contents
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.transport.tree import Tree

NEW = "new"
"""What is staged lies here, by its number."""

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PIECE = 1 << 20
# Of what is to be written, so much more must be free: directories and the journal of the file
# system take their part.
_MARGIN = (11, 10)


class Unpacked(Protocol):
    """A received version as it comes out of its bundle."""

    @property
    def manifest(self) -> Manifest:
        """Every entry of the version."""
        ...

    def contents(self) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        """Each content that the bundle makes, once: digest, length, and its octets in pieces.

        BasesDiffer, at the end or out of the pieces, when some can not be made; InvalidInput when
        the bundle is not as it must be."""
        ...


@dataclass(slots=True)
class Pace:
    """How fast may be written: ``rate`` octets a second, None for as fast as it goes. ``sleep``
    waits for seconds that ``monotonic`` counts."""

    rate: int | None
    monotonic: Callable[[], float]
    sleep: Callable[[float], object]
    _free_at: float = 0.0

    def slices(self, piece: bytes) -> Iterator[bytes | memoryview]:
        """A piece in parts, each given when it may be written."""
        if self.rate is None:
            yield piece
            return
        most = max(self.rate // 10, 16_384)
        view = memoryview(piece)
        for start in range(0, len(view), most):
            part = view[start : start + most]
            now = self.monotonic()
            if self._free_at > now:
                self.sleep(self._free_at - now)
            self._free_at = max(self._free_at, now) + len(part) / self.rate
            yield part


def check_room(stage: Tree, plan: Plan, keep_free: int) -> None:
    """ExtractionFailed with ``no_space`` unless what is staged fits and ``keep_free`` octets are
    left."""
    octets, files = stage.room()
    need = plan.octets * _MARGIN[0] // _MARGIN[1] + keep_free
    if octets < need:
        why = f"{need} octets must be free, {octets} are"
        raise ExtractionFailed(Trouble.NO_SPACE, "", why)
    if files is not None and files < len(plan.staged) + 8:
        why = f"{len(plan.staged)} files must fit, {files} do"
        raise ExtractionFailed(Trouble.NO_SPACE, "", why)


def build(
    stage: Tree, plan: Plan, unpacked: Unpacked, other: Contents, local: Tree, pace: Pace
) -> None:
    """Builds everything of a plan. What the bundle does not make is looked for in ``other``;
    ``local`` is where kept files are copied from.

    ExtractionFailed with ``content_wrong`` for a content that is not what its name says, and with
    ``content_missing`` and the digests for those that are nowhere. OSError of the disk.
    """
    _Building(stage, plan, local, pace).build(unpacked, other)


@dataclass(slots=True)
class _Building:
    stage: Tree
    plan: Plan
    local: Tree
    pace: Pace

    def build(self, unpacked: Unpacked, other: Contents) -> None:
        self.stage.make(NEW, 0o700)
        waiting: dict[str, list[Staged]] = {}
        for item in self.plan.staged:
            match item.entry:
                case Directory():
                    self.stage.make(f"{NEW}/{item.place}", 0o700)
                case Link(_, target):
                    self.stage.link_to(f"{NEW}/{item.place}", target)
                case File() if item.kept:
                    self._copy(item, item.entry, self.local.read(item.kept))
                case File(digest=digest):
                    waiting.setdefault(digest, []).append(item)
        if waiting:
            self._unpack(unpacked, waiting)
        self._from(other, waiting)
        for item in reversed(self.plan.staged):
            if isinstance(item.entry, Directory) and item.entry.mode != 0o700:
                self.stage.set_mode(f"{NEW}/{item.place}", item.entry.mode)

    def _unpack(self, unpacked: Unpacked, waiting: dict[str, list[Staged]]) -> None:
        try:
            for digest, length, pieces in unpacked.contents():
                if self._content(waiting.get(digest, []), digest, length, pieces):
                    waiting.pop(digest, None)
        except BasesDiffer:
            # What could not be made still waits, and is looked for elsewhere.
            pass
        except InvalidInput as invalid:
            why = f"the bundle is not as it must be: {invalid.message}"
            raise ExtractionFailed(Trouble.CONTENT_WRONG, "", why) from invalid

    def _from(self, other: Contents, waiting: dict[str, list[Staged]]) -> None:
        missing = []
        for digest, items in waiting.items():
            if not other.has(digest):
                missing.append(digest)
                continue
            try:
                with other.open(digest) as file:
                    length = _size(items[0])
                    self._content(items, digest, length, iter(lambda: file.read(_PIECE), b""))
            except NotFound:
                missing.append(digest)
        if missing:
            path = waiting[missing[0]][0].entry.path
            why = f"{len(missing)} contents are not at hand"
            raise ExtractionFailed(Trouble.CONTENT_MISSING, path, why, missing=tuple(missing))

    def _content(
        self, items: list[Staged], digest: str, length: int, pieces: Iterator[bytes]
    ) -> bool:
        """Writes a content everywhere it is wanted; False when it turns out that it can not be
        made."""
        if not items:
            for _ in pieces:
                pass
            return True
        first, *more = items
        if any(_size(item) != length for item in items):
            why = f"has {length} octets, its entry says {_size(first)}"
            raise ExtractionFailed(Trouble.CONTENT_WRONG, first.entry.path, why)
        assert isinstance(first.entry, File)
        try:
            found = self._copy(first, first.entry, pieces, length)
        except BasesDiffer:
            self.stage.remove(f"{NEW}/{first.place}")
            return False
        if found != digest:
            raise ExtractionFailed(Trouble.CONTENT_WRONG, first.entry.path, f"is not {digest}")
        for item in more:
            assert isinstance(item.entry, File)
            self._copy(item, item.entry, self.stage.read(f"{NEW}/{first.place}"))
        return True

    def _copy(
        self, item: Staged, entry: File, pieces: Iterator[bytes], most: int | None = None
    ) -> str:
        """Writes a file with its mode and time; its digest. Cut when it is longer than it says."""
        above, name = self.stage.parent(f"{NEW}/{item.place}")
        method, length = sha256(), 0
        descriptor = os.open(name, _CREATE, 0o600, dir_fd=above)
        try:
            for piece in pieces:
                length += len(piece)
                if most is not None and length > most:
                    why = f"has more than {most} octets"
                    raise ExtractionFailed(Trouble.CONTENT_WRONG, entry.path, why)
                method.update(piece)
                if self.pace.rate is None:
                    _write(descriptor, piece)
                else:
                    for part in self.pace.slices(piece):
                        _write(descriptor, part)
            os.fchmod(descriptor, entry.mode)
            nanoseconds = entry.modified * 1_000_000_000
            os.utime(descriptor, ns=(nanoseconds, nanoseconds))
        finally:
            os.close(descriptor)
        return f"sha256:{method.hexdigest()}"


def _write(descriptor: int, part: bytes | memoryview) -> None:
    done = os.write(descriptor, part)
    while done < len(part):
        done += os.write(descriptor, part[done:])


def _size(item: Staged) -> int:
    assert isinstance(item.entry, File)
    return item.entry.size
