"""The folders of imip-agent, read and written without following a link or believing a name.

Every folder is opened below its parent and every file below its folder, so that no name can lead
out of the tree, whatever it says.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from horarium.runtime.guarded_file import MAX_BYTES, NoSuchFile, UnsafeFile

# Deeper than anything it keeps: user, cancellations, recurrences, UID, RECURRENCE-ID.
DEEPEST = 8
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Kept:
    """One file: the names that lead to it from the top, and what is in it; `fault` says why it was
    not read."""

    names: tuple[str, ...]
    data: bytes = b""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Outfile:
    """A file that is to be written: the names that lead to it; `changed` are the lines (from 1) in
    which a text had to change."""

    names: tuple[str, ...]
    data: bytes
    changed: tuple[int, ...] = ()


def file_of_lines(names: tuple[str, ...], lines: Iterable[tuple[str, bool]]) -> Iterator[Outfile]:
    """The file of those lines, none when there are none."""
    written = list(lines)
    if written:
        changed = tuple(at for at, (_, lost) in enumerate(written, start=1) if lost)
        yield Outfile(names, "".join(text for text, _ in written).encode(), changed)


def read_tree(top: Path) -> Iterator[Kept]:
    """All files below `top`, in the order of their names. NoSuchFile when it is not there,
    UnsafeFile when it is no folder."""
    try:
        folder = os.open(top, _FOLDER & ~os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise NoSuchFile(f"{top}: no such folder") from error
    except NotADirectoryError as error:
        raise UnsafeFile(top, "is not a folder") from error
    try:
        yield from _read_folder(folder, ())
    finally:
        os.close(folder)


def _read_folder(folder: int, above: tuple[str, ...]) -> Iterator[Kept]:
    for name in sorted(os.listdir(folder)):
        names = (*above, name)
        try:
            mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode):
                yield Kept(names, fault="is a link, and not followed")
            elif not name.isprintable():
                yield Kept(names, fault="its name is not readable text")
            elif stat.S_ISDIR(mode):
                yield from _descend(folder, names)
            elif stat.S_ISREG(mode):
                yield _read_file(folder, names)
            else:
                yield Kept(names, fault="is no regular file")
        except OSError as error:
            yield Kept(names, fault=str(error.strerror).lower())


def _descend(folder: int, names: tuple[str, ...]) -> Iterator[Kept]:
    if len(names) >= DEEPEST:
        yield Kept(names, fault="lies too deep")
        return
    inner = os.open(names[-1], _FOLDER, dir_fd=folder)
    try:
        yield from _read_folder(inner, names)
    finally:
        os.close(inner)


def _read_file(folder: int, names: tuple[str, ...]) -> Kept:
    with os.fdopen(os.open(names[-1], _FILE, dir_fd=folder), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return Kept(names, fault="is no regular file")
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        return Kept(names, fault=f"is longer than {MAX_BYTES} bytes")
    return Kept(names, data)


def write_file(top: Path, outfile: Outfile) -> str:
    """Writes a file below `top`, where there must be none; why not, if it could not be written. A
    name that could lead anywhere else is none."""
    if any(name in ("", ".", "..") or "/" in name or "\0" in name for name in outfile.names):
        return "its name cannot be that of a file"
    place = top.joinpath(*outfile.names)
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(place, flags, 0o600), "wb") as file:
            file.write(outfile.data)
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return ""
