"""Versions that are extracted in tests, and the trees that come of them."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from horarium.distribution.content import digest_of
from horarium.distribution.manifest import Directory, Entry, File, Link, Manifest, Removal
from horarium.distribution.realm import Distribution
from horarium.distribution.variables import Variables
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.clock import FixedClock
from horarium.runtime.extracting import Extractor, Wish
from horarium.runtime.node_rules import NodeRules
from horarium.store.embedded import EmbeddedEngine
from horarium.store.store import Store

MODIFIED = 1_772_489_700
NOW = Instant(1_780_000_000)


@dataclass(frozen=True, slots=True)
class Put:
    """A file as a test writes it."""

    data: bytes
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Folder:
    """A directory as a test writes it."""

    mode: int = 0o755


@dataclass(frozen=True, slots=True)
class To:
    """A symbolic link as a test writes it."""

    target: str


@dataclass(frozen=True, slots=True)
class Gone:
    """A path that a version removes by name."""


Wished = Mapping[str, "Put | Folder | To | Gone | bytes"]


@dataclass
class Memory:
    """Contents in memory."""

    known: dict[str, bytes] = field(default_factory=dict)

    def has(self, digest: str) -> bool:
        return digest in self.known

    def open(self, digest: str) -> BinaryIO:
        if digest not in self.known:
            raise NotFound(digest)
        return io.BytesIO(self.known[digest])


@dataclass
class Version:
    """A version as it comes out of a bundle; `left_out` are paths whose contents it lacks."""

    manifest: Manifest
    known: dict[str, bytes]

    def contents(self) -> Iterator[tuple[str, int, Iterator[bytes]]]:
        for digest, data in self.known.items():
            half = len(data) // 2
            yield digest, len(data), iter([data[:half], data[half:]])


def version(
    number: int, wished: Wished, *, name: str = "site", root: str = "/nowhere",
    without: tuple[str, ...] = (),
) -> Version:  # fmt: skip
    """A version of a tree that is written down by its paths."""
    entries: list[Entry] = []
    known = {}
    for path, what in sorted(wished.items(), key=lambda item: item[0].encode()):
        match what:
            case bytes() | Put():
                put = Put(what) if isinstance(what, bytes) else what
                digest = digest_of(put.data)
                entries.append(File(path, put.mode, len(put.data), MODIFIED + number, digest))
                if path not in without:
                    known[digest] = put.data
            case Folder(mode):
                entries.append(Directory(path, mode))
            case To(target):
                entries.append(Link(path, target))
            case Gone():
                entries.append(Removal(path))
    return Version(Manifest(name, number, "file", root, True, tuple(entries)), known)


def tree(root: Path) -> dict[str, tuple[object, ...]]:
    """All that lies below a folder: kinds, modes, octets and texts of links, by path. What
    extraction keeps for itself is left out only when it is empty of meaning: nothing may stay."""
    found: dict[str, tuple[object, ...]] = {}
    for folder, directories, files in os.walk(root):
        for name in (*directories, *files):
            path = Path(folder) / name
            status = path.lstat()
            mode = stat.S_IMODE(status.st_mode)
            key = str(path.relative_to(root))
            if path.is_symlink():
                found[key] = ("l", os.readlink(path))
            elif path.is_dir():
                found[key] = ("d", mode)
            elif path.is_file():
                found[key] = ("f", mode, path.read_bytes())
            else:
                found[key] = ("o",)
    return found


@dataclass
class Node:
    """A node with one allowed root."""

    root: Path
    store: Store
    rules: NodeRules
    slept: list[float] = field(default_factory=list)

    def extractor(self) -> Extractor:
        """What extracts on it."""
        return Extractor(self.store, self.rules, FixedClock(NOW), self.slept.append)

    def wish(self, what: Version, contents: Memory | None = None, **keys: object) -> Wish:
        """A version that is to be extracted into the folder `www` of the root."""
        manifest = what.manifest
        distribution = Distribution(manifest.distribution, "hq", **keys)  # type: ignore[arg-type]
        root = Manifest(
            manifest.distribution, manifest.version, distribution.kind,
            f"{self.root}/www" if manifest.root == "/nowhere" else manifest.root,
            manifest.sequential, manifest.entries,
        )  # fmt: skip
        return Wish(
            distribution, Version(root, what.known), Variables(), contents or Memory(), 1, ""
        )

    def extract(self, what: Version, contents: Memory | None = None, **keys: object) -> object:
        """How the extraction of a version ended."""
        return self.extractor().extract(self.wish(what, contents, **keys))

    def repair(self, what: Version, contents: Memory | None = None, **keys: object) -> object:
        """How it ended that a version in use was put back."""
        return self.extractor().extract(replace(self.wish(what, contents, **keys), repairs=True))

    @property
    def target(self) -> Path:
        """Where versions go."""
        return self.root / "www"


def node(folder: Path, **rules: object) -> Node:
    """A node with its store in memory, and `root` in a folder."""
    root = folder / "root"
    root.mkdir(exist_ok=True)
    engine = EmbeddedEngine(":memory:")
    engine.migrate(NOW)
    made = NodeRules("oslo", {"DEST": str(root)}, free_space=0, **rules)  # type: ignore[arg-type]
    return Node(root, Store(engine), made)
