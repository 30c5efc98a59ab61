"""The octets of a bundle: its header, its records, and what each may say at most.

Described in docs/formats/bundle.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Protocol

from horarium.distribution.bundle_codec import COMPRESSOR, MOST_BUDGET
from horarium.distribution.manifest_check import HIGHEST_VERSION
from horarium.distribution.manifest_text import dumped, loaded
from horarium.kernel.errors import InvalidInput

MAGIC = b"HRB1\n"

LONGEST_HEADER = 4_096
"""Octets of the header: names and digests, and room to grow."""

MOST_TARGET = 32 << 20
"""Octets that a record produces: what is longer comes in several."""

MOST_INPUT = 96 << 20
"""Octets of base of one record: with the target 128 MiB, which is the window."""

MOST_INPUTS = 65_536
"""Files that are the base of one record."""

LONGEST_PAYLOAD = MOST_TARGET + (1 << 20)
"""Octets of a frame: zstd never adds more than a small part to what it can not compress."""

RATIO, RATIO_SLACK = 200, 1 << 20
"""A record produces at most so many octets for each that comes in, and so many beside that: what
promises more is there to fill a disk."""

WHOLE, PATCH, COPY, END = b"W", b"P", b"C", b"E"
MANIFEST, MANIFEST_DELTA = b"M", b"D"

_KEYS = ("distribution", "from", "to", "base", "manifest", "budget", "compressor")


@dataclass(frozen=True, slots=True)
class Header:
    """What a bundle says of itself. ``base`` is the digest of the manifest of version ``former``,
    empty where that is 0; ``manifest`` that of the version itself."""

    distribution: str
    former: int
    number: int
    base: str
    manifest: str
    budget: int
    compressor: str = COMPRESSOR

    def line(self) -> bytes:
        """The header as it is written, with its end."""
        values = (
            self.distribution,
            self.former,
            self.number,
            self.base,
            self.manifest,
            self.budget,
            self.compressor,
        )
        return dumped(dict(zip(_KEYS, values, strict=True))).encode() + b"\n"


def read_header(stream: BinaryIO) -> Header:
    """The header of a bundle that begins here. InvalidInput for anything else."""
    if stream.read(len(MAGIC)) != MAGIC:
        raise InvalidInput("it does not begin as a bundle does", part="header")
    line = stream.readline(LONGEST_HEADER + 1)
    if not line.endswith(b"\n"):
        raise InvalidInput("the header has no end", part="header")
    try:
        values = loaded(line[:-1].decode(), "header")
    except UnicodeDecodeError:
        raise InvalidInput("the header is not UTF-8", part="header") from None
    if not isinstance(values, dict) or tuple(values) != _KEYS:
        raise InvalidInput("the header has other keys", part="header")
    header = Header(*values.values())
    texts = (header.distribution, header.base, header.manifest, header.compressor)
    numbers = (header.former, header.number, header.budget)
    if not all(isinstance(text, str) for text in texts) or not all(
        type(number) is int for number in numbers
    ):
        raise InvalidInput("a value of the header is of another type", part="header")
    if not 0 <= header.former < header.number <= HIGHEST_VERSION:
        raise InvalidInput("the versions of the header are none", part="header")
    if not 0 <= header.budget <= MOST_BUDGET:
        raise InvalidInput("the budget of the header is none", part="header")
    if not header.compressor.startswith("zstd "):
        raise InvalidInput("it is compressed by another program", part="header")
    return header


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a file of the base: its place among them, and which octets."""

    file: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Record:
    """The head of one record. ``inputs`` is the base; ``input_hash`` and ``hash`` are of all its
    octets, and of all that it produces, as one. ``frame`` is empty for a copy, ``padding`` octets
    stand before it."""

    kind: bytes
    inputs: tuple[Slice, ...]
    input_hash: bytes
    length: int
    hash: bytes
    frame: bytes = b""
    padding: int = 0


