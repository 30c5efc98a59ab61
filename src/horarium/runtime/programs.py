"""What the names in a control file stand for: files, in DOS spelling too, and programs."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def without_case(folder: Path, name: str) -> Path | None:
    """The file of that name; when none is spelt so, one that differs in case only."""
    exact = folder / name
    if exact.exists():
        return exact
    place = Path("/") if exact.is_absolute() and Path(name).is_absolute() else folder
    for part in Path(name).parts:
        if part in ("/", ".."):
            continue
        try:
            here = sorted(os.listdir(place))
        except OSError:
            return None
        match = next((entry for entry in here if entry.lower() == part.lower()), None)
        if match is None:
            return None
        place = place / match
    return place


def find_program(name: str, programs: Mapping[str, str], base: Path) -> Path | str:
    """The program that a name of a control file stands for, or what speaks against it.

    A name is looked up in the settings without regard to case, then beside the control file, a
    bare one then in the usual folders; nobody else may be able to put something in its place.
    """
    mapped = {key.lower(): path for key, path in programs.items()}.get(name.lower())
    place = Path(mapped) if mapped is not None else without_case(base, name)
    if place is None and "/" not in name:
        place = Path(shutil.which(name, path=SEARCH_PATH) or "")
    if place is None or not place.is_file() or not os.access(place, os.X_OK):
        return "not found"
    for part in (place.resolve(), place.resolve().parent):
        found = part.stat()
        sticky = found.st_mode & stat.S_ISVTX
        if found.st_mode & (stat.S_IWOTH | stat.S_IWGRP) and not (part.is_dir() and sticky):
            return f"{part} can be written by others"
    return place
