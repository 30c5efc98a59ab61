"""Which contents a bundle carries, what each is a patch of, and which go into one record.

All of it follows from the two manifests, so that writer and reader agree without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from horarium.distribution.bundle_format import MOST_INPUT, MOST_INPUTS, MOST_TARGET, Slice
from horarium.distribution.content import Blob
from horarium.distribution.manifest import File, Manifest

GROUP = 16 << 20
"""Octets of base and target of what is put into one record: files share what they have in common,
while the tables of the compressor still hold all of it. Measured by bench/deltas.py."""

MARGIN = 16 << 20
"""Octets before and after the place of a slice in which its former form is looked for."""


def contents_of(manifest: Manifest | None) -> tuple[Blob, ...]:
    """The contents of a version, each once, in the order of paths."""
    found = {entry.digest: entry.size for entry in _files(manifest)}
    return tuple(Blob(digest, size) for digest, size in found.items())


def needed(before: Manifest | None, now: Manifest) -> tuple[Blob, ...]:
    """The contents that a bundle produces: those of the version that its base has not."""
    there = {entry.digest for entry in _files(before)}
    return tuple(blob for blob in contents_of(now) if blob.digest not in there)


def unpacked_size(before: Manifest | None, now: Manifest) -> int:
    """The octets of all files that extracting writes: those whose content is another at their
    path."""
    old = {entry.path: entry.digest for entry in _files(before)}
    return sum(entry.size for entry in _files(now) if old.get(entry.path) != entry.digest)


def bases(before: Manifest | None, now: Manifest) -> dict[str, str]:
    """By needed content, the former content that it most likely came from: that of the same path,
    else of a file of the same name that is gone, nearest by its path."""
    old = {entry.path: entry for entry in _files(before)}
    paths = {entry.path for entry in now.entries}
    gone: dict[str, list[File]] = {}
    for path, entry in old.items():
        if path not in paths:
            gone.setdefault(_name(path), []).append(entry)
    there = {entry.digest for entry in old.values()}
    found: dict[str, str] = {}
    for entry in _files(now):
        if entry.digest in there or entry.digest in found:
            continue
        former = old.get(entry.path) or _nearest(entry, gone.get(_name(entry.path), []))
        if former is not None and former.size:
            found[entry.digest] = former.digest
    return found


def _nearest(entry: File, candidates: list[File]) -> File | None:
    return max(candidates, key=lambda one: (_shared(one.path, entry.path), one.path), default=None)


def _shared(one: str, other: str) -> int:
    """How many characters two paths have in common at their beginning."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _files(manifest: Manifest | None) -> Iterator[File]:
    entries = manifest.entries if manifest is not None else ()
    return (entry for entry in entries if isinstance(entry, File))


@dataclass(frozen=True, slots=True)
class Target:
    """Octets of one needed content that a record produces."""

    content: Blob
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Group:
    """What one record produces, and the base that it may use. ``same`` is the slice that may hold
    exactly these octets already, of a content that comes in parts."""

    targets: tuple[Target, ...]
    base: tuple[Slice, ...]
    same: Slice | None = None

    @property
    def length(self) -> int:
        """Octets that it produces."""
        return sum(target.length for target in self.targets)


def groups(before: Manifest | None, now: Manifest) -> Iterator[Group]:
    """The records of a bundle, in the order of the manifest."""
    olds = contents_of(before)
    place = {blob.digest: number for number, blob in enumerate(olds)}
    origin = bases(before, now)
    waiting: list[Target] = []
    base: dict[int, Slice] = {}
    for content in needed(before, now):
        number = place[origin[content.digest]] if content.digest in origin else None
        size = olds[number].length if number is not None else 0
        if content.length > MOST_TARGET or size > MOST_INPUT:
            yield from _group(waiting, base.values())
            waiting, base = [], {}
            yield from _parts(content, number, size)
            continue
        held = sum(t.length for t in waiting) + sum(s.length for s in base.values())
        more = content.length + (size if number not in base else 0)
        if waiting and (held + more > GROUP or len(base) == MOST_INPUTS):
            yield from _group(waiting, base.values())
            waiting, base = [], {}
        waiting.append(Target(content, 0, content.length))
        if number is not None:
            base[number] = Slice(number, 0, size)
    yield from _group(waiting, base.values())


def _group(targets: list[Target], base: Iterable[Slice]) -> Iterator[Group]:
    found = Group(tuple(targets), tuple(base))
    if found.length:
        yield found


def _parts(content: Blob, number: int | None, size: int) -> Iterator[Group]:
    """A long content in parts, each beside the place where it was."""
    for offset in range(0, content.length, MOST_TARGET):
        length = min(MOST_TARGET, content.length - offset)
        target = Target(content, offset, length)
        start = min(max(0, offset - MARGIN), size)
        end = min(size, offset + length + MARGIN)
        if number is None or start >= end:
            yield Group((target,), ())
            continue
        same = Slice(number, offset, length) if offset + length <= size else None
        yield Group((target,), (Slice(number, start, end - start),), same)