def varint(number: int) -> bytes:
    """A number in groups of seven bits, the lowest first."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


class Octets(Protocol):
    """Where octets come from."""

    def read(self, length: int, /) -> bytes:
        """The next octets, fewer only at the end."""
        ...


def read_exactly(stream: Octets, length: int) -> bytes:
    """So many octets. InvalidInput when there are fewer."""
    found = stream.read(length)
    # A stream that is not a file may give fewer at a time.
    if len(found) < length:
        pieces = [found]
        missing = length - len(found)
        while missing and (piece := stream.read(missing)):
            pieces.append(piece)
            missing -= len(piece)
        found = b"".join(pieces)
    if len(found) != length:
        raise InvalidInput("the bundle ends too early")
    return found


def read_varint(stream: Octets, most: int) -> int:
    """A number of at most ``most``, in its shortest form. InvalidInput."""
    number = shift = 0
    while True:
        octet = read_exactly(stream, 1)[0]
        number |= (octet & 0x7F) << shift
        if octet < 0x80:
            break
        shift += 7
        if shift > 63:
            raise InvalidInput("a number is too long")
    if number > most or (shift and not octet):
        raise InvalidInput(f"a number is {number}, at most {most} is allowed")
    return number


def write_record(record: Record, sizes: tuple[int, ...]) -> bytes:
    """The octets of a record; ``sizes`` are those of the files of the base."""
    parts = [record.kind]
    if record.kind in (PATCH, COPY):
        parts.append(varint(len(record.inputs)))
        last = 0
        for place in record.inputs:
            step, last = place.file - last, place.file
            whole = place.offset == 0 and place.length == sizes[place.file]
            signed = 2 * step if step >= 0 else -2 * step - 1
            parts.append(varint(2 * signed + (not whole)))
            if not whole:
                parts += [varint(place.offset), varint(place.length)]
        parts.append(record.input_hash)
    if record.kind in (PATCH, WHOLE):
        parts += [varint(record.length), record.hash, varint(record.padding)]
        parts += [bytes(record.padding), varint(len(record.frame)), record.frame]
    return b"".join(parts)


def read_record(stream: Octets, sizes: tuple[int, ...]) -> Record | None:
    """The next record; None at the end of all. InvalidInput for what is none."""
    kind = read_exactly(stream, 1)
    if kind == END:
        return None
    if kind not in (WHOLE, PATCH, COPY):
        raise InvalidInput(f"there is no record of kind {kind!r}")
    inputs: tuple[Slice, ...] = ()
    input_hash = b""
    if kind != WHOLE:
        inputs = _read_inputs(stream, sizes)
        input_hash = read_exactly(stream, 32)
    taken = sum(place.length for place in inputs)
    if kind == COPY:
        if taken > MOST_TARGET:
            raise InvalidInput(f"a record produces at most {MOST_TARGET} octets")
        return Record(kind, inputs, input_hash, taken, input_hash)
    if taken > MOST_INPUT:
        raise InvalidInput(f"the base of a record has at most {MOST_INPUT} octets")
    length = read_varint(stream, MOST_TARGET)
    found = read_exactly(stream, 32)
    padding = read_varint(stream, LONGEST_PAYLOAD)
    if read_exactly(stream, padding).strip(b"\0"):
        raise InvalidInput("the padding is not empty")
    frame = read_exactly(stream, read_varint(stream, LONGEST_PAYLOAD))
    if length > most_output(taken, padding + len(frame)):
        raise InvalidInput(f"it promises more than {RATIO} times what it brings")
    return Record(kind, inputs, input_hash, length, found, frame, padding)


def most_output(taken: int, brought: int) -> int:
    """What a record may produce from so many octets of base and of its own."""
    return RATIO * (taken + brought) + RATIO_SLACK


def _read_inputs(stream: Octets, sizes: tuple[int, ...]) -> tuple[Slice, ...]:
    found = []
    last = 0
    for _ in range(read_varint(stream, MOST_INPUTS)):
        number = read_varint(stream, 8 * len(sizes) + 8)
        signed, sliced = number >> 1, number & 1
        last += -(signed + 1) // 2 if signed & 1 else signed // 2
        if not 0 <= last < len(sizes):
            raise InvalidInput("a file of the base is none of it")
        offset, length = 0, sizes[last]
        if sliced:
            offset = read_varint(stream, sizes[last])
            length = read_varint(stream, sizes[last] - offset)
        found.append(Slice(last, offset, length))
    return tuple(found)
