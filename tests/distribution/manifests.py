"""Manifests and contents for the tests of distribution."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import BinaryIO

from hypothesis import strategies as st

from horarium.distribution.content import blob_of
from horarium.distribution.manifest import Directory, Entry, File, Link, Manifest, Removal
from horarium.distribution.paths import collisions, path_fault
from horarium.kernel.errors import NotFound


class Kept(dict[str, bytes]):
    """Contents in memory: see `horarium.distribution.ports.Contents`."""

    def has(self, digest: str) -> bool:
        return digest in self

    def open(self, digest: str) -> BinaryIO:
        if digest not in self:
            raise NotFound(digest)
        return io.BytesIO(self[digest])

    def add(self, data: bytes) -> str:
        digest = blob_of(data).digest
        self[digest] = data
        return digest


def manifest(entries: Iterable[Entry], version: int = 1, kind: str = "file") -> Manifest:
    """A manifest of these entries, in order."""
    ordered = tuple(sorted(entries, key=lambda entry: entry.path))
    return Manifest("docs", version, kind, "%DEST_VOLUME%/www", True, ordered)


def tree(files: Mapping[str, bytes], version: int = 1, kept: Kept | None = None) -> Manifest:
    """A manifest of files with these contents."""
    for data in files.values():
        if kept is not None:
            kept.add(data)
    return manifest(
        (
            File(path, 0o644, len(data), 1_700_000_000, blob_of(data).digest)
            for path, data in files.items()
        ),
        version,
    )


_part = st.text(st.sampled_from("abcdeé日 .-_%\"'"), min_size=1, max_size=6)
paths = st.lists(_part, min_size=1, max_size=4).map("/".join).filter(lambda p: not path_fault(p))


@st.composite
def entries(draw: st.DrawFn) -> tuple[Entry, ...]:
    """Entries that may stand together in a manifest."""
    found: list[Entry] = []
    for path in sorted(draw(st.sets(paths, max_size=12))):
        data = draw(st.sampled_from([b"", b"a", b"bb", b"c" * 1_000]))
        mode = draw(st.integers(0, 0o777))
        modified = draw(st.integers(-(1 << 32), 1 << 33))
        blob = blob_of(data)
        kind = draw(st.sampled_from("dfflx"))
        if kind == "f":
            found.append(File(path, mode, blob.length, modified, blob.digest))
        elif kind == "l":
            found.append(Link(path, f"x{mode}"))
        else:
            found.append(Directory(path, mode) if kind == "d" else Removal(path))
    return tuple(_apart(found))


def _apart(found: list[Entry]) -> Iterable[Entry]:
    """Those that do not lie below something else than a folder, nor mean the same place."""
    kept: list[Entry] = []
    barriers: list[str] = []
    for entry in found:
        if any(entry.path.startswith(barrier + "/") for barrier in barriers):
            continue
        if list(collisions([*(one.path for one in kept), entry.path])):
            continue
        kept.append(entry)
        if not isinstance(entry, Directory):
            barriers.append(entry.path)
    return kept
