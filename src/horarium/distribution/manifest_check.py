"""What a manifest may say: judged when a version is built and again when it is received."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from horarium.distribution.content import LONGEST
from horarium.distribution.manifest import Directory, Entry, File, Link, Manifest
from horarium.distribution.paths import collisions, link_fault, path_fault
from horarium.kernel.errors import InvalidInput, LimitReached

MOST_ENTRIES = 1_000_000
"""Entries of a version: more are several distributions; all of them fit into memory twice."""

LONGEST_ROOT = 4_096
"""Characters of a target root, its variables not expanded."""

EARLIEST, LATEST = -(1 << 40), 1 << 40
"""Seconds since 1970 that a file system may say; far beyond any that is right."""

HIGHEST_VERSION = (1 << 53) - 1
"""Every reader of JSON has whole numbers up to this one exactly."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_KIND = re.compile(r"[a-z][a-z-]{0,30}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CONTROL = re.compile("[\x00-\x1f\x7f]")


def check_manifest(manifest: Manifest) -> None:
    """Passes what may be kept and sent. InvalidInput for the first thing that is wrong, its path
    as ``part``; LimitReached for too many entries."""
    if len(manifest.entries) > MOST_ENTRIES:
        raise LimitReached("the number of entries", len(manifest.entries), MOST_ENTRIES)
    _check_head(manifest)
    for path, text in entry_faults(manifest.entries):
        raise InvalidInput(f"{path[:200]!r} {text}", part=path, value=text)


def _check_head(manifest: Manifest) -> None:
    if _NAME.fullmatch(manifest.distribution) is None:
        raise InvalidInput(f"{manifest.distribution[:80]!r} is no name of a distribution")
    if not 1 <= manifest.version <= HIGHEST_VERSION:
        raise InvalidInput(f"{manifest.version} is no number of a version")
    if _KIND.fullmatch(manifest.kind) is None:
        raise InvalidInput(f"{manifest.kind[:80]!r} is no type of distribution")
    if len(manifest.root) > LONGEST_ROOT or _CONTROL.search(manifest.root):
        raise InvalidInput("the root is no path")
    _check_utf8(manifest.root)


def _check_utf8(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInput("the root is not UTF-8") from None


def entry_faults(entries: Iterable[Entry]) -> Iterator[tuple[str, str]]:
    """What is wrong with entries, as pairs of path and text: each alone, then all together."""
    entries = tuple(entries)
    sound = True
    for entry in entries:
        text = path_fault(entry.path) or _own_fault(entry)
        if text:
            sound = False
            yield entry.path, text
    if sound:
        yield from _order_faults(entries)
        yield from _together_faults(entries)


def _own_fault(entry: Entry) -> str:
    if isinstance(entry, Directory | File) and not 0 <= entry.mode <= 0o777:
        return f"has mode {entry.mode:o}, only permissions are carried"
    if isinstance(entry, File):
        if not 0 <= entry.size <= LONGEST:
            return f"has {entry.size} octets, at most {LONGEST} are carried"
        if not EARLIEST <= entry.modified <= LATEST:
            return "was modified at no time that there is"
        if _DIGEST.fullmatch(entry.digest) is None:
            return "has no digest like sha256:…"
    return ""


def _order_faults(entries: tuple[Entry, ...]) -> Iterator[tuple[str, str]]:
    before = ""
    for entry in entries:
        if entry.path == before:
            yield entry.path, "is there twice"
        elif entry.path < before:
            yield entry.path, "is out of order"
        before = entry.path


def _together_faults(entries: tuple[Entry, ...]) -> Iterator[tuple[str, str]]:
    kinds = {entry.path: isinstance(entry, Directory) for entry in entries}
    for first, path in collisions(kinds):
        yield path, f"is the same as {first[:200]!r} where case or composition does not count"
    checked: set[str] = set()
    for path in kinds:
        folder = path.rpartition("/")[0]
        while folder and folder not in checked:
            checked.add(folder)
            if not kinds.get(folder, True):
                yield path, f"lies below {folder[:200]!r}, which is no directory"
            folder = folder.rpartition("/")[0]
    yield from _size_faults(entries)
    links = {entry.path: entry.target for entry in entries if isinstance(entry, Link)}
    for path in links:
        if text := link_fault(path, links):
            yield path, text


def _size_faults(entries: tuple[Entry, ...]) -> Iterator[tuple[str, str]]:
    sizes: dict[str, int] = {}
    for entry in entries:
        if isinstance(entry, File) and sizes.setdefault(entry.digest, entry.size) != entry.size:
            yield entry.path, "has another size than the same content elsewhere"
