"""What a distribution has installed, and what lies on the disk in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from horarium.distribution.manifest import Directory, File, Link


class Kind(StrEnum):
    """The kinds of things on a disk; OTHER is a device, a socket or a pipe."""

    DIRECTORY = "d"
    FILE = "f"
    LINK = "l"
    OTHER = "o"


@dataclass(frozen=True, slots=True)
class Installed:
    """One thing that a distribution installed: ``path`` relative to its target, ``content`` the
    digest of a file, the text of a link, or nothing; ``modified`` in seconds since 1970.

    A directory that was there before is not ``made``, and stays when everything else goes.
    """

    path: str
    kind: Kind
    mode: int
    content: str = ""
    size: int = 0
    modified: int = 0
    made: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing as it lies on the disk. ``modified_ns``, ``inode`` and ``size`` tell whether it is
    still the same one later; ``target`` is the text of a link."""

    kind: Kind
    mode: int
    size: int = 0
    modified_ns: int = 0
    inode: int = 0
    target: str = ""

    @property
    def modified(self) -> int:
        """Seconds since 1970."""
        return self.modified_ns // 1_000_000_000


class Disk(Protocol):
    """What can be asked of a folder; paths are relative to it, and no link is ever followed."""

    def look(self, path: str) -> Seen | None:
        """What lies there; None when nothing does, or when it would be reached through something
        that is no directory."""
        ...

    def digest(self, path: str) -> str:
        """The digest of a file."""
        ...

    def names(self, path: str) -> Sequence[str]:
        """The names in a directory."""
        ...


def installed_from(entry: Directory | File | Link, *, made: bool = True) -> Installed:
    """The row of an entry that was put in its place."""
    match entry:
        case Directory(path, mode):
            return Installed(path, Kind.DIRECTORY, mode, made=made)
        case File(path, mode, size, modified, digest):
            return Installed(path, Kind.FILE, mode, digest, size, modified)
        case Link(path, target):
            return Installed(path, Kind.LINK, 0o777, target)


def is_untouched(disk: Disk, at: str, seen: Seen, row: Installed, *, thorough: bool) -> bool:
    """Whether what was installed lies there still. Size and time of a file tell it well enough
    where a change is overwritten anyway; ``thorough`` asks its content."""
    if seen.kind is not row.kind or row.kind is Kind.DIRECTORY:
        return False
    if row.kind is Kind.LINK:
        return seen.target == row.content
    if seen.size != row.size:
        return False
    return (not thorough and seen.modified == row.modified) or disk.digest(at) == row.content
