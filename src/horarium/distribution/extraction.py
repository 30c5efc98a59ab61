"""What one extraction will do, decided before anything is touched.

A plan says what is built in the stage and which steps then turn the old tree into the new one.
Each step can be done again, and undone, by looking at what is where; so a plan that was kept
survives the death of who carried it out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from horarium.distribution.failing import ExtractionFailed, Trouble
from horarium.distribution.installed import Disk, Installed, Seen
from horarium.distribution.manifest import Directory, Entry, File, Link, Removal
from horarium.distribution.targets import RESERVED

IMPLIED_MODE = 0o755
"""The mode of a directory that no entry names and some entry lies in."""

DEEPEST = 64
LONGEST_PATH = 4_096


class LocalChanges(StrEnum):
    """What becomes of files that somebody on the node has changed."""

    OVERWRITE = "overwrite"
    KEEP = "keep"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Place:
    """Something staged under ``number``, alone or as a whole tree, gets its place; ``before`` is
    the file or link that lay there."""

    number: int
    path: str
    before: Seen | None = None


@dataclass(frozen=True, slots=True)
class Remove:
    """A thing goes from its place; it is laid aside under ``number`` until all is done."""

    number: int
    path: str
    before: Seen


@dataclass(frozen=True, slots=True)
class RemoveDirectory:
    """A directory goes if it is empty; one in which somebody has put something stays."""

    path: str
    mode: int


@dataclass(frozen=True, slots=True)
class ChangeMode:
    """A file or directory gets another mode."""

    path: str
    before: int
    after: int


Action = Place | Remove | RemoveDirectory | ChangeMode


@dataclass(frozen=True, slots=True)
class Staged:
    """One thing to build: ``place`` below the stage, and what it is. ``kept`` is the local file
    that is taken in place of the entry's content, empty for none."""

    place: str
    entry: Directory | File | Link
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it: what is built, the steps in their order, and what is known afterwards.

    ``put`` and ``drop`` change the table of what is installed. ``overwritten`` and ``kept`` are
    the paths that somebody had changed locally, so that it is never done in silence.
    """

    staged: tuple[Staged, ...] = ()
    actions: tuple[Action, ...] = ()
    put: tuple[Installed, ...] = ()
    drop: tuple[str, ...] = ()
    overwritten: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def octets(self) -> int:
        """How much is written to the stage."""
        return sum(item.entry.size for item in self.staged if isinstance(item.entry, File))

    @property
    def touched(self) -> tuple[Place | Remove, ...]:
        """The steps that take something away that lies there."""
        return tuple(
            action
            for action in self.actions
            if isinstance(action, Remove) or (isinstance(action, Place) and action.before)
        )


@dataclass(frozen=True, slots=True)
class Scene:
    """What a plan is made from.

    ``entries`` are those of the new version, ``installed`` what this distribution has installed by
    path, ``others`` the paths that other distributions hold too, and whether they installed them
    later. ``foreign_delete`` tells which paths the node lets go that nobody installed. ``base`` is
    where the target lies below the folder in which is acted; empty when it is that folder.
    """

    entries: tuple[Entry, ...]
    installed: Mapping[str, Installed]
    disk: Disk
    others: Mapping[str, bool] = field(default_factory=dict)
    local_changes: LocalChanges = LocalChanges.OVERWRITE
    foreign_delete: Callable[[str], bool] = lambda path: False
    base: str = ""

    def at(self, path: str) -> str:
        """A path of the target as one of the folder in which is acted."""
        return f"{self.base}/{path}" if self.base and path else self.base or path


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be there, by path and in the order of paths. ``implied`` are directories that no
    entry names and some entry lies in."""

    entries: Mapping[str, Directory | File | Link]
    implied: frozenset[str]


def wanted_from(entries: tuple[Entry, ...]) -> Wanted:
    """The entries with every directory that they lie in.

    ExtractionFailed for a path that leads elsewhere, and for one below a file or a link. It was
    looked at when the manifest was read; who writes to disks looks again.
    """
    found: dict[str, Directory | File | Link] = {}
    for entry in entries:
        _check(entry.path)
        if isinstance(entry, Removal):
            continue
        if isinstance(entry, Link):
            _check_link(entry)
        elif entry.mode & ~0o777:
            raise ExtractionFailed(Trouble.PATH_REFUSED, entry.path, "has more than permissions")
        found[entry.path] = entry
    implied = set()
    for path in list(found):
        parts = path.split("/")
        for depth in range(len(parts) - 1, 0, -1):
            above = "/".join(parts[:depth])
            if above in found:
                break
            found[above] = Directory(above, IMPLIED_MODE)
            implied.add(above)
    for path in found:
        above, _, _ = path.rpartition("/")
        if above and not isinstance(found[above], Directory):
            raise ExtractionFailed(Trouble.PATH_REFUSED, path, "lies below what is no directory")
    return Wanted(dict(sorted(found.items())), frozenset(implied))


def _check_link(link: Link) -> None:
    """A link leads to a place inside the root, whatever other links there are on the way."""
    depth = link.path.count("/")
    for part in link.target.split("/"):
        depth += -1 if part == ".." else part not in ("", ".")
        if depth < 0 or link.target.startswith("/") or not link.target or "\0" in link.target:
            raise ExtractionFailed(Trouble.PATH_REFUSED, link.path, "leads out of the target")


def _check(path: str) -> None:
    parts = path.split("/")
    flawed = (
        not path
        or len(parts) > DEEPEST
        or len(path.encode("utf-8", "replace")) > LONGEST_PATH
        or any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts)
        or parts[0] in RESERVED
    )
    if flawed:
        raise ExtractionFailed(Trouble.PATH_REFUSED, path, "is no path that may be extracted")
