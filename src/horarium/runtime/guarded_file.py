"""Reading files that decide: settings, objects, rules.

Whoever can write such a file decides in our place; so it must be a regular file of root or of
ourselves, in folders that others cannot change.
"""

import os
import stat
from pathlib import Path

from horarium.kernel.errors import HorariumError, NotFound

# More than any hand-written file has; protects against a device or a mistake.
MAX_BYTES = 16 * 1024 * 1024


class UnsafeFile(HorariumError):
    """A file that others could have changed; ``complaint`` says why, with the mode seen."""

    def __init__(self, path: Path, complaint: str) -> None:
        super().__init__(f"{path}: {complaint}")
        self.path = path
        self.complaint = complaint


class NoSuchFile(NotFound):
    """A file that was named is not there."""


def read_guarded(path: Path, *, strict: bool) -> tuple[bytes, tuple[str, ...]]:
    """The bytes of ``path`` and what speaks against trusting it. With ``strict`` the first
    complaint raises UnsafeFile. A symbolic link, and anything but a regular file, is never read:
    UnsafeFile. NoSuchFile when nothing is there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise NoSuchFile(f"{path}: no such file") from error
    except OSError as error:
        reason = "is a symbolic link" if path.is_symlink() else str(error.strerror).lower()
        raise UnsafeFile(path, reason) from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise UnsafeFile(path, "is not a regular file")
        complaints = (*_file_complaints(status), *_folder_complaints(path))
        if strict and complaints:
            raise UnsafeFile(path, complaints[0])
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UnsafeFile(path, f"is longer than {MAX_BYTES} bytes")
    return data, tuple(f"{path}: {complaint}" for complaint in complaints)


def _file_complaints(status: os.stat_result) -> list[str]:
    found = []
    if status.st_uid not in (0, os.geteuid()):
        found.append(f"belongs to user {status.st_uid}")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        found.append(f"can be written by others (mode {stat.S_IMODE(status.st_mode):04o})")
    return found


def _folder_complaints(path: Path) -> list[str]:
    """Folders above that others may write and in which they may replace what is not theirs."""
    found = []
    for folder in path.absolute().parents:
        mode = folder.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            found.append(f"the folder {folder} can be written by others (mode {mode & 0o7777:04o})")
    return found
