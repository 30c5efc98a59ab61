"""Manifests, manifest deltas and bundles of any octets are a value or their error, in time: kept
ones, and mutations of them. What is read is what is written."""

from __future__ import annotations

import io
import os
import random
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tests.distribution.manifests import Kept, tree
from tests.distribution.test_bundle import bundle, wanted

from horarium.distribution.bundle_reading import BasesDiffer, BundleReader
from horarium.distribution.content import digest_of
from horarium.distribution.manifest_delta import apply_delta, write_delta
from horarium.distribution.manifest_text import read_manifest, write_manifest
from horarium.kernel.errors import InvalidInput, LimitReached

FILES = sorted((Path(__file__).parent / "corpus" / "manifest").iterdir())
SCALE = int(os.environ.get("HORARIUM_TEST_SCALE", "1"))
PIECES = [
    b'"', b"\\u0000", b"\\", b"/", b"..", b"[", b"]", b"{", b"}", b",", b"\n", b"\r\n", b"0", b"-1",
    b"1e9", b"NaN", b"null", b"true", b"\xff", b"\xc3\xa9", b"e\xcc\x81", b'["x","a"]\n',
    b'["d","d","0755"]\n', b'["l","l","../.."]\n', b"9" * 40, b"\0", b"\x80" * 12,
    b"\xef\xbb\xbf", b" ", b'"0644"', b'"4755"',
]  # fmt: skip


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The octets with one to four changes: pieces put in, cut out, doubled or turned over."""
    octets = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(octets) + 1)
        size = rng.choice((1, 2, 8, 60))
        match rng.randrange(5):
            case 0:
                octets[at:at] = rng.choice(PIECES)
            case 1:
                del octets[at : at + size]
            case 2:
                octets[at:at] = octets[at : at + size]
            case 3:
                octets[at : at + 1] = bytes((rng.randrange(256),))
            case _:
                other = rng.randrange(len(octets) + 1)
                octets[at : at + size] = octets[other : other + size]
    return bytes(octets)


def check(data: bytes) -> bool:
    """Whether it is a manifest; one that is has no other text."""
    try:
        found = read_manifest(data)
    except (InvalidInput, LimitReached):
        return False
    assert write_manifest(found) == data
    return True


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_corpus_is_read(path: Path) -> None:
    assert check(path.read_bytes()) == path.name.startswith("sound")


def test_mutations_of_manifests_are_read() -> None:
    rng = random.Random("manifest 1")
    seeds = [path.read_bytes() for path in FILES if path.name.startswith("sound")]
    valid = 0
    begun = time.process_time()
    for _ in range(3_000 * SCALE):
        valid += check(mutated(rng.choice(seeds), rng))
    assert valid
    assert time.process_time() - begun < 60 * SCALE


KEPT = Kept()
TEXT = b"one two three four five six seven " * 200
BEFORE = tree({"a": TEXT, "b/c": b"x" * 500, "d": b""}, 1, KEPT)
NEW = Kept(KEPT)
NOW = tree({"a": TEXT[:3_000] + b"eight" + TEXT[3_000:], "b/e": b"y" * 90, "d": b"z"}, 2, NEW)


def test_mutations_of_deltas_are_read() -> None:
    rng = random.Random("delta 1")
    delta = write_delta(BEFORE, NOW)
    digest = digest_of(write_manifest(NOW))
    for _ in range(2_000 * SCALE):
        with suppress(InvalidInput, LimitReached):
            assert apply_delta(BEFORE, mutated(delta, rng), digest) == NOW


def test_mutations_of_bundles_give_what_was_signed_or_nothing() -> None:
    rng = random.Random("bundle 1")
    seeds = [(bundle(BEFORE, NOW, NEW), BEFORE), (bundle(None, NOW, NEW), None)]
    refused = 0
    for _ in range(3_000 * SCALE):
        data, before = rng.choice(seeds)
        try:
            reader = BundleReader(io.BytesIO(mutated(data, rng)), KEPT, before, wanted(NOW))
            assert reader.manifest == NOW
            for one in reader.contents():
                octets = b"".join(one.pieces)
                assert digest_of(octets) == one.content.digest
        except (InvalidInput, LimitReached, BasesDiffer):
            refused += 1
    assert refused > 2_500 * SCALE


SHAPES = {
    "lines": b'["x","a"]\n' * 100_000,
    "arrays": b"[" * 1_000_000 + b"\n",
    "digits": b"9" * 1_000_000 + b"\n",
    "ends": b"\n" * 1_000_000,
    "quotes": b'"' * 1_000_000 + b"\n",
    "NUL": b"\0" * 1_000_000 + b"\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mebibyte_of_anything_is_refused_at_once(shape: str) -> None:
    begun = time.process_time()
    assert not check(SHAPES[shape])
    assert time.process_time() - begun < 5.0
