"""Control files of any shape are a value or their errors, in time: kept ones, mutated ones, and
lines put together from the pieces of the grammar. What is made of them comes along."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.directives.address import NodeAddress
from horarium.directives.controlfile import ControlFile, parse_control_file
from horarium.directives.entry import entries_of
from horarium.directives.lint import lint
from horarium.directives.listing import as_calendar, as_json
from horarium.directives.problem import BadWord
from horarium.directives.reading import Reading
from horarium.kernel.instant import parse_instant
from horarium.kernel.zone import named

FILES = sorted((Path(__file__).parent / "corpus" / "control").iterdir())
SCALE = int(os.environ.get("HORARIUM_TEST_SCALE", "1"))
MAIN = NodeAddress(2, 5030, 15)
PARIS = named("Europe/Paris")
NOW = parse_instant("2027-03-15T11:00:00Z")
LISTS = {
    "nodelist/r50.net": ["5030/1", "; a comment", "/2 ; another", "!/3", "\t", "50*/*.*"],
    "loop.net": ["@loop.net"],
    "bad.net": ["5030/1", "x"],
    "empty.net": [],
}
READINGS = (
    Reading(),
    Reading(encoding="cp866", daily_range=True, masks_cover_points=True, master=7),
)
# Pieces that open, close, separate or overflow something in the grammar.
PIECES = [
    "Poll", "drop", "BREAK", "Send", "Post", "Freq", "UpdFreq", "Exec", "Exit", "Repack", "Pack",
    "Set", "Hold", "Direct", "LimitIn", "Priority", "Flavor", "Share", "Mail", "Files-From", "Boss",
    "Critical", "[2]", "[255]", "[256]", "[", "]", "[]", "All", "!All", "!", "@", "Hub", "crash",
    "@nodelist\\r50.net", "!@nodelist/r50.net", "@loop.net", "@bad.net", "@empty.net", "@gone.net",
    "5030/2", "!/4", ".1", "/", "*", "*:*/*.*", "50*/*", "2:5030/15.0", "0:0/0", "65536:1/1", "::",
    "8:00", "0.0:10", "7.8:00", "24:00", "17:00-20:00", "1.0:00-5:23:59", "22:00-6:00",
    "8:00-24:00", "3.4:00-6.9:00", "P.01:00", "p.00:01", "P.255:01", "P.", "P.1", "-", "255",
    "256", "-1", "0", "1440", '"', '""', '"a b"', ";", "; x", "a.bat", "!load.bat", "NAME=VALUE",
    "=", "\t", "  ", "\\", "é", "\u2028", "\x00", "\x1a", "\r", "\x7f", "9" * 40, "a" * 300,
]  # fmt: skip


def read_list(name: str) -> list[str]:
    if name not in LISTS:
        raise BadWord(f"there is no file {name}")
    return LISTS[name]


def check(data: bytes, reading: Reading = READINGS[0]) -> ControlFile:
    """Reads a file; what it says hangs together, and can be looked through and listed."""
    found = parse_control_file(data, main=MAIN, read_list=read_list, reading=reading)
    lines = data.count(b"\n") + 1
    for problem in (*found.errors, *found.warnings):
        assert 1 <= problem.line <= lines, problem
        assert 1 <= problem.column <= 4_097, problem
        assert problem.message, problem
    assert list(found.errors) == sorted(found.errors)
    assert list(found.warnings) == sorted(found.warnings)
    assert found.valid == (not found.errors)
    assert found.valid or not found.directives
    assert [d.line for d in found.directives] == sorted({d.line for d in found.directives})
    assert len({d.key for d in found.directives}) == len(found.directives)
    told = lint(found.directives, PARIS, NOW, {1, 2})
    assert {problem.line for problem in told} <= {d.line for d in found.directives}
    entries = entries_of(found.directives, "Europe/Paris")
    assert len(as_json(entries)) == len(entries)
    if len(entries) < 50:
        _, left_out = as_calendar(entries, PARIS, NOW)
        assert left_out == ()
    return found


@pytest.mark.parametrize("reading", READINGS, ids=["usual", "other"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_corpus_is_read(path: Path, reading: Reading) -> None:
    data = path.read_bytes()
    assert check(data, reading) == check(data, reading)


def test_the_corpus_has_whole_files_and_broken_ones() -> None:
    found = {path.name: check(path.read_bytes()) for path in FILES}
    assert len(found["keywords.ctl"].directives) == 37
    assert {d.keyword.name for d in found["keywords.ctl"].directives} == {
        "Poll", "Drop", "Break", "Send", "Post", "Freq", "UpdFreq", "Exec", "Exit", "Repack", "Set",
        "Hold", "Freeze", "Direct", "MailOnly", "SendOnly", "NoReq", "Deny", "RestoreIn",
        "RestoreOut", "Boss", "LimitIn", "LimitOut", "Priority", "Flavor", "Share", "Mail-For",
        "Files-For", "Mail-From", "Files-From",
    }  # fmt: skip
    mistakes = (FILES[0].parent / "mistakes.ctl").read_bytes()
    assert [e.line for e in found["mistakes.ctl"].errors] == list(
        range(1, mistakes.count(b"\n") + 1)
    )
    assert [d.arguments.command or d.arguments.setting for d in found["dos.ctl"].directives] == [
        ("cafщ.bat",),
        "ПОЧТА.FLG",
    ]


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The octets with one to six changes: pieces put in, cut out, doubled or turned over."""
    octets = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(octets) + 1)
        size = rng.choice((1, 2, 8, 60))
        match rng.randrange(5):
            case 0:
                octets[at:at] = rng.choice(PIECES).encode() + b" "
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


