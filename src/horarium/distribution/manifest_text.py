"""Manifests as text: lines of JSON in one canonical form, so that equal content is equal octets.

The first line is the header, each further one an entry, sorted by the octets of their paths. A text
in any other form is refused, so that a digest of the text is a digest of what it says. The format
is described in docs/formats/manifest.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from horarium.distribution.manifest import Directory, Entry, File, Link, Manifest, Removal
from horarium.distribution.manifest_check import MOST_ENTRIES, check_manifest
from horarium.kernel.errors import InvalidInput, LimitReached

FORMAT = "horarium-manifest-1"

LONGEST_LINE = 32_768
"""Octets of a line: two paths, every character of them escaped, and the rest."""

LONGEST_TEXT = 512 << 20
"""Octets of a text: a million entries with paths of some hundred octets."""

_HEADER = ("format", "distribution", "version", "type", "root", "sequential", "entries")
_MODE = re.compile(r"0[0-7]{3}")


def write_manifest(manifest: Manifest) -> bytes:
    """The canonical text. InvalidInput or LimitReached for what no manifest may say."""
    check_manifest(manifest)
    return manifest_octets(manifest)


def manifest_octets(manifest: Manifest) -> bytes:
    """The text of a manifest that was judged already."""
    lines = [header_line(manifest), *map(entry_line, manifest.entries)]
    return ("\n".join(lines) + "\n").encode()


def header_line(manifest: Manifest) -> str:
    """The first line, without its end."""
    values = (
        FORMAT,
        manifest.distribution,
        manifest.version,
        manifest.kind,
        manifest.root,
        manifest.sequential,
        len(manifest.entries),
    )
    return dumped(dict(zip(_HEADER, values, strict=True)))


def entry_line(entry: Entry) -> str:
    """The line of an entry, without its end."""
    if isinstance(entry, File):
        values = ["f", entry.path, f"{entry.mode:04o}", entry.size, entry.modified, entry.digest]
        return dumped(values)
    if isinstance(entry, Directory):
        return dumped(["d", entry.path, f"{entry.mode:04o}"])
    if isinstance(entry, Link):
        return dumped(["l", entry.path, entry.target])
    return dumped(["x", entry.path])


def dumped(value: object) -> str:
    """A value as JSON in the canonical form: no blanks, nothing escaped that need not be."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def read_manifest(data: bytes) -> Manifest:
    """The manifest that a text says. InvalidInput, ``part`` naming the line, for anything but the
    canonical form of a manifest that may be; LimitReached for too much of it."""
    if len(data) > LONGEST_TEXT:
        raise LimitReached("the length of a manifest", len(data), LONGEST_TEXT)
    lines = lines_of(data)
    manifest, count = read_header(next(lines, ""))
    if data.count(b"\n") - 1 != count:
        raise InvalidInput(f"the header says {count} entries", part="line 1")
    found = []
    for number, line in enumerate(lines, start=2):
        found.append(read_entry(line, f"line {number}"))
    whole = _with(manifest, tuple(found))
    check_manifest(whole)
    return whole


def _with(manifest: Manifest, entries: tuple[Entry, ...]) -> Manifest:
    return Manifest(
        manifest.distribution,
        manifest.version,
        manifest.kind,
        manifest.root,
        manifest.sequential,
        entries,
    )


def lines_of(data: bytes) -> Iterator[str]:
    """The lines of a text, each ended by LF. InvalidInput for what is no such text."""
    if not data.endswith(b"\n"):
        raise InvalidInput("the last line has no end", part="end")
    start = number = 0
    while start < len(data):
        end = data.index(b"\n", start)
        number += 1
        if end - start > LONGEST_LINE:
            raise InvalidInput(f"a line has at most {LONGEST_LINE} octets", part=f"line {number}")
        try:
            yield data[start:end].decode()
        except UnicodeDecodeError:
            raise InvalidInput("it is not UTF-8", part=f"line {number}") from None
        start = end + 1


def read_header(line: str) -> tuple[Manifest, int]:
    """A manifest without its entries, and how many there are to be. InvalidInput."""
    values = loaded(line, "line 1")
    if not isinstance(values, dict) or tuple(values) != _HEADER or values["format"] != FORMAT:
        raise InvalidInput(f"it is no header of {FORMAT}", part="line 1")
    _, distribution, version, kind, root, sequential, count = values.values()
    texts = all(isinstance(value, str) for value in (distribution, kind, root))
    if not texts or type(sequential) is not bool or type(version) is not int:
        raise InvalidInput("a value of the header is of another type", part="line 1")
    if type(count) is not int or not 0 <= count <= MOST_ENTRIES:
        raise InvalidInput(f"there are 0 to {MOST_ENTRIES} entries", part="line 1")
    return Manifest(distribution, version, kind, root, sequential, ()), count


def loaded(line: str, place: str) -> object:
    """What a line of JSON says, when it says it in the canonical form. InvalidInput."""
    try:
        value: object = json.loads(line)
        canonical = dumped(value)
    except (ValueError, RecursionError):
        raise InvalidInput("it is no JSON", part=place, value=line[:80]) from None
    if canonical != line:
        raise InvalidInput("it is not in the canonical form", part=place, value=line[:80])
    return value


def read_entry(line: str, place: str) -> Entry:
    """The entry that a line says; whether it may be is not judged here. InvalidInput."""
    values = loaded(line, place)
    if isinstance(values, list):
        match values:
            case ["f", str(path), str(mode), int(size), int(modified), str(digest)] if (
                type(size) is int and type(modified) is int
            ):
                return File(path, _mode(mode, place), size, modified, digest)
            case ["d", str(path), str(mode)]:
                return Directory(path, _mode(mode, place))
            case ["l", str(path), str(target)]:
                return Link(path, target)
            case ["x", str(path)]:
                return Removal(path)
    raise InvalidInput("it is no entry", part=place, value=line[:80])


def _mode(text: str, place: str) -> int:
    if _MODE.fullmatch(text) is None:
        raise InvalidInput(f"{text[:20]!r} is no mode like 0644", part=place)
    return int(text, 8)
