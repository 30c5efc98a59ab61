"""Makes the bundle that carries a version to who holds a former one, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from hashlib import sha256

from horarium.distribution.bundle_codec import PLAIN, THOROUGH, Budget, compressed, smallest
from horarium.distribution.bundle_format import (
    COPY,
    END,
    MAGIC,
    PATCH,
    RATIO,
    RATIO_SLACK,
    WHOLE,
    Header,
    Record,
    Slice,
    varint,
    write_record,
)
from horarium.distribution.bundle_manifest import pack_manifest
from horarium.distribution.bundle_plan import Group, contents_of, groups
from horarium.distribution.content import Blob, digest_of
from horarium.distribution.manifest import Manifest
from horarium.distribution.manifest_text import manifest_octets
from horarium.distribution.ports import Contents
from horarium.kernel.errors import CorruptState

POOR = 32
"""A patch that saves less than this many times is compared with what has no base."""


def make_bundle(
    before: Manifest | None, now: Manifest, contents: Contents, budget: int = THOROUGH,
    between: Callable[[], None] = lambda: None,
) -> Iterator[bytes]:  # fmt: skip
    """The octets of the bundle from ``before``, or of a whole one, in pieces. ``contents`` holds
    the files of both versions. The same manifests, contents and budget give the same octets.

    ``between`` is called before each record and may raise. NotFound for a content that is not
    there, CorruptState for one that is not what it is called.
    """
    yield MAGIC + _header(before, now, budget).line()
    yield pack_manifest(before, now)
    olds = contents_of(before)
    sizes = tuple(blob.length for blob in olds)
    work = Budget(budget)
    count = 0
    for group in groups(before, now):
        between()
        work.grant(group.length)
        yield write_record(_record(group, olds, contents, work), sizes)
        count += 1
    yield END + varint(count)


def _header(before: Manifest | None, now: Manifest, budget: int) -> Header:
    former, base = 0, ""
    if before is not None:
        former, base = before.version, digest_of(manifest_octets(before))
    manifest = digest_of(manifest_octets(now))
    return Header(now.distribution, former, now.version, base, manifest, budget)


def _record(group: Group, olds: tuple[Blob, ...], contents: Contents, budget: Budget) -> Record:
    target = _read(contents, ((t.content, t.offset, t.length) for t in group.targets))
    found = sha256(target).digest()
    if group.same is not None and _slices(contents, olds, (group.same,)) == target:
        return Record(COPY, (group.same,), found, len(target), found)
    base = _slices(contents, olds, group.base)
    frame = smallest(base, target, budget)
    if base and len(frame) * POOR > len(target):
        alone = compressed(b"", target, PLAIN)
        if len(alone) <= len(frame):
            base, frame = b"", alone
    lacking = -(-(len(target) - RATIO_SLACK) // RATIO) - len(base) - len(frame)
    padding = max(0, lacking)
    if not base:
        return Record(WHOLE, (), b"", len(target), found, frame, padding)
    taken = sha256(base).digest()
    return Record(PATCH, group.base, taken, len(target), found, frame, padding)


def _slices(contents: Contents, olds: tuple[Blob, ...], slices: Iterable[Slice]) -> bytes:
    return _read(contents, ((olds[s.file], s.offset, s.length) for s in slices))


def _read(contents: Contents, parts: Iterable[tuple[Blob, int, int]]) -> bytes:
    """Parts of contents as one: content, offset and length. CorruptState for what is not as it is
    called."""
    found = []
    for blob, offset, length in parts:
        with closing(contents.open(blob.digest)) as file:
            file.seek(offset)
            data = file.read(length)
        whole = offset == 0 and length == blob.length
        if len(data) != length or (whole and digest_of(data) != blob.digest):
            raise CorruptState("content", blob.digest, "it is not what it is called")
        found.append(data)
    return b"".join(found)
