"""Bundles that were made to do harm: each is refused, and names the place."""

import io
import random
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest

from horarium.distribution.bundle_codec import PLAIN, WINDOW_LOG, compressed
from horarium.distribution.bundle_format import (
    COPY,
    END,
    MAGIC,
    MOST_TARGET,
    PATCH,
    WHOLE,
    Header,
    Record,
    Slice,
    read_varint,
    varint,
    write_record,
)
from horarium.distribution.bundle_manifest import pack_manifest
from horarium.distribution.bundle_reading import BasesDiffer, BundleReader
from horarium.distribution.content import digest_of
from horarium.distribution.manifest import Manifest
from horarium.distribution.manifest_delta import OtherManifest
from horarium.distribution.manifest_text import write_manifest
from horarium.kernel.errors import InvalidInput
from tests.distribution.manifests import Kept, tree
from tests.distribution.test_bundle import bundle, wanted

DATA = random.Random("hostile").randbytes(5_000)
KEPT = Kept()
BEFORE = tree({"a": DATA, "b": b"b"}, 1, KEPT)
NOW = tree({"a": DATA + b"new", "b": b"b"}, 2, KEPT)
SIZES = (len(DATA), 1)


def sealed(*records: bytes, now: Manifest = NOW, count: int | None = None) -> bytes:
    """A bundle with these records, all else as it must be."""
    base, manifest = digest_of(write_manifest(BEFORE)), digest_of(write_manifest(now))
    head = MAGIC + Header("docs", 1, 2, base, manifest, 30).line() + pack_manifest(BEFORE, now)
    number = len(records) if count is None else count
    return head + b"".join(records) + END + varint(number)


def whole(data: bytes, **changes: object) -> bytes:
    """A record of a frame of its own."""
    record = Record(WHOLE, (), b"", len(data), sha256(data).digest(), compressed(b"", data, PLAIN))
    return write_record(replace(record, **changes), SIZES)  # type: ignore[arg-type]


def read(data: bytes, now: Manifest = NOW) -> list[bytes]:
    """All that a bundle gives."""
    reader = BundleReader(io.BytesIO(data), KEPT, BEFORE, wanted(now))
    return [b"".join(one.pieces) for one in reader.contents()]


TARGET = DATA + b"new"


def test_what_is_broken_below_is_sound_here() -> None:
    assert read(sealed(whole(TARGET))) == [TARGET]
    patch = Record(
        PATCH, (Slice(0, 0, 5_000),), sha256(DATA).digest(), len(TARGET), sha256(TARGET).digest(),
        compressed(DATA, TARGET, PLAIN),
    )  # fmt: skip
    assert read(sealed(write_record(patch, SIZES))) == [TARGET]
    copy = Record(COPY, (Slice(0, 0, 5_000),), sha256(DATA).digest(), 0, b"")
    assert read(sealed(write_record(copy, SIZES), whole(b"new"))) == [TARGET]


WRONG: dict[str, Callable[[], bytes]] = {
    "one octet more than stated": lambda: whole(TARGET, length=len(TARGET) - 1),
    "one octet less than stated": lambda: whole(TARGET, length=len(TARGET) + 1),
    "another content of the same length": lambda: whole(TARGET[::-1]),
    "a hash of something else": lambda: whole(TARGET, hash=bytes(32)),
    "two frames": lambda: whole(TARGET, frame=compressed(b"", TARGET, PLAIN) * 2),
    "a frame and something": lambda: whole(TARGET, frame=compressed(b"", TARGET, PLAIN) + b"x"),
    "half a frame": lambda: whole(TARGET, frame=compressed(b"", TARGET, PLAIN)[:-200]),
    "no frame": lambda: whole(TARGET, frame=b""),
    "no zstd": lambda: whole(TARGET, frame=b"garbage" * 20),
    "a frame that hides behind another": lambda: whole(
        TARGET, frame=b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + compressed(b"", TARGET, PLAIN)
    ),
    "a window that is too long": lambda: whole(TARGET, frame=_wide_window(TARGET)),
    "nothing": lambda: b"",
    "too little": lambda: whole(TARGET[:-1]),
    "a record that produces nothing": lambda: whole(b"") + whole(TARGET),
    "too much": lambda: whole(TARGET) + whole(b"x"),
    "more than a record may": lambda: whole(b"x", length=MOST_TARGET + 1),
    "far more than it brings": lambda: whole(bytes(4 << 20)),
    "padding with something in it": lambda: _padded(b"\0\1\0"),
    "an unknown kind": lambda: b"Z" + whole(TARGET),
    "a manifest again": lambda: pack_manifest(BEFORE, NOW) + whole(TARGET),
    "an input that is none": lambda: b"P" + varint(1) + varint(4 * 2) + bytes(64),
    "an input before the first": lambda: b"P" + varint(1) + varint(2) + bytes(64),
    "too many inputs": lambda: b"P" + varint(70_000),
    "a slice behind the end": lambda: (
        b"C" + varint(1) + varint(1) + varint(4_999) + varint(2) + bytes(32)
    ),
    "a number that does not end": lambda: b"W" + b"\xff" * 40,
    "a number with an idle octet": lambda: b"W" + b"\x81\x80\x00",
}


def _wide_window(data: bytes) -> bytes:
    """A frame whose header asks for more than the window that is allowed."""
    magic, descriptor = (0xFD2FB528).to_bytes(4, "little"), b"\0"
    window = bytes([(WINDOW_LOG + 1 - 10) << 3])
    block = (len(data) << 3 | 1).to_bytes(3, "little") + data
    return magic + descriptor + window + block


