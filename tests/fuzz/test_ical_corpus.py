"""The kept corpus replayed, and mutations of it; the fallback where atheris is not installed."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from tests.fuzz.ical_targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(path for name in TARGETS for path in (CORPUS / name).iterdir())
SCALE = int(os.environ.get("HORARIUM_TEST_SCALE", "1"))
# Pieces that open, close, separate, repeat or overflow something in one of the grammars.
PIECES = (
    b"\r\n",
    b"\n ",
    b"\r",
    b"\x00",
    b'"',
    b";",
    b":",
    b",",
    b"=",
    b"\\",
    b"^n",
    b"%0d%0a",
    b"@",
    b"BEGIN:VEVENT\r\n",
    b"END:VEVENT\r\n",
    b"END:VCALENDAR\r\n",
    b"RRULE:FREQ=",
    b"INTERVAL=0",
    b"FREQ=SECONDLY",
    b"COUNT=99999999999",
    b"UNTIL=00000000",
    b"TZID=",
    b"VALUE=DATE",
    b"--b",
    b"Content-Type: ",
    b"multipart/mixed; boundary=b",
    b"=?utf-8?q?",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"\xf0\x9f\x93\x85",
    b"99991231T235960Z",
    b"-P1W",
    b"<",
    b">",
    b"(",
    b"mailto:",
    b"9" * 40,
    b"\xe2\x80\xa8",
)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The octets with one to six changes: pieces put in, cut out, doubled or turned over."""
    octets = bytearray(data)
    for _ in range(rng.randint(1, 6)):
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


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_corpus_is_read(path):
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_mutations_of_the_corpus_are_read(name):
    rng = random.Random(f"{name} 1")
    seeds = [path.read_bytes() for path in FILES if path.parent.name == name]
    assert seeds
    for _ in range(1_500 * SCALE):
        data = mutated(rng.choice(seeds), rng)
        begun = time.process_time()
        TARGETS[name](data)
        assert time.process_time() - begun < 10.0, data
