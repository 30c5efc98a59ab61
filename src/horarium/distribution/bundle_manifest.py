"""The manifest in a bundle: as a text, or as the way from the one that the receiver has.

Digests can not be compressed, and as digits they take twice their octets: they stand aside.
"""

from __future__ import annotations

import re

from horarium.distribution.bundle_codec import Budget, decompressed, smallest
from horarium.distribution.bundle_format import (
    LONGEST_PAYLOAD,
    MANIFEST,
    MANIFEST_DELTA,
    Octets,
    most_output,
    read_exactly,
    read_varint,
    varint,
)
from horarium.distribution.content import Blob, digest_of
from horarium.distribution.manifest import Manifest
from horarium.distribution.manifest_check import MOST_ENTRIES
from horarium.distribution.manifest_delta import apply_delta, write_delta
from horarium.distribution.manifest_text import LONGEST_TEXT, manifest_octets, read_manifest
from horarium.kernel.errors import InvalidInput

_SHORT = 8 << 20
"""A text of so many octets is small beside the files: it is packed as well as can be."""

_DIGEST = re.compile(rb'(?<=,)"sha256:([0-9a-f]{64})"\](?=\n)')
_PLACE = re.compile(rb'(?<=,)""\](?=\n)')


def pack_manifest(before: Manifest | None, now: Manifest) -> bytes:
    """The first record of a bundle."""
    if before is None:
        return MANIFEST + _packed(manifest_octets(now), b"")
    base, _ = squeezed(manifest_octets(before))
    return MANIFEST_DELTA + _packed(write_delta(before, now), base)


def _packed(text: bytes, base: bytes) -> bytes:
    short, digests = squeezed(text)
    budget = Budget(0, 1 << 40 if len(short) <= _SHORT else 0)
    frame = smallest(_useful(base), short, budget)
    heads = [len(digests) // 32, len(short), len(frame)]
    return b"".join([*map(varint, heads), digests, frame])


def _useful(base: bytes) -> bytes:
    """The base of a manifest; of a very long one its beginning, for the window is bounded."""
    return base[: 64 << 20]


def unpack_manifest(stream: Octets, before: Manifest | None, wanted: Blob) -> Manifest:
    """The manifest that the first record says. OtherManifest when it is a delta from another one;
    InvalidInput for what is no such record, or another manifest than ``wanted``."""
    kind = read_exactly(stream, 1)
    if kind not in (MANIFEST, MANIFEST_DELTA):
        raise InvalidInput("the first record is no manifest", part="manifest")
    if kind == MANIFEST:
        text = _unpacked(stream, b"")
        if digest_of(text) != wanted.digest:
            raise InvalidInput("the manifest is not the one that was signed", part="manifest")
        return read_manifest(text)
    if before is None:
        raise InvalidInput("a manifest delta without a base", part="manifest")
    base, _ = squeezed(manifest_octets(before))
    return apply_delta(before, _unpacked(stream, base), wanted.digest)


def _unpacked(stream: Octets, base: bytes) -> bytes:
    count = read_varint(stream, 2 * MOST_ENTRIES)
    length = read_varint(stream, LONGEST_TEXT)
    size = read_varint(stream, LONGEST_PAYLOAD)
    if length > most_output(len(base), size):
        raise InvalidInput("it promises more than it can hold", part="manifest")
    digests = read_exactly(stream, 32 * count)
    frame = read_exactly(stream, size)
    short = b"".join(decompressed(_useful(base), frame, length))
    return restored(short, digests)


def squeezed(text: bytes) -> tuple[bytes, bytes]:
    """A text of a manifest or a delta without the digests of its entries, and these."""
    digests = b"".join(bytes.fromhex(found.decode()) for found in _DIGEST.findall(text))
    return _DIGEST.sub(b'""]', text), digests


def restored(text: bytes, digests: bytes) -> bytes:
    """The text that was squeezed to these. InvalidInput when there are more or fewer digests than
    places for them."""
    pieces = _PLACE.split(text)
    if len(pieces) - 1 != len(digests) // 32:
        raise InvalidInput("there are more or fewer digests than entries", part="manifest")
    found = [pieces[0]]
    for number, piece in enumerate(pieces[1:]):
        hexadecimal = digests[32 * number : 32 * number + 32].hex().encode()
        found += [b'"sha256:', hexadecimal, b'"]', piece]
    return b"".join(found)