def _padded(padding: bytes) -> bytes:
    found = whole(TARGET, padding=len(padding))
    at = 1 + 2 + 32 + 1
    return found[:at] + padding + found[at + len(padding) :]


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput) as told:
        read(sealed(WRONG[name]()))
    assert told.value.part.startswith(("record ", "sha256:", "end")), told.value.part


def test_a_record_never_gives_more_than_it_states() -> None:
    """The frame holds a mebibyte; two octets are stated and needed."""
    now = tree({"a": b"xy", "b": b"b"}, 2)
    frame = compressed(b"", b"xy" + bytes(1 << 20), PLAIN)
    data = sealed(whole(b"xy", frame=frame), now=now)
    reader = BundleReader(io.BytesIO(data), KEPT, BEFORE, wanted(now))
    given = []

    def take() -> None:
        for one in reader.contents():
            given.extend(one.pieces)

    with pytest.raises(InvalidInput):
        take()
    assert b"".join(given) in (b"", b"xy")


def test_a_copy_of_what_is_not_so_is_a_lost_base() -> None:
    copy = Record(COPY, (Slice(0, 0, 5_000),), bytes(32), 0, b"")
    with pytest.raises(BasesDiffer) as told:
        read(sealed(write_record(copy, SIZES), whole(b"new")))
    assert told.value.bases == ()
    assert [blob.digest for blob in told.value.contents] == [digest_of(TARGET)]


@pytest.mark.parametrize("count", [0, 2])
def test_the_number_of_records_is_counted(count: int) -> None:
    with pytest.raises(InvalidInput) as told:
        read(sealed(whole(TARGET), count=count))
    assert told.value.part == "end"


def test_nothing_follows_the_end() -> None:
    with pytest.raises(InvalidInput) as told:
        read(sealed(whole(TARGET)) + b"x")
    assert told.value.part == "end"


def test_every_shortened_bundle_is_refused() -> None:
    data = bundle(BEFORE, NOW, KEPT)
    for length in range(len(data)):
        with pytest.raises(InvalidInput):
            read(data[:length])


SOUND = bundle(BEFORE, NOW, KEPT)
HEADERS = {
    "magic": (b"HRB1", b"HRB2"),
    "blank": (b'"from":1', b'"from": 1'),
    "from": (b'"from":1', b'"from":0'),
    "to": (b'"to":2', b'"to":3'),
    "to before from": (b'"to":2', b'"to":1'),
    "distribution": (b'"docs"', b'"dogs"'),
    "text for a number": (b'"to":2', b'"to":"2"'),
    "true for a number": (b'"from":1', b'"from":true'),
    "budget": (b'"budget":30', b'"budget":-1'),
    "compressor": (b'"zstd ', b'"gzip '),
    "key": (b'"budget"', b'"bugdet"'),
    "not UTF-8": (b'"docs"', b'"d\xff"'),
    "another manifest": (wanted(NOW).digest.encode(), wanted(BEFORE).digest.encode()),
}


@pytest.mark.parametrize("name", HEADERS)
def test_another_header_is_refused(name: str) -> None:
    old, new = HEADERS[name]
    assert old in SOUND
    with pytest.raises(InvalidInput) as told:
        read(SOUND.replace(old, new, 1))
    assert told.value.part == "header"


def test_a_header_without_end_is_not_read_on_and_on() -> None:
    with pytest.raises(InvalidInput):
        read(MAGIC + b"{" * 1_000_000)


def test_a_delta_from_another_base_is_refused() -> None:
    other = tree({"a": DATA, "b": b"c"}, 1)
    with pytest.raises(InvalidInput):
        BundleReader(io.BytesIO(SOUND), KEPT, other, wanted(NOW))
    with pytest.raises(InvalidInput):
        BundleReader(io.BytesIO(SOUND), KEPT, None, wanted(NOW))


def test_a_manifest_delta_that_leads_elsewhere_asks_for_the_whole() -> None:
    third = tree({"a": DATA + b"new", "b": b"c"}, 2)
    base, manifest = digest_of(write_manifest(BEFORE)), wanted(NOW).digest
    head = MAGIC + Header("docs", 1, 2, base, manifest, 30).line()
    with pytest.raises(OtherManifest):
        read(head + pack_manifest(BEFORE, third) + END + varint(0))


def test_a_manifest_that_promises_too_much_is_refused() -> None:
    base, manifest = digest_of(write_manifest(BEFORE)), wanted(NOW).digest
    head = MAGIC + Header("docs", 1, 2, base, manifest, 30).line()
    frame = compressed(b"", bytes(300 << 20), PLAIN)
    bomb = b"M" + varint(0) + varint(300 << 20) + varint(len(frame)) + frame
    with pytest.raises(InvalidInput, match="promises"):
        read(head + bomb)


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, (1 << 40) - 1])
def test_numbers_come_back(number: int) -> None:
    assert read_varint(io.BytesIO(varint(number)), 1 << 40) == number


def test_zeros_are_no_bomb_when_they_are_what_was_signed() -> None:
    """A whole record of four mebibytes of zeros: refused only where it brings too little."""
    now = tree({"a": bytes(4 << 20), "b": b"b"}, 2, KEPT)
    assert read(bundle(BEFORE, now, KEPT), now) == [bytes(4 << 20)]
    with pytest.raises(InvalidInput, match="promises"):
        read(sealed(whole(bytes(4 << 20)), now=now), now)
