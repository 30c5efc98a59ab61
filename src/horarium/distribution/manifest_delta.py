"""The way from one manifest to the next as text, for who holds the former.

A header names both versions and the digest of the manifest that is to result; each further line is
``+`` and an entry that was not there, ``~`` and one that is otherwise now, or ``-`` and a path that
is gone, in the order of paths. The format is described in docs/formats/manifest.md.
"""

from __future__ import annotations

from horarium.distribution.content import digest_of
from horarium.distribution.manifest import Entry, Manifest
from horarium.distribution.manifest_check import MOST_ENTRIES
from horarium.distribution.manifest_text import (
    LONGEST_TEXT,
    dumped,
    entry_line,
    header_line,
    lines_of,
    loaded,
    manifest_octets,
    read_entry,
    read_manifest,
)
from horarium.kernel.errors import InvalidInput, LimitReached

FORMAT = "horarium-manifest-delta-1"

_HEADER = ("format", "from", "manifest", "lines")


class OtherManifest(InvalidInput):
    """A delta does not lead from the manifest at hand to the one that was promised: the whole
    manifest is needed."""


def write_delta(before: Manifest, now: Manifest) -> bytes:
    """The text that leads from one manifest to another, each entry as exactly as it stands."""
    old = {entry.path: entry for entry in before.entries}
    new = {entry.path: entry for entry in now.entries}
    lines = []
    for path in sorted(old.keys() | new.keys()):
        if path not in new:
            lines.append("-" + dumped(path))
        elif path not in old:
            lines.append("+" + entry_line(new[path]))
        elif old[path] != new[path]:
            lines.append("~" + entry_line(new[path]))
    values = (FORMAT, before.version, digest_of(manifest_octets(now)), len(lines))
    header = dumped(dict(zip(_HEADER, values, strict=True)))
    return ("\n".join([header, header_line(now), *lines]) + "\n").encode()


def apply_delta(before: Manifest, delta: bytes, wanted: str) -> Manifest:
    """The manifest of digest ``wanted``. OtherManifest when the delta leads from or to another one;
    InvalidInput for what is no delta; LimitReached for too much of it."""
    if len(delta) > LONGEST_TEXT:
        raise LimitReached("the length of a manifest delta", len(delta), LONGEST_TEXT)
    lines = lines_of(delta)
    count = _read_head(next(lines, ""), before, wanted)
    if delta.count(b"\n") != count + 2:
        raise InvalidInput(f"the header says {count} lines", part="line 1")
    head = next(lines)
    entries = {entry.path: entry for entry in before.entries}
    last = ""
    for number, line in enumerate(lines, start=3):
        path = _take(line, entries, f"line {number}")
        if path <= last:
            raise InvalidInput(f"{path[:80]!r} is out of order", part=f"line {number}")
        last = path
    text = "\n".join([head, *(entry_line(entries[path]) for path in sorted(entries))]) + "\n"
    data = text.encode("utf-8", "surrogatepass")
    if digest_of(data) != wanted:
        raise OtherManifest("the manifest that results is not the one that was promised")
    return read_manifest(data)


def _read_head(line: str, before: Manifest, wanted: str) -> int:
    values = loaded(line, "line 1")
    if not isinstance(values, dict) or tuple(values) != _HEADER or values["format"] != FORMAT:
        raise InvalidInput(f"it is no header of {FORMAT}", part="line 1")
    count = values["lines"]
    if type(count) is not int or not 0 <= count <= 2 * MOST_ENTRIES:
        raise InvalidInput("the number of lines is none", part="line 1")
    if values["from"] != before.version or values["manifest"] != wanted:
        raise OtherManifest("the delta is for another manifest", part="line 1")
    return count


def _take(line: str, entries: dict[str, Entry], place: str) -> str:
    """Does what a line says to the entries; its path. InvalidInput when it can not be done."""
    sign, rest = line[:1], line[1:]
    if sign == "-":
        path = loaded(rest, place)
        if not isinstance(path, str) or entries.pop(path, None) is None:
            raise OtherManifest("what is to go is not there", part=place)
        return path
    if sign not in ("+", "~"):
        raise InvalidInput("a line begins with +, - or ~", part=place)
    entry = read_entry(rest, place)
    if (entry.path in entries) != (sign == "~"):
        raise OtherManifest(f"{entry.path[:80]!r} is there, or not, unlike said", part=place)
    entries[entry.path] = entry
    return entry.path
