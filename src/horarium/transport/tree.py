"""A folder that is worked in without ever following a link.

Every way into it is walked name by name from an open directory, so that a link that somebody
plants between the look and the act leads nowhere: the act fails. The descriptors of the directories
last walked through are kept, since files that follow each other mostly lie in one directory.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
from collections.abc import Iterator
from hashlib import sha256

from horarium.distribution.installed import Kind, Seen
from horarium.kernel.errors import NotFound

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PIECE = 1 << 20
# What says that a way does not lead anywhere: nothing there, no directory, or a link.
_NOWHERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)

_libc = ctypes.CDLL(None, use_errno=True)
_renameat2 = getattr(_libc, "renameat2", None)
_NO_REPLACE = 1


class SyncFailed(Exception):
    """The system could not make written data durable. It is not asked again: the second answer
    would be that all is well."""


class Tree:
    """An open directory. Paths are relative to it, ``/`` between names, empty for itself."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._names: list[str] = []
        self._open: list[int] = []

    @classmethod
    def open(cls, root: str, below: str = "", *, make: bool = False) -> Tree:
        """The directory ``below`` a root. The root is the node's owner's word, and may be a link;
        nothing below it may. With ``make`` missing directories are made, mode 0755.

        OSError when there is no way to it.
        """
        start = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for name in below.split("/") if below else ():
            with closing(start):
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(name, 0o755, dir_fd=start)
                start = os.open(name, _DIRECTORY, dir_fd=start)
        return cls(start)

    def __enter__(self) -> Tree:
        return self

    def __exit__(self, *_: object) -> None:
        self.forget()
        os.close(self.descriptor)

    def forget(self) -> None:
        """Closes the directories that were walked through."""
        for descriptor in reversed(self._open):
            os.close(descriptor)
        self._open.clear()
        self._names.clear()

    def parent(self, path: str) -> tuple[int, str]:
        """The open directory that a path lies in, and its name there. OSError when there is no
        way to it."""
        above, _, name = path.rpartition("/")
        return self.directory(above), name or "."

    def directory(self, path: str) -> int:
        """A directory as an open descriptor, that belongs to this tree."""
        names = path.split("/") if path else []
        same = 0
        for ours, theirs in zip(self._names, names, strict=False):
            if ours != theirs:
                break
            same += 1
        while len(self._open) > same:
            os.close(self._open.pop())
            self._names.pop()
        for name in names[same:]:
            if name in ("", ".", ".."):
                raise OSError(errno.EINVAL, "no name of a file", path)
            above = self._open[-1] if self._open else self.descriptor
            self._open.append(os.open(name, _DIRECTORY, dir_fd=above))
            self._names.append(name)
        return self._open[-1] if self._open else self.descriptor

    # --- looking -----------------------------------------------------------

    def look(self, path: str) -> Seen | None:
        """See Disk."""
        try:
            above, name = self.parent(path)
            found = os.stat(name, dir_fd=above, follow_symlinks=False)
            target = os.readlink(name, dir_fd=above) if stat.S_ISLNK(found.st_mode) else ""
        except OSError as error:
            if error.errno in _NOWHERE:
                return None
            raise
        return Seen(
            _kind(found.st_mode),
            stat.S_IMODE(found.st_mode),
            found.st_size,
            found.st_mtime_ns,
            found.st_ino,
            target,
        )

    def names(self, path: str) -> list[str]:
        """See Disk."""
        return os.listdir(self.directory(path))

    def digest(self, path: str) -> str:
        """See Disk."""
        method = sha256()
        for piece in self.read(path):
            method.update(piece)
        return f"sha256:{method.hexdigest()}"

    def read(self, path: str) -> Iterator[bytes]:
        """The octets of a file, in pieces."""
        with closing(self.open_file(path)) as descriptor:
            while piece := os.read(descriptor, _PIECE):
                yield piece

    def open_file(self, path: str) -> int:
        """A regular file, open for reading; NotFound when there is none. A pipe or device is never
        waited for."""
        try:
            above, name = self.parent(path)
            descriptor = os.open(name, _READ, dir_fd=above)
        except OSError as error:
            if error.errno in (*_NOWHERE, errno.ENXIO):
                raise NotFound(f"{path} is not there") from None
            raise
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise NotFound(f"{path} is no file")
        return descriptor

    # --- acting ------------------------------------------------------------

    def make(self, path: str, mode: int) -> None:
        """Makes a directory with exactly this mode."""
        above, name = self.parent(path)
        os.mkdir(name, 0o700, dir_fd=above)
        if mode != 0o700:
            self.set_mode(path, mode)

    def set_mode(self, path: str, mode: int) -> None:
        """Gives a file or directory another mode, never through a link."""
        above, name = self.parent(path)
        descriptor = os.open(name, _READ, dir_fd=above)
        with closing(descriptor):
            os.fchmod(descriptor, mode)

    def link_to(self, path: str, text: str) -> None:
        """Makes a symbolic link."""
        above, name = self.parent(path)
        os.symlink(text, name, dir_fd=above)

    def move(self, path: str, into: Tree, to: str, *, replace: bool = False) -> None:
        """Gives a thing a place in another tree of the same file system. With ``replace`` a file or
        link that lies there goes in the same moment; without, FileExistsError."""
        source, old = self.parent(path)
        above, name = into.parent(to)
        if replace or not _rename_to_free(source, old, above, name):
            if not replace and into.look(to) is not None:
                raise FileExistsError(errno.EEXIST, "something lies there", to)
            os.rename(old, name, src_dir_fd=source, dst_dir_fd=above)

    def twin(self, path: str, into: Tree, to: str) -> None:
        """Gives a file a second name in another tree of the same file system."""
        source, old = self.parent(path)
        above, name = into.parent(to)
        os.link(old, name, src_dir_fd=source, dst_dir_fd=above, follow_symlinks=False)

    def remove(self, path: str) -> None:
        """Removes a file or link."""
        above, name = self.parent(path)
        os.unlink(name, dir_fd=above)

    def remove_directory(self, path: str) -> None:
        """Removes an empty directory."""
        above, name = self.parent(path)
        os.rmdir(name, dir_fd=above)

    def remove_all(self, path: str) -> None:
        """Removes a thing with everything in it; nothing to do where nothing is."""
        seen = self.look(path)
        if seen is None:
            return
        if seen.kind is not Kind.DIRECTORY:
            self.remove(path)
            return
        if seen.mode & 0o700 != 0o700:
            self.set_mode(path, seen.mode | 0o700)
        with os.scandir(self.directory(path)) as entries:
            inside = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for name, is_directory in inside:
            if is_directory:
                self.remove_all(f"{path}/{name}")
            else:
                self.remove(f"{path}/{name}")
        self.remove_directory(path)

    # --- the file system ---------------------------------------------------

    def device(self) -> int:
        """The file system it lies on."""
        return os.fstat(self.descriptor).st_dev

    def room(self) -> tuple[int, int | None]:
        """Octets and files that still fit, as far as the file system counts files."""
        found = os.statvfs(self.descriptor)
        return found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None

    def sync(self) -> None:
        """Makes everything on its file system durable, in one call. SyncFailed when it can not."""
        if _libc.syncfs(self.descriptor) != 0:
            number = ctypes.get_errno()
            raise SyncFailed(os.strerror(number))


def _rename_to_free(source: int, old: str, above: int, name: str) -> bool:
    """Renames where nothing lies, in one act; False where the system or the file system has no
    such act. OSError of the rename."""
    if _renameat2 is None:
        return False
    if _renameat2(source, os.fsencode(old), above, os.fsencode(name), _NO_REPLACE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS):
        return False
    raise OSError(number, os.strerror(number), name)


@contextlib.contextmanager
def closing(descriptor: int) -> Iterator[int]:
    """Closes a descriptor at the end."""
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return Kind.FILE
    if stat.S_ISDIR(mode):
        return Kind.DIRECTORY
    return Kind.LINK if stat.S_ISLNK(mode) else Kind.OTHER
