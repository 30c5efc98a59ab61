"""Gathers files of this machine: whole folders, single files, and what they are read like."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from horarium.distribution.gathering import Gathered, GatherFailed
from horarium.distribution.globs import Globs
from horarium.distribution.manifest import Directory, Entry, File, Link, Removal
from horarium.distribution.manifest_check import MOST_ENTRIES
from horarium.distribution.paths import path_fault
from horarium.transport.gathering import PIECE, Gathering

SMALL = 8 << 20
"""Octets of a file that is read into memory once and written from there when it is new."""

TRIES = 4
"""How often a file that changes while it is read is read: once, and three times again."""

SETTLED = 2
"""Seconds since the last change of a file after which its times tell every further one; file
systems count in steps, of two seconds at most."""

_DROPPED_BITS = 0o7000
# Labels are the machine's own; they are not lost with the file.
_OWN_ATTRIBUTES = ("security.selinux", "system.posix_acl_access", "system.posix_acl_default")


class FileSource:
    """The type ``file``: see `horarium.distribution.gathering.Source`."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering

    def gather(self, keys: Mapping[str, Any], former: Mapping[str, File]) -> Gathered:
        """See `Source`."""
        tree = _Tree(self._gathering, former, keys)
        sources = keys.get("source", ())
        for source in (sources,) if isinstance(sources, str) else sources:
            tree.add_source(source)
        for path, source in keys.get("files", {}).items():
            tree.add_file(path, source)
        removals = (Removal(path) for path in keys.get("remove", ()))
        tree.entries.extend(removal for removal in removals if removal.path not in tree.kinds)
        return Gathered(tuple(tree.entries), tuple(tree.warnings))


