"""A manifest: every entry of one version of a distribution."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory; ``mode`` has permission bits only."""

    path: str
    mode: int


@dataclass(frozen=True, slots=True)
class File:
    """A regular file. ``modified`` is seconds since 1970 as the file system said; it never decides
    whether a file changed."""

    path: str
    mode: int
    size: int
    modified: int
    digest: str


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link that resolves inside the root."""

    path: str
    target: str


@dataclass(frozen=True, slots=True)
class Removal:
    """A path of the target that is to go, stated by hand."""

    path: str


Entry = Directory | File | Link | Removal


@dataclass(frozen=True, slots=True)
class Manifest:
    """One version's content. ``entries`` are sorted by the octets of their paths, each path once;
    ``root`` is the target as it was defined, its variables not expanded; ``kind`` the type of the
    distribution (file, ftp, http, package, policy)."""

    distribution: str
    version: int
    kind: str
    root: str
    sequential: bool
    entries: tuple[Entry, ...]
