"""Manifests as text: one form for each content, and nothing else is read."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.distribution import manifest_check
from horarium.distribution.manifest import Directory, Entry, File, Link, Manifest, Removal
from horarium.distribution.manifest_text import read_manifest, write_manifest
from horarium.kernel.errors import HorariumError, InvalidInput, LimitReached
from tests.distribution.manifests import entries, manifest

HEX = "0123456789abcdef" * 4
TEXT = (
    '{"format":"horarium-manifest-1","distribution":"intranet","version":7,"type":"file",'
    '"root":"%DEST_VOLUME%/www","sequential":true,"entries":4}\n'
    '["d","docs","0755"]\n'
    f'["f","docs/a.txt","0644",1480,1772489700,"sha256:{HEX}"]\n'
    '["l","docs/latest","a.txt"]\n'
    '["x","docs/old.txt"]\n'
)
VALUE = Manifest(
    "intranet",
    7,
    "file",
    "%DEST_VOLUME%/www",
    True,
    (
        Directory("docs", 0o755),
        File("docs/a.txt", 0o644, 1480, 1772489700, f"sha256:{HEX}"),
        Link("docs/latest", "a.txt"),
        Removal("docs/old.txt"),
    ),
)


def test_the_text_of_the_format() -> None:
    assert write_manifest(VALUE).decode() == TEXT
    assert read_manifest(TEXT.encode()) == VALUE


@given(entries())
def test_what_is_written_is_read(found: tuple[Entry, ...]) -> None:
    whole = manifest(found)
    text = write_manifest(whole)
    assert read_manifest(text) == whole
    assert write_manifest(read_manifest(text)) == text


@given(entries(), st.randoms(use_true_random=False))
def test_equal_content_is_equal_octets(found: tuple[Entry, ...], rng: object) -> None:
    shuffled = list(found)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert write_manifest(manifest(found)) == write_manifest(manifest(shuffled))


FILE = f'["f","docs/a.txt","0644",1480,1772489700,"sha256:{HEX}"]'
CHANGES = {
    "no end": (TEXT, TEXT[:-1]),
    "nothing": (TEXT, ""),
    "one line more": (TEXT, TEXT + '["x","zzz"]\n'),
    "blank line": (TEXT, TEXT + "\n"),
    "CR": ('"0755"]\n', '"0755"]\r\n'),
    "blank in an entry": ('["d","docs"', '["d", "docs"'),
    "blank in the header": ('"version":7', '"version": 7'),
    "escaped for nothing": ('"docs/a.txt"', '"docs/\\u0061.txt"'),
    "slash escaped": ('"docs/a.txt"', '"docs\\/a.txt"'),
    "other format": ("manifest-1", "manifest-2"),
    "key missing": ('"sequential":true,', ""),
    "key more": ('"sequential":true,', '"sequential":true,"more":1,'),
    "key twice": ('"sequential":true,', '"sequential":true,"sequential":true,'),
    "keys in another order": ('"version":7,"type":"file"', '"type":"file","version":7'),
    "version a text": ('"version":7', '"version":"7"'),
    "version a fraction": ('"version":7', '"version":7.0'),
    "version 0": ('"version":7', '"version":0'),
    "version true": ('"version":7', '"version":true'),
    "version huge": ('"version":7', '"version":9007199254740993'),
    "name": ('"intranet"', '"../intranet"'),
    "name of a folder": ('"intranet"', '"Intranet"'),
    "root with LF": ('"root":"%', '"root":"\\n%'),
    "entries too few": ('"entries":4', '"entries":3'),
    "entries negative": ('"entries":4', '"entries":-4'),
    "unknown kind": ('["x",', '["y",'),
    "device": ('["x",', '["c",'),
    "no array": ('["x","docs/old.txt"]', '{"x":"docs/old.txt"}'),
    "size a text": (",1480,", ',"1480",'),
    "size true": (",1480,", ",true,"),
    "size negative": (",1480,", ",-1,"),
    "size huge": (",1480,", ",99999999999999,"),
    "size a fraction": (",1480,", ",1480.5,"),
    "NaN": (",1480,", ",NaN,"),
    "modified never": (",1772489700,", ",99999999999999999999,"),
    "setuid": ('"0644"', '"4755"'),
    "mode short": ('"0644"', '"644"'),
    "mode no octal": ('"0644"', '"0684"'),
    "digest upper": (HEX, HEX.upper()),
    "digest short": (HEX, HEX[:-1]),
    "digest md5": ("sha256:", "md5:"),
    "path absolute": ('"docs/a.txt"', '"/docs/a.txt"'),
    "path up": ('"docs/a.txt"', '"docs/../a.txt"'),
    "path NUL": ('"docs/a.txt"', '"docs/\\u0000"'),
    "path surrogate": ('"docs/a.txt"', '"docs/\\ud800"'),
    "path twice": ('"docs/latest"', '"docs/a.txt"'),
    "out of order": ('"docs/old.txt"', '"docs/aaa"'),
    "same but for case": ('"docs/latest"', '"docs/b"],\n["l","docs/B"'),
    "below a file": ('"docs/latest"', '"docs/a.txt/x"'),
    "below a removal": ('["x","docs/old.txt"]', '["x","docs/latest/x"]'),
    "link out": ('"a.txt"]', '"../../a.txt"]'),
    "link absolute": ('"a.txt"]', '"/a.txt"]'),
    "deep": (FILE, "[" * 100_000),
    "long": (FILE, '["x","' + "x" * 40_000 + '"]'),
}


@pytest.mark.parametrize("name", CHANGES)
def test_anything_else_is_refused(name: str) -> None:
    old, new = CHANGES[name]
    assert old in TEXT
    with pytest.raises(InvalidInput):
        read_manifest(TEXT.replace(old, new, 1).encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "data", [b"\xff\n", TEXT.encode() + b"\xff\xfe\n", b"\xef\xbb\xbf" + TEXT.encode()]
)
def test_what_is_not_utf8_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_manifest(data)


def test_the_place_of_a_mistake_is_named() -> None:
    with pytest.raises(InvalidInput) as told:
        read_manifest(TEXT.replace('"0644"', '"0944"').encode())
    assert told.value.part == "line 3"


def test_nothing_is_written_that_would_not_be_read() -> None:
    for entry in (
        replace(VALUE.entries[0], path="a/../b"),
        File("a", 0o4755, 0, 0, f"sha256:{HEX}"),
        File("a", 0o644, -1, 0, f"sha256:{HEX}"),
        File("a", 0o644, 0, 0, "sha256:x"),
        Link("a", "../b"),
    ):
        with pytest.raises(InvalidInput):
            write_manifest(manifest([entry]))
    with pytest.raises(InvalidInput):
        write_manifest(replace(VALUE, entries=VALUE.entries[::-1]))


def test_one_content_has_one_size() -> None:
    two = (File("a", 0o644, 1, 0, f"sha256:{HEX}"), File("b", 0o644, 2, 0, f"sha256:{HEX}"))
    with pytest.raises(InvalidInput, match="another size"):
        write_manifest(manifest(two))


def test_too_many_entries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_check, "MOST_ENTRIES", 3)
    with pytest.raises(LimitReached):
        write_manifest(VALUE)


def test_a_number_of_entries_beyond_the_limit_is_refused_unread() -> None:
    header = json.loads(TEXT.splitlines()[0]) | {"entries": 1_000_001}
    line = json.dumps(header, separators=(",", ":"))
    with pytest.raises(HorariumError):
        read_manifest((line + "\n" + '["x","a"]\n' * 3).encode())