class _Tree:
    """What was found so far."""

    def __init__(
        self, gathering: Gathering, former: Mapping[str, File], keys: Mapping[str, Any]
    ) -> None:
        self._gathering = gathering
        self._former = former
        self._exclude = Globs(keys.get("exclude", ()))
        self._keep_links = keys.get("links", "refuse") == "keep"
        self.entries: list[Entry] = []
        self.kinds: dict[str, bool] = {}
        self.warnings: list[tuple[str, str]] = []

    def add_source(self, source: str) -> None:
        """A folder with all that is in it, or a file by its name."""
        try:
            status = os.stat(source)
        except OSError as error:
            raise _failed(error, source) from None
        if stat.S_ISDIR(status.st_mode):
            self._add_folder(source, "")
        else:
            self.add_file(os.path.basename(source), source)

    def add_file(self, path: str, source: str) -> None:
        """One file at a path of the target; it may be reached over links."""
        source = os.path.realpath(source)
        try:
            status = os.stat(source)
        except OSError as error:
            raise _failed(error, source) from None
        if not stat.S_ISREG(status.st_mode):
            raise GatherFailed("kind", source, f"is {_kind(status.st_mode)}, no file")
        self._claim(path, source, is_folder=False)
        self._file(path, source, status)

    def _add_folder(self, folder: str, prefix: str) -> None:
        self._gathering.go_on()
        try:
            with os.scandir(folder) as scan:
                found = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            raise _failed(error, folder) from None
        for item in found:
            path = prefix + item.name
            if self._exclude.match(path):
                continue
            try:
                status = item.stat(follow_symlinks=False)
            except OSError as error:
                raise _failed(error, item.path, vanished="source_changing") from None
            self._add(path, item.path, status)

    def _add(self, path: str, place: str, status: os.stat_result) -> None:
        if stat.S_ISDIR(status.st_mode):
            if self._claim(path, place, is_folder=True):
                self.entries.append(Directory(path, self._mode(path, place, status)))
            self._add_folder(place, path + "/")
        elif stat.S_ISREG(status.st_mode):
            self._claim(path, place, is_folder=False)
            self._file(path, place, status)
        elif stat.S_ISLNK(status.st_mode):
            if not self._keep_links:
                raise GatherFailed("links", place, "is a symbolic link, and links are refused")
            self._claim(path, place, is_folder=False)
            self.entries.append(Link(path, os.readlink(place)))
        else:
            raise GatherFailed("kind", place, f"is {_kind(status.st_mode)}, which is not carried")

    def _claim(self, path: str, place: str, *, is_folder: bool) -> bool:
        """Takes a path; whether it was free. Two folders may share one."""
        if text := path_fault(path):
            raise GatherFailed("path", place, f"its path {path[:200]!r} {text}")
        if path in self.kinds:
            if is_folder and self.kinds[path]:
                return False
            raise GatherFailed("path", place, f"{path!r} comes from another source already")
        if len(self.kinds) >= MOST_ENTRIES:
            raise GatherFailed("too_large", place, f"is more than {MOST_ENTRIES} entries")
        self.kinds[path] = is_folder
        return True

    def _file(self, path: str, place: str, status: os.stat_result) -> None:
        self._gathering.go_on()
        mode = self._mode(path, place, status)
        held = keep_file(self._gathering, place, status, self._former.get(path))
        self.entries.append(File(path, mode, held.size, held.modified, held.digest))

    def _mode(self, path: str, place: str, status: os.stat_result) -> int:
        if status.st_mode & _DROPPED_BITS:
            self.warnings.append((path, "its setuid, setgid or sticky bit is dropped"))
        try:
            names = os.listxattr(place, follow_symlinks=False)
        except OSError:
            names = []
        if extra := [name for name in names if name not in _OWN_ATTRIBUTES]:
            self.warnings.append((path, f"its attributes {', '.join(extra)[:200]} are dropped"))
        return status.st_mode & 0o777


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file whose content is kept."""

    digest: str
    size: int
    modified: int


def keep_file(
    gathering: Gathering, place: str, status: os.stat_result, former: File | None
) -> HeldFile:
    """Keeps the content of a file as it is, all of it from one moment. Not read when a note knows
    it by its device, inode, size and times. GatherFailed."""
    key = f"{status.st_dev}:{status.st_ino}"
    noted, _, digest = gathering.notes.get(key).partition(" ")
    if noted == _look(status) and not gathering.rehash and gathering.keeper.has(digest):
        return HeldFile(digest, status.st_size, int(status.st_mtime))
    for _ in range(TRIES):
        try:
            with open(place, "rb", buffering=0, opener=_open) as file:
                before = os.fstat(file.fileno())
                if not stat.S_ISREG(before.st_mode):
                    raise GatherFailed("kind", place, f"is {_kind(before.st_mode)}, no file")
                digest, length = _kept(gathering, file.fileno(), before.st_size, former, place)
            after = os.stat(place, follow_symlinks=False)
        except OSError as error:
            raise _failed(error, place, vanished="source_changing") from None
        same = os.path.samestat(before, after) and _look(before) == _look(after)
        if same and length == before.st_size:
            if after.st_ctime < gathering.started - SETTLED:
                gathering.notes.put(key, f"{_look(after)} {digest}")
            return HeldFile(digest, length, int(after.st_mtime))
        gathering.go_on()
    raise GatherFailed("source_changing", place, f"changed each of {TRIES} times it was read")


def _kept(
    gathering: Gathering, descriptor: int, size: int, former: File | None, place: str
) -> tuple[str, int]:
    """The digest and length of what is read; it is kept when it returns."""
    at_once = gathering.pace.piece
    if size <= (SMALL if gathering.pace.rate is None else at_once):
        data = b"".join(_pieces(descriptor, size + 1, PIECE))
        digest = f"sha256:{sha256(data).hexdigest()}"
        if gathering.keeper.has(digest):
            gathering.took(len(data))
        else:
            gathering.keep((data,), place)
        return digest, len(data)
    if former is not None and former.size == size:
        # Most likely only touched: written again only when it is not.
        found = sha256()
        for piece in _pieces(descriptor, size + 1, at_once):
            found.update(piece)
            gathering.took(len(piece))
        digest = f"sha256:{found.hexdigest()}"
        if gathering.keeper.has(digest):
            return digest, os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, 0, os.SEEK_SET)
    blob = gathering.keep(_pieces(descriptor, size + 1, at_once), place)
    return blob.digest, blob.length


def _pieces(descriptor: int, most: int, at_once: int) -> Iterator[bytes]:
    # One octet more than there should be, so that a file that grows is seen to.
    while most and (piece := os.read(descriptor, min(at_once, most))):
        most -= len(piece)
        yield piece


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _look(status: os.stat_result) -> str:
    """What changes when a file does."""
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def _kind(mode: int) -> str:
    for test, name in (
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISBLK, "a device"),
        (stat.S_ISCHR, "a device"),
    ):
        if test(mode):
            return name
    return "a file"


def _failed(error: OSError, place: str, vanished: str = "missing") -> GatherFailed:
    missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
    return GatherFailed(
        vanished if missing else "unreadable", place, (error.strerror or str(error)).lower()
    )