def test_mutations_of_the_corpus_are_read() -> None:
    rng = random.Random("control 1")
    seeds = [path.read_bytes() for path in FILES]
    valid = 0
    for number in range(3_000 * SCALE):
        # Single lines too: in a whole file nearly every change makes an error somewhere.
        whole = rng.choice(seeds)
        data = mutated(whole if number % 2 else rng.choice(whole.splitlines()), rng)
        begun = time.process_time()
        valid += check(data).valid
        assert time.process_time() - begun < 10.0, data
    assert valid > 300


words = st.lists(st.sampled_from(PIECES), max_size=8)
blanks = st.sampled_from([" ", "  ", "\t", ""])


@st.composite
def lines(draw: st.DrawFn) -> str:
    """A line of pieces: in the order of the grammar more often than not."""
    keyword = draw(st.sampled_from(PIECES[:21]))
    found = draw(words)
    if draw(st.booleans()):
        found = [keyword, *found, draw(st.sampled_from(["8:00", "17:00-20:00", "P.01:00", ""]))]
    return draw(blanks).join(found) if draw(st.integers(0, 4)) == 0 else " ".join(found)


@given(st.lists(lines(), max_size=6), st.sampled_from(READINGS))
def test_lines_of_the_grammar_and_beside_it(texts: list[str], reading: Reading) -> None:
    check("\n".join(texts).encode(), reading)


@given(lines())
def test_a_line_means_the_same_alone_and_in_company(text: str) -> None:
    if "\n" in text or "\x1a" in text:
        return
    alone = check(text.encode())
    between = check(f"; before\n{text}\nExit 7 7:07\n".encode())
    assert alone.valid == between.valid
    if alone.valid:
        kept = [d for d in between.directives if d.line == 2]
        assert [d.key for d in kept] == [d.key for d in alone.directives]
        assert [d.arguments for d in kept] == [d.arguments for d in alone.directives]


SHAPES = {
    "quotes": '"' * 4_000,
    "blanks": " " * 4_000 + "x",
    "comments": " ;" * 2_000,
    "brackets": "[" * 4_000,
    "digits": "Exec a " + "1" * 4_000 + ":00",
    "days": "Exec a " + "1.1:1-" * 600,
    "periods": "Exec a P." + "1" * 4_000,
    "points": "Hold " + ".1" * 2_000,
    "words": "Exec " + "a " * 2_040 + "8:00",
    "masks": "Hold " + "1*2*:*/*.* " * 300,
    "a mask of stars": "Hold 2:" + "*" * 4_000 + "/1",
    "short masks": "Hold " + "2 " * 2_040,
    "other masks": "Hold " + " ".join(map(str, range(1, 950))),
    "idle exclusions": "Hold 1/1 " + " ".join(f"!/{n}" for n in range(2, 700)),
    "exclusions of masks": "Hold " + "1*:*/* " * 280 + "!2*:*/* " * 250,
    "masks of every kind": "Hold "
    + " ".join(
        f"{'!' * (n % 2)}{n if n & 2 else '*'}:{n if n & 4 else '*'}/{n if n & 8 else '*'}"
        for n in range(1, 400)
    ),
    "parts against parts": "Hold "
    + " ".join(f"{n}*:{n % 7}*/*" for n in range(1, 200))
    + " ".join(f" !*:*/{n}*" for n in range(1, 200)),
    "numbers": "LimitIn 30 " + "1:1/40000 " * 400,
    "one letter": "x",
    "commands": "Exec a 8:00",
    "tasks": "[1]",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mebibyte_of_one_line_over_and_over(shape: str) -> None:
    line = SHAPES[shape].encode() + b"\n"
    assert len(line) < 4_096
    data = line * ((1 << 20) // len(line))
    begun = time.process_time()
    parse_control_file(data, main=MAIN, read_list=read_list)
    # Up to 1.5 s on an idle core, the most for lines of short masks; some machines are slow.
    assert time.process_time() - begun < 15.0
