"""Reads a bundle: the manifest, then every content that the receiver has not, one after the other.

Nothing that a bundle says is believed beyond what its manifest says, and that is known by the
digest which was signed. No record gives an octet more than it states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from horarium.distribution.bundle_codec import PIECE, decompressed
from horarium.distribution.bundle_format import (
    COPY,
    Record,
    Slice,
    read_header,
    read_record,
    read_varint,
)
from horarium.distribution.bundle_manifest import unpack_manifest
from horarium.distribution.bundle_plan import contents_of, needed
from horarium.distribution.content import Blob, digest_of
from horarium.distribution.manifest import Manifest
from horarium.distribution.manifest_text import manifest_octets
from horarium.distribution.ports import Contents
from horarium.kernel.errors import HorariumError, InvalidInput, NotFound


class BasesDiffer(HorariumError):
    """Contents that patches build on are not there, or not what they are called any more. All
    other contents were produced. Fetching either the ``bases`` (and reading again) or the
    ``contents`` whole, by their digests, completes the version."""

    def __init__(self, bases: tuple[Blob, ...], contents: tuple[Blob, ...]) -> None:
        super().__init__(f"{len(bases)} files that patches build on are not what they were")
        self.bases = bases
        self.contents = contents


@dataclass(frozen=True, slots=True)
class Produced:
    """One content of a version. ``pieces`` are to be used up before the next one; only at their
    end is it known that they are what ``content`` says: InvalidInput when they are not."""

    content: Blob
    pieces: Iterator[bytes]


class BundleReader:
    """A bundle as it is read from a stream.

    ``bases`` hold the contents of the manifest ``before`` (None for a whole bundle); ``wanted`` is
    the signed manifest of the version. The constructor reads header and manifest: InvalidInput
    when they are not those of the bundle that was asked for, OtherManifest (one of these) when
    only a whole manifest would help.
    """

    def __init__(
        self, stream: BinaryIO, bases: Contents, before: Manifest | None, wanted: Blob
    ) -> None:
        self._stream = stream
        self._bases = bases
        self._olds = contents_of(before)
        self._sizes = tuple(blob.length for blob in self._olds)
        self.header = read_header(stream)
        base = digest_of(manifest_octets(before)) if before is not None else ""
        if (self.header.manifest, self.header.base) != (wanted.digest, base):
            raise InvalidInput("the bundle leads from or to another version", part="header")
        self.manifest = unpack_manifest(stream, before, wanted)
        former = before.version if before is not None else 0
        said = (self.header.distribution, self.header.number, self.header.former)
        if said != (self.manifest.distribution, self.manifest.version, former):
            raise InvalidInput("the header names another version", part="header")
        self._needed = needed(before, self.manifest)

    def contents(self, skip: Callable[[str], bool] = lambda digest: False) -> Iterator[Produced]:
        """Every content that the base has not, in the order of the manifest, those aside whose
        digest is to be skipped. BasesDiffer at the end, when some could not be made; also out of
        the pieces of a long content, which is then to be thrown away. InvalidInput with the number
        of the record as ``part`` when the bundle is not as it must be."""
        records = _Records(self._stream, self._sizes, self._input)
        lost: list[Blob] = []
        for content in self._needed:
            if skip(content.digest):
                records.pass_over(content.length)
            elif content.length and not records.can_be_made():
                records.pass_over(content.length)
                lost.append(content)
            else:
                pieces = _checked(records.take(content.length), content, lost)
                yield Produced(content, pieces)
                with suppress(BasesDiffer):
                    for _ in pieces:
                        pass
        records.finish()
        if lost:
            raise BasesDiffer(self._wrong_bases(records.lost), tuple(lost))

    def _input(self, slices: Iterable[Slice]) -> bytes | None:
        """The octets of a base, None when they are not there."""
        found = []
        for place in slices:
            try:
                with closing(self._bases.open(self._olds[place.file].digest)) as file:
                    file.seek(place.offset)
                    data = file.read(place.length)
            except (NotFound, OSError):
                return None
            if len(data) != place.length:
                return None
            found.append(data)
        return b"".join(found)

    def _wrong_bases(self, slices: Iterable[Slice]) -> tuple[Blob, ...]:
        """Those of the bases of records that could not be used which are not what they were."""
        numbers = sorted({place.file for place in slices})
        return tuple(self._olds[n] for n in numbers if not self._is_sound(self._olds[n]))

    def _is_sound(self, blob: Blob) -> bool:
        found = sha256()
        try:
            with closing(self._bases.open(blob.digest)) as file:
                while piece := file.read(PIECE):
                    found.update(piece)
        except (NotFound, OSError):
            return False
        return f"sha256:{found.hexdigest()}" == blob.digest


class _Lost(HorariumError):
    """The octets that were asked for can not be made."""


def _checked(pieces: Iterator[bytes], content: Blob, lost: list[Blob]) -> Iterator[bytes]:
    found = sha256()
    try:
        for piece in pieces:
            found.update(piece)
            yield piece
    except _Lost:
        lost.append(content)
        raise BasesDiffer((), (content,)) from None
    if f"sha256:{found.hexdigest()}" != content.digest:
        raise InvalidInput("what comes out is not the content", part=content.digest)


class _Records:
    """The records as one run of octets. What is passed over is not unpacked."""

    def __init__(
        self, stream: BinaryIO, sizes: tuple[int, ...],
        read_input: Callable[[Iterable[Slice]], bytes | None],
    ) -> None:  # fmt: skip
        self._stream = stream
        self._sizes = sizes
        self._read_input = read_input
        self._count = 0
        self._record: Record | None = None
        self._at = 0
        self._data: bytes | None = None
        self.lost: list[Slice] = []

    def can_be_made(self) -> bool:
        """Whether the next octet can be had."""
        try:
            self._here()
        except _Lost:
            return False
        return True

    def take(self, length: int) -> Iterator[bytes]:
        """The next octets. _Lost when the base of some of them is not there."""
        while length:
            record = self._current()
            size = min(length, record.length - self._at)
            try:
                data = self._here()
            except _Lost:
                self.pass_over(length)
                raise
            start, self._at = self._at, self._at + size
            length -= size
            for place in range(start, start + size, PIECE):
                yield data[place : min(place + PIECE, start + size)]

    def pass_over(self, length: int) -> None:
        """Goes on behind the next octets."""
        while length:
            size = min(length, self._current().length - self._at)
            self._at += size
            length -= size

    def finish(self) -> None:
        """InvalidInput unless here is the end of all."""
        left = self._record is not None and self._at < self._record.length
        if left or self._next() is not None:
            raise InvalidInput("it holds more than its manifest names", part=self._place)
        if read_varint(self._stream, 1 << 40) != self._count - 1 or self._stream.read(1):
            raise InvalidInput("it does not end as it must", part="end")

    @property
    def _place(self) -> str:
        return f"record {self._count}"

    def _current(self) -> Record:
        if self._record is None or self._at == self._record.length:
            self._record, self._at, self._data = self._next(), 0, None
            if self._record is None or not self._record.length:
                raise InvalidInput("it holds less than its manifest names", part=self._place)
        return self._record

    def _next(self) -> Record | None:
        self._count += 1
        try:
            return read_record(self._stream, self._sizes)
        except InvalidInput as error:
            raise InvalidInput(error.message, part=self._place) from None

    def _here(self) -> bytes:
        """All that the record at hand produces."""
        record = self._current()
        if self._data is None:
            base = self._read_input(record.inputs)
            if base is None or (record.inputs and sha256(base).digest() != record.input_hash):
                # Looked at once: what is lost stays lost, and is told at the end.
                self.lost += record.inputs
                self._data = b""
            else:
                self._data = self._unpacked(record, base)
        if not self._data:
            raise _Lost("the base of a record is not what it was")
        return self._data

    def _unpacked(self, record: Record, base: bytes) -> bytes:
        if record.kind == COPY:
            return base
        try:
            data = b"".join(decompressed(base, record.frame, record.length))
        except InvalidInput as error:
            raise InvalidInput(error.message, part=self._place) from None
        if sha256(data).digest() != record.hash:
            raise InvalidInput("what comes out is not what it states", part=self._place)
        return data
